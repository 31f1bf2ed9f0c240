"""A report as a part of a notebook, from its ``matlab_compat.verify/1`` document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...pages import diagram, notebook
from ...pages.diagram import Diagram
from ...pages.markup import Markup, element, preformatted
from . import text


def report_html(document: Mapping[str, Any], name: str, pictures: Sequence[Diagram]) -> str:
    """Verdict, diagnoses, the table of what was compared, and the networks."""
    compared = [*document["activations"], *document["outputs"]]
    rows = ([one["name"], mark(one["verdict"]), *text.cells(one)] for one in compared)
    head = ("", "verdict", "size", "scaled error", "max abs", "outside")
    said = [text.diagnosis(one) for one in document["diagnoses"]]
    said += [*text.unexplained(document), *map(text.warning, document["warnings"])]
    return notebook.fragment(
        text.verdict(document, name),
        *map(preformatted, said),
        *notebook.rows_of(head, rows, len(compared)),
        *(drawn.pane() for drawn in pictures),
        style=diagram.STYLE,
    )


def mark(verdict: str) -> Markup:
    """A verdict, in colour."""
    if verdict == "equal":
        return element("span", "✓ equal", class_="good")
    return element("span", "✗ different", class_="bad")
