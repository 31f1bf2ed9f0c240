"""Does a layer or network compute what MATLAB saved? Three ways: MATLAB, here, and in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..network import Network
from ..network.picture import picture
from ..pages.diagram import Diagram
from .compare import Comparison
from .diagnosis_types import SECONDS
from .report import Report
from .rule import ModelRule
from .runner import Inputs, Precision, SavedRunner, TorchRunner
from .tolerance import Tolerance
from .verify import verify

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike
    from ..execution.described import ModelLike


def verify_network(
    network: ModelLike,
    X: Sequence[object],
    expected: Mapping[str, object],
    *,
    activations: Mapping[str, object] | None = None,
    data_format: str | Sequence[str] | None = None,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    allow_tf32: bool = False,
    tolerance: Tolerance | None = None,
    runs: Sequence[Precision] | None = None,
    diagnosis_seconds: float = SECONDS,
) -> Report:
    """Run a network (or any layer) on ``X`` and compare with what MATLAB computed.

    Raises ``MatlabCompatError``: as :func:`.verify.verify`.

    Parameters
    ----------
    X:
        One for each input, as for :meth:`Network.predict <matlab_compat.network.Network.predict>`.
    expected:
        MATLAB's ``predict`` for each output, in order, under the names to report them by; lists
        for lists of sequences. Or :class:`.categories.Labels`, as ``classify`` gives them.
    activations:
        MATLAB's activations by layer name; the first layer that differs is named in the report.
    data_format:
        Labels of the dimensions of what has none; by default the model's own.
    device, dtype, allow_tf32:
        See :class:`.runner.Precision`.
    tolerance:
        An explicit rule instead of the default bound.
    runs:
        Other ways to compute the same, to be shown side by side; by default the GPU where the
        CPU was asked for, and the CPU where the GPU was, if there is a GPU.
    diagnosis_seconds:
        As for :func:`.verify.verify`.
    """
    precision = Precision(device, dtype or network.default_dtype, allow_tf32)
    count = len(network.InputNames)
    others = precision.elsewhere() if runs is None else runs
    found = verify(
        TorchRunner(network, precision),
        SavedRunner(expected, activations or {}),
        Inputs(X[:count], data_format, X[count:]),
        ModelRule.of(network, precision, tolerance),
        others=[TorchRunner(network, other) for other in others],
        diagnosis_seconds=diagnosis_seconds,
    )
    return (
        replace(found, pictures=_along(network, found)) if isinstance(network, Network) else found
    )


def _along(network: Network, report: Report) -> tuple[Diagram, ...]:
    """The picture of a network: each layer that was compared has its verdict and its error.

    Empty where no layer can be told: labels, or another number of outputs.
    """
    found: dict[str, list[Comparison]] = {}
    for one in report.activations:
        found.setdefault(_layer(one.name, network), []).append(one)
    ends = [name.rpartition("/")[0] or name for name in network.OutputNames]
    if len(report.outputs) == len(ends):
        for name, one in zip(ends, report.outputs, strict=True):
            found.setdefault(name, []).append(one)
    marks = {
        name: "different" if any(one.verdict == "different" for one in compared) else "equal"
        for name, compared in found.items()
    }
    errors = {
        name: max(one.scaled_error / one.bound for one in compared)
        for name, compared in found.items()
    }
    notes = {name: f"{error:.3g} of what is allowed" for name, error in errors.items()}
    shown = {name: f"{error:.2g}\N{MULTIPLICATION SIGN} allowed" for name, error in errors.items()}
    label = f"The network, {len(found)} of its {len(network.Layers)} layers compared"
    drawn = picture(network.graph, label, None, marks=marks, notes=notes, sizes=shown)
    return (drawn,) if marks.keys() <= network.graph.layers.keys() else ()


def _layer(name: str, network: Network) -> str:
    """The layer of a comparison, which may be of one sequence of a batch: ``lstm{2}``."""
    return name if name in network.graph.layers else name.rpartition("{")[0]
