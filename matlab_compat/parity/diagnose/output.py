"""What was done to an output: diagnosed from the two arrays alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...arrays import Array
from ..axes import Axes, same_rank
from ..diagnosis_types import Diagnosis
from .complex import complex_changes
from .measure import Measure, Part, explanations
from .rearranged import rearrangements
from .values import class_numbers, decimals, one_sided, value_changes

#: How many diagnoses are reported at most.
MOST = 3


def diagnose_output(
    actual: Array,
    expected: Array,
    measure: Measure,
    where: str = "Y",
    labels: str = "",
    part: Part | None = None,
) -> tuple[Diagnosis, ...]:
    """The mistakes that would turn ``actual`` into ``expected``, the simplest first.

    Both in MATLAB order, with dimensions that ``labels`` ("SSCB", "CTB") names; without it, those
    of images. Empty where nothing fits to within the rounding bound. ``part`` is where everything
    is that differs: looked at alone where nothing fits the whole.
    """
    actual, expected = same_rank(actual, expected)
    whole = replace(measure, part=None)
    found = _diagnosed(actual, expected, whole, where, labels)
    if found or part is None:
        return found
    inside = replace(whole, scale=part.scale)
    found = _diagnosed(part.of(actual), part.of(expected), inside, where, labels)
    said = f"in {_named(part, Axes.of(actual.ndim, labels).names[part.axis])} alone, "
    return tuple(replace(one, text=said + one.text) for one in found)


def _named(part: Part, name: str) -> str:
    """``channel 3``, ``channels 3, 5``."""
    numbers = [str(i + 1) for i in part.indices]
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"{name.removesuffix('s') if len(numbers) == 1 else name} {', '.join(numbers[:5])}{more}"


def _diagnosed(
    actual: Array, expected: Array, measure: Measure, where: str, labels: str
) -> tuple[Diagnosis, ...]:
    """The mistakes that would turn one into the other, of as many dimensions."""
    before = measure.distance(actual, expected)
    is_complex = np.iscomplexobj(actual) or np.iscomplexobj(expected)
    if before <= measure.bound:
        # Only elements of a small magnitude of their own differ, which shows digits cut off.
        if is_complex or actual.shape != expected.shape:
            return ()
        closer = replace(measure, bound=before / 2)
        return ranked([*explanations(decimals(actual, expected), closer, before, where)])
    values = complex_changes if is_complex else value_changes
    found = [
        *explanations(rearrangements(actual, expected, measure, labels), measure, before, where),
        *explanations(values(actual, expected, measure), measure, before, where),
        *explanations(one_sided(actual, expected), measure, before, where),
        *class_numbers(actual, expected, measure, where, labels),
    ]
    return ranked(found)


def ranked(found: list[tuple[int, Diagnosis]]) -> tuple[Diagnosis, ...]:
    """The simplest first: all have come down to rounding, where less is not better."""
    distinct: dict[str, Diagnosis] = {}
    for _, diagnosis in sorted(found, key=lambda pair: pair[0]):
        distinct.setdefault(diagnosis.name, diagnosis)
    return tuple(distinct.values())[:MOST]
