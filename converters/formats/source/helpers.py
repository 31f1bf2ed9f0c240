"""Functions that the written source calls where torch has none; copied into it as they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from matlab_compat.engine.padding import pad, same_padding


def flatten_column_major(x: Tensor) -> Tensor:
    """N,C,H,W to N,features as MATLAB flattens an image: h fastest, then w, then the channels."""
    space = range(x.ndim - 1, 1, -1)
    return x.permute(0, 1, *space).flatten(1)


def pad_same(x: Tensor, window: Sequence[int], stride: Sequence[int], value: float = 0.0) -> Tensor:
    """MATLAB's 'same' padding, which depends on the size of ``x``: out = ceil(in / stride)."""
    return pad(x, same_padding(x.shape[2:], window, stride), value)


class ElementwiseAffine(nn.Module):
    """``y = scale * x + offset``, with arrays in torch's order without the batch."""

    scale: Tensor
    offset: Tensor

    def __init__(self, scale_size: Sequence[int], offset_size: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(tuple(scale_size)))
        self.register_buffer("offset", torch.zeros(tuple(offset_size)))

    def forward(self, x: Tensor) -> Tensor:
        """Element by element."""
        return x * self.scale + self.offset


class Constants(nn.Module):
    """The arrays that a MATLAB function holds, in MATLAB's order of dimensions."""

    def __init__(self, *sizes: Sequence[int]) -> None:
        super().__init__()
        for i, size in enumerate(sizes):
            self.register_buffer(f"constant_{i}", torch.zeros(tuple(size)))
