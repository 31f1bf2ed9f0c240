"""What goes wrong with complex values: conjugated, or a part of them dropped."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...arrays import Array
from .measure import Candidate, Measure, Side

#: What is left of complex values, and what MATLAB calls it.
_PARTS = {"real part only": "real", "imaginary part only": "imag", "magnitude only": "abs"}


def complex_changes(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """Candidates for arrays one of which is complex."""
    yield Candidate(
        "complex conjugate",
        f"{Side.EXPECTED} is the complex conjugate of {Side.ACTUAL_ONE}: conj(Y)",
        "conjugate one side: Y = conj(Y); in MATLAB.",
        np.conj(actual),
        expected,
        rank=0,
    )
    if actual.ndim >= 2:
        yield Candidate(
            "conjugate transposed",
            f"{Side.EXPECTED} is the conjugate transpose of {Side.ACTUAL_ONE}: Y'",
            "in MATLAB .' transposes, and ' conjugates as well: use .' or permute.",
            np.conj(actual.swapaxes(0, 1)),
            expected,
        )
    for name, function in _PARTS.items():
        yield from _part(actual, expected, name, function)


def _part(actual: Array, expected: Array, name: str, function: str) -> Iterator[Candidate]:
    """One side has but this part of the other."""
    part = np.abs if function == "abs" else lambda values: getattr(values, function)
    remedy = "compare the same on both sides, before that or after it."
    if not np.any(expected.imag):
        yield Candidate(
            name,
            f"{Side.EXPECTED} is {function}(Y) of this complex one",
            remedy,
            part(actual),
            expected.real,
        )
    elif not np.any(actual.imag):
        yield Candidate(
            name,
            f"{Side.ACTUAL} is {function}(Y) of {Side.EXPECTED_ONE}, which is complex",
            remedy,
            actual.real,
            part(expected),
        )
