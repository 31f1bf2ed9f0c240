"""What a MAT-file says about itself and its variables without decoding any of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .values import Shape


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
