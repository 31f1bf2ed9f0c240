"""Level 7.3: MATLAB's values kept in HDF5.

MATLAB stores a numeric array as a data set with its dimensions reversed, a cell as a data
set of references, a 1 x 1 struct as a group of values, any other struct array as a group
of reference data sets, a sparse matrix as a group of three vectors, an object as a small
``uint32`` array that points into ``/#subsystem#/MCOS``. Attributes name MATLAB's classes.
Values are walked with a stack of our own, so a file cannot overflow Python's.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.errors import FileAccessError, MatFileError, UnsupportedFileError, locating

from . import hdf5
from .arrays import checked_sparse
from .faults import corrupt_73, cut_short, unsupported_73
from .hdf5 import Hdf5File, Node, References, hdf5_errors, translated
from .journal import Journal
from .limits import DEFAULT_LIMITS, Budget, Limits
from .mcos import ObjectTable, looked_up, reference_shape
from .opaque import Opaque, function_text, legacy_object
from .reader import Header, VariableInfo
from .source import Source
from .text import char_array
from .values import FunctionHandle, ObjectArray, Shape, SparseArray, StructArray, Value

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_DTYPES: dict[str, np.dtype[Any]] = {
    "double": np.dtype(np.float64),
    "single": np.dtype(np.float32),
    "logical": np.dtype(np.bool_),
    "char": np.dtype(np.uint16),
    **{name: np.dtype(name) for name in _INTEGERS},
}
#: ``MATLAB_object_decode``: what a struct-like entry stands for.
_FUNCTION_HANDLE, _OLD_OBJECT, _OPAQUE = 1, 2, 3
_MAX_RANK = 64
_USERBLOCK = 512


class _Slot(NamedTuple):
    """A place waiting for a value (of a ``field``, but in a cell), and how to open its entry."""

    container: Any
    position: int
    open: Callable[[], Node]
    field: str = ""

    @property
    def step(self) -> str:
        """The MATLAB expression from the container to it."""
        if not self.field:
            return f"{{{self.position + 1}}}"
        element = f"({self.position + 1})" if len(self.container) != 1 else ""
        return f"{element}.{self.field}"


class _Found(NamedTuple):
    """The value of an entry; of a container the children to be read, and what then finishes it."""

    value: Value
    children: Iterator[_Slot] | None = None
    finish: Callable[[Value], Value] = lambda value: value


class _Frame(NamedTuple):
    """One step of the path to the entry being read."""

    slot: _Slot
    address: int
    found: _Found

    def close(self) -> None:
        self.slot.container[self.slot.position] = self.found.finish(self.found.value)


class Level73Reader:
    """Reads a level 7.3 MAT-file; the protocol is :class:`converters.matfile.reader.MatReader`.

    A file without MATLAB's attributes (plain HDF5) is read too, arrays only. ``skip_objects``
    leaves objects undecoded. Nothing that h5py raises gets out.
    """

    level = "7.3"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        limits: Limits = DEFAULT_LIMITS,
        skip_objects: bool = False,
    ) -> None:
        self._path = str(path)
        self._journal = Journal()
        self._limits = limits
        self._skip_objects = skip_objects
        with Source(path) as source:
            text = source.read(0, min(116, source.size))
            if source.size <= _USERBLOCK:
                raise cut_short(f"The file ends after {source.size} bytes, within its header.")
            self.header = Header.from_text(text) if text.startswith(b"MATLAB") else Header()
        self._nodes: dict[str, Node] = {}
        self._file = Hdf5File(Path(path))
        try:
            with hdf5_errors():
                root = self._file.root
                names = root.names
                Budget(limits).spend_elements(len(names))
                self._nodes = {n: hdf5.member(root, n) for n in names if n[0] != "#"}
                self.variables = [self._info(name, node) for name, node in self._nodes.items()]
        except MatFileError:
            self.close()
            raise

    def close(self) -> None:
        """Release the file; harmless if it is closed.

        Objects decode their properties when asked, so where some were handed out the file
        stays open until the last of them is gone.
        """
        self._nodes = {}
        if "_objects" not in vars(self):
            self._file.close()

    def read(self, index: int) -> Value:
        """Decode one variable."""
        name = self.variables[index].name
        if name not in self._nodes:
            raise FileAccessError("The file is closed.", remedy="read values while it is open.")
        with hdf5_errors():
            value = self._value(self._nodes[name], Budget(self._limits))
            return looked_up(value, lambda: self._objects, skip=self._skip_objects)

    # What an entry says about itself

    def _class(self, node: Node) -> str:
        value = self._file.attribute(node, "MATLAB_class")
        if value is None:
            return "struct" if node.is_group else _class_of_dtype(node)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def _number(self, node: Node, name: str) -> int:
        value = self._file.attribute(node, name)
        return 0 if value is None else int(value)

    def _info(self, name: str, node: Node) -> VariableInfo:
        with locating(name):
            group = node.is_group
            return VariableInfo(
                name,
                self._class(node),
                self._shape(node),
                0 if group else node.nbytes,
                is_complex=not group and bool(node.dtype.names),
                is_global=bool(self._number(node, "MATLAB_global")),
            )

    def _shape(self, node: Node) -> Shape:
        """MATLAB's size, without reading more than a few numbers."""
        if self._number(node, "MATLAB_empty"):
            return self._empty_shape(node)
        if self._file.attribute(node, "MATLAB_sparse") is not None:
            columns = math.prod(hdf5.member(node, "jc").shape) - 1
            return (self._number(node, "MATLAB_sparse"), columns)
        if node.is_group:
            return self._struct_shape(node)
        if self._number(node, "MATLAB_object_decode") == _OPAQUE:
            if node.is_references or math.prod(node.shape) > self._limits.max_elements:
                return (1, 1)
            words = hdf5.read_array(node, Budget(self._limits)).ravel()
            return reference_shape(words) or (1, 1)
        return _matlab_shape(node.shape)

    def _empty_shape(self, node: Node) -> Shape:
        """The size that stands in place of the data; a struct without fields may have any."""
        if node.is_group or not 2 <= math.prod(node.shape) <= _MAX_RANK:
            raise corrupt_73("An empty array does not say its size.")
        size = hdf5.read_array(node, Budget(self._limits)).ravel()
        if math.prod(map(int, size)) and self._class(node) != "struct":
            raise corrupt_73(f"An array marked empty has the size {size.tolist()}.")
        return tuple(int(extent) for extent in size)

    def _struct_shape(self, group: Node) -> Shape:
        """1 x 1 unless the fields are data sets of bare references."""
        field = self._field_of_array(group)
        return _matlab_shape(field.shape) if field else (1, 1)

    def _field_of_array(self, group: Node) -> Node | None:
        """The first field of a struct array; ``None`` for a single struct."""
        if not group.names:
            return None
        field = hdf5.member(group, group.names[0])
        is_bare = not field.is_group and field.is_references
        return field if is_bare and self._file.attribute(field, "MATLAB_class") is None else None

    # Decoding

    def _value(self, node: Node, budget: Budget) -> Value:
        """Decode an entry and all below it; the stack is the path to where we are."""
        result: list[Value] = [None]
        root = _Slot(result, 0, lambda: node)
        stack = [_Frame(_Slot([None], 0, root.open), -1, _Found(None, iter([root])))]
        self._journal.begin()
        while stack:
            slot = None
            try:
                slot = next(stack[-1].found.children or iter(()), None)
                if slot is None:
                    stack[-1].close()
                    stack.pop()
                else:
                    self._place(slot, stack, budget)
            except Exception as error:  # h5py raises a dozen kinds
                self._set_aside(slot, stack, error)
        self._journal.report()
        return result[0]

    def _set_aside(self, slot: _Slot | None, stack: list[_Frame], error: Exception) -> None:
        """Mark a slot, or that of the container on top, unless the error concerns the whole."""
        ours = translated(error)
        at_fault = slot or stack[-1].slot
        if len(stack) <= (1 if slot else 2):
            raise ours from (None if ours is error else error)
        frames = stack[2:] if slot else stack[2:-1]
        where = [frame.slot.step for frame in frames] + [at_fault.step]
        try:
            class_name = self._class(at_fault.open())
        except Exception:  # what it is can be damaged as well
            class_name = "unknown"
        mark = self._journal.set_aside(class_name, ours, where)
        at_fault.container[at_fault.position] = mark
        if not slot:
            stack.pop()

    def _place(self, slot: _Slot, stack: list[_Frame], budget: Budget) -> None:
        node = slot.open()
        budget.meet(node.address)
        frame = _Frame(slot, node.address, self._find(node, budget))
        if frame.found.children is None:
            frame.close()
            return
        if any(outer.address == frame.address for outer in stack):
            raise corrupt_73("A cell or struct contains itself.")
        budget.check_depth(len(stack))
        stack.append(frame)

    def _find(self, node: Node, budget: Budget) -> _Found:
        """Tell what an entry is and read its own data, but not its children."""
        class_name = self._class(node)
        decode = self._number(node, "MATLAB_object_decode")
        if self._number(node, "MATLAB_empty"):
            return _Found(self._empty(node, class_name, decode))
        if self._file.attribute(node, "MATLAB_sparse") is not None:
            return _Found(self._sparse(node, class_name, budget))
        if decode == _OPAQUE:
            return self._object(node, class_name, budget)
        if class_name == "cell":
            return self._cell(node, budget)
        if node.is_group:
            return self._struct_like(node, class_name, decode, budget)
        return _Found(self._array(node, class_name, budget))

    def _array(self, node: Node, class_name: str, budget: Budget) -> Value:
        if class_name not in _DTYPES:
            raise UnsupportedFileError(
                f"The class {class_name!r} cannot be read from level 7.3.",
                remedy="convert the variable to a struct in MATLAB and save it again",
            )
        raw = hdf5.read_array(node, budget)
        array = raw.reshape(_matlab_shape(raw.shape)[::-1]).T
        if class_name == "char":
            budget.spend_elements(0 if array.shape[0] == 1 else array.size)
            return _text(array)
        return _as_class(array, class_name)

    def _empty(self, node: Node, class_name: str, decode: int) -> Value:
        shape = self._empty_shape(node)
        if decode in (_OLD_OBJECT, _OPAQUE):
            return ObjectArray(class_name, shape, [])
        if class_name == "struct":
            names = self._file.field_names(node) or []
            if names and 0 not in shape:
                raise corrupt_73("A struct marked empty has values.")
            return StructArray(shape, {name: [] for name in names})
        if class_name == "char":
            return _text(np.zeros(shape, np.uint16))
        if class_name == "function_handle":
            return FunctionHandle("")
        if class_name == "cell":
            return np.empty(shape, object)
        return np.zeros(shape, _DTYPES.get(class_name, _DTYPES["double"]))

    def _sparse(self, node: Node, class_name: str, budget: Budget) -> SparseArray:
        if not node.is_group:
            raise corrupt_73("A sparse matrix has no group.")
        present = node.names
        parts = {
            name: hdf5.read_array(hdf5.member(node, name), budget).ravel()
            for name in ("jc", "ir", "data")
            if name in present
        }
        rows = self._number(node, "MATLAB_sparse")
        starts = parts["jc"].astype(np.int64)
        return checked_sparse(
            (rows, len(starts) - 1),
            _as_class(parts.get("data", np.zeros(0)), class_name),
            parts.get("ir", np.zeros(0)).astype(np.int64),
            starts,
            is_logical=class_name == "logical",
        )

    def _cell(self, node: Node, budget: Budget) -> _Found:
        references = hdf5.read_references(node, budget)
        cells = np.empty(_matlab_shape(references.shape)[::-1], object)
        # Both run in HDF5's order: a flat index means the same place in either.
        return _Found(cells.T, self._followed(cells.reshape(-1), references))

    @staticmethod
    def _followed(container: Any, references: References, field: str = "") -> Iterator[_Slot]:
        for index in range(len(references)):
            yield _Slot(container, index, partial(references.follow, index), field)

    def _struct_like(self, node: Node, class_name: str, decode: int, budget: Budget) -> _Found:
        finish: dict[int, Callable[[Value], Value]] = {
            _FUNCTION_HANDLE: lambda raw: FunctionHandle(function_text(raw), raw),
            _OLD_OBJECT: partial(legacy_object, class_name),
        }
        if decode not in finish and class_name != "struct":
            raise corrupt_73(f"A {class_name} is kept as a group.")
        found = self._struct(node, budget)
        return found._replace(finish=finish.get(decode, found.finish))

    def _struct(self, node: Node, budget: Budget) -> _Found:
        of_array = self._field_of_array(node)
        shape = _matlab_shape(of_array.shape) if of_array else (1, 1)
        present, order = node.names, self._file.field_names(node) or ()  # HDF5 sorts them
        names = list(dict.fromkeys([name for name in order if name in set(present)] + present))
        budget.spend_elements(len(names))
        fields = {name: [None] * math.prod(shape) for name in names}
        if of_array:
            children = self._fields_of_array(node, fields, budget)
        else:
            children = (
                _Slot(values, 0, partial(hdf5.member, node, name), name)
                for name, values in fields.items()
            )
        return _Found(StructArray(shape, fields), children)

    def _fields_of_array(
        self, node: Node, fields: dict[str, list[Value]], budget: Budget
    ) -> Iterator[_Slot]:
        for name, values in fields.items():
            references = hdf5.read_references(hdf5.member(node, name), budget)
            if len(references) != len(values):
                raise corrupt_73("The fields of a struct differ in size.")
            yield from self._followed(values, references, name)

    # Objects

    def _object(self, node: Node, class_name: str, budget: Budget) -> _Found:
        """An object of MATLAB's, or of Java or handles, until it is looked up."""
        if node.is_group:  # an enumeration array
            return self._struct(node, budget)._replace(finish=partial(Opaque, "MCOS", class_name))
        if node.is_references:
            return _Found(Opaque("handle", class_name, None))
        return _Found(Opaque("MCOS", class_name, hdf5.read_array(node, budget).T))

    @cached_property
    def _objects(self) -> ObjectTable:
        """The objects of the file: the cells that ``/#subsystem#/MCOS`` refers to."""
        with hdf5_errors(), locating("#subsystem#"):
            if "#subsystem#" not in self._file.root.names:
                raise corrupt_73("The file names objects but has no store of their values.")
            store = hdf5.member(hdf5.member(self._file.root, "#subsystem#"), "MCOS")
            references = hdf5.read_references(store, Budget(self._limits))

            def cell(index: int) -> Value:
                with hdf5_errors():
                    return self._value(references.follow(index), Budget(self._limits))

            metadata = cell(0) if len(references) else None
            if not isinstance(metadata, np.ndarray) or metadata.dtype != np.uint8:
                raise corrupt_73("The object store has no index of bytes.")
            index = metadata.tobytes("F")
            return ObjectTable(index, len(references), cell, limits=self._limits, file=self._path)


def _class_of_dtype(node: Node) -> str:
    """The class of a data set without MATLAB's attributes."""
    if node.is_references:
        return "cell"
    dtype = node.dtype
    if dtype.names:
        dtype = dtype[0]
    by_kind = {"b": "logical", "f": "single" if dtype.itemsize <= 4 else "double"}
    return by_kind.get(dtype.kind) or dtype.newbyteorder("=").name


def _matlab_shape(shape: Shape) -> Shape:
    """MATLAB's size of a data set: dimensions reversed, and at least two of them."""
    return (*shape[::-1], *(1,) * (2 - len(shape)))


def _text(units: Array) -> Value:
    if units.size and not (units.min() >= 0 and units.max() <= 0xFFFF):
        raise corrupt_73("A character is no unit of UTF-16.")
    return char_array(units.ravel(order="F").astype(np.uint16), units.shape, units.size)


def _as_class(array: Array, class_name: str) -> Array:
    """Numbers as MATLAB's class; complex ones are a record of real and imag in HDF5."""
    if array.dtype.names not in (None, ("real", "imag")):
        raise unsupported_73(f"A data set holds records of {array.dtype.names}, not numbers.")
    if array.dtype.names:
        kind = np.complex64 if class_name == "single" else np.complex128
        result = np.empty(array.shape, kind, "F")
        result.real, result.imag = array["real"], array["imag"]
        return result
    if class_name == "logical":
        return np.asarray(array != 0)
    return array.astype(_DTYPES[class_name], copy=False)
