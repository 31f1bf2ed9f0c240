"""Work in threads: inflating lets go of the interpreter's lock, so that every core can help."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")

#: Bytes below which threads are not worth their start: two of them take 0.1 ms, several where
#: other programs run, while ISA-L inflates this much in 2 to 3 ms.
WORTH_THREADS = 1 << 20


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def pool(threads: int | None = None) -> ThreadPoolExecutor:
    """Threads: one for each core if not said otherwise."""
    from concurrent.futures import ThreadPoolExecutor  # 10 ms to import, with logging

    return ThreadPoolExecutor(threads or cores())


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The items, each made in another thread while the one before it is used."""
    with pool(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def together(work: Callable[[], None]) -> None:
    """Have the same work done by one thread for each core, this one among them.

    Raises what one of them raises, when all have ended.
    """
    others = cores() - 1
    with pool(max(1, others)) as threads:
        working = [threads.submit(work) for _ in range(others)]
        work()
        for one in working:
            one.result()
