"""Activations and element-wise layers that torch has no module for."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import DataFormatError
from .module import Module


class Scaling(nn.Module):
    """``scale * x + bias`` with arrays in MATLAB's order, expanded as MATLAB expands them.

    ``size`` is the arrays' size with as many dimensions as the data has, ``axes`` torch's order of
    those dimensions. The buffers ``scale`` and ``bias`` keep the size that the layer has.
    """

    scale: Tensor
    bias: Tensor

    def __init__(
        self,
        sizes: tuple[Sequence[int], Sequence[int]],
        expanded: tuple[Sequence[int], Sequence[int]],
        axes: Sequence[int],
    ) -> None:
        super().__init__()
        self.sizes = tuple(tuple(size) for size in sizes)
        self.register_buffer("scale", torch.ones(self.sizes[0]))
        self.register_buffer("bias", torch.zeros(self.sizes[1]))
        self.expanded = tuple(tuple(size) for size in expanded)
        self.axes = tuple(axes)

    def forward(self, x: Tensor) -> Tensor:
        """The scaled ``x``."""
        scale = self.scale.reshape(self.expanded[0]).permute(self.axes)
        bias = self.bias.reshape(self.expanded[1]).permute(self.axes)
        return scale * x + bias


class Quadratic(Module):
    """All products of two elements along ``axis``: u1*u1, u1*u2, u2*u2, u1*u3, u2*u3, u3*u3 ..."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """The monomials, n*(n+1)/2 along ``axis``."""
        if x.numel() != x.shape[0] * x.shape[self.axis] and x.ndim == 4:
            raise DataFormatError(
                f"The quadratic layer takes vectors, but an observation has torch size "
                f"{tuple(x.shape[1:])}.",
                remedy="give n×1×1 observations.",
            )
        n = x.shape[self.axis]
        columns, rows = torch.tril_indices(n, n, device=x.device)
        return x.index_select(self.axis, rows) * x.index_select(self.axis, columns)
