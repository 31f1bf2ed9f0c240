"""The difference before and after a diagnosis is allowed for, for the HTML page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...arrays import Array
from ...pages.markup import Markup, element
from ..compare import Arrays, Comparison
from ..report import Report
from . import drawings, shown


def pictures(report: Report) -> list[Markup]:
    """Two heat maps with one scale; none where no arrays are kept, or sizes differ."""
    compared = next((c for c in report.compared if c.verdict == "different"), None)
    sides = report.diagnoses[0].sides if report.diagnoses else None
    if compared is None or compared.arrays is None or sides is None:
        return []
    before = compared.arrays.actual, compared.arrays.expected
    if not before[0].shape == before[1].shape == sides[0].shape == sides[1].shape:
        return []
    parts = [_differences(compared, *both) for both in (before, sides)]
    if None in parts:
        return []
    titles = ("Difference before", "once the mistake is allowed for")
    drawn = drawings.heat_maps(titles, [part for part in parts if part is not None])
    return [
        element("h3", "What the diagnosis explains"),
        element("div", *drawn, class_="pictures"),
    ]


def _differences(compared: Comparison, actual: Array, expected: Array) -> shown.Slice | None:
    """The slice with the element that was worst before."""
    with np.errstate(invalid="ignore"):
        off = np.abs(np.subtract(actual, expected))
    return shown.worst_slice(replace(compared, arrays=Arrays(actual, expected, None, off)))
