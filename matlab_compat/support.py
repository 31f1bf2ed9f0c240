"""Which layers are supported: one table, from the registry."""

from __future__ import annotations

import inspect
import re

from .layers import registered
from .table import Table


def support_table() -> Table:
    """Class, Constructor, SavedVersions (seen in real files) and Notes of every layer."""
    rows = [
        (name, layer.constructor, layer.versions, _first_line(layer))
        for name, layer in registered().items()
    ]
    return Table.from_rows(("Class", "Constructor", "SavedVersions", "Notes"), rows)


def _first_line(layer: type) -> str:
    """The first line of the docstring, without cross-references."""
    line = (inspect.getdoc(layer) or "").partition("\n")[0]
    return re.sub(r":\w+:`~?([^`]*)`", r"\1", line)
