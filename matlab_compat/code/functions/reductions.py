"""Functions along dimensions: sums, extremes, orders. Sources: MATLAB's documentation of each."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import CodeError, UnsupportedCodeError
from ..indexing import column
from ..numeric import EMPTY, ZERO, Numeric, as_tensor, cast, elements, numeric
from ..operators import (
    by_element,
    common_kind,
    elementwise,
    floating,
    is_traced,
    known_scalar,
    known_values,
    numbers,
    together,
    whole_number,
)
from ..values import Chars, Value
from .both import axes, default_axis, dimension, in_torch, reduced, sibling
from .registry import Call, Floating, Plain, known

_INF = float("inf")


def _is_nothing(x: Numeric, rest: Sequence[Value]) -> bool:
    """``sum([])`` is 0, though along its first dimension it would be 1×0."""
    words = all(isinstance(one, Chars) for one in rest)
    return x.shape == (0, 0) and words


@known("sum", "mean", "prod")
def _sum(call: Call, x: Numeric, *rest: Value) -> Numeric:
    """MATLAB's documentation of sum, mean and prod: labels stay, sizes become 1."""
    along, omit = axes(x, rest, call.name)
    kind = x.kind
    if isinstance(x.data, np.ndarray) and x.data.dtype == object:
        return _of_symbols(call.name, x, along)
    x = floating(x)
    if _is_nothing(x, rest):
        return Numeric(np.array([[{"sum": 0.0, "prod": 1.0, "mean": np.nan}[call.name]]]))
    inside = [axis for axis in along if axis < x.data.ndim]
    call.budget.made(x.shape)

    def computed(v: Tensor) -> Tensor:
        if omit:
            v = torch.where(torch.isnan(v), torch.full_like(v, float(call.name == "prod")), v)
        if not inside:
            return v
        if call.name == "prod":
            for axis in inside:
                v = v.prod(axis, keepdim=True)
            return v
        return reduced(torch.sum, v, inside)

    result = in_torch(computed, x.data)
    if call.name == "mean":
        count: Any = prod(x.shape[axis] for axis in inside)
        if omit:
            there = in_torch(lambda v: (~torch.isnan(v)).sum(inside, keepdim=True), x.data)
            with np.errstate(all="ignore"):
                result = result / there
        elif isinstance(result, Tensor):
            result = result / count
        else:
            with np.errstate(all="ignore"):
                result = (result / np.float64(count)).astype(result.dtype)
    elif "int" in kind:
        result = cast(result, kind)
    return x.with_data(result)


def _of_symbols(name: str, x: Numeric, along: Sequence[int]) -> Numeric:
    assert isinstance(x.data, np.ndarray)
    data = x.data
    for axis in along:
        if axis < data.ndim:
            function = np.multiply if name == "prod" else np.add
            data = function.reduce(data, axis, keepdims=True)
    if name == "mean":
        raise UnsupportedCodeError("The mean of sizes is not supported.")
    return Numeric(data)


@known("max", "min")
def _extreme(call: Call, x: Numeric, other: Value | None = None, *rest: Value) -> Any:
    """MATLAB's documentation of max and min: NaN are passed over; the place as second output."""
    largest = call.name == "max"
    if other is not None and not (isinstance(other, Numeric) and elements(other.shape) == 0):
        if rest:
            raise UnsupportedCodeError(f"{call.name} with options is not supported.")
        return _larger(call, x, numbers(other, call.name), largest)
    along, _ = axes(x, rest, call.name)
    along = [axis for axis in along if axis < x.data.ndim]
    if x.is_complex:
        raise UnsupportedCodeError(f"{call.name} of complex numbers is not supported.")
    if isinstance(x.data, np.ndarray) and x.data.dtype == object:
        x = Numeric(np.array([float(int(n)) for n in x.data.flat]).reshape(x.data.shape))
    if x.kind == "logical":
        x = x.with_data(cast(x.data, "double"))
    if elements(x.shape) == 0 and (x.shape == (0, 0) or any(x.shape[a] == 0 for a in along)):
        return EMPTY, EMPTY
    if not along:
        return x, x.with_data(in_torch(lambda v: torch.ones_like(v, dtype=torch.float64), x.data))
    plain, worst = (torch.amax, -_INF) if largest else (torch.amin, _INF)

    def skipping(v: Tensor) -> tuple[Tensor, Tensor]:
        missing = torch.isnan(v)
        nothing = missing
        for axis in along:
            nothing = nothing.all(dim=axis, keepdim=True)
        best, place = found(torch.where(missing, torch.full_like(v, worst), v))
        return torch.where(nothing, torch.full_like(best, float("nan")), best), place

    def found(v: Tensor) -> tuple[Tensor, Tensor]:
        if call.outputs < 2:
            best = reduced(plain, v, along)
            return best, best
        if len(along) == 1:
            best, place = (torch.max if largest else torch.min)(v, along[0], keepdim=True)
        else:
            best = reduced(plain, v, along)
            place = _linear_place(v, best)
        return best, place.to(torch.float64) + 1

    def computed(v: Tensor) -> tuple[Tensor, Tensor]:
        if not v.is_floating_point():
            return found(v)
        if is_traced():
            return skipping(v)
        results = found(v)
        return skipping(v) if _has_nan(results[0]) else results

    best, place = in_torch(computed, x.data)
    return x.with_data(best), Numeric(place) if place.ndim == 2 else numeric(place)


def _has_nan(x: Tensor) -> bool:
    """Whether there is any NaN: an extreme is NaN then, and takes less time than all elements."""
    return bool(torch.isnan(x.detach().amin()))


def _linear_place(x: Tensor, best: Tensor) -> Tensor:
    first: Tensor = column((x == best).to(torch.int8)).argmax()
    return first.reshape((1,) * x.ndim)


def _larger(call: Call, a: Numeric, b: Numeric, largest: bool) -> Numeric:
    kind = common_kind((a, b), call.name)
    if any(isinstance(one.data, np.ndarray) and one.data.dtype == object for one in (a, b)):
        function = np.maximum if largest else np.minimum
        if all(isinstance(one.data, np.ndarray) for one in (a, b)):
            return Numeric(function(a.data.astype(object), b.data.astype(object)))  # type: ignore[union-attr]
    fast = torch.maximum if largest else torch.minimum
    exact = torch.fmax if largest else torch.fmin  # passes over NaN, and takes many times longer

    def computed(u: Tensor, v: Tensor) -> Tensor:
        if is_traced():  # in plain operations that every format has
            return torch.where(torch.isnan(u), v, torch.where(torch.isnan(v), u, fast(u, v)))
        if not u.is_floating_point():
            return exact(u, v)
        result = fast(u, v)
        return exact(u, v) if result.numel() and _has_nan(result) else result

    for x, bound in ((a, b), (b, a)):
        if isinstance(x.data, Tensor) and is_traced() and not x.is_complex and "int" not in kind:
            limit = whole_number(bound)
            if limit is not None:
                call.budget.made(x.shape)
                data = torch.nan_to_num(as_tensor(cast(x.data, kind)), limit, _INF, -_INF)
                low, high = (limit, None) if largest else (None, limit)
                return x.with_data(torch.clamp(data, low, high))
    return by_element(
        call.name, (a, b), lambda *arrays: in_torch(computed, *arrays), call.budget, kind
    )


@known("bounds")
def _bounds(call: Call, x: Value, *rest: Value) -> Any:
    """MATLAB's documentation of bounds: the smallest and the largest."""
    return tuple(sibling(call, name, x, EMPTY, *rest) for name in ("min", "max"))


@known("var", "std")
def _var(call: Call, x: Floating, weight: Value | None = None, *rest: Value) -> Numeric:
    """MATLAB's documentation of var and std: by n-1, with weight 1 by n; by n where n is 1."""
    if isinstance(weight, Chars):
        rest, weight = (weight, *rest), None
    by_n = False
    if weight is not None and elements(weight.shape):
        if elements(weight.shape) != 1:
            raise UnsupportedCodeError(f"{call.name} with weights is not supported.")
        number = known_scalar(weight, "the weight")
        if number not in (0, 1):
            raise CodeError(f"The weight of {call.name} is 0 or 1.")
        by_n = number == 1
    along, omit = axes(x, rest, call.name)
    if omit:
        raise UnsupportedCodeError(f"{call.name} that leaves out NaN is not supported.")
    if x.shape == (0, 0):
        return Numeric(np.array([[np.nan]]))
    inside = [axis for axis in along if axis < x.data.ndim]
    count: Any = prod(x.shape[axis] for axis in inside)
    divisor = count if by_n or (isinstance(count, int) and count == 1) else count - 1

    def computed(v: Tensor) -> Tensor:
        if not inside:
            return v * 0
        away = v - reduced(torch.mean, v, inside)
        power = (away * away.conj()).real if v.is_complex() else away * away
        result = reduced(torch.sum, power, inside) / divisor
        spread: Tensor = torch.sqrt(result) if call.name == "std" else result
        return spread

    return x.with_data(in_torch(computed, x.data))


@known("median")
def _median(call: Call, x: Floating, *rest: Value) -> Numeric:
    """MATLAB's documentation of median: the mean of the two in the middle; NaN if there is one."""
    along, _ = axes(x, rest, "median")
    if len(along) != 1 or along[0] >= x.data.ndim or elements(x.shape) == 0:
        raise UnsupportedCodeError("median along several dimensions is not supported.")
    n = int(x.shape[along[0]])

    def computed(v: Tensor) -> Tensor:
        ordered = v.sort(along[0]).values
        low = ordered.narrow(along[0], (n - 1) // 2, 1)
        result = (low + ordered.narrow(along[0], n // 2, 1)) / 2
        missing = torch.isnan(v).any(along[0], keepdim=True)
        return torch.where(missing, torch.full_like(result, float("nan")), result)

    return x.with_data(in_torch(computed, x.data))


@known("any", "all")
def _any(call: Call, x: Numeric, *rest: Value) -> Numeric:
    """MATLAB's documentation of any and all."""
    x = elementwise("~=", x, ZERO, call.budget)
    if _is_nothing(x, rest):
        return Numeric(np.array([[call.name == "all"]]))
    along, _ = axes(x, rest, call.name)
    function = torch.any if call.name == "any" else torch.all

    def computed(v: Tensor) -> Tensor:
        for axis in along:
            v = function(v, axis, keepdim=True) if axis < v.ndim else v
        return v

    return x.with_data(in_torch(computed, x.data))


@known("cumsum", "cumprod", "cummax", "cummin")
def _cumulative(call: Call, x: Numeric, *rest: Value) -> Numeric:
    """MATLAB's documentation of cumsum, cumprod, cummax and cummin, with "reverse"."""
    words = [one.value.lower() for one in rest if isinstance(one, Chars)]
    given = [one for one in rest if not isinstance(one, Chars)]
    if len(given) > 1 or set(words) - {"forward", "reverse"}:
        raise UnsupportedCodeError(f"{call.name} with such options is not supported.")
    kind = "double" if x.kind == "logical" else x.kind
    x = floating(x)
    axis = dimension(given[0], call.name) if given else default_axis(x)
    if axis >= x.data.ndim:
        return x
    function = getattr(torch, call.name)

    def computed(v: Tensor) -> Tensor:
        result = function(v.flip(axis) if "reverse" in words else v, axis)
        values: Tensor = result if isinstance(result, Tensor) else result.values
        return values.flip(axis) if "reverse" in words else values

    return x.with_data(cast(in_torch(computed, x.data), kind))


@known("diff")
def _diff(call: Call, x: Floating, order: Value | None = None, dim: Value | None = None) -> Numeric:
    """MATLAB's documentation of diff."""
    n = 1 if order is None or not elements(order.shape) else int(known_scalar(order, "the order"))
    axis = default_axis(x) if dim is None else dimension(dim, "diff")
    if axis >= x.data.ndim or not 0 <= n <= 100:
        raise UnsupportedCodeError("Such a difference is not supported.")
    return x.with_data(in_torch(lambda v: torch.diff(v, n, axis), x.data))


@known("sort")
def _sort(call: Call, x: Numeric, *rest: Value) -> Any:
    """MATLAB's documentation of sort: stable; NaN last (first for 'descend'); places second."""
    descend = any(isinstance(one, Chars) and one.value.lower() == "descend" for one in rest)
    given = [one for one in rest if not isinstance(one, Chars)]
    axis = dimension(given[0], "sort") if given else default_axis(x)
    if axis >= x.data.ndim:
        return x, x.with_data(in_torch(lambda v: torch.ones(v.shape, dtype=torch.float64), x.data))

    def computed(v: Tensor) -> tuple[Tensor, Tensor]:
        result = torch.sort(v, dim=axis, descending=descend, stable=True)
        return result.values, result.indices.to(torch.float64) + 1

    ordered, places = in_torch(computed, x.data)
    return x.with_data(ordered), numeric(places)


@known("find")
def _find(call: Call, value: Value, count: Value | None = None) -> Any:
    """MATLAB's documentation of find: linear places, or rows and columns; a row for a row."""
    data = known_values(value, "find")
    flat = np.flatnonzero(data.reshape(-1, order="F") != 0)
    if count is not None:
        flat = flat[: int(known_scalar(count, "the number of places"))]
    is_row = data.ndim == 2 and data.shape[0] == 1 and data.shape[1] != 1
    shape = (1, len(flat)) if is_row else (len(flat), 1)
    if data.shape == (0, 0):
        shape = (0, 0)
    if call.outputs < 2:
        return Numeric((flat + 1.0).reshape(shape))
    rows = flat % data.shape[0] if data.shape[0] else flat
    columns = flat // data.shape[0] if data.shape[0] else flat
    found = data.reshape(-1, order="F")[flat]
    return (
        Numeric((rows + 1.0).reshape(shape)),
        Numeric((columns + 1.0).reshape(shape)),
        numeric(found.reshape(shape)),
    )


@known("nnz")
def _nnz(call: Call, value: Value) -> Numeric:
    """MATLAB's documentation of nnz."""
    return Numeric(np.array([[float(np.count_nonzero(known_values(value, "nnz")))]]))


@known("norm")
def _norm(call: Call, x: Plain, order: Value | None = None) -> Numeric:
    """MATLAB's documentation of norm: of vectors, and of matrices 1, 2, Inf and 'fro'."""
    if x.data.ndim > 2:
        raise CodeError("norm is for vectors and matrices.")
    kind: Any = 2.0
    if isinstance(order, Chars):
        kind = order.value.lower()
        kind = float("inf") if kind == "inf" else kind
        if kind not in ("fro", float("inf")):
            raise CodeError(f"norm has no '{order.value}'.")
    elif order is not None:
        kind = float(known_scalar(order, "the order of norm"))
    is_vector = 1 in x.shape

    def computed(v: Tensor) -> Tensor:
        if is_vector:
            power = 2.0 if kind == "fro" else kind
            found: Tensor = torch.linalg.vector_norm(v.reshape(-1), power)
        else:
            found = torch.linalg.matrix_norm(v, kind)
        return found.reshape(1, 1)

    return numeric(in_torch(computed, x.data), is_dlarray=x.is_dlarray)


@known("dot")
def _dot(call: Call, x: Numeric, y: Numeric, dim: Value | None = None) -> Numeric:
    """MATLAB's documentation of dot: of vectors, or along a dimension."""
    if 1 in x.shape and 1 in y.shape and dim is None and x.data.ndim == y.data.ndim == 2:
        u, v = together((x, y), common_kind((x, y), "dot"))
        if elements(x.shape) != elements(y.shape):
            raise CodeError("The vectors of dot have different lengths.")
        return numeric(
            in_torch(lambda p, q: (p.reshape(-1) * q.reshape(-1)).sum().reshape(1, 1), u, v)
        )
    if x.shape != y.shape:
        raise CodeError("The arrays of dot have different sizes.")
    product = elementwise(".*", x, y, call.budget)
    return sibling(call, "sum", product, *(() if dim is None else (dim,)))


@known("unique")
def _unique(call: Call, value: Value) -> Any:
    """MATLAB's documentation of unique: in order, a row for a row; of known numbers."""
    data = known_values(value, "unique")
    found = np.unique(data)
    is_row = data.ndim == 2 and data.shape[0] == 1
    return numeric(found.reshape((1, -1) if is_row else (-1, 1)))


@known("ismember")
def _ismember(call: Call, value: Value, group: Value) -> Any:
    """MATLAB's documentation of ismember: of numbers, or of a text in a cell of texts."""
    from .texts import texts_of

    if isinstance(value, Chars):
        return Numeric(np.array([[value.value in texts_of(group, "ismember")]]))
    data, among = known_values(value, "ismember"), known_values(group, "ismember")
    return numeric(np.isin(data, among))
