"""What MatConvNet computes otherwise than MATLAB's layers do, on torch tensors N,C,H,W.

Semantics: MatConvNet's help texts and code (vl_nnbnorm, vl_nnconvt, vl_nnnoffset, vl_nnspnorm,
vl_nnroipool); batch normalization settled by a published network with and without it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .module import Module
from .pooling import AveragePooling
from .transposed_convolution import transposed_convolution


class DeviationNorm(Module):
    """``weight * (x - mean) / deviation + bias`` for every channel.

    The buffer ``moments``, 2×C, holds mean and **standard deviation**, in which epsilon is already.
    ``train()`` takes both from the batch, ``sqrt(variance + eps)``, and moves ``moments`` by
    ``rate``.
    """

    moments: Tensor

    def __init__(self, channels: int, eps: float, rate: float) -> None:
        super().__init__()
        self.channels, self.eps, self.rate = channels, eps, rate
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.register_buffer("moments", torch.empty(2, channels))

    def forward(self, x: Tensor) -> Tensor:
        """The normalized ``x``."""
        moments = self.moments
        if self.training:
            variance, mean = torch.var_mean(x, [0, *range(2, x.ndim)], correction=0)
            moments = torch.stack([mean, (variance + self.eps).sqrt()])
            self.moments.lerp_(moments.detach().to(self.moments.dtype), self.rate)
        each = (-1, *[1] * (x.ndim - 2))
        mean, deviation = moments.unbind()
        scale = (self.weight / deviation).view(each)
        return (x - mean.view(each)) * scale + self.bias.view(each)


class GroupedConvTranspose(Module):
    """A cropped transposed convolution whose groups of input channels have filters of their own.

    ``weight`` is C,F,h,w with the C channels of all groups and the F filters of one; N,C,H,W
    becomes N,F*groups,H',W'.
    """

    def __init__(
        self,
        size: Sequence[int],
        stride: Sequence[int],
        crop: Sequence[tuple[int, int]],
        groups: int,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(*size))
        self.bias = nn.Parameter(torch.empty(size[1] * groups))
        self.size, self.stride, self.crop = tuple(size), tuple(stride), tuple(crop)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """The cropped transposed convolution of ``x``."""
        return transposed_convolution(
            x, self.weight, self.bias, self.stride, self.crop, groups=self.groups
        )


class Scaling(nn.Module):
    """``x * weight + bias``, each C,H,W with 1 where all are alike."""

    def __init__(self, size: Sequence[int], bias_size: Sequence[int]) -> None:
        super().__init__()
        self.size, self.bias_size = tuple(size), tuple(bias_size)
        self.weight = nn.Parameter(torch.empty(*self.size))
        self.bias = nn.Parameter(torch.empty(*self.bias_size))

    def forward(self, x: Tensor) -> Tensor:
        """Element by element."""
        return x * self.weight + self.bias


class NormOffset(Module):
    """``x - alpha * (sum over the channels of x^2)^beta``."""

    def __init__(self, alpha: float, beta: float) -> None:
        super().__init__()
        self.alpha, self.beta = alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        """``x`` less the same offset for all channels."""
        return x - self.alpha * x.square().sum(1, keepdim=True).pow(self.beta)


class SpatialNorm(Module):
    """``x / (1 + alpha * the mean of x^2 over the window)^beta``, for each channel apart.

    The window has ``(size - 1) // 2`` elements before and the rest after; what lies outside of the
    image is not counted.
    """

    def __init__(self, window: Sequence[int], alpha: float, beta: float) -> None:
        super().__init__()
        around = [((n - 1) // 2, n // 2) for n in window]
        self.mean = AveragePooling(window, (1, 1), around, count_padding=False)
        self.window, self.alpha, self.beta = tuple(window), alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        """The normalized ``x``."""
        energy: Tensor = self.mean(x.square())
        return x / (1 + self.alpha * energy).pow(self.beta)


class ROIPooling(Module):
    """Each region of the images in bins: N,C,H,W and R regions to R,C,*bins.

    Regions are ``[image; u0; v0; u1; v1]``, counted from 1, as 5×R (torch 1,1,5,R) or as R
    observations of five channels. After ``u' = scale * (u - 1) + 1`` they reach from ``round(u0')``
    to ``round(u1')``; bin i of n has ``floor(i*size/n)`` to ``ceil((i+1)*size/n)``, as far as it
    lies in the image. Of its pixels ``method`` takes the "max" or the "avg"; an empty bin is 0.
    """

    def __init__(self, bins: Sequence[int], scale: float, method: str, flatten: bool) -> None:
        super().__init__()
        self.bins, self.scale = tuple(bins), scale
        self.method, self.flatten = method, flatten

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        """The pooled regions; all of one in a row, column-major, with ``flatten``."""
        table = regions.movedim(1 if regions.shape[1] == 5 else 2, 0).reshape(5, -1)
        each = x.index_select(0, table[0].long() - 1)
        for axis, (first, last) in {2: (2, 4), 3: (1, 3)}.items():
            inside = self._bins(table[first], table[last], x.shape[axis], self.bins[axis - 2])
            each = self._reduced(each, inside, axis)
        return each.mT.flatten(1)[:, :, None, None] if self.flatten else each

    def _bins(self, first: Tensor, last: Tensor, size: int, bins: int) -> Tensor:
        """R,bins,size: which rows (or columns) lie in each bin of each region."""
        start, end = (self._rounded(self.scale * (at - 1) + 1) - 1 for at in (first, last))
        length = (end - start + 1).clamp(min=1)[:, None]
        i = torch.arange(bins, device=first.device)
        low = start[:, None] + torch.div(i * length, bins, rounding_mode="floor")
        high = start[:, None] - torch.div(-(i + 1) * length, bins, rounding_mode="floor")
        at = torch.arange(size, device=first.device)
        return (at >= low[..., None]) & (at < high[..., None])

    @staticmethod
    def _rounded(value: Tensor) -> Tensor:
        """Half away from zero, as C and MATLAB round; torch's own rounds half to even."""
        return (value.sign() * (value.abs() + 0.5).floor()).long()

    def _reduced(self, x: Tensor, inside: Tensor, axis: int) -> Tensor:
        """One axis of R,C,H,W to bins: a rectangle's maximum is the maximum of its rows' maxima."""
        x = x.movedim(axis, -1)[..., None, :]  # R,C,other,1,size
        inside = inside[:, None, None]
        filled = inside.any(-1)
        if self.method == "max":
            found = torch.where(inside, x, -torch.inf).amax(-1)
        else:
            found = torch.where(inside, x, 0.0).sum(-1) / inside.sum(-1).clamp(min=1)
        return torch.where(filled, found, 0.0).movedim(-1, axis)
