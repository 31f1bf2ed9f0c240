"""Convolution with MATLAB's paddings: asymmetric, 'same', and with values from the data itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import DataFormatError
from .padding import Even, Pairs, check_window, pad, same_padding
from .precision import plain_only
from .time import per_time_step

#: Bytes of the windows that torch writes out at once, in double.
BAND = 2**21

CONVOLUTION = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


@dataclass(frozen=True)
class Padding:
    """What is added around the data.

    ``pairs`` is (before, after) for every dimension; ``None`` is 'same', which depends on the
    data's size. ``value`` is a number, or where the values come from: 'replicate' (the edge),
    'symmetric-include-edge' (mirrored, the edge twice), 'symmetric-exclude-edge' (the edge once).
    """

    pairs: Pairs | None
    value: float | str = 0.0


def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Padding,
    dilation: Sequence[int],
    groups: int = 1,
) -> Tensor:
    """``Y[n, f, i] = sum W[f, c, p] * X[n, c, i*s + p*d]`` over the padded data, plus bias.

    A cross-correlation: the filter is not flipped. ``x`` is N,C,* with one to three spatial
    dimensions, ``weight`` F,C/groups,*filter: ``W.transpose(3, 2, 0, 1)`` of MATLAB's h×w×C×F.
    Refused are filters that do not fit in the padded data, and data too small to be mirrored.
    """
    x, inside = padded(x, padding, window_of(weight, dilation), stride)
    if x.dtype == torch.float64 and not plain_only(x, weight, dtype=torch.float64):
        return _in_bands(x, weight, bias, stride, inside, dilation, groups)
    return CONVOLUTION[len(inside)](x, weight, bias, list(stride), inside, list(dilation), groups)


def _in_bands(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    inside: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> Tensor:
    """The convolution of some rows after the others.

    In double torch writes all windows of an image side by side first. Where these exceed the
    processor's cache, it takes two to four times as long, and gigabytes.
    """
    convolve, window = CONVOLUTION[len(inside)], window_of(weight, dilation)
    sizes = [n + 2 * p - w for n, p, w in zip(x.shape[2:], inside, window, strict=True)]
    rows, *others = (n // s + 1 for n, s in zip(sizes, stride, strict=True))
    band = max(1, BAND // (x.element_size() * weight[0].numel() * math.prod(others)))
    if band >= rows or math.prod(window) == 1:
        return convolve(x, weight, bias, list(stride), list(inside), list(dilation), groups)
    x = pad(x, [(p, p) for p in inside], 0.0)
    step = stride[0]
    bands = [
        x.narrow(2, at * step, (min(band, rows - at) - 1) * step + window[0])
        for at in range(0, rows, band)
    ]
    return torch.cat(
        [convolve(one, weight, bias, list(stride), 0, list(dilation), groups) for one in bands], 2
    )


def window_of(weight: Tensor, dilation: Sequence[int]) -> list[int]:
    """How much of each dimension the filter spans."""
    return [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]


def padded(
    x: Tensor, padding: Padding, window: Sequence[int], stride: Sequence[int]
) -> tuple[Tensor, list[int]]:
    """``x`` with its padding, and what is left to the convolution: torch pads evenly itself."""
    size = x.shape[2:]
    pairs = same_padding(size, window, stride) if padding.pairs is None else padding.pairs
    check_window([n + a + b for n, (a, b) in zip(size, pairs, strict=True)], window)
    if padding.value == 0 and all(before == after for before, after in pairs):
        return x, [before for before, _ in pairs]
    if isinstance(padding.value, str):
        x = extended(x, pairs, padding.value)
    else:
        x = pad(x, pairs, padding.value)
    return x, [0] * len(pairs)


def even_padding(padding: Padding, window: Sequence[int], stride: Sequence[int]) -> Even | None:
    """The padding, where torch can add it by itself."""
    pairs = padding.pairs
    if pairs is None and all(step == 1 for step in stride):
        pairs = same_padding(window, window, stride)
    if pairs is None or padding.value != 0 or any(before != after for before, after in pairs):
        return None
    return Even(pairs, window)


def extended(x: Tensor, pairs: Pairs, mode: str) -> Tensor:
    """``x`` (N,C,*space) continued beyond its edges, where it has as much as is mirrored."""
    for axis, (before, after) in enumerate(pairs, 2):
        if before or after:
            x = x.index_select(axis, _sources(x.shape[axis], before, after, mode).to(x.device))
    return x


def _sources(n: int, before: int, after: int, mode: str) -> Tensor:
    """For each place of the extended dimension, the place of the data that its value is from."""
    place = torch.arange(-before, n + after)
    if mode == "replicate":
        return place.clamp(0, n - 1)
    edge = 1 if mode == "symmetric-include-edge" else 0  # the mirror stands half a step outside
    if max(before, after) > n - 1 + edge:
        raise DataFormatError(
            f"PaddingValue '{mode}' cannot add {max(before, after)} to a dimension of {n}.",
            remedy="use less padding, a larger input, or PaddingValue 'replicate'.",
        )
    place = torch.where(place < 0, -place - edge, place)
    return torch.where(place >= n, 2 * (n - 1) + edge - place, place)


class PaddedConvolution(nn.Module):
    """MATLAB's convolution layer on torch tensors, in one to three dimensions.

    Shape: input N,C,*in; output N,F,*out with
    ``out = floor((in + before + after - (filter - 1) * dilation - 1) / stride) + 1``
    for each dimension, ``ceil(in / stride)`` in 'same' mode. Time that the filter does not move
    over comes last and is passed step by step. Parameters as in ``torch.nn.Conv2d``.
    """

    def __init__(
        self,
        weight_size: Sequence[int],
        stride: Sequence[int],
        padding: Padding,
        dilation: Sequence[int],
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.weight_size = tuple(weight_size)
        self.weight = nn.Parameter(torch.empty(self.weight_size))
        self.bias = nn.Parameter(torch.empty(weight_size[0]))
        self.stride = tuple(stride)
        self.padding = padding
        self.dilation = tuple(dilation)
        self.groups = groups
        self._even = even_padding(padding, window_of(self.weight, dilation), stride)

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of ``x``."""
        even, size = self._even, x.shape[2:]
        is_plain = len(size) == len(self.stride) and x.dtype != torch.float64
        if is_plain and even is not None and even.fits(size):
            kernel = CONVOLUTION[len(size)]
            how = (self.stride, even.each, self.dilation)
            return kernel(x, self.weight, self.bias, *how, self.groups)

        def convolve(x: Tensor) -> Tensor:
            return convolution(
                x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
            )

        return per_time_step(convolve, x, len(self.stride))

    def extra_repr(self) -> str:
        """Sizes as torch's own layers show them."""
        filters, channels, *filter_size = self.weight.shape
        return (
            f"{channels * self.groups}, {filters}, kernel_size={tuple(filter_size)}, "
            f"stride={self.stride}, padding={self.padding.pairs or 'same'}, "
            f"dilation={self.dilation}, groups={self.groups}"
        )
