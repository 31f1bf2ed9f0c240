"""What the header of an HDF5 object says, read by us before HDF5 opens the object.

HDF5 reads the list of source files of a virtual data set as soon as the data set is opened, and
crashes or runs for ever where that list is damaged. So the one question here is: is it virtual?

Source: "HDF5 File Format Specification", IV.A (object headers) and IV.A.2.i (data layout).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

#: Bytes from a position in the file; fewer where the file ends.
Read = Callable[[int, int], bytes]

_LAYOUT, _CONTINUATION = 8, 16
_VIRTUAL = 3
_FIRST_VERSION_WITH_VIRTUAL = 4
#: Headers of honest files have one or two pieces.
_MAX_PIECES = 64
_MAX_PIECE = 1 << 24


def is_virtual(read: Read, address: int) -> bool:
    """Whether the header at ``address`` is that of a virtual data set; HDF5 refuses short ones."""
    return any(
        kind == _LAYOUT and body[0] >= _FIRST_VERSION_WITH_VIRTUAL and body[1] == _VIRTUAL
        for kind, body in _messages(read, address)
        if len(body) > 1
    )


def _messages(read: Read, address: int) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each message, those of continuation pieces included."""
    first = read(address, 64)
    modern = first.startswith(b"OHDR")
    flags = first[5] if modern and len(first) > 5 else 0
    old = (address + 16, struct.unpack("<I", first[8:12].ljust(4, b"\0"))[0])
    pieces = [_first_modern(first, address, flags) if modern else old]
    for start, size in pieces:  # grows while it is walked
        for kind, body in _in_piece(read(start, min(size, _MAX_PIECE)), modern, flags):
            yield kind, body
            if kind == _CONTINUATION and len(body) >= 16 and len(pieces) < _MAX_PIECES:
                offset, length = struct.unpack("<QQ", body[:16])
                signature = 4 if modern else 0
                pieces.append((offset + signature, max(length - 2 * signature, 0)))


def _first_modern(first: bytes, address: int, flags: int) -> tuple[int, int]:
    at = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    return address + at + width, int.from_bytes(first[at : at + width], "little")


def _in_piece(data: bytes, modern: bool, flags: int) -> Iterator[tuple[int, bytes]]:
    head = (6 if flags & 4 else 4) if modern else 8
    at = 0
    while at + head <= len(data):
        kind, size = struct.unpack_from("<BH" if modern else "<HH", data, at)
        yield kind, data[at + head : at + head + size]
        at += head + size
