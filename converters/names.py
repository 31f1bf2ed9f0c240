"""Layer names as MATLAB variable and field names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matlab_compat.plain_text import unused

from .matfile.writer import KEYWORDS


def valid_name(name: str) -> str:
    """As ``matlab.lang.makeValidName``.

    White space goes, and a small letter after it becomes a capital; other characters become
    ``_``; what does not begin with a letter, or is a keyword, gets an ``x`` in front.
    """
    if name in KEYWORDS:
        return f"x{name.capitalize()}"
    joined = re.sub(r"(?<=\S)\s+([a-z])", lambda match: match[1].upper(), name)
    text = re.sub(r"[^A-Za-z0-9_]", "_", re.sub(r"\s", "", joined))
    return (text if re.match(r"[A-Za-z]", text) else f"x{text}")[:63]


def valid_names(names: Sequence[str]) -> dict[str, str]:
    """Each name's valid form; numbered where two would come out the same, so that none is lost."""
    taken: set[str] = set()
    valid = {name: valid_name(name) for name in names}
    return {name: unused(own, taken, own[:50]) for name, own in valid.items()}
