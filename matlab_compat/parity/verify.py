"""Does a layer compute what MATLAB saved? The layer is run, and compared with what was saved."""

from __future__ import annotations

import copy
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..engine.arrays import as_data, real_array
from ..engine.precision import torch_device, torch_dtype
from .compare import EPS, Comparison, Tolerance, Verdict, compare
from .diagnosis_types import Diagnosis

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike
    from ..layers.transposed_convolution import TransposedConvolution2DLayer

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Report:
    """What ``verify`` found: one comparison for every output, and how it was computed."""

    outputs: tuple[Comparison, ...]
    environment: dict[str, str]
    #: Activations of layers that were compared as well, in the order of computation.
    activations: tuple[Comparison, ...] = ()
    #: The mistakes that explain the difference, the likeliest first.
    diagnoses: tuple[Diagnosis, ...] = ()

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
            "outputs": [output.to_json() for output in self.outputs],
            "activations": [layer.to_json() for layer in self.activations],
            "first_difference": self.first_difference,
            "diagnoses": [diagnosis.to_json() for diagnosis in self.diagnoses],
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
    tolerance: Tolerance | None = None,
    name: str = "Y",
) -> Report:
    """Run ``layer`` on ``X`` and compare with what MATLAB computed.

    Parameters
    ----------
    X, expected:
        Input and MATLAB's output, in MATLAB order (H×W×C×N for "SSCB").
    tolerance:
        An explicit rule instead of the default bound (see :mod:`.compare`).

    Raises
    ------
    NothingToCompareError
        The comparison would be vacuous.
    DataFormatError, PropertyError
        The input does not fit the layer, or the layer has no weights.
    """
    data, truth = as_data(X), real_array(expected, "expected output")
    actual = layer.predict(data, data_format, device=device, dtype=dtype)
    oracle = layer.predict(data, data_format, dtype="double")
    eps, size = rounding_unit(dtype, truth, layer.Weights), magnitude(layer, data, data_format)
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

        measure = diagnose.measure_of(comparison, truth, eps, tolerance, float(np.nanmax(size)))
        diagnoses = diagnose.of_layer(
            layer, data, truth, measure, name, data_format, device=device, dtype=dtype
        )
    return Report((comparison,), environment(device, dtype), diagnoses=diagnoses)


def magnitude(layer: TransposedConvolution2DLayer, X: Array, data_format: str) -> Array:
    """``|W| * |x| + |b|``: what the roundings of each output element are proportional to."""
    absolute = copy.deepcopy(layer)
    absolute._assign({name: np.abs(layer._values[name]) for name in layer.parameters()})
    result: Array = absolute.predict(np.abs(X.astype(np.float64)), data_format, dtype="double")
    return result


def rounding_unit(dtype: DTypeLike | None, *arrays: Array) -> float:
    """The coarsest eps at work: of the class computed in here, or MATLAB computed with."""
    names = {"float16": "half", "bfloat16": "bfloat16", "float32": "single", "float64": "double"}
    computed = names[str(torch_dtype(dtype)).removeprefix("torch.")]
    saved = [names.get(array.dtype.name, "double") for array in arrays]
    return max(EPS[name] for name in [computed, *saved])


def environment(device: DeviceLike | None, dtype: DTypeLike | None) -> dict[str, str]:
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
        "tf32": "off",
    }
