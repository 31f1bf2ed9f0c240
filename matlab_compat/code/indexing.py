"""``x(...)``, ``x(...) = y`` and ``x(...) = []``: column-major, with growth.

Sources: MATLAB's documentation of "Array Indexing", "Find Array Elements That Meet a Condition" and
"Deleting Rows and Columns".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arrays import NUMPY
from ..display import size_text
from ..errors import CodeError, DataDependentCodeError, UnsupportedCodeError
from .limits import Budget
from .numeric import EMPTY, SYMBOLS, Data, Numeric, as_tensor, cast, numeric
from .operators import as_whole, characters, is_traced, numbers
from .values import Cell, Chars, Struct, Structs, Value, array_of, by_places, of_structs


@dataclass(frozen=True)
class Everything:
    """``:``."""


Place = Everything | Numeric


def as_place(value: Value | Everything) -> Place:
    """What may stand within parentheses.

    Raises ``CodeError``: it is no index.
    """
    if isinstance(value, Everything | Numeric):
        return value
    if isinstance(value, Chars) and value.value == ":":
        return Everything()
    raise CodeError("An index must be a number, a logical or ':'.")


# --- from indices to places -------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """The places along one dimension, from 0."""

    #: A slice of places with equal steps, a numpy array of ints, or a tensor of them.
    at: Any
    #: How many.
    count: Any
    #: The size of the index itself.
    shape: tuple[Any, ...]
    #: The largest place, plus one; 0 where it is not known.
    most: Any = 0

    @property
    def is_all(self) -> bool:
        """Whether it is ``:``."""
        return isinstance(self.at, slice) and self.at == slice(None)


def chosen(place: Place, size: Any) -> Chosen:
    """The places of an index along a dimension of that size."""
    if isinstance(place, Everything):
        return Chosen(slice(None), size, (size, 1))
    data = place.data
    if isinstance(data, Tensor):
        return _chosen_by_data(data, size)
    if data.dtype == bool:
        flat = data.reshape(-1, order="F")
        found = np.flatnonzero(flat)
        shape = (1, len(found)) if data.shape[0] == 1 and data.ndim == 2 else (len(found), 1)
        if data.shape == (1, 1):
            shape = (len(found), len(found))
        return Chosen(found, len(found), shape, int(found[-1]) + 1 if len(found) else 0)
    if data.dtype == object:
        return _chosen_by_symbols(data)
    flat = data.reshape(-1, order="F")
    if flat.dtype.kind == "c":
        raise CodeError("An index must be real.")
    numbers = flat.astype(np.float64)
    if numbers.size and not (np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()):
        raise CodeError("An index must be a whole number.")
    if numbers.size and numbers.min() < 1:
        raise CodeError("An index must be positive: MATLAB counts from 1.")
    if numbers.size and numbers.max() > 2**53:
        raise CodeError("An index is too large.")
    places = numbers.astype(np.int64) - 1
    most = int(places.max()) + 1 if places.size else 0
    at: Any = places
    if places.size == 1:
        at = slice(int(places[0]), int(places[0]) + 1)
    elif places.size:
        step = int(places[1] - places[0])
        if step > 0 and (places.size == 2 or (np.diff(places) == step).all()):
            at = slice(int(places[0]), int(places[-1]) + 1, step)
    return Chosen(at, places.size, data.shape, most)


def _chosen_by_symbols(data: np.ndarray[Any, Any]) -> Chosen:
    if data.size == 1 and isinstance(data.flat[0], SYMBOLS):
        n = as_whole(data.flat[0], "an index")
        return Chosen(slice(n - 1, n), 1, (1, 1), n)
    return chosen(Numeric(np.array([float(int(n)) for n in data.flat]).reshape(data.shape)), 0)


def _chosen_by_data(data: Tensor, size: Any) -> Chosen:
    if data.dtype == torch.bool:
        if is_traced():
            raise DataDependentCodeError(
                "A logical index depends on values of the data, so that the size of what it "
                "chooses is not known and it cannot be exported.",
                remedy="write it by element: Z = X .* mask.",
            )
        return chosen(Numeric(data.detach().cpu().numpy()), size)
    if data.is_complex():
        raise CodeError("An index must be real.")
    flat = column(data)
    if not is_traced():
        return replace(chosen(Numeric(data.detach().cpu().numpy()), size), shape=tuple(data.shape))
    return Chosen(flat.to(torch.int64) - 1, flat.numel(), tuple(data.shape))


def column(data: Data) -> Any:
    """All elements in MATLAB's order, 1-D."""
    if isinstance(data, Tensor):
        if _is_vector(data.shape):
            return data.reshape(-1)
        return data.permute(tuple(reversed(range(data.ndim)))).reshape(-1)
    return data.reshape(-1, order="F")


def _is_vector(size: Sequence[Any]) -> bool:
    """Whether elements of that size lie in one row or column, in either order."""
    return len(size) == 2 and any(isinstance(n, int) and n == 1 for n in size)


def shaped(flat: Data, size: Sequence[Any]) -> Any:
    """The inverse of :func:`column`."""
    if isinstance(flat, Tensor):
        if _is_vector(size):
            return flat.reshape(tuple(size))
        reverse = tuple(reversed(range(len(size))))
        return flat.reshape(tuple(reversed(size))).permute(reverse)
    return flat.reshape(tuple(int(n) for n in size), order="F")


def in_order(data: Data, order: Sequence[int]) -> Data:
    """The dimensions in another order."""
    return data.permute(list(order)) if isinstance(data, Tensor) else data.transpose(order)


def reshaped(data: Data, size: Sequence[Any]) -> Any:
    """Column-major reshape."""
    if len(size) == data.ndim and all(
        isinstance(n, int) and isinstance(m, int) and n == m
        for n, m in zip(size, data.shape, strict=True)
    ):
        return data
    return shaped(column(data), size)


def _take(data: Data, axis: int, places: Chosen) -> Any:
    if places.is_all:
        return data
    if isinstance(places.at, slice):
        return data[(slice(None),) * axis + (places.at,)]
    if isinstance(data, Tensor):
        at = places.at if isinstance(places.at, Tensor) else torch.from_numpy(places.at)
        return data.index_select(axis, at.to(data.device))
    at = places.at
    if isinstance(at, Tensor):
        return as_tensor(data).to(at.device).index_select(axis, at)
    return data.take(at, axis)


# --- reading ----------------------------------------------------------------------------


def index(value: Value, places: Sequence[Place], budget: Budget) -> Value:
    """``value(places)``.

    Raises ``CodeError``: beyond the size.
    """
    if not places:
        return value
    if isinstance(value, Numeric):
        return _index_numbers(value, places, budget)
    if isinstance(value, Cell | Structs) or (isinstance(value, Chars) and not value.is_string):
        return by_places(value, lambda at: _index_numbers(at, places, budget))
    return _only_itself(value, places)


def _only_itself(value: Value, places: Sequence[Place]) -> Value:
    for one in places:
        places_of = chosen(one, 1)
        if places_of.count != 1 or places_of.most > 1:
            raise CodeError("An index is beyond the one element that there is.")
    return value


def _index_numbers(x: Numeric, places: Sequence[Place], budget: Budget) -> Numeric:
    if len(places) == 1:
        return _linear(x, places[0], budget)
    size = list(x.shape)
    data = x.data
    if len(places) < len(size):
        folded = [*size[: len(places) - 1], prod(size[len(places) - 1 :])]
        data, labels = reshaped(data, folded), ""
    else:
        if len(places) > len(size):
            data = data.reshape(*size, *(1,) * (len(places) - len(size)))
        labels = x.labels and x.labels + "U" * (len(places) - len(size))
    picked = [chosen(one, n) for one, n in zip(places, data.shape, strict=True)]
    for at, one in enumerate(picked):
        if not one.is_all and isinstance(one.most, int) and one.most > data.shape[at]:
            raise CodeError(
                f"Index {one.most} is beyond the size {size_text(x.shape)} in dimension {at + 1}."
            )
    budget.made([one.count for one in picked])
    for axis, one in enumerate(picked):
        data = _take(data, axis, one)
    if labels:
        return Numeric(data, labels, True) if len(labels) == 2 else x.with_data(data, labels)
    return numeric(data, "", x.is_dlarray)


def _linear(x: Numeric, place: Place, budget: Budget) -> Numeric:
    size = x.shape
    if isinstance(place, Everything):
        return numeric(column(x.data)[:, None], "", x.is_dlarray)
    picked = chosen(place, prod(size))
    if isinstance(picked.most, int) and picked.most > prod(size):
        raise CodeError(
            f"Index {picked.most} is beyond the {prod(size)} elements of an array of "
            f"{size_text(size)}."
        )
    budget.made((picked.count,))
    found = _take(column(x.data), 0, picked)
    shape: Sequence[Any] = picked.shape
    is_vector = len(shape) == 2 and 1 in shape
    if len(size) == 2 and is_vector and picked.shape != (1, 1):
        if size[0] == 1 and size[1] != 1:
            shape = (1, picked.count)
        elif size[1] == 1 and size[0] != 1:
            shape = (picked.count, 1)
    return numeric(shaped(found, shape), "", x.is_dlarray)


# --- writing ----------------------------------------------------------------------------


def assign(value: Value | None, places: Sequence[Place], new: Value, budget: Budget) -> Value:
    """What ``value`` becomes by ``value(places) = new``; None is an undefined variable.

    Raises ``CodeError``: sizes do not fit.
    """
    if isinstance(value, Cell) or (isinstance(new, Cell) and (value is None or _is_empty(value))):
        return _assign_cells(value, places, new, budget)
    if isinstance(new, Struct | Structs) and (
        value is None or isinstance(value, Struct | Structs) or _is_empty(value)
    ):
        return _assign_structs(value, places, new, budget)
    if isinstance(new, Chars) or isinstance(value, Chars):
        return _assign_text(value, places, new, budget)
    if value is None:
        value = Numeric(np.zeros((0, 0), _numpy_dtype(new)))
    if not isinstance(value, Numeric) or not isinstance(new, Numeric):
        if isinstance(value, Numeric) and not _is_empty(value):
            raise CodeError("Only numbers can be put into an array of numbers.")
        if all(chosen(one, 1).most <= 1 for one in places):
            return new
        raise UnsupportedCodeError("Arrays of structs, objects and functions are not supported.")
    return _assign_numbers(value, places, new, budget)


def _is_empty(value: Value) -> bool:
    return any(isinstance(n, int) and n == 0 for n in value.shape)


def _numpy_dtype(new: Value) -> Any:
    return NUMPY[new.kind] if isinstance(new, Numeric) else np.float64


def _assign_text(value: Value | None, places: Sequence[Place], new: Value, budget: Budget) -> Value:
    if value is not None and not isinstance(value, Chars) and not _is_empty(value):
        raise UnsupportedCodeError("Texts within arrays of numbers are not supported.")
    old = value if isinstance(value, Chars) else Chars("")
    if not isinstance(new, Chars) or old.is_string or new.is_string:
        if isinstance(new, Chars) and all(chosen(one, 1).most <= 1 for one in places):
            return new
        raise UnsupportedCodeError("Assigning to parts of strings is not supported.")
    return characters(_assign_numbers(numbers(old), places, numbers(new), budget))


def _assign_numbers(x: Numeric, places: Sequence[Place], new: Numeric, budget: Budget) -> Numeric:
    if len(places) == 1 and isinstance(places[0], Numeric):
        mask = places[0].data
        if isinstance(mask, Tensor) and mask.dtype == torch.bool and mask.shape == x.shape:
            masked = _assign_by_mask(x, mask, new)
            if masked is not None:
                return masked
    kind = _kept_kind(x, new)
    is_dlarray = x.is_dlarray or new.is_dlarray
    is_fresh = _is_empty(x)
    size, picked = _grown(x, places, new)
    budget.made(size)
    data, fresh = _on_one_side(cast(x.data, kind), cast(new.data, kind))
    if len(places) == 1 and len(size) != 1:
        result = _assign_linear(data, size, picked[0], fresh)
    else:
        if tuple(data.shape) != tuple(size):
            data = reshaped(data, size) if len(places) < len(x.shape) else _padded(data, size)
        result = _assign_box(data, picked, fresh)
        if len(places) < len(x.shape) and tuple(size) != x.shape:
            result = reshaped(result, x.shape)
    labels = x.labels if not is_fresh and len(x.labels) >= result.ndim else ""
    if x.labels and not labels:
        raise UnsupportedCodeError("A labelled array that grows is not supported.")
    return numeric(result, labels, is_dlarray)


def _kept_kind(x: Numeric, new: Numeric) -> str:
    """The class of an array after an assignment: its own.

    An empty array that is only begun has the class of what comes in.
    """
    if _is_empty(x) and x.kind == "double":
        return new.kind if new.kind != "logical" else "double"
    return x.kind


def _on_one_side(data: Data, new: Data) -> tuple[Any, Any]:
    """Both numpy or both tensors of one dtype."""
    tensors = [one for one in (data, new) if isinstance(one, Tensor)]
    if tensors:
        device = tensors[0].device
        a, b = as_tensor(data).to(device), as_tensor(new).to(device)
        wide = (
            torch.promote_types(a.dtype, b.dtype) if a.is_complex() or b.is_complex() else a.dtype
        )
        return a.to(wide), b.to(wide)
    assert isinstance(data, np.ndarray)
    assert isinstance(new, np.ndarray)
    if data.dtype == object or new.dtype == object:
        return data.astype(object), new.astype(object)
    return data.astype(np.result_type(data.dtype, new.dtype)), new


def _assign_by_mask(x: Numeric, mask: Tensor, new: Numeric) -> Numeric | None:
    """``x(mask) = number`` by element, which can be exported."""
    if not all(isinstance(n, int) and n == 1 for n in new.shape):
        return None
    kind = _kept_kind(x, new)
    data, number = _on_one_side(cast(x.data, kind), cast(new.data, kind))
    if not isinstance(data, Tensor):
        data, number = as_tensor(data).to(mask.device), as_tensor(number).to(mask.device)
    return x.with_data(torch.where(mask, number.reshape(()), data))


def _grown(x: Numeric, places: Sequence[Place], new: Numeric) -> tuple[list[Any], list[Chosen]]:
    """The size after the assignment (folded to as many dimensions as places), and the places."""
    size = list(x.shape)
    if len(places) == 1:
        total = prod(size)
        picked = [chosen(places[0], total)]
        if isinstance(places[0], Everything) and total == 0:
            count = prod(new.shape)
            return [1, count], [Chosen(slice(0, count), count, (1, count), count)]
        if isinstance(picked[0].most, int) and picked[0].most > total:
            if total == 0 or (len(size) == 2 and size[0] == 1):
                size = [1, picked[0].most]
            elif len(size) == 2 and size[1] == 1:
                size = [picked[0].most, 1]
            else:
                raise CodeError(
                    f"Index {picked[0].most} is beyond the {total} elements, and an array of "
                    f"{size_text(size)} cannot grow by one index."
                )
        return size, picked
    if len(places) < len(size):
        size = [*size[: len(places) - 1], prod(size[len(places) - 1 :])]
    size += [1] * (len(places) - len(size))
    is_empty = any(isinstance(n, int) and n == 0 for n in size)
    several = (n for n in new.shape if not (isinstance(n, int) and n == 1))
    picked = []
    for at, place in enumerate(places):
        if isinstance(place, Everything) and is_empty and size[at] in (0, 1):
            # ':' of what is not there yet takes the size of what comes in.
            full = len(new.shape) >= len(places)
            n = new.shape[at] if full else next(several, 1)
            picked.append(Chosen(slice(0, n), n, (n, 1), n))
        else:
            picked.append(chosen(place, size[at]))
            if picked[-1].count != 1:
                next(several, None)
    for at, one in enumerate(picked):
        if isinstance(one.most, int) and isinstance(size[at], int) and one.most > size[at]:
            if len(places) < len(x.shape):
                raise CodeError("An array grows only with an index for each of its dimensions.")
            size[at] = one.most
    return size, picked


def _padded(data: Data, size: Sequence[Any]) -> Any:
    have = (*data.shape, *(1,) * (len(size) - data.ndim))
    data = data.reshape(have)
    if have == tuple(size):
        return data
    if isinstance(data, Tensor):
        result: Any = torch.zeros(tuple(size), dtype=data.dtype, device=data.device)
    else:
        result = np.zeros(tuple(size), data.dtype)
    result[tuple(slice(0, n) for n in have)] = data
    return result


def _assign_linear(data: Any, size: Sequence[Any], picked: Chosen, new: Any) -> Any:
    count = prod(new.shape)
    if count != 1 and count != picked.count:
        raise CodeError(f"{count} elements cannot be put into {picked.count} places.")
    flat = _padded(column(data), (prod(size),))
    return shaped(_assign_box(flat, [picked], column(new)), size)


def _assign_box(data: Any, picked: Sequence[Chosen], new: Any) -> Any:
    counts = [one.count for one in picked]
    if not all(isinstance(n, int) and n == 1 for n in new.shape):
        wanted = [n for n in counts if not (isinstance(n, int) and n == 1)]
        given = [n for n in new.shape if not (isinstance(n, int) and n == 1)]
        if len(wanted) != len(given) or any(n != m for n, m in zip(wanted, given, strict=True)):
            raise CodeError(
                f"An array of {size_text(new.shape)} cannot be put into {size_text(counts)} places."
            )
        new = new.reshape(tuple(counts))
    else:
        new = new.reshape((1,) * len(counts))
    copy = data.clone() if isinstance(data, Tensor) else data.copy()
    if all(isinstance(one.at, slice) for one in picked):
        copy[tuple(one.at for one in picked)] = new
        return copy
    where = []
    for axis, one in enumerate(picked):
        at = one.at
        if isinstance(at, slice):
            at = np.arange(*at.indices(int(data.shape[axis])))
        if isinstance(copy, Tensor):
            at = at if isinstance(at, Tensor) else torch.from_numpy(at)
            at = at.to(copy.device)
        where.append(at.reshape((1,) * axis + (-1,) + (1,) * (len(picked) - axis - 1)))
    copy[tuple(where)] = new
    return copy


def _assign_structs(
    value: Value | None, places: Sequence[Place], new: Struct | Structs, budget: Budget
) -> Value:
    fresh = array_of(new)
    old = array_of(value) if isinstance(value, Struct | Structs) else Structs((0, 0), (), ())
    placed = _assign_cells(
        Cell(old.shape, old.items), places, Cell(fresh.shape, fresh.items), budget
    )
    assert isinstance(placed, Cell)
    names = tuple(dict.fromkeys((*old.names, *fresh.names)))
    return of_structs(names, placed.shape, placed.items)


def _assign_cells(
    value: Value | None, places: Sequence[Place], new: Value, budget: Budget
) -> Value:
    if value is None or not isinstance(value, Cell):
        value = Cell((0, 0), ())
    if isinstance(new, Cell) and not (value.is_string and not new.is_string):
        items, size = list(new.items), new.shape
    else:
        items, size = [new], (1, 1)
    # Numbers stand for the items while they are placed: from 1 old ones, beyond them new ones.
    old = Numeric(np.arange(1.0, len(value.items) + 1).reshape(value.shape, order="F"))
    numbers = np.arange(1.0, len(items) + 1) + len(value.items)
    fresh = Numeric(numbers.reshape(size, order="F"))
    placed = _assign_numbers(old, places, fresh, budget)
    pool: list[Value] = [EMPTY, *value.items, *items]
    found = tuple(pool[int(n)] for n in column(placed.data))
    return Cell(placed.shape, found, value.is_string)


def delete(value: Value, places: Sequence[Place]) -> Value:
    """What ``value`` becomes by ``value(places) = []``.

    Raises ``CodeError``: more than one index is not ``:``.
    """
    if isinstance(value, Chars | Cell | Structs):
        return by_places(value, lambda at: _without(at, places))
    if not isinstance(value, Numeric):
        raise UnsupportedCodeError("Only parts of arrays can be deleted.")
    return _without(value, places)


def _without(value: Numeric, places: Sequence[Place]) -> Numeric:
    size = list(value.shape)
    if len(places) == 1:
        picked = chosen(places[0], prod(size))
        if picked.is_all:
            return Numeric(np.zeros((0, 0)))
        if isinstance(picked.most, int) and picked.most > prod(size):
            raise CodeError("What is to be deleted is beyond the size.")
        kept_places = _others(picked, prod(size))
        flat = _take(column(value.data), 0, kept_places)
        is_column = len(size) == 2 and size[1] == 1 and size[0] != 1
        shape = (kept_places.count, 1) if is_column else (1, kept_places.count)
        return numeric(shaped(flat, shape), "", value.is_dlarray)
    if len(places) != len(size):
        raise UnsupportedCodeError("Deleting needs an index for each dimension.")
    picked_all = [chosen(one, n) for one, n in zip(places, size, strict=True)]
    parts = [at for at, one in enumerate(picked_all) if not one.is_all]
    if len(parts) > 1:
        parts = [at for at in parts if _others(picked_all[at], size[at]).count > 0]
    if len(parts) > 1:
        raise CodeError("A deletion can have only one index that is not ':'.")
    axis = parts[0] if parts else 0
    if isinstance(picked_all[axis].most, int) and picked_all[axis].most > size[axis]:
        raise CodeError("What is to be deleted is beyond the size.")
    rest = _others(picked_all[axis], size[axis])
    return value.with_data(_take(value.data, axis, rest))


def _others(picked: Chosen, size: Any) -> Chosen:
    gone = picked.at if isinstance(picked.at, slice) else [int(n) for n in picked.at]
    at = np.delete(np.arange(int(size)), gone)
    return Chosen(at, len(at), (1, len(at)))
