"""Pooling as MATLAB does it: asymmetric padding, windows that padding never wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import UnsupportedLayerError
from .module import Module
from .padding import Even, Pairs, check_window, pad, same_padding
from .time import per_time_step

#: By the number of dimensions.
Kernels: TypeAlias = Mapping[int, Callable[..., Tensor]]

AVERAGE = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
MAXIMUM = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}


class Pooling(Module):
    """A window that moves over the ``len(pool_size)`` dimensions after the channels.

    ``padding`` is (before, after) for each of them; ``None`` is MATLAB's 'same'.
    """

    def __init__(
        self, pool_size: Sequence[int], stride: Sequence[int], padding: Pairs | None
    ) -> None:
        super().__init__()
        self.pool_size = tuple(pool_size)
        self.stride = tuple(stride)
        self.padding = None if padding is None else tuple(padding)
        even = self.padding is not None and self.is_even(self.padding)
        self._even = Even(self.padding or (), self.pool_size) if even else None

    def forward(self, x: Tensor) -> Tensor:
        """The pooled ``x``; over each time step if there is one dimension more."""
        return per_time_step(self.pool, x, len(self.pool_size))

    def pool(self, x: Tensor) -> Tensor:
        """One time step of :meth:`forward`."""
        raise NotImplementedError

    def pairs(self, x: Tensor) -> Pairs:
        """The padding for an input N,C,*space, in which the window must fit."""
        size = x.shape[2:]
        found = self.padding
        if found is None:
            found = same_padding(size, self.pool_size, self.stride)
        padded = [n + before + after for n, (before, after) in zip(size, found, strict=True)]
        check_window(padded, self.pool_size)
        return found

    def pooled(self, kernels: Kernels, x: Tensor, value: float) -> Tensor:
        """What torch's kernel gives for ``x`` with its padding, which it can do itself if even."""
        kernel = kernels[len(self.pool_size)]
        if self._even is not None and self._even.fits(x.shape[2:]):
            return kernel(x, self.pool_size, self.stride, self._even.each)
        pairs = self.pairs(x)
        if self.is_even(pairs):
            return kernel(x, self.pool_size, self.stride, [before for before, _ in pairs])
        return kernel(pad(x, pairs, value), self.pool_size, self.stride, [0] * len(pairs))

    def is_even(self, pairs: Pairs) -> bool:
        """Whether torch's pooling can pad so: evenly, by at most half a window; without a copy."""
        return all(a == b <= k // 2 for (a, b), k in zip(pairs, self.pool_size, strict=True))


class AveragePooling(Pooling):
    """The mean of every window.

    ``count_padding`` is MATLAB's PaddingValue 0: padded elements count as zeros. Without it
    (PaddingValue 'mean') the mean is over the elements of the input alone.

    Shape: N,C,*in to N,C,*out with ``out = floor((in + before + after - pool) / stride) + 1``.
    """

    def __init__(
        self,
        pool_size: Sequence[int],
        stride: Sequence[int],
        padding: Pairs | None,
        count_padding: bool = True,
    ) -> None:
        super().__init__(pool_size, stride, padding)
        self.count_padding = count_padding

    def is_even(self, pairs: Pairs) -> bool:
        """Not of volumes: torch refuses those that are smaller than the window without padding."""
        return super().is_even(pairs) and (len(pairs) < 3 or not any(map(any, pairs)))

    def pool(self, x: Tensor) -> Tensor:
        """The means."""
        average = self._average(x)
        if self.count_padding:
            return average
        return average / self._average(torch.ones_like(x[:1, :1]))

    def _average(self, x: Tensor) -> Tensor:
        return self.pooled(AVERAGE, x, 0.0)


class MaxPooling(Pooling):
    """The largest element of every window, never padding; shapes as :class:`AveragePooling`."""

    def pool(self, x: Tensor) -> Tensor:
        """The maxima."""
        return self.pooled(MAXIMUM, x, -torch.inf)


class MaxPoolingWithIndices(Pooling):
    """Max pooling that also says what :class:`MaxUnpooling` needs.

    Outputs: the pooled N,C,*out; ``indices`` of the same size, the place of each in the flattened
    image (row-major, 0-based, as torch counts: not MATLAB's encoding); ``size``, a tensor whose
    *shape* is the *in of the input, so that sizes stay visible to ``torch.export``.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """(out, indices, size)."""
        pairs = self.pairs(x)
        padded = pad(x, pairs, -torch.inf)
        pooled, flat = MAXIMUM[len(pairs)](padded, self.pool_size, self.stride, return_indices=True)
        place = torch.zeros_like(flat)
        for (before, _), step, size in zip(
            pairs, _steps(padded.shape[2:]), _steps(x.shape[2:]), strict=True
        ):
            place = place + (flat // step - before) * size
            flat = flat % step
        return pooled, place, x.new_zeros(()).expand(x.shape[2:])


def _steps(shape: Sequence[int]) -> list[int]:
    """How many elements of a row-major array lie between neighbours along each dimension."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


class MaxUnpooling(nn.Module):
    """Puts pooled elements back where they came from; zeros elsewhere.

    Inputs: N,C,H',W', and the ``indices`` and ``size`` of :class:`MaxPoolingWithIndices`.
    """

    def forward(self, x: Tensor, indices: Tensor, size: Tensor) -> Tensor:
        """N,C,H,W."""
        height, width = size.shape[-2:]
        empty = x.new_zeros(x.shape[0], x.shape[1], height * width)
        filled = empty.scatter(2, indices.long().flatten(2), x.flatten(2))
        return filled.view(x.shape[0], x.shape[1], height, width)


class GlobalPooling(Module):
    """The mean or maximum over whole dimensions of the tensor."""

    def __init__(self, maximum: bool, dims: Sequence[int], keep: bool) -> None:
        super().__init__()
        self.maximum = maximum
        self.dims = tuple(dims)
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with the dimensions reduced to 1, or gone."""
        if self.maximum:
            return x.amax(self.dims, keepdim=self.keep)
        return x.mean(self.dims, keepdim=self.keep)


class AdaptiveAveragePooling(nn.AdaptiveAvgPool2d):
    """The mean of equal blocks; how MATLAB makes unequal ones is not documented: refused."""

    output_size: tuple[int, int]

    def forward(self, x: Tensor) -> Tensor:
        """N,C,H,W to N,C,*output_size."""
        return per_time_step(self._pool, x, 2)

    def _pool(self, x: Tensor) -> Tensor:
        height, width = self.output_size
        if x.shape[2] % height or x.shape[3] % width:
            raise UnsupportedLayerError(
                f"An input of {tuple(x.shape[2:])} does not divide into {[height, width]} equal "
                "blocks, and how MATLAB divides it then is not documented.",
                remedy="feed images whose size is a multiple of OutputSize.",
            )
        return functional.adaptive_avg_pool2d(x, (height, width))
