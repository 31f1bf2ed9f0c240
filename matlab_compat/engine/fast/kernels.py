"""Ways to convolve and to pool images on a CPU for inference, and which is fastest for a shape.

``onednn``   oneDNN's convolution with prepared weights and a fused activation, which is what
             ``torch.compile`` calls. Fastest for large images; takes some 30 us to begin.
``columns``  torch's own: the windows of the image, channels last, as columns of a matrix (im2col),
             and a matrix product. Begins in 4 us.
``planes``   the same for N,C,H,W, and a copy to channels last: for few channels.

They are asked for by name, for ``torch.nn.functional.conv2d`` takes oneDNN for every batch of two
and more.

The largest element of a window is the largest of its rows' largest, and the sum of a window the sum
of its rows' sums: :func:`separable` takes whole shifted images together, one dimension after the
other, where torch goes from window to window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from ..padding import Pairs
from .phases import LANES, lanes

#: Takes x, weight, the window's size, bias, stride and padding; the layout is the weight's.
matrix_convolution: Any = getattr(torch._C._nn, "thnn_conv2d", None)

Kernel: TypeAlias = Literal["onednn", "columns", "planes"]

#: Elements of the columns of an observation beyond which they leave the cache: not worth it.
CACHE = 2**18
#: Elements of all windows together, for each step of :func:`separable`, from which on it pays.
STEP = 2**14


def has_kernels() -> bool:
    """Whether this torch has them all; they are no public interface."""
    names = ("_convolution_pointwise", "_reorder_convolution_weight")
    onednn = all(hasattr(torch.ops.mkldnn, name) for name in names)
    return onednn and matrix_convolution is not None


@lru_cache(maxsize=1024)
def fastest(
    size: Sequence[int], weight_size: Sequence[int], stride: Sequence[int], padding: Sequence[int]
) -> Kernel:
    """What is estimated to take least time for an N,C,H,W image and F,C,h,w weights."""
    shape = Sizes.of(size, weight_size, stride, padding)
    if shape.copied and shape.channels * shape.taps > CACHE * shape.n:
        return "onednn"
    return min(MICROSECONDS, key=lambda kernel: MICROSECONDS[kernel](shape))


@dataclass(frozen=True)
class Sizes:
    """The sizes of a convolution; ``places``, ``taps`` and ``rows`` are those of all observations.

    A tap is an element of a window; a row is what one of them is multiplied with in a row of
    places. ``copied`` says that there are columns to make: else the image is the columns.
    """

    n: int
    channels: int
    filters: int
    places: int
    taps: int
    rows: int
    copied: bool
    strided: bool

    @classmethod
    def of(
        cls,
        size: Sequence[int],
        weight_size: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[int],
    ) -> Sizes:
        """The sizes of the convolution of an image N,C,H,W with weights F,C,h,w."""
        n, channels, *space = size
        filters, _, *window = weight_size
        high, wide = (
            (length + 2 * p - k) // s + 1
            for length, p, k, s in zip(space, padding, window, stride, strict=True)
        )
        area, places = prod(window), n * high * wide
        copied, strided = area * prod(stride) > 1, stride[1] > 1
        return cls(n, channels, filters, places, places * area, n * high * area, copied, strided)


def _onednn(shape: Sizes) -> float:
    products = shape.taps * max(shape.channels, 1.4) * lanes(shape.filters)
    picoseconds = 11.5 * products + 120 * shape.places * shape.filters
    return 30 + 0.6 * shape.n + 1e-6 * picoseconds


def _columns(shape: Sizes) -> float:
    products = shape.taps * shape.channels * lanes(shape.filters)
    picoseconds = 14 * products + 230 * shape.places * shape.filters
    if shape.copied:
        picoseconds += 134 * shape.taps * (shape.channels + 25)
    return 4 + 0.3 * shape.n + 1e-6 * picoseconds


def _planes(shape: Sizes) -> float:
    products = shape.taps * shape.channels * shape.filters
    picoseconds = 14 * products + 820 * shape.places * shape.filters
    if shape.copied:
        each = 930 if shape.strided else 33
        picoseconds += shape.channels * (each * shape.taps + 7000 * shape.rows)
    return 5.7 + 0.1 * shape.n + 1e-6 * picoseconds


#: Fitted to 685 random shapes in one thread; the choice by them gets 0.98 of the fastest one's
#: speed, oneDNN alone 0.68: ``python -m benchmarks.speed.kernels`` measures it anew.
MICROSECONDS: dict[Kernel, Callable[[Sizes], float]] = {
    "onednn": _onednn,
    "columns": _columns,
    "planes": _planes,
}


def separable(
    x: Tensor,
    pool_size: Sequence[int],
    stride: Sequence[int],
    padding: Pairs,
    function: Callable[..., Tensor],
) -> Tensor:
    """``function``, ``torch.maximum`` or ``torch.add``, over the windows of N,C,H,W channels last.

    What lies in the padding, which is less than a window, has no part in it.
    """
    for axis, how in enumerate(zip(pool_size, stride, padding, strict=True), 2):
        steps = _steps(x.shape[axis], *how)
        (part, _), *others = ((x[(slice(None),) * axis + (step.source,)], step) for step in steps)
        if others and others[0][0].shape == part.shape:
            y = function(part, others.pop(0)[0])
        else:
            y = part.clone(memory_format=torch.channels_last)
        for part, step in others:
            target = y.narrow(axis, step.first, step.places)
            function(target, part, out=target)
        x = y
    return x


class _Step(NamedTuple):
    """What one element of the windows adds to the places that have it in the data."""

    first: int
    places: int
    source: slice


@lru_cache(maxsize=1024)
def _steps(length: int, window: int, stride: int, pair: tuple[int, int]) -> list[_Step]:
    """A step for each element of the windows, those that most places have first."""
    places = (length + sum(pair) - window) // stride + 1
    steps = []
    for shift in range(window):
        start = shift - pair[0]  # where the first place has this element
        first = max(0, -(start // stride))
        last = min(places - 1, (length - 1 - start) // stride)
        if first <= last:
            source = slice(start + first * stride, start + last * stride + 1, stride)
            steps.append(_Step(first, last - first + 1, source))
    return sorted(steps, key=lambda step: -step.places)


@lru_cache(maxsize=1024)
def separable_is_faster(
    size: Sequence[int],
    pool_size: Sequence[int],
    stride: Sequence[int],
    padding: Pairs,
    *,
    maximum: bool,
) -> bool:
    """Whether :func:`separable` takes less time than torch for N,C,H,W that is channels last.

    Torch takes the average of whole registers of channels at once, and is faster then. Not for
    padding so wide that all places have no element of the windows in common.
    """
    if any(sum(pair) >= window for pair, window in zip(padding, pool_size, strict=True)):
        return False
    steps = sum(pool_size) - len(pool_size)
    windows = prod(size) * prod(pool_size) / prod(stride)
    return windows >= STEP * steps > 0 and (maximum or size[1] < LANES)
