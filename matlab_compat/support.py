"""Which layers are supported: one table, from the registry."""

from __future__ import annotations

import inspect
import re

from .layers import registered
from .table import Table


def support_table() -> Table:
    """Class, Constructor, SavedVersions (seen in real files) and Notes of every layer."""
    rows = []
    for name, layer in registered().items():
        first = (inspect.getdoc(layer) or "").partition("\n")[0]
        notes = re.sub(r":\w+:`~?([^`]*)`", r"\1", first)  # without cross-references
        rows.append((name, layer.constructor, layer.versions, notes))
    return Table.from_rows(("Class", "Constructor", "SavedVersions", "Notes"), rows)
