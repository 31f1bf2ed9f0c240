"""Does a layer compute what MATLAB saved? The layer is run, and compared with what was saved."""

from __future__ import annotations

import copy
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..arrays import Array
from ..engine.arrays import as_data, real_array
from ..engine.precision import tf32_in_use, torch_device, torch_dtype
from .compare import EPS, SMALLEST, Comparison, Verdict, compare
from .diagnosis_types import Diagnosis, Unseen
from .side_by_side import Distance, Run, distances, label_of, other_runs
from .tolerance import Tolerance

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike
    from ..layers.transposed_convolution import TransposedConvolution2DLayer

Worth = Literal["full", "limited"]


@dataclass(frozen=True)
class Report:
    """What ``verify`` found: one comparison for every output, and how it was computed."""

    outputs: tuple[Comparison, ...]
    environment: dict[str, str]
    #: Activations of layers that were compared as well, in the order of computation.
    activations: tuple[Comparison, ...] = ()
    #: The mistakes that explain the difference, the likeliest first.
    diagnoses: tuple[Diagnosis, ...] = ()
    #: MATLAB, CPU, GPU and float64 among each other, where there is a GPU.
    side_by_side: tuple[Distance, ...] = ()
    #: What the comparison cannot show, where everything compared is equal.
    warnings: tuple[Unseen, ...] = ()

    @property
    def worth(self) -> Worth:
        """'limited' if there are mistakes that the comparison cannot show; see ``warnings``."""
        return "limited" if self.warnings else "full"

    @property
    def compared(self) -> tuple[Comparison, ...]:
        """Everything that was compared."""
        return (*self.activations, *self.outputs)

    @property
    def first_difference(self) -> str | None:
        """The first layer whose activations differ."""
        different = (a.name for a in self.activations if a.verdict == "different")
        return next(different, None)

    @property
    def verdict(self) -> Verdict:
        """'equal' if everything compared is."""
        return "equal" if all(o.verdict == "equal" for o in self.compared) else "different"

    @property
    def exit_code(self) -> int:
        """0 equal, 1 different."""
        return 0 if self.verdict == "equal" else 1

    def to_json(self) -> dict[str, Any]:
        """The document ``matlab_compat.verify/1``."""
        return {
            "schema": "matlab_compat.verify/1",
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "worth": self.worth,
            "warnings": [warning.to_json() for warning in self.warnings],
            "outputs": [output.to_json() for output in self.outputs],
            "activations": [layer.to_json() for layer in self.activations],
            "first_difference": self.first_difference,
            "diagnoses": [diagnosis.to_json() for diagnosis in self.diagnoses],
            "side_by_side": [distance.to_json() for distance in self.side_by_side],
            "environment": self.environment,
        }


def verify_layer(
    layer: TransposedConvolution2DLayer,
    X: object,
    expected: object,
    *,
    data_format: str = "SSCB",
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    allow_tf32: bool = False,
    tolerance: Tolerance | None = None,
    name: str = "Y",
    runs: Sequence[Run] | None = None,
) -> Report:
    """Run ``layer`` on ``X`` and compare with what MATLAB computed.

    Parameters
    ----------
    X, expected:
        Input and MATLAB's output, in MATLAB order (H×W×C×N for "SSCB").
    tolerance:
        An explicit rule instead of the default bound (see :mod:`.compare`).
    runs:
        Other ways to compute the same, to be shown side by side; by default the GPU where the
        CPU was asked for, and the CPU where the GPU was, if there is a GPU.

    Raises
    ------
    NothingToCompareError
        The comparison would be vacuous.
    DataFormatError, PropertyError
        The input does not fit the layer, or the layer has no weights.
    """
    data, truth = as_data(X), real_array(expected, "expected output", "biufc")
    options: dict[str, Any] = {"device": device, "dtype": dtype, "allow_tf32": allow_tf32}
    actual = layer.predict(data, data_format, **options)
    oracle = layer.predict(data, data_format, dtype="double")
    tf32 = tf32_in_use(allow_tf32, device, dtype)
    eps = rounding_unit(dtype, truth, layer.Weights, tf32=tf32)
    size = magnitude(layer, data, data_format)
    comparison = compare(
        actual,
        truth,
        name=name,
        eps=eps,
        magnitude=size,
        tolerance=tolerance,
        oracle=oracle,
    )
    diagnoses: tuple[Diagnosis, ...] = ()
    if comparison.verdict == "different":
        from . import diagnose

        measure = diagnose.measure_of(comparison, truth, eps, tolerance)
        diagnoses = diagnose.of_layer(layer, [data], truth, measure, name, data_format, **options)
    others = {
        run.label: layer.predict(data, data_format, **run.options())
        for run in (other_runs(**options) if runs is None else runs)
    }
    shown = distances(name, truth, {label_of(**options): actual, **others}, oracle, eps * size)
    facts = environment(**options)
    return Report((comparison,), facts, diagnoses=diagnoses, side_by_side=shown if others else ())


def magnitude(layer: TransposedConvolution2DLayer, X: Array, data_format: str) -> Array:
    """``|W| * |x| + |b|``: what the roundings of each output element are proportional to."""
    absolute = copy.deepcopy(layer)
    absolute.assign({name: np.abs(layer.values[name]) for name in layer.parameters()})
    result: Array = absolute.predict(np.abs(X.astype(np.float64)), data_format, dtype="double")
    return result


def rounding_unit(dtype: DTypeLike | None, *arrays: Array, tf32: bool = False) -> float:
    """The coarsest eps at work: of the class computed in here, or MATLAB computed with.

    ``tf32`` if float32 is really rounded to TF32 on the way.
    """
    return max(EPS[name] for name in [*_formats(dtype, *arrays), *(["tf32"] if tf32 else [])])


def smallest_number(dtype: DTypeLike | None, *arrays: Array) -> float:
    """The coarsest spacing of numbers around zero of the formats at work."""
    return max(SMALLEST[name] for name in _formats(dtype, *arrays))


def _formats(dtype: DTypeLike | None, *arrays: Array) -> list[str]:
    names = {"float16": "half", "bfloat16": "bfloat16", "float32": "single", "float64": "double"}
    names["complex64"] = "single"
    saved = [names.get(array.dtype.name, "double") for array in arrays]
    return [names[str(torch_dtype(dtype)).removeprefix("torch.")], *saved]


def environment(
    device: DeviceLike | None, dtype: DTypeLike | None, allow_tf32: bool = False
) -> dict[str, str]:
    """What the result may depend on."""
    import torch

    chosen = torch_device(device)
    name = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else platform.machine()
    return {
        "matlab_compat": version("matlab-compat"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "platform": platform.platform(),
        "device": f"{chosen} ({name})",
        "dtype": str(torch_dtype(dtype)).removeprefix("torch."),
        "tf32": _tf32(device, dtype, allow_tf32),
    }


def _tf32(device: DeviceLike | None, dtype: DTypeLike | None, allow_tf32: bool) -> str:
    if tf32_in_use(allow_tf32, device, dtype):
        return "on"
    return "off (allowed, but without effect here)" if allow_tf32 else "off"
