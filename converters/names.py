"""Layer names as MATLAB variable and field names."""

from __future__ import annotations

import re


def valid_name(name: str) -> str:
    """As ``matlab.lang.makeValidName``: other characters become ``_``, a letter comes first."""
    text = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return (text if re.match(r"[A-Za-z]", text) else f"x{text}")[:63]
