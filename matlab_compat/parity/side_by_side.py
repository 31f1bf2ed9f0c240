"""MATLAB, CPU, GPU and the float64 oracle side by side, to see which of them stands apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ..arrays import Array
from ..finite_json import finite_json
from .axes import same_rank
from .blocks import apart

EXPECTED = "MATLAB"
ORACLE = "float64 oracle"


@dataclass(frozen=True)
class Distance:
    """How far two results of one output are apart."""

    output: str
    one: str
    other: str
    #: Infinite where the sizes differ, or only one side is NaN or infinite.
    max_abs: float
    #: In the roundings that the comparison with MATLAB counts in.
    scaled_error: float

    def to_json(self) -> dict[str, Any]:
        """The fields of ``side_by_side`` in the ``verify`` JSON schema."""
        cleaned: dict[str, Any] = finite_json(asdict(self))
        return cleaned


def distances(
    output: str,
    expected: Array,
    results: Mapping[str, Array],
    oracle: Array,
    unit: float | Array,
    *,
    expected_label: str = EXPECTED,
) -> tuple[Distance, ...]:
    """Every two of the expected result, those computed here (by label), and the oracle.

    Arrays in MATLAB's order; ``unit`` is one rounding, for each element or for all.
    """
    every = {expected_label: expected, **results, ORACLE: oracle}
    found = []
    for (one, a), (other, b) in combinations(every.items(), 2):
        off = _differences(a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(off == 0, 0.0, off / (unit if np.shape(off) else 1.0))
        found.append(Distance(output, one, other, float(off.max()), float(scaled.max())))
    return tuple(found)


def _differences(a: Array, b: Array) -> Array:
    """Element by element; one infinity where the sizes differ."""
    a, b = same_rank(a, b)
    if a.shape != b.shape:
        return np.array(np.inf)
    off = apart(a, b)
    return np.where(np.isnan(off), np.inf, off)
