"""Whether two arrays are the same result, and where and how far they are apart if not.

The default rule is a backward-error bound: an element may differ by ``bound`` roundings of the
magnitude that went into it, ``|actual - expected| <= bound * eps * magnitude``. Of a transposed
convolution that is ``|W| * |x| + |b|``; of other layers and of networks it is measured
(:mod:`.sensitivity`). It is free of scale and of cancellation, where element-wise relative errors
and fixed tolerances are neither: on correct single-precision layers the scaled error stays below 3
whatever their size, while the relative error reaches 1e-1.
Cosine similarity and SNR are blind to one-pixel shifts and gate nothing. Complex values are
compared as such: a difference is the absolute value of the complex difference.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ..arrays import Array
from ..contexts import during
from ..display import size_text
from ..errors import NothingToCompareError
from ..finite_json import finite_json
from .axes import to_rank
from .blocks import wide
from .tally import Judgement, Rule, Totals, totals_of
from .tolerance import Tolerance

Verdict = Literal["equal", "different"]

#: How the default rule of a layer reads in a report.
LAYER_RULE = "difference / (eps * (|W| * |x| + |b|))"

#: Roundings that one layer may be off by. Measured on correct layers: at most 3 between torch
#: and a float64 oracle; MATLAB's side may be off as far, other summation orders a little further.
LAYER_BOUND = 16.0

#: Elements of which the largest tells how large they are: all are below a third of what is usual
#: for them once in ten thousand times.
FEW = 8

#: The spacing of the numbers from 1 on. TF32 has the range of single and the digits of half.
EPS = {
    "half": 2.0**-10,
    "bfloat16": 2.0**-7,
    "tf32": 2.0**-10,
    "single": 2.0**-23,
    "double": 2.0**-52,
}

#: The least difference that a format can have: numbers nearer to zero are flushed to it, but in
#: half, which has few others there.
SMALLEST = {"half": 2.0**-24, "bfloat16": 2.0**-126, "single": 2.0**-126, "double": 2.0**-1022}


@dataclass(frozen=True)
class Worst:
    """The element that violates (or comes nearest to violating) the rule most.

    Its index is 0-based, in MATLAB's order of dimensions.
    """

    index: tuple[int, ...]
    actual: complex
    expected: complex

    def matlab(self, name: str) -> str:
        """1-based, as MATLAB writes it: ``Y(12,7,3,1)``."""
        return f"{name}({','.join(str(i + 1) for i in self.index)})"

    def python(self, name: str) -> str:
        """0-based, in MATLAB's order of dimensions: ``Y[11, 6, 2, 0]``."""
        return f"{name}[{', '.join(map(str, self.index))}]"


@dataclass(frozen=True, eq=False)
class Arrays:
    """What was compared, in MATLAB's order, for reports that show it."""

    actual: Array
    expected: Array
    oracle: Array | None
    #: Each difference in units of what the rule allows it to be; None where the sizes differ.
    violation: Array | None


_NONE_FINITE = "Nothing to compare: the expected values are all NaN or infinite."
_ALL_ZERO = "Nothing to compare: both sides are all zero."

#: Whether comparisons hold on to their arrays: by default not, as those of a network are large.
_KEEPING: ContextVar[bool] = ContextVar("keeping_arrays", default=False)


def keeping_arrays() -> AbstractContextManager[None]:
    """Comparisons made inside have their :attr:`Comparison.arrays`."""
    return during(_KEEPING, True)


def arrays_are_kept() -> bool:
    """Whether this is inside :func:`keeping_arrays`."""
    return _KEEPING.get()


@dataclass(frozen=True)
class Comparison:
    """The comparison of one output. Distances are over the elements finite on both sides."""

    name: str
    verdict: Verdict
    reason: str
    shape: tuple[int, ...]
    expected_shape: tuple[int, ...]
    dtype: str
    bound: float
    outside: int
    elements: int
    #: Infinite where the sizes differ.
    max_abs: float = math.inf
    mean_abs: float = math.inf
    rel_l2: float = math.inf
    snr_db: float = -math.inf
    scaled_error: float = math.inf
    worst: Worst | None = None
    nan_actual: int = 0
    nan_expected: int = 0
    inf_actual: int = 0
    inf_expected: int = 0
    #: What the scaled error is, in words.
    rule: str = LAYER_RULE
    #: Scaled distance of each side to the float64 oracle.
    oracle_actual: float | None = None
    oracle_expected: float | None = None
    #: Elements that rounding alone can move far (:mod:`.sensitivity`).
    undecided: int = field(default=0, compare=False, repr=False)
    #: The largest magnitude of an element, which diagnoses measure by.
    scale: float = field(default=math.nan, compare=False, repr=False)
    #: Only of comparisons made inside :func:`keeping_arrays`.
    arrays: Arrays | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The fields of the ``verify`` JSON schema; infinities and NaN as text."""
        record = asdict(replace(self, arrays=None))
        del record["arrays"], record["scale"], record["undecided"]
        if self.worst is not None:
            record["worst"] |= {
                "matlab_index": [i + 1 for i in self.worst.index],
                "matlab": self.worst.matlab(self.name),
                "python": self.worst.python(self.name),
            }
        cleaned: dict[str, Any] = finite_json(record)
        return cleaned


def compare(
    actual: Array,
    expected: Array,
    *,
    name: str = "Y",
    eps: float = EPS["single"],
    magnitude: Array | float | None = None,
    bound: float = LAYER_BOUND,
    tolerance: Tolerance | None = None,
    oracle: Array | None = None,
    rule: str = LAYER_RULE,
) -> Comparison:
    """Compare two arrays in MATLAB order; those of other sizes are different.

    The figures are measured by whatever rule, and one of them decides.

    Raises ``NothingToCompareError``: either side is empty, no expected value is finite, or both
    sides are all zero: such a comparison would say nothing.

    Parameters
    ----------
    actual, expected:
        What was computed here, and what MATLAB saved. Dropped trailing dimensions of size 1 are
        put back; nothing else is reshaped.
    eps, magnitude, bound:
        The default rule (see the module); one ``magnitude`` for each element or for all. Without
        it ``max |expected|`` stands in.
    tolerance:
        Replaces the default rule.
    oracle:
        The same result in float64, to tell which side is off.
    rule:
        The default rule in words, for reports.
    """
    rank = max(actual.ndim, expected.ndim, 0 if oracle is None else oracle.ndim)
    a, e = to_rank(actual, rank), to_rank(expected, rank)
    o = None if oracle is None else to_rank(oracle, rank)
    if a.shape != e.shape or a.size == 0:
        _refuse_empty(actual, expected)
        found = _shapes_differ(name, a, e, bound, rule)
        return replace(found, arrays=_kept(a, e, o, None))
    totals = totals_of(a, e, o)
    if totals.none_expected:
        raise NothingToCompareError(_NONE_FINITE)
    if totals.all_zero:
        raise NothingToCompareError(_ALL_ZERO)
    scale = _scale(totals, magnitude, rank)
    allowed = Rule(eps * scale, bound, tolerance)
    violation = np.empty(a.shape, order="F") if _KEEPING.get() else None
    judged = allowed.of_totals(totals) if violation is None else None
    if judged is None:
        judged = allowed.judge(totals, a, e, o, violation)
    rel_l2 = _relative(totals)
    return Comparison(
        name=name,
        verdict="different" if judged.outside else "equal",
        reason=_reason(judged, a.size) + _classes(a, e),
        shape=a.shape,
        expected_shape=e.shape,
        dtype=a.dtype.name,
        max_abs=totals.largest,
        mean_abs=totals.distances / totals.finite if totals.finite else math.nan,
        rel_l2=rel_l2,
        snr_db=-20 * math.log10(rel_l2) if rel_l2 else math.inf,
        scaled_error=judged.scaled,
        bound=bound,
        outside=judged.outside,
        elements=a.size,
        worst=Worst(judged.worst, *(wide(side[judged.worst]).item() for side in (a, e))),
        nan_actual=totals.nan[0],
        nan_expected=totals.nan[1],
        inf_actual=totals.inf[0],
        inf_expected=totals.inf[1],
        rule=rule,
        oracle_actual=_distance(judged.oracle_actual, o),
        oracle_expected=_distance(judged.oracle_expected, o),
        scale=float(scale.max()),
        arrays=_kept(a, e, o, violation),
    )


def slice_magnitude(expected: Array) -> Array:
    """What stands in for the magnitude where there is no model: how large the neighbours are.

    The largest finite ``|expected|`` of all with the same index in one dimension (of a channel,
    an observation, a row, a column), of an image also of one channel of one observation: the
    smallest of these. What has fewer than :data:`FEW` elements says too little and is left out.
    """
    size = np.where(np.isfinite(expected), np.abs(expected), 0.0)
    found = np.full(size.shape, size.max(initial=0.0))
    axes = range(size.ndim)
    for kept in [*((axis,) for axis in axes), *([tuple(axes)[-2:]] if size.ndim > 3 else [])]:
        rest = tuple(axis for axis in axes if axis not in kept)
        if math.prod(size.shape[axis] for axis in rest) >= FEW:
            found = np.minimum(found, size.max(axis=rest, keepdims=True))
    return found


def _classes(actual: Array, expected: Array) -> str:
    """What there is to say where one side is complex and the other is not."""
    if np.iscomplexobj(expected) == np.iscomplexobj(actual):
        return ""
    kinds = ("complex", "real") if np.iscomplexobj(expected) else ("real", "complex")
    return f"; the expected values are {kinds[0]}, the computed ones {kinds[1]}"


def _refuse_empty(actual: Array, expected: Array) -> None:
    """What cannot be compared, of arrays of different sizes."""
    if actual.size == 0 or expected.size == 0:
        raise NothingToCompareError(
            f"Nothing to compare: the expected values are {size_text(expected.shape)} and the "
            f"computed ones {size_text(actual.shape)}."
        )
    if not np.isfinite(expected).any():
        raise NothingToCompareError(_NONE_FINITE)
    if not actual.any() and not expected.any():
        raise NothingToCompareError(_ALL_ZERO)


def _shapes_differ(name: str, a: Array, e: Array, bound: float, rule: str) -> Comparison:
    return Comparison(
        name=name,
        verdict="different",
        reason=f"the computed output is {size_text(a.shape)}, the expected one "
        f"{size_text(e.shape)}",
        shape=a.shape,
        expected_shape=e.shape,
        dtype=a.dtype.name,
        bound=bound,
        outside=e.size,
        elements=e.size,
        rule=rule,
    )


def _kept(
    actual: Array, expected: Array, oracle: Array | None, violation: Array | None
) -> Arrays | None:
    """In MATLAB's order of memory as well: reports write some of them to MAT-files."""
    if not _KEEPING.get():
        return None
    exact = None if oracle is None else np.asfortranarray(oracle)
    return Arrays(np.asfortranarray(actual), np.asfortranarray(expected), exact, violation)


def _scale(totals: Totals, magnitude: Array | float | None, rank: int) -> Array:
    """One number, or one for each element, of ``rank`` dimensions."""
    if magnitude is None:
        magnitude = totals.largest_expected
    magnitude = np.asarray(magnitude)
    usable = np.isfinite(magnitude) & (magnitude >= 0)  # no number allows no difference
    return to_rank(np.where(usable, magnitude, 0.0), rank)


def _relative(totals: Totals) -> float:
    if not totals.finite:
        return math.nan
    error, reference = math.sqrt(totals.squares), math.sqrt(totals.expected_squares)
    if reference:
        return error / reference
    return math.inf if error else 0.0


def _reason(judged: Judgement, elements: int) -> str:
    if not judged.outside:
        return "every element is within the bound"
    text = f"{judged.outside} of {elements} elements are outside the bound"
    strays = f"{text}, {judged.stray} of them NaN or Inf on one side only"
    return strays if judged.stray else text


def _distance(roundings: float, oracle: Array | None) -> float | None:
    """To the oracle: infinite where there is no number on both sides."""
    if oracle is None:
        return None
    return math.inf if math.isnan(roundings) else roundings
