"""Whether a neutral value is what a peer (scipy, mat-io) read: numbers, text, cells, structs.

Objects, function handles and what the peers themselves do not decode are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from converters.matfile.values import SparseArray, StructArray


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """The variables that both have and whose values differ."""
    both = [name for name in mine if name in theirs]
    return [name for name in both if not _same(mine[name], theirs[name])]


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, SparseArray):
        dense = mine.to_scipy().toarray() if np.prod(mine.shape) < 1e6 else None
        return dense is None or np.array_equal(dense, theirs.toarray(), equal_nan=True)
    if isinstance(mine, StructArray):
        return _same_struct(mine, theirs)
    if isinstance(mine, str) or (isinstance(mine, np.ndarray) and mine.dtype.kind == "U"):
        return _characters(mine) == _characters(theirs)
    if not isinstance(mine, np.ndarray):
        return True
    if mine.dtype == object:
        return _same_cells(mine, theirs)
    return _same_numbers(mine, theirs)


def _same_struct(mine: StructArray, theirs: Any) -> bool:
    if not isinstance(theirs, np.ndarray) or theirs.dtype.names is None:
        return True  # a struct without fields has no array form there
    flat = theirs.ravel(order="F")
    return len(flat) == len(mine) and all(
        _same(value, flat[name][index])
        for name, values in mine.fields.items()
        if name in theirs.dtype.names
        for index, value in enumerate(values)
    )


def _same_cells(mine: Any, theirs: Any) -> bool:
    if not isinstance(theirs, np.ndarray) or theirs.dtype != object:
        return False
    return mine.size == theirs.size and all(
        map(_same, mine.ravel(order="F"), theirs.ravel(order="F"))
    )


def _same_numbers(mine: Any, theirs: Any) -> bool:
    """Equal bit for bit as numbers; scipy reads what MATLAB calls logical as uint8."""
    if not isinstance(theirs, np.ndarray) or theirs.dtype.kind not in "buifc":
        return False
    if mine.size != theirs.size:
        return False
    one, other = mine.ravel(order="F"), theirs.ravel(order="F")
    if mine.dtype == bool:
        other = other != 0
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))


def _characters(value: Any) -> str:
    """All characters of a char array, blanks at the ends (which peers drop) left out."""
    if isinstance(value, np.ndarray):
        value = "".join(map(str, value.ravel(order="F"))) if value.dtype.kind in "UO" else ""
    return str(value).strip(" \0")
