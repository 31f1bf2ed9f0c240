"""Ways to convolve and to pool images on a CPU for inference.

``direct``   oneDNN's convolution with prepared weights and a fused activation, which is what
             ``torch.compile`` calls.
``columns``  torch's own: the windows of the image, channels last, as columns of a matrix (im2col),
             and a matrix product; for a filter of one pixel the product alone.

They are asked for by name, for ``torch.nn.functional.conv2d`` takes oneDNN for every batch of two
and more.

The largest element of a window is the largest of its rows' largest, and the sum of a window the sum
of its rows' sums: :func:`separable` takes whole shifted images together, one dimension after the
other, where torch goes from window to window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..padding import Pairs

#: Channels that are put last at a time. All at once, channels that lie a page or more apart drive
#: each other out of the processor's cache, as their places there are the same.
TOGETHER, PAGE = 8, 4096

#: Takes x, weight, the window's size, bias, stride and padding; the layout is the weight's.
matrix_convolution: Any = getattr(torch._C._nn, "thnn_conv2d", None)


def has_kernels() -> bool:
    """Whether this torch has them all; they are no public interface."""
    names = ("_convolution_pointwise", "_convolution_pointwise_", "_reorder_convolution_weight")
    more = ("_convolution_transpose_pointwise", "_reorder_convolution_transpose_weight")
    linear = ("_linear_pointwise", "_reorder_linear_weight")
    onednn = all(hasattr(torch.ops.mkldnn, name) for name in (*names, *more, *linear))
    return onednn and matrix_convolution is not None


def memory(*size: int) -> Tensor:
    """New memory in single: numpy's, which asks Linux for large pages, of which few are cleared."""
    return torch.from_numpy(np.empty(size, np.float32))


def image(out: Tensor, size: Sequence[int]) -> Tensor:
    """Memory as N,C,H,W, channels last."""
    n, channels, height, width = size
    return out.view(n, height, width, channels).permute(0, 3, 1, 2)


def in_channels_last(x: Tensor, place: Tensor | None = None) -> Tensor:
    """N,C,H,W in this order: itself, or a copy, which may be given a ``place``."""
    if x.is_contiguous(memory_format=torch.channels_last):
        return x
    if x.stride(1) * x.element_size() < PAGE or x.shape[1] <= TOGETHER:
        return x.contiguous(memory_format=torch.channels_last) if place is None else place.copy_(x)
    place = image(memory(x.numel()), x.shape) if place is None else place
    for first in range(0, x.shape[1], TOGETHER):
        place[:, first : first + TOGETHER].copy_(x[:, first : first + TOGETHER])
    return place


def separable(
    x: Tensor,
    pool_size: Sequence[int],
    stride: Sequence[int],
    padding: Pairs,
    function: Callable[..., Tensor],
    out: Tensor | None = None,
) -> Tensor:
    """``function``, ``torch.maximum`` or ``torch.add``, over the windows of N,C,H,W channels last.

    What lies in the padding, which is less than a window, has no part in it. ``out`` is memory for
    the result.
    """
    for axis, how in enumerate(zip(pool_size, stride, padding, strict=True), 2):
        steps = _steps(x.shape[axis], *how)
        (part, _), *others = ((x[(slice(None),) * axis + (step.source,)], step) for step in steps)
        place = out if axis == 3 else None
        if others and others[0][0].shape == part.shape:
            y = function(part, others.pop(0)[0], out=place)
        elif place is None:
            y = part.clone(memory_format=torch.channels_last)
        else:
            y = place.copy_(part)
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


def is_separable(pool_size: Sequence[int], padding: Pairs) -> bool:
    """Whether :func:`separable` can: all places have an element of the window in common."""
    return all(sum(pair) < window for pair, window in zip(padding, pool_size, strict=True))
