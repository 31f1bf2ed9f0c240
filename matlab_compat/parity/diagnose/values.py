"""Other values in the same places: scaled, offset, through sigmoid or softmax, rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations
from operator import attrgetter
from typing import Any

import numpy as np

from ...arrays import Array
from ...wording import argument
from ..axes import Axes
from ..compare import EPS
from ..diagnosis_types import Diagnosis
from .measure import SAMPLE, Candidate, Measure, Side, in_words, sample
from .moved import Function

#: Fewer elements than this could be fitted by chance.
_FEWEST = 8
#: The most channels that sums of each other are looked for in.
_MOST_MIXED = 64
#: Where a function moves further than this, its values are not known: so many may be.
_STEEP, _FEW_STEEP = 0.1, 0.1


def value_changes(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """Candidates that change values, element by element."""
    if np.iscomplexobj(actual) or np.iscomplexobj(expected):
        yield from _complex(actual, expected)
        return
    if actual.shape != expected.shape or actual.size < _FEWEST:
        return
    yield from _linear(actual, expected, measure)
    yield from _activated("sigmoid", actual, expected, measure, _sigmoid)
    yield from (softmaxes := list(_softmaxes(actual, expected, measure)))
    yield from _integers(actual, expected)
    yield from _precisions(actual, expected, measure)
    yield from _levels(actual, expected, measure)
    yield from _normalized(actual, expected, measure)
    yield from _accumulated(actual, expected, measure)
    yield from decimals(actual, expected)
    if not any(one.name == "log softmax" for one in softmaxes):
        yield from _functions(actual, expected, measure, _DONE)


#: What :func:`_linear` finds.
LINEAR = ("constant scale", "sign exchanged", "constant offset", "scale and offset")

# --- scale and offset -------------------------------------------------------------------


def _linear(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """Constants fitted to the finite elements, if there are enough different ones."""
    both = np.isfinite(actual) & np.isfinite(expected)
    a, e = actual[both].astype(np.float64), expected[both].astype(np.float64)
    if np.count_nonzero(np.abs(a) > measure.bound * measure.unit) < _FEWEST or np.ptp(a) == 0:
        return
    scale = float(np.vdot(a, e) / np.vdot(a, a))
    if scale:
        hint = " One side is in 0..255, the other in 0..1 (MATLAB's im2double, torch's ToTensor)."
        is_range = any(abs(scale / known - 1) < 1e-4 for known in (255, 1 / 255))
        yield Candidate(
            "sign exchanged" if abs(scale + 1) < 1e-5 else "constant scale",
            f"{Side.EXPECTED} is {Side.ACTUAL_ONE} times {scale:.7g}",
            f"divide {Side.EXPECTED} by {scale:.7g}, or multiply {Side.ACTUAL_ONE} by it."
            f"{hint * is_range}",
            scale * actual,
            expected,
            # Smaller values would be lost in the roundings of a side so much larger.
            measure=Measure(measure.eps, measure.scale * abs(scale), measure.bound),
            repair=f"Y = Y / {_matlab(scale)};",
        )
    offset = float((e - a).mean())
    more = f"{'plus' if offset > 0 else 'minus'} {abs(offset):.7g}"
    said = f"{Side.EXPECTED} is {Side.ACTUAL_ONE} {more}"
    remedy = f"subtract {offset:.7g} from {Side.EXPECTED}: a mean or bias is missing on one side."
    line = f"Y = Y - {_matlab(offset)};"
    yield Candidate("constant offset", said, remedy, actual + offset, expected, repair=line)
    centred = a - a.mean()
    slope = float(np.vdot(centred, e) / np.vdot(centred, centred))
    shift = float(e.mean() - slope * a.mean())
    if slope and abs(slope - 1) > 1e-4 and abs(shift) > measure.bound * measure.unit:
        yield Candidate(
            "scale and offset",
            f"{Side.EXPECTED} is {Side.ACTUAL_ONE} times {slope:.7g} plus {shift:.7g}",
            "only one side is normalized (0..255, 0..1 and -1..1 are the usual ranges): "
            f"(Y - {shift:.7g}) / {slope:.7g} undoes it.",
            slope * actual + shift,
            expected,
            rank=2,
            repair=f"Y = (Y - {_matlab(shift)}) / {_matlab(slope)};",
            measure=measure.at_least(measure.scale * abs(slope)),
        )


def _matlab(number: float) -> str:
    """A number with all its digits, in brackets if negative."""
    return f"{number:.9g}" if number >= 0 else f"({number:.9g})"


# --- no numbers -------------------------------------------------------------------------


def one_sided(actual: Array, expected: Array) -> Iterator[Candidate]:
    """NaN or infinite on one side only, and equal everywhere else."""
    if actual.shape != expected.shape:
        return
    here, there = np.isfinite(actual), np.isfinite(expected)
    for odd, whose in ((here & ~there, Side.EXPECTED), (there & ~here, Side.ACTUAL)):
        if not odd.any():
            continue
        values = (expected if whose is Side.EXPECTED else actual)[odd]
        kind = "NaN" if np.isnan(values).all() else "Inf" if np.isinf(values).all() else "NaN, Inf"
        place = ",".join(str(i + 1) for i in np.argwhere(odd)[0])
        yield Candidate(
            f"{kind} on one side",
            f"{whose} alone is {kind} in {values.size} elements, first at ({place}) in MATLAB; "
            "the others agree",
            "look there for a division by zero, the log of zero, 0*Inf, or an overflow in half "
            "precision.",
            np.where(odd, 0, actual),
            np.where(odd, 0, expected),
            rank=0,
        )


# --- classes ----------------------------------------------------------------------------


def class_numbers(
    actual: Array, expected: Array, measure: Measure, where: str, labels: str = ""
) -> Iterator[tuple[int, Diagnosis]]:
    """Numbers of classes, saved instead of scores: whole numbers up to that of the classes.

    So many that there is one for all the scores along the channels. What remains of the difference
    is how far the scores of these classes are below the largest ones.
    """
    if not np.isfinite(actual).all() or np.iscomplexobj(actual) or np.iscomplexobj(expected):
        return
    axes = (
        [labels.index("C")] if "C" in labels[: actual.ndim] else [1, 0] if actual.ndim == 2 else []
    )
    for axis in axes:
        count = actual.shape[axis]
        whole = (expected == np.rint(expected)) & (expected >= 0) & (expected <= count)
        if count < 2 or expected.size * count != actual.size or not whole.all():
            continue
        first = int(expected.min() > 0)
        if expected.max() - first >= count:  # neither counted from 0 nor from 1
            continue
        scores = np.moveaxis(actual, axis, 0).reshape((count, -1), order="F").astype(np.float64)
        chosen = expected.ravel(order="F").astype(np.int64) - first
        off = scores.max(0) - np.take_along_axis(scores, chosen[np.newaxis], 0)[0]
        right = int(np.count_nonzero(off == 0))
        text = (
            f"{Side.EXPECTED} has whole numbers, one for each {count} scores: numbers of classes"
            f"{'' if first else ', counted from 0'}, it seems; {right} of {expected.size} are "
            f"those of the largest score of {Side.ACTUAL_ONE}"
        )
        numbers = f"{first}:{count - 1 + first}"
        remedy = (
            "save the scores, Y = predict(net, X); or give the numbers their names, and each class "
            f"is compared: in MATLAB, Y = categorical(Y, {numbers}, classes), with classes = "
            "net.Layers(end).Classes or the names in the order of the scores."
        )
        remains = float(off.max()) / (measure.eps * float(np.abs(scores).max() or 1.0))
        said, todo = (in_words(part, measure.turned) for part in (text, remedy))
        yield 0, Diagnosis("class numbers", said, remains, todo, where)
        return


# --- activations ------------------------------------------------------------------------


def _sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x.astype(np.float64))))


def _log_of_softmax(x: Array, axis: int) -> Array:
    below = x.astype(np.float64) - x.max(axis, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis, keepdims=True)))


def _softmax(x: Array, axis: int) -> Array:
    return np.asarray(np.exp(_log_of_softmax(x, axis)))


def _softmaxes(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    if not (np.isfinite(actual).all() and np.isfinite(expected).all()):
        return
    for axis in reversed(range(actual.ndim)):
        if actual.shape[axis] > 1:
            if logarithm := list(_log_softmax(actual, expected, measure, axis)):
                yield from logarithm
                continue  # a softmax undoes the logarithm, and would fit as well
            function = partial(_softmax, axis=axis)
            yield from _activated("softmax", actual, expected, measure, function)


def _log_softmax(
    actual: Array, expected: Array, measure: Measure, axis: int
) -> Iterator[Candidate]:
    """One side holds logarithms of probabilities, the other these, or scores."""
    hint = "torch's log_softmax (NLLLoss takes it) is the logarithm of what MATLAB's softmax gives"
    for log, other, side, one, undone in (
        (expected, actual, Side.EXPECTED, Side.ACTUAL_ONE, "exp"),
        (actual, expected, Side.ACTUAL, Side.EXPECTED_ONE, "log"),
    ):
        with np.errstate(over="ignore"):
            sums = np.exp(log.astype(np.float64)).sum(axis)
        if log.max() > 1e-5 or np.abs(sums - 1).max() > 1e-3:
            continue
        if _like_probabilities(other):
            name, text, todo = "log softmax", "the logarithm", f"{undone}(Y) of {Side.EXPECTED}"
            both = other, np.exp(log)
        else:
            name, text = f"log softmax {'applied' if undone == 'exp' else 'missing'}", "log softmax"
            todo = "before it, or after it"
            both = _log_of_softmax(other, axis), log
        yield Candidate(
            name,
            f"{side} is {text} of {one}{' (log softmax)' if name == 'log softmax' else ''}",
            f"compare the same on both sides: {todo}. {hint}.",
            *(both if log is expected else both[::-1]),
            rank=0,
            measure=measure.at_least(max(1.0, float(np.abs(other).max()))),
        )


def _activated(
    name: str, actual: Array, expected: Array, measure: Measure, function: Any
) -> Iterator[Candidate]:
    """The function once too often or too rarely on the expected side."""
    if _like_probabilities(expected):
        yield Candidate(
            f"{name} applied",
            f"{Side.EXPECTED} is {name} of {Side.ACTUAL_ONE}",
            f"one side ends before its {name}, the other after: compare both before, or add a "
            f"{name}Layer at the end here.",
            function(actual),
            expected,
            measure=measure.at_least(1),
        )
    if _like_probabilities(actual):
        yield Candidate(
            f"{name} missing",
            f"{Side.ACTUAL} is {name} of {Side.EXPECTED_ONE}",
            f"the other side lacks the {name} at the end: apply it there (losses such as torch's "
            "cross_entropy include it, so that models often end before it).",
            actual,
            function(expected),
            measure=measure.at_least(max(1.0, float(np.abs(expected).max()))),
        )


def _like_probabilities(values: Array) -> bool:
    rounding = 1e-5
    return bool(values.min() >= -rounding and values.max() <= 1 + rounding)


# --- rounding ---------------------------------------------------------------------------


def _integers(actual: Array, expected: Array) -> Iterator[Candidate]:
    if np.any(expected != np.rint(expected)) or np.all(actual == np.rint(actual)):
        return
    low, high = float(expected.min()), float(expected.max())
    limits = (max(low, 0.0), min(high, 255.0))
    sides = {"": actual}
    if limits == (low, high):
        sides[" and clipped"] = np.clip(actual, *limits)
    remedy = (
        "it was saved as an integer class such as uint8: save it as single, before any conversion "
        "for display."
    )
    for rank, (clipped, side) in enumerate(sides.items()):
        off = side - expected
        ways = {
            "rounded": np.abs(off) <= 0.5 + 1e-4,  # rounding errors may decide a tie
            "cut": (off * np.sign(side) >= -1e-4) & (np.abs(off) < 1),
        }
        for more, (how, fits) in enumerate(ways.items()):
            name = f"{how} to integers{clipped}"
            said = f"{Side.EXPECTED} is {Side.ACTUAL_ONE} {name}"
            made = np.where(fits, expected, np.nan)
            yield Candidate(name, said, remedy, made, expected, rank=2 * rank + more)


#: Levels of a byte, of 16 bits: an array with no more, all in equal steps, was quantized.
_BYTE, _WORD = 256, 65536
#: How far a value may be from where equal steps have it, in steps.
_OFF = 0.02


def step_of(values: Array, fine: float) -> tuple[float, int]:
    """The equal steps that all values lie on to within ``fine``, and how many; 0 if there are none.

    Fewer than three values say nothing.
    """
    levels = np.unique(values).astype(np.float64)
    levels = levels[np.append(True, np.diff(levels) > fine)]
    if levels.size < 3:
        return 0.0, 0
    gaps = np.diff(levels)
    counts = np.cumsum(np.rint(gaps / gaps.min()))
    step = float((levels[-1] - levels[0]) / counts[-1])
    off = np.abs(levels[1:] - levels[0] - step * counts)
    return (step, int(counts[-1])) if off.max() <= _OFF * step + fine < step / 10 else (0.0, 0)


def _levels(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """All expected values lie in equal steps, and are the values (or those scaled) rounded."""
    if not (np.isfinite(actual).all() and np.isfinite(expected).all()):
        return
    fine = measure.bound * measure.unit / 4
    step, count = step_of(expected, fine)
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    more = (a - e) / (step or 1)
    cut = any((way > -_OFF).all() and (way < 1 + _OFF).all() for way in (more, more * np.sign(a)))
    rounded = np.abs(more).max() <= 0.5 + _OFF
    plain = rounded or cut
    if step == 0 or count > (_WORD if plain or step == 1 else _BYTE):
        return
    if step == 1 and np.abs(np.clip(a, e.min(), e.max()) - e).max() < 1:
        return  # integers: see :func:`_integers`
    inside = (e > e.min()) & (e < e.max())  # the ends may have been clipped to
    if np.count_nonzero(inside) < _FEWEST or np.ptp(a[inside]) == 0:
        return
    slope, shift = np.polyfit(a[inside], e[inside], 1)
    fitted = np.clip(slope * a + shift, e.min(), e.max())
    near = np.abs(fitted - e) <= 0.6 * step  # the fit is one of rounded values
    scaled = "" if plain else f" times {slope:.4g} plus {shift:.4g}"
    yield Candidate(
        "quantized",
        f"{Side.EXPECTED} is {Side.ACTUAL_ONE}{scaled} {'cut' if cut else 'rounded'} to steps of "
        f"{in_steps(step)} "
        f"({count + 1} levels: {'int8, uint8' if count < _BYTE else 'fixed point'})",
        "save it as single, before it is scaled to bytes or quantized.",
        expected if plain else np.where(near, expected, np.nan),
        expected,
        spread=1.0,
    )


def in_steps(step: float) -> str:
    """A step, as a fraction where it is one."""
    parts = round(1 / step)
    return f"1/{parts}" if parts > 1 and abs(parts * step - 1) < 1e-6 else f"{step:.6g}"


def _standardized(y: Array, over: tuple[int, ...], ddof: int = 0) -> Array:
    made = (y - y.mean(over, keepdims=True)) / y.std(over, keepdims=True, ddof=ddof)
    return np.asarray(made)


def _of_range(y: Array, over: tuple[int, ...]) -> Array:
    low = y.min(over, keepdims=True)
    return np.asarray((y - low) / (y.max(over, keepdims=True) - low))


#: What is made of the values that statistics are taken of, and what that is called.
_NORMALIZED: dict[str, Callable[[Array, tuple[int, ...]], Array]] = {
    "minus the mean": lambda y, over: y - y.mean(over, keepdims=True),
    "standardized": _standardized,
    "standardized (n - 1)": partial(_standardized, ddof=1),
    "of length one": lambda y, over: y / np.sqrt(np.square(y).sum(over, keepdims=True)),
    "divided by the largest magnitude": lambda y, over: y / np.abs(y).max(over, keepdims=True),
    "divided by the largest": lambda y, over: y / y.max(over, keepdims=True),
    "divided by the sum": lambda y, over: y / y.sum(over, keepdims=True),
    "scaled to 0..1": _of_range,
    "scaled to -1..1": lambda y, over: 2 * _of_range(y, over) - 1,
}


def _normalized(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """Normalized over some of the dimensions, by its own statistics."""
    if not np.isfinite(actual).all() or not np.isfinite(expected).all():
        return
    y = actual.astype(np.float64)
    long = [axis for axis, n in enumerate(y.shape) if n > 1]
    for count in range(1, len(long)):  # over all, it is a scale and an offset
        for over in combinations(long, count):
            which = ", ".join(str(axis + 1) for axis in over)
            # The first of those that have statistics of their own shows what does not fit.
            first = tuple(slice(None if axis in over else 1) for axis in range(y.ndim))
            for said, function in _NORMALIZED.items():
                with np.errstate(all="ignore"):
                    part = function(y[first], over)
                    own = measure.at_least(float(np.abs(part).max()))
                    if not own.distance(part, expected[first]) <= own.bound:
                        continue
                    made = function(y, over)
                if np.isfinite(made).all():
                    yield Candidate(
                        "normalized by its own statistics",
                        f"{Side.EXPECTED} is {Side.ACTUAL_ONE} {said} over the dimensions {which}",
                        "compare both before or after that normalization.",
                        made,
                        expected,
                        rank=2,
                        measure=measure.at_least(float(np.abs(made).max())),
                    )


def _accumulated(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    for axis, n in enumerate(actual.shape):
        if n < 3:
            continue
        for said, made in (
            ("cumulative sum", np.cumsum(actual, axis, dtype=np.float64)),
            ("difference (the first as it is)", np.diff(actual, axis=axis, prepend=0)),
        ):
            yield Candidate(
                said.partition(" (")[0],
                f"{Side.EXPECTED} is the {said} of {Side.ACTUAL_ONE} along dimension {axis + 1}",
                "compare both before or after that.",
                made,
                expected,
                rank=3,
                measure=measure.at_least(measure.scale * n),
            )


def _precisions(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """All expected values have the few digits of a coarser format, and are off by its rounding."""
    for name in _FORMATS:
        if EPS[name] <= measure.eps or has_digits_of(name, actual):
            continue
        if not has_digits_of(name, expected) or _in_fewer_steps(name, expected):
            continue
        yield Candidate(
            f"{name} precision",
            f"{Side.EXPECTED} was computed or saved in {name} precision",
            f"compute and save it in single precision, or verify with {argument('dtype', name)}.",
            actual,
            expected,
            measure=Measure(EPS[name], float(np.nanmax(np.abs(expected))), measure.bound),
            spread=1.0,
        )


def _in_fewer_steps(name: str, values: Array) -> bool:
    """Whether small values have no more digits after the point than large ones, as none float."""
    some = np.abs(values[np.isfinite(values) & (values != 0)]).astype(np.float64)
    step, _ = step_of(values[np.isfinite(values)], 0.0)
    finer = EPS[name] * 2 ** np.floor(np.log2(some)) < 0.75 * step
    return int(finer.sum()) >= _FEWEST


def decimals(actual: Array, expected: Array) -> Iterator[Candidate]:
    """Written as text with a few digits: all expected values have no more, and are off by that."""
    if not (np.isfinite(actual).all() and np.isfinite(expected).all()):
        return
    wide = expected.astype(np.float64)
    fine = 2 * EPS["single"] * np.abs(wide)  # the text was read in single
    # In single, 0.01 is a little less than that.
    size = np.abs(wide) + fine
    magnitude = np.floor(np.log10(size, where=size != 0, out=np.zeros_like(wide)))
    steps: dict[str, Any] = {f"{n} decimals": 10.0**-n for n in range(1, 7)}
    steps |= {f"{n} significant digits": 10.0 ** (magnitude - n + 1) for n in range(2, 6)}
    for digits, step in steps.items():
        if np.ndim(step) == 0 and fine.max() > step / 4:
            continue
        near = np.abs(actual - wide) <= 0.5 * step + 1e-6 * np.abs(wide)
        if near.all() and np.all(np.abs(wide - np.round(wide / step) * step) <= fine):
            yield Candidate(
                "rounded to decimals",
                f"{Side.EXPECTED} was written with {digits}",
                "write all digits ('%.9g' for single precision), or a binary file.",
                expected,
                expected,
                rank=0,
                spread=1.0,
            )
            return


#: What may have been done to all values, and what that is called.
_DONE: dict[str, Function] = {
    "absolute values": (np.abs, "abs(Y)"),
    "squared": (np.square, "Y.^2"),
    "logarithm": (np.log, "log(Y)"),
    "logarithm of 1 + Y": (np.log1p, "log(1 + Y)"),
    "exponential": (np.exp, "exp(Y)"),
    "square root": (np.sqrt, "sqrt(Y)"),
    "reciprocal": (np.reciprocal, "1./Y"),
    "hyperbolic tangent": (np.tanh, "tanh(Y)"),
    "negative values cut": (lambda y: np.maximum(y, 0), "max(Y, 0)"),
    "larger than 0": (lambda y: np.where(y > 0, 1.0, 0.0), "Y > 0"),
    "complement": (lambda y: 1 - y, "1 - Y"),
    "decibels": (lambda y: 20 * np.log10(np.abs(y)), "20*log10(abs(Y))"),
}


def fitted(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """A function of all values with numbers that the values show."""
    if actual.shape == expected.shape and actual.size >= _FEWEST:
        functions = {**_limits(expected), **_powers(actual, expected)}
        yield from _functions(actual, expected, measure, functions)
        yield from _temperatures(actual, expected, measure)


def _functions(
    actual: Array, expected: Array, measure: Measure, functions: Mapping[str, Function]
) -> Iterator[Candidate]:
    """A function of all values on one side."""
    moves = measure.bound * measure.unit
    some = sample(actual.shape, SAMPLE)
    for name, (function, said) in functions.items():
        ways = [(actual, expected, Side.EXPECTED, Side.ACTUAL_ONE)]
        if name not in ("reciprocal", "complement", "larger than 0", "to a power"):
            ways.append((expected, actual, Side.ACTUAL, Side.EXPECTED_ONE))
        for rank, (of, wanted, side, one) in enumerate(ways, 1):
            made, more = _with_slack(function, of[some], moves)
            near = np.clip(wanted[some], made - more, made + more)
            if not measure.distance(near, wanted[some]) <= measure.bound:
                continue
            made, more = _with_slack(function, of, moves)
            if np.mean(more > _STEEP) < _FEW_STEEP:
                made = np.clip(wanted, made - more, made + more)
            yield Candidate(
                name,
                f"{side} is {said} of {one}",
                "compare the same on both sides, before that or after it.",
                *((made, expected) if of is actual else (actual, made)),
                rank=rank,
            )


def _with_slack(function: Callable[[Array], Array], of: Array, moves: float) -> tuple[Array, Array]:
    """What it makes, and how much more than its own rounding that of its argument moves it."""
    with np.errstate(all="ignore"):
        y = of.astype(np.float64)
        made = function(y)
        # Where the function is steep, rounding of its argument is more than its own.
        more = np.abs(function(y + moves) - function(y - moves)) / 2 - moves
        return made, np.where(np.isfinite(more), more.clip(0), 0)


def _limits(expected: Array) -> dict[str, Function]:
    """Clipped at the limits that several values have, whatever they are."""
    low, high = float(expected.min()), float(expected.max())
    ends = [np.count_nonzero(expected == end) > 1 for end in (low, high)]
    if not any(ends) or low == high:
        return {}
    said = f"max(Y, {low:.6g})" if ends[0] else "Y"
    limits = low if ends[0] else None, high if ends[1] else None
    said = f"min({said}, {high:.6g})" if ends[1] else said
    name = f"clipped to {low:.6g}..{high:.6g}" if all(ends) else "clipped"
    return {name: (lambda y: np.clip(y, *limits), said)}


def _powers(actual: Array, expected: Array) -> dict[str, Function]:
    """A power of the magnitudes (gamma), and a slope of the negative values (leaky ReLU)."""
    a, e = actual.ravel().astype(np.float64), expected.ravel().astype(np.float64)
    found: dict[str, Function] = {}
    both = np.isfinite(a) & np.isfinite(e) & (a != 0) & (e != 0)
    logarithms = np.log(np.abs(a[both])), np.log(np.abs(e[both]))
    if both.sum() >= _FEWEST and np.ptp(logarithms[0]) > 0:
        power, shift = np.polyfit(*logarithms, 1)
        factor, signed = float(np.exp(shift)), bool((e[both] < 0).any())
        times = "" if abs(factor - 1) < 1e-4 else f"{factor:.5g}*"
        sign = "sign(Y).*" if signed else ""

        def raised(y: Array) -> Array:
            result: Array = factor * (np.sign(y) if signed else 1) * np.abs(y) ** power
            return result

        if 0.05 < abs(power) < 20 and abs(power - 1) > 1e-3:
            found["to a power"] = raised, f"{times}{sign}abs(Y).^{power:.5g}"
    below = both & (a < 0)
    slope = float(np.vdot(a[below], e[below]) / np.vdot(a[below], a[below])) if below.any() else 1.0
    if below.sum() >= _FEWEST and (a[both] > 0).any() and abs(slope - 1) > 1e-3:
        said = f"max(Y, 0) + {slope:.6g}*min(Y, 0) (a leaky ReLU)"
        found["negative values scaled"] = lambda y: np.where(y < 0, slope * y, y), said
    return found


def _temperatures(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """A softmax of scores, or of other probabilities, with another temperature."""
    if not (np.isfinite(actual).all() and expected.min() > 0):
        return
    is_likely, scores = actual.min() > 0, actual.astype(np.float64)
    scores, of = (np.log(scores), "log(Y)") if is_likely else (scores, "Y")
    for axis in range(actual.ndim):
        if np.abs(expected.sum(axis) - 1).max() > 1e-3 or actual.shape[axis] < 2:
            continue
        logs = (scores, np.log(expected.astype(np.float64)))
        a, e = (y - y.mean(axis, keepdims=True) for y in logs)
        factor = float(np.vdot(a * expected, e) / np.vdot(a * expected, a))
        if factor > 0:
            said = f"softmax({of}/{1 / factor:.6g}) of {Side.ACTUAL_ONE} (a temperature)"
            yield Candidate(
                "softmax temperature",
                f"{Side.EXPECTED} is {said}",
                "compare both with the same temperature, 1 in MATLAB's softmax.",
                _softmax(factor * scores, axis),
                expected,
                rank=2,
                measure=measure.at_least(1),
            )


def mixed(actual: Array, expected: Array, measure: Measure, axes: Axes) -> Iterator[Candidate]:
    """Each channel times a number of its own, plus another; or a sum of all channels."""
    if not (np.isfinite(actual).all() and np.isfinite(expected).all()):
        return
    for axis, label in enumerate(axes.labels):
        if label not in "CU" or actual.ndim != expected.ndim:
            continue
        a, e = (np.moveaxis(y, axis, 0).reshape(y.shape[axis], -1) for y in (actual, expected))
        if a.shape[1] != e.shape[1] or not 1 < len(a) <= _MOST_MIXED:
            continue
        what = axes.names[axis]
        for said, made in _mixtures(a.astype(np.float64), e.astype(np.float64)):
            shape = (len(e), *np.delete(expected.shape, axis))
            yield Candidate(
                f"{what} {'scaled' if said.startswith(('times', 'plus')) else 'mixed'}",
                f"{Side.EXPECTED} has the {what} of {Side.ACTUAL_ONE} {said}",
                f"compare both before or after that: a number for each of the {what}, such as a "
                "bias, a mean, a deviation or a matrix of colours.",
                np.moveaxis(made.reshape(shape), 0, axis),
                expected,
                rank=3,
                measure=measure.at_least(float(np.abs(made).max())),
            )


def _mixtures(a: Array, e: Array) -> Iterator[tuple[str, Array]]:
    """What is made of the rows of one to give those of the other, in words."""
    numbers = a.shape[1]
    if len(a) == len(e) and numbers >= _FEWEST:
        mean, wanted = a.mean(1), e.mean(1)
        centred = a - mean[:, np.newaxis]
        spread = np.square(centred).sum(1)
        slope = (centred * e).sum(1) / np.where(spread == 0, 1, spread)
        shift = wanted - slope * mean
        yield f"plus {_listed(wanted - mean)}", a + (wanted - mean)[:, np.newaxis]
        factor = (a * e).sum(1) / np.maximum(np.square(a).sum(1), np.finfo(float).tiny)
        yield f"times {_listed(factor)}", a * factor[:, np.newaxis]
        said = f"times {_listed(slope)} plus {_listed(shift)}"
        yield said, a * slope[:, np.newaxis] + shift[:, np.newaxis]
    if numbers >= 4 * (len(a) + 1):
        given = np.vstack([a, np.ones(numbers)])
        matrix = np.linalg.lstsq(given.T, e.T, rcond=None)[0].T
        if order := _order_of(matrix[:, :-1]):
            said = f"in the order {order}" + " (BGR for RGB)" * (order == [3, 2, 1])
            yield f"{said}, plus {_listed(matrix[:, -1])}", matrix @ given
        else:
            rows = "; ".join(_listed(row)[1:-1] for row in matrix[:4, :-1])
            yield f"as sums of all: times the matrix [{rows}]", matrix @ given


def _order_of(matrix: Array) -> list[int]:
    """The rows that the matrix takes, from 1 on; none where it does more than order them."""
    places = matrix.argmax(1)
    is_order = len({*places}) == len(matrix) == matrix.shape[1]
    is_order = is_order and np.allclose(matrix, np.eye(len(matrix))[places], atol=1e-4)
    return [int(place) + 1 for place in places] if is_order else []


def _listed(numbers: Array) -> str:
    """The first of them, those that are 0 but for rounding as 0."""
    small = 1e-5 * np.abs(numbers).max()
    shown = " ".join(f"{0 if abs(number) < small else number:.5g}" for number in numbers[:8])
    return f"[{shown}{' ...' * (len(numbers) > 8)}]"


def functions_of() -> dict[str, Function]:
    """What may be done to all values that move elsewhere as well."""
    found: dict[str, Function] = {
        "sign exchanged": (np.negative, "-Y"),
        "in half precision": (_FORMATS["half"], "half(Y)"),
    }
    for factor in (255, 100, 1000, 10, 2):
        found[f"times {factor}"] = partial(np.multiply, factor), f"{factor}*Y"
        found[f"divided by {factor}"] = partial(np.multiply, 1 / factor), f"Y/{factor}"
    return found | _DONE


def has_digits_of(name: str, values: Array) -> bool:
    """Whether converting to the format of this name changes nothing."""
    return bool(np.array_equal(_FORMATS[name](values), values, equal_nan=True))


def _through(kind: type[np.floating[Any]]) -> Callable[[Array], Array]:

    def convert(values: Array) -> Array:
        with np.errstate(over="ignore"):
            return values.astype(kind).astype(np.float64)

    return convert


def _as_bfloat16(values: Array) -> Array:
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    cut: Array = (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)
    return cut


#: What has bfloat16's few digits may have half's as well.
_FORMATS = {"single": _through(np.float32), "bfloat16": _as_bfloat16, "half": _through(np.float16)}


# --- complex values ---------------------------------------------------------------------

#: What is left of complex values, and what MATLAB calls it.
_PARTS = {"real part only": "real", "imaginary part only": "imag", "magnitude only": "abs"}


def _complex(actual: Array, expected: Array) -> Iterator[Candidate]:
    """Conjugated, or a part of them dropped."""
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
