"""Sums and extremes of two arrays (and the oracle), block by block, and what rules say of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array
from .blocks import Blocks, Farthest, largest_of

if TYPE_CHECKING:
    from .tolerance import Tolerance


@dataclass
class Totals:
    """Sums and maxima that no rule is needed for.

    Distances are over what is finite on both sides; NaN where nothing is.
    """

    elements: int = 0
    finite: int = 0
    #: Sums of the distances |actual - expected|, of their squares, of the expected values' squares.
    distances: float = 0.0
    squares: float = 0.0
    expected_squares: float = 0.0
    largest: float = math.nan
    largest_expected: float = 0.0
    #: Maxima of the oracle's finite values, and of the distances of each side to it.
    largest_oracle: float = 0.0
    oracle_actual: float = math.nan
    oracle_expected: float = math.nan
    #: NaN and infinities of each side.
    nan: list[int] = field(default_factory=lambda: [0, 0])
    inf: list[int] = field(default_factory=lambda: [0, 0])
    #: Where the largest distance is, if everything is finite.
    worst: tuple[int, ...] = ()

    @property
    def none_expected(self) -> bool:
        """No expected value is finite."""
        return self.nan[1] + self.inf[1] == self.elements

    @property
    def all_finite(self) -> bool:
        """On both sides."""
        return self.finite == self.elements

    @property
    def all_zero(self) -> bool:
        """On both sides."""
        return self.all_finite and self.largest == 0 and self.largest_expected == 0

    def add(self, actual: Array, expected: Array) -> Array:
        """The two sides of one block; gives their distances."""
        off: Array = np.abs(actual - expected)
        self.elements += off.size
        kept, truth = off, expected
        if not math.isfinite(off.max()):
            both = np.isfinite(actual) & np.isfinite(expected)
            kept, truth = off[both], expected[both]
            self._count(0, actual)
            self._count(1, expected)
        self.finite += kept.size
        if kept.size:
            self.largest = max(float(kept.max()), np.nan_to_num(self.largest, nan=0.0))
            self.distances += float(kept.sum())
            self.squares += _squares(kept)
            self.expected_squares += _squares(truth)
            self.largest_expected = max(self.largest_expected, _magnitude(truth))
        return off

    def _count(self, side: int, values: Array) -> None:
        self.nan[side] += int(np.count_nonzero(np.isnan(values)))
        self.inf[side] += int(np.count_nonzero(np.isinf(values)))

    def add_oracle(self, actual: Array, expected: Array, oracle: Array) -> None:
        """The three of one block."""
        largest = _magnitude(oracle)
        if not math.isfinite(largest):
            finite = oracle[np.isfinite(oracle)]
            largest = _magnitude(finite) if finite.size else 0.0
        self.largest_oracle = max(self.largest_oracle, largest)
        self.oracle_actual = _larger(self.oracle_actual, largest_of(np.abs(actual - oracle)))
        self.oracle_expected = _larger(self.oracle_expected, largest_of(np.abs(expected - oracle)))


def _squares(values: Array) -> float:
    """Their sum. Not by ``vdot``: BLAS would wake its threads for every block."""
    if np.iscomplexobj(values):
        values = np.abs(values)
    return float(np.square(values).sum())


def _magnitude(values: Array) -> float:
    """``max |values|`` with no array made."""
    if np.iscomplexobj(values):
        return float(np.abs(values).max())
    return float(max(values.max(), -values.min()))


def _larger(one: float, other: float) -> float:
    """Whichever of the two is not NaN, if one is."""
    return float(np.fmax(one, other))


def totals_of(actual: Array, expected: Array, oracle: Array | None) -> Totals:
    """One pass over arrays of the same size."""
    totals = Totals()
    blocks = Blocks(actual, expected, *([] if oracle is None else [oracle]))
    farthest = Farthest(blocks)
    with np.errstate(invalid="ignore", over="ignore"):
        for place, arrays in blocks:
            off = totals.add(arrays[0], arrays[1])
            if totals.all_finite:
                farthest.see(place, off)
            if oracle is not None:
                totals.add_oracle(*arrays)
    totals.worst = farthest.index
    return totals


@dataclass
class Judgement:
    """What a rule says of two arrays."""

    #: The largest distance in roundings, over what is finite on both sides.
    scaled: float
    outside: int
    #: How many of those outside are NaN or infinite on one side only.
    stray: int
    worst: tuple[int, ...]
    oracle_actual: float
    oracle_expected: float


@dataclass(frozen=True)
class Rule:
    """How far two elements may be apart: ``bound`` times ``unit``, or a tolerance."""

    #: How much one rounding is: one number for all elements, or one for each.
    unit: Array
    bound: float
    tolerance: Tolerance | None

    def of_totals(self, totals: Totals) -> Judgement | None:
        """The judgement, where the totals suffice for it: everything is finite and within."""
        if self.tolerance is not None or self.unit.size > 1 or not totals.all_finite:
            return None
        unit = float(self.unit.item())
        if unit == 0 or totals.largest / unit / self.bound > 1:
            return None
        scaled = (x / unit for x in (totals.oracle_actual, totals.oracle_expected))
        return Judgement(totals.largest / unit, 0, 0, totals.worst, *scaled)

    def judge(
        self,
        totals: Totals,
        actual: Array,
        expected: Array,
        oracle: Array | None,
        violation: Array | None,
    ) -> Judgement:
        """Another pass. Each difference in units of what is allowed goes to ``violation``."""
        each = [] if self.unit.size == 1 else [np.broadcast_to(self.unit, actual.shape)]
        exact = [oracle] if each and oracle is not None else []
        blocks = Blocks(actual, expected, *each, *exact)
        farthest = Farthest(blocks)
        found = Judgement(math.nan, 0, 0, (), math.nan, math.nan)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for place, (a, e, *rest) in blocks:
                unit = rest[0] if each else np.array(self.unit.item())
                violated = self._add(found, a, e, unit)
                farthest.see(place, violated)
                if violation is not None:
                    blocks.write(violation, place, violated)
                for o in rest[1:]:
                    off = [largest_of(scaled(np.abs(side - o), unit)) for side in (a, e)]
                    found.oracle_actual = _larger(found.oracle_actual, off[0])
                    found.oracle_expected = _larger(found.oracle_expected, off[1])
            if not each:
                off = [totals.oracle_actual, totals.oracle_expected]
                found.oracle_actual, found.oracle_expected = scaled(np.array(off), self.unit.item())
        found.worst = farthest.index
        return found

    def _add(self, found: Judgement, actual: Array, expected: Array, unit: Array) -> Array:
        """Count one block; gives each difference in units of what is allowed."""
        off = np.abs(actual - expected)
        stray = None
        if not math.isfinite(off.max()):
            both = np.isfinite(actual) & np.isfinite(expected)
            alike = (np.isnan(actual) & np.isnan(expected)) | (actual == expected)
            stray = ~both & ~alike
            off, expected = np.where(both, off, 0.0), np.where(both, expected, 0)
            found.stray += int(np.count_nonzero(stray))
        if stray is None or both.any():
            found.scaled = _larger(found.scaled, float(scaled(off, unit).max()))
        if self.tolerance is None:
            violated = scaled(off, unit) / self.bound
        else:
            violated = scaled(off, self.tolerance.atol + self.tolerance.rtol * np.abs(expected))
        if stray is not None:
            violated = np.where(stray, np.inf, violated)
        found.outside += int(np.count_nonzero(violated > 1))
        return violated


def scaled(difference: Array, unit: Array | float) -> Array:
    """In units; no difference is none of any unit."""
    if np.min(unit) > 0:
        return np.asarray(difference / unit)
    return np.where(difference == 0, 0.0, difference / unit)
