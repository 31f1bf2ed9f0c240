"""Real networks computed in single in other orders, against the bound of each element.

Every way rounds differently and is right, so that no element may be outside.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import converters
from converters.examples import example_inputs
from converters.formats import Options, format_for
from matlab_compat.errors import MatlabCompatError, NothingToCompareError
from matlab_compat.execution.module import run_network
from matlab_compat.network import Network
from matlab_compat.parity.compare import EPS, Comparison
from matlab_compat.parity.sensitivity import Result, Sensitivity, compare_each
from tests.truth.networks import cropped, networks

Array = NDArray[Any]
Tensors = tuple[torch.Tensor, ...]

#: Observations, and time steps of sequences.
BATCH, STEPS = 2, 20


@dataclass(frozen=True)
class Rounded:
    """One network: how far each way of computing it is from single, and from double."""

    where: str
    network: Network
    elements: int
    #: By way: how many elements are outside, and the largest difference in roundings.
    ways: dict[str, tuple[int, float]]
    #: Runs beside those two, and how often it took the time of both (of the process).
    runs: int
    price: float


def rounded(folder: Path, ways: Iterable[str], largest: int | None = None) -> Iterator[Rounded]:
    """Every trained network of a repository that runs, one of each architecture.

    Of images of more than ``largest`` rows and columns only so many are taken, where no layer
    needs them all.
    """
    seen = set()
    for file in sorted(folder.glob("*.mat")):
        try:
            found = list(networks(file))
        except MatlabCompatError:
            continue
        for name, network in found:
            layers = tuple(type(layer).__name__ for layer in network.Layers)
            if layers in seen or network.unsupported or not network.Initialized:
                continue
            seen.add(layers)
            try:
                with warnings.catch_warnings(action="ignore"):
                    where = f"{file.parent.name}/{file.name} > {name}"
                    yield measured(where, network, ways, largest)
            except (NothingToCompareError, MatlabCompatError):
                continue  # NaN for random input, or a layer without its connections


def measured(
    where: str, network: Network, names: Iterable[str], largest: int | None = None
) -> Rounded:
    """One network on random inputs."""
    given = example_inputs(network, seed=1, batch=BATCH, steps=STEPS)
    given = tuple(cropped(network, given, largest))
    modules = {"single": network.to_torch(), "double": network.to_torch(dtype="double")}

    def run(dtype: str, inside: AbstractContextManager[Any] | None = None) -> Sequence[Array]:
        kind = {"single": torch.float32, "double": torch.float64}[dtype]
        inputs = tuple(x.to(kind) for x in given)
        with torch.inference_mode(), inside or nullcontext():
            return [y.numpy() for y in run_network(modules[dtype], inputs)]

    run("single")  # what is made once
    start = time.process_time()
    single, exact = run("single"), run("double")
    both = time.process_time() - start
    sensitivity = Sensitivity(run, EPS["single"])
    outputs = list(network.plan().outputs)
    ways: dict[str, tuple[int, float]] = {}
    runs, taken = 0, 0.0
    for way in names:
        compute = WAYS[way]
        others = exact if compute is None else compute(network, given)
        if others is None:
            continue
        others = [
            y.astype(np.float32).reshape(s.shape) for y, s in zip(others, single, strict=True)
        ]
        results = [Result(*each) for each in zip(outputs, single, exact, others, strict=True)]
        start = time.process_time()
        found: list[Comparison] = []
        for one in compare_each(results, sensitivity):
            if isinstance(one, NothingToCompareError):
                raise one
            found.append(one)
        if compute is None:  # as verify does it, MATLAB being exact but for its last rounding
            taken, runs = time.process_time() - start, 2 * sensitivity.pairs
        ways[way] = (sum(c.outside for c in found), max(c.scaled_error for c in found))
    size = sum(y.size for y in single)
    return Rounded(where, network, size, ways, runs + bool(runs), 1 + taken / both)


def computed(network: Network, given: Tensors, **options: Any) -> list[Array]:
    """The outputs in single."""
    with torch.inference_mode():
        return [y.numpy() for y in run_network(network.to_torch(**options), given)]


def channels_last(network: Network, given: Tensors) -> list[Array]:
    """Images with the channels fastest in memory, weights too."""
    module = network.to_torch()
    inputs = []
    for x in given:
        last = torch.channels_last if x.ndim == 4 else torch.preserve_format
        inputs.append(x.contiguous(memory_format=last))
    with torch.inference_mode():
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return [y.numpy() for y in run_network(module, tuple(inputs))]


def one_by_one(network: Network, given: Tensors) -> list[Array]:
    """Each observation alone."""
    alone = [computed(network, tuple(x[[i]] for x in given)) for i in range(BATCH)]
    return [np.concatenate(parts) for parts in zip(*alone, strict=True)]


def without_onednn(network: Network, given: Tensors) -> list[Array]:
    """By torch's own convolutions and recurrences."""
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        return computed(network, given)
    finally:
        torch._C._set_mkldnn_enabled(before)


def onnx(network: Network, given: Tensors) -> list[Array] | None:
    """By ONNX Runtime, where the network can be exported."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        options = Options(steps=STEPS)
        try:
            converters.save(network, path, options=options, check=False)
            target = format_for(path)
            return [np.asarray(y) for y in target.run(path, given, options)]
        except (MatlabCompatError, RuntimeError):
            return None


#: By name; None for double rounded to single.
WAYS: dict[str, Callable[[Network, Tensors], list[Array] | None] | None] = {
    "double": None,
    "channels last": channels_last,
    "one by one": one_by_one,
    "folded and fused": lambda network, given: computed(network, given, optimize=True),
    "without oneDNN": without_onednn,
    "ONNX Runtime": onnx,
}
