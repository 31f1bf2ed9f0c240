"""Parts of a page for notebooks, which show what ``_repr_html_`` gives in a page of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from ..display import counted
from .markup import PALETTE, Markup, element, table, themed

#: A notebook keeps all that it shows: of longer tables it gets so many rows.
MOST_ROWS = 100

# Other colours and fonts are the notebook's own.
_STYLE = (
    themed(".matlab-compat", {name: PALETTE[name] for name in ("good", "bad", "bar")})
    + """
.matlab-compat { overflow-x: auto; max-width: 100%; }
.matlab-compat table { border-collapse: collapse; margin: .3em 0; }
.matlab-compat :is(th, td) { text-align: left; vertical-align: top;
  padding: .15em .8em .15em 0; }
.matlab-compat th { white-space: nowrap; }
.matlab-compat summary { cursor: pointer; }
.matlab-compat .pane { max-height: 32em; overflow: auto; }
.matlab-compat .bar { fill: var(--bar); }
.matlab-compat .good { color: var(--good); }
.matlab-compat .bad { color: var(--bad); font-weight: 700; }
"""
)


def fragment(heading: str, *parts: str, style: str = "") -> str:
    """A part of a notebook's page, with a heading."""
    styles = element("style", Markup(_STYLE + style))
    return element(
        "div", styles, element("p", element("b", heading)), *parts, class_="matlab-compat"
    )


def rows_of(head: Sequence[str], rows: Iterable[Sequence[str]], count: int) -> list[Markup]:
    """The first of ``count`` rows as a table, and how many there are besides."""
    shown = [list(row) for row in islice(rows, MOST_ROWS)]
    left_out = count - len(shown)
    more = [element("p", f"... and {counted(left_out, 'more row')}.")] if left_out > 0 else []
    return [table(list(head), shown), *more]


def listing(heading: str, head: Sequence[str], rows: Iterable[Sequence[str]], count: int) -> str:
    """:func:`rows_of` under a heading."""
    return fragment(heading, *rows_of(head, rows, count))
