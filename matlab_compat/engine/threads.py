"""How many threads a kernel is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

#: Weights below which the time steps of an LSTM take longer in several threads than in one: the
#: threads meet in every step. Measured: 40,000 take 1.4 times as long, 192,000 take 0.85 of it
#: (benchmarks/NOTES.md, "Networks").
WORTH_THREADS = 100_000


@contextmanager
def threads_for_steps(x: Tensor, weights: int) -> Iterator[None]:
    """One thread within, if ``x`` is on a CPU and there are few weights for each time step.

    torch keeps this number for each thread of Python; others go on as they are.
    """
    threads = torch.get_num_threads()
    if weights >= WORTH_THREADS or threads == 1 or x.device.type != "cpu":
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
