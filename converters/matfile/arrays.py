"""Decodes the arrays of level 5: one pass, no recursion, every count checked before use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.errors import MatFileError

from .faults import corrupt
from .journal import Journal, Said
from .limits import Budget, Limits
from .opaque import Opaque, function_text, legacy_object
from .tags import NUMERIC_DTYPE, NUMPY_CODE, ArrayClass, ArrayHeader, DataType, Elements, Tag
from .text import UNIT_WIDTH, CodePage, decode_char
from .values import FunctionHandle, SparseArray, StructArray, Value, sound

_LONGEST_RUN = 1 << 16
_EMPTY = np.empty((0, 0))  # one for all: nobody can change an array without elements


@dataclass
class _Container:
    """A cell, struct, object or handle whose children are being decoded."""

    next: int
    end: int
    count: int
    build: Callable[[list[Value]], Value]
    label: Callable[[int], str]
    class_name: str = "unknown"
    values: list[Value] = field(default_factory=list)

    def is_full(self) -> bool:
        return len(self.values) == self.count


class ArrayDecoder:
    """Decodes arrays out of one buffer within ``limits`` (counted over its whole life).

    Objects come out as :class:`Opaque`; ``met_objects`` tells whether there were any. ``page``
    is the code page of text that is not UTF-8; what is in ``said`` is not warned of again.
    """

    def __init__(
        self, elements: Elements, limits: Limits, page: CodePage, said: Said | None = None
    ) -> None:
        self._elements = elements
        self._page = page
        self._journal = Journal(set() if said is None else said)
        self._stack: list[_Container] = []
        self._budget = Budget(limits)
        self.met_objects = False

    def decode(self, position: int, end: int) -> Value:
        """The array at ``position``. Errors say which cell, field or property is at fault."""
        root = _Container(position, end, 1, lambda values: values[0], lambda _: "")
        self._stack = stack = [root]
        self._journal.begin()
        try:
            while not root.values:
                try:
                    self._step(stack)
                except MatFileError as error:  # of the container on top: its size is known
                    if len(stack) <= 2:  # the outermost is all there is
                        raise
                    mark = self._journal.set_aside(stack[-1].class_name, error, self._path())
                    stack.pop()
                    stack[-1].values.append(mark)
        except MatFileError as error:
            if not error.is_located:
                error.where = (*self._path(), *error.where)
            raise
        self._journal.report()
        return root.build(root.values)

    def _class_of(self, matrix: Tag) -> str:
        try:
            header = self._elements.array_header(matrix)
        except MatFileError:
            return "unknown"
        return header.matlab_class

    def _path(self) -> list[str]:
        """The way from the root to the value that is being decoded."""
        unfinished = [container for container in self._stack[1:] if not container.is_full()]
        return [container.label(len(container.values)) for container in unfinished]

    def _step(self, stack: list[_Container]) -> None:
        """Decode one leaf, open one container or close one."""
        top = stack[-1]
        if top.is_full():
            self._expect_end(top.next, top.end)
            stack[-2].values.append(top.build(top.values))
            stack.pop()
            return
        matrix = self._elements.expect(top.next, top.end, "an array", DataType.MATRIX)
        if not matrix.size:
            self._add_empties(top)
            return
        top.next = matrix.next
        try:
            header = self._elements.array_header(matrix)
            item = _OPENERS[header.array_class](self, header)
        except MatFileError as error:  # of a value that can be left out
            if len(stack) == 1:
                raise
            item = self._journal.set_aside(self._class_of(matrix), error, self._path())
        if isinstance(item, _Container):
            self._budget.check_depth(len(stack), item.next)
            stack.append(item)
        else:
            top.values.append(item)

    def _add_empties(self, container: _Container) -> None:
        """Take in a run of the bare tags that MATLAB writes for []; there can be millions."""
        longest = 8 * min(container.count - len(container.values), _LONGEST_RUN)
        start, end = container.next, min(container.next + longest, container.end)
        tags = self._elements.data[start : end - (end - start) % 8].reshape(-1, 8)
        same = (tags == tags[0]).all(axis=1)
        run = len(same) if same.all() else int(same.argmin())
        container.values.extend([_EMPTY] * run)
        container.next += 8 * run

    # -- containers ------------------------------------------------------------------------

    def _open_cell(self, header: ArrayHeader) -> _Container:
        def build(values: list[Value]) -> Array:
            return np.fromiter(values, object, len(values)).reshape(header.shape, order="F")

        label = "{{{}}}".format
        return self._container(header, header.body, header.count, build, lambda i: label(i + 1))

    def _open_struct(self, header: ArrayHeader) -> _Container:
        """A struct array or an array of old-style objects: the fields of each element in turn."""
        names, children = self.field_names(header)
        count = header.count

        def build(values: list[Value]) -> Value:
            step = len(names)
            struct = StructArray(header.shape, {n: values[i::step] for i, n in enumerate(names)})
            if header.array_class is ArrayClass.OBJECT:
                return legacy_object(header.class_name, struct)
            return struct

        def label(index: int) -> str:
            element = f"({index // len(names) + 1})" if count != 1 else ""
            return f"{element}.{names[index % len(names)]}"

        self._budget.spend_elements(count, header.body)
        return self._container(header, children, count * len(names), build, label)

    def field_names(self, header: ArrayHeader) -> tuple[list[str], int]:
        """The field names of a struct, and where its first value starts."""
        length_tag = self._elements.expect(
            header.body, header.end, "the length of field names", DataType.INT32
        )
        lengths = self._elements.int32s(length_tag)
        names_tag = self._elements.expect(
            length_tag.next, header.end, "field names", DataType.INT8, DataType.UINT8
        )
        if len(lengths) != 1 or lengths[0] < (1 if names_tag.size else 0):
            raise corrupt(f"Field names have the length {lengths}.", header.body)
        return self._split_names(names_tag, lengths[0]), names_tag.next

    def _split_names(self, tag: Tag, length: int) -> list[str]:
        if not tag.size:
            return []
        if tag.size % length:
            raise corrupt(
                f"{tag.size} bytes of field names are not a multiple of {length}.", tag.start
            )
        raw = self._elements.bytes_of(tag).tobytes()
        parts = [raw[i : i + length].split(b"\0")[0] for i in range(0, len(raw), length)]
        names = [part.decode("utf-8", "replace") for part in parts]
        if len(set(names)) != len(names):
            raise corrupt("A struct has two fields of the same name.", tag.start)
        return names

    def _open_function(self, header: ArrayHeader) -> _Container:
        """A function handle: one struct that describes it."""
        count = 1 if header.body < header.end else 0

        def build(values: list[Value]) -> FunctionHandle:
            raw = sound(values[0]) if values else None
            return FunctionHandle(function_text(raw), raw)

        return self._container(header, header.body, count, build, lambda _: "function_handle")

    def _open_opaque(self, header: ArrayHeader) -> _Container:
        """An object: one array that refers to its values."""
        self.met_objects = True

        def build(values: list[Value]) -> Opaque:
            return Opaque(header.type_system, header.class_name, sound(values[0]))

        return self._container(header, header.body, 1, build, lambda _: header.class_name)

    def _container(
        self,
        header: ArrayHeader,
        first: int,
        count: int,
        build: Callable[[list[Value]], Value],
        label: Callable[[int], str],
    ) -> _Container:
        if count * 8 > header.end - first:
            raise corrupt(f"{count} values cannot stand in {header.end - first} bytes.", first)
        self._budget.spend_elements(count, first)
        return _Container(first, header.end, count, build, label, header.matlab_class)

    # -- leaves ----------------------------------------------------------------------------

    def _open_numeric(self, header: ArrayHeader) -> Array:
        """A full numeric or logical array: a view of the buffer wherever it can be one."""
        dtype = NUMERIC_DTYPE[header.array_class]
        real, position = self._numbers(header, header.body, dtype, header.count)
        if header.is_complex:
            imaginary, position = self._numbers(header, position, dtype, header.count)
            real = self._complex(real, imaginary)
        self._expect_end(position, header.end)
        if header.is_logical:
            is_stored_so = real.dtype.itemsize == 1 and not (real.view(np.uint8) > 1).any()
            real = real.view(np.bool_) if is_stored_so else np.not_equal(real, 0)
        return real.reshape(header.shape, order="F")

    def _numbers(
        self, header: ArrayHeader, position: int, dtype: np.dtype[Any], count: int | None
    ) -> tuple[Array, int]:
        """One element of numbers as ``dtype``, and where the next one starts."""
        tag = self._elements.expect(position, header.end, "numbers", *_storage_types(dtype))
        stored = self._elements.stored[tag.kind]
        if tag.size % stored.itemsize or count not in (None, tag.size // stored.itemsize):
            raise corrupt(
                f"{tag.size} bytes are not {'whole' if count is None else count} numbers of "
                f"{stored.itemsize} bytes (size {' x '.join(map(str, header.shape))}).",
                position,
            )
        self._budget.spend_bytes(tag.size // stored.itemsize * dtype.itemsize, position)
        numbers = np.frombuffer(self._elements.bytes_of(tag), stored)
        if stored != dtype:
            with np.errstate(over="ignore", invalid="ignore"):
                numbers = numbers.astype(dtype)
        return numbers if numbers.flags.aligned else numbers.copy(), tag.next

    def _complex(self, real: Array, imaginary: Array) -> Array:
        numbers = np.empty(len(real), np.complex64 if real.itemsize <= 4 else np.complex128)
        numbers.real, numbers.imag = real, imaginary
        return numbers

    @staticmethod
    def _expect_end(position: int, end: int) -> None:
        if position != end:
            raise corrupt(f"{end - position} bytes are left over at the end of an array.", position)

    def _open_char(self, header: ArrayHeader) -> Value:
        tag = self._elements.expect(header.body, header.end, "characters", *UNIT_WIDTH)
        self._budget.spend_bytes(4 * header.count, header.body)
        if not tag.size:
            self._budget.spend_elements(header.count, header.body)
        return decode_char(
            self._elements.bytes_of(tag),
            DataType(tag.kind),
            self._elements.byte_order,
            header.shape,
            header.count,
            self._page,
            lambda what, remedy: self._journal.note(what, remedy, self._path()),
        )

    def _open_sparse(self, header: ArrayHeader) -> SparseArray:
        """A sparse matrix, checked so that no later use can reach outside its arrays."""
        index: np.dtype[Any] = np.dtype(np.int64)
        rows, position = self._numbers(header, header.body, index, None)
        starts, position = self._numbers(header, position, index, None)
        data, position = self._numbers(header, position, np.dtype("f8"), None)
        if header.is_complex:
            imaginary, position = self._numbers(header, position, np.dtype("f8"), len(data))
            data = self._complex(data, imaginary)
        self._expect_end(position, header.end)
        return checked_sparse(header.shape, data, rows, starts, is_logical=header.is_logical)


_OPENERS: dict[ArrayClass, Callable[[ArrayDecoder, ArrayHeader], Value]] = {
    ArrayClass.CELL: ArrayDecoder._open_cell,
    ArrayClass.STRUCT: ArrayDecoder._open_struct,
    ArrayClass.OBJECT: ArrayDecoder._open_struct,
    ArrayClass.CHAR: ArrayDecoder._open_char,
    ArrayClass.SPARSE: ArrayDecoder._open_sparse,
    ArrayClass.FUNCTION_HANDLE: ArrayDecoder._open_function,
    ArrayClass.OPAQUE: ArrayDecoder._open_opaque,
    **dict.fromkeys(NUMERIC_DTYPE, ArrayDecoder._open_numeric),
}


@cache
def _storage_types(dtype: np.dtype[Any]) -> tuple[DataType, ...]:
    """Data types that may hold a class: MATLAB stores small whole numbers in fewer bytes."""
    if dtype.kind == "f":
        return tuple(NUMPY_CODE)
    kinds = [kind for kind, code in NUMPY_CODE.items() if code[0] != "f"]
    return tuple(kind for kind in kinds if int(NUMPY_CODE[kind][1]) <= dtype.itemsize)


def checked_sparse(
    shape: tuple[int, ...], data: Array, rows: Array, starts: Array, *, is_logical: bool
) -> SparseArray:
    """A consistent sparse matrix of zero-based rows and column starts, or ``CorruptFileError``."""
    problem = _sparse_problem(shape, data, rows, starts)
    if problem:
        raise corrupt(f"A sparse matrix is inconsistent: {problem}.")
    count = int(starts[-1])  # files may hold room for more
    values = data[:count] != 0 if is_logical else data[:count]
    return SparseArray(shape, values, rows[:count], starts)


def _sparse_problem(shape: tuple[int, ...], data: Array, rows: Array, starts: Array) -> str:
    if len(shape) != 2:
        return f"it has {len(shape)} dimensions"
    if len(starts) != shape[1] + 1 or starts[0] != 0 or (np.diff(starts) < 0).any():
        return "the column starts are not an ascending list of one more than the columns"
    count = int(starts[-1])
    if count > min(len(rows), len(data)):
        return f"it counts {count} numbers but holds {min(len(rows), len(data))}"
    if count and not 0 <= rows[:count].min() <= rows[:count].max() < shape[0]:
        return f"a row lies outside 1 to {shape[0]}"
    return ""
