"""Layers of MatConvNet that compute otherwise than MATLAB's, or that MATLAB does not have.

What the two have in common is MATLAB's: ``converters`` reads a 'conv' as a Convolution2DLayer. All
take images, "SSCB". Semantics: MatConvNet's help texts and code; see
:mod:`matlab_compat.engine.matconvnet`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array, restored
from ..display import size_text
from ..errors import PropertyError
from .base import Layer
from .filters import Size
from .learnables import Layout, Learnable, State, factor
from .normalization import CrossChannelNormalizationLayer
from .properties import (
    Property,
    flag,
    nonnegative_scalar,
    one_of,
    positive_integer,
    positive_integers,
    positive_scalar,
    real_scalar,
)
from .transposed_convolution import TransposedConvolutionLayer


class _OfMatConvNet(Layer):
    def __init_subclass__(cls, *, saved_as: str, stem: str = "", **keywords: Any) -> None:
        stem = stem or saved_as.removeprefix("matconvnet.")
        super().__init_subclass__(saved_as=saved_as, stem=stem, input_formats=("SSCB",), **keywords)


class MatConvNetBatchNormLayer(
    _OfMatConvNet,
    saved_as="matconvnet.bnorm",
    type_text="MatConvNet Batch Normalization",
    description="Batch normalization with {Scale.size} channels",
    module=("engine.matconvnet.DeviationNorm", "Epsilon", "MomentsRate"),
):
    """``Y = Scale .* (X - mean) ./ deviation + Offset`` for each channel.

    ``Moments`` is C×2, mean and **standard deviation**: epsilon is in it already (MATLAB's
    TrainedVariance is the variance, to which Epsilon is added). In ``train()`` both are the
    batch's, ``sqrt(variance + Epsilon)``, and move Moments by ``MomentsRate``.
    """

    Epsilon = Property(positive_scalar, 1e-4, doc="For training.")
    MomentsRate = Property(nonnegative_scalar, 0.1, doc="For training.")
    Scale = Learnable("Scale", Layout("weight"))
    Offset = Learnable("Offset", Layout("bias"))
    Moments = State(Layout("moments", "C k -> k C"))
    ScaleLearnRateFactor, OffsetLearnRateFactor = factor(1), factor(1)
    ScaleL2Factor, OffsetL2Factor = factor(1), factor(1)

    def _validate(self) -> None:
        channels = self.Scale.size
        for name, size in {"Scale": (channels, 1), "Offset": (channels, 1)}.items():
            value = self._values[name]
            if value.size != channels or value.size != max(value.shape, default=0):
                raise _wrong_size(name, value, size)
        if channels and self.Moments.shape != (channels, 2):
            raise _wrong_size("Moments", self.Moments, (channels, 2))

    def input_channels(self) -> int | None:
        """As many as there are scales."""
        return self.Scale.size or None

    def _needed_parameters(self) -> Sequence[str]:
        return ("Scale", "Offset", "Moments")

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return (self.parameter_value("Scale").size,)


def _wrong_size(name: str, value: Array, needed: Sequence[object]) -> PropertyError:
    return PropertyError(
        f"{name} is {size_text(value.shape)}, not {'×'.join(map(str, needed))}.", where=(name,)
    )


class MatConvNetConvTransposeLayer(
    TransposedConvolutionLayer,
    saved_as="matconvnet.convt",
    dims=2,
    type_text="MatConvNet Transposed Convolution in Groups",
    stem="convt",
    module="engine.matconvnet.GroupedConvTranspose",
):
    """A transposed convolution in groups: each group of channels has filters of its own.

    ``Weights`` is h×w×NumFilters×NumChannels: group g takes the g-th NumChannels/NumGroups of the
    channels, and gives NumFilters of the NumFilters*NumGroups of the output. With one group it is
    MATLAB's transposed convolution, as which it is read.
    """

    NumGroups = Property(positive_integer, 1, read_only=True)

    def _validate(self) -> None:
        super()._validate()
        channels = self.input_channels()
        if channels and channels % self.NumGroups:
            raise PropertyError(
                f"{channels} channels cannot be divided into {self.NumGroups} groups.",
                where=("NumGroups",),
            )

    def _bias_size(self) -> Size:
        return (1, 1, self.NumFilters * self.NumGroups)

    def _outputs_said(self) -> str:
        return f"NumFilters {self.NumFilters} and NumGroups {self.NumGroups}"

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return self._torch_size(), self.stride, self.crop, self.NumGroups

    def description(self) -> str:
        """For example ``2 groups of 64 3×3×8 transposed convolutions with stride ...``."""
        return f"{self.NumGroups} groups of {super().description()}"


class MatConvNetLRNLayer(
    CrossChannelNormalizationLayer,
    saved_as="matconvnet.lrn",
    type_text="MatConvNet Local Response Normalization",
    stem="lrn",
    module="engine.normalization.CrossChannelNorm",
):
    """``Y = X ./ (K + Alpha*ss).^Beta``: **Alpha is not divided by the window**, as MATLAB's is.

    Any real numbers, where MATLAB's layer has limits: within them the saved one is read as
    MATLAB's.
    """

    Alpha = Property(real_scalar, 0.0001 / 5)
    Beta = Property(real_scalar, 0.75)
    K = Property(real_scalar, 1)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        window = self.WindowChannelSize
        return window, self.Alpha * window, self.Beta, self.K


class MatConvNetScaleLayer(
    _OfMatConvNet,
    saved_as="matconvnet.scale",
    type_text="MatConvNet Scale",
    module="engine.matconvnet.Scaling",
):
    """``Y = X .* Scale + Offset``, each 1×1×C, H×W×C or what expands to it; no Offset is 0.

    Where the scale is a second input, it is read as MATLAB's multiplication, and a bias after it as
    this layer with a Scale of 1.
    """

    Scale = Learnable("Scale", Layout("weight", "h w C -> C h w"))
    Offset = Learnable("Offset", Layout("bias", "h w C -> C h w"))
    ScaleLearnRateFactor, OffsetLearnRateFactor = factor(1), factor(1)
    ScaleL2Factor, OffsetL2Factor = factor(1), factor(1)

    def _validate(self) -> None:
        for name in self.parameters():
            value = self._values[name]
            full = restored(value, (None, None, None)) if value.size else value
            if full is None:
                raise _wrong_size(name, value, ("H", "W", "C"))
            self._values[name] = full

    def _needed_parameters(self) -> Sequence[str]:
        return ("Scale",)

    def parameter_value(self, name: str) -> Array:
        """A learnable as it is run: an absent Offset is zero."""
        if name == "Offset" and self.Offset.size == 0:
            return np.zeros((1, 1, 1), self.Scale.dtype)
        return super().parameter_value(name)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        state = self.torch_state()
        return state["weight"].shape, state["bias"].shape

    def description(self) -> str:
        """For example ``Scale of 1×1×64``."""
        return f"Scale of {size_text(self.Scale.shape)}"


class MatConvNetNormOffsetLayer(
    _OfMatConvNet,
    saved_as="matconvnet.noffset",
    type_text="MatConvNet Norm Offset",
    module=("engine.matconvnet.NormOffset", "Alpha", "Beta"),
):
    """``Y = X - Alpha * ss.^Beta``, where ss is the sum of squares over the channels."""

    Alpha = Property(real_scalar)
    Beta = Property(real_scalar)


class MatConvNetSpatialNormLayer(
    _OfMatConvNet,
    saved_as="matconvnet.spnorm",
    type_text="MatConvNet Spatial Normalization",
    module=("engine.matconvnet.SpatialNorm", "WindowSize", "Alpha", "Beta"),
):
    """``Y = X ./ (1 + Alpha * m).^Beta``, m the mean of squares over a window of each channel.

    The window has ``floor((w-1)/2)`` elements before and the rest after; those outside of the image
    are not counted.
    """

    WindowSize = Property(positive_integers(2), doc="[h w].")
    Alpha = Property(real_scalar, 1)
    Beta = Property(real_scalar, 0.5)


class MatConvNetROIPoolingLayer(
    _OfMatConvNet,
    saved_as="matconvnet.roipooling",
    stem="roipool",
    type_text="MatConvNet ROI Pooling",
    module=("engine.matconvnet.ROIPooling", "OutputSize", "Transform", "Method", "Flatten"),
    description="{Method} pooling of regions",
):
    """The regions of a second input, each pooled to ``OutputSize`` bins.

    ``in`` is H×W×C×N, ``rois`` 5×R (or 1×1×5×R): the image, then the corners u0, v0, u1, v1, all
    counted from 1, of every region. They are scaled to ``Transform * (u - 1) + 1``. The output is
    h×w×C×R, with ``Flatten`` 1×1×(h*w*C)×R.
    """

    _input_names = ("in", "rois")

    OutputSize = Property(positive_integers(2), (1, 1), doc="[h w].")
    Method = Property(one_of("max", "avg"), "max")
    Transform = Property(real_scalar, 1, doc="The factor from the image to the map.")
    Flatten = Property(flag, True)
