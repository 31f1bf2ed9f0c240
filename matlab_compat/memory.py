"""Memory that torch frees, kept for its next tensors instead of given back to the system."""

from __future__ import annotations

import ctypes

#: glibc's names in malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_memory(size: int = 2**31 - 1) -> bool:
    """Let this process keep up to ``size`` freed bytes, and blocks up to 1 GiB among them.

    Every large tensor is otherwise new memory, which the system clears page by page before torch
    writes to it: for large images that takes as long as the layers. It is a setting of the whole
    process, so nothing but the command line calls it by itself.

    Parameters
    ----------
    size:
        Bytes, default 2 GiB.

    Returns
    -------
    bool
        Whether it was set: only the C library of most Linux systems (glibc) knows it.

    Examples
    --------
    >>> keep_memory() in (True, False)
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library; TypeError on Windows
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, 2**30) and mallopt(M_TRIM_THRESHOLD, size))
