"""``[a, b; c]``, ``{a, b; c}`` and ``cat``."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..display import size_text
from ..errors import CodeError, UnsupportedCodeError
from .limits import Budget
from .numeric import EMPTY, Numeric, cast, numeric
from .operators import (
    as_texts,
    characters,
    is_traced,
    memory_order,
    numbers,
    strings,
    together,
)
from .values import Cell, Chars, Struct, Structs, Value, structs


def joined(rows: Sequence[Sequence[Value]], budget: Budget) -> Value:
    """``[a, b; c]``.

    Raises ``CodeError``: sizes do not fit.
    """
    rows = [one for one in rows if one]
    if not rows:
        return EMPTY
    flat = [value for one in rows for value in one]
    if any(isinstance(one, Chars | Cell) and one.is_string for one in flat):
        return _strings(rows)
    if any(isinstance(one, Cell) for one in flat):
        across = [_join_cells(one, 1, budget) for one in rows]
        return _join_cells(across, 0, budget)
    if any(isinstance(one, Struct | Structs) for one in flat):
        across = [_join_cells(list(map(_as_cell, one)), 1, budget) for one in rows]
        return _as_structs(_join_cells(across, 0, budget))
    if any(isinstance(one, Chars) for one in flat):
        return _chars(rows)
    if len(flat) == 1:
        return flat[0]
    arrays = [concatenated([numbers(v, "brackets") for v in one], 1, budget) for one in rows]
    return arrays[0] if len(arrays) == 1 else concatenated(arrays, 0, budget)


def concatenated(values: Sequence[Numeric], axis: int, budget: Budget) -> Numeric:
    """Arrays one after the other along a dimension, from 0; ``[]`` is left out.

    Raises ``CodeError``: other dimensions differ.
    """
    kind = joint_kind(values)
    labels = {one.labels for one in values if one.labels}
    is_dlarray = any(one.is_dlarray for one in values)
    kept = [one for one in values if one.shape != (0, 0)]
    if not kept:
        return Numeric(cast(values[0].data, kind), "", is_dlarray)
    if len(kept) == 1:
        return kept[0].with_data(cast(kept[0].data, kind))
    if len(labels) > 1 or (labels and any(not one.labels for one in kept)):
        raise UnsupportedCodeError(
            "Putting arrays with different labels, or with and without, after each other is not "
            "supported.",
            remedy="strip the labels first, stripdims(X), and label the result.",
        )
    rank = max(axis + 1, *(one.data.ndim for one in kept))
    sizes = [(*one.shape, *(1,) * (rank - one.data.ndim)) for one in kept]
    for at in range(rank):
        if at != axis and any(size[at] != sizes[0][at] for size in sizes[1:]):
            raise CodeError(
                "Dimensions of arrays being concatenated are not consistent: "
                f"{' and '.join(size_text(one.shape) for one in kept)}."
            )
    total = list(sizes[0])
    total[axis] = sum(size[axis] for size in sizes)
    budget.made(total)
    arrays = [data.reshape(size) for data, size in zip(_alike(kept, kind), sizes, strict=True)]
    result: Any = (
        _in_memory_order(arrays, axis)
        if isinstance(arrays[0], Tensor)
        else np.concatenate(arrays, axis)
    )
    return numeric(result, labels.pop() if labels else "", is_dlarray)


def _in_memory_order(arrays: Sequence[Tensor], axis: int) -> Tensor:
    """``torch.cat`` of tensors that keep their order of dimensions in memory, which is faster."""
    if is_traced():
        return torch.cat(list(arrays), axis)
    order, back = memory_order(max(arrays, key=torch.numel))
    moved = torch.cat([one.permute(order) for one in arrays], order.index(axis))
    return moved.permute(back)


def _alike(values: Sequence[Numeric], kind: str) -> list[Any]:
    if "int" in kind or kind == "logical":
        values = [one.with_data(cast(one.data, kind)) for one in values]
    arrays = together(values, kind)
    if any(one.is_complex for one in values) and isinstance(arrays[0], Tensor):
        wide = arrays[0].dtype
        for one in arrays:
            wide = torch.promote_types(wide, one.dtype)
        arrays = [one.to(wide) for one in arrays]
    return arrays


def joint_kind(values: Sequence[Numeric]) -> str:
    """The class of arrays put together: the first integer class, single, double, logical."""
    kinds = [one.kind for one in values]
    integers = [kind for kind in kinds if "int" in kind]
    if integers:
        return integers[0]
    if "single" in kinds:
        return "single"
    if all(kind == "logical" for kind in kinds):
        return "logical"
    return "double"


def _chars(rows: Sequence[Sequence[Value]]) -> Value:
    parts = ([characters(numbers(value, "a row of characters")) for value in one] for one in rows)
    lines = [said for one in parts if (said := "".join(part.value for part in one))]
    if len(lines) > 1:
        raise UnsupportedCodeError("A matrix of characters is not supported.")
    return Chars("".join(lines))


def _strings(rows: Sequence[Sequence[Value]]) -> Value:
    lines: list[list[str]] = []
    for one in rows:
        given = [as_texts(value) for value in one]
        if any(len(size) != 2 or size[0] > 1 for size, _ in given):
            raise UnsupportedCodeError("Such arrays of strings are not supported.")
        lines.append([said for _, every in given for said in every])
    count = len(lines[0])
    if any(len(line) != count for line in lines):
        raise CodeError("Dimensions of arrays being concatenated are not consistent.")
    return strings((len(lines), count), [line[at] for at in range(count) for line in lines])


def _join_cells(values: Sequence[Value], axis: int, budget: Budget) -> Cell:
    found = []
    for one in values:
        if isinstance(one, Cell):
            if prod(one.shape):
                found.append(one)
        elif not (isinstance(one, Numeric) and one.shape == (0, 0)):
            found.append(Cell((1, 1), (one,)))
    if not found:
        return Cell((0, 0), ())
    items: list[Value] = []
    arrays = []
    for cell in found:
        at = np.arange(len(cell.items), dtype=np.float64) + len(items)
        arrays.append(Numeric(at.reshape(cell.shape, order="F")))
        items += cell.items
    placed = concatenated(arrays, axis, budget)
    order = np.asarray(placed.data).reshape(-1, order="F")
    return Cell(placed.shape, tuple(items[int(n)] for n in order))


def _as_cell(value: Value) -> Value:
    return Cell(value.shape, value.items) if isinstance(value, Structs) else value


def _as_structs(value: Cell) -> Value:
    found = [one for one in value.items if isinstance(one, Struct)]
    if len(found) < len(value.items):
        raise CodeError("Only structs can be put beside structs.")
    return structs(value.shape, found)


def cells(rows: Sequence[Sequence[Value]]) -> Cell:
    """``{a, b; c}``."""
    rows = [one for one in rows if one]
    if not rows:
        return Cell((0, 0), ())
    if len(rows) > 1 and any(len(one) != len(rows[0]) for one in rows):
        raise CodeError("The rows of a cell array have different lengths.")
    width = len(rows[0])
    return Cell(
        (len(rows), width), tuple(rows[i][j] for j in range(width) for i in range(len(rows)))
    )
