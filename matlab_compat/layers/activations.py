"""Activation layers, and the element-wise layers of the Reinforcement Learning Toolbox.

Semantics: the documentation pages of the layers. Traps: softmax is over the channels, not over the
last dimension; a user's own class ``preluLayer`` or ``eluLayer`` is another thing than MATLAB's
``nnet.cnn.layer.PReLULayer``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..arrays import Array
from ..data_format import torch_axes
from ..display import size_text
from ..errors import DataFormatError, PropertyError
from .base import Elementwise, Fans, Layer, PerChannelLayer
from .learnables import Layout, Learnable, factor, initializer
from .properties import (
    Property,
    auto_or_positive_integer,
    one_of,
    parameter_array,
    positive_scalar,
    real_scalar,
)
from .saved_fields import neutral, no_effect
from .sizes import Inputs, Outputs


class ReLULayer(
    Elementwise, type_text="ReLU", module="torch.nn.ReLU", versions="1", multiply_adds=0
):
    """MATLAB's ReLU layer, ``max(x, 0)``, on data of any format."""


class LeakyReLULayer(
    Elementwise,
    optional=("Scale",),
    type_text="Leaky ReLU",
    module=("torch.nn.LeakyReLU", "Scale"),
    description="Leaky ReLU with scale {Scale:g}",
    multiply_adds=1,
    versions="1",
    example="0.3",
):
    """MATLAB's leaky ReLU layer: ``x`` where positive, ``Scale*x`` elsewhere."""

    Scale = Property(real_scalar, 0.01, mistaken_for=(0.01, 0.1, 0.2, 0.3))


class ClippedReLULayer(
    Elementwise,
    type_text="Clipped ReLU",
    module=("torch.nn.Hardtanh", 0.0, "Ceiling"),
    description="Clipped ReLU with ceiling {Ceiling:g}",
    multiply_adds=0,
    example="6.0",
):
    """MATLAB's clipped ReLU layer: ``min(max(x, 0), Ceiling)``."""

    Ceiling = Property(positive_scalar, mistaken_for=(6.0, 1.0))


class ELULayer(
    Elementwise,
    optional=("Alpha",),
    type_text="ELU",
    module=("torch.nn.ELU", "Alpha"),
    description="ELU with Alpha {Alpha:g}",
    versions="1",
    example="1.5",
):
    """MATLAB's ELU layer: ``x`` where positive, ``Alpha*(exp(x) - 1)`` elsewhere."""

    Alpha = Property(real_scalar, 1, mistaken_for=(1.6732632423543772,))


class PReLULayer(
    PerChannelLayer,
    type_text="PReLU",
    example="AlphaInitializer='zeros'",
    module="torch.nn.PReLU",
    multiply_adds=1,
):
    """MATLAB's PReLU layer (R2024a): ``x`` where positive, ``Alpha*x`` elsewhere, Alpha learned.

    ``Alpha`` holds one number per channel, in a vector of any orientation, or one for all.
    """

    keeps_size = True

    NumChannels = Property(auto_or_positive_integer, "auto", read_only=True, group="")
    Alpha = Learnable("Alpha", Layout("weight"))
    AlphaInitializer = initializer("narrow-normal", "narrow-normal", "zeros", "ones")
    AlphaLearnRateFactor, AlphaL2Factor = factor(1), factor(1)

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

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        return {"Alpha": ((1, 1, channels), (channels, channels))}

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return (self.parameter_value("Alpha").size,)


class GELULayer(
    Elementwise,
    type_text="GELU",
    module=("torch.nn.GELU", "Approximation"),
    example="Approximation='tanh'",
):
    """MATLAB's GELU layer; Approximation 'none' is exact (erf), 'tanh' the usual formula."""

    Approximation = Property(one_of("none", "tanh"), "none")


class SwishLayer(Elementwise, type_text="Swish", module="torch.nn.SiLU"):
    """MATLAB's swish layer: ``x ./ (1 + exp(-x))``."""


class TanhLayer(
    Elementwise, type_text="Tanh", module="torch.nn.Tanh", description="Hyperbolic tangent"
):
    """MATLAB's hyperbolic tangent layer."""


class SigmoidLayer(
    Elementwise, type_text="Sigmoid", module="torch.nn.Sigmoid", description="sigmoid"
):
    """MATLAB's sigmoid layer: ``1 ./ (1 + exp(-x))``."""


class SoftmaxLayer(
    PerChannelLayer,
    type_text="Softmax",
    module=("torch.nn.Softmax", 1),
    description="softmax",
    versions="2, 3, 4",
):
    """MATLAB's softmax layer: ``exp(x) ./ sum(exp(x))`` over the **channels**.

    Every pixel and time step is a distribution of its own. Torch has the channels second.
    """

    keeps_size = True


# --- once of the Reinforcement Learning Toolbox, some since R2025a of Deep Learning's -------


def _at_least_2d(value: object) -> Array:
    """An array as MATLAB has it, where a number is 1×1."""
    array = parameter_array(value)
    return array.reshape(1, 1) if array.ndim == 0 else array


class SoftplusLayer(
    Elementwise,
    saved_as=("rl.layer.SoftplusLayer", "nnet.cnn.layer.SoftplusLayer"),
    constructor="softplusLayer",
    type_text="Softplus",
    # Above the threshold torch takes x itself: at 40 that is exact in double, at its 20 it is not.
    module=("torch.nn.Softplus", 1.0, 40),
):
    """The softplus layer: ``log(1 + exp(x))``."""


class _Scaling(Elementwise, module="engine.activations.Scaling", multiply_adds=1):
    """``Scale .* X`` plus the property that ``summand`` names, expanded as MATLAB expands them."""

    summand: ClassVar[str]

    Scale = Property(_at_least_2d, 1, doc="Factor: a scalar, or H×W×C for 'SSCB', C×1 for 'CB'.")

    def _validate(self) -> None:
        for name in ("Scale", self.summand):
            if self._values[name].size == 0:
                raise PropertyError(f"{name} must not be empty.", where=(name,))

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        labels = formats[0]
        scale, summand = (
            (value.shape, _expanded(name, value, labels))
            for name, value in (("Scale", self.Scale), (self.summand, self._values[self.summand]))
        )
        return (scale[0], summand[0]), (scale[1], summand[1]), torch_axes(labels)

    def torch_state(self) -> dict[str, Array]:
        """Both in MATLAB's order; the module puts them into torch's."""
        return {
            "scale": np.ascontiguousarray(self.Scale),
            "bias": np.ascontiguousarray(self._values[self.summand]),
        }


class ScalingLayer(
    _Scaling,
    saved_as="rl.layer.ScalingLayer",
    constructor="scalingLayer",
    type_text="ScalingLayer",
    description="Scaling layer",
    saved_fields={
        "ScalingVersion": no_effect("numbers the layout of the fields"),
        "Offset": neutral(
            0, why="releases since 2025 save Bias and Offset; only Bias is known to be added"
        ),
    },
    example="Name='s'",
):
    """The scaling layer of the Reinforcement Learning Toolbox: ``Scale .* X + Bias``.

    ``Scale`` and ``Bias`` are scalars, or arrays that expand to the size of an observation in
    MATLAB's order of dimensions (for "SSCB" H×W×C, for "CB" and "CBT" C×1). ``scalingLayer`` makes
    one unless Offset is given.
    """

    summand = "Bias"

    Bias = Property(_at_least_2d, 0, doc="Summand, of the size of Scale or a scalar.")

    def _validate(self) -> None:
        super()._validate()
        if 1 not in (self.Scale.size, self.Bias.size) and self.Scale.shape != self.Bias.shape:
            raise PropertyError(
                f"Scale is {size_text(self.Scale.shape)} and Bias {size_text(self.Bias.shape)}; "
                "two arrays must have the same size.",
                where=("Bias",),
            )


class NnetScalingLayer(
    _Scaling,
    saved_as="nnet.cnn.layer.ScalingLayer",
    constructor="scalingLayer",
    type_text="Scaling",
    example="Scale=0.5, Offset=1.0",
):
    """The scaling layer of the Deep Learning Toolbox (R2025a): ``Scale .* X + Offset``.

    ``Scale`` and ``Offset`` are scalars, or arrays of sizes of their own that expand to the size of
    an observation (for "SSCB" H×W×C, for "CB" and "CBT" C×1). Imports of ONNX networks have one
    for Add, Mul, Sub, Neg and Div. ``scalingLayer`` makes one where Offset is given.

    Examples
    --------
    >>> scalingLayer(Scale=0.5, Offset=1).predict([[2.0], [4.0]], "CB").tolist()
    [[2.0], [3.0]]
    """

    summand = "Offset"

    Offset = Property(_at_least_2d, 0, doc="Summand: a scalar, or an array as Scale.")

    def constructor_defaults(self) -> dict[str, object]:
        """Offset is said whatever its value: without it the function makes the other class."""
        return {**super().constructor_defaults(), "Offset": parameter_array(None)}


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


class QuadraticLayer(
    Layer,
    saved_as=("rl.layer.QuadraticLayer", "nnet.cnn.layer.QuadraticLayer"),
    constructor="quadraticLayer",
    type_text="QuadraticLayer",
    description="Quadratic layer",
    module="engine.activations.Quadratic",
):
    """The quadratic layer: ``[u1*u1 u1*u2 u2*u2 u1*u3 u2*u3 u3*u3 ...]`` of a vector u.

    Shape
    -----
    n×1×1×N to n(n+1)/2×1×1×N for "SSCB", as the page has it; C×N to C(C+1)/2×N for "CB", where
    the channels are the vector (C is the first dimension there as well).
    """

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input: "SSCB", "CB" or "CBT"."""
        if formats[0] not in ("SSCB", "CB", "CBT"):
            raise DataFormatError(
                f"The layer does not take the format '{formats[0]}'.",
                remedy="give vectors: 'CB', 'CBT', or n×1×1 observations as 'SSCB'.",
            )
        return (formats[0],)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return (2 if formats[0] == "SSCB" else 1,)

    def _sized(self, inputs: Inputs) -> Outputs:
        n = inputs[0].size[0]
        return [inputs[0].starting((n * (n + 1) // 2,))]
