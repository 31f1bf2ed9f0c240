"""Encode neutral values in MATLAB's level 5 byte format (what ``save`` calls -v6 and -v7).

A data element is a tag (type, byte count), its bytes, and padding to eight bytes. A variable is
an element of type matrix that holds further elements: flags, size, name, and its data.
Encoded data are lists of buffers, so that a large array is never copied to add a tag.
Source of the format: the published "MAT-File Format" document, level 5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from matlab_compat.arrays import Array
from matlab_compat.errors import UsageError

from .tags import ArrayClass, DataType
from .values import Shape, SparseArray, StructArray, Value

Buffer: TypeAlias = bytes | memoryview
Parts: TypeAlias = list[Buffer]

MAX_BYTES = (1 << 31) - 1
_COMPLEX, _LOGICAL = 0x08, 0x02
#: Bytes compressed at a time, for the result is kept in memory.
_COMPRESSED = 1 << 20

_CLASS_AND_TYPE = {
    "float64": (ArrayClass.DOUBLE, DataType.DOUBLE),
    "float32": (ArrayClass.SINGLE, DataType.SINGLE),
    "complex128": (ArrayClass.DOUBLE, DataType.DOUBLE),
    "complex64": (ArrayClass.SINGLE, DataType.SINGLE),
    "bool": (ArrayClass.UINT8, DataType.UINT8),
    **{
        name: (ArrayClass[name.upper()], DataType[name.upper()])
        for name in (f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("", "u"))
    },
}
#: The types of numbers that have a class in MATLAB.
WRITABLE = frozenset(_CLASS_AND_TYPE)


def file_header(text: str, subsystem_offset: int = 0, version: int = 0x0100) -> bytes:
    """The first 128 bytes of a file of level 5, or with version 0x0200 of level 7.3."""
    return text.encode().ljust(116)[:116] + struct.pack("<QH", subsystem_offset, version) + b"IM"


def write_variable(stream: BinaryIO, parts: Parts, *, compress: bool) -> None:
    """Append one encoded variable to a file; compressed, as level 7 does, or as it is."""
    if not compress:
        stream.writelines(parts)
        return
    start = stream.tell()
    stream.write(bytes(8))
    deflate = zlib.compressobj()
    for part in parts:
        for at in range(0, len(part), _COMPRESSED):
            stream.write(deflate.compress(part[at : at + _COMPRESSED]))
    stream.write(deflate.flush())
    end = stream.tell()
    stream.seek(start)
    stream.write(struct.pack("<II", DataType.COMPRESSED, end - start - 8))
    stream.seek(end)


def element(kind: DataType, data: Buffer) -> Parts:
    """A tag, the data, and the padding to a multiple of eight bytes.

    Up to four bytes stand within the tag: Octave reads the length of field names only so.
    """
    count = len(data)
    if 0 < count <= 4:
        return [struct.pack("<HH", kind, count), data, bytes(4 - count)]
    return [struct.pack("<II", kind, count), data, bytes(-count % 8)]


def compound(kind: DataType, children: Iterable[Buffer]) -> Parts:
    """An element that holds other elements."""
    body = list(children)
    count = sum(map(len, body))
    if count > MAX_BYTES:
        what = f"A variable takes {count} bytes; levels 6 and 7 hold at most 2 GiB for each."
        raise UsageError(what, remedy="write it as level 7.3")
    return [struct.pack("<II", kind, count), *body]


def matrix(
    kind: ArrayClass, shape: Shape, name: str, data: Parts, flags: int = 0, extra: int = 0
) -> Parts:
    """A variable: flags, size and name before its own data."""
    return compound(
        DataType.MATRIX,
        [
            *element(DataType.UINT32, struct.pack("<II", kind | flags << 8, extra)),
            *element(DataType.INT32, np.array(shape, "<i4").tobytes()),
            *element(DataType.INT8, name.encode("ascii")),
            *data,
        ],
    )


def encode(value: Value, name: str = "") -> Parts:
    """One value, and all inside it, as a matrix element. The value must have been checked."""
    if isinstance(value, str):
        return _char(units_of_row(value), name)
    if isinstance(value, StructArray):
        return _struct(value, name)
    if isinstance(value, SparseArray):
        return _sparse(value, name)
    if value.dtype.kind == "U":
        return _char(units_of_array(value), name)
    if value.dtype.kind == "O":
        cells = [part for cell in value.ravel(order="F") for part in encode(cell)]
        return matrix(ArrayClass.CELL, value.shape, name, cells)
    kind, _ = _CLASS_AND_TYPE[value.dtype.name]
    return matrix(kind, value.shape, name, _numbers(value), _flags(value))


def units_of_row(text: str) -> npt.NDArray[np.uint16]:
    """The units of UTF-16 of a text, 1 x n or 0 x 0: what MATLAB counts as characters."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")
    return units.reshape(1 if text else 0, len(units))


def units_of_array(characters: Array) -> npt.NDArray[np.uint16]:
    """The same for an array of single characters, of the same shape."""
    codes = np.ascontiguousarray(characters.astype("<U1")).view("<u4")
    return codes.reshape(characters.shape).astype(np.uint16)


def _char(units: npt.NDArray[np.uint16], name: str) -> Parts:
    """As MATLAB does: ASCII takes one byte each, anything else two."""
    if units.size and units.max() > 0x7F:
        data = element(DataType.UTF16, _bytes(units))
    else:
        data = element(DataType.UTF8, _bytes(units.astype(np.uint8)))
    return matrix(ArrayClass.CHAR, units.shape, name, data)


def _flags(array: Array) -> int:
    return (_COMPLEX if array.dtype.kind == "c" else 0) | (_LOGICAL if array.dtype == bool else 0)


def _numbers(array: Array) -> Parts:
    _, kind = _CLASS_AND_TYPE[array.dtype.name]
    if array.dtype.kind == "c":
        return element(kind, _bytes(array.real)) + element(kind, _bytes(array.imag))
    return element(kind, _bytes(array))


def _bytes(array: Array) -> memoryview:
    """The numbers in MATLAB's order (column-major), little-endian, copied only if need be."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(little.T).reshape(-1).view(np.uint8).data


def _struct(value: StructArray, name: str) -> Parts:
    width = 64 if any(len(field) > 31 for field in value.fields) else 32
    names = b"".join(field.encode("ascii").ljust(width, b"\0") for field in value.fields)
    data = [*element(DataType.INT32, struct.pack("<i", width)), *element(DataType.INT8, names)]
    for fields in value.elements():
        for field in fields.values():
            data += encode(field)
    return matrix(ArrayClass.STRUCT, value.shape, name, data)


def _sparse(value: SparseArray, name: str) -> Parts:
    data = [
        *element(DataType.INT32, _bytes(value.indices.astype("<i4"))),
        *element(DataType.INT32, _bytes(value.indptr.astype("<i4"))),
        *_numbers(value.data),
    ]
    room = max(1, len(value.data))
    return matrix(ArrayClass.SPARSE, value.shape, name, data, _flags(value.data), room)
