"""Pooling layers: average, maximum, global, adaptive, and max unpooling.

Semantics: the documentation pages of the layers. Traps: **the default Stride is 1**, not PoolSize;
the output size is rounded down; padding never wins a maximum; ``PaddingValue`` 'mean' leaves the
padding out of averages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..data_format import require_format
from ..display import row_text, size_text
from ..errors import PropertyError, UnsupportedLayerError
from .base import Layer
from .edges import PaddedLayer, edge_property, edge_text
from .properties import (
    PerDimension,
    Property,
    as_tuple_of,
    either,
    flag,
    number,
    one_of,
    positive_integers,
    sizes,
)
from .sizes import Activation, Inputs, Outputs, windowed

if TYPE_CHECKING:
    from torch import nn

#: Formats by the number of dimensions that the window has. 1-D layers work over T where there is
#: no S, 2-D over S and T in "SCBT", 3-D over S, S and T in "SSCBT"; otherwise over every S.
FORMATS = {
    1: ("SCB", "CBT", "SCBT"),
    2: ("SSCB", "SSCBT", "SCBT"),
    3: ("SSSCB", "SSSCBT", "SSCBT"),
}


padding_value = either("must be 0 or 'mean'", number("0", lambda n: n == 0), "mean")


# --- windows ----------------------------------------------------------------------------


class PoolingLayer(PaddedLayer):
    """What all pooling layers with a window share; ``dims`` is the number of its dimensions."""

    _formats_for = FORMATS
    #: "max" or "average", as MATLAB's rows word it.
    kind: ClassVar[str]

    PoolSize = PerDimension(
        sizes, docs=("Width of the window.", "[h w].", "[h w d]."), read_only=True
    )
    Stride = PerDimension(
        sizes,
        1,
        ("Step of the window.", "[vertical horizontal].", "Step by dimension."),
        read_only=True,
    )
    PaddingMode = Property(one_of("manual", "same"), "manual", read_only=True, argument="Padding")
    PaddingSize = edge_property("Padding")

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        return cls(**cls._from_file(values, extra))

    def _validate(self) -> None:
        super()._validate()
        for pair, k in zip(self.padding or (), self.window, strict=False):
            # The 1-D pages allow a padding as large as the window.
            if max(pair) >= k + (self.dims == 1):
                raise PropertyError(
                    f"PaddingSize must be less than PoolSize; got {max(pair)} for a window of {k}.",
                    where=("PaddingSize",),
                )

    window, step = as_tuple_of("PoolSize"), as_tuple_of("Stride")

    def _sized(self, inputs: Inputs) -> Outputs:
        y = windowed(inputs[0], self.window, self.step, self.padding)
        # The indices have a place for every output; of the size only its shape counts.
        return [y, y, Activation(inputs[0].size[:2], "SS")]

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return self.window, self.step, self.padding

    def description(self) -> str:
        """For example ``2×2 max pooling with stride [2  2] and padding [0  0  0  0]``."""
        pads = "'same'" if self.PaddingMode == "same" else edge_text(self.PaddingSize)
        if self.dims == 1:
            return (
                f"{self.kind.capitalize()} pooling with pool size {self.window[0]}, "
                f"stride {self.step[0]}, and padding {pads}"
            )
        return (
            f"{size_text(self.window)} {self.kind} pooling "
            f"with stride {row_text(self.step)} and padding {pads}"
        )


class _Average(PoolingLayer, module="engine.pooling.AveragePooling"):
    """Adds ``PaddingValue``; files of releases before it mean 0."""

    kind = "average"

    PaddingValue = Property(padding_value, 0, read_only=True, doc="0 or 'mean'.")

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return (*super()._module_arguments(formats), self.PaddingValue == 0)


class _Max(PoolingLayer, module="engine.pooling.MaxPooling", multiply_adds=0):
    kind = "max"


class AveragePooling1DLayer(
    _Average, dims=1, type_text="1-D Average Pooling", example="3, Stride=2"
):
    """MATLAB's 1-D average pooling layer: over T ("CBT") or over S ("SCB", "SCBT")."""


class AveragePooling2DLayer(
    _Average,
    dims=2,
    type_text="2-D Average Pooling",
    stem="avgpool2d",
    versions="2",
    example="(2, 2), Stride=(2, 2)",
):
    """MATLAB's 2-D average pooling layer: H×W×C×N to H'×W'×C×N, torch N,C,H,W to N,C,H',W'."""


class AveragePooling3DLayer(
    _Average, dims=3, type_text="3-D Average Pooling", example="(2, 2, 2), Stride=(2, 2, 2)"
):
    """MATLAB's 3-D average pooling layer: H×W×D×C×N, torch N,C,H,W,D."""


class MaxPooling1DLayer(_Max, dims=1, type_text="1-D Max Pooling", example="3, Stride=2"):
    """MATLAB's 1-D max pooling layer: over T ("CBT") or over S ("SCB", "SCBT")."""


class _Unpoolable(_Max):
    """Max pooling that can have the outputs ``indices`` and ``size``."""

    _optional_outputs: ClassVar = {"HasUnpoolingOutputs": ("indices", "size")}

    HasUnpoolingOutputs = Property(flag, False, read_only=True, doc="Outputs for unpooling.")


class MaxPooling2DLayer(
    _Unpoolable,
    dims=2,
    type_text="2-D Max Pooling",
    stem="maxpool",
    versions="2, 3",
    example="(3, 3), Stride=(2, 2), Padding='same'",
):
    """MATLAB's 2-D max pooling layer: H×W×C×N to H'×W'×C×N, torch N,C,H,W to N,C,H',W'.

    With HasUnpoolingOutputs it has the outputs ``indices`` and ``size`` for a
    :class:`MaxUnpooling2DLayer`. They are recomputed in torch's encoding, not in MATLAB's: of
    ``size`` only the shape, H×W, means something.
    """

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input; with unpooling outputs "SSCB" only."""
        if not self.HasUnpoolingOutputs:
            return super().output_formats(formats)
        require_format(formats[0], ("SSCB",))
        return ("SSCB", "SSCB", "SS")

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from ..engine.pooling import MaxPoolingWithIndices

        if not self.HasUnpoolingOutputs:
            return super()._build(formats)
        return MaxPoolingWithIndices(*self._module_arguments(formats))


class MaxPooling3DLayer(
    _Unpoolable, dims=3, type_text="3-D Max Pooling", example="(2, 2, 2), Stride=(2, 2, 2)"
):
    """MATLAB's 3-D max pooling layer: H×W×D×C×N, torch N,C,H,W,D."""

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        if self.HasUnpoolingOutputs:
            raise UnsupportedLayerError(
                "HasUnpoolingOutputs of 3-D max pooling: no layer takes these outputs.",
                where=("HasUnpoolingOutputs",),
            )
        return super()._build(formats)


class MaxUnpooling2DLayer(
    Layer,
    type_text="2-D Max Unpooling",
    input_formats=("SSCB",),
    module="engine.pooling.MaxUnpooling",
    description="2-D max unpooling",
    multiply_adds=0,
    versions="1",
):
    """MATLAB's 2-D max unpooling layer: the inputs are ``in``, ``indices`` and ``size``.

    H'×W'×C×N back to the H×W×C×N of the pooling layer's input, zeros where nothing was largest.
    Where a window held its largest value twice, which place gets it is not documented; here it is
    the first by rows.
    """

    _input_names = ("in", "indices", "size")

    def _sized(self, inputs: Inputs) -> Outputs:
        return [inputs[0].starting(inputs[2].size[:2])]


# --- the whole image or sequence ----------------------------------------------------------


class _GlobalPooling(Layer, module="engine.pooling.GlobalPooling"):
    """What global pooling layers share: spatial dimensions stay with size 1, T goes."""

    # "SCBT" in two dimensions pools over S and T; with what labels it leaves is not documented.
    _formats_for: ClassVar = {**FORMATS, 2: ("SSCB", "SSCBT"), 3: ("SSSCB", "SSSCBT")}
    maximum = False

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input; "CB" for "CBT"."""
        (labels,) = super().output_formats(formats)
        return ("CB" if labels == "CBT" else labels,)

    def description(self) -> str:
        """For example ``2-D global average pooling``."""
        return self.type_text[:3] + self.type_text[3:].lower()

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        over_time = formats[0] == "CBT"
        dims = 1 if over_time else formats[0].count("S")
        return self.maximum, range(2, 2 + dims), not over_time

    def _sized(self, inputs: Inputs) -> Outputs:
        (x,) = inputs
        return [x.without("T") if x.labels == "CBT" else x.with_("S", 1)]


class GlobalAveragePooling1DLayer(_GlobalPooling, dims=1, type_text="1-D Global Average Pooling"):
    """MATLAB's 1-D global average pooling: over T ("CBT" to "CB"), or over S, which stays as 1."""


class GlobalAveragePooling2DLayer(
    _GlobalPooling, dims=2, type_text="2-D Global Average Pooling", versions="1"
):
    """MATLAB's 2-D global average pooling: H×W×C×N to 1×1×C×N, torch N,C,H,W to N,C,1,1."""


class GlobalAveragePooling3DLayer(_GlobalPooling, dims=3, type_text="3-D Global Average Pooling"):
    """MATLAB's 3-D global average pooling: H×W×D×C×N to 1×1×1×C×N."""


class _GlobalMax(_GlobalPooling, multiply_adds=0):
    maximum = True


class GlobalMaxPooling1DLayer(_GlobalMax, dims=1, type_text="1-D Global Max Pooling"):
    """MATLAB's 1-D global max pooling: over T ("CBT" to "CB"), or over S, which stays as 1."""


class GlobalMaxPooling2DLayer(_GlobalMax, dims=2, type_text="2-D Global Max Pooling"):
    """MATLAB's 2-D global max pooling: H×W×C×N to 1×1×C×N, torch N,C,H,W to N,C,1,1."""


class GlobalMaxPooling3DLayer(_GlobalMax, dims=3, type_text="3-D Global Max Pooling"):
    """MATLAB's 3-D global max pooling: H×W×D×C×N to 1×1×1×C×N."""


class AdaptiveAveragePooling2DLayer(
    Layer,
    type_text="2-D Adaptive Average Pooling",
    input_formats=("SSCB", "SSCBT"),
    module=("engine.pooling.AdaptiveAveragePooling", "OutputSize"),
    example="(7, 7)",
):
    """MATLAB's 2-D adaptive average pooling, where the image divides into equal blocks.

    Otherwise running it raises :class:`UnsupportedLayerError`: how MATLAB chooses unequal blocks
    is not documented.
    """

    OutputSize = Property(positive_integers(2), read_only=True, doc="[h w].")

    def _sized(self, inputs: Inputs) -> Outputs:
        return [inputs[0].starting(self.OutputSize)]
