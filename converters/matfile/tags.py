"""Level 5 data elements: tags, data types, and the header of an array.

Source of the format: the published "MAT-File Format" document (level 5), and files.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .faults import corrupt, cut_short, unsupported
from .values import Shape

#: More dimensions than numpy can hold; MATLAB itself never writes so many by accident.
_MAX_DIMENSIONS = 64


class DataType(IntEnum):
    """What the bytes of a data element are ("mi" types)."""

    INT8 = 1
    UINT8 = 2
    INT16 = 3
    UINT16 = 4
    INT32 = 5
    UINT32 = 6
    SINGLE = 7
    DOUBLE = 9
    INT64 = 12
    UINT64 = 13
    MATRIX = 14
    COMPRESSED = 15
    UTF8 = 16
    UTF16 = 17
    UTF32 = 18


#: What an array is in MATLAB ("mx" classes), from 1 on.
ArrayClass = IntEnum(
    "ArrayClass",
    "CELL STRUCT OBJECT CHAR SPARSE DOUBLE SINGLE INT8 UINT8 INT16 UINT16 INT32 UINT32 INT64 UINT64"
    " FUNCTION_HANDLE OPAQUE",
)

_CLASSES = {int(one): one for one in ArrayClass}
#: Those with the name of a class in the header, and no class.
_NAMED = (ArrayClass.OBJECT, ArrayClass.OPAQUE, None)
#: Types and sizes of the elements in :meth:`Elements._usual_header`.
_USUAL = (DataType.UINT32, 8, DataType.INT32, 8, DataType.INT8, 0)

#: The numbers among both, as numpy calls them.
_NUMBERS = {
    **{"INT8": "i1", "UINT8": "u1", "INT16": "i2", "UINT16": "u2", "INT32": "i4", "UINT32": "u4"},
    **{"SINGLE": "f4", "DOUBLE": "f8", "INT64": "i8", "UINT64": "u8"},
}
NUMPY_CODE = {DataType[name]: code for name, code in _NUMBERS.items()}
_STORED = {
    order: {int(kind): np.dtype(order + code) for kind, code in NUMPY_CODE.items()}
    for order in "<>"
}
NUMERIC_DTYPE: dict[ArrayClass, np.dtype[Any]] = {
    ArrayClass[name]: np.dtype(code) for name, code in _NUMBERS.items()
}


class Tag(NamedTuple):
    """One data element: its type, where its data lie, and where the next element starts.

    A tuple, as one is made for each element: a frozen dataclass takes twice as long to make.
    """

    kind: int
    start: int
    size: int
    next: int


@dataclass(slots=True)
class ArrayHeader:
    """What stands before the data of an array. ``body`` to ``end`` holds the data.

    Not frozen, for the same reason.
    """

    array_class: ArrayClass
    shape: Shape
    name: str
    body: int
    end: int
    is_complex: bool = False
    is_global: bool = False
    is_logical: bool = False
    type_system: str = ""
    class_name: str = ""

    @property
    def count(self) -> int:
        """How many elements the array has."""
        return math.prod(self.shape)

    @property
    def matlab_class(self) -> str:
        """What MATLAB calls its class."""
        if self.is_logical and self.array_class in NUMERIC_DTYPE:
            return "logical"
        return self.class_name or self.array_class.name.lower()


class Elements:
    """Reads tags and array headers out of one buffer. Every access is checked first.

    ``limit`` is where the announced data end; the buffer may hold only their beginning
    (while listing), and then reading on raises ``TruncatedFileError``.
    """

    def __init__(self, data: npt.NDArray[np.uint8], byte_order: str) -> None:
        self.data = data
        self.byte_order = byte_order
        #: How numbers of each type are stored.
        self.stored = _STORED[byte_order]
        self._bytes, self._size = data.data, len(data)
        self._two_words = struct.Struct(byte_order + "II")
        self._usual = struct.Struct(byte_order + "2I2I2I2i2I")

    def words(self, position: int) -> tuple[int, int]:
        """Two 32-bit words."""
        if position + 8 > self._size:
            raise cut_short("The data end in the middle of an element.", position)
        first, second = self._two_words.unpack_from(self._bytes, position)
        return first, second

    def tag(self, position: int, end: int) -> Tag:
        """The element at ``position``, which must lie before ``end`` as a whole."""
        if position + 8 > end:
            raise corrupt("An element is missing at the end of an array.", position)
        kind, size = self.words(position)
        if kind >> 16:  # a small element: type and size share a word, the data follow at once
            kind, size = kind & 0xFFFF, kind >> 16
            if size > 4:
                raise corrupt(f"A small element claims {size} bytes; it holds 4 at most.", position)
            return Tag(kind, position + 4, size, position + 8)
        start = position + 8
        last = start + size
        if last > end:
            what = f"An element of {size} bytes does not fit in its parent ({end - start} bytes)."
            raise corrupt(what, position)
        # Writers pad to 8 bytes, but some leave the very last padding away.
        padded = last + (-size & 7)
        return Tag(kind, start, size, padded if padded < end else end)

    def bytes_of(self, tag: Tag) -> npt.NDArray[np.uint8]:
        """The data of an element, not copied."""
        if tag.start + tag.size > self._size:
            raise cut_short("The data end in the middle of an element.", tag.start)
        return self.data[tag.start : tag.start + tag.size]

    def expect(self, position: int, end: int, what: str, *kinds: DataType) -> Tag:
        """The element at ``position``, which must be of one of ``kinds``."""
        tag = self.tag(position, end)
        if tag.kind not in kinds:
            allowed = ", ".join(f"mi{kind.name}" for kind in kinds)
            raise corrupt(
                f"Data type {tag.kind} cannot hold {what} (allowed: {allowed}).", position
            )
        return tag

    def text(self, tag: Tag) -> str:
        """A name: variable, class or type system."""
        if not tag.size:  # as the names of all arrays within others are
            return ""
        return self.bytes_of(tag).tobytes().split(b"\0")[0].decode("utf-8", "replace")

    def int32s(self, tag: Tag) -> list[int]:
        """Signed 32-bit numbers."""
        if tag.size % 4:
            raise corrupt(
                "A list of 32-bit numbers has a size that is no multiple of 4.", tag.start
            )
        return [*struct.unpack(f"{self.byte_order}{tag.size // 4}i", self.bytes_of(tag).tobytes())]

    def array_header(self, matrix: Tag) -> ArrayHeader:
        """The header of an array, up to the first element that holds its data."""
        if (usual := self._usual_header(matrix)) is not None:
            return usual
        end = matrix.start + matrix.size
        flags = self.expect(matrix.start, end, "array flags", DataType.UINT32)
        if flags.size != 8:
            raise corrupt(f"Array flags have {flags.size} bytes instead of 8.", matrix.start)
        word, _ = self.words(flags.start)
        number = word & 0xFF
        if (array_class := _CLASSES.get(number)) is None:
            raise unsupported(
                f"Array class {number} is none that MATLAB documents (1 to 17).", flags.start
            )
        if array_class is ArrayClass.OPAQUE:
            return self._opaque_header(flags.next, end, bool(word & 0x400))
        # Some writers say UINT32; the numbers are the same (scipy reads them so, too).
        dimensions = self.expect(flags.next, end, "dimensions", DataType.INT32, DataType.UINT32)
        name = self._name(dimensions.next, end, "the name of an array")
        class_name, body = "", name.next
        if array_class is ArrayClass.OBJECT:
            class_tag = self._name(body, end, "the name of a class")
            class_name, body = self.text(class_tag), class_tag.next
        return ArrayHeader(
            array_class,
            self._shape(dimensions),
            self.text(name),
            body,
            end,
            is_complex=bool(word & 0x800),
            is_global=bool(word & 0x400),
            is_logical=bool(word & 0x200),
            class_name=class_name,
        )

    def _usual_header(self, matrix: Tag) -> ArrayHeader | None:
        """The header in one step where it is that of nearly all: two dimensions and no name."""
        body, end = matrix.start + self._usual.size, matrix.start + matrix.size
        if body > min(end, self._size):
            return None
        *flags, word, _, a, b, rows, columns, c, d = self._usual.unpack_from(
            self._bytes, matrix.start
        )
        array_class = _CLASSES.get(word & 0xFF)
        if (*flags, a, b, c, d) != _USUAL or min(rows, columns) < 0 or array_class in _NAMED:
            return None
        return ArrayHeader(
            array_class,
            (rows, columns),
            "",
            body,
            end,
            is_complex=bool(word & 0x800),
            is_global=bool(word & 0x400),
            is_logical=bool(word & 0x200),
        )

    def _opaque_header(self, position: int, end: int, is_global: bool) -> ArrayHeader:
        name = self._name(position, end, "the name of an object")
        type_system = self._name(name.next, end, "the kind of an object")
        class_name = self._name(type_system.next, end, "the name of a class")
        return ArrayHeader(
            ArrayClass.OPAQUE,
            (1, 1),
            self.text(name),
            class_name.next,
            end,
            is_global=is_global,
            type_system=self.text(type_system),
            class_name=self.text(class_name),
        )

    def _name(self, position: int, end: int, what: str) -> Tag:
        return self.expect(position, end, what, DataType.INT8, DataType.UINT8, DataType.UTF8)

    def _shape(self, tag: Tag) -> Shape:
        shape = tuple(self.int32s(tag))
        if not 2 <= len(shape) <= _MAX_DIMENSIONS:
            raise corrupt(
                f"An array has {len(shape)} dimensions; 2 to {_MAX_DIMENSIONS} can be.", tag.start
            )
        if min(shape) < 0:
            raise corrupt(
                f"An array has the negative size {' x '.join(map(str, shape))}.", tag.start
            )
        return shape
