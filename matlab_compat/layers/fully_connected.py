"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Self

import numpy as np

from ..arrays import Array
from ..errors import DataFormatError
from .base import Fans
from .learnables import Layout, Learnable, fitted, initializer
from .properties import Property, auto_or_positive_integer, positive_integer
from .saved_fields import neutral
from .weighted import WeightedLayer

#: What the layer takes, and gives.
FORMATS = {"S" * dims + vectors: vectors for vectors in ("CB", "CBT") for dims in range(4)}


class FullyConnectedLayer(
    WeightedLayer,
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
    example="10, Name='fc'",
    module="engine.fully_connected.FullyConnected",
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
    WeightsInitializer = initializer(
        "glorot", "glorot", "he", "orthogonal", "narrow-normal", "zeros", "ones"
    )

    def _checked_weights(self, weights: Array) -> Array:
        need = f"OutputSize {self.OutputSize} and InputSize {self.InputSize} need"
        remedy = "give Weights as OutputSize x InputSize."
        size = (self.OutputSize, self.input_channels())
        return fitted("Weights", weights, size, need, unknown="InputSize", remedy=remedy)

    def _count_channels(self, weights: Array) -> None:
        self._values["InputSize"] = weights.shape[1]

    def _bias_size(self) -> tuple[int, ...]:
        return (self.OutputSize, 1)

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

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        (labels,) = formats
        inputs = self.input_channels() or 0
        return inputs, self.OutputSize, labels.count("S"), "T" in labels

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
