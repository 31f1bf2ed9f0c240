"""A MATLAB network against an ONNX file of it: ONNX Runtime is the other side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import permutations
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.data_format import DataFormat
from matlab_compat.errors import (
    DataFormatError,
    UsageError,
    locating,
)
from matlab_compat.wording import argument

from .data import read_array
from .examples import example_inputs
from .formats.mat_struct import INPUT_NAMES
from .formats.onnx import open_session
from .load import load_network
from .matfile import DEFAULT_LIMITS, Limits
from .running import running
from .verify import sha256

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike
    from matlab_compat.network import Network
    from matlab_compat.parity import Tolerance
    from matlab_compat.parity.diagnosis_types import Diagnosis
    from matlab_compat.parity.verify import Report


def verify_against(
    path: str | PathLike[str],
    onnx: str | PathLike[str],
    variable: str | None = None,
    *,
    ignore_fields: Sequence[str] = (),
    input: Sequence[str] = (),
    seed: int = 0,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    allow_tf32: bool = False,
    tolerance: Tolerance | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Report:
    """Run the network in a MAT-file here and an ONNX file in ONNX Runtime, and compare.

    Parameters
    ----------
    input:
        ``FILE`` or ``FILE:VARIABLE`` for each input of the network, in MATLAB order; by default
        a seeded random input of the network's own size.
    onnx:
        The ONNX file. The order of its dimensions (N,C,H,W or N,H,W,C ...) is told by its shapes.

    Raises
    ------
    UsageError
        ONNX Runtime is not installed, or the two have another number of inputs or outputs.
    DataFormatError
        No order of dimensions makes the shapes fit.
    """
    import torch

    from matlab_compat.engine.arrays import array
    from matlab_compat.engine.precision import (
        full_precision,
        tf32_in_use,
        torch_device,
        torch_dtype,
    )
    from matlab_compat.execution.module import run_network
    from matlab_compat.parity.diagnose import diagnose_output, measure_of
    from matlab_compat.parity.sensitivity import Result, Sensitivity, compare_all
    from matlab_compat.parity.verify import Report, environment, rounding_unit, smallest_number

    network = load_network(path, variable, ignore_fields=ignore_fields, limits=limits)
    session = open_session(onnx)
    plan = network.plan()
    with running(path, limits):
        tensors = _inputs(network, input, seed, limits)
    feeds = _feeds(session, [t.numpy() for t in tensors], onnx)
    with locating(str(onnx)):
        theirs = session.run(None, feeds)

    def run(
        kind: DTypeLike | None, inside: AbstractContextManager[Any] | None = None, **place: Any
    ) -> list[Array]:
        module = network.to_torch(place.get("device"), kind)
        moved = tuple(t.to(torch_device(place.get("device")), torch_dtype(kind)) for t in tensors)
        context = inside or nullcontext()
        with running(path, limits), torch.inference_mode(), full_precision(allow_tf32), context:
            results = [array(y) for y in run_network(module, moved)]
        return [
            DataFormat.parse(label).from_torch(y, label)[0]
            for y, (_, label) in zip(results, plan.outputs.values(), strict=True)
        ]

    here, exact = run(dtype, device=device), run("double")
    if len(theirs) != len(plan.outputs):
        raise UsageError(
            f"The ONNX file has {len(theirs)} outputs, the network {len(plan.outputs)}.",
            where=(str(onnx),),
        )
    results = []
    for (name, (_, label)), ours, oracle, other in zip(
        plan.outputs.items(), here, exact, theirs, strict=True
    ):
        form = DataFormat.parse(label)
        truth = form.from_torch(_to_shape(np.asarray(other), form.to_torch(ours), name), label)[0]
        results.append(Result(name, ours, oracle, truth))
    tf32 = tf32_in_use(allow_tf32, device, dtype)
    eps = rounding_unit(dtype, tf32=tf32)
    outputs = compare_all(results, Sensitivity(run, eps, smallest_number(dtype)), tolerance)
    diagnoses: list[Diagnosis] = []
    for one, result, (_, label) in zip(outputs, results, plan.outputs.values(), strict=True):
        if one.verdict == "different":
            measure = measure_of(one, result.expected, eps, tolerance)
            diagnoses += diagnose_output(result.actual, result.expected, measure, one.name, label)
    facts = {
        **environment(device, dtype, allow_tf32),
        "file": str(path),
        "sha256": sha256(path),
        "against": str(onnx),
        "against_sha256": sha256(onnx),
        "input": ", ".join(input) or f"random, seed {seed}",
    }
    return Report(tuple(outputs), facts, diagnoses=tuple(diagnoses))


def _inputs(network: Network, names: Sequence[str], seed: int, limits: Limits) -> Any:
    """The inputs in torch's order: those named, or random ones."""
    if not names:
        return example_inputs(network, seed, batch=1)
    from matlab_compat.engine.arrays import tensor
    from matlab_compat.execution.network import network_inputs

    given = network_inputs(network, [read_array(n, INPUT_NAMES, limits) for n in names], None)
    return tuple(tensor(one.data_format.to_torch(one.data[0]), None, None) for one in given)


def _feeds(session: Any, arrays: list[Array], onnx: object) -> dict[str, Array]:
    wanted = session.get_inputs()
    if len(wanted) != len(arrays):
        raise UsageError(
            f"The ONNX file has {len(wanted)} inputs, the network {len(arrays)}.",
            where=(str(onnx),),
        )
    feeds = {}
    for spec, data in zip(wanted, arrays, strict=True):
        order = _order(data.shape, spec.shape)
        if order is None:
            raise DataFormatError(
                f"The network's input is {data.shape} in torch's order, and no order of its "
                f"dimensions gives the ONNX input '{spec.name}' {spec.shape}.",
                where=(str(onnx), spec.name),
                remedy="check that the file is of this network; "
                f"pass {argument('input')} for another size.",
            )
        feeds[spec.name] = np.ascontiguousarray(data.transpose(order), dtype=np.float32)
    return feeds


def _order(have: Sequence[int], want: Sequence[object]) -> tuple[int, ...] | None:
    """The order of axes that fits a shape whose unknown sizes are text: N,C,H,W first."""
    if len(have) != len(want):
        return None
    for order in _orders(len(have)):
        if all(not isinstance(n, int) or have[a] == n for a, n in zip(order, want, strict=True)):
            return order
    return None


def _orders(rank: int) -> Iterator[tuple[int, ...]]:
    """Likely orders first: as torch, channels last, W before H, then any."""
    usual: dict[int, list[tuple[int, ...]]] = {
        4: [(0, 1, 2, 3), (0, 2, 3, 1), (0, 1, 3, 2)],
        3: [(0, 1, 2), (2, 0, 1), (0, 2, 1)],
    }
    yield from usual.get(rank, ())
    yield from permutations(range(rank))


def _to_shape(other: Array, like: Array, name: str) -> Array:
    """ONNX Runtime's output in torch's order; dimensions of size 1 may be missing or more."""
    squeezed = other.reshape([n for i, n in enumerate(other.shape) if n != 1 or i == 0])
    for candidate in (other, squeezed):
        for order in _orders(candidate.ndim):
            moved = candidate.transpose(np.argsort(order))
            if moved.shape == like.shape:
                return moved
    if squeezed.size == like.size and len([n for n in like.shape if n != 1]) <= 2:
        return squeezed.reshape(like.shape)
    raise DataFormatError(
        f"The ONNX output is {other.shape}, and no order of its dimensions gives {like.shape}.",
        where=(name,),
    )
