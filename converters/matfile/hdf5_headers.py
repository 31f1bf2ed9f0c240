"""What the header of an HDF5 object says, read by us before HDF5 opens the object.

HDF5 reads the list of source files of a virtual data set as soon as the data set is opened, and
crashes or runs for ever where that list is damaged: so the first question is whether it is virtual.
And a network is thousands of small values, for each of which HDF5 would be asked a dozen times:
so what can be told from the header alone, as MATLAB writes it, is. Whatever is written in another
way is ``None`` or :data:`UNKNOWN` here, and HDF5's to tell.

Source: "HDF5 File Format Specification", IV.A (object headers and their messages) and III.E
(global heap).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from h5py import h5t

#: Bytes from a position in the file; fewer where the file ends.
Read = Callable[[int, int], bytes]

_DATASPACE, _DATATYPE, _EXTERNAL, _LAYOUT, _FILTERS = 1, 3, 7, 8, 11
_ATTRIBUTE, _CONTINUATION, _ATTRIBUTES_ELSEWHERE = 12, 16, 21
_OF_DATA = {_DATASPACE, _DATATYPE, _EXTERNAL, _LAYOUT, _FILTERS}
_TELLING = _OF_DATA | {_ATTRIBUTE, _CONTINUATION, _ATTRIBUTES_ELSEWHERE}
_SHARED = 2
_STRING, _SEQUENCE = 3, 9
_COMPACT, _CONTIGUOUS, _VIRTUAL = 0, 1, 3
_FIRST_VERSION_WITH_VIRTUAL = 4
#: Headers of honest files have one or two pieces.
_MAX_PIECES = 64
_MAX_PIECE = 1 << 24
#: Enough for nearly every header, so that the file is asked once.
_FIRST_READ = 1 << 10
_HEAP_HEADER = 16
#: A file has the same few attributes and sizes thousands of times.
_remembered = lru_cache(256)
#: Kind, size and flags of a message.
_OLD_HEAD, _MODERN_HEAD = struct.Struct("<HHB").unpack_from, struct.Struct("<BHB").unpack_from


def _encoded(kind: Any) -> bytes:
    return bytes(kind.encode()[2:].rstrip(b"\0"))


#: The datatype messages of plain numbers; zeros at the end are but padding.
_NUMBERS = {
    _encoded(h5t.py_create(np.dtype(order + code))): np.dtype(order + code)
    for code in ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
    for order in "<>"
}
_REFERENCE = _encoded(h5t.STD_REF_OBJ)


class Unknown:
    """What only HDF5 can tell."""


UNKNOWN: Final = Unknown()


class Plain(NamedTuple):
    """A data set in one piece: where in the file, of what. Of references, the addresses."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int
    is_references: bool


class Strings(NamedTuple):
    """An attribute of strings: length, heap and index within it of each, and the whole type."""

    places: list[tuple[int, int, int]]
    encoded: bytes


class _Message(NamedTuple):
    kind: int
    flags: int
    body: bytes
    start: int


class Header:
    """The messages in the header of the object at ``address``."""

    def __init__(self, read: Read, address: int) -> None:
        self._messages = _messages(read, address)
        self._attributes = self._find_attributes()
        #: Whether this is a virtual data set; HDF5 itself refuses headers that are too short.
        self.is_virtual = any(
            body[0] >= _FIRST_VERSION_WITH_VIRTUAL and body[1] == _VIRTUAL
            for kind, _, body, _ in self._messages
            if kind == _LAYOUT and len(body) > 1
        )

    def plain(self) -> Plain | None:
        """The data set, if it is one of numbers or references in one piece."""
        found = sorted(message for message in self._messages if message.kind in _OF_DATA)
        if [message.kind for message in found] != [_DATASPACE, _DATATYPE, _LAYOUT]:
            return None
        if any(message.flags & _SHARED for message in found):
            return None
        space, kind, layout = found
        code = kind.body.rstrip(b"\0")
        dtype = np.dtype("<u8") if code == _REFERENCE else _NUMBERS.get(code)
        shape = _shape(space.body)
        if dtype is None or shape is None:
            return None
        start, size = _place(layout)
        if not 0 < math.prod(shape) * dtype.itemsize <= size:
            return None
        return Plain(shape, dtype, start, code == _REFERENCE)

    def attribute(self, name: str) -> bytes | int | float | Strings | Unknown | None:
        """A number, text or strings; ``None`` if there is no such attribute."""
        if self._attributes is None:
            return UNKNOWN
        body = self._attributes.get(name.encode(), None)
        return None if body is None else _attribute_value(*body)

    def _find_attributes(self) -> dict[bytes, tuple[bytes, bytes, bytes]] | None:
        """Datatype, dataspace and data of each; ``None`` where some are kept elsewhere."""
        found = {}
        for kind, flags, body, _ in self._messages:
            if kind == _ATTRIBUTES_ELSEWHERE or (kind == _ATTRIBUTE and flags & _SHARED):
                return None
            if kind == _ATTRIBUTE:
                name, *parts = _attribute_parts(body)
                if not name or name in found:
                    return None
                found[name] = (parts[0], parts[1], parts[2])
        return found


def _messages(read: Read, address: int) -> list[_Message]:
    """Each message, those of continuation pieces included."""
    first = read(address, _FIRST_READ)
    modern = first.startswith(b"OHDR")
    flags = first[5] if modern and len(first) > 5 else 0
    old = (address + 16, struct.unpack("<I", first[8:12].ljust(4, b"\0"))[0])
    at, width = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0), 1 << (flags & 3)
    new = (address + at + width, int.from_bytes(first[at : at + width], "little"))
    found: list[_Message] = []
    pieces = [new if modern else old]
    for start, size in pieces:  # grows while it is walked
        within = start - address
        piece = first[within : within + size] if within >= 0 else b""
        if len(piece) < size:
            piece = read(start, min(size, _MAX_PIECE))
        messages = _in_piece(piece, start, modern, flags)
        found += messages
        for kind, _, body, _ in messages:
            if kind == _CONTINUATION and len(body) >= 16 and len(pieces) < _MAX_PIECES:
                offset, length = struct.unpack("<QQ", body[:16])
                signature = 4 if modern else 0
                pieces.append((offset + signature, max(length - 2 * signature, 0)))
    return found


def _in_piece(data: bytes, start: int, modern: bool, flags: int) -> list[_Message]:
    head = (6 if flags & 4 else 4) if modern else 8
    unpack = _MODERN_HEAD if modern else _OLD_HEAD
    found, at = [], head
    while at <= len(data):
        kind, size, own_flags = unpack(data, at - head)
        if kind in _TELLING:
            found.append(_Message(kind, own_flags, data[at : at + size], start + at))
        at += size + head
    return found


@_remembered
def _shape(body: bytes) -> tuple[int, ...] | None:
    """The size in a dataspace message; ``None`` where there is none, or no data."""
    if len(body) < 4 or not (body[0] == 1 or (body[0] == 2 and body[3] < 2)):
        return None
    start, rank = (8 if body[0] == 1 else 4), body[1]
    dims = body[start : start + 8 * rank]
    return struct.unpack(f"<{rank}Q", dims) if len(dims) == 8 * rank else None


def _place(layout: _Message) -> tuple[int, int]:
    """Where the data of a data set in one piece start, and their size; else size 0."""
    body = layout.body
    if len(body) >= 4 and body[0] in (3, 4) and body[1] == _COMPACT:
        return layout.start + 4, min(int.from_bytes(body[2:4], "little"), len(body) - 4)
    if len(body) >= 18 and body[0] in (3, 4) and body[1] == _CONTIGUOUS:
        start, size = struct.unpack("<QQ", body[2:18])
        return (start, size) if start < 1 << 63 else (0, 0)
    return 0, 0


@_remembered
def _attribute_parts(body: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Name, datatype, dataspace and data; without a name where the message is not understood."""
    if len(body) < 9 or body[0] not in (1, 2, 3) or (body[0] > 1 and body[1]):
        return b"", b"", b"", b""
    at = 9 if body[0] == 3 else 8
    parts = []
    for size in struct.unpack_from("<HHH", body, 2):
        parts.append(body[at : at + size])
        at += size + (-size % 8 if body[0] == 1 else 0)
    return parts[0].rstrip(b"\0"), parts[1], parts[2], body[at:]


@_remembered
def _attribute_value(
    kind: bytes, space: bytes, data: bytes
) -> bytes | int | float | Strings | Unknown:
    shape = _shape(space)
    if shape is None or len(kind) < 8:
        return UNKNOWN
    count, of_kind, size = math.prod(shape), kind[0] & 0xF, int.from_bytes(kind[4:8], "little")
    if len(data) < count * size:
        return UNKNOWN
    if of_kind == _SEQUENCE and size == 16:
        return Strings(list(struct.iter_unpack("<IQI", data[: 16 * count])), kind)
    if count != 1:
        return UNKNOWN
    if of_kind == _STRING:
        return data[:size].rstrip(b"\0")
    dtype = _NUMBERS.get(kind.rstrip(b"\0"))
    if dtype is None:
        return UNKNOWN
    value: int | float = np.frombuffer(data, dtype, 1)[0].item()
    return value


def heap_objects(data: bytes) -> dict[int, bytes] | None:
    """The objects of a global heap collection; ``None`` where it is damaged."""
    found = {}
    at = _HEAP_HEADER
    while at + 16 <= len(data):
        index, _, length = struct.unpack_from("<HHxxxxQ", data, at)
        step = 16 + length + -length % 8 if index else length  # free space counts its header
        if step < 16:  # HDF5 does not end here
            break
        if index:
            found[index] = data[at + 16 : at + 16 + length]
        at += step
    return found if len(data) - _HEAP_HEADER < at <= len(data) else None
