"""Transposed convolution, the heart of the project.

Semantics: the documentation page of ``TransposedConvolution2DLayer``, and real files: a U-Net saved
by three MATLAB releases agrees with the ONNX file its weights came from (``docs/semantics.md``).
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arrays import Array
from ..data_format import DataFormat, dlarray
from ..display import matlab_text
from ..errors import DataFormatError, MatlabDeprecationWarning, PropertyError, ReadOnlyPropertyError
from ..execution.described import RunOptions
from ..plain_text import plain_text
from .edges import (
    EdgesLayer,
    edge_pairs,
    edge_property,
    edge_text,
    edges_of,
)
from .filters import FORMATS, AllChannelsLayer, sizes_text
from .learnables import Layout, Learnable
from .properties import Property, one_of
from .saved_fields import neutral, used
from .sizes import Activation, Inputs, Outputs, moved

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike


def same_crop(filter_size: int, stride: int) -> tuple[int, int]:
    """What 'same' crops (before, after) in one dimension, so that out = in * stride.

    The total is ``filter - stride``; an odd one takes one more from the end (bottom, right).

    Raises ``PropertyError``: the filter is smaller than the stride: there is nothing to crop, and
    what MATLAB does then is not documented.
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


class TransposedConvolutionLayer(
    EdgesLayer,
    AllChannelsLayer,
    saved_fields={"OutputSizeOffset": neutral(0, why="what it does is not documented")},
    module="engine.transposed_convolution.CroppedConvTranspose",
):
    """What the transposed convolutions in one, two and three dimensions share.

    ``Weights`` is filter size×NumFilters×NumChannels (a convolution's is the other way round),
    applied without a flip: ``Y(i*s+p, f) += W(p, f, c) * X(i, c)``, then the crop, then the bias.
    """

    edges = "Cropping"
    weights_order = ("NumFilters", "NumChannels")

    Weights = Learnable("Weight", Layout("weight", "... F C -> C F ..."))

    CroppingMode = Property(one_of("manual", "same"), "manual", read_only=True, argument="Cropping")
    CroppingSize = edge_property("Cropping")

    @property
    def crop(self) -> tuple[tuple[int, int], ...]:
        """((top, bottom), (left, right)): CroppingSize by dimension."""
        return edge_pairs(self.CroppingSize, self.dims)

    def _validate(self) -> None:
        if self.CroppingMode == "same":
            crop = tuple(map(same_crop, self.filter_size, self.stride))
            self._values["CroppingSize"] = edges_of(crop)
        elif self.CroppingSize is None:
            self._values["CroppingSize"] = edges_of(((0, 0),) * self.dims)
        super()._validate()

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        layer = cls(**cls._with_inferred_sizes(cls._from_file(values, extra)))
        layer._warn_if_same_disagrees(values.get("CroppingSize"))
        return layer

    def _same_edges(self) -> tuple[tuple[int, int], ...]:
        return self.crop

    def _sized(self, inputs: Inputs) -> Outputs:
        (x,) = inputs
        size = list(x.size)
        for i, axis in enumerate(moved(x.labels, self.dims)):
            whole = (size[axis] - 1) * self.stride[i] + self.filter_size[i]
            size[axis] = whole - sum(self.crop[i])
            if size[axis] < 1:
                raise DataFormatError(f"It crops {sum(self.crop[i])} of {whole} elements.")
        return [x.starting(size).with_("C", self._output_channels(x.of("C")))]

    def _places(self, x: Activation, y: Activation) -> int:
        return x.of("SBT")

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        channels = self.input_channels() or 0
        return channels, self.NumFilters, self.filter_size, self.stride, self.crop

    def description(self) -> str:
        """For example ``64 3×3×128 transposed convolutions with stride [2  2] and ...``."""
        crop = "'same'" if self.CroppingMode == "same" else edge_text(self.CroppingSize)
        return (
            f"{self._filters_text()} transposed convolutions "
            f"with stride {sizes_text(self.Stride)} and cropping {crop}"
        )


class TransposedConvolution2DLayer(
    TransposedConvolutionLayer,
    constructor="transposedConv2dLayer",
    dims=2,
    type_text="2-D Transposed Convolution",
    stem="transposed-conv",
    versions="2",
    saved_fields={
        "Cropping": used("the property of releases before R2019a, where CroppingSize is missing")
    },
    example="(3, 3), 4, Stride=(2, 2), Cropping='same'",
):
    """MATLAB's transposed 2-D convolution layer.

    Every property has MATLAB's name, default and rule;
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

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        layer = super()._from_values(values, extra)
        if "cropping" in map(str.lower, extra):
            layer._warn_of_cropping()
        return layer

    def _predicted(self, X: object, how: RunOptions) -> Any:
        """Column-major arrays enter torch without a copy, and what it computes leaves it so."""
        data_format = plain_text(how.data_format)
        labelled = isinstance(X, dlarray | tuple) or not isinstance(data_format, str | None)
        if labelled or how.inside is not None:
            return super()._predicted(X, how)
        from ..engine.arrays import as_data, map_spatial
        from ..execution.layer import check_channels

        self._refuse_unread()
        form = DataFormat.parse(self.default_format if data_format is None else data_format)
        self.output_formats([form.canonical])
        data = as_data(X)
        check_channels(self, form.expanded(data).shape, form.labels)

        def run(folded: Array) -> Array:
            return self._run(folded, how.device, how.dtype, how.allow_tf32)

        return map_spatial(data, form, FORMATS[2][form.canonical], run)

    def rounding_scale(self, X: object, data_format: str) -> Array:
        """``|W| * |x| + |b|``, in double."""
        from ..engine.arrays import as_data

        data = np.asarray(X) if isinstance(X, dlarray) else as_data(X)
        absolute = copy.deepcopy(self)
        absolute.assign({name: np.abs(self.values[name]) for name in self.parameters()})
        size = np.abs(data.astype(np.float64))
        result: Array = absolute.predict(size, data_format, dtype="double")
        return result

    def _run(
        self, X: Array, device: DeviceLike | None, dtype: DTypeLike | None, allow_tf32: bool
    ) -> Array:
        """The engine on H×W×C×N.

        Reversed, a column-major array is a row-major N×C×W×H one and the filter a C×F×w×h one:
        with the two spatial dimensions exchanged throughout, nothing has to be moved.
        """
        import torch

        from ..engine.arrays import array, tensor
        from ..engine.fast.live import Arranged
        from ..engine.precision import full_precision
        from ..engine.transposed_convolution import output_size, transposed_convolution
        from ..execution.sizes import check_size

        uncropped = output_size(X.shape[:2], self.FilterSize, self.Stride, ((0, 0), (0, 0)))
        check_size((X.shape[3], self.NumFilters, *uncropped))
        x = tensor(X.T, device, dtype)
        weight = tensor(self.parameter_value("Weights").T, device, dtype)
        bias = tensor(self.parameter_value("Bias").ravel(order="F"), device, dtype)
        with torch.inference_mode(), full_precision(allow_tf32):
            arranged = self.__dict__.setdefault("_arranged", Arranged())
            how = (self.Stride[::-1], self.crop[::-1])
            y = transposed_convolution(x, weight, bias, *how, arranged=arranged)
        return array(y).T


class TransposedConvolution1DLayer(
    TransposedConvolutionLayer,
    constructor="transposedConv1dLayer",
    dims=1,
    type_text="1-D Transposed Convolution",
    example="4, 16, Stride=2",
):
    """MATLAB's transposed 1-D convolution layer, over time ("CBT") or space ("SCB").

    ``Weights`` is FilterSize×NumFilters×NumChannels,
    ``Bias`` 1×NumFilters, ``CroppingSize`` ``[l r]``.

    Shape: MATLAB C×N×T to F×N×T', S×C×N to S'×F×N; torch N,C,T to N,F,T'.
    """


class TransposedConvolution3DLayer(
    TransposedConvolutionLayer,
    constructor="transposedConv3dLayer",
    dims=3,
    type_text="3-D Transposed Convolution",
    example="(2, 2, 2), 8, Stride=(2, 2, 2)",
):
    """MATLAB's transposed 3-D convolution layer.

    ``Weights`` is h×w×d×NumFilters×NumChannels, ``Bias``
    1×1×1×NumFilters, ``CroppingSize`` ``[t l f; b r k]``, here a tuple of its two rows.

    Shape: MATLAB H×W×D×C×N to H'×W'×D'×F×N; torch N,C,H,W,D to N,F,H',W',D'.
    """
