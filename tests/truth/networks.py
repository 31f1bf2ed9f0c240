"""Every network in a folder of real files: does it open, convert and run?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import converters
from converters.find import find_models
from converters.networks import build_network
from converters.saved import SavedNetwork
from matlab_compat.engine.predict import UNLABELLED
from matlab_compat.errors import MatlabCompatError, MatlabCompatWarning
from matlab_compat.network import Network

Array = NDArray[Any]

#: Time steps of the sequences that networks are run on.
STEPS = 7


@dataclass(frozen=True)
class Row:
    """One network of one file, and what became of it."""

    file: Path
    #: The MATLAB expression that reaches it.
    path: str
    network: Network
    #: "runs", "sized" (untrained: every layer has a size), or why not.
    verdict: str
    #: How far a batch of two is from the two alone, relative to the largest value.
    apart: float | None = None

    @property
    def where(self) -> str:
        """The file and the path in it."""
        return f"{self.file.parent.name}/{self.file.name} > {self.path}"

    @property
    def custom(self) -> set[str]:
        """Classes of the layers that cannot be built."""
        return {layer.class_name for layer in self.network.unsupported.values()}


def networks(file: Path) -> Iterator[tuple[str, Network]]:
    """Every network in a file, by its path."""
    with converters.open_mat(file) as mat:
        for found in find_models(mat):
            if isinstance(found.model, SavedNetwork):
                with warnings.catch_warnings():  # the table says what they say
                    warnings.simplefilter("ignore", MatlabCompatWarning)
                    network = build_network(found.model)
                yield found.path, network


def rows(real: Path) -> Iterator[Row]:
    """Every network of a folder, tried."""
    for file in sorted(real.glob("*/*.mat")):
        for path, network in networks(file):
            yield tried(file, path, network)


def tried(file: Path, path: str, network: Network) -> Row:
    """Run a network; only size an untrained one."""
    try:
        if network.Initialized or network.unsupported:
            return Row(file, path, network, "runs", batch_apart(network))
        network.analyze()
    except MatlabCompatError as error:
        return Row(file, path, network, error.what.splitlines()[0])
    return Row(file, path, network, "sized")


def batch_apart(network: Network) -> float:
    """How far the results of two observations together are from those of each alone."""
    pair = own_inputs(network)
    together = results(network, pair)
    alone = [results(network, [x[..., [i]] for x in pair]) for i in (0, 1)]
    worst = 0.0
    for output, single in zip(together, zip(*alone, strict=True), strict=True):
        assert np.isfinite(output).all()
        difference = np.abs(output - np.stack(single)).max()
        worst = max(worst, float(difference / max(np.abs(output).max(), 1e-30)))
    return worst


def own_inputs(network: Network) -> list[Array]:
    """Two random observations of the sizes that the input layers say, the observations last."""
    random = np.random.default_rng(0)
    found = []
    for name, form in network.plan().inputs.items():
        sizes = list(network.layer(name).input_size())  # type: ignore[attr-defined]
        steps = max(STEPS, getattr(network.layer(name), "MinLength", 1))
        shape = [*sizes, *([steps] if "T" in form else []), 2]
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
        if label == "CB":
            found.append(y if several else y[0])
        elif "T" in label:  # no dimension for one observation
            found.append(np.moveaxis(y, -1, 0) if several else y)
        else:
            found.append(np.moveaxis(y, -1, 0) if several else y[..., 0])
    return found
