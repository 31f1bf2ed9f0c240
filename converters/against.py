"""A MATLAB network against something else that should compute the same: an ONNX file, an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from os import PathLike, fspath
from typing import TYPE_CHECKING, Unpack

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.errors import UsageError, locating
from matlab_compat.network.pictures import Fit, Fitting
from matlab_compat.parity.diagnosis_types import SECONDS
from matlab_compat.shallow import ShallowNetwork

from .code import Code
from .examples import example_inputs
from .inputs import Reading, labelled
from .load import load_runnable
from .matfile import DEFAULT_LIMITS, Limits
from .runners import check_runner, runner_named
from .running import running
from .verify import sha256

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike
    from matlab_compat.network import Network
    from matlab_compat.parity import Tolerance
    from matlab_compat.parity.report import Report


def verify_against(
    path: str | PathLike[str],
    against: str | PathLike[str],
    variable: str | None = None,
    *,
    ignore_fields: Sequence[str] = (),
    code: Code = (),
    input: Sequence[str] = (),
    seed: int = 0,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    allow_tf32: bool = False,
    tolerance: Tolerance | None = None,
    rows: str | None = None,
    diagnosis_seconds: float = SECONDS,
    limits: Limits = DEFAULT_LIMITS,
    **fitting: Unpack[Fitting],
) -> Report:
    """Run the network in a MAT-file here and something else on the same input, and compare.

    Raises ``UsageError``: ONNX Runtime is not installed, or the two have another number of inputs
    or outputs; ``DataFormatError``: no order of dimensions makes the shapes fit.

    Parameters
    ----------
    input:
        As for :func:`converters.verify`; by default a seeded random input of the network's own
        size. Of a shallow network X, or X, Xi and Ai.
    against:
        An ONNX file, or the name of a runner: see :func:`.runners.runner_named`.
    """
    check_runner(fspath(against))
    from matlab_compat.parity.rule import ModelRule, Rounding
    from matlab_compat.parity.runner import Inputs, OracleRunner, Precision, TorchRunner
    from matlab_compat.parity.verify import verify

    network = load_runnable(path, variable, ignore_fields=ignore_fields, code=code, limits=limits)
    if isinstance(network, ShallowNetwork):
        with locating(str(path)):
            network.check()
    reference = runner_named(fspath(against), network)
    reading = Reading(Fit(**fitting), rows, limits)
    around, precision = partial(running, path, limits), Precision(device, dtype, allow_tf32)
    with around():
        if isinstance(network, ShallowNetwork):
            steps = getattr(reference, "steps", 8)
            inputs = Inputs(_shallow_inputs(network, input, seed, steps, reading))
        else:
            inputs = Inputs(_inputs(network, input, seed, reading))
    candidate, oracle = (
        TorchRunner(network, precision, around),
        OracleRunner(network, around=around),
    )
    rounding = Rounding.of(
        dtype or getattr(reference, "dtype", network.default_dtype), tf32=precision.tf32
    )
    rule = ModelRule(oracle, rounding, tolerance)
    with around():
        others = list(reference.others(inputs))
    report = verify(
        candidate, reference, inputs, rule, others=others, diagnosis_seconds=diagnosis_seconds
    )
    facts = {
        **candidate.precision.environment(),
        "file": str(path),
        "sha256": sha256(path),
        "against": fspath(against),
        **reference.facts(),
        "input": ", ".join(input) or f"random, seed {seed}",
    }
    return replace(report, environment=facts)


def _inputs(network: Network, names: Sequence[str], seed: int, reading: Reading) -> list[dlarray]:
    """The inputs in single, those named or random ones, with the labels that say their order."""
    from matlab_compat.engine.arrays import tensor
    from matlab_compat.execution.network import network_inputs

    if names:
        arrays = reading.values(names, network)
        given = network_inputs(network, arrays, None)
        single = [tensor(x.data_format.to_torch(x.data[0]), None, None) for x in given]
        formats = [x.data_format.batched for x in given]
    else:
        single = list(example_inputs(network, seed, batch=1))
        formats = list(network.plan().inputs.values())
    return labelled(single, formats)


def _shallow_inputs(
    network: ShallowNetwork, names: Sequence[str], seed: int, steps: int, reading: Reading
) -> list[object]:
    """X, or X, Xi and Ai as in MATLAB: those named, or random ones with random states."""
    from matlab_compat.shallow.running import from_port_arrays

    if names:
        most = len(network.InputNames) + len(network.optional_inputs)
        if len(names) > most:
            raise UsageError(f"The network takes X, Xi and Ai at most, but {len(names)} are named.")
        return reading.values(names, network)
    arrays = [x.numpy() for x in example_inputs(network, seed, steps=steps)]
    made = from_port_arrays(network, arrays)
    return made if network.inputs else [np.empty((0, steps), object), *made[1:]]
