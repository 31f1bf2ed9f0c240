"""Transposed convolution, the heart of the project.

Semantics: the documentation page of ``TransposedConvolution2DLayer``, and real files: a U-Net saved
by three MATLAB releases agrees with the ONNX file its weights came from (``docs/semantics.md``).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ..data_format import DataFormat, dlarray
from ..display import matlab_text, row_text, size_text
from ..errors import (
    DataFormatError,
    MatlabCompatWarning,
    MatlabDeprecationWarning,
    PropertyError,
    ReadOnlyPropertyError,
    UnsupportedLayerError,
    locating,
)
from .base import Fans, Layer
from .learnables import Layout, Learnable, as_vector, factor, initializer, restored
from .name_value import name_value_pairs
from .properties import (
    Property,
    auto_or_positive_integer,
    nonnegative_integers,
    one_of,
    optional,
    positive_integer,
    positive_integers,
)
from .registry import register

if TYPE_CHECKING:
    from torch import nn

    from ..engine.precision import DeviceLike, DTypeLike

Array = npt.NDArray[Any]

#: Input formats and the labels of the two dimensions that the filter moves over. The table in the
#: copy of the page that this project has is blank; these rows are those of MATLAB's other 2-D
#: convolution layers ("SCBT" and "SCT" since R2022a), the ones without B for dlnetwork only.
FORMATS = {
    "SSCB": "SS",
    "SSC": "SS",
    "SSCBT": "SS",
    "SSCT": "SS",
    "SCBT": "ST",
    "SCT": "ST",
}


def same_crop(filter_size: int, stride: int) -> tuple[int, int]:
    """What 'same' crops (before, after) in one dimension, so that out = in * stride.

    The total is ``filter - stride``; an odd one takes one more from the end (bottom, right).

    Raises
    ------
    PropertyError
        The filter is smaller than the stride: there is nothing to crop, and what MATLAB does
        then is not documented.
    """
    total = filter_size - stride
    if total < 0:
        raise PropertyError(
            f"Cropping 'same' needs FilterSize >= Stride in both dimensions; "
            f"got a filter of {filter_size} with a stride of {stride}.",
            where=("CroppingMode",),
            remedy="use a larger filter, a smaller stride, or a numeric Cropping.",
        )
    return total // 2, total - total // 2


@register("nnet.cnn.layer.TransposedConvolution2DLayer")
class TransposedConvolution2DLayer(Layer):
    """MATLAB's transposed 2-D convolution layer.

    Made by :func:`transposedConv2dLayer`. Every property has MATLAB's name, default and rule;
    sizes are ``[h w]``, crops ``[t b l r]``.

    Shape
    -----
    MATLAB H×W×C×N to H'×W'×F×N; torch N,C,H,W to N,F,H',W', with
    ``H' = (H - 1) * Stride(1) + FilterSize(1) - top - bottom`` and W' likewise.
    For example 8×8×16×1 with ``transposedConv2dLayer(3, 4, Stride=2, Cropping="same")``
    gives 16×16×4×1.

    Notes
    -----
    ``Weights`` is h×w×NumFilters×NumChannels (a convolution's is the other way round), applied
    without a flip: ``Y(i*s+p, j*s+q, f) += W(p, q, f, c) * X(i, j, c)``, then the crop, then the
    bias. Source: the documentation page's "equivalent to the backward function of a standard
    convolution layer"; settled by real files.
    """

    matlab_class: ClassVar[str] = "nnet.cnn.layer.TransposedConvolution2DLayer"
    constructor: ClassVar[str] = "transposedConv2dLayer"
    arguments: ClassVar[tuple[str, ...]] = ("FilterSize", "NumFilters")
    type_text: ClassVar[str] = "2-D Transposed Convolution"

    FilterSize = Property(positive_integers(2), read_only=True, doc="Filter height and width.")
    NumChannels = Property(auto_or_positive_integer, "auto", read_only=True, doc="Input channels.")
    NumFilters = Property(positive_integer, read_only=True, doc="Output channels.")
    Stride = Property(positive_integers(2), (1, 1), read_only=True, doc="[vertical horizontal].")
    CroppingMode = Property(one_of("manual", "same"), "manual", read_only=True, argument="Cropping")
    CroppingSize = Property(
        optional(nonnegative_integers(4)),
        (0, 0, 0, 0),
        read_only=True,
        argument="Cropping",
        doc="[t b l r].",
    )
    Weights = Learnable("Weight", Layout("weight", (3, 2, 0, 1)))
    Bias = Learnable("Bias", Layout("bias"))
    WeightsInitializer = initializer("glorot", "glorot", "he", "narrow-normal", "zeros", "ones")
    BiasInitializer = initializer("zeros", "zeros", "narrow-normal", "ones")
    WeightLearnRateFactor = factor(1)
    BiasLearnRateFactor = factor(1)
    WeightL2Factor = factor(1)
    BiasL2Factor = factor(0)

    # --- validation ---------------------------------------------------------------------

    def _validate(self) -> None:
        self._check_cropping()
        self._check_weights()
        self._check_bias()

    def _check_cropping(self) -> None:
        values = self._values
        if self.CroppingMode == "same":
            pairs = zip(self.FilterSize, self.Stride, strict=True)
            values["CroppingSize"] = tuple(n for k, s in pairs for n in same_crop(k, s))
        elif values["CroppingSize"] is None:
            values["CroppingSize"] = (0, 0, 0, 0)

    def _check_weights(self) -> None:
        weights = self.Weights
        if weights.size == 0:
            return
        channels = self.NumChannels if isinstance(self.NumChannels, int) else None
        full = restored(weights, (*self.FilterSize, self.NumFilters, channels))
        if full is None:
            raise PropertyError(
                f"Weights is {size_text(weights.shape)}, but {self._sizes_said()} "
                f"need {size_text(self.FilterSize)}×{self.NumFilters}×"
                f"{channels or 'NumChannels'}.{self._exchanged_hint(weights, channels)}",
                where=("Weights",),
                remedy="give Weights as FilterSize(1) x FilterSize(2) x NumFilters x NumChannels.",
            )
        self._values["Weights"] = full
        self._values["NumChannels"] = full.shape[3]

    def _sizes_said(self) -> str:
        return (
            f"FilterSize {matlab_text(self.FilterSize)}, NumFilters {self.NumFilters} and "
            f"NumChannels {self.NumChannels}"
        )

    def _exchanged_hint(self, weights: Array, channels: int | None) -> str:
        """A convolution's order h×w×C×F is the likeliest mistake."""
        exchanged = weights.ndim == 4 and weights.shape == (
            *self.FilterSize,
            channels or weights.shape[2],
            self.NumFilters,
        )
        return " The last two dimensions look exchanged." if exchanged else ""

    def _check_bias(self) -> None:
        bias = self.Bias
        if bias.size == 0:
            return
        full = as_vector(bias, (1, 1, self.NumFilters))
        if full is None:
            raise PropertyError(
                f"Bias is {size_text(bias.shape)}, but NumFilters {self.NumFilters} "
                f"needs 1×1×{self.NumFilters}.",
                where=("Bias",),
            )
        self._values["Bias"] = full

    # --- the deprecated property --------------------------------------------------------

    @property
    def Cropping(self) -> tuple[int, int]:
        """Deprecated in MATLAB since R2019a: ``[a b]``; use :attr:`CroppingSize`.

        Raises
        ------
        PropertyError
            The crop is asymmetric, which two numbers cannot say.
        """
        self._warn_of_cropping()
        top, bottom, left, right = self.CroppingSize or (0, 0, 0, 0)
        if (top, left) != (bottom, right):
            raise PropertyError(
                f"Cropping cannot express the asymmetric CroppingSize "
                f"{matlab_text(self.CroppingSize)}.",
                where=(self.label, "Cropping"),
                remedy="read CroppingSize.",
            )
        return top, left

    @Cropping.setter
    def Cropping(self, value: object) -> None:
        raise ReadOnlyPropertyError(
            "Cropping is read-only: it is chosen when the layer is created.",
            where=(self.label, "Cropping"),
            remedy=f"make a new layer: {self.constructor}(..., Cropping=...).",
        )

    def _warn_of_cropping(self) -> None:
        if not self.__dict__.get("_warned_of_cropping"):
            self._warned_of_cropping = True
            warnings.warn(
                f"{self.label}: the property Cropping will be removed from MATLAB; "
                "use CroppingSize instead.",
                MatlabDeprecationWarning,
                stacklevel=3,
            )

    # --- files --------------------------------------------------------------------------

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        offset = np.asarray(extra.get("OutputSizeOffset", 0))
        if offset.dtype.kind in "biuf" and np.any(offset != 0):
            raise UnsupportedLayerError(
                f"OutputSizeOffset is {offset.ravel().tolist()}; what it does is not documented.",
                where=("OutputSizeOffset",),
            )
        legacy = next((v for name, v in extra.items() if name.lower() == "cropping"), None)
        saved_size = values.get("CroppingSize")
        if legacy is not None:
            _merge_legacy_cropping(legacy, values)
        layer = cls(**_with_inferred_sizes(values))
        if legacy is not None:
            layer._warn_of_cropping()
        _warn_if_same_disagrees(layer, saved_size)
        return layer

    # --- torch --------------------------------------------------------------------------

    @property
    def crop(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((top, bottom), (left, right)): CroppingSize by dimension."""
        top, bottom, left, right = self.CroppingSize or (0, 0, 0, 0)
        return (top, bottom), (left, right)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input; see :data:`FORMATS`."""
        if formats[0] not in FORMATS:
            raise DataFormatError(
                f"The layer does not take the format '{formats[0]}'.",
                remedy=f"give data labelled as one of {', '.join(FORMATS)}; reshape vectors "
                "('CB') to images first, for example X.reshape(1, 1, C, N).",
            )
        return (formats[0],)

    def input_channels(self) -> int | None:
        """NumChannels, where it is known."""
        return self.NumChannels if isinstance(self.NumChannels, int) else None

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from ..engine.transposed_convolution import CroppedConvTranspose

        channels = self.Weights.shape[3] if self.Weights.size else 0
        return CroppedConvTranspose(
            channels, self.NumFilters, self.FilterSize, self.Stride, self.crop
        )

    def parameter_value(self, name: str) -> Array:
        """A learnable as the network runs it: an absent bias beside weights is zero."""
        if name == "Bias" and self.Bias.size == 0 and self.BiasInitializer == "zeros":
            return np.zeros((1, 1, self.NumFilters), self.Weights.dtype)
        return super().parameter_value(name)

    def predict(
        self,
        X: object,
        data_format: str | Sequence[str] | None = None,
        *,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        allow_tf32: bool = False,
    ) -> Any:
        """The layer's output for an array in MATLAB order, H×W×C×N to H'×W'×F×N.

        As for every layer (see :meth:`Layer.predict`), but column-major arrays enter and leave
        torch without a copy. ``data_format`` is "SSCB" if not given; the labels may come in any
        order. In SSCB, SSC, SSCBT and SSCT the filter moves over both S, in SCBT and SCT over
        S and T.

        Raises
        ------
        DataFormatError
            An unlabelled or unsupported format, a wrong number of channels, or a crop that
            leaves nothing.
        PropertyError
            The layer has no weights.
        """
        if isinstance(X, dlarray | tuple) or not isinstance(data_format, str | None):
            options = {"device": device, "dtype": dtype, "allow_tf32": allow_tf32}
            return super().predict(X, data_format, **options)  # type: ignore[arg-type]
        from ..engine.arrays import as_data, map_spatial
        from ..engine.run import check_channels

        with locating(self.label):
            form = DataFormat.parse(self.default_format if data_format is None else data_format)
            self.output_formats([form.canonical])
            data = as_data(X)
            check_channels(self, form.expanded(data).shape, form.labels)

            def run(folded: Array) -> Array:
                return self._run(folded, device, dtype, allow_tf32)

            return map_spatial(data, form, FORMATS[form.canonical], run)

    def _run(
        self, X: Array, device: DeviceLike | None, dtype: DTypeLike | None, allow_tf32: bool
    ) -> Array:
        """The engine on H×W×C×N.

        Reversed, a column-major array is a row-major N×C×W×H one and the filter a C×F×w×h one:
        with the two spatial dimensions exchanged throughout, nothing has to be moved.
        """
        import torch

        from ..engine.arrays import array, tensor
        from ..engine.precision import full_precision
        from ..engine.transposed_convolution import transposed_convolution

        x = tensor(X.T, device, dtype)
        weight = tensor(self.parameter_value("Weights").T, device, dtype)
        bias = tensor(self.parameter_value("Bias").ravel(order="F"), device, dtype)
        with torch.inference_mode(), full_precision(allow_tf32):
            y = transposed_convolution(x, weight, bias, self.Stride[::-1], self.crop[::-1])
        return np.asfortranarray(array(y).T)  # a copy only where a crop was sliced off

    # --- training -----------------------------------------------------------------------

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """``numIn = h*w*NumChannels`` and ``numOut = h*w*NumFilters``, as the page defines them."""
        area = self.FilterSize[0] * self.FilterSize[1]
        fans = (area * channels, area * self.NumFilters)
        size = (*self.FilterSize, self.NumFilters, channels)
        return {"Weights": (size, fans), "Bias": ((1, 1, self.NumFilters), fans)}

    def description(self) -> str:
        """For example ``64 3×3×128 transposed convolutions with stride [2  2] and ...``."""
        channels = (self.NumChannels,) if isinstance(self.NumChannels, int) else ()
        size = size_text((*self.FilterSize, *channels))
        crop = "'same'" if self.CroppingMode == "same" else row_text(self.CroppingSize or ())
        return (
            f"{self.NumFilters} {size} transposed convolutions "
            f"with stride {row_text(self.Stride)} and cropping {crop}"
        )

    def _constructor_options(self) -> dict[str, object]:
        options = super()._constructor_options()
        mode, size = options.pop("CroppingMode"), options.pop("CroppingSize")
        options["Cropping"] = "same" if mode == "same" else size
        return options

    def _constructor_defaults(self) -> dict[str, object]:
        return {**super()._constructor_defaults(), "Cropping": (0, 0, 0, 0)}


def transposedConv2dLayer(
    filterSize: object, numFilters: object, *pairs: object, **options: object
) -> TransposedConvolution2DLayer:
    """Create a transposed 2-D convolution layer, as MATLAB's function of that name.

    ``transposedConv2dLayer(11, 96, Stride=4)`` or, as in older code,
    ``transposedConv2dLayer(11, 96, "Stride", 4)``; names match without regard to case.

    Parameters
    ----------
    filterSize, numFilters:
        ``[h w]`` or a scalar for both; the number of output channels.
    Stride:
        ``[a b]`` or a scalar; default 1.
    Cropping:
        'same', or a number, ``[a b]`` (top and bottom, left and right) or ``[t b l r]``; default 0.
    NumChannels, WeightsInitializer, BiasInitializer, Weights, Bias, WeightLearnRateFactor, \
BiasLearnRateFactor, WeightL2Factor, BiasL2Factor, Name:
        As the properties of the layer.

    Raises
    ------
    PropertyError
        An unknown name, or a value that MATLAB would refuse.
    """
    names = set(TransposedConvolution2DLayer.properties) - {
        "FilterSize",
        "NumFilters",
        "CroppingMode",
        "CroppingSize",
    }
    values = name_value_pairs("transposedConv2dLayer", {*names, "Cropping"}, pairs, options)
    cropping = values.pop("Cropping", 0)
    return TransposedConvolution2DLayer(
        FilterSize=filterSize, NumFilters=numFilters, **cropping_properties(cropping), **values
    )


def cropping_properties(cropping: object) -> dict[str, object]:
    """The argument ``Cropping`` as CroppingMode and CroppingSize ``[t b l r]``."""
    if isinstance(cropping, str):
        if cropping.lower() != "same":
            raise _cropping_error(cropping)
        return {"CroppingMode": "same"}
    for count, expand in ((1, (0, 0, 0, 0)), (2, (0, 0, 1, 1)), (4, (0, 1, 2, 3))):
        if np.size(np.asarray(cropping, dtype=object)) == count:
            try:
                numbers = nonnegative_integers(count)(cropping)
            except ValueError:
                break
            return {"CroppingMode": "manual", "CroppingSize": [numbers[i] for i in expand]}
    raise _cropping_error(cropping)


def _cropping_error(cropping: object) -> PropertyError:
    return PropertyError(
        "Cropping must be 'same' or nonnegative integers: a scalar, [a b] or [t b l r]; "
        f"got {cropping!r}.",
        where=("Cropping",),
    )


def _merge_legacy_cropping(legacy: object, values: dict[str, object]) -> None:
    """Use a file's deprecated ``Cropping`` where it has no CroppingSize; they must agree."""
    said = cropping_properties(legacy)
    if "CroppingSize" not in values:
        values.update(said)
        return
    size = nonnegative_integers(4)(values["CroppingSize"])
    mode = str(values.get("CroppingMode", "manual")).lower()
    if mode == "manual" and list(size) != said.get("CroppingSize"):
        raise PropertyError(
            f"Cropping {matlab_text(legacy)} and CroppingSize {matlab_text(size)} contradict "
            "each other.",
            where=("CroppingSize",),
            remedy="save CroppingSize alone: it is the property that MATLAB uses.",
        )


def _with_inferred_sizes(values: dict[str, object]) -> dict[str, object]:
    """Sizes that a bare export leaves out, from the shape of Weights."""
    weights = values.get("Weights")
    if not isinstance(weights, np.ndarray) or weights.size == 0:
        return values
    shape = weights.shape + (1,) * (4 - weights.ndim)
    inferred: dict[str, object] = {"FilterSize": shape[:2], "NumFilters": shape[2]}
    return {**inferred, **values}


def _warn_if_same_disagrees(layer: TransposedConvolution2DLayer, saved_size: object) -> None:
    saved = np.asarray(saved_size if saved_size is not None else ())
    if layer.CroppingMode == "same" and saved.size and tuple(saved.ravel()) != layer.CroppingSize:
        warnings.warn(
            f"{layer.label}: CroppingMode is 'same' but the saved CroppingSize "
            f"{saved.ravel().tolist()} is not the rule's {list(layer.CroppingSize or ())}; "
            "the rule is used. Please report this file.",
            MatlabCompatWarning,
            stacklevel=3,
        )
