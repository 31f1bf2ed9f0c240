"""A report as one HTML page that needs nothing else: no network, no scripts, no other files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.display import TIMES, size_text

from ...arrays import Array
from ...pages import diagram
from ...pages.markup import Markup, element, table
from ...pages.page import page
from ..compare import Arrays, Comparison
from . import drawings, text
from .notebook import mark
from .shown import Slice, most_telling, worst_slice

if TYPE_CHECKING:
    from ..report import Report

#: How many comparisons are shown with images and diagrams; the tables list them all.
_MOST_SHOWN = 8

_STYLE = """
.verdict { border: 2px solid var(--good); border-left-width: .9rem; border-radius: 6px;
  padding: .8rem 1rem; background: var(--box); }
.verdict.different { border-color: var(--bad); border-style: dashed; border-left-style: solid; }
.equal h1 { color: var(--good); } .different h1 { color: var(--bad); }
.diagnosis { border-left: 4px solid var(--bar); background: var(--box); padding: .5rem 1rem;
  margin: .6rem 0; }
.pictures { display: flex; flex-wrap: wrap; gap: 1.2rem 1.5rem; margin: .6rem 0; }
.pictures figcaption { max-width: 15rem; }
.diagrams { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
  gap: 1.2rem 2rem; }
.along { display: grid; gap: 1rem 1.5rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 60rem) { .along { grid-template-columns: fit-content(45%) minmax(0, 1fr);
  align-items: start; } }
.along > * { min-width: 0; } .along h2:first-child { margin-top: 1rem; }
svg:not(.diagram) text { font: 11px system-ui, sans-serif; fill: var(--text); }
.image image { image-rendering: pixelated; } .nothing { fill: url(#stripes); }
.halo, .mark { fill: none; vector-effect: non-scaling-stroke; }
.halo { stroke: #000; stroke-width: 4; } .mark { stroke: #fff; stroke-width: 2; }
.axis { stroke: var(--text); } .grid { stroke: var(--line); stroke-width: .7; }
.path { fill: none; stroke: var(--bar); }
.bound { stroke: var(--text); stroke-dasharray: 6 4; }
.inside { fill: none; stroke: var(--bar); } .outside { fill: none; stroke: var(--bad);
  stroke-width: 1.8; }
"""


def html_page(report: Report, name: str) -> str:
    """The page about ``name``, such as a file, as text to be written in UTF-8.

    Images and diagrams are of reports made inside :func:`~matlab_compat.parity.keeping_arrays`.
    """
    document = report.to_json()
    title = f"{report.verdict}: {name}"
    facts = [[name, value] for name, value in report.environment.items()]
    return page(
        title,
        _verdict(report, name),
        *_warnings(document["warnings"]),
        *_diagnoses(document.get("diagnoses", [])),
        *_before_after(report),
        *_unexplained(report.unexplained),
        *_network(report, [_section(one) for one in most_telling(report, _MOST_SHOWN)]),
        *_all_outputs(report),
        *_side_by_side(document["side_by_side"]),
        element("section", element("h2", "Environment"), table([], facts, "figures")),
        style=diagram.STYLE + _STYLE,
    )


def _verdict(report: Report, name: str) -> Markup:
    mark = "✓ Equal" if report.verdict == "equal" else "✗ Different"
    mark += text.worth({"warnings": report.warnings})
    count = len(report.compared)
    good = sum(one.verdict == "equal" for one in report.compared)
    said = [element("p", f"{good} of {count} comparisons are within their bound.")]
    if report.first_difference is not None:
        first = element("code", report.first_difference)
        said.append(element("p", "The first layer that differs is ", first, "."))
    heading = element("h1", mark)
    file = element("p", element("code", name))
    return element("header", heading, file, *said, class_=f"verdict {report.verdict}")


def _warnings(unseen: Sequence[dict[str, Any]]) -> list[Markup]:
    boxes = [_box([], one) for one in unseen]
    return [element("h2", "What this comparison cannot show"), *boxes] if boxes else []


def _diagnoses(found: Sequence[dict[str, Any]]) -> list[Markup]:
    boxes = []
    for one in found:
        where = [element("code", one["where"]), ": "] if one["where"] else []
        residual = f"What then remains: scaled error {text.figure(one['residual'])}."
        where = [f"{text.looks(one)}: ", *where]
        facts = [list(pair) for pair in text.about(one)]
        more = [table([], facts, "figures")] if facts else []
        boxes.append(_box(where, one, *more, element("p", residual, class_="quiet")))
    return [element("h2", "What was done differently"), *boxes] if boxes else []


def _unexplained(known: str) -> list[Markup]:
    if not known:
        return []
    said = element("p", element("b", "No known mistake explains the difference."))
    return [element("div", said, element("p", known), class_="diagnosis")]


def _box(where: Sequence[str], one: dict[str, Any], *more: Markup) -> Markup:
    said, remedy = element("b", one["text"]), f"Remedy: {one['remedy']}"
    return element(
        "div", element("p", *where, said), *more, element("p", remedy), class_="diagnosis"
    )


def _network(report: Report, sections: list[Markup]) -> list[Markup]:
    """The networks with the error along them, and the errors of all layers in their order.

    Beside a network of whose layers nothing is known stand the ``sections``, else below it.
    """
    panes = [element("figure", drawn.pane(), class_="network") for drawn in report.pictures]
    charts = []
    if report.activations:
        chart = element("div", drawings.layers(report.activations), class_="wide")
        rows = [[f"{i}", *_row(layer)] for i, layer in enumerate(report.activations, 1)]
        listed = table(["", *_COLUMNS], rows)
        more = element("details", element("summary", "All layers"), listed)
        charts = [element("figure", chart), more]
    if not panes and not charts:
        return sections
    heading = element("h2", "Along the network")
    beside, below = (charts, sections) if charts else (sections, [])
    parts = element("div", heading, *panes), element("div", *beside)
    return [element("div", *parts, class_="along"), *below]


_COLUMNS = ["name", "verdict", "size", "scaled error", "max abs", "outside"]


def _row(one: Comparison) -> list[str]:
    return [one.name, mark(one.verdict), *text.cells(one.to_json())]


def _all_outputs(report: Report) -> list[Markup]:
    if len(report.outputs) <= _MOST_SHOWN:
        return []
    rows = [_row(output) for output in report.outputs]
    return [element("h2", "All outputs"), table(_COLUMNS, rows)]


def _section(one: Comparison) -> Markup:
    size = element("code", f"{size_text(one.shape)} {one.dtype}")
    figures = table([], [[label, value] for label, value in text.figures(one.to_json())], "figures")
    return element(
        "section",
        element("h2", one.name, " ", mark(one.verdict)),
        element("p", size, f": {one.reason}."),
        figures,
        *_pictures(one),
        *_diagrams(one),
    )


def _pictures(one: Comparison) -> list[Markup]:
    images = drawings.images(one)
    found = worst_slice(one)
    if found is None:
        return []
    said = "The worst element is framed."
    if one.nan_actual + one.nan_expected + one.inf_actual + one.inf_expected:
        said += " NaN and Inf are striped."
    if found.step > 1:
        said += f" A pixel stands for {found.step}{TIMES}{found.step} elements."
    heading = element("h3", "The slice with the worst element: ", element("code", found.name))
    note = element("p", said, class_="quiet")
    return [heading, element("div", *images, class_="pictures"), note]


def _diagrams(one: Comparison) -> list[Markup]:
    if one.arrays is None or one.arrays.violation is None:
        return []
    diagrams = [("How large the differences are", drawings.histogram(one.arrays))]
    if (points := drawings.scatter(one.arrays)) is not None:
        diagrams.append(("Difference against magnitude (× is outside the bound)", points))
    drawn = [element("figure", element("h3", title), drawing) for title, drawing in diagrams]
    return [element("div", *drawn, class_="diagrams")]


def _side_by_side(distances: Sequence[dict[str, Any]]) -> list[Markup]:
    tables = [
        element("figure", element("h3", output), table(["", *columns], rows))
        for output, columns, rows in text.grids(distances)
    ]
    if not tables:
        return []
    said = "Largest difference of every two results, and in brackets the scaled error."
    return [element("h2", "Side by side"), element("p", said, class_="quiet"), *tables]


def _before_after(report: Report) -> list[Markup]:
    """The difference before and after a diagnosis is allowed for: heat maps with one scale.

    None where no arrays are kept, or sizes differ.
    """
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


def _differences(compared: Comparison, actual: Array, expected: Array) -> Slice | None:
    """The slice with the element that was worst before."""
    with np.errstate(invalid="ignore"):
        off = np.abs(np.subtract(actual, expected))
    return worst_slice(replace(compared, arrays=Arrays(actual, expected, None, off)))
