"""How far rounding can move each element of a model's results: what comparisons are measured by.

Nothing that is compared has a say in it, only the model and its input. One rounding of an element
is a sixteenth of what random errors of sixteen roundings in every operation move it by
(:mod:`matlab_compat.execution.rounding`), the most of several pairs of runs with opposite errors,
and at least ``eps`` times the element in float64. An element that is a million times smaller than
its neighbours, because its weights or its input are, has a million times smaller errors.

With errors of the size of the whole bound, the two sides of a kink, a tie or a threshold within
the bound are both seen, and what the runs themselves round is too little to matter. They are made
in single, not in double, in which they would take several times as long; what single itself gets
wrong is in both sides of each difference and cancels. As few pairs are made as are needed: more of
them can only allow more.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import NothingToCompareError
from .compare import LAYER_BOUND, SMALLEST, Comparison, compare
from .tolerance import Tolerance

#: The model's results, in one order and in MATLAB's order of dimensions, computed in a number
#: format inside a context.
Run = Callable[[str, AbstractContextManager[Any] | None], Sequence[Array]]

#: Pairs of runs until an element that is still too far counts as different.
PAIRS = 8
#: The most that one rounding may count for, as a part of the largest element: 16 are a quarter.
#: It is as much where rounding decides a tie, as between the places that a maximum comes from.
LARGEST = 2.0**-6
#: From this part on (16 of it are 1.6 %) a report says so.
_UNCERTAIN = 1e-3
#: From here on more runs would not help: a pair allows this part of the rest of them or less
#: about as rarely as the inverse.
_HOPELESS = 1e6


class Sensitivity:
    """One rounding of each element of the results that ``run`` computes.

    ``eps`` is the number format's spacing from 1 on, ``smallest`` that around zero.
    """

    def __init__(self, run: Run, eps: float, smallest: float = SMALLEST["single"]) -> None:
        self.eps = eps
        self.smallest = smallest
        #: Made so far.
        self.pairs = 0
        self._run = run
        self._format = "single" if eps > 2.0**-30 else "double"
        self._still: Sequence[Array] = ()
        self._moved: list[Array | float] = []

    def more(self) -> bool:
        """Make another pair of runs; False if enough were made."""
        if self.pairs == PAIRS:
            return False
        from ..execution.rounding import RoundingErrors

        size = LAYER_BOUND * self.eps
        smallest = LAYER_BOUND * self.smallest if self.smallest == SMALLEST["half"] else 0.0
        with warnings.catch_warnings(action="ignore"), np.errstate(invalid="ignore"):
            if not self.pairs:
                self._still = self._run(self._format, None)
                self._moved = [0.0] * len(self._still)
            for sign in (1, -1):
                errors = RoundingErrors(size, self.pairs, sign, smallest)
                for i, y in enumerate(self._run(self._format, errors)):
                    off = np.abs(np.subtract(y, self._still[i], dtype=np.float64))
                    self._moved[i] = np.fmax(self._moved[i], off / LAYER_BOUND)
        self.pairs += 1
        return True

    def unit(self, index: int, exact: Array) -> Array:
        """One rounding of each element of one result, which is ``exact`` in float64."""
        size = np.abs(exact)
        least = np.maximum(self.eps * size, self.smallest)
        if not self.pairs:
            return least
        moved = np.minimum(self._moved[index], LARGEST * _largest(exact))
        return np.fmax(least, moved.reshape(least.shape))

    def undecided(self, unit: Array, exact: Array) -> int:
        """How many elements rounding alone can move far, compared with the largest."""
        return int(np.count_nonzero(unit > max(_UNCERTAIN, self.eps) * _largest(exact)))

    @property
    def rule(self) -> str:
        """In words, for reports."""
        if not self.pairs:
            return "difference / (eps * |Y|)"
        runs = 2 * self.pairs
        return f"difference / how far one rounding in each operation moves it, in {runs} runs"


@dataclass(frozen=True)
class Result:
    """One result as computed here, in float64, and by somebody else."""

    name: str
    actual: Array
    oracle: Array | None
    expected: Array

    def compared(
        self, eps: float, magnitude: Array, rule: str, tolerance: Tolerance | None
    ) -> Comparison | NothingToCompareError:
        """:func:`~.compare.compare`; where that would say nothing, the error that says so."""
        how: dict[str, Any] = {"eps": eps, "magnitude": magnitude, "tolerance": tolerance}
        try:
            return compare(
                self.actual, self.expected, name=self.name, oracle=self.oracle, rule=rule, **how
            )
        except NothingToCompareError as error:
            return error


def compare_each(
    results: Sequence[Result], sensitivity: Sensitivity, tolerance: Tolerance | None = None
) -> list[Comparison | NothingToCompareError]:
    """Each result compared by what rounding can do to it, or the error that it says nothing."""
    found = [_compared(i, results[i], sensitivity, tolerance) for i in range(len(results))]
    most = PAIRS if tolerance is None else 1  # then for the figures only
    while sensitivity.pairs < most:
        again = [i for i, one in enumerate(found) if _open(one, sensitivity.pairs)]
        if not again or not sensitivity.more():
            break
        for i in again:
            found[i] = _compared(i, results[i], sensitivity, tolerance)
    return found


def _compared(
    index: int, result: Result, sensitivity: Sensitivity, tolerance: Tolerance | None
) -> Comparison | NothingToCompareError:
    exact = result.oracle
    if exact is None:
        raise ValueError("How far rounding moves a result is measured from its float64 values.")
    unit, eps = sensitivity.unit(index, exact), sensitivity.eps
    found = result.compared(eps, unit / eps, sensitivity.rule, tolerance)
    far = sensitivity.undecided(unit, exact)
    if not far or isinstance(found, NothingToCompareError):
        return found
    part = LAYER_BOUND * max(_UNCERTAIN, sensitivity.eps)
    said = f"; rounding alone can move {far} of them by {part:.1%} of the largest or more"
    return replace(found, reason=found.reason + said, undecided=far)


def _largest(exact: Array) -> float:
    size = np.abs(exact)
    return float(np.max(size, initial=0.0, where=np.isfinite(size)))


def _open(found: Comparison | NothingToCompareError, pairs: int) -> bool:
    """Whether more runs could tell that it is equal."""
    if isinstance(found, NothingToCompareError) or found.worst is None:
        return False
    times = found.scaled_error / found.bound
    return bool(times > 1) and min(times, 100.0) ** pairs < _HOPELESS and not math.isnan(times)
