"""A small table, as ``net.Learnables`` or ``net.Connections`` are; pandas only on request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .display import counted, size_text
from .errors import UsageError
from .pages.notebook import listing


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length; prints as MATLAB prints a table."""

    columns: dict[str, list[Any]]

    @classmethod
    def from_rows(cls, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
        """The table with these column names and rows."""
        return cls({head: [row[i] for row in rows] for i, head in enumerate(heads)})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(zip(*self.columns.values(), strict=True))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), len(self.columns)

    def to_pandas(self) -> Any:
        """The same table as a ``pandas.DataFrame`` (pandas has to be installed)."""
        try:
            import pandas
        except ModuleNotFoundError:
            raise UsageError("pandas is not installed.", remedy="pip install pandas") from None

        return pandas.DataFrame(self.columns)

    def __str__(self) -> str:
        rows = [[_cell(value) for value in row] for row in self]
        heads = list(self.columns)
        widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(heads))]
        lines = [heads, ["_" * w for w in widths], *rows]
        cells = ([f"{t:^{w}}" for t, w in zip(line, widths, strict=True)] for line in lines)
        return "\n".join(("    " + "    ".join(line)).rstrip() for line in cells)

    def __repr__(self) -> str:
        return f"<Table of {counted(len(self), 'row')}: {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        rows = ([_cell(value) for value in row] for row in self)
        heading = f"{size_text(self.shape)} table"
        return listing(heading, list(self.columns), rows, len(self))


def _cell(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{{{size_text(value.shape)} dlarray}}"
    return str(value)
