"""The values of MATLAB code: numbers, texts, cells, structs, handles, objects and networks.

All are immutable: an assignment to a part makes a new value, so that copies never share.

A :class:`Numeric` holds either a numpy array, whose values are **known** beforehand (sizes,
settings, what is computed from them), or a torch tensor, which is **data**. Known numbers decide
loops and branches when a model is exported, data can't. Where torch traces sizes, a known array
has the dtype ``object`` and holds ``torch.SymInt``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..data_format import dlarray, torch_axes
from ..errors import CodeError, UnsupportedCodeError
from ..functions import Labelled
from ..plain_text import plain_text
from .definitions import Elements, Properties

if TYPE_CHECKING:
    from .definitions import ClassDefinition

#: A size or number that torch may trace.
Int: TypeAlias = "int | torch.SymInt"
Data: TypeAlias = "np.ndarray[Any, Any] | Tensor"

#: MATLAB's classes of numbers and those of numpy and torch.
NUMPY: dict[str, Any] = {
    "double": np.dtype(np.float64),
    "single": np.dtype(np.float32),
    "logical": np.dtype(np.bool_),
    **{
        f"{sign}int{bits}": np.dtype(f"{sign}int{bits}")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}
TORCH: dict[str, torch.dtype] = {
    "double": torch.float64,
    "single": torch.float32,
    "logical": torch.bool,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "uint8": torch.uint8,
    "uint16": torch.uint16,
    "uint32": torch.uint32,
    "uint64": torch.uint64,
}
_COMPLEX_NUMPY: dict[str, Any] = {
    "double": np.dtype(np.complex128),
    "single": np.dtype(np.complex64),
}
_COMPLEX_TORCH: dict[str, torch.dtype] = {"double": torch.complex128, "single": torch.complex64}
_CLASS: dict[Any, str] = {
    **{dtype: name for name, dtype in NUMPY.items()},
    **{dtype: name for name, dtype in TORCH.items()},
    **{dtype: name for name, dtype in _COMPLEX_NUMPY.items()},
    **{dtype: name for name, dtype in _COMPLEX_TORCH.items()},
    np.dtype(object): "double",
}


@dataclass(frozen=True, eq=False)
class Numeric:
    """An array of numbers or logicals in MATLAB's order of dimensions."""

    #: Known (numpy) or data (torch); at least two dimensions, without trailing ones of size 1
    #: beyond these unless they are labelled.
    data: Data
    #: One for each dimension ("SSCB"), or empty.
    labels: str = ""
    #: Whether MATLAB's class is ``dlarray``; always with labels.
    is_dlarray: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:
        """The size; numbers may be ``torch.SymInt``."""
        return tuple(self.data.shape)

    @property
    def is_known(self) -> bool:
        """Whether the values are known beforehand."""
        return isinstance(self.data, np.ndarray)

    @property
    def kind(self) -> str:
        """The class of the numbers: "double", "logical", "int32" ..."""
        return _CLASS[self.data.dtype]

    @property
    def is_complex(self) -> bool:
        """Whether there are imaginary parts."""
        if isinstance(self.data, np.ndarray):
            return bool(self.data.dtype.kind == "c")
        return bool(self.data.is_complex())

    @property
    def tensor(self) -> Tensor:
        """The values as a torch tensor."""
        return as_tensor(self.data)

    def with_data(self, data: Data, labels: str | None = None) -> Numeric:
        """Other numbers with the same labels, or new ones."""
        return numeric(data, self.labels if labels is None else labels, self.is_dlarray)


@dataclass(frozen=True)
class Chars:
    """``'text'`` (a row of characters), or ``"text"`` (a string scalar)."""

    #: The characters.
    value: str
    #: Whether it is a string.
    is_string: bool = False

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


def array_of(value: Struct | Structs) -> Structs:
    """A struct alone as an array of one; an array as it is."""
    return Structs((1, 1), tuple(value.fields), (value,)) if isinstance(value, Struct) else value


def structs(shape: Sequence[int], items: Sequence[Struct]) -> Struct | Structs:
    """Structs as an array, each with the fields of all; what one lacks is ``[]`` there."""
    if len(items) == 1:
        return items[0]
    names = tuple(dict.fromkeys(name for one in items for name in one.fields))
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


@dataclass(frozen=True, eq=False)
class Net:
    """A network that is a property of a layer."""

    network: Any
    #: Its torch modules by the labels of the inputs.
    modules: dict[tuple[str, ...], Any] = field(default_factory=dict)
    #: What its State property was set to: values by torch's names.
    state: Mapping[str, Value] = field(default_factory=dict)
    shape = (1, 1)


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

    def is_on(self, name: str) -> bool:
        """Whether a setting is true."""
        value = self.properties.get(name)
        if isinstance(value, Numeric) and isinstance(value.data, np.ndarray):
            return bool(value.data.all())
        return name in ("PartialMatching", "StructExpand")


Value: TypeAlias = (
    Numeric | Chars | Cell | Struct | Structs | FunctionHandle | Object | Net | InputParser
)

# --- making arrays ----------------------------------------------------------------------


def numeric(data: Data, labels: str = "", is_dlarray: bool = False) -> Numeric:
    """An array with as many dimensions as MATLAB gives it.

    Without labels trailing dimensions of size 1 beyond the second go; labels that are fewer than
    the dimensions are followed by U, and trailing U of size 1 go.
    """
    size = list(data.shape)
    labels = labels + "U" * (max(len(size), 2) - len(labels)) if labels else ""
    kept = len(size)
    while kept > 2 and (not labels or labels[kept - 1] == "U") and _is_one(size[kept - 1]):
        kept -= 1
    wanted = size[:kept] + [1] * ((len(labels[:kept]) or 2) - kept)
    wanted += [1] * (2 - len(wanted))
    if len(wanted) != len(size):
        data = data.reshape(wanted)
    return Numeric(data, labels[: len(wanted)], is_dlarray or bool(labels))


def from_torch(x: Tensor, labels: str, labelled: bool = True) -> Numeric:
    """Data of torch's order in MATLAB's order of dimensions, with its labels or without."""
    axes = torch_axes(labels)
    arranged = x.permute(sorted(range(len(axes)), key=axes.__getitem__))
    return numeric(arranged, labels if labelled else "", True)


def _is_one(size: Any) -> bool:
    return bool(size == 1)


def known(value: Any, kind: str = "double") -> Numeric:
    """A known array from Python's numbers or a numpy array."""
    data = np.asarray(value)
    if data.dtype != object or not _has_symbols(data):
        data = data.astype(_COMPLEX_NUMPY[kind] if data.dtype.kind == "c" else NUMPY[kind])
    return numeric(data)


def _has_symbols(data: np.ndarray[Any, Any]) -> bool:
    return any(isinstance(one, SYMBOLS) for one in data.flat)


#: Numbers that torch traces.
SYMBOLS = (torch.SymInt, torch.SymFloat, torch.SymBool)


def row(values: Sequence[Any]) -> Numeric:
    """A known 1×n array; numbers may be symbols."""
    if any(isinstance(one, SYMBOLS) for one in values):
        data = np.empty((1, len(values)), object)
        data[0, :] = list(values)
        return Numeric(data)
    return Numeric(np.array(values, np.float64).reshape(1, len(values)))


def scalar(value: Any) -> Numeric:
    """A known number, which may be a symbol."""
    if isinstance(value, SYMBOLS):
        return row([value])
    return Numeric(np.array([[value]], np.float64))


def logical(value: Any) -> Numeric:
    """A known logical array or scalar."""
    return numeric(np.asarray(value, np.bool_))


EMPTY = Numeric(np.zeros((0, 0)))


def as_tensor(data: Data) -> Tensor:
    """A torch tensor, also from known numbers."""
    if isinstance(data, Tensor):
        return data
    if data.dtype == object:
        flat = [torch.scalar_tensor(one, dtype=torch.float64) for one in data.reshape(-1)]
        if not flat:
            return torch.zeros(data.shape, dtype=torch.float64)
        return torch.stack(flat).reshape(data.shape)
    return torch.from_numpy(np.ascontiguousarray(data).copy())


def dtype_of(kind: str, like: Data, is_complex: bool = False) -> Any:
    """The dtype of numpy or torch for a class of MATLAB."""
    if isinstance(like, Tensor):
        return _COMPLEX_TORCH[kind] if is_complex else TORCH[kind]
    return _COMPLEX_NUMPY[kind] if is_complex else NUMPY[kind]


def cast(data: Data, kind: str) -> Data:
    """Numbers brought to a class: rounded half away from zero and saturated for integers."""
    is_complex = data.is_complex() if isinstance(data, Tensor) else data.dtype.kind == "c"
    if kind == _CLASS[data.dtype]:
        return data
    if not isinstance(data, Tensor) and data.dtype == object:
        if kind in ("double", "single"):
            return data
        data = as_tensor(data)
    dtype = dtype_of(kind, data, is_complex and kind in _COMPLEX_NUMPY)
    if kind == "logical":
        has_nan = torch.isnan(data).any() if isinstance(data, Tensor) else np.isnan(data).any()
        if not isinstance(data, Tensor) and has_nan:
            raise CodeError("NaN's cannot be converted to logicals.")
        result: Data = data != 0
        return result
    if is_complex and kind not in _COMPLEX_NUMPY:
        raise CodeError(f"Complex numbers cannot be converted to {kind}.")
    if kind in ("double", "single"):
        return data.to(dtype) if isinstance(data, Tensor) else data.astype(dtype)
    limits = np.iinfo(NUMPY[kind])
    if isinstance(data, Tensor):
        if data.is_floating_point():
            data = torch.nan_to_num(torch.trunc(data + torch.copysign(data * 0 + 0.5, data)))
        wide = data.to(torch.float64) if kind in ("int64", "uint64") else data
        return wide.clamp(float(limits.min), float(limits.max)).to(dtype)
    with np.errstate(all="ignore"):
        if data.dtype.kind == "f":
            # Half away from zero; adding 0.5 is wrong just below it.
            whole = np.trunc(data)
            whole = np.where(np.abs(data - whole) >= 0.5, whole + np.sign(data), whole)
            data = np.nan_to_num(whole, nan=0.0, posinf=np.inf, neginf=-np.inf)
        low, high = data < limits.min, data > limits.max
        result = np.where(low | high, 0, data).astype(dtype)
        return np.where(low, limits.min, np.where(high, limits.max, result)).astype(dtype)


def size_text(shape: Sequence[Any]) -> str:
    """``3×4``."""
    return "×".join(str(n) for n in shape)


def elements(shape: Sequence[Any]) -> Any:
    """How many elements an array of that size has."""
    return prod(shape)


# --- from and to Python -----------------------------------------------------------------


def value_of(value: Any) -> Value:
    """MATLAB's value for a Python one.

    ``float``, ``int``, ``bool``, ``complex`` and numpy arrays are known numbers, in MATLAB's order
    of dimensions (1-D arrays are columns); torch tensors are data; ``dlarray`` and
    :class:`~matlab_compat.functions.Labelled` bring labels; ``str`` is a row of characters; a
    ``list`` or ``tuple`` is a cell row; a ``dict`` is a struct; None is ``[]``. Structs as files
    have them, objects of MATLAB's other classes (their properties) and networks are taken, too.

    Raises
    ------
    UnsupportedCodeError
        Another type.
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
        if value.dtype not in _CLASS:
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
    return structs(shape, items) if items else Structs(tuple(shape), tuple(fields), ())


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
    if data.dtype not in _CLASS:
        wanted = {"i": "int64", "u": "uint64", "f": "single", "c": "double"}.get(data.dtype.kind)
        if wanted is None:
            raise UnsupportedCodeError(f"An array of {data.dtype} is nothing that MATLAB knows.")
        data = data.astype(_COMPLEX_NUMPY[wanted] if data.dtype.kind == "c" else NUMPY[wanted])
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
            return Struct(changed(value.fields))
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
