"""The neutral values between a MAT-file and its meaning.

A reader of any level returns these, and everything above the container is written
against them, so that level 5, level 7.3 and files made in tests look the same.

====================  =====================================================================
MATLAB                here
====================  =====================================================================
numeric, logical      ``numpy.ndarray``, at least 2-D, MATLAB's own size and class
                      (``logical`` is ``bool``), column-major, never squeezed
char, 1 x n or 0 x 0  ``str`` (UTF-16 pairs joined, unpaired surrogates kept)
char, other sizes     ``numpy.ndarray`` of ``<U1``
cell                  ``numpy.ndarray`` of ``object``
string                ``str`` if scalar, else ``numpy.ndarray`` of ``StringDType``
                      (missing strings are ``nan``)
struct                :class:`StructArray`
sparse                :class:`SparseArray`
function_handle       :class:`FunctionHandle` (text; never evaluated)
dlarray               :class:`~matlab_compat.data_format.dlarray` if it has labels, else
                      ``numpy.ndarray``
gpuArray              ``numpy.ndarray``
categorical           :class:`Categorical`
table, timetable      :class:`Table`
Map, dictionary       :class:`Map`, a ``dict``
datetime, duration    ``numpy.ndarray`` of ``datetime64[us]`` / ``timedelta64[us]``
datetime, TimeZone    :class:`~converters.matfile.datetimes.Datetime`
any other object      :class:`MatObject`, or :class:`ObjectArray` if not 1 x 1
undecodable value     :class:`Damaged`
====================  =====================================================================

``docs/values.md`` tells it with examples.
"""

from __future__ import annotations

import copy
import difflib
import math
import operator
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from matlab_compat.arrays import Array
from matlab_compat.data_format import dlarray
from matlab_compat.display import matlab_text, shortened, size_text
from matlab_compat.errors import FieldNotFoundError, MatFileError
from matlab_compat.pages.notebook import listing

from .datetimes import Datetime

#: See the table above. ``object`` would be as precise to a type checker; the alias documents.
Value: TypeAlias = Any
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class StructArray:
    """A MATLAB struct array: ``fields[name]`` lists the values in column-major order.

    ``s["name"]`` is what ``s.name`` is in MATLAB: the value of a 1 x 1 struct, and the list of
    the values of any other. ``e[0]`` is the first element (``e(1)`` in MATLAB), itself 1 x 1;
    ``len(e)`` and iteration go by elements, in column-major order. ``dict(s)`` has the values as
    they are, :meth:`to_dict` makes dictionaries and lists of everything inside, too. ``s.name``
    is ``s["name"]``, but for fields that are called as the attributes and methods below.

    Examples
    --------
    >>> s = StructArray.scalar(name="run", at=StructArray.scalar(depth=3))
    >>> s["at"]["depth"], s.to_dict()
    (3, {'name': 'run', 'at': {'depth': 3}})
    >>> e = StructArray((1, 2), {"id": ["a", "b"]})
    >>> e["id"], e[1]["id"], e.to_dict()
    (['a', 'b'], 'b', [{'id': 'a'}, {'id': 'b'}])
    """

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

    def __getitem__(self, key: str | int | tuple[int, ...]) -> Value:
        """A field by its name, or an element by its 0-based index (``e[4]`` or ``e[0, 4]``).

        Raises
        ------
        FieldNotFoundError
            There is no such field (a ``KeyError``).
        IndexError
            There is no such element.
        """
        if isinstance(key, str):
            if key not in self.fields:
                close = difflib.get_close_matches(key, self.fields, n=3)
                raise FieldNotFoundError(
                    f"The struct has no field {key!r}.",
                    remedy=f"it has: {', '.join(self.fields) or 'none at all'}"
                    + (f"; did you mean {' or '.join(close)}?" if close else "."),
                )
            values = self.fields[key]
            return values[0] if self.shape == (1, 1) else list(values)
        index = self._index(key)
        return StructArray((1, 1), {name: [values[index]] for name, values in self.fields.items()})

    def __iter__(self) -> Iterator[StructArray]:
        return (self[index] for index in range(len(self)))

    def keys(self) -> KeysView[str]:
        """The names of the fields, in MATLAB's order."""
        return self.fields.keys()

    def elements(self) -> Iterator[dict[str, Value]]:
        """The elements in column-major order, each a dict from field name to value."""
        for index in range(len(self)):
            yield {name: values[index] for name, values in self.fields.items()}

    def to_dict(self) -> Any:
        """Plain dictionaries and lists, all the way down (:func:`to_python`).

        A dict for a 1 x 1 struct; for any other a list of dicts, one for each element (nested
        lists, row by row, where it is no vector).
        """
        return to_python(self)

    def _index(self, key: Any) -> int:
        """The place of an element in the lists of :attr:`fields`."""
        try:
            if isinstance(key, tuple) and len(key) == len(self.shape):
                places = [range(n)[i] for i, n in zip(key, self.shape, strict=True)]
                return int(np.ravel_multi_index(places, self.shape, order="F"))
            return range(len(self))[operator.index(key)]
        except (IndexError, TypeError):
            raise IndexError(
                f"{key!r} is no element of the {size_text(self.shape)} struct array; they count "
                f"from 0, and its fields ({', '.join(self.fields)}) go by name."
            ) from None

    def __repr__(self) -> str:
        return f"<{size_text(self.shape)} struct with fields: {few(self.fields)}>"

    def _repr_html_(self) -> str:
        if self.shape == (1, 1):
            rows = ([name, *about(value)] for name, (value,) in self.fields.items())
            return listing("struct", ("Field", "Size", "Class", ""), rows, len(self.fields))
        cells = ([_brief(value) for value in one.values()] for one in self.elements())
        return listing(f"{size_text(self.shape)} struct", list(self.fields), cells, len(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """For numpy it is one object, not a sequence: cells hold structs."""
        single = np.empty((), object)
        single[()] = self
        return single

    if not TYPE_CHECKING:  # a misspelled method stays an error to a type checker

        def __getattr__(self, name: str) -> Value:
            """``s.name`` is ``s["name"]`` unless the class itself has an attribute of that name."""
            if name in self.__dict__.get("fields", ()):
                return self[name]
            known = ", ".join(self.__dict__.get("fields", ()))
            raise AttributeError(f"The struct has no field {name!r}. It has: {known}.")


@dataclass(frozen=True, eq=False)
class SparseArray:
    """A sparse matrix in compressed-column form, checked to be consistent."""

    shape: Shape
    data: Array
    indices: npt.NDArray[np.int64]
    indptr: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        return f"<{size_text(self.shape)} sparse {self.data.dtype}, {self.data.size} stored>"

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

    def __deepcopy__(self, memo: dict[int, Any]) -> MatObject:
        """The file that it is decoded from is not copied."""
        made = MatObject(self.class_name, self._load, self.legacy)
        made._properties = copy.deepcopy(self._properties, memo)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """With its values, without the file. Raises :class:`MatFileError` if it is damaged."""
        return {**vars(self), "_load": dict, "_properties": self.properties}

    def _repr_html_(self) -> str:
        try:
            known = self.properties
        except MatFileError as error:
            return listing(f"{self.class_name}, damaged: {error.what}", (), (), 0)
        rows = ([name, *about(value)] for name, value in known.items())
        return listing(self.class_name, ("Property", "Size", "Class", ""), rows, len(known))

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

    def __repr__(self) -> str:
        return f"<{size_text(self.shape)} {self.class_name}>"


@dataclass(frozen=True, eq=False)
class Categorical:
    """A categorical array: ``codes`` are 1-based, 0 means undefined."""

    codes: Array
    categories: list[str]
    ordinal: bool = False

    def __repr__(self) -> str:
        kind = "ordinal" if self.ordinal else "categorical"
        return f"<{size_text(self.codes.shape)} {kind}: {few(self.categories)}>"

    def _repr_html_(self) -> str:
        undefined, *counts = np.bincount(
            self.codes.ravel().astype(np.int64), minlength=1 + len(self.categories)
        ).tolist()
        shown = [[name, str(n)] for name, n in zip(self.categories, counts, strict=True)]
        shown += [["<undefined>", str(undefined)]] if undefined else []
        heading = f"{size_text(self.codes.shape)} categorical"
        return listing(heading, ("Category", "Count"), shown, len(shown))

    def labels(self) -> list[str | None]:
        """The category of each element in column-major order; ``None`` where undefined."""
        names = [None, *self.categories]
        return [names[code] for code in self.codes.ravel(order="F")]


@dataclass(frozen=True, eq=False)
class Table:
    """A table or timetable: variable name to column value, in order.

    ``times`` is the name of the column of row times, the first one of a timetable.
    ``height`` counts the rows, where the file says it.
    """

    columns: dict[str, Value]
    row_names: list[str]
    times: str = ""
    height: int | None = None

    def __repr__(self) -> str:
        return f"<{size_text(mat_shape(self))} {mat_class(self)}: {few(self.columns)}>"

    def _repr_html_(self) -> str:
        rows = ([name, *about(value)] for name, value in self.columns.items())
        heading = f"{size_text(mat_shape(self))} {mat_class(self)}"
        return listing(heading, ("Column", "Size", "Class", ""), rows, len(self.columns))

    def __getitem__(self, name: str) -> Value:
        return self.columns[name]

    def keys(self) -> KeysView[str]:
        """The names of the columns: ``dict(table)`` has them all."""
        return self.columns.keys()


class Map(dict[Value, Value]):
    """A ``containers.Map`` or ``dictionary``; ``class_name`` says which."""

    class_name = "containers.Map"

    @classmethod
    def of(cls, class_name: str, entries: Mapping[Value, Value]) -> Map:
        """A map of MATLAB's class ``class_name``."""
        made = cls(entries)
        made.class_name = class_name
        return made


class Damaged:
    """A value that could not be decoded beside healthy ones. Using it raises why.

    ``error`` is what decoding met; :meth:`get`, items, length, iteration, numpy, comparison,
    conversion to a number or truth value raise it. Only ``class_name`` (MATLAB's, or "unknown")
    and ``error`` can be asked for.
    """

    def __init__(self, class_name: str, error: MatFileError) -> None:
        self.class_name = class_name
        self.error = error

    def get(self, *_: object, **__: object) -> NoReturn:
        """Always raises the :class:`MatFileError` that decoding met."""
        raise self.error

    __array__ = __getitem__ = __iter__ = __len__ = __contains__ = get
    __bool__ = __int__ = __float__ = __complex__ = __index__ = __call__ = get
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = get
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = get
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __neg__ = __abs__ = get
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<Damaged {self.class_name}: {self.error.what}>"


def few(names: Iterable[str]) -> str:
    """The first of some names."""
    first = list(islice(names, 6))
    return ", ".join([*first[:5], "..."] if len(first) > 5 else first)


def about(value: Value) -> list[str]:
    """The size and class of a value, and what it is where that is short."""
    value = np.array([[value]]) if isinstance(value, int | float | complex) else value
    single = isinstance(value, np.ndarray) and value.size == 1 and value.dtype != object
    shown = matlab_text(value) if single or isinstance(value, str) else ""
    return [size_text(mat_shape(value)), mat_class(value), shortened(shown, 80)]


def _brief(value: Value) -> str:
    size, kind, shown = about(value)
    return shown or f"{size} {kind}"


def is_numeric(value: Value) -> bool:
    """Whether a value is an array of numbers, with labels or without."""
    return isinstance(value, dlarray) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "biufc"
    )


def is_cell(value: Value) -> bool:
    """Whether a value is a cell array."""
    return isinstance(value, np.ndarray) and value.dtype == object


def cell_items(value: Value) -> list[Value]:
    """The elements of a cell array, in MATLAB's order; none of anything else."""
    return list(value.ravel(order="F")) if is_cell(value) else []


def sound(value: Value) -> Value:
    """The value itself. Raises the ``MatFileError`` of a :class:`Damaged` one."""
    return value.get() if isinstance(value, Damaged) else value


def to_python(value: Value) -> Any:
    """``value`` with structs as dicts and cells as lists, all the way down.

    1 x 1 structs and maps become dicts. Struct arrays and cells become lists of their elements
    where they are vectors or empty, else nested lists with one level for each dimension, so that
    ``x[i][j]`` is MATLAB's ``x{i+1, j+1}``. All other values stay as they are: arrays are not
    copied and keep their size.
    """
    holder: list[Any] = [value]
    waiting: list[tuple[Any, Any]] = [(holder, 0)]
    while waiting:
        place, key = waiting.pop()
        made = _container(place[key])
        if made is not None:
            place[key], leaves = made
            waiting += leaves
    return holder[0]


def _container(value: Value) -> tuple[Any, list[tuple[Any, Any]]] | None:
    """A dict or list with the same things in it, and the places of these; ``None`` for a leaf."""
    if isinstance(value, StructArray) and value.shape == (1, 1):
        fields = {name: values[0] for name, values in value.fields.items()}
        return fields, [(fields, name) for name in fields]
    if isinstance(value, dict):
        entries = dict(value)
        return entries, [(entries, key) for key in entries]
    if isinstance(value, StructArray):
        elements = np.fromiter(value.elements(), object, len(value))
        return _nested(elements.reshape(value.shape, order="F"))
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _nested(value)
    return None


def _nested(array: Array) -> tuple[list[Any], list[tuple[Any, Any]]]:
    is_vector = array.size == max(array.shape, default=1) or not array.size
    lists: list[Any] = list(array.ravel(order="F")) if is_vector else array.tolist()
    rows: list[list[Any]] = [lists]
    for _ in range(0 if is_vector else array.ndim - 1):
        rows = [inner for row in rows for inner in row]
    return lists, [(row, index) for row in rows for index in range(len(row))]


_CLASS_OF_DTYPE = {
    **{name: name for name in (f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64))},
    **dict.fromkeys(("float32", "complex64"), "single"),
    **dict.fromkeys(("float64", "complex128"), "double"),
    "bool": "logical",
    "object": "cell",
}


def mat_class(value: Value) -> str:
    """MATLAB's name of the class of a neutral value, as ``class(value)`` says it."""
    if isinstance(value, str):
        return "char"
    if isinstance(value, np.ndarray):
        kind = value.dtype.kind
        by_kind = {"U": "char", "T": "string", "M": "datetime", "m": "duration"}
        return by_kind.get(kind) or _CLASS_OF_DTYPE[value.dtype.name]
    if isinstance(value, MatObject | ObjectArray | Damaged | Map):
        return value.class_name
    if isinstance(value, SparseArray):
        return mat_class(value.data)
    if isinstance(value, Table):
        return "timetable" if value.times else "table"
    names: dict[type, str] = {
        StructArray: "struct",
        FunctionHandle: "function_handle",
        Categorical: "categorical",
        Datetime: "datetime",
        dlarray: "dlarray",
        dict: "struct",
    }
    return names[type(value)]


def mat_shape(value: Value) -> Shape:
    """MATLAB's size of a neutral value, as ``size(value)`` says it."""
    if isinstance(value, str):
        # Units of UTF-16, as MATLAB counts characters.
        units = len(value.encode("utf-16-le", "surrogatepass")) // 2
        return (1, units) if units else (0, 0)
    if isinstance(value, np.ndarray | StructArray | SparseArray | ObjectArray | Datetime | dlarray):
        return tuple(value.shape)
    if isinstance(value, Categorical):
        return tuple(value.codes.shape)
    if isinstance(value, Table):  # row times are no variable, and a text in a column is one row
        rows = (1 if isinstance(c, str) else mat_shape(c)[0] for c in value.columns.values())
        height = max(rows, default=len(value.row_names)) if value.height is None else value.height
        return (height, len(value.columns) - bool(value.times))
    if isinstance(value, Map) and value.class_name == "containers.Map":
        return (len(value), 1)
    return (1, 1)
