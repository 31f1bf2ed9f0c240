"""What was done to an output: diagnosed from the two arrays alone."""

from __future__ import annotations

import numpy as np

from ...arrays import Array
from ..axes import same_rank
from ..diagnosis_types import Diagnosis
from .complex import complex_changes
from .measure import Measure, explanations
from .rearranged import rearrangements
from .values import class_numbers, one_sided, value_changes

#: As many are reported.
MOST = 3


def diagnose_output(
    actual: Array, expected: Array, measure: Measure, where: str = "Y", labels: str = ""
) -> tuple[Diagnosis, ...]:
    """The mistakes that would turn ``actual`` into ``expected``, the simplest first.

    Both in MATLAB order, with dimensions that ``labels`` ("SSCB", "CTB") names; without it, those
    of images. Empty where nothing fits to within the rounding bound.
    """
    actual, expected = same_rank(actual, expected)
    before = measure.distance(actual, expected)
    if before <= measure.bound:
        return ()  # only elements of a small magnitude of their own differ
    is_complex = np.iscomplexobj(actual) or np.iscomplexobj(expected)
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
    distinct = {d.name: (rank, d) for rank, d in sorted(found, key=lambda pair: -pair[0])}
    best = sorted(distinct.values(), key=lambda pair: (pair[0], pair[1].residual))
    return tuple(diagnosis for _, diagnosis in best[:MOST])
