"""Convolutions in one to three dimensions, and in groups of channels.

Semantics: the documentation pages of the layers; files that users saved hold the same fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arrays import Array, restored
from ..display import size_text
from ..errors import PropertyError
from .base import Fans
from .edges import Edges, PaddedLayer, edge_property, edge_text
from .filters import AllChannelsLayer, FilterLayer, Size, sizes_text
from .learnables import Layout, Learnable
from .properties import (
    PerDimension,
    Property,
    as_tuple_of,
    auto_or_positive_integer,
    either,
    one_of,
    positive_integer,
    real_scalar,
    sizes,
)
from .sizes import Inputs, Outputs, windowed

if TYPE_CHECKING:
    from torch import nn

#: PaddingValue as text: where in the data the values come from.
PADDING_SOURCES = ("replicate", "symmetric-include-edge", "symmetric-exclude-edge")

#: PaddingValue: a number, or where the values come from.
padding_value = either(
    "must be a scalar, 'replicate', 'symmetric-include-edge' or 'symmetric-exclude-edge'",
    real_scalar,
    *PADDING_SOURCES,
)


class ConvolutionLayer(PaddedLayer, FilterLayer):
    """What all convolutions share.

    ``Weights`` is filter size×NumChannels×NumFilters, applied without a flip (a
    cross-correlation): ``Y(i, f) = sum W(p, c, f) * X(i*s + p*d, c) + B(f)`` over the padded data.
    In 'same' mode out = ceil(in / Stride); the padding then depends on the size of the input, an
    odd total takes one more at the end, and ``PaddingSize`` is ``[]``.
    """

    DilationFactor = PerDimension(sizes, 1, read_only=True)
    PaddingMode = Property(one_of("manual", "same"), "manual", read_only=True, argument="Padding")
    PaddingSize = edge_property("Padding")
    PaddingValue = Property(padding_value, 0.0, read_only=True)

    dilation = as_tuple_of("DilationFactor")

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        layer = cls(**cls._with_inferred_sizes(cls._from_file(values, extra)))
        layer._warn_if_same_disagrees(values.get("PaddingSize"))
        return layer

    def _same_edges(self) -> tuple[tuple[int, int], ...] | None:
        """With a stride of 1 the rule does not depend on the input."""
        if set(self.stride) != {1}:
            return None
        totals = [(k - 1) * d for k, d in zip(self.filter_size, self.dilation, strict=True)]
        return tuple((n // 2, n - n // 2) for n in totals)

    def _sized(self, inputs: Inputs) -> Outputs:
        window = [(k - 1) * d + 1 for k, d in zip(self.filter_size, self.dilation, strict=True)]
        y = windowed(inputs[0], window, self.stride, self.padding)
        return [y.with_("C", self._output_channels(inputs[0].of("C")))]

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from ..engine.convolution import PaddedConvolution, Padding

        padding, groups = Padding(self.padding, self.PaddingValue), self._values.get("NumGroups", 1)
        groups = groups if isinstance(groups, int) else 1
        return PaddedConvolution(self._torch_size(), self.stride, padding, self.dilation, groups)

    def description(self) -> str:
        """For example ``64 3×3×128 convolutions with stride [1  1] and padding 'same'``."""
        manual = self.PaddingMode == "manual"
        padding = edge_text(self.PaddingSize) if manual else f"'{self.PaddingMode}'"
        stride = sizes_text(self.Stride)
        if set(self.dilation) != {1}:
            stride += f", dilation factor {sizes_text(self.DilationFactor)},"
        return f"{self._filters_text()} convolutions with stride {stride} and padding {padding}"


class Convolution2DLayer(
    ConvolutionLayer,
    AllChannelsLayer,
    dims=2,
    type_text="2-D Convolution",
    stem="conv",
    versions="4, 5, 6, 8",
    example="(3, 3), 16, Padding='same'",
):
    """MATLAB's 2-D convolution layer.

    ``Weights`` is h×w×NumChannels×NumFilters, ``Bias``
    1×1×NumFilters, ``PaddingSize`` ``[t b l r]``.

    Shape: MATLAB H×W×C×N to H'×W'×F×N; torch N,C,H,W to N,F,H',W', with
    ``H' = floor((H + top + bottom - (FilterSize(1) - 1) * DilationFactor(1) - 1) / Stride(1)) + 1``
    and W' likewise.
    """


class Convolution1DLayer(
    ConvolutionLayer,
    AllChannelsLayer,
    dims=1,
    type_text="1-D Convolution",
    stem="conv1d",
    example="3, 16, Padding='causal'",
):
    """MATLAB's 1-D convolution layer, over time ("CBT") or space ("SCB").

    ``Weights`` is FilterSize×NumChannels×NumFilters, ``Bias``
    1×NumFilters, ``PaddingSize`` ``[l r]``. ``PaddingMode`` can be 'causal' as well: all of the
    ``(FilterSize - 1) * DilationFactor`` stand before the data, so that no output sees the future.

    Shape: MATLAB C×N×T to F×N×T', S×C×N to S'×F×N; torch N,C,T to N,F,T'.
    """

    edge_modes = ("same", "causal")

    PaddingMode = Property(
        one_of("manual", "same", "causal"), "manual", read_only=True, argument="Padding"
    )

    def _padding_size(self) -> Edges | None:
        if self.PaddingMode == "causal":
            return (self.FilterSize - 1) * self.DilationFactor, 0
        return super()._padding_size()


class Convolution3DLayer(
    ConvolutionLayer,
    AllChannelsLayer,
    dims=3,
    type_text="3-D Convolution",
    stem="conv3d",
    example="(3, 3, 3), 16, Stride=(2, 2, 2)",
):
    """MATLAB's 3-D convolution layer.

    ``Weights`` is h×w×d×NumChannels×NumFilters, ``Bias``
    1×1×1×NumFilters, ``PaddingSize`` ``[t l f; b r k]``, here a tuple of its two rows.

    Shape: MATLAB H×W×D×C×N to H'×W'×D'×F×N; torch N,C,H,W,D to N,F,H',W',D'.
    """


# --- groups of channels -----------------------------------------------------------------


_channel_wise_or_count = either(
    "must be 'channel-wise' or a positive integer", positive_integer, "channel-wise"
)


class ChannelGroupsLayer(FilterLayer):
    """Filters that see the channels of their group only."""

    weights_order = (
        "NumChannelsPerGroup",
        "NumFiltersPerGroup",
        "NumGroups",
    )

    NumGroups = Property(_channel_wise_or_count, read_only=True)
    NumChannelsPerGroup = Property(auto_or_positive_integer, "auto", read_only=True, argument=None)
    NumFiltersPerGroup = Property(positive_integer, read_only=True)
    Stride = PerDimension(sizes, 1, read_only=True)
    Weights = Learnable("Weight", Layout("weight", "h w C F G -> (G F) C h w"))

    def _numbers(self) -> tuple[int | None, int, int | None]:
        """Channels per group, filters per group, groups; ``None`` where not known."""
        groups = self.NumGroups if isinstance(self.NumGroups, int) else None
        channels = self.NumChannelsPerGroup
        if groups is None:
            channels = 1
        known = channels if isinstance(channels, int) else None
        return known, self.NumFiltersPerGroup, groups

    def _weights_size(self) -> tuple[int | None, ...]:
        return (*self.filter_size, *self._numbers())

    def _checked_weights(self, weights: Array) -> Array:
        """With one filter per group files may hold h×w×C/G×G, without the dimension of size 1."""
        needed = self._weights_size()
        if self.NumFiltersPerGroup == 1 and weights.ndim == 4 and restored(weights, needed) is None:
            weights = weights[:, :, :, np.newaxis, :]
        return super()._checked_weights(weights)

    def _count_channels(self, weights: Array) -> None:
        self._values["NumChannelsPerGroup"], self._values["NumGroups"] = weights.shape[2::2]

    def _bias_size(self) -> Size:
        _, filters, groups = self._numbers()
        return (1, 1, filters, groups or 1)

    def _checked_bias(self, bias: Array) -> Array:
        if self.NumGroups == "channel-wise":
            raise PropertyError(
                "Bias is given without Weights, and NumGroups is 'channel-wise': the number of "
                "groups is not known.",
                where=("Bias",),
                remedy="give Weights as well, or the number of groups.",
            )
        return super()._checked_bias(bias)

    def _outputs_said(self) -> str:
        return f"NumFiltersPerGroup {self.NumFiltersPerGroup} and NumGroups {self.NumGroups}"

    def _hint(self, weights: Array, needed: tuple[int | None, ...]) -> str:
        return ""

    def input_channels(self) -> int | None:
        """NumChannelsPerGroup of all groups, where they are known."""
        channels, _, groups = self._numbers()
        return channels * groups if channels and groups else None

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[Size, Fans]]:
        _, filters, known = self._numbers()
        groups = known or channels
        if channels % groups:
            raise PropertyError(
                f"{channels} channels cannot be divided into {groups} groups.",
                where=("NumGroups",),
            )
        weights = (*self.filter_size, channels // groups, filters, groups)
        fans = self._fans(channels // groups, filters)
        return {"Weights": (weights, fans), "Bias": ((1, 1, filters, groups), fans)}

    def _needed_parameters(self) -> Sequence[str]:
        return ("Weights", "Bias")

    def _filters_text(self) -> str:
        """``32 groups of 1 3×3×1``."""
        channels, filters, groups = self._numbers()
        size = self.filter_size + ((channels,) if channels and groups else ())
        many = f"{groups} groups" if groups else "channel-wise groups"
        return f"{many} of {filters} {size_text(size)}"


class GroupedConvolution2DLayer(
    ConvolutionLayer,
    ChannelGroupsLayer,
    arguments=("FilterSize", "NumFiltersPerGroup", "NumGroups"),
    dims=2,
    type_text="2-D Grouped Convolution",
    stem="groupedconv",
    versions="1",
    example="(3, 3), 1, 'channel-wise', Padding='same'",
):
    """MATLAB's 2-D convolution in groups: each group of channels has filters of its own.

    ``Weights`` is
    h×w×NumChannelsPerGroup×NumFiltersPerGroup×NumGroups, ``Bias``
    1×1×NumFiltersPerGroup×NumGroups; with one filter per group a file may leave that dimension
    out, as h×w×1×NumGroups (a real file of a channel-wise layer). The output's channels are the
    filters of the first group, then of the second. ``NumGroups`` 'channel-wise' (one group for each
    channel) becomes their number with the weights.

    Shape: MATLAB H×W×C×N to H'×W'×(NumFiltersPerGroup*NumGroups)×N; torch N,C,H,W to N,F,H',W'.
    """
