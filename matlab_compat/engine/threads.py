"""How many threads a kernel is worth."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

#: Weights below which the time steps of an LSTM take longer in several threads than in one: the
#: threads meet in every step. Measured: 40,000 take 1.4 times as long, 192,000 take 0.85 of it
#: (benchmarks/NOTES.md, "Networks").
WORTH_THREADS = 100_000


@contextmanager
def threads_for_steps(x: Tensor, weights: int) -> Iterator[None]:
    """One thread within, if ``x`` is on a CPU and there are few weights for each time step.

    Only for the thread of Python that is here. ``torch.set_num_threads`` would also be what others
    begin with that use torch for the first time meanwhile, and keep.
    """
    threads = torch.get_num_threads()
    set_threads = _openmp()
    if weights >= WORTH_THREADS or threads == 1 or x.device.type != "cpu" or set_threads is None:
        yield
        return
    set_threads(1)
    try:
        yield
    finally:
        set_threads(threads)


@cache
def _openmp() -> Callable[[int], object] | None:
    """OpenMP's own setting, where torch computes with it and we can reach it."""
    try:
        set_threads = ctypes.CDLL(None).omp_set_num_threads
    except (AttributeError, OSError, TypeError):  # not loaded; TypeError on Windows
        return None
    threads = torch.get_num_threads()
    set_threads(threads + 1)
    is_torchs = torch.get_num_threads() == threads + 1
    set_threads(threads)
    return set_threads if is_torchs else None
