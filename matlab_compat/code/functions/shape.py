"""Sizes, and functions that make and rearrange arrays. Sources: MATLAB's documentation of each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ...arrays import NUMPY
from ...display import size_text
from ...errors import CodeError, UnsupportedCodeError
from ..indexing import column, in_order, reshaped, shaped
from ..joining import concatenated, joined
from ..numeric import (
    EMPTY,
    ONE,
    TORCH,
    Numeric,
    as_tensor,
    cast,
    elements,
    logical,
    numeric,
    row,
    scalar,
)
from ..operators import (
    as_whole,
    common_kind,
    floating,
    known_scalar,
    known_values,
    numbers,
    real_if_whole,
    text,
    together,
    whole,
)
from ..ranges import make_range
from ..values import (
    Cell,
    Chars,
    FunctionHandle,
    Map,
    Member,
    Struct,
    Structs,
    Value,
    array_of,
    by_places,
)
from .both import default_axis, dimension, in_torch, sizes
from .registry import Call, Floating, known

# --- sizes ------------------------------------------------------------------------------


def _refuse_map(x: Value, name: str) -> None:
    if isinstance(x, Map):
        raise UnsupportedCodeError(
            f"What {name} says of a map is not certain.", remedy="ask for m.Count or length(m)."
        )


@known("size")
def _size(call: Call, x: Value, *dims: Value) -> Any:
    """MATLAB's documentation of size: the last of several outputs is the product of the rest."""
    _refuse_map(x, "size")
    shape: Sequence[Any] = x.shape
    if dims:
        wanted: list[Any] = []
        for one in dims:
            for n in known_values(one, "the dimension in size").reshape(-1):
                at = dimension(Numeric(np.array([[n]])), "size")
                wanted.append(shape[at] if at < len(shape) else 1)
        if call.outputs > 1 and len(wanted) == call.outputs:
            return tuple(scalar(n) for n in wanted)
        return row(wanted)
    if call.outputs <= 1:
        return row(shape)
    found = [*shape, *(1,) * (call.outputs - len(shape))]
    last = prod(found[call.outputs - 1 :])
    return tuple(scalar(n) for n in [*found[: call.outputs - 1], last])


@known("numel", "ndims", "height", "width")
def _numel(call: Call, x: Value) -> Numeric:
    """MATLAB's documentation of numel, ndims (at least 2, without trailing ones) and height."""
    if call.name == "numel":
        _refuse_map(x, "numel")
    size: Sequence[Any] = x.shape
    found = {"numel": elements(size), "ndims": len(size), "height": size[0], "width": size[1]}
    return scalar(found[call.name])


@known("length")
def _length(call: Call, x: Value) -> Numeric:
    """MATLAB's documentation of length: the largest size, 0 of an empty array."""
    if any(isinstance(n, int) and n == 0 for n in x.shape):
        return scalar(0)
    largest: Any = x.shape[0]
    for n in x.shape[1:]:
        largest = torch.sym_max(largest, n)  # type: ignore[no-untyped-call]
    return scalar(largest)


@known("isempty", "isscalar", "isvector", "isrow", "iscolumn", "ismatrix")
def _is_of_size(call: Call, x: Value) -> Numeric:
    """MATLAB's documentation of isempty, isscalar, isvector, isrow, iscolumn and ismatrix."""
    size: Sequence[Any] = x.shape
    is_2d = len(size) == 2
    ones = [isinstance(n, int) and n == 1 for n in size]
    answers = {
        "isempty": any(isinstance(n, int) and n == 0 for n in size),
        "isscalar": is_2d and all(ones),
        "isvector": is_2d and any(ones),
        "isrow": is_2d and ones[0],
        "iscolumn": is_2d and ones[1],
        "ismatrix": is_2d,
    }
    return logical([[answers[call.name]]])


# --- making -----------------------------------------------------------------------------


@known("zeros", "ones", "inf", "Inf", "nan", "NaN", "true", "false", "eye", "speye")
def _filled(call: Call, *arguments: Value) -> Numeric:
    """MATLAB's documentation of zeros, ones, Inf, NaN, true, false, eye and speye (kept full)."""
    name = call.name
    size, kind = sizes(name, arguments)
    kind = kind or ("logical" if name in ("true", "false") else "double")
    if kind not in NUMPY:
        raise CodeError(f"{name}: '{kind}' is no class of numbers.")
    filling = {"ones": 1.0, "true": 1.0, "inf": float("inf"), "nan": float("nan")}
    value = filling.get(name.lower(), 0.0)
    call.budget.made(size)
    if not all(isinstance(n, int) for n in size):
        return numeric(torch.full(tuple(size), value, dtype=TORCH[kind]))
    if name in ("eye", "speye"):
        return numeric(np.eye(size[0], size[1], dtype=NUMPY[kind]))
    return numeric(np.full(tuple(size), value, NUMPY[kind]))


@known("pi", "eps", "i", "j", "realmin", "realmax", "intmax", "intmin", "flintmax")
def _constant(call: Call, kind: Value | None = None) -> Numeric:
    """MATLAB's documentation of pi, eps, 1i, realmin, realmax, intmax, intmin and flintmax."""
    name = call.name
    if name in ("i", "j"):
        return Numeric(np.array([[1j]]))
    if name in ("intmax", "intmin"):
        of = text(kind, "the class") if kind is not None else "int32"
        if of not in NUMPY or "int" not in of:
            raise CodeError(f"{name}: '{of}' is no class of integers.")
        limits = np.iinfo(NUMPY[of])
        return Numeric(np.array([[limits.max if name == "intmax" else limits.min]], NUMPY[of]))
    if isinstance(kind, Numeric):
        if name != "eps":
            raise CodeError(f"{name} takes a class.")
        data = np.abs(known_values(kind, "eps"))
        return kind.with_data(np.spacing(data if data.dtype.kind == "f" else data.astype(float)))
    of = text(kind, "the class") if kind is not None else "double"
    if of not in ("double", "single"):
        raise CodeError(f"{name} is of class double or single.")
    info = np.finfo(NUMPY[of])
    value = {
        "pi": np.pi,
        "eps": info.eps,
        "realmin": info.tiny,
        "realmax": info.max,
        "flintmax": 2.0**53 if of == "double" else 2.0**24,
    }[name]
    return Numeric(np.array([[value]], NUMPY[of]))


@known("rand", "randn")
def _random(call: Call, *arguments: Value) -> Numeric:
    """MATLAB's documentation of rand and randn; torch's generator: other numbers than MATLAB's."""
    size, kind = sizes(call.name, arguments)
    if kind not in ("", "double", "single"):
        raise CodeError(f"{call.name} has no class '{kind}'.")
    call.budget.made(size)
    function = torch.rand if call.name == "rand" else torch.randn
    return numeric(function(tuple(size), dtype=TORCH[kind or "double"]))


@known("linspace")
def _linspace(call: Call, start: Value, stop: Value, count: Value | None = None) -> Numeric:
    """MATLAB's documentation of linspace: 100 points by default."""
    n = 100 if count is None else int(whole(count, "the number of points"))
    call.budget.made((1, max(n, 1)))
    ends = [known_scalar(one, "an end of linspace") for one in (start, stop)]
    if n < 1:
        return Numeric(np.zeros((1, 0)))
    data = np.linspace(float(ends[0]), float(ends[1]), n) if n > 1 else np.array([float(ends[1])])
    kind = common_kind([numbers(one, "linspace") for one in (start, stop)])
    return Numeric(np.asarray(cast(data.reshape(1, n), kind)))


@known("colon")
def _colon(call: Call, start: Value, step: Value, stop: Value | None = None) -> Value:
    """MATLAB's documentation of colon."""
    parts = (start, ONE, step) if stop is None else (start, step, stop)
    return make_range(parts, "a range", call.budget)


@known("meshgrid", "ndgrid")
def _grid(call: Call, *vectors: Value) -> Any:
    """MATLAB's documentation of meshgrid (x across, y down) and ndgrid."""
    if call.name == "meshgrid" and len(vectors) > 2:
        raise UnsupportedCodeError("meshgrid of three vectors is not supported.")
    given = [numbers(one, call.name) for one in vectors]
    given = given * max(call.outputs, 2) if len(given) == 1 else given
    flat = [one.data.reshape(elements(one.shape)) for one in given]
    count = len(flat)
    size = [one.shape[0] for one in flat]
    order = [1, 0] if call.name == "meshgrid" else list(range(count))
    total = [size[at] for at in order]
    call.budget.made(total, count)
    results = []
    for at, one in enumerate(flat):
        axis = order.index(at)
        shape = [1] * count
        shape[axis] = size[at]
        results.append(numeric(in_torch(lambda v, s=shape: v.reshape(s).expand(total), one)))
    return tuple(results)


# --- rearranging ------------------------------------------------------------------------


#: The first argument of a function that only moves elements.
Elements: TypeAlias = Numeric


def _moving(rearrange: Callable[..., Numeric]) -> Callable[..., Value]:
    """A function that only moves elements, of cells and texts too."""

    @functools.wraps(rearrange)
    def moved(call: Call, x: Value, *arguments: Value) -> Value:
        if isinstance(x, Numeric):
            return rearrange(call, x, *arguments)
        if isinstance(x, Struct):
            x = array_of(x)
        if not isinstance(x, Cell | Structs | Chars) or (isinstance(x, Chars) and x.is_string):
            raise UnsupportedCodeError("Only arrays can be rearranged.")
        return by_places(x, lambda at: rearrange(call, at, *arguments))

    return moved


@known("reshape")
@_moving
def _reshape(call: Call, x: Elements, *arguments: Value) -> Numeric:
    """MATLAB's documentation of reshape: column-major; one size may be []. Labels are lost."""
    if not arguments:
        raise CodeError("reshape needs a size.")
    total = elements(x.shape)
    if len(arguments) == 1:
        size: list[Any] = [
            as_whole(n, "a size in reshape")
            for n in known_values(arguments[0], "the size in reshape").reshape(-1)
        ]
        if len(size) < 2:
            raise CodeError("The size in reshape needs at least two numbers.")
    else:
        size = [
            None
            if isinstance(one, Numeric) and elements(one.shape) == 0
            else whole(one, "a size in reshape")
            for one in arguments
        ]
        if size.count(None) > 1:
            raise CodeError("reshape can work out one size alone.")
        if None in size:
            given = prod(n for n in size if n is not None)
            missing = total // given if not (isinstance(given, int) and given == 0) else 0
            size[size.index(None)] = missing
    if any(isinstance(n, int) and n < 0 for n in size):
        raise CodeError("Sizes cannot be negative.")
    if prod(size) != total:
        raise CodeError(
            f"Number of elements must not change: {size_text(x.shape)} has {total}, "
            f"{size_text(size)} has {prod(size)}."
        )
    return reshape_to(x, size)


def reshape_to(x: Numeric, size: Sequence[Any]) -> Numeric:
    """The same elements in another size, without labels."""
    return numeric(reshaped(x.data, size), "", x.is_dlarray)


@known("permute", "ipermute")
@_moving
def _permute(call: Call, v: Elements, order: Value) -> Numeric:
    """MATLAB's documentation of permute and ipermute."""
    at = [dimension(scalar(n), call.name) for n in known_values(order, "the order").reshape(-1)]
    rank = len(v.shape)
    if sorted(at) != list(range(len(at))) or len(at) < rank:
        raise CodeError(f"The order {[n + 1 for n in at]} does not name each dimension once.")
    if call.name == "ipermute":
        at = [at.index(n) for n in range(len(at))]
    if v.labels and at[: len(v.labels)] != list(range(len(v.labels))):
        raise UnsupportedCodeError(
            f"Permuting an array labelled '{v.labels}': what MATLAB does with the labels is "
            "not certain.",
            remedy="strip the labels first: stripdims(X).",
        )
    data = v.data.reshape(*v.shape, *(1,) * (len(at) - rank))
    return numeric(in_order(data, at), v.labels, v.is_dlarray)


@known("squeeze")
@_moving
def _squeeze(call: Call, v: Elements) -> Numeric:
    """MATLAB's documentation of squeeze: matrices stay; labels of what goes go as well."""
    if v.data.ndim <= 2:
        return v
    kept = [at for at, n in enumerate(v.shape) if not (isinstance(n, int) and n == 1)]
    labels = "".join(v.labels[at] for at in kept) if v.labels else ""
    size = [v.shape[at] for at in kept]
    if v.labels and len(size) < 2:
        raise UnsupportedCodeError("squeeze of labelled data to a vector is not supported.")
    if len(size) == 1:
        size.append(1)
    return numeric(v.data.reshape(size or [1, 1]), labels, v.is_dlarray)


@known("cat")
def _cat(call: Call, dim: Value, *values: Value) -> Value:
    """MATLAB's documentation of cat."""
    axis = dimension(dim, "cat")
    if any(not isinstance(one, Numeric) for one in values):
        if axis > 1:
            raise UnsupportedCodeError("cat of cells and texts beyond two dimensions.")
        return joined([values] if axis == 1 else [[one] for one in values], call.budget)
    if not values:
        return EMPTY
    return concatenated([numbers(one, "cat") for one in values], axis, call.budget)


@known("horzcat", "vertcat")
def _beside(call: Call, *values: Value) -> Value:
    """MATLAB's documentation of horzcat and vertcat."""
    rows = [list(values)] if call.name == "horzcat" else [[one] for one in values]
    return joined(rows, call.budget)


@known("repmat")
@_moving
def _repmat(call: Call, v: Elements, *arguments: Value) -> Numeric:
    """MATLAB's documentation of repmat; labels stay."""
    counts, _ = sizes("repmat", arguments)
    rank = max(len(counts), len(v.shape))
    counts = [*counts, *(1,) * (rank - len(counts))]
    shape = [*v.shape, *(1,) * (rank - len(v.shape))]
    call.budget.made([n * m for n, m in zip(shape, counts, strict=True)])
    if v.labels and rank > len(v.labels):
        raise UnsupportedCodeError("repmat of labelled data beyond its labels.")
    data = v.data.reshape(shape)
    if not all(isinstance(n, int) for n in counts):  # some are sizes that torch traces
        data = as_tensor(data)
    return v.with_data(data.repeat(counts) if isinstance(data, Tensor) else np.tile(data, counts))


@known("repelem")
@_moving
def _repelem(call: Call, v: Elements, *counts: Value) -> Numeric:
    """MATLAB's documentation of repelem: a vector by one number or one each, else by dimension."""
    given = [known_values(one, "the counts of repelem").reshape(-1) for one in counts]
    if not given or any((one < 0).any() for one in given):
        raise CodeError("repelem needs counts that are not negative.")
    data = v.data
    if len(given) == 1:
        if len(v.shape) != 2 or 1 not in v.shape:
            raise CodeError("repelem with one count is for vectors.")
        per_axis = {1 if v.shape[0] == 1 else 0: given[0]}
    else:
        per_axis = dict(enumerate(given))
        data = data.reshape(*data.shape, *(1,) * (len(given) - data.ndim))
    for axis, count in per_axis.items():
        n = int(data.shape[axis])
        if len(count) not in (1, n):
            raise CodeError("repelem needs one count, or one for each element.")
        times = np.broadcast_to([int(c) for c in count], n)
        call.budget.made([*data.shape[:axis], int(times.sum()), *data.shape[axis + 1 :]])
        at = np.arange(n).repeat(times)
        if isinstance(data, Tensor):
            data = data.index_select(axis, torch.from_numpy(at).to(data.device))
        else:
            data = data.take(at, axis)
    return numeric(data, v.labels, v.is_dlarray)


@known("flip", "fliplr", "flipud")
@_moving
def _flip(call: Call, v: Elements, dim: Value | None = None) -> Numeric:
    """MATLAB's documentation of flip, fliplr and flipud."""
    axis = {"fliplr": 1, "flipud": 0}.get(call.name)
    if axis is None:
        axis = default_axis(v) if dim is None else dimension(dim, "flip")
    if axis >= v.data.ndim:
        return v
    data = v.data
    return v.with_data(data.flip(axis) if isinstance(data, Tensor) else np.flip(data, axis))


def _rolled(v: Numeric, counts: Mapping[int, int]) -> Numeric:
    """Elements moved on by so many places along dimensions."""
    counts = {axis: n for axis, n in counts.items() if axis < v.data.ndim}
    if not counts:
        return v
    roll: Any = torch.roll if isinstance(v.data, Tensor) else np.roll
    return v.with_data(roll(v.data, tuple(counts.values()), tuple(counts)))


@known("circshift")
@_moving
def _circshift(call: Call, v: Elements, count: Value, dim: Value | None = None) -> Numeric:
    """MATLAB's documentation of circshift: along the first dimension that is not 1."""
    by = [int(whole(scalar(n), "the shift")) for n in known_values(count, "the shift").reshape(-1)]
    if dim is None and len(by) > 1:
        return _rolled(v, dict(enumerate(by)))
    axis = default_axis(v) if dim is None else dimension(dim, "circshift")
    return _rolled(v, {axis: by[0]} if by else {})


@known("fftshift", "ifftshift")
@_moving
def _fftshift(call: Call, v: Elements, dim: Value | None = None) -> Numeric:
    """MATLAB's documentation of fftshift and ifftshift."""
    axes = range(v.data.ndim) if dim is None else [dimension(dim, call.name)]
    sign = 1 if call.name == "fftshift" else -1
    return _rolled(v, {at: sign * (int(v.shape[at]) // 2) for at in axes if at < v.data.ndim})


@known("rot90")
@_moving
def _rot90(call: Call, v: Elements, count: Value | None = None) -> Numeric:
    """MATLAB's documentation of rot90: counterclockwise."""
    n = 1 if count is None else int(whole(count, "the turns"))
    turned = torch.rot90(v.data, n) if isinstance(v.data, Tensor) else np.rot90(v.data, n)
    return numeric(turned, "", v.is_dlarray)


@known("diag")
def _diag(call: Call, v: Numeric, offset: Value | None = None) -> Numeric:
    """MATLAB's documentation of diag: of a vector a matrix, of a matrix a column."""
    k = 0 if offset is None else int(whole(offset, "the diagonal"))
    if len(v.shape) != 2 or abs(k) > 10**6:
        raise CodeError("diag is for vectors and matrices.")
    if 1 in v.shape:
        n = elements(v.shape) + abs(k)
        call.budget.made((n, n))
        return numeric(in_torch(lambda t: torch.diag_embed(t.reshape(-1), k), v.data))
    found = in_torch(lambda t: torch.diagonal(t, k)[:, None], v.data)
    return numeric(found, "", v.is_dlarray)


@known("tril", "triu")
def _triangle(call: Call, v: Numeric, offset: Value | None = None) -> Numeric:
    """MATLAB's documentation of tril and triu."""
    k = 0 if offset is None else int(whole(offset, "the diagonal"))
    if len(v.shape) != 2:
        raise CodeError(f"{call.name} is for matrices.")
    return v.with_data(in_torch(lambda t: getattr(torch, call.name)(t, k), v.data))


@known("kron")
def _kron(call: Call, x: Numeric, y: Numeric) -> Numeric:
    """MATLAB's documentation of kron."""
    call.budget.made([n * m for n, m in zip(x.shape, y.shape, strict=False)])
    return numeric(in_torch(torch.kron, *together((x, y), common_kind((x, y), "kron"))))


@known("sparse", "full")
def _full(call: Call, x: Value, *more: Value) -> Numeric:
    """MATLAB's documentation of sparse and full: the same numbers, kept as a full array.

    ``sparse(i,j,v,m,n)`` adds values of equal places.
    """
    if not more:
        return numbers(x, call.name)
    if call.name == "full" or len(more) not in (1, 2, 4):
        raise CodeError(f"{call.name} is not called so.")
    if len(more) == 1:
        size = [int(whole(one, "a size")) for one in (x, more[0])]
        call.budget.made(size)
        return Numeric(np.zeros(size))
    places = np.broadcast_arrays(
        *(known_values(one, "a place of sparse").reshape(-1, order="F") for one in (x, more[0]))
    )
    size = [int(one.max(initial=0)) for one in places]
    if len(more) == 4:
        size = [int(whole(one, "a size")) for one in more[2:]]
    values = numbers(more[1], "sparse")
    return _placed(call, places, values.with_data(cast(values.data, common_kind([values]))), size)


def _linear(call: Call, places: Sequence[np.ndarray[Any, Any]], size: Sequence[int]) -> Any:
    """Where elements are in MATLAB's order, from 0, by their places along dimensions, from 1."""
    found, step = np.zeros((1, 1)), 1
    for n, one in zip(size, places, strict=False):
        if one.size and (one.min() < 1 or one.max() > n):
            raise CodeError(f"A place of {call.name} is beyond the size.")
        found = found + (one - 1) * step
        step *= n
    return found


def _placed(
    call: Call,
    places: Sequence[np.ndarray[Any, Any]],
    values: Numeric,
    size: Sequence[int],
    meeting: str = "sum",
) -> Numeric:
    """Zeros with values, or one value, in some places; what torch makes of those that meet."""
    size = size if len(size) > 1 else [*size, 1]
    if len(places) > len(size):
        raise CodeError(f"A place of {call.name} is beyond the size.")
    call.budget.made(size)
    flat = torch.from_numpy(_linear(call, places, size).astype(np.int64).reshape(-1))
    count = elements(values.shape)
    if isinstance(count, int) and count not in (1, len(flat)):
        raise CodeError(f"{call.name} is given {count} values for {len(flat)} places.")

    def computed(v: Tensor) -> Any:
        given = column(v).expand(len(flat)) if v.numel() == 1 else column(v)
        zeros = torch.zeros(prod(size), dtype=v.dtype, device=v.device)
        found = zeros.scatter_reduce(0, flat.to(v.device), given, meeting, include_self=False)
        return shaped(found, size)

    return numeric(in_torch(computed, values.data))


@known("sub2ind")
def _sub2ind(call: Call, size: Value, *places: Value) -> Numeric:
    """MATLAB's documentation of sub2ind."""
    shape = [int(n) for n in known_values(size, "the size").reshape(-1)]
    return numeric(_linear(call, [known_values(one, "a place") for one in places], shape) + 1)


@known("ind2sub")
def _ind2sub(call: Call, size: Value, places: Value) -> Any:
    """MATLAB's documentation of ind2sub."""
    shape = [int(n) for n in known_values(size, "the size").reshape(-1)]
    left = known_values(places, "the places").astype(np.int64) - 1
    results = []
    for n in shape[: max(call.outputs, 1) - 1]:
        results.append(numeric((left % max(n, 1) + 1).astype(np.float64)))
        left = left // max(n, 1)
    return (*results, numeric((left + 1).astype(np.float64)))


@known("isequal")
def _isequal(call: Call, a: Value, b: Value, *more: Value) -> Numeric:
    """MATLAB's documentation of isequal: the same size and values, whatever the class."""
    return logical([[all(equal(a, one) for one in (b, *more))]])


def equal(a: Value, b: Value) -> bool:
    """Whether two values are equal."""
    if isinstance(a, Member) and isinstance(b, Member):
        return a == b
    if isinstance(a, Chars) and isinstance(b, Chars):
        return a.value == b.value
    if isinstance(a, Cell) and isinstance(b, Cell):
        same = a.shape == b.shape
        return same and all(equal(x, y) for x, y in zip(a.items, b.items, strict=True))
    if isinstance(a, Struct) and isinstance(b, Struct):
        return set(a.fields) == set(b.fields) and all(
            equal(one, b.fields[name]) for name, one in a.fields.items()
        )
    is_array = isinstance(a, Numeric | Chars) and isinstance(b, Numeric | Chars)
    if not is_array or any(isinstance(one, Chars) and one.is_string for one in (a, b)):
        return False
    if tuple(a.shape) != tuple(b.shape):
        return False
    x, y = (known_values(one, "isequal") for one in (a, b))
    return bool((x == y).all())


@known("cross")
def _cross(call: Call, x: Numeric, y: Numeric) -> Numeric:
    """MATLAB's documentation of cross: of vectors of three elements."""
    if x.shape != y.shape or 3 not in x.shape:
        raise CodeError("cross is for vectors of three elements.")
    axis = x.shape.index(3)
    u, v = together((x, y), common_kind((x, y)))
    return x.with_data(in_torch(lambda p, q: torch.linalg.cross(p, q, dim=axis), u, v))


#: What accumarray makes of the values that meet in one place.
_MEETING = {"sum": "sum", "max": "amax", "min": "amin", "prod": "prod", "mean": "mean"}


@known("accumarray")
def _accumarray(
    call: Call, places: Value, v: Numeric, size: Value | None = None, how: Value | None = None
) -> Numeric:
    """MATLAB's documentation of accumarray: @sum, @max, @min, @prod or @mean of what meets."""
    at = known_values(places, "the places")
    name = how.text.lstrip("@") if isinstance(how, FunctionHandle) else "sum"
    if at.ndim != 2 or name not in _MEETING:
        raise UnsupportedCodeError("accumarray takes rows of places, and a function of its page.")
    shape = [int(n) for n in at.max(0)] if at.size else [0] * at.shape[1]
    if size is not None and elements(size.shape):
        shape = [int(n) for n in known_values(size, "the size").reshape(-1)]
    if (at != np.floor(at)).any():
        raise CodeError("The places of accumarray must be whole numbers.")
    # As sum: integers are saturated at the end.
    found = _placed(call, list(at.T), floating(v), shape, _MEETING[name])
    is_cast = "int" in v.kind and name != "mean"
    return found.with_data(cast(found.data, v.kind)) if is_cast else found


@known("shiftdim")
def _shiftdim(call: Call, x: Value, count: Value) -> Value:
    """MATLAB's documentation of shiftdim: by so many dimensions, to the left or new ones."""
    n, rank = whole(count, "the number of dimensions"), len(x.shape)
    if n < 0:
        order = [*range(rank, rank - n), *range(rank)]
    else:
        order = [(k + n) % rank for k in range(rank)]
    return _permute(call, x, row([k + 1 for k in order]))


@known("fft", "ifft", "fft2", "ifft2")
def _fft(
    call: Call,
    x: Floating,
    count: Value | None = None,
    dim: Value | None = None,
    *symmetry: Value,
) -> Numeric:
    """MATLAB's documentation of fft, ifft, fft2 and ifft2; 'symmetric' leaves the real part."""
    given = [one for one in (count, dim, *symmetry) if one is not None]
    if given and isinstance(last := given[-1], Chars):
        if last.value not in ("symmetric", "nonsymmetric"):
            raise CodeError(f"{call.name} has no option '{last.value}'.")
        found = _fft(call, x, *given[:-1])
        return _real_part(found) if last.value == "symmetric" else found
    function = getattr(torch.fft, call.name)
    if call.name.endswith("2"):
        if count is not None:
            raise UnsupportedCodeError(f"{call.name} with sizes is not supported.")
        found = in_torch(lambda t: function(t, dim=(0, 1)), x.data)
    else:
        axis = default_axis(x) if dim is None else dimension(dim, call.name)
        n = None
        if count is not None and elements(count.shape):
            n = int(whole(count, "the number of points"))
            call.budget.made((n,))
        if axis >= x.data.ndim:
            raise UnsupportedCodeError(f"{call.name} along a dimension of size 1.")
        found = in_torch(lambda t: function(t, n, axis), x.data)
    return x.with_data(real_if_whole(found))


def _real_part(x: Numeric) -> Numeric:
    return x.with_data(x.data.real) if x.is_complex else x
