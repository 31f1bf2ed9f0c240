"""Normalization and dropout on torch tensors: batch, channel, space, time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .module import Module


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalization of N,C,* of any rank, with a decay for each of the two statistics.

    ``train()`` normalizes with the statistics of the batch, over all dimensions but C, and moves
    ``running_mean`` and ``running_var`` by MATLAB's ``s = decay*s_batch + (1 - decay)*s``.
    ``eval()`` uses the running ones. Keys are those of ``torch.nn.BatchNorm2d``.
    """

    def __init__(
        self, num_features: int, eps: float, momentum: float, variance_decay: float
    ) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.variance_decay = variance_decay

    def forward(self, x: Tensor) -> Tensor:
        """The normalized ``x``."""
        mean, variance = self.running_mean, self.running_var
        assert mean is not None
        assert variance is not None
        if self.training:
            moments = torch.var_mean(x.detach(), [0, *range(2, x.ndim)])
            variance.lerp_(moments[0].to(variance.dtype), self.variance_decay)
            mean.lerp_(moments[1].to(mean.dtype), self.momentum or 0.0)
        return functional.batch_norm(
            x, mean, variance, self.weight, self.bias, self.training, 0.0, self.eps
        )


def batch_norm(
    rank: int, channels: int, eps: float, mean_decay: float, variance_decay: float
) -> nn.Module:
    """Torch's own module for data of ``rank`` dimensions where it can express the layer.

    ``torch.nn.BatchNorm2d`` and its siblings know one decay (their ``momentum``, with the same
    meaning) and at most five dimensions; otherwise :class:`BatchNorm`.
    """
    own = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    if mean_decay == variance_decay and rank in own:
        return own[rank](channels, eps=eps, momentum=mean_decay)
    return BatchNorm(channels, eps, mean_decay, variance_decay)


class ChannelGroupNorm(nn.GroupNorm):
    """Group normalization of N,C,*, done apart at every position of the dimensions ``apart``.

    With one group it is layer normalization, with a group for every channel instance
    normalization. The affine part is per channel, as in MATLAB (``torch.nn.LayerNorm`` has it per
    element). ``apart`` are torch dimensions from 2 on: time, where steps do not share statistics.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float, apart: Sequence[int] = ()
    ) -> None:
        super().__init__(num_groups, num_channels, eps=eps)
        self.apart = tuple(apart)

    def forward(self, x: Tensor) -> Tensor:
        """The normalized ``x``."""
        folded_axes = range(1, 1 + len(self.apart))
        moved = x.movedim(self.apart, tuple(folded_axes))
        folded = moved.reshape(-1, *moved.shape[1 + len(self.apart) :])
        # Not functional.group_norm, which refuses a single value; MATLAB gives the offset.
        y = torch.group_norm(folded, self.num_groups, self.weight, self.bias, self.eps)
        return y.reshape(moved.shape).movedim(tuple(folded_axes), self.apart)

    def extra_repr(self) -> str:
        """As torch's, and the dimensions that are kept apart."""
        return super().extra_repr() + (f", apart={self.apart}" if self.apart else "")


class CrossChannelNorm(Module):
    """``x / (k + alpha/window * sum of squares over the window)**beta`` along C of N,C,*.

    The window has ``(window - 1) // 2`` channels before and ``window // 2`` after; torch's
    ``LocalResponseNorm`` has them the other way round, which shows where the window is even.
    """

    def __init__(self, window: int, alpha: float, beta: float, k: float) -> None:
        super().__init__()
        self.window, self.alpha, self.beta, self.k = window, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        """The normalized ``x``."""
        around = ((self.window - 1) // 2, self.window // 2)
        squares = functional.pad(x.square().movedim(1, -1), around)
        total = squares.unfold(-1, self.window, 1).sum(-1).movedim(-1, 1)
        return x / (self.k + self.alpha / self.window * total).pow(self.beta)


class SpatialDropout(Module):
    """In ``train()``, whole channels of N,C,* become zero; the others grow by 1/(1 - p).

    ``torch.nn.Dropout1d`` takes N,C data for one unbatched example, so it is not used here.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with channels dropped."""
        return torch.feature_dropout(x, self.p, self.training)
