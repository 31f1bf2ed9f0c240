"""The definitions that the tests compare with, written out in float64 numpy.

Source: the documentation page ("equivalent to the backward function of a standard convolution
layer"), spelled out as ``Y(i*s+p, j*s+q, f) += W(p, q, f, c) * X(i, j, c)``, then the crop
[t b l r], then the bias. Nothing here uses the package under test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

EPS = {"half": 2.0**-10, "bfloat16": 2.0**-7, "single": 2.0**-23, "double": 2.0**-52}


def scatter_sum(
    X: Array, W: Array, bias: Array | None, stride: Sequence[int], crop: Sequence[int]
) -> Array:
    """H×W×C×N through h×w×F×C to H'×W'×F×N, every input pixel scattered into the output."""
    X, W = X.astype(np.float64), W.astype(np.float64)
    height, width, _, batch = X.shape
    h, w, filters, _ = W.shape
    down, across = stride
    full = np.zeros(((height - 1) * down + h, (width - 1) * across + w, filters, batch))
    for i in range(height):
        for j in range(width):
            patch = np.einsum("pqfc,cn->pqfn", W, X[i, j])
            full[i * down : i * down + h, j * across : j * across + w] += patch
    top, bottom, left, right = crop
    kept = full[top : full.shape[0] - bottom, left : full.shape[1] - right]
    return kept if bias is None else kept + bias.astype(np.float64).reshape(1, 1, -1, 1)


def magnitude(
    X: Array, W: Array, bias: Array | None, stride: Sequence[int], crop: Sequence[int]
) -> Array:
    """``|W| * |x| + |b|``: the same sum over absolute values."""
    absolute = None if bias is None else np.abs(bias.astype(np.float64))
    X, W = np.abs(X.astype(np.float64)), np.abs(W.astype(np.float64))
    return scatter_sum(X, W, absolute, stride, crop)


def assert_within_rounding(actual: Array, expected: Array, scale: Array, eps: float) -> None:
    """``|actual - expected| <= 8 eps (|W| * |x| + |b|)``, element by element."""
    assert actual.shape == expected.shape
    excess = np.abs(actual.astype(np.float64) - expected) - 8 * eps * scale
    assert excess.max() <= 0, f"off by {excess.max()} more than 8 roundings"


def to_nchw(array: Array) -> Array:
    """MATLAB H×W×C×N to torch's N,C,H,W."""
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1))


def from_nchw(array: Array) -> Array:
    """torch's N,C,H,W to MATLAB H×W×C×N."""
    return array.transpose(2, 3, 1, 0)
