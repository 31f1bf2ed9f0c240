"""What every level's reader offers, and the net below all of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from matlab_compat.errors import LimitExceededError

from .faults import corrupt
from .info import Header, VariableInfo
from .values import Value


class MatReader(Protocol):
    """One open MAT-file of one level.

    Listing happens on construction and decodes nothing; ``read`` decodes the variable with
    the given index in ``variables``. Only ``MatFileError`` and ``FileAccessError`` leave.
    """

    level: str
    header: Header
    variables: list[VariableInfo]

    def read(self, index: int) -> Value:
        """Decode one variable."""

    def close(self) -> None:
        """Release the file."""


@contextmanager
def only_matfile_errors(subject: str) -> Iterator[None]:
    """Turn an exception that no check foresaw into ``CorruptFileError``.

    The readers check before they act, so this should never be needed; it is here because a
    traceback about a bad file is worse than a vague sentence about one.
    """
    try:
        yield
    except MemoryError as error:
        raise LimitExceededError(
            f"There is not enough memory to read {subject}.",
            remedy="close other programs, or read fewer variables at a time.",
        ) from error
    except (
        struct.error,
        zlib.error,
        ValueError,
        LookupError,
        ArithmeticError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        if hasattr(error, "remedy"):  # one of this project's own errors
            raise
        raise corrupt(f"{subject} cannot be decoded ({type(error).__name__}: {error}).") from error
