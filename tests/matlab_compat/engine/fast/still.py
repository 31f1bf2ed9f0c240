"""A clock for tests of what is measured."""

from __future__ import annotations


class StillClock:
    """Stands still until something that is measured sets it; what that was is noted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def perf_counter(self) -> float:
        return self.now

    thread_time = process_time = time = perf_counter
