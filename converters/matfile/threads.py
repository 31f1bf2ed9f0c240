"""Work in threads: inflating lets go of the interpreter's lock, so that every core can help."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

P = ParamSpec("P")
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


class Workers:
    """One thread for each core; leaving the ``with`` block waits for the work and its errors.

    At most two pieces of work wait for each thread, so that what they hold stays small.
    """

    def __init__(self) -> None:
        self._pool = pool()
        self._most_waiting = 3 * cores()
        self._waiting: deque[Future[None]] = deque()

    def submit(self, work: Callable[P, None], /, *arguments: P.args, **named: P.kwargs) -> None:
        """Have ``work`` done soon. Raises what earlier work has raised."""
        if len(self._waiting) >= self._most_waiting:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(work, *arguments, **named))

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            while self._waiting and error is None:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)
