"""libdeflate, called as the C library that it is: nothing else inflates as fast.

The extra ``fast`` brings it within the package ``deflate``, whose own functions copy; many systems
have it as a library. Only zlib streams whose size is known, whole and with the right checksum: of
anything else it says no more than that it is not such a stream.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import ctypes

_OF_THE_SYSTEM = ("libdeflate.so.0", "libdeflate.0.dylib", "libdeflate.dll")


@cache
def library() -> ctypes.CDLL | None:
    """The library with its functions declared, or ``None`` where there is none."""
    import ctypes  # 5 ms that only large files need

    files = list(_OF_THE_SYSTEM)
    with suppress(ImportError):  # the extra "fast" is not installed
        files.insert(0, str(import_module("deflate._deflate").__file__))
    for file in files:
        try:
            found = ctypes.CDLL(file)
            found.libdeflate_alloc_decompressor.restype = ctypes.c_void_p
            found.libdeflate_free_decompressor.argtypes = [ctypes.c_void_p]
            place, size = ctypes.c_void_p, ctypes.c_size_t
            arguments: list[Any] = [place, place, size, place, size, place]
            found.libdeflate_zlib_decompress.argtypes = arguments
        except (OSError, AttributeError):  # not there, or its functions are hidden (Windows)
            continue
        return found
    return None


def inflate_into(packed: npt.NDArray[np.uint8], data: npt.NDArray[np.uint8]) -> bool:
    """Fill ``data`` from the zlib stream ``packed``; whether it held just that, and soundly.

    The two may overlap: libdeflate stays within both, and the checksum tells whether it has
    overwritten what it had yet to read.
    """
    c = library()
    if c is None or not (work := c.libdeflate_alloc_decompressor()):
        return False
    try:
        places = packed.ctypes.data, len(packed), data.ctypes.data, len(data)
        return bool(c.libdeflate_zlib_decompress(work, *places, None) == 0)
    finally:
        c.libdeflate_free_decompressor(work)
