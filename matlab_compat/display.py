"""Values as MATLAB shows them in the properties of an object.

Source of the forms: ``format short`` as it appears in the public documentation pages of
the layers (``[4 4]``, ``'manual'``, ``[3x3x16x64 single]``, ``1.0000e-05``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

#: MATLAB writes sizes with the multiplication sign.
TIMES = "\N{MULTIPLICATION SIGN}"
#: Cc control (terminal escapes), Cf format (right-to-left overrides), Cs lone surrogates;
#: Zl and Zp other ends of lines; Cn has the two that no XML may hold.
_UNSAFE = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")


def size_text(shape: Sequence[object]) -> str:
    """``(3, 3, 16)`` as ``3×3×16``; ``1×1`` of a number, as in MATLAB; ``?`` of what is traced."""
    return TIMES.join("?" if type(n).__name__ == "SymInt" else str(n) for n in shape or (1, 1))


def counted(number: int, noun: str) -> str:
    """``1 input``, ``2 inputs``, ``3 classes``, ``4 queries``."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("ry"):
        return f"{number} {noun.removesuffix('y')}ies"
    return f"{number} {noun}{'es' if noun.endswith(('s', 'x')) else 's'}"


#: How many things a message lists.
LISTED = 4


def listed(texts: Sequence[str], most: int = LISTED) -> str:
    """The first texts, and how many more there are: ``a, b, c, d and 2 more``."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def enumerated(names: Sequence[str], word: str = "and") -> str:
    """``a, b and c``, or ``a, b or c`` with that word."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def thousands(number: int | None) -> str:
    """``12,345``; ``-`` for what is not known."""
    return "-" if number is None else f"{number:,}"


def array_text(array: np.ndarray[Any, Any]) -> str:
    """An array as its size and class, ``[3×3×16 single]``; ``[]`` if it has no elements."""
    if array.size == 0:
        return "[]"
    classes = {"float32": "single", "float64": "double", "bool": "logical"}
    kind = classes.get(array.dtype.name, array.dtype.name)
    return f"[{size_text(array.shape)} {kind}]"


def number_text(value: float) -> str:
    """A real scalar in ``format short``: integers plain, else 4 decimals or an exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"inf": "Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.4f}" if 1e-3 < abs(value) < 1e3 else f"{value:.4e}"


def matlab_text(value: object) -> str:
    """``value`` as MATLAB shows it on the right of a property's colon."""
    import numpy as np  # half the time of --help, which prints by this module too

    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, int | float | np.number):
        return number_text(float(value))
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return f"[{len(value)}{TIMES}{len(value[0])} double]"  # a matrix, [t l f; b r k]
    if isinstance(value, tuple):
        return "[" + " ".join(number_text(float(v)) for v in value) + "]"
    if isinstance(value, list):
        return "{" + " ".join(matlab_text(v) for v in value) + "}"
    if isinstance(value, np.ndarray):
        return matlab_text(value.item()) if value.size == 1 else array_text(value)
    if callable(value):
        return "@" + getattr(value, "__name__", type(value).__name__)
    return str(value)


def row_text(values: tuple[float, ...]) -> str:
    """A vector inside a sentence, which MATLAB writes with two spaces: ``[1  1]``."""
    return "[" + "  ".join(number_text(v) for v in values) + "]"


def shortened(text: str, most: int) -> str:
    """``text``, or its beginning and end: names out of a file may be megabytes long."""
    if len(text) <= most:
        return text
    left_out = f"... ({len(text)} characters) ..."
    half = (most - len(left_out)) // 2
    return text[:half] + left_out + text[-half:]


def safe_text(text: str) -> str:
    """Text from a file made fit to show: only line ends of control characters, no surrogates."""
    unsafe = {c for c in set(text) - {"\n"} if unicodedata.category(c) in _UNSAFE}
    return text.translate(
        {ord(c): c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in unsafe}
    )


def one_line(text: str) -> str:
    """:func:`safe_text` that cannot break or forge lines of a report either."""
    return safe_text(text).replace("\n", "\\n")


def lines_of_their_own(value: Any) -> Any:
    """A document with :func:`one_line` for every text in it."""
    if isinstance(value, dict):
        return {lines_of_their_own(k): lines_of_their_own(v) for k, v in value.items()}
    if isinstance(value, list):
        return [lines_of_their_own(item) for item in value]
    return one_line(value) if isinstance(value, str) else value
