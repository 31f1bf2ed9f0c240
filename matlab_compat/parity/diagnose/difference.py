"""The first result that differs, with all that a search for the mistake needs to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...arrays import Array
from ..compare import Comparison
from ..rule import Judged
from ..sensitivity import Result
from ..tolerance import Tolerance
from .measure import Measure


class Place(NamedTuple):
    """Where a result comes from."""

    #: The number of an output, or the layer whose activations it is.
    source: int | str
    #: The number in a list of sequences.
    sequence: int = 0


@dataclass(frozen=True)
class Difference:
    """One result that is different."""

    comparison: Comparison
    result: Result
    place: Place
    #: The rule by which it differs.
    eps: float
    tolerance: Tolerance | None = None
    #: Layers whose activations agree.
    equal: tuple[str, ...] = ()
    #: Whether the mistake is looked for in the other side: what is judged is then what a model
    #: with the mistake must give.
    turned: bool = False

    @property
    def expected(self) -> Array:
        """What a model with the mistake must give."""
        return self.result.actual if self.turned else self.result.expected

    @property
    def measure(self) -> Measure:
        """The rule with one scale for all elements."""
        expected = self.expected
        return measure_of(self.comparison, expected, self.eps, self.tolerance, turned=self.turned)


def first_difference(
    results: Sequence[Result],
    places: Sequence[Place],
    judged: Judged,
    tolerance: Tolerance | None = None,
) -> Difference | None:
    """The first layer that differs, else the first output."""
    equal: list[str] = []
    layers: list[tuple[Result, Place, Comparison]] = []
    outputs: list[tuple[Result, Place, Comparison]] = []
    for result, place, found in zip(results, places, judged.comparisons, strict=True):
        if not isinstance(found, Comparison):
            continue
        is_layer = isinstance(place.source, str)
        (layers if is_layer else outputs).append((result, place, found))
        if is_layer and found.verdict == "equal":
            equal.append(found.name)
    for result, place, found in (*layers, *outputs):
        if found.verdict == "different":
            return Difference(found, result, place, judged.eps, tolerance, tuple(equal))
    return None


def measure_of(
    comparison: Comparison,
    expected: Array,
    eps: float,
    tolerance: Tolerance | None = None,
    *,
    turned: bool = False,
) -> Measure:
    """A comparison's rule with its largest scale; ``turned`` if the expected side is tested."""
    finite = expected[np.isfinite(expected)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    scale = comparison.scale
    if tolerance is not None:
        scale = (tolerance.atol + tolerance.rtol * largest) / (eps * comparison.bound)
    return Measure(eps, scale if np.isfinite(scale) else largest, comparison.bound, turned)
