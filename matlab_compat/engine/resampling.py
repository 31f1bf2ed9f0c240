"""Resizing by explicit indices and weights, cropping, and moving blocks between space and depth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import DataFormatError, UnsupportedLayerError
from .module import Module
from .time import per_time_step


def nearest_indices(size: int, out: int, half_pixel: bool, floor: bool) -> Tensor:
    """The input element that each of ``out`` output elements copies, in whole numbers.

    With ``scale = out / size`` the place of output o in the input is ``(o + 0.5) / scale - 0.5``
    (half-pixel) or ``o / scale`` (asymmetric). It is rounded down, or to the nearest, halves up,
    as MATLAB's ``round`` does with positive numbers, and kept within the input.
    """
    o = torch.arange(out)
    # Twice the place, as a fraction over ``out``: exact where floats may miss a half.
    twice = (2 * o + 1) * size - out if half_pixel else 2 * o * size
    return ((twice if floor else twice + out) // (2 * out)).clamp(0, size - 1)


def linear_weights(size: int, out: int, half_pixel: bool) -> tuple[Tensor, Tensor]:
    """For each output element the left neighbour and the weight of the right one (double)."""
    o = torch.arange(out, dtype=torch.float64)
    place = (o + 0.5) * size / out - 0.5 if half_pixel else o * size / out
    place = place.clamp(0.0, size - 1.0)
    left = place.long()
    return left, place - left


class Resize(Module):
    """MATLAB's resize layer in two or three dimensions.

    ``output_size`` or ``scale`` is given, neither where a second input gives the size. ``linear``
    interpolates instead of copying the nearest by the rules of :func:`nearest_indices`.
    """

    def __init__(
        self,
        dims: int,
        output_size: Sequence[int] | None,
        scale: Sequence[float] | None,
        linear: bool,
        half_pixel: bool,
        floor: bool,
    ) -> None:
        super().__init__()
        self.dims = dims
        self.output_size = output_size
        self.scale = scale
        self.linear = linear
        self.half_pixel = half_pixel
        self.floor = floor

    def forward(self, x: Tensor, reference: Tensor | None = None) -> Tensor:
        """N,C,*in to N,C,*out."""
        sizes = self._sizes(x, reference)

        def resize(x: Tensor) -> Tensor:
            for axis, out in enumerate(sizes, 2):
                x = self._along(x, axis, out)
            return x

        return per_time_step(resize, x, self.dims)

    def _sizes(self, x: Tensor, reference: Tensor | None) -> Sequence[int]:
        if reference is not None:
            return reference.shape[2 : 2 + self.dims]
        if self.output_size is not None:
            return self.output_size
        assert self.scale is not None
        exact = [n * s for n, s in zip(x.shape[2:], self.scale, strict=False)]
        if any(n != round(n) or n < 1 for n in exact):
            raise UnsupportedLayerError(
                f"Scale {list(self.scale)} makes sizes of {exact} from {tuple(x.shape[2:])}; how "
                "MATLAB rounds them is not documented.",
                remedy="give OutputSize instead of Scale.",
            )
        return [round(n) for n in exact]

    def _along(self, x: Tensor, axis: int, out: int) -> Tensor:
        size = x.shape[axis]
        if out == size:
            return x
        if not self.linear:
            return _take(x, axis, nearest_indices(size, out, self.half_pixel, self.floor))
        left, weight = linear_weights(size, out, self.half_pixel)
        right = (left + 1).clamp(max=size - 1)
        shape = [1] * x.ndim
        shape[axis] = out
        return torch.lerp(_take(x, axis, left), _take(x, axis, right), weight.to(x).view(shape))


def _take(x: Tensor, axis: int, indices: Tensor) -> Tensor:
    return x.index_select(axis, indices.to(x.device))


class Crop(Module):
    """Cuts the first input to the size of the second, from ``start`` (0-based) or the centre."""

    def __init__(self, dims: int, start: Sequence[int] | None) -> None:
        super().__init__()
        self.dims = dims
        self.start = start

    def forward(self, x: Tensor, reference: Tensor) -> Tensor:
        """N,C,*in to N,C,*reference."""
        for axis in range(2, 2 + self.dims):
            size, out = x.shape[axis], reference.shape[axis]
            start = self._centre(size, out) if self.start is None else self.start[axis - 2]
            if start < 0 or start + out > size:
                raise DataFormatError(
                    f"A crop of {out} from position {start + 1} does not lie in an input of "
                    f"{size} (dimension {axis - 1}).",
                    remedy="check the size of the reference input and Location.",
                )
            x = x.narrow(axis, start, out)
        return x

    def _centre(self, size: int, out: int) -> int:
        if (size - out) % 2:
            raise UnsupportedLayerError(
                f"The centre {out} of {size} is not defined: the difference is odd, and which side "
                "MATLAB cuts more from is not documented.",
                remedy="use a custom Location, crop2dLayer([x y]).",
            )
        return (size - out) // 2


class DepthToSpace(Module):
    """Channels to blocks of space: N,C*h*w,H,W to N,C,H*h,W*w.

    'dcr' takes the channels as h,w,C (C fastest), 'crd' as C,h,w. Both as ONNX's DepthToSpace;
    'dcr' also as the example of MATLAB's function ``depthToSpace`` shows it.
    """

    def __init__(self, block_size: Sequence[int], mode: str) -> None:
        super().__init__()
        self.block_size = tuple(block_size)
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """The channels of every pixel spread over a block."""
        h, w = self.block_size
        batch, channels, height, width = x.shape
        if channels % (h * w):
            raise DataFormatError(
                f"{channels} channels do not divide into blocks of {h}×{w}.",
                remedy="the number of channels must be a multiple of the block's size.",
            )
        depth = channels // (h * w)
        if self.mode == "dcr":
            blocks = x.view(batch, h, w, depth, height, width).permute(0, 3, 4, 1, 5, 2)
        else:
            blocks = x.view(batch, depth, h, w, height, width).permute(0, 1, 4, 2, 5, 3)
        return blocks.reshape(batch, depth, height * h, width * w)


class SpaceToDepth(Module):
    """Blocks of space to channels: N,C,H,W to N,h*w*C,floor(H/h),floor(W/w), the inverse of 'dcr'.

    The order is that of the example on MATLAB's page of the function ``spaceToDepth``. Rows and
    columns at the end that fill no block are left out.
    """

    def __init__(self, block_size: Sequence[int]) -> None:
        super().__init__()
        self.block_size = tuple(block_size)

    def forward(self, x: Tensor) -> Tensor:
        """Every block as the channels of one pixel."""
        h, w = self.block_size
        batch, depth, height, width = x.shape
        rows, columns = height // h, width // w
        if rows == 0 or columns == 0:
            what = f"An image of {height}×{width} is smaller than a block of {h}×{w}."
            raise DataFormatError(what, remedy="feed larger images.")
        whole = x[:, :, : rows * h, : columns * w]
        blocks = whole.reshape(batch, depth, rows, h, columns, w).permute(0, 3, 5, 1, 2, 4)
        return blocks.reshape(batch, h * w * depth, rows, columns)
