"""Inflates compressed elements within bounds: never more than announced, checked beforehand.

Inflating is nearly the whole cost of a level 7 file. libdeflate (the extra ``fast``) does it in
0.6 of zlib's time. It wants the compressed bytes as a whole: they are read to the end of the memory
whose beginning the values are inflated to, so that memory stays at the decoded bytes. Where it
cannot be had, or cannot read a stream, ISA-L streams as zlib does, but faster. What these object
to is inflated again by zlib: what is accepted, and what is said of the rest, never depends on the
extra.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from matlab_compat.errors import CorruptFileError, TruncatedFileError

from .faults import corrupt
from .libdeflate import inflate_into
from .limits import Limits
from .source import Source
from .tags import DataType
from .threads import ahead

#: Compressed bytes, or inflated ones.
Packed: TypeAlias = bytes | memoryview


#: The fastest library that streams; it offers what zlib does.
FASTEST: Any = zlib
with suppress(ImportError):  # the extra "fast" is not installed
    FASTEST = import_module("isal.isal_zlib")

#: deflate cannot pack more than this many bytes into one.
_BEST_RATIO = 1032
#: Bytes read at a time: few at first, for listing inflates only the first bytes of a variable.
_FIRST_READ = 1 << 10
_LARGEST_READ = 1 << 18
#: Bytes inflated at a time: what stays in a core's cache until it is copied to its place.
_WRITE = 1 << 18
#: Copying what one thread inflates in another took 0.9 of the time for 50 MB, 1.2 of it for 1 MB.
_WORTH_ANOTHER_THREAD = 1 << 24
#: From here on libdeflate is worth its start.
_WORTH_WHOLE = 1 << 16
_DAMAGED = "Copy or download the file again; if that does not help, save it again in MATLAB."
_damaged = partial(corrupt, remedy=_DAMAGED)


class Inflater:
    """The inflated bytes of one compressed element, in order; ``library`` does what zlib does."""

    def __init__(self, source: Source, start: int, size: int, library: Any = zlib) -> None:
        self._source = source
        self._start = start
        self._next = start
        self._end = start + size
        self._step = _FIRST_READ
        self._pending = b""
        self._stream = library.decompressobj()
        self._error: type[Exception] = library.error

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; fewer only where the stream ends."""
        return b"".join(self._parts(count))

    def _parts(self, count: int) -> Iterator[bytes]:
        while count and (part := self._part(min(_WRITE, count))):
            count -= len(part)
            yield part

    def _part(self, count: int) -> bytes:
        """The next bytes, at most ``count``; none where the stream or its bytes end."""
        while not self._stream.eof:
            try:
                part: bytes = self._stream.decompress(self._pending, count)
            except self._error as error:
                raise _damaged(
                    f"The compressed data are damaged ({error}).", self._start
                ) from error
            self._pending = self._stream.unconsumed_tail
            if part:
                return part
            # Only now: zlib may hold finished bytes although it has used up its input.
            if not self._pending:
                if (size := min(self._step, self._end - self._next)) <= 0:
                    break
                self._step = min(4 * self._step, _LARGEST_READ)
                self._pending = self._source.read(self._next, size)
                self._next += size
        return b""

    def read_into(self, data: npt.NDArray[np.uint8], filled: int) -> None:
        """Fill ``data`` from ``filled`` on; the stream must end there.

        MATLAB itself leaves the end mark and checksum of some large object stores away, so
        that they are missing is no error; that they are wrong is.
        """
        parts = self._parts(len(data) - filled)
        for part in ahead(parts) if len(data) >= _WORTH_ANOTHER_THREAD else parts:
            data[filled : filled + len(part)] = np.frombuffer(part, np.uint8)
            filled += len(part)
        if filled < len(data):
            kind = CorruptFileError if self._stream.eof else TruncatedFileError
            what = f"The compressed data hold {filled} bytes; {len(data)} are announced."
            raise kind(what, remedy=_DAMAGED, offset=self._start)
        if self._part(1):
            raise _damaged(
                f"The compressed data hold more than the {len(data)} bytes announced.", self._start
            )


def inflate_array(
    source: Source, start: int, size: int, byte_order: str, limits: Limits
) -> npt.NDArray[np.uint8]:
    """The array element in ``size`` compressed bytes at ``start``, tag included."""
    inflater = Inflater(source, start, size)
    tag = inflater.read(8)
    total = 8 + announced_size(tag, size, byte_order, start)
    limits.check("max_bytes", total, f"The variable inflates to {total} bytes", start)
    if total >= _WORTH_WHOLE and (whole := _over_itself(source, start, size, total)) is not None:
        return whole
    data = np.empty(total, np.uint8)
    if FASTEST is not zlib:
        with suppress(CorruptFileError, TruncatedFileError):  # zlib has the last word
            Inflater(source, start, size, FASTEST).read_into(data, 0)
            return data
    data[:8] = np.frombuffer(tag, np.uint8)
    inflater.read_into(data, 8)
    return data


def _over_itself(source: Source, start: int, size: int, total: int) -> npt.NDArray[np.uint8] | None:
    """The array inflated over its own compressed bytes, or ``None`` where libdeflate cannot.

    Writing never catches up with reading, for what deflate cannot pack it stores with five bytes
    more for some thousands; and if it did, the checksum would be wrong.
    """
    room = total + min(size, (total >> 8) + _WORTH_WHOLE)
    if size > room:
        return None
    data = np.empty(room, np.uint8)
    packed = data[room - size :]
    source.read_into(start, packed)
    return data[:total] if inflate_into(packed, data[:total]) else None


def inflate_chunk(packed: Packed, size: int) -> Packed:
    """The inflated bytes (one above ``size`` at most), or ``zlib.error`` where they are damaged."""
    if size >= _WORTH_WHOLE:
        whole = np.empty(size, np.uint8)
        if inflate_into(np.frombuffer(packed, np.uint8), whole):
            return whole.data
    with suppress(FASTEST.error):  # zlib has the last word
        chunk: Packed = FASTEST.decompressobj().decompress(packed, size + 1)
        if len(chunk) == size:
            return chunk
    return zlib.decompressobj().decompress(packed, size + 1)


def announced_size(tag: bytes, compressed: int, byte_order: str, offset: int) -> int:
    """The size in the tag of an inflated array, checked against what deflate could pack."""
    if len(tag) < 8:
        raise _damaged("A compressed variable is empty.", offset)
    kind, size = struct.unpack(byte_order + "II", tag)
    if kind != DataType.MATRIX:
        raise _damaged(f"A compressed variable holds data type {kind}, not an array (14).", offset)
    if size > _BEST_RATIO * compressed:
        raise _damaged(
            f"{compressed} compressed bytes cannot hold the {size} bytes announced.", offset
        )
    return int(size)
