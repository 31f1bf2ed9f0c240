"""A report as one HTML page that needs nothing else: no network, no scripts, no other files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matlab_compat.display import TIMES, size_text

from ...pages.markup import Markup, element, joined, table
from ..compare import Comparison
from . import drawings, text
from .shown import most_telling, worst_slice

if TYPE_CHECKING:
    from ..report import Report

#: So many comparisons are shown with images and diagrams; the tables list them all.
_MOST_SHOWN = 8

# No-one but the page itself may supply anything, whatever a name in a file may try.
_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
"""

_STYLE = """
:root { color-scheme: light dark; --text: #1c2024; --quiet: #5c6570; --back: #fff; --box: #f5f7f9;
  --line: #cfd6dd; --good: #17683a; --bad: #a8201a; --bar: #3b6ea5; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --quiet: #a2abb5; --back: #15181b;
  --box: #1e2226; --line: #3c444c; --good: #6fcf97; --bad: #ff8a80; --bar: #7fb0e6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 1.5rem; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .4rem 0; } .quiet, figcaption { color: var(--quiet); }
code, td { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .9em; }
.verdict { border: 2px solid var(--good); border-left-width: .9rem; border-radius: 6px;
  padding: .8rem 1rem; background: var(--box); }
.verdict.different { border-color: var(--bad); border-style: dashed; border-left-style: solid; }
.equal h1, .good { color: var(--good); } .different h1, .bad { color: var(--bad); }
.bad { font-weight: 700; }
.diagnosis { border-left: 4px solid var(--bar); background: var(--box); padding: .5rem 1rem;
  margin: .6rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .3rem 0; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: normal; }
th[scope=row] { font-weight: 500; white-space: nowrap; }
.figures th[scope=row] { color: var(--quiet); }
.pictures { display: flex; flex-wrap: wrap; gap: 1.2rem 2rem; margin: .6rem 0; }
.diagrams { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 31rem));
  gap: 1.2rem; }
figure { margin: 0; } figcaption { font-size: .85rem; margin-top: .2rem; max-width: 20rem; }
figcaption b { display: block; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
svg text { font: 11px system-ui, sans-serif; fill: var(--text); }
.image image { image-rendering: pixelated; } .nothing { fill: url(#stripes); }
.halo, .mark { fill: none; vector-effect: non-scaling-stroke; }
.halo { stroke: #000; stroke-width: 4; } .mark { stroke: #fff; stroke-width: 2; }
.axis { stroke: var(--text); } .grid { stroke: var(--line); stroke-width: .7; }
.bar { fill: var(--bar); } .path { fill: none; stroke: var(--bar); }
.bound { stroke: var(--text); stroke-dasharray: 6 4; }
.inside { fill: none; stroke: var(--bar); } .outside { fill: none; stroke: var(--bad);
  stroke-width: 1.8; }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
"""


def html_page(report: Report, name: str) -> str:
    """The page about ``name``, such as a file, as text to be written in UTF-8.

    Images and diagrams are of reports made inside :func:`~matlab_compat.parity.keeping_arrays`.
    """
    document = report.to_json()
    title = f"{report.verdict}: {name}"
    facts = [[name, value] for name, value in report.environment.items()]
    body = element(
        "body",
        _verdict(report, name),
        *_warnings(document["warnings"]),
        *_diagnoses(document.get("diagnoses", [])),
        *(element("p", known) for known in text.unexplained(document)),
        *_network(report.activations),
        *(_section(one) for one in most_telling(report, _MOST_SHOWN)),
        *_all_outputs(report),
        *_side_by_side(document["side_by_side"]),
        element("section", element("h2", "Environment"), table([], facts, "figures")),
    )
    style = element("style", Markup(_STYLE))
    return _HEAD + joined(element("title", title), style, Markup("</head>"), body) + "</html>\n"


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
        where = where if one.get("certain", True) else ["may be: ", *where]
        facts = [list(pair) for pair in text.about(one)]
        more = [table([], facts, "figures")] if facts else []
        boxes.append(_box(where, one, *more, element("p", residual, class_="quiet")))
    return [element("h2", "What was done differently"), *boxes] if boxes else []


def _box(where: Sequence[str], one: dict[str, Any], *more: Markup) -> Markup:
    said, remedy = element("b", one["text"]), f"Remedy: {one['remedy']}"
    return element(
        "div", element("p", *where, said), *more, element("p", remedy), class_="diagnosis"
    )


def _network(activations: Sequence[Comparison]) -> list[Markup]:
    if not activations:
        return []
    rows = [[f"{i}", *_row(layer)] for i, layer in enumerate(activations, 1)]
    listed = table(["", *_COLUMNS], rows)
    chart = element("figure", element("div", drawings.layers(activations), class_="wide"))
    more = element("details", element("summary", "All layers"), listed)
    return [element("h2", "Along the network"), chart, more]


_COLUMNS = ["name", "verdict", "size", "scaled error", "max abs", "outside"]


def _row(one: Comparison) -> list[str]:
    return [one.name, _mark(one), *text.cells(one.to_json())]


def _mark(one: Comparison) -> Markup:
    if one.verdict == "equal":
        return element("span", "✓ equal", class_="good")
    return element("span", "✗ different", class_="bad")


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
        element("h2", one.name, " ", _mark(one)),
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
