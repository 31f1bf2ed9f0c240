"""Input layers: the size and labels of a network's input, and its normalization.

Semantics: the documentation pages of the layers. The normalization is part of the network: MATLAB
applies it in ``predict``, and leaving it out is the classic mistake of a port. Saved objects keep
it as a struct (real files, 2017 to 2025): {Type 'zerocenter', AverageImage}, {Type 'zscore', Mean,
Std} or {Type 'rescale', Min, Max, TargetMin, TargetMax}, whose targets tell the two modes apart.

In MATLAB an input layer has no inputs; here it has one, ``in``, where the data enters.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arrays import Array, restored
from ..data_format import DataFormat
from ..display import size_text
from ..errors import DataFormatError, MatlabCompatWarning, PropertyError, UnsupportedLayerError
from .base import Layer
from .properties import (
    PerDimension,
    Property,
    few_numbers,
    flag,
    is_empty_array,
    numeric,
    one_of,
    parameter_array,
    positive_integer,
    positive_integers,
    saved_flag,
    shown,
    text,
)
from .saved_fields import no_effect, used
from .sizes import Inputs

if TYPE_CHECKING:
    from torch import nn


#: The statistics that a mode needs: property name to the name of the torch buffer.
STATISTICS = {
    "none": {},
    "zerocenter": {"Mean": "mean"},
    "zscore": {"Mean": "mean", "StandardDeviation": "standard_deviation"},
    "rescale-symmetric": {"Min": "min", "Max": "max"},
    "rescale-zero-one": {"Min": "min", "Max": "max"},
}

#: Statistics in the saved struct ``Normalization``: field to property.
_SAVED_STATISTICS = {
    "AverageImage": "Mean",
    "Mean": "Mean",
    "Std": "StandardDeviation",
    "StandardDeviation": "StandardDeviation",
    "Min": "Min",
    "Max": "Max",
}

#: The ranges that the saved Type 'rescale' maps to, as modes.
_RESCALE = {(-1.0, 1.0): "rescale-symmetric", (0.0, 1.0): "rescale-zero-one"}


def _normalization(value: object) -> Any:
    """A mode, or what only MATLAB can run: a function handle, a struct of an unknown type."""
    if value is None or is_empty_array(value):
        return "none"
    return one_of(*STATISTICS)(value) if isinstance(value, str) else value


def _statistic(value: object) -> Array:
    """Like any parameter, but integers will do: MATLAB converts the mean of uint8 images."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iub":
        value = value.astype(np.float32)
    return parameter_array(value)


def _statistic_property(*saved_as: str) -> Property[Array]:
    """Mean, StandardDeviation, Min or Max: no learnable, and in no network's table State."""
    return Property(_statistic, None, group=None, saved_as=saved_as)


def _sizes(*counts: int) -> Any:
    """A vector of positive integers of one of these lengths."""
    rule = "must be a vector of " + " or ".join(map(str, counts)) + " positive integers"

    def convert(value: object) -> tuple[int, ...]:
        array = numeric(value, rule).ravel()
        if array.size not in counts:
            raise ValueError(rule)
        try:
            return positive_integers(array.size)(array)
        except ValueError:
            raise ValueError(rule) from None

    return convert


def _sequence_size(value: object) -> int | tuple[int, ...]:
    """A number of channels, or a size that ends with it."""
    sizes: tuple[int, ...] = _sizes(1, 2, 3, 4)(value)
    return sizes[0] if len(sizes) == 1 else sizes


class _InputLayer(Layer):
    """What all input layers share: one format, which is both input and output."""

    def input_format(self) -> str:
        return self.default_format

    def input_size(self) -> tuple[int, ...]:
        return tuple(np.atleast_1d(self._values["InputSize"]).tolist())

    def takes_complex(self) -> bool:
        mode = self._values.get("Normalization", "none")
        return isinstance(mode, str) and mode == "none"

    def input_channels(self) -> int | None:
        return self.input_size()[-1]

    def count_multiply_adds(
        self, learnables: Mapping[str, Sequence[int]], inputs: Inputs, outputs: Inputs
    ) -> int | None:
        # 'zerocenter' subtracts; the others divide.
        mode = self._values.get("Normalization", "none")
        return 0 if isinstance(mode, str) and mode in ("none", "zerocenter") else None

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        own = self.input_format()
        if tuple(formats) != (own,):
            what = f"The layer takes data labelled '{own}', not '{' '.join(formats)}'."
            raise DataFormatError(what, remedy=f"label or permute the data as '{own}'.")
        return (own,)


class _NormalizedInput(
    _InputLayer,
    saved_fields={
        "Augmentations": no_effect("for training"),
        "DataAugmentation": no_effect("for training"),
        "IsAverageImageMeanPerChannel": used("refused where it would make a difference"),
        **{f"Normalization.{k}": used(f"it is {name}") for k, name in _SAVED_STATISTICS.items()},
        "Normalization.Type": used("it is Normalization"),
        "Normalization.TargetMin": used("they tell 'rescale-symmetric' from 'rescale-zero-one'"),
        "Normalization.TargetMax": used("they tell 'rescale-symmetric' from 'rescale-zero-one'"),
        "Normalization.Version": no_effect("numbers the layout of the struct"),
        "Normalization.ImageSize": no_effect("it is InputSize"),
        "Normalization.NumTrainingSamples": no_effect("for training"),
    },
):
    """An input layer with normalization, whose statistics must fit InputSize."""

    Normalization = Property(_normalization, "none", doc="The mode.")
    NormalizationDimension = Property(
        one_of("auto", "channel", "element", "all"), "auto", doc="What training averages over."
    )
    Mean = _statistic_property()
    StandardDeviation = _statistic_property()
    Min = _statistic_property()
    Max = _statistic_property()
    SplitComplexInputs = Property(flag, False, read_only=True, doc="Real and imaginary parts.")

    def _validate(self) -> None:
        size = self.input_size()
        for name in ("Mean", "StandardDeviation", "Min", "Max"):
            value = self._values[name]
            if value.size:
                self._values[name] = _fitted(name, value, size)

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        saved = values.get("Normalization")
        kind = _saved_mode(saved) if isinstance(saved, Mapping) else ""
        if isinstance(saved, Mapping) and kind:
            per_channel = extra.get("IsAverageImageMeanPerChannel")
            image = saved.get("AverageImage", ())
            name = "IsAverageImageMeanPerChannel"
            if per_channel is not None and saved_flag(name, per_channel) and np.size(image) > 1:
                raise UnsupportedLayerError(
                    f"{name} is true; what it does is not documented.",
                    where=(name,),
                    remedy="load and save the network again with MATLAB R2019b or later.",
                )
            statistics = {
                _SAVED_STATISTICS[k]: v
                for k, v in saved.items()
                if k in _SAVED_STATISTICS and np.size(v)
            }
            values = {**values, **statistics, "Normalization": kind}
        return cls(**values)

    def _statistics(self) -> dict[str, str]:
        """Property to torch name of what the mode needs; a function is refused."""
        mode = self._values["Normalization"]
        if not isinstance(mode, str):
            said = getattr(mode, "text", None) or _said(mode)
            raise UnsupportedLayerError(
                f"Normalization is {said}, which only MATLAB can run.",
                where=("Normalization",),
                remedy="normalize the data beforehand and set Normalization to 'none'.",
            )
        return STATISTICS[mode]

    def parameter_value(self, name: str) -> Array:
        """A statistic, which must have been set where the mode needs it."""
        value: Array = self._values[name]
        if value.size == 0:
            raise PropertyError(
                f"Normalization is '{self._values['Normalization']}', but {name} is empty: MATLAB "
                "computes it when the network is trained.",
                where=(name,),
                remedy=f"save the network after training, or give {name}, or set Normalization "
                "to 'none'.",
            )
        return value

    def torch_state(self) -> dict[str, Array]:
        """The statistics in torch's order, C first, with a trailing 1 for T."""
        return {
            torch_name: self._to_torch(self.parameter_value(name))
            for name, torch_name in self._statistics().items()
        }

    def _to_torch(self, value: Array) -> Array:
        torch_order = np.moveaxis(value, -1, 0)
        return np.ascontiguousarray(torch_order[..., None] if self._has_time() else torch_order)

    def assign_state(self, state: Mapping[str, Array]) -> Self:
        values = {}
        for name, torch_name in self._statistics().items():
            value = state[torch_name][..., 0] if self._has_time() else state[torch_name]
            values[name] = np.asfortranarray(np.moveaxis(value, 0, -1))
        self.assign(values)
        return self

    def _has_time(self) -> bool:
        return "T" in self.input_format()

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch.nn import Identity

        from ..engine.inputs import Normalization

        if self._values.get("SplitComplexInputs"):
            what = "SplitComplexInputs is true: complex data is not supported."
            raise UnsupportedLayerError(what, where=("SplitComplexInputs",))
        shapes = {name: array.shape for name, array in self.torch_state().items()}
        self._warn_of_zero_divisor()
        return Normalization(self._values["Normalization"], shapes) if shapes else Identity()

    def _warn_of_zero_divisor(self) -> None:
        mode = self._values["Normalization"]
        if mode in ("none", "zerocenter"):
            return
        values = self._values
        divisor = values["StandardDeviation"] if mode == "zscore" else values["Max"] - values["Min"]
        if np.any(divisor == 0):
            warnings.warn(
                f"{self.label}: the '{mode}' normalization divides by 0 where the training data "
                "was constant. What MATLAB does there is not documented; here the divisor is 1.",
                MatlabCompatWarning,
                stacklevel=2,
            )

    def _with_normalization(self, what: str) -> str:
        mode = self._values["Normalization"]
        if not isinstance(mode, str):
            return f"{what} with custom normalization"
        return what if mode == "none" else f"{what} with '{mode}' normalization"


def _saved_mode(saved: Mapping[str, Any]) -> str:
    """The mode that a saved struct means; "" where its Type is not known."""
    kind = saved.get("Type")
    if isinstance(kind, str) and kind == "rescale":
        low, high = _number(saved.get("TargetMin")), _number(saved.get("TargetMax"))
        kind = _RESCALE.get((low, high))
    return kind if isinstance(kind, str) and kind in STATISTICS else ""


def _number(value: object) -> float:
    """One real number, also where it is repeated for every element; NaN for anything else."""
    array = np.asarray(value)
    one = array.dtype.kind in "iuf" and array.size > 0 and bool(np.all(array == array.flat[0]))
    return float(array.flat[0]) if one else math.nan


def _said(saved: object) -> str:
    """A saved normalization that is not known, for a message."""
    kind = saved.get("Type") if isinstance(saved, Mapping) else None
    if not isinstance(saved, Mapping) or not isinstance(kind, str):
        return shown(saved)
    names = [n for n in ("TargetMin", "TargetMax") if kind == "rescale" and n in saved]
    rest = [f"{name} {shown(saved[name])}" for name in names]
    return f"of Type '{kind}'" + (f" with {' and '.join(rest)}" if rest else "")


def _fitted(name: str, value: Array, size: tuple[int, ...]) -> Array:
    """A statistic with as many dimensions as InputSize, each of size 1 or InputSize's."""
    if len(size) == 1 and value.size == max(value.shape):  # a vector of features, either way up
        value = value.ravel()
    full = restored(value, (None,) * len(size))
    if full is None or any(
        have not in (1, want) for have, want in zip(full.shape, size, strict=True)
    ):
        raise PropertyError(
            f"{name} is {size_text(value.shape)}, which fits no input of size {size_text(size)}.",
            where=(name,),
            remedy="give one number, one for every channel (1×1×C), or one for every element.",
        )
    return full


# --- images -----------------------------------------------------------------------------


class _ImageInput(_NormalizedInput):
    Normalization = Property(_normalization, "zerocenter", doc="The mode.")
    Mean = _statistic_property("AverageImage")
    InputSize = PerDimension(
        lambda dims: _sizes(dims, dims + 1),
        docs=("", "[h w c]; c is 1 where left out.", "[h w d c]; c is 1 where left out."),
        read_only=True,
    )

    def input_size(self) -> tuple[int, ...]:
        return (*self.InputSize, 1)[: self.dims + 1]

    def description(self) -> str:
        """For example ``28×28×3 images with 'zerocenter' normalization``."""
        return self._with_normalization(f"{size_text(self.input_size())} images")


class ImageInputLayer(
    _ImageInput,
    dims=2,
    type_text="Image Input",
    versions="2, 3, 4, 5",
    example="(28, 28, 1), Normalization='none'",
):
    """MATLAB's image input layer: H×W×C×N ("SSCB"), torch N,C,H,W.

    Statistics are H×W×C, 1×1×C or a scalar. Older files call the mean ``AverageImage``.
    """


class Image3DInputLayer(
    _ImageInput,
    dims=3,
    type_text="3-D Image Input",
    example="(28, 28, 28, 3), Normalization='none'",
):
    """MATLAB's 3-D image input layer: H×W×D×C×N ("SSSCB"), torch N,C,H,W,D."""


# --- sequences and features ---------------------------------------------------------------


class SequenceInputLayer(
    _NormalizedInput, type_text="Sequence Input", versions="3, 4, 5", example="12, MinLength=5"
):
    """MATLAB's sequence input layer.

    InputSize c is C×N×T ("CBT", torch N,C,T), [s c] "SCBT" (N,C,S,T), [h w c] "SSCBT"
    (N,C,H,W,T), [h w d c] "SSSCBT" (N,C,H,W,D,T). Statistics are the same for every time step.
    """

    InputSize = Property(_sequence_size, read_only=True, doc="c, [s c], [h w c], [h w d c].")
    MinLength = Property(positive_integer, 1, read_only=True, doc="Shortest sequence.")

    @property
    def default_format(self) -> str:  # type: ignore[override]
        """As InputSize says."""
        return "S" * (len(self.input_size()) - 1) + "CBT"

    def least_steps(self) -> int:
        """MinLength."""
        return self.MinLength

    def description(self) -> str:
        """For example ``Sequence input with 12 dimensions``."""
        size = size_text(self.input_size())
        return self._with_normalization(f"Sequence input with {size} dimensions")


class FeatureInputLayer(
    _NormalizedInput,
    type_text="Feature Input",
    default_format="CB",
    versions="2",
    example="21, Normalization='zscore'",
):
    """MATLAB's feature input layer: C×N ("CB"), torch N,C."""

    InputSize = Property(positive_integer, read_only=True, doc="Number of features.")

    def description(self) -> str:
        """For example ``7 features``."""
        return self._with_normalization(f"{self.InputSize} features")


# --- anything ---------------------------------------------------------------------------


def _size_or_nan(value: object) -> tuple[float, ...]:
    rule = "must be a vector of positive integers, NaN where any size will do"
    numbers = few_numbers(value, rule)
    if not numbers or any(not math.isnan(n) and (n < 1 or n != int(n)) for n in numbers):
        raise ValueError(rule)
    return tuple(math.nan if math.isnan(n) else int(n) for n in numbers)  # one NaN, for ==


class InputLayer(
    _InputLayer, type_text="Input", module="torch.nn.Identity", example="(28, 28, 3, 1), 'SSCB'"
):
    """MATLAB's generic input layer: InputSize, NaN where free, and InputFormat; no normalization.

    Raises
    ------
    PropertyError
        InputFormat is no format, has U, or labels another number of dimensions than InputSize.
    """

    InputSize = Property(_size_or_nan, read_only=True, doc="Sizes; NaN where free.")
    InputFormat = Property(text, read_only=True, doc="Labels of the dimensions, 'SSCB'.")

    def _validate(self) -> None:
        try:
            labels = DataFormat.parse(self.InputFormat).labels
        except DataFormatError as error:
            raise PropertyError(error.what, where=("InputFormat",), remedy=error.remedy) from None
        if len(labels) != len(self.InputSize) or "U" in labels:
            raise PropertyError(
                f"InputFormat '{labels}' must label each dimension of an InputSize of "
                f"{len(self.InputSize)} numbers as S, C, B or T.",
                where=("InputFormat",),
            )

    @property
    def default_format(self) -> str:  # type: ignore[override]
        """InputFormat in MATLAB's order, with B."""
        return DataFormat.parse(self.InputFormat).batched

    def input_size(self) -> tuple[int, ...]:
        """The sizes of S and C in MATLAB's order; -1 where free."""
        data_format = DataFormat.parse(self.InputFormat)
        sizes = [(data_format.labels[axis], self.InputSize[axis]) for axis in data_format.order]
        return tuple(-1 if math.isnan(n) else int(n) for label, n in sizes if label in "SC")

    def input_channels(self) -> int | None:
        """The size of C, if it has one."""
        sizes = dict(zip(self.InputFormat.upper(), self.InputSize, strict=True))
        channels = sizes.get("C", math.nan)
        return None if math.isnan(channels) else int(channels)

    def description(self) -> str:
        """For example ``NaN×NaN×3×NaN (SSCB)``."""
        sizes = ("NaN" if math.isnan(n) else str(n) for n in self.InputSize)
        return f"Input data of size {'×'.join(sizes)} and format '{self.InputFormat}'"
