"""The chunks of a compressed data set: read, inflated and put in their places by every core.

HDF5's own gzip filter inflates a chunk to whatever size it turns out to have; here a chunk can
never grow beyond the size that was checked against the limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from h5py import h5z
from h5py._objects import phil

from matlab_compat.arrays import Array

from .faults import corrupt_73
from .inflate import inflate_chunk
from .libdeflate import inflate_into
from .threads import WORTH_THREADS, together

_Bytes: TypeAlias = npt.NDArray[np.uint8]


def read_chunks(node: Any, filters: Sequence[int]) -> Array:
    """The numbers of h5py's data set ``node``, whose filters are gzip or shuffle."""
    shape = node.get_create_plist().get_chunk()
    sides = zip(node.shape, shape, strict=True)
    if node.get_num_chunks() > math.prod(-(-extent // step) for extent, step in sides):
        raise corrupt_73("A data set has more chunks than it has room for.")
    array = np.zeros(node.shape, node.dtype)
    # Listed first: chunk_iter keeps HDF5 locked, and waiting for a thread inside it would wait for
    # ever where the garbage collector, run by that thread, finds an object of h5py's to close.
    chunks: list[Any] = []
    node.chunk_iter(chunks.append)
    waiting, longest = iter(chunks), max((info.size for info in chunks), default=0)

    def work() -> None:
        """Take chunks until none is left; several threads may, each in memory of its own."""
        stored, partial = np.empty(longest, np.uint8), np.empty(shape, array.dtype)
        for info in waiting:
            # Before 3.16 the one call of h5py's that does not lock HDF5 by itself.
            with phil:
                mask, packed = node.read_direct_chunk(info.chunk_offset, out=stored)
            applied = [kind for at, kind in enumerate(filters) if not mask >> at & 1]
            corner = zip(info.chunk_offset, shape, strict=True)
            target = array[tuple(slice(at, at + extent) for at, extent in corner)]
            in_place = target.shape == shape and target.flags.c_contiguous
            chunk = target if in_place else partial
            _decode(packed, applied, chunk.reshape(-1).view(np.uint8), array.itemsize)
            if not in_place:
                target[...] = partial[tuple(map(slice, target.shape))]

    work() if array.nbytes < WORTH_THREADS else together(work)
    return array


def _decode(packed: Any, filters: Sequence[int], chunk: _Bytes, width: int) -> None:
    """Fill a chunk, of numbers of some width, with what the filters made ``packed`` of."""
    raw = np.frombuffer(packed, np.uint8)
    if list(filters) == [h5z.FILTER_DEFLATE] and inflate_into(raw, chunk):
        return
    for kind in reversed(filters):
        if kind == h5z.FILTER_DEFLATE:
            raw = np.frombuffer(inflate_chunk(raw.data, len(chunk)), np.uint8)
        else:
            raw = _unshuffled(raw, width)
    if len(raw) != len(chunk):
        raise corrupt_73(f"A chunk holds {len(raw)} bytes instead of {len(chunk)}.")
    chunk[:] = raw


def _unshuffled(raw: _Bytes, width: int) -> _Bytes:
    """Numbers whole again: shuffled are the first bytes of all, the second bytes of all, ..."""
    numbers = np.empty((len(raw) // width, width), np.uint8)
    for at, byte in enumerate(raw.reshape(width, -1)):
        numbers[:, at] = byte
    return numbers.reshape(-1)
