"""Operations of torch that its exporter does not write, by what ONNX has.

Sources: ONNX' descriptions of its operators; torch's of the functions that the names say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnxscript
import torch

op: Any = onnxscript.opset18  # its hints know no numbers of Python's

#: Elements that are written one after the other, at most.
_ONE_BY_ONE = 256


def _sort(self: Any, stable: bool = False, dim: int = -1, descending: bool = False) -> Any:
    """All elements as the largest or smallest ones; ``TopK`` keeps the order of equal ones."""
    count = op.Reshape(op.Shape(self, start=dim, end=dim + 1 or None), [1])
    return op.TopK(self, count, axis=dim, largest=int(descending), sorted=1)


def _searchsorted(sorted_sequence: Any, self: Any, right: bool = False, **_: Any) -> Any:
    """How many of the sorted elements are below each value, or not above it."""
    ordered, values = op.Unsqueeze(sorted_sequence, [-2]), op.Unsqueeze(self, [-1])
    is_before = op.LessOrEqual(ordered, values) if right else op.Less(ordered, values)
    return op.ReduceSum(op.Cast(is_before, to=7), [-1], keepdims=0)  # 7 is INT64


def _hypot(self: Any, other: Any) -> Any:
    return op.Sqrt(op.Add(op.Mul(self, self), op.Mul(other, other)))


def _signbit(self: Any) -> Any:
    """Whether the sign is minus, also that of zero."""
    zero = op.CastLike(op.Constant(value_float=0.0), self)
    return op.Less(op.Where(op.Equal(self, zero), op.Reciprocal(self), self), zero)


def _negative(self: Any) -> Any:
    return op.Neg(self)


def _cumprod(self: Any, dim: int, **_: Any) -> Any:
    """One element after the other."""
    count = self.shape[dim]
    if not isinstance(count, int) or count > _ONE_BY_ONE:
        raise NotImplementedError(f"products along {count} elements")
    ones = [op.Gather(self, op.Constant(value_ints=[at]), axis=dim) for at in range(count)]
    found = ones[:1]
    for one in ones[1:]:
        found.append(op.Mul(found[-1], one))
    return op.Concat(*found, axis=dim)


_ATEN = torch.ops.aten
TRANSLATIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    _ATEN.sort.stable: _sort,
    _ATEN.searchsorted.Tensor: _searchsorted,
    _ATEN.hypot.default: _hypot,
    _ATEN._neg_view.default: _negative,
    _ATEN.cumprod.default: _cumprod,
    torch.ops.prims.signbit.default: _signbit,
}
