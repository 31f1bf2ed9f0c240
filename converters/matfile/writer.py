"""Write neutral values to a MAT-file that MATLAB, Octave, scipy and this package read.

A file appears whole or not at all: it is written under another name in the same folder,
read back and compared, and only then given its name.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np

from matlab_compat.errors import CorruptFileError, UsageError, locating

from ..atomic import new_file
from ..endings import ending_of
from . import write5
from .file import open_mat
from .limits import Limits
from .values import SparseArray, StructArray, Value, mat_class, mat_shape

Level: TypeAlias = Literal["6", "7", "7.3"]

_VALID_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
KEYWORDS = (
    *("break", "case", "catch", "classdef", "continue", "else", "elseif", "end", "for"),
    *("function", "global", "if", "otherwise", "parfor", "persistent", "return", "spmd"),
    *("switch", "try", "while"),
)
_MAX_DEPTH = 100
#: Bytes compared at a time: the arrays stand in memory twice, and that is enough.
_COMPARED = 1 << 20
_NO_LIMITS = Limits(max_bytes=sys.maxsize, max_depth=_MAX_DEPTH + 2, max_elements=sys.maxsize)


def write_mat(
    path: str | os.PathLike[str],
    variables: Mapping[str, Value],
    *,
    level: Level = "7",
    overwrite: bool = False,
) -> None:
    """Write neutral values (:mod:`converters.matfile.values`) to a new MAT-file.

    As :func:`converters.write_mat`, which says what each parameter means, but of plain Python only
    what a file holds as it is: arrays of at least two dimensions, ``str``, ``StructArray`` ...
    """
    ending_of(path, (".mat",), "A MAT-file")
    with locating(str(path)):
        if level not in get_args(Level):
            raise UsageError(f"level is {level!r}.", remedy="use '6', '7' or '7.3'")
        for name, value in variables.items():
            with locating(str(name)):
                _check_name(name)
                if name in KEYWORDS:
                    what = f"{name!r} is a keyword of MATLAB, so no variable can have that name."
                    raise UsageError(what, remedy=f"name it, e.g., {name}_")
                _check_value(value, 0)
    with new_file(path, overwrite=overwrite) as temporary:
        _write(temporary, variables, level)
        with open_mat(temporary, limits=_NO_LIMITS) as file:
            differing = [name for name in variables if not same(variables[name], file[name])]
            if differing or set(file) != set(variables):
                raise CorruptFileError(
                    f"What was written reads back differently: {', '.join(differing)}.",
                    remedy="check the disk; if it is sound, please report this",
                )


# What a file can hold


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _VALID_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name in MATLAB.",
            remedy="use at most 63 letters (a-z, A-Z), digits and underscores; a letter first",
        )


def _check_value(value: Value, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise UsageError(f"Values are nested more than {_MAX_DEPTH} deep.", remedy="nest less")
    if isinstance(value, str):
        return
    if isinstance(value, StructArray):
        _check_struct(value, depth)
    elif isinstance(value, SparseArray):
        if value.data.dtype not in (np.float64, np.complex128, np.bool_):
            raise UsageError(
                f"A sparse matrix of {value.data.dtype} cannot be written.",
                remedy="MATLAB's are double (also complex) or logical: data.astype('float64')",
            )
    elif isinstance(value, np.ndarray):
        _check_array(value, depth)
    else:
        raise UsageError(
            f"A {type(value).__name__} cannot be written to a MAT-file.",
            remedy="give arrays, text, cells (object arrays), StructArray or SparseArray",
        )


def _check_struct(value: StructArray, depth: int) -> None:
    for field, values in value.fields.items():
        with locating(f".{field}"):
            _check_name(field)
            if len(values) != len(value):
                what = f"The field has {len(values)} values; the struct has {len(value)} elements."
                raise UsageError(what, remedy="give one value for each element")
            for inner in values:
                _check_value(inner, depth + 1)


def _check_array(value: np.ndarray, depth: int) -> None:
    if value.ndim < 2:
        raise UsageError(
            f"An array of {value.ndim} dimensions has no size in MATLAB.",
            remedy="reshape it: x.reshape(1, -1) is a row, x.reshape(-1, 1) a column",
        )
    if value.dtype.kind == "U":
        if any(len(character) > 1 or character > "\uffff" for character in value.flat):
            raise UsageError(
                "Each element of a char array is one character of MATLAB (a unit of UTF-16).",
                remedy="give texts as str in a cell: np.array([['one', 'two']], dtype=object)",
            )
    elif value.dtype.name not in write5.WRITABLE and value.dtype.kind != "O":
        what = f"An array of {value.dtype} has no class in MATLAB."
        raise UsageError(what, remedy="convert it, e.g. x.astype('float32')")
    if value.dtype.kind == "O":
        for index, inner in enumerate(value.ravel(order="F")):
            with locating(f"{{{index + 1}}}"):
                _check_value(inner, depth + 1)


# The file


def _write(path: Path, variables: Mapping[str, Value], level: Level) -> None:
    if level == "7.3":
        from . import write73  # h5py takes 0.2 s to import

        write73.write(path, variables, _header_text("7.3"))
        return
    with path.open("wb") as stream:
        stream.write(write5.file_header(_header_text("5.0")))
        for name, value in variables.items():
            with locating(name):
                write5.write_variable(stream, write5.encode(value, name), compress=level == "7")


def _header_text(version: str) -> str:
    """Give the text at the start of a file, in the form that MATLAB writes it."""
    date = time.strftime("%a %b %d %H:%M:%S %Y")
    text = f"MATLAB {version} MAT-file, Platform: {sys.platform}, Created on: {date}"
    return f"{text} HDF5 schema 1.00 ." if version == "7.3" else text


# What was written is what was meant


def same(one: Value, other: Value) -> bool:
    """Tell whether two neutral values are the same: class, size and every bit (NaN included)."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return _same_array(one, other)
    if isinstance(one, StructArray) and isinstance(other, StructArray):
        return (
            mat_shape(one) == mat_shape(other)
            and list(one.fields) == list(other.fields)
            and all(map(_same_lists, one.fields.values(), other.fields.values()))
        )
    if isinstance(one, SparseArray) and isinstance(other, SparseArray):
        return mat_shape(one) == mat_shape(other) and all(
            np.array_equal(getattr(one, part), getattr(other, part))
            for part in ("data", "indices", "indptr")
        )
    return isinstance(one, str) and isinstance(other, str) and one == other


def _same_lists(one: list[Value], other: list[Value]) -> bool:
    return len(one) == len(other) and all(map(same, one, other))


def _same_array(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape or mat_class(one) != mat_class(other):
        return False
    if not one.size:  # level 7.3 does not say whether an empty array is complex
        return True
    if one.dtype.name != other.dtype.name and one.dtype.kind != "U":
        return False
    if one.dtype.kind == "O":
        return _same_lists(list(one.ravel(order="F")), list(other.ravel(order="F")))
    if one.dtype.kind == "U":
        return bool(np.array_equal(one, other))
    little = one.astype(one.dtype.newbyteorder("<"), copy=False)
    first, second = (array.reshape(-1, order="F").view(np.uint8) for array in (little, other))
    pieces = (slice(at, at + _COMPARED) for at in range(0, len(first), _COMPARED))
    return all(np.array_equal(first[piece], second[piece]) for piece in pieces)
