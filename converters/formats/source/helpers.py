"""Functions that the written source calls where torch has none; copied into it as they are."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from matlab_compat.engine.padding import pad, same_padding


def flatten_column_major(x: Tensor) -> Tensor:
    """N,C,H,W to N,features as MATLAB flattens an image: h fastest, then w, then the channels."""
    space = range(x.ndim - 1, 1, -1)
    return x.permute(0, 1, *space).flatten(1)


def pad_same(x: Tensor, window: Sequence[int], stride: Sequence[int], value: float = 0.0) -> Tensor:
    """MATLAB's 'same' padding, which depends on the size of ``x``: out = ceil(in / stride)."""
    return pad(x, same_padding(x.shape[2:], window, stride), value)
