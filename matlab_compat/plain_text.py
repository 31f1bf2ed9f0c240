"""Texts of numpy's as Python's own: what indexing an array of strings gives is no ``str``."""

from __future__ import annotations

from typing import Any

import numpy as np


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
