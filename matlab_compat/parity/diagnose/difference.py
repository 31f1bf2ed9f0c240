"""The first result that differs, with all that a search for the mistake needs to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ...arrays import Array
from ..axes import Axes, same_rank, to_rank
from ..blocks import apart
from ..compare import Comparison
from ..rule import Judged
from ..sensitivity import Result
from ..tolerance import Tolerance
from .measure import Measure, Part


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
    #: One rounding of each element.
    unit: Array | float = 0.0

    @property
    def expected(self) -> Array:
        """What a model with the mistake must give."""
        return self.result.actual if self.turned else self.result.expected

    def measure(self, part: Part | None = None) -> Measure:
        """The rule with one scale for all elements.

        Where no difference shows by that, ``part``, in which everything that differs is small,
        has a scale of its own as well.
        """
        whole = measure_of(
            self.comparison, self.expected, self.eps, self.tolerance, turned=self.turned
        )
        if whole.distance(*same_rank(self.result.actual, self.result.expected)) > whole.bound:
            return whole
        return replace(whole, part=part)

    def part(self, labels: str) -> Part | None:
        """The channels or observations that everything that differs is in, if not all are.

        ``labels`` are those of the result's dimensions; without them any dimension will do.
        """
        sides = self.result.actual, self.result.expected, np.asarray(self.unit)
        rank = max(side.ndim for side in sides)
        a, e, unit = (to_rank(side, rank) for side in sides)
        if a.shape != e.shape:
            return None
        if self.tolerance is None:
            allowed = unit * self.comparison.bound
        else:
            allowed = self.tolerance.atol + self.tolerance.rtol * np.abs(e)
        same = apart(a, e) <= allowed
        found: list[Part] = []
        for axis, label in enumerate(Axes.of(a.ndim, labels).labels):
            others = tuple(i for i in range(a.ndim) if i != axis)
            indices = np.flatnonzero(~same.all(axis=others))
            if label in "CBU" and 0 < indices.size < a.shape[axis]:
                inside = np.broadcast_to(allowed, a.shape).take(indices, axis)
                scale = float(inside.max()) / (self.eps * self.comparison.bound)
                found.append(Part(axis, tuple(indices.tolist()), a.shape[axis], scale))
        return min(found, key=lambda part: len(part.indices) / part.size, default=None)


def first_difference(
    results: Sequence[Result],
    places: Sequence[Place],
    judged: Judged,
    tolerance: Tolerance | None = None,
) -> Difference | None:
    """The first layer that differs, else the first output."""
    is_layer = [isinstance(place.source, str) for place in places]
    found = [(i, c) for i, c in enumerate(judged.comparisons) if isinstance(c, Comparison)]
    equal = tuple(c.name for i, c in found if is_layer[i] and c.verdict == "equal")
    for i, one in sorted(found, key=lambda pair: not is_layer[pair[0]]):
        if one.verdict == "different":
            unit = judged.unit(i)
            return Difference(one, results[i], places[i], judged.eps, tolerance, equal, unit=unit)
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


def structure(difference: Difference, labels: str) -> str:
    """What is known of a difference: where, how many elements, how large, at the edges alone."""
    found = difference.comparison
    a, e = same_rank(difference.result.actual, difference.result.expected)
    if a.shape != e.shape:
        return f"{found.name} has another size: {found.reason}."
    off = np.abs(a - e)
    finite = np.isfinite(off) & np.isfinite(e)
    whole = float(np.linalg.norm(e[finite]))
    share = 100 * float(np.linalg.norm(off[finite])) / (whole or np.inf)
    said = [
        f"{found.name} differs in {found.outside} of {off.size} elements, "
        + (
            f"by {share:.3g} % of the expected values (root mean square)"
            if whole
            else "and the expected values are all 0, as where none were computed"
        )
    ]
    axes = Axes.of(a.ndim, labels)
    allowed = np.asarray(difference.unit) * found.bound
    differs = ~finite | (off > (np.broadcast_to(to_rank(allowed, a.ndim), a.shape)))
    for axis, name in enumerate(axes.names):
        others = tuple(i for i in range(a.ndim) if i != axis)
        where = np.flatnonzero(differs.any(axis=others))
        if 0 < where.size < a.shape[axis]:
            first, last = int(where[0]) + 1, int(where[-1]) + 1
            said.append(f"only in {name} {first} to {last} of {a.shape[axis]}")
    return "; ".join(said) + "."
