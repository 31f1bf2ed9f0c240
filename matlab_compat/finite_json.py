"""Values for JSON, which knows neither infinity nor complex numbers."""

from __future__ import annotations

import math
from typing import Any


def finite_json(value: Any) -> Any:
    """``value`` with the numbers that JSON lacks written as text: "Infinity", "NaN", "1-2i"."""
    if isinstance(value, dict):
        return {key: finite_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_json(item) for item in value]
    if isinstance(value, complex):
        return f"{value.real:.17g}{value.imag:+.17g}i"
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value
