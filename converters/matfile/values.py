"""The neutral values between a MAT-file and its meaning.

A reader of any level returns these, and everything above the container is written
against them, so that level 5, level 7.3 and files made in tests look the same.

===================  =====================================================================
MATLAB               here
===================  =====================================================================
numeric, logical     ``numpy.ndarray``, at least 2-D, MATLAB's own size and class
                     (``logical`` is ``bool``), column-major, never squeezed
char, 1 x n or 0 x 0 ``str`` (UTF-16 pairs joined, unpaired surrogates kept)
char, other sizes    ``numpy.ndarray`` of ``<U1``
cell                 ``numpy.ndarray`` of ``object``
string               ``str`` if scalar, else ``numpy.ndarray`` of ``StringDType``
                     (missing strings are ``nan``)
struct               :class:`StructArray`
sparse               :class:`SparseArray`
function_handle      :class:`FunctionHandle` (text; never evaluated)
categorical          :class:`Categorical`
table, timetable     :class:`Table`
containers.Map       ``dict``
datetime, duration   ``numpy.ndarray`` of ``datetime64[us]`` / ``timedelta64[us]``
any other object     :class:`MatObject`, or :class:`ObjectArray` if not 1 x 1
undecodable object   :class:`Damaged`
===================  =====================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from matlab_compat.errors import MatFileError

Array: TypeAlias = npt.NDArray[Any]
#: See the table above. ``object`` would be as precise to a type checker; the alias documents.
Value: TypeAlias = Any
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class StructArray:
    """A MATLAB struct array: ``fields[name]`` lists the values in column-major order."""

    shape: Shape
    fields: Mapping[str, list[Value]]

    @classmethod
    def scalar(cls, **fields: Value) -> StructArray:
        """A 1 x 1 struct."""
        return cls((1, 1), {name: [value] for name, value in fields.items()})

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def __getitem__(self, name: str) -> Value:
        """The value of a field of a 1 x 1 struct; ``KeyError`` or ``ValueError`` otherwise."""
        (value,) = self.fields[name]
        return value

    def elements(self) -> Iterator[dict[str, Value]]:
        """The elements in column-major order, each a dict from field name to value."""
        for index in range(len(self)):
            yield {name: values[index] for name, values in self.fields.items()}


@dataclass(frozen=True, eq=False)
class SparseArray:
    """A sparse matrix in compressed-column form, checked to be consistent."""

    shape: Shape
    data: Array
    indices: npt.NDArray[np.int64]
    indptr: npt.NDArray[np.int64]

    def to_scipy(self) -> Any:
        """The same matrix as ``scipy.sparse.csc_array``."""
        from scipy.sparse import csc_array

        rows, columns = self.shape
        return csc_array((self.data, self.indices, self.indptr), shape=(rows, columns))


@dataclass(frozen=True, eq=False)
class FunctionHandle:
    """A function handle, as text where the file has one. It is never evaluated."""

    text: str
    raw: Value = field(default=None, repr=False)


@dataclass(eq=False)
class MatObject:
    """One object: a class name and properties, decoded when first asked for.

    ``properties`` holds saved values and the class's saved defaults beneath them.
    Old-style objects (class folders with ``@``) have ``legacy=True``.
    """

    class_name: str
    _load: Callable[[], dict[str, Value]] = field(repr=False)
    legacy: bool = False
    _properties: dict[str, Value] | None = field(default=None, init=False, repr=False)

    @property
    def properties(self) -> dict[str, Value]:
        """Property name to value. Raises :class:`MatFileError` if the object is damaged."""
        if self._properties is None:
            self._properties = self._load()
        return self._properties


@dataclass(frozen=True, eq=False)
class ObjectArray:
    """An object array. Each element has its own class; the array's is only a common base."""

    class_name: str
    shape: Shape
    elements: list[MatObject]


@dataclass(frozen=True, eq=False)
class Categorical:
    """A categorical array: ``codes`` are 1-based, 0 means undefined."""

    codes: Array
    categories: list[str]
    ordinal: bool = False

    def labels(self) -> list[str | None]:
        """The category of each element in column-major order; ``None`` where undefined."""
        names = [None, *self.categories]
        return [names[code] for code in self.codes.ravel(order="F")]


@dataclass(frozen=True, eq=False)
class Table:
    """A table: variable name to column value, in order."""

    columns: dict[str, Value]
    row_names: list[str]


@dataclass(frozen=True, eq=False)
class Damaged:
    """A value that could not be decoded beside healthy ones; ``get`` raises why."""

    class_name: str
    error: MatFileError

    def get(self) -> Value:
        """Always raises the :class:`MatFileError` that decoding met."""
        raise self.error


_CLASS_OF_DTYPE = {
    "float32": "single",
    "float64": "double",
    "complex64": "single",
    "complex128": "double",
    "bool": "logical",
    "object": "cell",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "uint64": "uint64",
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "int64": "int64",
}


def mat_class(value: Value) -> str:
    """MATLAB's name of the class of a neutral value, as ``class(value)`` says it."""
    if isinstance(value, str):
        return "char"
    if isinstance(value, np.ndarray):
        kind = value.dtype.kind
        by_kind = {"U": "char", "T": "string", "M": "datetime", "m": "duration"}
        return by_kind.get(kind) or _CLASS_OF_DTYPE[value.dtype.name]
    if isinstance(value, MatObject | ObjectArray | Damaged):
        return value.class_name
    if isinstance(value, SparseArray):
        return mat_class(value.data)
    names: dict[type, str] = {
        StructArray: "struct",
        FunctionHandle: "function_handle",
        Categorical: "categorical",
        Table: "table",
        dict: "containers.Map",
    }
    return names[type(value)]


def mat_shape(value: Value) -> Shape:
    """MATLAB's size of a neutral value, as ``size(value)`` says it."""
    if isinstance(value, str):
        # Units of UTF-16, as MATLAB counts characters.
        units = len(value.encode("utf-16-le", "surrogatepass")) // 2
        return (1, units) if units else (0, 0)
    if isinstance(value, np.ndarray | StructArray | SparseArray | ObjectArray):
        return tuple(value.shape)
    if isinstance(value, Categorical):
        return tuple(value.codes.shape)
    if isinstance(value, Table):
        rows = {mat_shape(column)[0] for column in value.columns.values()}
        return (max(rows, default=len(value.row_names)), len(value.columns))
    if isinstance(value, dict):
        return (len(value), 1)
    return (1, 1)
