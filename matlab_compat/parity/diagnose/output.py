"""What was done to an output: diagnosed from the two arrays alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...arrays import Array
from ..axes import Axes, same_rank
from ..diagnosis_types import Diagnosis
from .measure import Candidate, Measure, Part, explanations
from .moved import moved
from .rearranged import rearrangements
from .values import class_numbers, decimals, fitted, functions_of, mixed, one_sided, value_changes

#: How many diagnoses are reported at most.
MOST = 3


def diagnose_output(
    actual: Array,
    expected: Array,
    measure: Measure,
    where: str = "Y",
    labels: str = "",
    part: Part | None = None,
    *,
    early: bool = False,
) -> tuple[Diagnosis, ...]:
    """The mistakes that would turn ``actual`` into ``expected``, the simplest first.

    Both in MATLAB order, with dimensions that ``labels`` ("SSCB", "CTB") names; without it, those
    of images. Empty where nothing fits to within the rounding bound. ``part`` is where everything
    is that differs: looked at alone where nothing fits the whole. ``early`` leaves out what should
    be said only where no layer explains it: several things at once, numbers for each channel.
    """
    actual, expected = same_rank(actual, expected)
    whole = replace(measure, part=None)
    found = _diagnosed(actual, expected, whole, where, labels, early)
    if found or part is None:
        return found
    inside = replace(whole, scale=part.scale)
    found = _diagnosed(part.of(actual), part.of(expected), inside, where, labels, early)
    said = f"in {_named(part, Axes.of(actual.ndim, labels).names[part.axis])} alone, "
    return tuple(replace(one, text=said + one.text) for one in found)


def _named(part: Part, name: str) -> str:
    """``channel 3``, ``channels 3, 5``."""
    numbers = [str(i + 1) for i in part.indices]
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"{name.removesuffix('s') if len(numbers) == 1 else name} {', '.join(numbers[:5])}{more}"


def _diagnosed(
    actual: Array, expected: Array, measure: Measure, where: str, labels: str, early: bool
) -> tuple[Diagnosis, ...]:
    before = measure.distance(actual, expected)
    if before <= measure.bound:
        # Only elements of a small magnitude of their own differ, which shows digits cut off.
        if actual.shape != expected.shape or np.iscomplexobj(actual - expected):
            return ()
        closer = replace(measure, bound=before / 2)
        return ranked([*explanations(decimals(actual, expected), closer, before, where)])
    found = [
        *explanations(_likely(actual, expected, measure, labels), measure, before, where),
        *explanations(one_sided(actual, expected), measure, before, where),
        *class_numbers(actual, expected, measure, where, labels),
    ]
    if not (found or early):
        found += explanations(_unlikely(actual, expected, measure, labels), measure, before, where)
    return ranked(found)


def changes(actual: Array, expected: Array, measure: Measure, labels: str) -> Iterator[Candidate]:
    """All that may have been done to an array."""
    yield from _likely(actual, expected, measure, labels)
    yield from _unlikely(actual, expected, measure, labels)


def _likely(actual: Array, expected: Array, measure: Measure, labels: str) -> Iterator[Candidate]:
    yield from rearrangements(actual, expected, measure, labels)
    yield from value_changes(actual, expected, measure)


def _unlikely(actual: Array, expected: Array, measure: Measure, labels: str) -> Iterator[Candidate]:
    if np.iscomplexobj(actual) or np.iscomplexobj(expected):
        return
    axes = Axes.of(actual.ndim, labels)
    yield from fitted(actual, expected, measure)
    yield from moved(actual, expected, measure, axes, functions_of())
    yield from mixed(actual, expected, measure, axes)


def ranked(found: list[tuple[int, Diagnosis]]) -> tuple[Diagnosis, ...]:
    """The likeliest: all have come down to rounding, where less is not better.

    Each explains everything, so that a less likely one adds nothing: a flip is another order, too.
    """
    least = min((rank for rank, _ in found), default=0)
    distinct: dict[str, Diagnosis] = {}
    for rank, diagnosis in found:
        if rank == least:
            distinct.setdefault(diagnosis.name, diagnosis)
    return tuple(distinct.values())[:MOST]
