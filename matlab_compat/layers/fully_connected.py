"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Self

import numpy as np

from ..arrays import Array
from ..data_format import torch_axes
from ..errors import DataFormatError
from .base import Fans
from .learnables import Layout, Learnable, fitted, initializer, refuse_no_matrix
from .properties import Property, auto_or_positive_integer, either, positive_integer
from .saved_fields import is_empty
from .sizes import Activation, Inputs, Outputs
from .weighted import WeightedLayer

#: What the layer takes, and gives.
FORMATS = {"S" * dims + vectors: vectors for vectors in ("CB", "CBT") for dims in range(4)}


def _dimension(value: object) -> int | str:
    """'spatial-channel', also where a file has nothing, or a positive integer."""
    return _spatial_or_number("spatial-channel" if is_empty(value) else value)


_spatial_or_number = either(
    "must be 'spatial-channel' or a positive integer", positive_integer, "spatial-channel"
)


class FullyConnectedLayer(
    WeightedLayer,
    optional=("OperationDimension",),
    type_text="Fully Connected",
    default_format="CB",
    channels="InputSize",
    description="{OutputSize} fully connected layer",
    stem="fc",
    versions="2, 3",
    example="10, Name='fc'",
    module="engine.fully_connected.fully_connected",
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
    With a number for OperationDimension (R2026a) Weights multiplies that dimension of the data, at
    every place of the others, and the labels stay: 3 of "CBT" is time. The batch is refused.

    ``Weights`` is OutputSize×InputSize, ``Bias`` OutputSize×1. DAG and series networks save them as
    h×w×c×OutputSize and 1×1×OutputSize, with ``InputSize`` [h w c] and ``OutputSize`` [1 1 n]
    (seen in real files, 2018 to 2024); they are flattened here in the order of the data.
    """

    InputSize = Property(auto_or_positive_integer, "auto", read_only=True, argument=None)
    OutputSize = Property(positive_integer, read_only=True)
    OperationDimension = Property(_dimension, "spatial-channel", read_only=True, group="")
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
            if "OutputSize" not in values:  # a bare export without the size
                refuse_no_matrix(
                    cls,
                    "Weights",
                    weights,
                    "if these are h×w×c×OutputSize of a DAGNetwork or SeriesNetwork, save the size "
                    "beside them: OutputSize = layer.OutputSize; else they are another layer's.",
                )
                values["OutputSize"] = weights.shape[0]
            values["Weights"] = flattened_weights(weights, values.get("OutputSize"))
        return cls(**values)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Without the spatial dimensions; see :data:`FORMATS`. One dimension alone leaves all."""
        if isinstance(self.OperationDimension, int):
            _along(self.OperationDimension, formats[0])
            return (formats[0],)
        if formats[0] not in FORMATS:
            raise DataFormatError(
                f"The layer does not take the format '{formats[0]}'.",
                remedy=f"give data labelled as one of {', '.join(FORMATS)}.",
            )
        return (FORMATS[formats[0]],)

    def channels_of(self, shape: Sequence[int], data_format: str) -> int:
        """The product of the spatial sizes and the channels, or the one dimension that counts."""
        if isinstance(self.OperationDimension, int):
            return int(shape[_along(self.OperationDimension, data_format)])
        labelled = zip(shape, data_format, strict=False)
        return prod(int(n) for n, label in labelled if label in "SC")

    def _sized(self, inputs: Inputs) -> Outputs:
        (x,) = inputs
        if isinstance(self.OperationDimension, int):
            return [x.starting((*x.size[: self.OperationDimension - 1], self.OutputSize))]
        return [x.without("S").with_("C", self.OutputSize)]

    def _places(self, x: Activation, y: Activation) -> int:
        return y.elements // self.OutputSize

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        (labels,) = formats
        inputs, dimension = self.input_channels() or 0, self.OperationDimension
        along = None
        if isinstance(dimension, int):
            along = torch_axes(labels).index(_along(dimension, labels))
        return inputs, self.OutputSize, labels.count("S"), "T" in labels, along

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """``numIn`` is InputSize and ``numOut`` OutputSize."""
        fans = (channels, self.OutputSize)
        return {
            "Weights": ((self.OutputSize, channels), fans),
            "Bias": ((self.OutputSize, 1), fans),
        }


def _along(dimension: int, labels: str) -> int:
    """The index of the label that OperationDimension counts to.

    Raises ``DataFormatError``: there is none, or it is the batch.
    """
    if dimension > len(labels) or labels[dimension - 1] == "B" or "U" in labels:
        raise DataFormatError(
            f"OperationDimension {dimension} is no dimension that Weights can multiply of data "
            f"labelled '{labels}'.",
            remedy="it counts the labels from 1, and cannot be the batch.",
        )
    return dimension - 1


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
