"""Whether two arrays are the same result, and where and how far they are apart if not.

The default rule is a backward-error bound: an element may differ by ``bound`` roundings of the
magnitude that went into it, ``|actual - expected| <= bound * eps * magnitude`` with
``magnitude = |W| * |x| + |b|``. It is free of scale and of cancellation, where element-wise
relative errors and fixed tolerances are neither: on correct single-precision layers the scaled
error stays below 3 whatever their size, while the relative error reaches 1e-1.
Cosine similarity and SNR are blind to one-pixel shifts and gate nothing. Complex values are
compared as such: a difference is the absolute value of the complex difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..display import size_text
from ..errors import NothingToCompareError, UsageError

Array = npt.NDArray[Any]
Verdict = Literal["equal", "different"]

#: How the default rule of a layer reads in a report.
LAYER_RULE = "difference / (eps * (|W| * |x| + |b|))"

#: Roundings that one layer may be off by. Measured on correct layers: at most 3 between torch
#: and a float64 oracle; MATLAB's side may be off as far, other summation orders a little further.
LAYER_BOUND = 16.0

#: The spacing of the numbers from 1 on. TF32 has the range of single and the digits of half.
EPS = {
    "half": 2.0**-10,
    "bfloat16": 2.0**-7,
    "tf32": 2.0**-10,
    "single": 2.0**-23,
    "double": 2.0**-52,
}


@dataclass(frozen=True)
class Tolerance:
    """An explicit rule: ``|actual - expected| <= atol + rtol*|expected|``."""

    atol: float = 0.0
    rtol: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 <= value < math.inf for value in (self.atol, self.rtol)):
            raise UsageError("atol and rtol must be finite and not negative.")


@dataclass(frozen=True)
class Worst:
    """The element that violates (or comes nearest to violating) the rule most."""

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


#: Whether comparisons hold on to their arrays: by default not, as those of a network are large.
_KEEPING: ContextVar[bool] = ContextVar("keeping_arrays", default=False)


@contextmanager
def keeping_arrays() -> Iterator[None]:
    """Comparisons made inside have their :attr:`Comparison.arrays`."""
    before = _KEEPING.set(True)
    try:
        yield
    finally:
        _KEEPING.reset(before)


@dataclass(frozen=True)
class Comparison:
    """The comparison of one output. Distances are over the elements finite on both sides."""

    name: str
    verdict: Verdict
    reason: str
    shape: tuple[int, ...]
    expected_shape: tuple[int, ...]
    dtype: str
    max_abs: float
    mean_abs: float
    rel_l2: float
    snr_db: float
    scaled_error: float
    bound: float
    outside: int
    elements: int
    worst: Worst | None
    nan_actual: int = 0
    nan_expected: int = 0
    inf_actual: int = 0
    inf_expected: int = 0
    #: What the scaled error is, in words.
    rule: str = LAYER_RULE
    #: Scaled distance of each side to the float64 oracle.
    oracle_actual: float | None = None
    oracle_expected: float | None = None
    #: Only of comparisons made inside :func:`keeping_arrays`.
    arrays: Arrays | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The fields of the ``verify`` JSON schema; infinities and NaN as text."""
        record = asdict(replace(self, arrays=None))
        del record["arrays"]
        if self.worst is not None:
            record["worst"] |= {
                "matlab_index": [i + 1 for i in self.worst.index],
                "matlab": self.worst.matlab(self.name),
                "python": self.worst.python(self.name),
            }
        cleaned: dict[str, Any] = finite_json(record)
        return cleaned


def finite_json(value: Any) -> Any:
    """``value`` with the numbers that JSON lacks written as text: "Infinity", "NaN", "1-2i"."""
    if isinstance(value, dict):
        return {key: finite_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_json(item) for item in value]
    if isinstance(value, complex):
        return f"{value.real:.17g}{value.imag:+.17g}i"
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value


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
    """Compare two arrays in MATLAB order.

    Parameters
    ----------
    actual, expected:
        What was computed here, and what MATLAB saved. Dropped trailing dimensions of size 1 are
        put back; nothing else is reshaped.
    eps, magnitude, bound:
        The default rule (see the module); one ``magnitude`` for each element or for all, without
        it ``max |expected|`` stands in.
    tolerance:
        Replaces the default rule.
    oracle:
        The same result in float64, to tell which side is off.
    rule:
        The default rule in words, for reports.

    Raises
    ------
    NothingToCompareError
        Either side is empty, no expected value is finite, or both sides are all zero: such a
        comparison would say nothing.
    """
    _refuse_vacuous(actual, expected)
    dtype = actual.dtype.name
    rank = max(actual.ndim, expected.ndim)
    actual, expected = _to_rank(actual, rank), _to_rank(expected, rank)
    if actual.shape != expected.shape:
        return _shapes_differ(name, actual, expected, dtype, bound, rule, oracle)

    a, e = wide(actual), wide(expected)
    both = np.isfinite(a) & np.isfinite(e)
    alike = (np.isnan(a) & np.isnan(e)) | (np.isinf(a) & (a == e))
    nothing = np.zeros(a.shape, np.result_type(a, e))
    difference = np.abs(np.subtract(a, e, out=nothing, where=both))
    scale = _scale(e, both, magnitude)
    scaled = _scaled(difference, eps * scale)
    violation = scaled / bound if tolerance is None else _ratio(difference, e, both, tolerance)
    if not both.all():
        violation = np.where(both, violation, np.where(alike, 0.0, np.inf))
    outside = int(np.count_nonzero(violation > 1))
    distances = _of(both, difference)
    rel_l2 = _relative(np.linalg.norm(distances), np.linalg.norm(e[both]))
    return Comparison(
        name=name,
        verdict="different" if outside else "equal",
        reason=_reason(outside, a.size, both, alike) + _classes(a, e),
        shape=a.shape,
        expected_shape=e.shape,
        dtype=dtype,
        max_abs=float(distances.max()),
        mean_abs=float(distances.mean()),
        rel_l2=rel_l2,
        snr_db=-20 * math.log10(rel_l2) if rel_l2 else math.inf,
        scaled_error=float(_of(both, scaled).max()),
        bound=bound,
        outside=outside,
        elements=a.size,
        worst=_worst(violation, a, e),
        nan_actual=int(np.isnan(a).sum()),
        nan_expected=int(np.isnan(e).sum()),
        inf_actual=int(np.isinf(a).sum()),
        inf_expected=int(np.isinf(e).sum()),
        rule=rule,
        oracle_actual=_distance(a, oracle, eps, scale),
        oracle_expected=_distance(e, oracle, eps, scale),
        arrays=_kept(actual, expected, oracle, violation),
    )


def wide(array: Array) -> Array:
    """In float64, or complex128 if it is complex."""
    kind = np.complex128 if np.iscomplexobj(array) else np.float64
    return array.astype(kind)


def _classes(actual: Array, expected: Array) -> str:
    """What there is to say where one side is complex and the other is not."""
    if np.iscomplexobj(expected) == np.iscomplexobj(actual):
        return ""
    complex_first = np.iscomplexobj(expected)
    kinds = ("complex", "real") if complex_first else ("real", "complex")
    return f"; the expected values are {kinds[0]}, the computed ones {kinds[1]}"


def _refuse_vacuous(actual: Array, expected: Array) -> None:
    if actual.size == 0 or expected.size == 0:
        raise NothingToCompareError(
            f"Nothing to compare: the expected values are {size_text(expected.shape)} and the "
            f"computed ones {size_text(actual.shape)}."
        )
    if not np.isfinite(expected).any():
        raise NothingToCompareError(
            "Nothing to compare: the expected values are all NaN or infinite."
        )
    if not actual.any() and not expected.any():
        raise NothingToCompareError("Nothing to compare: both sides are all zero.")


def _to_rank(array: Array, rank: int) -> Array:
    return array.reshape(array.shape + (1,) * (rank - array.ndim), order="F")


def _shapes_differ(
    name: str,
    actual: Array,
    expected: Array,
    dtype: str,
    bound: float,
    rule: str,
    oracle: Array | None,
) -> Comparison:
    return Comparison(
        name=name,
        verdict="different",
        reason=f"the computed output is {size_text(actual.shape)}, "
        f"the expected one {size_text(expected.shape)}",
        shape=actual.shape,
        expected_shape=expected.shape,
        dtype=dtype,
        max_abs=math.inf,
        mean_abs=math.inf,
        rel_l2=math.inf,
        snr_db=-math.inf,
        scaled_error=math.inf,
        bound=bound,
        outside=expected.size,
        elements=expected.size,
        worst=None,
        rule=rule,
        arrays=_kept(actual, expected, oracle, None),
    )


def _kept(
    actual: Array, expected: Array, oracle: Array | None, violation: Array | None
) -> Arrays | None:
    if not _KEEPING.get():
        return None
    exact = None if oracle is None else _to_rank(oracle, actual.ndim)
    return Arrays(actual, expected, exact, violation)


def _scale(expected: Array, both: Array, magnitude: Array | float | None) -> Array:
    if magnitude is not None:
        magnitude = np.asarray(magnitude)
        usable = np.isfinite(magnitude) & (magnitude >= 0)  # no number allows no difference
        return _to_rank(np.where(usable, magnitude, 0.0), expected.ndim)
    return np.full((1,) * expected.ndim, np.abs(np.where(both, expected, 0)).max())


def _scaled(difference: Array, unit: Array) -> Array:
    """In units (one for each element, or one for all); no difference is none of any unit."""
    if unit.size == 1 and unit.item() > 0:
        return np.asarray(difference / unit)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / unit)


def _of(both: Array, values: Array) -> Array:
    """The values finite on both sides; NaN if there are none."""
    if both.all():
        return values.ravel(order="K")
    return values[both] if both.any() else np.array([math.nan])


def _relative(error: np.floating[Any], reference: np.floating[Any]) -> float:
    if reference:
        return float(error / reference)
    return math.inf * float(error) if error else 0.0


def _ratio(difference: Array, expected: Array, both: Array, tolerance: Tolerance) -> Array:
    """How many times each difference is what the tolerance allows (0/0 is 0)."""
    allowed = tolerance.atol + tolerance.rtol * np.abs(np.where(both, expected, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / allowed)


def _worst(violation: Array, actual: Array, expected: Array) -> Worst:
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(violation)), violation.shape))
    return Worst(index, actual[index].item(), expected[index].item())


def _reason(outside: int, elements: int, both: Array, alike: Array) -> str:
    if not outside:
        return "every element is within the bound"
    stray = int(np.count_nonzero(~both & ~alike))
    text = f"{outside} of {elements} elements are outside the bound"
    return f"{text}, {stray} of them NaN or Inf on one side only" if stray else text


def _distance(side: Array, oracle: Array | None, eps: float, scale: Array) -> float | None:
    """Largest scaled error of one side against the oracle."""
    if oracle is None:
        return None
    with np.errstate(invalid="ignore"):
        off = np.abs(side - _to_rank(oracle, side.ndim))
    largest = float(np.fmax.reduce(_scaled(off, eps * scale), axis=None))  # without NaN
    return math.inf if math.isnan(largest) else largest
