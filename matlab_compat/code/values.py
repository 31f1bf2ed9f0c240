"""The values of MATLAB code: numbers, texts, cells, structs, handles, objects and networks.

All are immutable: an assignment to a part makes a new value, so that copies never share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..data_format import dlarray
from ..errors import UnsupportedCodeError
from ..functions import Labelled
from ..plain_text import plain_text
from .definitions import Elements, Properties
from .numeric import (
    CLASSES,
    EMPTY,
    SYMBOLS,
    Numeric,
    dtype_of,
    numeric,
    scalar,
)

if TYPE_CHECKING:
    from .definitions import ClassDefinition


@dataclass(frozen=True)
class Chars:
    """``'text'`` (a row of characters), or ``"text"`` (a string scalar)."""

    #: The characters.
    value: str
    #: Whether it is a string.
    is_string: bool = False
    class_name = "char"

    @property
    def shape(self) -> tuple[int, ...]:
        """1×n for characters ('' is 0×0), 1×1 for a string."""
        if self.is_string:
            return (1, 1)
        return (1, len(self.value)) if self.value else (0, 0)


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell array, or with ``is_string`` an array of strings."""

    #: Its size.
    shape: tuple[int, ...]
    #: The values, column-major.
    items: tuple[Value, ...]
    is_string: bool = False
    class_name = "cell"


@dataclass(frozen=True, eq=False)
class Struct:
    """A scalar struct, or an object of a class that the code lacks, by its properties."""

    #: Values by name, in order.
    fields: Mapping[str, Value] = field(default_factory=dict)
    #: Its class in MATLAB.
    class_name: str = "struct"
    shape = (1, 1)

    def with_field(self, name: str, value: Value) -> Struct:
        """A copy with one field changed or added."""
        return replace(self, fields={**self.fields, name: value})


@dataclass(frozen=True, eq=False)
class Structs:
    """An array of structs; one alone is a :class:`Struct`."""

    #: Its size.
    shape: tuple[int, ...]
    #: The fields that each element has.
    names: tuple[str, ...]
    #: The elements, column-major.
    items: tuple[Struct, ...]
    class_name = "struct"


def array_of(value: Struct | Structs) -> Structs:
    """A struct alone as an array of one; an array as it is."""
    return Structs((1, 1), tuple(value.fields), (value,)) if isinstance(value, Struct) else value


def structs(
    shape: Sequence[int], items: Sequence[Struct], names: Iterable[str] = ()
) -> Struct | Structs:
    """Structs as an array, each with these fields and those of all; one that it lacks is ``[]``."""
    if len(items) == 1:
        return items[0]
    names = tuple(dict.fromkeys((*names, *(name for one in items for name in one.fields))))
    full = tuple(Struct({name: one.fields.get(name, EMPTY) for name in names}) for one in items)
    return Structs(tuple(shape), names, full)


@dataclass(frozen=True, eq=False)
class FunctionHandle:
    """A function handle."""

    #: How messages show it.
    text: str
    #: Arguments and the number of outputs to values.
    call: Callable[[Sequence[Value], int], tuple[Value, ...]]
    shape = (1, 1)
    class_name = "function_handle"


@dataclass(frozen=True, eq=False)
class Object:
    """An object of a class of the user's code; value semantics."""

    #: Its class.
    definition: ClassDefinition
    #: Values by name.
    properties: Mapping[str, Value]
    shape = (1, 1)

    def with_property(self, name: str, value: Value) -> Object:
        """A copy with one property changed."""
        return replace(self, properties={**self.properties, name: value})


@dataclass(frozen=True)
class Member:
    """A member of an enumeration of the user's code."""

    #: Its class.
    definition: ClassDefinition
    #: What it is called.
    name: str
    shape = (1, 1)


@dataclass(frozen=True, eq=False)
class Net:
    """A network that is a property of a layer."""

    network: Any
    #: Its torch modules by the labels of the inputs; the first one holds the parameters.
    modules: dict[tuple[str, ...], Any] = field(default_factory=dict)
    #: What its State property was set to: values by torch's names.
    state: Mapping[str, Value] = field(default_factory=dict)
    shape = (1, 1)
    class_name = "dlnetwork"


@dataclass(frozen=True, eq=False)
class ParserInput:
    """An input that an ``inputParser`` expects."""

    name: str
    #: "required", "optional", "named" or "switch".
    kind: str
    default: Value | None
    check: Value | None


@dataclass(eq=False)
class InputParser:
    """An ``inputParser``: the one value that calls change, for it is a handle in MATLAB."""

    inputs: list[ParserInput] = field(default_factory=list)
    #: What code sets (KeepUnmatched ...) and ``parse`` finds (Results ...).
    properties: dict[str, Value] = field(default_factory=dict)
    shape = (1, 1)
    class_name = "inputParser"

    def is_on(self, name: str) -> bool:
        """Whether a setting is true."""
        value = self.properties.get(name)
        if isinstance(value, Numeric) and isinstance(value.data, np.ndarray):
            return bool(value.data.all())
        return name in ("PartialMatching", "StructExpand")


@dataclass(eq=False)
class Map:
    """A ``containers.Map``, which calls change as it is a handle in MATLAB, or a ``dictionary``."""

    #: Values by their keys: texts or numbers.
    entries: dict[Any, Value]
    #: Whether the keys are texts.
    is_text: bool = True
    #: Whether it is a ``containers.Map``.
    is_handle: bool = True
    #: Whether a property holds it: changes would last from call to call.
    is_kept: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """As many rows as values; a dictionary is one."""
        return (len(self.entries) if self.is_handle else 1, 1)


Value: TypeAlias = (
    Numeric
    | Chars
    | Cell
    | Struct
    | Structs
    | FunctionHandle
    | Object
    | Member
    | Net
    | InputParser
    | Map
)


def value_of(value: Any) -> Value:
    """MATLAB's value for a Python one.

    ``float``, ``int``, ``bool``, ``complex`` and numpy arrays are known numbers, in MATLAB's order
    of dimensions (1-D arrays are columns); torch tensors are data; ``dlarray`` and
    :class:`~matlab_compat.functions.Labelled` bring labels; ``str`` is a row of characters; a
    ``list`` or ``tuple`` is a cell row; a ``dict`` is a struct; None is ``[]``. Structs as files
    have them, objects of MATLAB's other classes (their properties) and networks are taken, too.

    Raises ``UnsupportedCodeError``: another type.
    """
    if isinstance(value, Value):
        return value
    if isinstance(value, Elements):
        return structs(value.shape, [_struct_of(one) for one in value.items])
    if hasattr(value, "plan") and hasattr(value, "Layers"):
        return Net(value)
    if isinstance(properties := getattr(value, "properties", None), Mapping):
        name = getattr(value, "class_name", "struct")  # an object of another class of MATLAB's
        return replace(_struct_of(properties), class_name=name)
    if isinstance(fields := getattr(value, "fields", None), Mapping):
        return _structs_of_file(value.shape, fields)
    value = plain_text(value)
    if value is None:
        return EMPTY
    if isinstance(value, str):
        return Chars(value)
    if isinstance(value, Labelled):
        return numeric(value.data, value.labels, True)
    if isinstance(value, Tensor):
        if value.dtype not in CLASSES:
            value = value.to(torch.float32)
        return numeric(value if value.ndim != 1 else value[:, None])
    if isinstance(value, dlarray):
        return _of_array(np.asarray(value.extractdata()), value.dims())
    if isinstance(value, SYMBOLS):
        return scalar(value)
    if isinstance(value, bool | int | float | complex | np.ndarray | np.generic):
        return _of_array(np.asarray(value), "")
    if isinstance(value, Properties):
        return replace(_struct_of(value), class_name=value.class_name)
    if isinstance(value, Mapping):
        return _struct_of(value)
    if isinstance(value, list | tuple):
        return Cell((1, len(value)), tuple(value_of(one) for one in value))
    raise UnsupportedCodeError(
        f"A value of type {type(value).__name__} is nothing that MATLAB code here can use."
    )


def _struct_of(value: Mapping[Any, Any]) -> Struct:
    return Struct({str(name): value_of(one) for name, one in value.items()})


def _structs_of_file(shape: Sequence[int], fields: Mapping[str, Sequence[Any]]) -> Value:
    """Structs as files have them: for each field a value of each element."""
    items = [
        Struct({name: value_of(values[at]) for name, values in fields.items()})
        for at in range(prod(shape))
    ]
    return structs(shape, items, fields)


def _of_array(data: np.ndarray[Any, Any], labels: str) -> Value:
    if data.dtype.kind == "O":
        if data.ndim == 0:
            return value_of(data.item())
        shape = data.shape if data.ndim > 1 else (*data.shape, 1)
        items = data.reshape(shape).reshape(-1, order="F")
        return Cell(shape, tuple(value_of(one) for one in items))
    if data.dtype.kind in "US":
        if data.ndim == 0:
            return Chars(str(data.item()))
        raise UnsupportedCodeError("Arrays of texts from Python must be lists.")
    if data.dtype not in CLASSES:
        wanted = {"i": "int64", "u": "uint64", "f": "single", "c": "double"}.get(data.dtype.kind)
        if wanted is None:
            raise UnsupportedCodeError(f"An array of {data.dtype} is nothing that MATLAB knows.")
        data = data.astype(dtype_of(wanted, data, data.dtype.kind == "c"))
    if data.ndim == 0 and data.dtype.kind in "iu":
        data = data.astype(np.float64)  # a plain int of Python is a number of MATLAB
    return numeric(data if data.ndim != 1 else data[:, None], labels)


def python_of(value: Value) -> Any:
    """The inverse of :func:`value_of`: numbers as numpy arrays or torch tensors.

    A ``dlarray`` with labels is a ``dlarray`` if known, and
    :class:`~matlab_compat.functions.Labelled` if data; handles and objects stay.
    """
    if isinstance(value, Chars):
        return value.value
    if isinstance(value, Struct):
        return {name: python_of(one) for name, one in value.fields.items()}
    if isinstance(value, Cell | Structs):
        return [python_of(one) for one in value.items]
    if isinstance(value, Numeric):
        if isinstance(value.data, np.ndarray):
            return dlarray(value.data, value.labels) if value.labels else value.data
        return Labelled(value.data, value.labels) if value.labels else value.data
    return value


def of_structs(names: tuple[str, ...], shape: tuple[int, ...], items: Sequence[Value]) -> Value:
    """Structs with these fields; what is no struct is one of ``[]``."""
    nothing = Struct(dict.fromkeys(names, EMPTY))
    return structs(shape, [one if isinstance(one, Struct) else nothing for one in items], names)


def by_places(value: Chars | Cell | Structs, change: Callable[[Numeric], Numeric]) -> Value:
    """What a function that moves elements of arrays, or leaves some out, makes of a value."""
    numbers = np.arange(float(prod(value.shape))).reshape(value.shape, order="F")
    at = change(Numeric(numbers))
    data = at.data.cpu().numpy() if isinstance(at.data, Tensor) else at.data
    order = [int(n) for n in data.reshape(-1, order="F")]
    if isinstance(value, Chars):
        if at.shape[0] > 1:
            raise UnsupportedCodeError("A matrix of characters is not supported.")
        return Chars("".join(value.value[n] for n in order))
    items = tuple(value.items[n] for n in order)
    if isinstance(value, Structs):
        return of_structs(value.names, at.shape, items)
    if value.is_string and len(items) == 1:
        return items[0]
    return Cell(at.shape, items, value.is_string)


def each(values: Sequence[Value]) -> Iterator[Value]:
    """All values within these, cells and structs included."""
    for one in values:
        yield one
        if isinstance(one, Cell | Structs):
            yield from each(one.items)
        elif isinstance(one, Struct):
            yield from each(tuple(one.fields.values()))


def with_numbers(values: Sequence[Value], change: Callable[[Numeric], Value]) -> tuple[Value, ...]:
    """The values with all numbers changed, also those in cells, structs and objects."""

    def changed(fields: Mapping[str, Value]) -> dict[str, Value]:
        return dict(zip(fields, with_numbers(tuple(fields.values()), change), strict=True))

    def one(value: Value) -> Value:
        if isinstance(value, Numeric):
            return change(value)
        if isinstance(value, Cell):
            return replace(value, items=with_numbers(value.items, change))
        if isinstance(value, Structs):
            return structs(value.shape, [Struct(changed(item.fields)) for item in value.items])
        if isinstance(value, Struct):
            return replace(value, fields=changed(value.fields))
        if isinstance(value, Object):
            return replace(value, properties=changed(value.properties))
        return value

    return tuple(map(one, values))


def known_python(value: Value) -> Any:
    """Known numbers as options of Python take them: one as float or int, several as a list."""
    found = python_of(value)
    if isinstance(found, np.ndarray):
        flat = found.reshape(-1, order="F").tolist() if 1 in found.shape else found.tolist()
        flat = _whole(flat)
        return flat[0] if found.size == 1 else flat
    return found


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(one) for one in value]
    is_whole = isinstance(value, float) and np.isfinite(value) and value == int(value)
    return int(value) if is_whole else value
