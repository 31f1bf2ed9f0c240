"""The cropped transposed convolution: torch's full result, less what MATLAB crops."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..display import size_text
from ..errors import DataFormatError
from .fast import live
from .time import per_time_step

TRANSPOSED_CONVOLUTION = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}


def output_size(
    size: Sequence[int],
    filter_size: Sequence[int],
    stride: Sequence[int],
    crop: Sequence[tuple[int, int]],
    dilation: Sequence[int] | None = None,
) -> tuple[int, ...]:
    """``(in - 1) * stride + (filter - 1) * dilation + 1 - before - after``, at least 1."""
    dilation = dilation or [1] * len(filter_size)
    sizes = tuple(
        (n - 1) * s + (k - 1) * d + 1 - before - after
        for n, k, s, d, (before, after) in zip(
            size, filter_size, stride, dilation, crop, strict=True
        )
    )
    if min(sizes) < 1:
        raise DataFormatError(
            f"The crop leaves nothing: an input of {size_text(size)} gives an output of "
            f"{size_text(sizes)}.",
            remedy="crop less, or feed a larger input.",
        )
    return sizes


def transposed_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    crop: Sequence[tuple[int, int]],
    dilation: Sequence[int] | None = None,
    groups: int = 1,
    arranged: live.Arranged | None = None,
) -> Tensor:
    """``Y[n, f, i*s + p] += W[c, f, p] * X[n, c, i]``, cropped, plus bias.

    ``x`` is N,C,* with one to three spatial dimensions, ``weight`` C,F/groups,*filter: MATLAB's
    h×w×F×C array as ``W.transpose(3, 2, 0, 1)``, no flip. ``crop`` is (before, after) for each.
    ``arranged`` keeps what is made of the weights from one call to the next.

    torch's own ``padding`` crops both sides alike, so it takes the smaller side of each pair and
    the rest is sliced off. Never ``output_padding``: it keeps the *last* row and loses the first,
    one pixel off from MATLAB. The tests check this against the sum written out.
    """
    dilation = dilation or [1] * len(crop)
    sizes = output_size(x.shape[2:], weight.shape[2:], stride, crop, dilation)
    if groups == 1 and set(dilation) == {1} and live.applies(x, weight):
        return live.transposed(x, weight, bias, stride, crop, arranged)
    padding = [min(before, after) for before, after in crop]
    # A crop wider than the filter's own border is legal in MATLAB; torch's kernels want less.
    limit = [(k - 1) * d for k, d in zip(weight.shape[2:], dilation, strict=True)]
    padding = [min(p, most) for p, most in zip(padding, limit, strict=True)]
    y = TRANSPOSED_CONVOLUTION[len(crop)](
        x, weight, bias, list(stride), padding, 0, groups, list(dilation)
    )
    for axis, ((before, _), p, size) in enumerate(zip(crop, padding, sizes, strict=True), 2):
        if (before - p, size) != (0, y.shape[axis]):
            y = y.narrow(axis, before - p, size)
    return y


class CroppedConvTranspose(nn.Module):
    """MATLAB's transposed convolution layer on torch tensors, in one to three dimensions.

    Shape: input N,C,*in; output N,F,*out with
    ``out = (in - 1) * stride + filter - crop_before - crop_after`` for each dimension. Parameters
    as in ``torch.nn.ConvTranspose2d``.
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        filter_size: Sequence[int],
        stride: Sequence[int],
        crop: Sequence[tuple[int, int]],
    ) -> None:
        super().__init__()
        self.channels, self.filters, self.filter_size = channels, filters, tuple(filter_size)
        self.weight = nn.Parameter(torch.empty(channels, filters, *self.filter_size))
        self.bias = nn.Parameter(torch.empty(filters))
        self.stride = tuple(stride)
        self.crop = tuple(crop)
        self._arranged = live.Arranged()

    def forward(self, x: Tensor) -> Tensor:
        """The cropped transposed convolution of ``x``."""

        def crop_conv(x: Tensor) -> Tensor:
            return transposed_convolution(
                x, self.weight, self.bias, self.stride, self.crop, arranged=self._arranged
            )

        return per_time_step(crop_conv, x, len(self.crop))

    def extra_repr(self) -> str:
        """Sizes as torch's own layers show them."""
        return (
            f"{self.channels}, {self.filters}, kernel_size={self.filter_size}, "
            f"stride={self.stride}, crop={self.crop}"
        )
