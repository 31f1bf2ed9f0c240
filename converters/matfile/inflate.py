"""Inflates compressed elements within bounds: never more than announced, checked beforehand."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

from converters.matfile.limits import Limits
from converters.matfile.source import Source
from converters.matfile.tags import DataType
from matlab_compat.errors import CorruptFileError, LimitExceededError, TruncatedFileError

#: deflate cannot pack more than this many bytes into one.
_BEST_RATIO = 1032
_READ = 1 << 16
_WRITE = 1 << 20
_DAMAGED = "Copy or download the file again; if that does not help, save it again in MATLAB."


class Inflater:
    """The inflated bytes of one compressed element, in order."""

    def __init__(self, source: Source, start: int, size: int) -> None:
        self._source = source
        self._start = start
        self._next = start
        self._end = start + size
        self._pending = b""
        self._zlib = zlib.decompressobj()

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; fewer only where the stream ends."""
        parts: list[bytes] = []
        while count and (part := self._part(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _part(self, count: int) -> bytes:
        """The next bytes, at most ``count``; none where the stream or its bytes end."""
        while not self._zlib.eof:
            try:
                part = self._zlib.decompress(self._pending, count)
            except zlib.error as error:
                raise CorruptFileError(
                    f"The compressed data are damaged ({error}).",
                    remedy=_DAMAGED,
                    offset=self._start,
                ) from error
            self._pending = self._zlib.unconsumed_tail
            if part:
                return part
            # Only now: zlib may hold finished bytes although it has used up its input.
            if not self._pending and not self._refill():
                break
        return b""

    def _refill(self) -> bool:
        count = min(_READ, self._end - self._next)
        self._pending = self._source.read(self._next, count)
        self._next += count
        return count > 0

    def read_into(self, data: npt.NDArray[np.uint8], filled: int) -> None:
        """Fill ``data`` from ``filled`` on; the stream must end there.

        MATLAB itself leaves the end mark and checksum of some large object stores away, so
        that they are missing is no error; that they are wrong is.
        """
        while filled < len(data):
            part = self._part(min(_WRITE, len(data) - filled))
            if not part:
                kind = CorruptFileError if self._zlib.eof else TruncatedFileError
                raise kind(
                    f"The compressed data hold {filled} bytes; {len(data)} are announced.",
                    remedy=_DAMAGED,
                    offset=self._start,
                )
            data[filled : filled + len(part)] = np.frombuffer(part, np.uint8)
            filled += len(part)
        if self._part(1):
            raise CorruptFileError(
                f"The compressed data hold more than the {len(data)} bytes announced.",
                remedy=_DAMAGED,
                offset=self._start,
            )


def inflate_array(
    source: Source, start: int, size: int, byte_order: str, limits: Limits
) -> npt.NDArray[np.uint8]:
    """The array element in ``size`` compressed bytes at ``start``, tag included."""
    inflater = Inflater(source, start, size)
    tag = inflater.read(8)
    total = 8 + announced_size(tag, size, byte_order, start)
    if total > limits.max_bytes:
        raise LimitExceededError(
            f"The variable inflates to {total} bytes; the limit is {limits.max_bytes}.",
            remedy="If you trust the file, raise Limits.max_bytes.",
            offset=start,
        )
    data = np.empty(total, np.uint8)
    data[:8] = np.frombuffer(tag, np.uint8)
    inflater.read_into(data, 8)
    return data


def announced_size(tag: bytes, compressed: int, byte_order: str, offset: int) -> int:
    """The size in the tag of an inflated array, checked against what deflate could pack."""
    if len(tag) < 8:
        raise CorruptFileError("A compressed variable is empty.", remedy=_DAMAGED, offset=offset)
    kind, size = struct.unpack(byte_order + "II", tag)
    if kind != DataType.MATRIX:
        raise CorruptFileError(
            f"A compressed variable holds data type {kind}, not an array (14).",
            remedy=_DAMAGED,
            offset=offset,
        )
    if size > _BEST_RATIO * compressed:
        raise CorruptFileError(
            f"{compressed} compressed bytes cannot hold the {size} bytes announced.",
            remedy=_DAMAGED,
            offset=offset,
        )
    return int(size)
