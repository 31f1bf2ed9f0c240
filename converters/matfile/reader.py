"""What every level's reader offers, what it says of a file, and the net below all of them."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from matlab_compat.errors import LimitExceededError

from .faults import corrupt
from .values import Shape, Value


@dataclass(frozen=True)
class VariableInfo:
    """One line of MATLAB's ``whos``.

    ``nbytes`` is the size in memory where it is cheaply known (numeric, logical, char),
    else the bytes that the file spends on the variable before compression.
    ``class_name`` and ``shape`` are MATLAB's; for an object the true class, and 1 x 1 where
    the size cannot be told without decoding.
    """

    name: str
    class_name: str
    shape: Shape
    nbytes: int
    is_complex: bool = False
    is_global: bool = False


@dataclass(frozen=True)
class Header:
    """The descriptive text at the start of the file; level 4 has none."""

    description: str = ""
    platform: str = ""
    date: str = ""

    @classmethod
    def from_text(cls, text: bytes) -> Header:
        """Pull the platform and date out of the text as far as it tells them."""
        description = text.split(b"\0")[0].decode("utf-8", "replace").strip()
        platform = re.search(r"Platform:\s*([^,]+)", description)
        date = re.search(r"Created on:\s*(.+?)(?:\s+HDF5 schema.*)?$", description)
        return cls(
            description,
            platform.group(1).strip() if platform else "",
            date.group(1).strip() if date else "",
        )


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
