"""How far two arrays are apart, and when a suspected mistake explains the distance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np

from ...arrays import Array
from ..blocks import apart
from ..compare import arrays_are_kept
from ..diagnosis_types import Diagnosis

#: Elements that are looked at first; only what fits there is compared as a whole.
SAMPLE = 2048
#: A mistake must bring the distance down to at most this part. Whatever is closer to the bound
#: than that is no mistake, but rounding that went a little far.
IMPROVEMENT = 0.25
#: Values that spread over less than this many times the bound are fitted by anything.
SPREAD = 10.0


@dataclass(frozen=True)
class Part:
    """The indices along one dimension (channels, observations) that a difference is confined to."""

    axis: int
    indices: tuple[int, ...]
    #: How many there are along that dimension.
    size: int
    #: The scale of a :class:`Measure`, for these elements alone.
    scale: float

    def of(self, array: Array) -> Array:
        """These elements of an array that has the dimension."""
        return array.take(self.indices, self.axis)

    def fits(self, array: Array) -> bool:
        """Whether an array has the dimension."""
        return self.axis < array.ndim and array.shape[self.axis] == self.size


@dataclass(frozen=True)
class Measure:
    """One rounding of the comparison in absolute terms, and how many of them are allowed.

    ``scale`` is one number even where the comparison's magnitude is one for each element: what is
    moved about has no element of its own to be measured by.
    """

    eps: float
    scale: float
    bound: float
    #: Whether what is tested stands as the expected side.
    turned: bool = False
    #: The elements that differ, if all are small beside the rest: they have a scale of their own.
    part: Part | None = None

    @property
    def unit(self) -> float:
        """One rounding."""
        return self.eps * self.scale

    @property
    def of_part(self) -> Measure:
        """That of the part alone."""
        assert self.part is not None
        return replace(self, scale=self.part.scale, part=None)

    def at_least(self, scale: float) -> Measure:
        """For values that went through something of that scale."""
        return replace(self, scale=max(self.scale, scale))

    def of_result(self, result: Array, expected: Array) -> Measure:
        """For a result of another size than the comparison's own, which rounds accordingly."""
        found, part = self.at_least(_smaller(result, expected)), self.part
        if part is None or not (part.fits(result) and part.fits(expected)):
            return found
        least = max(part.scale, _smaller(part.of(result), part.of(expected)))
        return replace(found, part=replace(part, scale=least))

    def distance(self, a: Array, b: Array) -> float:
        """The largest difference in roundings: exact if within the bound, else a lower limit."""
        if a.shape != b.shape or a.size == 0:
            return np.inf
        if self.part is not None and self.part.fits(a):
            inside = self.of_part.distance(self.part.of(a), self.part.of(b))
            return max(inside, replace(self, part=None).distance(a, b))
        if a.size > SAMPLE:
            index = sample(a.shape, SAMPLE)
            sampled = self._distance(a[index], b[index])
            if sampled > self.bound:
                return sampled
        return self._distance(a, b)

    def _distance(self, a: Array, b: Array) -> float:
        largest = float(apart(a, b).max())  # NaN where only one side is
        if largest == 0:
            return 0.0
        return largest / self.unit if self.unit and not np.isnan(largest) else np.inf

    def tells_apart(self, values: Array, spread: float = SPREAD) -> bool:
        """Whether the values differ so much that a fit means something."""
        if self.part is not None and self.part.fits(values):
            return self.of_part.tells_apart(self.part.of(values), spread)
        finite = values[np.isfinite(values)]
        wide = max((np.ptp(part) for part in (finite.real, finite.imag) if part.size), default=0)
        return bool(wide > spread * self.bound * self.unit)


@lru_cache(maxsize=100)
def sample(shape: tuple[int, ...], count: int) -> tuple[Array, ...]:
    """The indices of elements, always the same ones for a size."""
    chosen = np.random.default_rng(0).integers(0, math.prod(shape), count)
    return np.unravel_index(chosen, shape)


def _smaller(*arrays: Array) -> float:
    """The least of the largest values of each."""
    return float(min(np.abs(x[np.isfinite(x)]).max(initial=0.0) for x in arrays))


class Side(StrEnum):
    """A side of a comparison, as the text of a diagnosis speaks of it: see :func:`in_words`."""

    EXPECTED = "\0expected output\0"
    EXPECTED_ONE = "\0expected one\0"
    ACTUAL = "\0this output\0"
    ACTUAL_ONE = "\0this one\0"


#: What the sides are called, and where they are turned.
_CALLED = {
    Side.EXPECTED: ("the expected output", "the tested result"),
    Side.EXPECTED_ONE: ("the expected one", "the tested one"),
    Side.ACTUAL: ("this output", "MATLAB's output"),
    Side.ACTUAL_ONE: ("this one", "MATLAB's"),
}


def in_words(text: str, turned: bool) -> str:
    """The text, seen from one side or the other."""
    for side, names in _CALLED.items():
        text = text.replace(side, names[turned])
    return text


@dataclass(frozen=True)
class Candidate:
    """A mistake with the two arrays that it would make agree."""

    name: str
    text: str
    remedy: str
    actual: Array = field(repr=False)
    expected: Array = field(repr=False)
    #: Of two that fit, the one with the lower rank comes first.
    rank: int = 1
    #: The part of the original arrays that the two are made of, where it is not all of them.
    before: tuple[Array, Array] | None = None
    measure: Measure | None = None
    #: In place of :data:`SPREAD`: less where more than closeness speaks for it.
    spread: float = SPREAD
    #: The description before and after.
    diff: str = ""
    #: The line that repairs it.
    repair: str = ""


def explanations(
    candidates: Iterable[Candidate], measure: Measure, before: float, where: str
) -> Iterator[tuple[int, Diagnosis]]:
    """The candidates that fit, with their ranks.

    A candidate fits if what remains is within the bound of the comparison, and far less than
    before: approximate agreement, such as that of a smooth image with itself shifted, is none.
    """
    for candidate in candidates:
        own = candidate.measure or measure
        residual = own.distance(candidate.actual, candidate.expected)
        if residual > own.bound or not own.tells_apart(candidate.expected, candidate.spread):
            continue
        start = before if candidate.before is None else measure.distance(*candidate.before)
        if start > measure.bound and residual <= IMPROVEMENT * start:
            text, remedy = (in_words(x, measure.turned) for x in (candidate.text, candidate.remedy))
            sides = (candidate.actual, candidate.expected) if arrays_are_kept() else None
            yield (
                candidate.rank,
                Diagnosis(
                    candidate.name,
                    text,
                    residual,
                    remedy,
                    where,
                    candidate.diff,
                    candidate.repair,
                    sides=sides,
                ),
            )
