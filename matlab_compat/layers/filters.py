"""What convolutions and transposed convolutions share: filters, a bias, and data to move over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..arrays import Array, restored
from ..display import matlab_text, row_text, size_text
from ..errors import DataFormatError, PropertyError
from .base import Fans
from .learnables import Layout, Learnable
from .properties import (
    REQUIRED,
    PerDimension,
    Property,
    as_tuple_of,
    auto_or_positive_integer,
    positive_integer,
    sizes,
)
from .weighted import WeightedLayer

Size = tuple[int, ...]

# Input formats and the labels of the dimensions that the filters move over. The rows of 2-D layers
# are those of MATLAB's page ("SCBT" and "SCT" since R2022a; those without B for dlnetwork only);
# those of 3-D layers follow from them. The pages of 1-D convolutions: "for 1-D image sequence input
# ... the layer convolves over the spatial dimension". Time that is not filtered is passed step by
# step.
FORMATS = {
    1: {"SCB": "S", "CBT": "T", "SCBT": "S"},
    2: {"SSCB": "SS", "SSC": "SS", "SSCBT": "SS", "SSCT": "SS", "SCBT": "ST", "SCT": "ST"},
    3: {"SSSCB": "SSS", "SSSCBT": "SSS", "SSCBT": "SST"},
}


class FilterLayer(WeightedLayer):
    """Base of the layers that move filters over one to three dimensions.

    How channels are counted is up to :class:`AllChannelsLayer` and :class:`ChannelGroupsLayer`.
    """

    _formats_for = FORMATS
    #: The dimensions of Weights after the filter's own, as the properties that count them.
    weights_order: ClassVar[tuple[str, ...]] = ()

    FilterSize = PerDimension(sizes, docs=("", "Filter height and width.", ""), read_only=True)
    Stride: Property[Any]
    Weights = Learnable("Weight", Layout("weight", "... C F -> F C ..."))

    filter_size, stride = as_tuple_of("FilterSize"), as_tuple_of("Stride")

    def _weights_size(self) -> tuple[int | None, ...]:
        """The size that Weights must have; ``None`` where any will do."""
        raise NotImplementedError

    def _torch_size(self) -> Size:
        """The size of torch's weight, 0 where it is not known."""
        layout = self.parameters()["Weights"].layout
        assert layout is not None
        return layout.shape([n or 0 for n in self._weights_size()])

    def _filters_text(self) -> str:
        """``64 3×3×128``: how many filters of which size; the channels where they are known."""
        raise NotImplementedError

    @classmethod
    def _with_inferred_sizes(cls, values: dict[str, object]) -> dict[str, object]:
        """Sizes that a bare export leaves out, from the shape of Weights."""
        weights = values.get("Weights")
        if not isinstance(weights, np.ndarray) or weights.size == 0:
            return values
        whole = cls.dims + len(cls.weights_order)
        shape = weights.shape + (1,) * (whole - weights.ndim)
        counted = zip(cls.weights_order, shape[cls.dims :], strict=False)
        inferred = {name: n for name, n in counted if cls.properties[name].default is REQUIRED}
        return {"FilterSize": shape[: cls.dims], **inferred, **values}

    def _checked_weights(self, weights: Array) -> Array:
        needed = self._weights_size()
        full = restored(weights, needed)
        if full is not None:
            return full
        names = self.weights_order
        size = "×".join(
            str(n or name) for n, name in zip(needed, (*self.filter_size, *names), strict=True)
        )
        said = ", ".join(f"{name} {getattr(self, name)}" for name in names)
        parts = [*(f"FilterSize({i + 1})" for i in range(self.dims)), *names]
        raise PropertyError(
            f"Weights is {size_text(weights.shape)}, but FilterSize "
            f"{matlab_text(self.FilterSize)}, {said} need {size}.{self._hint(weights, needed)}",
            where=("Weights",),
            remedy=f"give Weights as {' x '.join(parts)}.",
        )

    def _hint(self, weights: Array, needed: tuple[int | None, ...]) -> str:
        """A transposed convolution's order in a convolution, or the reverse: a likely mistake."""
        *before, first, second = needed
        exchanged = restored(weights, (*before, second, first)) is not None
        return " The last two dimensions look exchanged." if exchanged else ""

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input; see :attr:`input_formats`."""
        if formats[0] not in self.input_formats:
            raise DataFormatError(
                f"The layer does not take the format '{formats[0]}'.",
                remedy=f"give data labelled as one of {', '.join(self.input_formats)}; reshape "
                "vectors ('CB') to images first, for example X.reshape(1, 1, C, N).",
            )
        return (formats[0],)

    def _output_channels(self, channels: int) -> int:
        """The channels of the output, for so many of the input: there is a bias for each."""
        return math.prod(self._parameter_sizes(channels)["Bias"][0])

    def _fans(self, channels: int, filters: int) -> Fans:
        """``numIn = h*w*channels`` and ``numOut = h*w*filters``, as the pages define them."""
        area = math.prod(self.filter_size)
        return area * channels, area * filters


class AllChannelsLayer(FilterLayer, channels="NumChannels"):
    """Filters that all see all channels: NumChannels and NumFilters."""

    weights_order = ("NumChannels", "NumFilters")

    NumChannels = Property(auto_or_positive_integer, "auto", read_only=True, doc="Input channels.")
    NumFilters = Property(positive_integer, read_only=True, doc="Output channels.")
    Stride = PerDimension(sizes, 1, ("", "[vertical horizontal].", ""), read_only=True)

    def _sizes(self, channels: int | None) -> tuple[int | None, ...]:
        numbers = {"NumChannels": channels, "NumFilters": self.NumFilters}
        return (*self.filter_size, *(numbers[name] for name in self.weights_order))

    def _weights_size(self) -> tuple[int | None, ...]:
        return self._sizes(self.input_channels())

    def _bias_size(self) -> Size:
        return (*(1,) * self.dims, self.NumFilters)

    def _outputs_said(self) -> str:
        return f"NumFilters {self.NumFilters}"

    def _count_channels(self, weights: Array) -> None:
        self._values["NumChannels"] = weights.shape[
            self.dims + self.weights_order.index("NumChannels")
        ]

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[Size, Fans]]:
        fans = self._fans(channels, self.NumFilters)
        weights = tuple(n or channels for n in self._sizes(channels))
        return {"Weights": (weights, fans), "Bias": (self._bias_size(), fans)}

    def _filters_text(self) -> str:
        channels = self.input_channels()
        size = self.filter_size + ((channels,) if channels else ())
        return f"{self.NumFilters} {size_text(size)}"


def sizes_text(value: int | Size) -> str:
    """In a layer's row: ``[2  2]``; a 1-D layer's scalar plain."""
    return row_text(value) if isinstance(value, tuple) else str(value)
