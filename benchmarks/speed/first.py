"""What ``to_torch(optimize=True)`` needs before it is fast: a first call that measures, no setting.

A U-Net of several sizes, each in two processes that take turns, of which one calls
``keep_memory()``. Torch alone computes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

import torch

from matlab_compat import keep_memory
from matlab_compat.engine.fast.choice import AWAKE
from matlab_compat.engine.fast.run import InferenceModule

from .networks import torch_call, unet
from .timing import CLOCK, NOISE, THREADS, Allowance, Goal, Row, Table, Times, turn

SIDES = (64, 256, 512)
ROUNDS = 9
AS_IT_IS, KEPT = "as it is", "after keep_memory()"


def tables() -> Iterator[Table]:
    """One: a row for each size."""
    rows = [measured(side) for side in Allowance.within(SIDES)]
    first = max(row.more["first call, s"] for row in rows)
    ratio = max(row.more["of kept"] for row in rows)
    yield Table(
        "U-Net, to_torch(optimize=True), torch alone: the first call, and memory",
        rows,
        [
            Goal("first call, which measures, seconds, worst", 1, first, at_least=False),
            Goal(f"time {AS_IT_IS} / {KEPT}, worst", 1.1, ratio, at_least=False),
        ],
    )


def measured(side: int) -> Row:
    """One image, of ``side`` pixels squared."""
    turns: dict[str, dict[int, float]] = {AS_IT_IS: {}, KEPT: {}}
    with working(side, keep=False) as one, working(side, keep=True) as other:
        ends = {AS_IT_IS: one, KEPT: other}
        firsts = [end.recv() for end in ends.values()]
        for past in range(ROUNDS):
            for name in sorted(ends, reverse=bool(past % 2)):
                ends[name].send(None)
                turns[name][past] = ends[name].recv()
    times = Times(turns)
    ratio, noise = times.ratio(KEPT, AS_IT_IS)
    more = {"first call, s": max(firsts), "of kept": ratio, NOISE: noise}
    return Row(f"{side}x{side}", times, more)


@contextmanager
def working(side: int, *, keep: bool) -> Iterator[Connection]:
    """A process that says what its first call took, and then a call of each turn it is asked for.

    Each is alone until it has said the first.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, side, keep), daemon=True)
    process.start()
    theirs.close()  # or nothing would be heard of a process that fails
    try:
        ours.poll(None)
        yield ours
    finally:
        process.terminate()
        process.join()


def work(connection: Connection, side: int, keep: bool) -> None:
    """What such a process does."""
    torch.set_num_threads(THREADS)
    if keep:
        keep_memory()
    module = unet().to_torch(optimize=True)
    assert isinstance(module, InferenceModule)
    module.engines = None
    call = torch_call(module, [torch.ones(1, 1, side, side)])
    start = time.perf_counter()
    call()
    connection.send(time.perf_counter() - start)
    once = turn(call, AWAKE, CLOCK)
    while True:
        connection.recv()
        connection.send(turn(call, once, CLOCK))
