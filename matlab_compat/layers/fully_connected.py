"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arrays import Array, as_vector, restored
from ..display import size_text
from ..errors import DataFormatError, PropertyError
from .base import Fans, Layer
from .learnables import Layout, Learnable, factor, initializer
from .properties import Property, auto_or_positive_integer, positive_integer
from .saved_fields import neutral

if TYPE_CHECKING:
    from torch import nn


#: What the layer takes, and gives.
FORMATS = {
    "CB": "CB",
    "SCB": "CB",
    "SSCB": "CB",
    "SSSCB": "CB",
    "CBT": "CBT",
    "SCBT": "CBT",
    "SSCBT": "CBT",
    "SSSCBT": "CBT",
}


class FullyConnectedLayer(
    Layer,
    type_text="Fully Connected",
    default_format="CB",
    channels="InputSize",
    description="{OutputSize} fully connected layer",
    stem="fc",
    versions="2, 3",
    saved_fields={
        "OperationDimension": neutral(
            "spatial-channel",
            why="the dimension of the data that Weights multiplies (R2026a); only "
            "'spatial-channel', all of space and channels, is run here",
        )
    },
    example="fullyConnectedLayer(10, Name='fc')",
):
    """MATLAB's fully connected layer: ``Weights * x + Bias``.

    An image is flattened first, column-major (h fastest, then
    w, then c); sequences are handled time step by time step: the page, "flattens the spatial and
    channel dimensions ... for each element in the batch and time dimensions independently"
    (releases of 2022 refuse data with space and time; later ones compute this).

    Shape
    -----
    MATLAB C×N to OutputSize×N, C×N×T to OutputSize×N×T, H×W×C×N to OutputSize×N; torch N,C to
    N,OutputSize, N,C,T to N,OutputSize,T and N,C,H,W to N,OutputSize.

    Notes
    -----
    ``Weights`` is OutputSize×InputSize, ``Bias`` OutputSize×1. DAG and series networks save them as
    h×w×c×OutputSize and 1×1×OutputSize, with ``InputSize`` [h w c] and ``OutputSize`` [1 1 n]
    (seen in real files, 2018 to 2024); they are flattened here in the order of the data.
    """

    InputSize = Property(auto_or_positive_integer, "auto", read_only=True, argument=None)
    OutputSize = Property(positive_integer, read_only=True)
    Weights = Learnable("Weight", Layout("weight", "out in -> out in"))
    Bias = Learnable("Bias", Layout("bias"))
    WeightsInitializer = initializer(
        "glorot", "glorot", "he", "orthogonal", "narrow-normal", "zeros", "ones"
    )
    BiasInitializer = initializer("zeros", "zeros", "narrow-normal", "ones")
    WeightLearnRateFactor = factor(1)
    BiasLearnRateFactor = factor(1)
    WeightL2Factor = factor(1)
    BiasL2Factor = factor(0)

    def _validate(self) -> None:
        weights, bias = self.Weights, self.Bias
        if weights.size:
            self._values["Weights"] = self._checked_weights(weights)
            self._values["InputSize"] = self.Weights.shape[1]
        if bias.size:
            self._values["Bias"] = self._checked_bias(bias)

    def _checked_weights(self, weights: Array) -> Array:
        wanted = self.input_channels()
        full = restored(weights, (self.OutputSize, wanted))
        if full is None:
            raise PropertyError(
                f"Weights is {size_text(weights.shape)}, but OutputSize {self.OutputSize} and "
                f"InputSize {self.InputSize} need {self.OutputSize}×{wanted or 'InputSize'}.",
                where=("Weights",),
                remedy="give Weights as OutputSize x InputSize.",
            )
        return full

    def _checked_bias(self, bias: Array) -> Array:
        full = as_vector(bias, (self.OutputSize, 1))
        if full is None:
            raise PropertyError(
                f"Bias is {size_text(bias.shape)}, but OutputSize {self.OutputSize} "
                f"needs {self.OutputSize}×1.",
                where=("Bias",),
            )
        return full

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        for name in ("InputSize", "OutputSize"):
            size = values.get(name)
            if isinstance(size, np.ndarray) and size.size > 2 and size.dtype.kind in "iuf":
                values[name] = size.prod()  # [h w c], [h w d c], [1 1 n]
        weights = values.get("Weights")
        if isinstance(weights, np.ndarray) and weights.size:
            if weights.ndim == 2:  # a bare export without the size
                values.setdefault("OutputSize", weights.shape[0])
            values["Weights"] = flattened_weights(weights, values.get("OutputSize"))
        return cls(**values)

    # --- torch --------------------------------------------------------------------------

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Without the spatial dimensions; see :data:`FORMATS`."""
        if formats[0] not in FORMATS:
            raise DataFormatError(
                f"The layer does not take the format '{formats[0]}'.",
                remedy=f"give data labelled as one of {', '.join(FORMATS)}.",
            )
        return (FORMATS[formats[0]],)

    def channels_of(self, shape: Sequence[int], data_format: str) -> int:
        """The product of the spatial sizes and the channels."""
        labelled = zip(shape, data_format, strict=False)
        return prod(int(n) for n, label in labelled if label in "SC")

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from ..engine.fully_connected import FullyConnected

        (labels,) = formats
        inputs = self.input_channels() or 0
        return FullyConnected(inputs, self.OutputSize, labels.count("S"), "T" in labels)

    def parameter_value(self, name: str) -> Array:
        """A learnable as the network runs it: an absent bias beside weights is zero."""
        if name == "Bias" and self.Bias.size == 0 and self.BiasInitializer == "zeros":
            return np.zeros((self.OutputSize, 1), self.Weights.dtype)
        return super().parameter_value(name)

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """``numIn`` is InputSize and ``numOut`` OutputSize."""
        fans = (channels, self.OutputSize)
        return {
            "Weights": ((self.OutputSize, channels), fans),
            "Bias": ((self.OutputSize, 1), fans),
        }


def flattened_weights(weights: Array, outputs: object) -> Array:
    """OutputSize×InputSize from h×w×c×OutputSize, as DAG and series networks save it.

    Where OutputSize is 1, MATLAB has dropped the last dimension, and those of size 1 before it:
    1×1×c, 1×w×c, h×w. Others are left as they are.
    """
    count = np.asarray(outputs)
    if count.size == 1 and count.item() == 1:
        return weights.reshape(1, -1, order="F")
    if weights.ndim > 2:
        return np.asfortranarray(weights.reshape(-1, weights.shape[-1], order="F").T)
    return weights
