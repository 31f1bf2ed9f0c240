"""What messages call the arguments that a user can give.

In Python it is ``layer='up1'``; a command line has an option for the same, ``--layer up1``, and
says once, for as long as it runs, that its messages are to name that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: From the name of an argument, and its value or ``None``, to the words for it.
Wording = Callable[[str, object], str]

_LIMITS = ("max_bytes", "max_depth", "max_elements")


def in_python(name: str, value: object) -> str:
    """``layer='up1'``, or ``layer`` without a value; limits as parts of ``Limits``."""
    if name == "code_limit":
        return f"limits=Limits(code=CodeLimits({value}))"
    alone = name if value is None else f"{name}={value!r}"
    if name not in _LIMITS:
        return alone
    return f"Limits.{name}" if value is None else f"limits=Limits({alone})"


# One for the process, not for each thread or task: variables are inflated in threads of their own.
_wording: Wording = in_python


def argument(name: str, value: object = None) -> str:
    """The words for an argument in a message.

    Parameters
    ----------
    name:
        The name of the parameter in Python.
    value:
        What to give it; ``None`` (default) for the parameter alone.

    Examples
    --------
    >>> argument("layer", "up1")
    "layer='up1'"
    >>> argument("max_bytes", 8)
    'limits=Limits(max_bytes=8)'
    """
    return _wording(name, value)


def wording() -> Wording:
    """What finds the words now, for another process to speak alike."""
    return _wording


@contextmanager
def worded(words: Wording) -> Iterator[None]:
    """Let ``words`` find the words as long as the block runs."""
    global _wording  # see above
    before, _wording = _wording, words
    try:
        yield
    finally:
        _wording = before
