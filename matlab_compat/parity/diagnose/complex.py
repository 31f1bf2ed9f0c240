"""What goes wrong with complex values: conjugated, or a part of them dropped."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from ...arrays import Array
from .measure import Candidate, Measure, Side

#: What is left of complex values, and what MATLAB calls it.
_PARTS = {"real part only": "real", "imaginary part only": "imag", "magnitude only": "abs"}


def complex_changes(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """Candidates for arrays one of which is complex."""
    said = f"{Side.EXPECTED} is the complex conjugate of {Side.ACTUAL_ONE}: conj(Y)"
    remedy = "conjugate one side: Y = conj(Y); in MATLAB."
    yield Candidate("complex conjugate", said, remedy, np.conj(actual), expected, rank=0)
    if actual.ndim >= 2:
        yield Candidate(
            "conjugate transposed",
            f"{Side.EXPECTED} is the conjugate transpose of {Side.ACTUAL_ONE}: Y'",
            "in MATLAB .' transposes, and ' conjugates as well: use .' or permute.",
            np.conj(actual.swapaxes(0, 1)),
            expected,
        )
    remedy = "compare the same on both sides, before that or after it."
    for name, function in _PARTS.items():
        part: Any = np.abs if function == "abs" else attrgetter(function)
        if not np.any(expected.imag):
            said = f"{Side.EXPECTED} is {function}(Y) of this complex one"
            yield Candidate(name, said, remedy, part(actual), expected.real)
        elif not np.any(actual.imag):
            said = f"{Side.ACTUAL} is {function}(Y) of {Side.EXPECTED_ONE}, which is complex"
            yield Candidate(name, said, remedy, actual.real, part(expected))
