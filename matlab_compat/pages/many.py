"""A page about many files: a table that leads to the page of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from .markup import Markup, element
from .page import page

_STYLE = """
td { white-space: nowrap; } td:last-child { white-space: normal; min-width: 12rem; }
th[scope=row] { white-space: normal; overflow-wrap: anywhere; min-width: min(20rem, 40vw); }
@media screen and (max-width: 40rem) {
  thead { display: none; } tr { display: block; border-bottom: 1px solid var(--line);
    padding: .5rem 0; } tr > * { display: block; border: 0; padding: .1rem 0; }
}
"""


@dataclass(frozen=True)
class Row:
    """One file."""

    name: str
    #: In a word or two: "equal", "unreadable".
    outcome: str
    good: bool
    #: What else there is to say of it.
    said: str
    #: The page about it, as a path from the folder of this page; "" if there is none.
    link: str = ""


def many_page(title: str, rows: Sequence[Row]) -> str:
    """The page, to be written in UTF-8; what is not good comes first."""
    good = sum(row.good for row in rows)
    listed = [_row(row) for row in sorted(rows, key=lambda row: row.good)]
    head = element("tr", *(element("th", name, scope="col") for name in ("Outcome", "File", "")))
    parts = element("thead", head), element("tbody", *listed)
    return page(
        title,
        element("h1", title),
        element("p", f"{good} of {len(rows)} ok", class_="good" if good == len(rows) else "bad"),
        element("div", element("table", *parts), class_="wide"),
        style=_STYLE,
    )


def _row(row: Row) -> Markup:
    name = element("a", row.name, href=quote(row.link)) if row.link else element("span", row.name)
    mark = "✓" if row.good else "✗"
    outcome = element("span", f"{mark} {row.outcome}", class_="good" if row.good else "bad")
    said = element("td", *(element("div", line) for line in row.said.splitlines()))
    return element("tr", element("td", outcome), element("th", name, scope="row"), said)
