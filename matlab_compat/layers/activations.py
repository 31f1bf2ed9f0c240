"""Activation layers, and the element-wise layers of the Reinforcement Learning Toolbox.

Semantics: the documentation pages of the layers. Traps: softmax is over the channels, not over the
last dimension; a user's own class ``preluLayer`` or ``eluLayer`` is another thing than MATLAB's
``nnet.cnn.layer.PReLULayer``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..data_format import torch_axes
from ..display import size_text
from ..errors import DataFormatError, PropertyError
from .base import Fans, Layer
from .constructors import construct
from .learnables import Layout, Learnable, factor, initializer
from .normalization import need_channels
from .properties import (
    Property,
    auto_or_positive_integer,
    one_of,
    parameter_array,
    positive_scalar,
    real_scalar,
)
from .registry import register
from .saved_fields import SavedField, neutral, no_effect

if TYPE_CHECKING:
    from torch import nn

Array = npt.NDArray[Any]


@register("nnet.cnn.layer.ReLULayer")
class ReLULayer(Layer):
    """MATLAB's ReLU layer, ``max(x, 0)``, on data of any format."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.ReLULayer"
    constructor: ClassVar[str] = "reluLayer"
    type_text: ClassVar[str] = "ReLU"

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.ReLU()


def reluLayer(*pairs: object, **options: object) -> ReLULayer:
    """Create a ReLU layer."""
    return construct(ReLULayer, (), pairs, options)


@register("nnet.cnn.layer.LeakyReLULayer")
class LeakyReLULayer(Layer):
    """MATLAB's leaky ReLU layer: ``x`` where positive, ``Scale*x`` elsewhere."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.LeakyReLULayer"
    constructor: ClassVar[str] = "leakyReluLayer"
    arguments: ClassVar[tuple[str, ...]] = ("Scale",)
    type_text: ClassVar[str] = "Leaky ReLU"

    Scale = Property(real_scalar, 0.01)

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.LeakyReLU(self.Scale)

    def description(self) -> str:
        """For example ``Leaky ReLU with scale 0.01``."""
        return f"Leaky ReLU with scale {self.Scale:g}"


def leakyReluLayer(*arguments: object, **options: object) -> LeakyReLULayer:
    """Create a leaky ReLU layer: ``leakyReluLayer(0.3)``; the scale is 0.01 if not given."""
    given = len(arguments) % 2
    return construct(LeakyReLULayer, arguments[:given] or (0.01,), arguments[given:], options)


@register("nnet.cnn.layer.ClippedReLULayer")
class ClippedReLULayer(Layer):
    """MATLAB's clipped ReLU layer: ``min(max(x, 0), Ceiling)``."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.ClippedReLULayer"
    constructor: ClassVar[str] = "clippedReluLayer"
    arguments: ClassVar[tuple[str, ...]] = ("Ceiling",)
    type_text: ClassVar[str] = "Clipped ReLU"

    Ceiling = Property(positive_scalar)

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.Hardtanh(0.0, self.Ceiling)

    def description(self) -> str:
        """For example ``Clipped ReLU with ceiling 10``."""
        return f"Clipped ReLU with ceiling {self.Ceiling:g}"


def clippedReluLayer(ceiling: object, *pairs: object, **options: object) -> ClippedReLULayer:
    """Create a clipped ReLU layer: ``clippedReluLayer(10)``."""
    return construct(ClippedReLULayer, (ceiling,), pairs, options)


@register("nnet.cnn.layer.ELULayer")
class ELULayer(Layer):
    """MATLAB's ELU layer: ``x`` where positive, ``Alpha*(exp(x) - 1)`` elsewhere."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.ELULayer"
    constructor: ClassVar[str] = "eluLayer"
    arguments: ClassVar[tuple[str, ...]] = ("Alpha",)
    type_text: ClassVar[str] = "ELU"

    Alpha = Property(real_scalar, 1)

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.ELU(self.Alpha)

    def description(self) -> str:
        """For example ``ELU with Alpha 1``."""
        return f"ELU with Alpha {self.Alpha:g}"


def eluLayer(*arguments: object, **options: object) -> ELULayer:
    """Create an ELU layer: ``eluLayer(1.5)``; alpha is 1 if not given."""
    given = len(arguments) % 2
    return construct(ELULayer, arguments[:given] or (1,), arguments[given:], options)


@register("nnet.cnn.layer.PReLULayer")
class PReLULayer(Layer):
    """MATLAB's PReLU layer (R2024a): ``x`` where positive, ``Alpha*x`` elsewhere, Alpha learned.

    ``Alpha`` holds one number per channel, in a vector of any orientation, or one for all.
    """

    matlab_class: ClassVar[str] = "nnet.cnn.layer.PReLULayer"
    constructor: ClassVar[str] = "preluLayer"
    type_text: ClassVar[str] = "PReLU"

    NumChannels = Property(auto_or_positive_integer, "auto", read_only=True, group="")
    Alpha = Learnable("Alpha", Layout("weight"))
    AlphaInitializer = initializer("narrow-normal", "narrow-normal", "zeros", "ones")
    AlphaLearnRateFactor = factor(1)
    AlphaL2Factor = factor(1)

    def _validate(self) -> None:
        alpha = self.Alpha
        if alpha.size not in (0, 1, max(alpha.shape, default=1)):
            raise PropertyError(
                f"Alpha is {size_text(alpha.shape)}, not a vector of one number per channel.",
                where=("Alpha",),
            )
        if isinstance(self.NumChannels, int) and alpha.size not in (0, 1, self.NumChannels):
            raise PropertyError(
                f"Alpha has {alpha.size} numbers for {self.NumChannels} channels.", where=("Alpha",)
            )

    def input_channels(self) -> int | None:
        """The number of channels that Alpha is for; one number does for any."""
        if isinstance(self.NumChannels, int):
            return self.NumChannels
        return self.Alpha.size if self.Alpha.size > 1 else None

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input."""
        need_channels(formats[0])
        return (formats[0],)

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        return {"Alpha": ((1, 1, channels), (channels, channels))}

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.PReLU(self.parameter_value("Alpha").size)


def preluLayer(*pairs: object, **options: object) -> PReLULayer:
    """Create a PReLU layer."""
    return construct(PReLULayer, (), pairs, options)


@register("nnet.cnn.layer.GELULayer")
class GELULayer(Layer):
    """MATLAB's GELU layer; Approximation 'none' is exact (erf), 'tanh' the usual formula."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.GELULayer"
    constructor: ClassVar[str] = "geluLayer"
    type_text: ClassVar[str] = "GELU"

    Approximation = Property(one_of("none", "tanh"), "none")

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.GELU(approximate=self.Approximation)


def geluLayer(*pairs: object, **options: object) -> GELULayer:
    """Create a GELU layer: ``geluLayer(Approximation="tanh")``."""
    return construct(GELULayer, (), pairs, options)


@register("nnet.cnn.layer.SwishLayer")
class SwishLayer(Layer):
    """MATLAB's swish layer: ``x ./ (1 + exp(-x))``."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.SwishLayer"
    constructor: ClassVar[str] = "swishLayer"
    type_text: ClassVar[str] = "Swish"

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.SiLU()


def swishLayer(*pairs: object, **options: object) -> SwishLayer:
    """Create a swish layer."""
    return construct(SwishLayer, (), pairs, options)


@register("nnet.cnn.layer.TanhLayer")
class TanhLayer(Layer):
    """MATLAB's hyperbolic tangent layer."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.TanhLayer"
    constructor: ClassVar[str] = "tanhLayer"
    type_text: ClassVar[str] = "Tanh"

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.Tanh()

    def description(self) -> str:
        """MATLAB's words for it."""
        return "Hyperbolic tangent"


def tanhLayer(*pairs: object, **options: object) -> TanhLayer:
    """Create a hyperbolic tangent layer."""
    return construct(TanhLayer, (), pairs, options)


@register("nnet.cnn.layer.SigmoidLayer")
class SigmoidLayer(Layer):
    """MATLAB's sigmoid layer: ``1 ./ (1 + exp(-x))``."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.SigmoidLayer"
    constructor: ClassVar[str] = "sigmoidLayer"
    type_text: ClassVar[str] = "Sigmoid"

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.Sigmoid()

    def description(self) -> str:
        """MATLAB's word for it."""
        return "sigmoid"


def sigmoidLayer(*pairs: object, **options: object) -> SigmoidLayer:
    """Create a sigmoid layer."""
    return construct(SigmoidLayer, (), pairs, options)


@register("nnet.cnn.layer.SoftmaxLayer")
class SoftmaxLayer(Layer):
    """MATLAB's softmax layer: ``exp(x) ./ sum(exp(x))`` over the **channels**.

    Every pixel and time step is a distribution of its own. Torch has the channels second.
    """

    matlab_class: ClassVar[str] = "nnet.cnn.layer.SoftmaxLayer"
    constructor: ClassVar[str] = "softmaxLayer"
    type_text: ClassVar[str] = "Softmax"

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input."""
        need_channels(formats[0])
        return (formats[0],)

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        return nn.Softmax(dim=1)

    def description(self) -> str:
        """MATLAB's word for it."""
        return "softmax"


def softmaxLayer(*pairs: object, **options: object) -> SoftmaxLayer:
    """Create a softmax layer."""
    return construct(SoftmaxLayer, (), pairs, options)


# --- Reinforcement Learning Toolbox -------------------------------------------------------


def _at_least_2d(value: object) -> Array:
    """An array as MATLAB has it, where a number is 1×1."""
    array = parameter_array(value)
    return array.reshape(1, 1) if array.ndim == 0 else array


@register("nnet.cnn.layer.SoftplusLayer")
@register("rl.layer.SoftplusLayer")
class SoftplusLayer(Layer):
    """The softplus layer: ``log(1 + exp(x))``."""

    matlab_class: ClassVar[str] = "rl.layer.SoftplusLayer"
    constructor: ClassVar[str] = "softplusLayer"
    type_text: ClassVar[str] = "Softplus"

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch import nn

        # Above the threshold torch takes x itself: at 40 that is exact in double, at its own 20
        # it is not.
        return nn.Softplus(threshold=40)


def softplusLayer(*pairs: object, **options: object) -> SoftplusLayer:
    """Create a softplus layer."""
    return construct(SoftplusLayer, (), pairs, options)


@register("rl.layer.ScalingLayer")
class ScalingLayer(Layer):
    """The scaling layer: ``Scale .* X + Bias``.

    ``Scale`` and ``Bias`` are scalars, or arrays that expand to the size of an observation in
    MATLAB's order of dimensions (for "SSCB" H×W×C, for "CB" and "CBT" C×1).
    """

    matlab_class: ClassVar[str] = "rl.layer.ScalingLayer"
    constructor: ClassVar[str] = "scalingLayer"
    type_text: ClassVar[str] = "ScalingLayer"
    saved_fields: ClassVar[Mapping[str, SavedField]] = {
        "ScalingVersion": no_effect("numbers the layout of the fields"),
        "Offset": neutral(
            0, why="releases since 2025 save Bias and Offset; only Bias is known to be added"
        ),
    }

    Scale = Property(_at_least_2d, 1)
    Bias = Property(_at_least_2d, 0)

    def _validate(self) -> None:
        for name, value in (("Scale", self.Scale), ("Bias", self.Bias)):
            if value.size == 0:
                raise PropertyError(f"{name} must not be empty.", where=(name,))
        if 1 not in (self.Scale.size, self.Bias.size) and self.Scale.shape != self.Bias.shape:
            raise PropertyError(
                f"Scale is {size_text(self.Scale.shape)} and Bias {size_text(self.Bias.shape)}; "
                "two arrays must have the same size.",
                where=("Bias",),
            )

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from ..engine.activations import Scaling

        labels = formats[0]
        expanded = [_expanded(name, self._values[name], labels) for name in ("Scale", "Bias")]
        return Scaling(
            (self.Scale.shape, self.Bias.shape),
            (expanded[0], expanded[1]),
            torch_axes(labels),
        )

    def torch_state(self) -> dict[str, Array]:
        """Scale and Bias in MATLAB's order; the module puts them into torch's."""
        return {
            "scale": np.ascontiguousarray(self.Scale),
            "bias": np.ascontiguousarray(self.Bias),
        }

    def description(self) -> str:
        """MATLAB's word for it."""
        return "Scaling layer"


def _expanded(name: str, value: Array, labels: str) -> tuple[int, ...]:
    """The size of ``value`` with one dimension for every label."""
    size = value.shape + (1,) * (len(labels) - value.ndim)
    own = dict(zip(labels, size, strict=False))
    if any(n != 1 for n in size[len(labels) :]) or own.get("B", 1) != 1 or own.get("T", 1) != 1:
        raise DataFormatError(
            f"{name} is {size_text(value.shape)}, which does not fit an observation of "
            f"'{labels}' data.",
            where=(name,),
            remedy="give a scalar, or an array of the size of one observation (a column for 'CB').",
        )
    return size[: len(labels)]


def scalingLayer(*pairs: object, **options: object) -> ScalingLayer:
    """Create a scaling layer: ``scalingLayer(Scale=2, Bias=0.5)``."""
    return construct(ScalingLayer, (), pairs, options)


@register("rl.layer.QuadraticLayer")
class QuadraticLayer(Layer):
    """The quadratic layer: ``[u1*u1 u1*u2 u2*u2 u1*u3 u2*u3 u3*u3 ...]`` of a vector u.

    Shape
    -----
    n×1×1×N to n(n+1)/2×1×1×N for "SSCB", as the page has it; C×N to C(C+1)/2×N for "CB", where
    the channels are the vector (C is the first dimension there as well).
    """

    matlab_class: ClassVar[str] = "rl.layer.QuadraticLayer"
    constructor: ClassVar[str] = "quadraticLayer"
    type_text: ClassVar[str] = "QuadraticLayer"

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input: "SSCB", "CB" or "CBT"."""
        if formats[0] not in ("SSCB", "CB", "CBT"):
            raise DataFormatError(
                f"The layer does not take the format '{formats[0]}'.",
                remedy="give vectors: 'CB', 'CBT', or n×1×1 observations as 'SSCB'.",
            )
        return (formats[0],)

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from ..engine.activations import Quadratic

        return Quadratic(axis=2 if formats[0] == "SSCB" else 1)

    def description(self) -> str:
        """MATLAB's words for it."""
        return "Quadratic layer"


def quadraticLayer(*pairs: object, **options: object) -> QuadraticLayer:
    """Create a quadratic layer."""
    return construct(QuadraticLayer, (), pairs, options)
