"""Counts the calls that a piece of work takes: the same on every machine, unlike its seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def steps(work: Callable[[], Any]) -> int:
    """How many functions are called and left, in Python and in C."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def growth(work: Callable[[int], Callable[[], Any]], size: int) -> float:
    """What twice the size adds, over what it added before: 2 if linear, 4 if quadratic.

    ``work(n)`` prepares what is to be counted. What does not depend on the size plays no part.
    """
    work(1)()  # nothing left to import
    first, second, third = (steps(work(n)) for n in (size, 2 * size, 4 * size))
    return (third - second) / (second - first)
