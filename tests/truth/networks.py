"""Every network in a folder of real files: does it open, convert and run?"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import converters
from converters.examples import example_sizes
from converters.find import Found, find_models
from converters.saved import SavedNetwork
from matlab_compat.data_format import torch_axes
from matlab_compat.errors import MatlabCompatError, MatlabCompatWarning
from matlab_compat.execution.network import UNLABELLED
from matlab_compat.layers import FlattenLayer, FullyConnectedLayer, Layer
from matlab_compat.network import Network

Array = NDArray[Any]

#: Time steps of the sequences that networks are run on.
STEPS = 7


@dataclass(frozen=True)
class Row:
    """One network of one file, and what became of it."""

    file: Path
    #: What it is called: ``net``, ``agent.Critic(2)``.
    name: str
    network: Network
    #: "runs", "sized" (untrained: every layer has a size) or "refused".
    verdict: str
    #: Why it is refused, and what else there is to know.
    reasons: tuple[str, ...] = ()
    #: How far a batch of two is from the two alone, relative to the largest value.
    apart: float | None = None

    @property
    def where(self) -> str:
        """The file and the name in it."""
        return f"{self.file.parent.name}/{self.file.name} > {self.name}"

    @property
    def unsupported(self) -> set[str]:
        """Classes of the layers that cannot be built."""
        return {layer.class_name for layer in self.network.unsupported.values()}


def networks(file: Path) -> Iterator[tuple[str, Network]]:
    """Every network in a file, by name."""
    yield from ((name, network) for name, network, _ in opened(file))


def opened(file: Path) -> Iterator[tuple[str, Network, tuple[str, ...]]]:
    """Every network in a file, by name, with what was said when it was opened."""
    for found in _found(file):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", MatlabCompatWarning)
            network = found.build()
        assert isinstance(network, Network)
        yield found.name, network, tuple(str(w.message).split(". ")[0] for w in said)


@cache
def _found(file: Path) -> list[Found]:
    """Read once for all tests of a process; to build a network changes nothing in what was read."""
    with converters.open_mat(file) as mat:
        return [found for found in find_models(mat) if isinstance(found.model, SavedNetwork)]


def rows(real: Path) -> Iterator[Row]:
    """Every network of a folder, tried."""
    for file in sorted(real.glob("*/*.mat")):
        for name, network, said in opened(file):
            yield tried(file, name, network, said)


def tried(file: Path, name: str, network: Network, said: tuple[str, ...]) -> Row:
    """Run a network; only size an untrained one."""
    try:
        if network.Initialized or network.unsupported:
            return Row(file, name, network, "runs", said, batch_apart(network))
        network.analyze()
    except MatlabCompatError as error:
        return Row(file, name, network, "refused", (*said, *reasons(network, error)))
    return Row(file, name, network, "sized", said)


def reasons(network: Network, error: MatlabCompatError) -> tuple[str, ...]:
    """Why each layer that cannot be built cannot be; what went wrong if all can."""
    layers: dict[tuple[str, str], list[str]] = {}
    for name, layer in network.unsupported.items():
        layers.setdefault((layer.class_name, layer.reason), []).append(f"'{name}'")
    if not layers:
        return (" > ".join([*error.where, error.what.splitlines()[0]]),)
    return tuple(f"{', '.join(names)}: {why}" for (_, why), names in layers.items())


def batch_apart(network: Network) -> float:
    """How far the results of two observations together are from those of each alone."""
    pair = own_inputs(network)
    together = results(network, pair)
    alone = [results(network, [x[..., [i]] for x in pair]) for i in (0, 1)]
    worst = 0.0
    for output, single in zip(together, zip(*alone, strict=True), strict=True):
        known = np.isfinite(output)
        assert known.all() or has_nan(network)
        assert np.array_equal(known, np.isfinite(np.stack(single)))
        difference = np.abs(output - np.stack(single)).max(initial=0, where=known)
        largest = np.abs(output).max(initial=1e-30, where=known)
        worst = max(worst, float(difference / largest))
    return worst


def cropped(
    network: Layer | Network, inputs: Iterable[torch.Tensor], largest: int | None
) -> list[torch.Tensor]:
    """At most so many rows and columns of images, where no layer needs them all."""
    layers = network.Layers if isinstance(network, Network) else [network]
    if any(isinstance(layer, FullyConnectedLayer | FlattenLayer) for layer in layers):
        largest = None
    return [x[..., :largest, :largest] if x.ndim == 4 else x for x in inputs]


def has_nan(network: Network) -> bool:
    """Whether training left weights that are not finite."""
    return any(not np.isfinite(value).all() for value in network.Learnables["Value"])


def own_inputs(network: Network) -> list[Array]:
    """Two random observations of the sizes that the input layers say, the observations last."""
    random = np.random.default_rng(0)
    found = []
    plan = network.plan()
    sizes = example_sizes(network, batch=2, steps=STEPS)
    for size, (_, form) in zip(sizes, plan.inputs.items(), strict=True):
        order = [torch_axes(form).index(axis) for axis in range(len(form)) if form[axis] != "B"]
        shape = [*(size[axis] for axis in order), 2]
        found.append(random.standard_normal(shape).astype(np.float32))
    return found


def results(network: Network, inputs: list[Array]) -> list[Array]:
    """The outputs for these inputs, with the observations first."""
    forms = network.plan().inputs.values()
    own = [UNLABELLED.get(form, form) for form in forms]
    last = [form.replace("B", "") + "B" for form in own]
    outputs = network.predict(*inputs, data_format=last)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    found = []
    for y, (_, label) in zip(outputs, network.plan().outputs.values(), strict=True):
        several = inputs[0].shape[-1] > 1
        if y.ndim == 2 and "T" not in label:  # N×K
            found.append(y if several else y[0])
        elif "T" in label:  # no dimension for one observation
            found.append(np.moveaxis(y, -1, 0) if several else y)
        else:
            found.append(np.moveaxis(y, -1, 0) if several else y[..., 0])
    return found
