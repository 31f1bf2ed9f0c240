"""Texts of numpy's as Python's own: what indexing an array of strings gives is no ``str``."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .display import listed


def plain_text(value: Any) -> Any:
    """A string scalar of numpy's, or a string array of one element, as ``str``.

    Everything else stays as it is: what takes a text says itself what it refuses.
    """
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "UT":
        value = value.item()
    return str(value) if isinstance(value, np.str_) else value


def plain_texts(value: Any) -> Any:
    """As :func:`plain_text`, for a text or several of them: a list, or an array of any shape."""
    one = plain_text(value)
    if isinstance(one, np.ndarray):
        return [plain_text(text) for text in one.ravel(order="F")]
    return [plain_text(text) for text in one] if isinstance(one, list | tuple) else one


def unused(name: str, taken: set[str], stem: str | None = None) -> str:
    """The name, or its stem with the first number from 2 that is not taken; it then is.

    ``unused("up", {"up"})`` is ``"up_2"``.
    """
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name if stem is None else stem}_{number}"
    taken.add(free)
    return free


def class_names(value: object) -> list[str] | None:
    """The names of a categorical, a cell array or a list; ``None`` for 'auto' or nothing.

    Raises ``ValueError`` with the rule: they are no texts, or some are alike.
    """
    labels = getattr(value, "labels", None)  # a categorical keeps the order of its elements
    if callable(labels):
        value = labels()
    if isinstance(value, str) and value.lower() == "auto":
        return None
    if isinstance(value, str) or value is None:
        value = [] if value is None else [value]
    items = value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
    names = list(np.ravel(items, order="F"))
    if any(not isinstance(name, str) for name in names):
        raise ValueError("must be 'auto' or the names of the classes")
    if double := [f"'{name}'" for name, count in Counter(names).items() if count > 1]:
        shown = listed(double, 5)
        raise ValueError(f"must differ from each other: {shown} stand there more than once")
    return [str(name) for name in names] or None
