"""The small table: rows, columns, and MATLAB's way to print one.

Expected values: written by hand, as MATLAB prints tables (centred heads over underscores).
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from matlab_compat.errors import UsageError
from matlab_compat.table import Table

TABLE = Table.from_rows(
    ("Layer", "Value"), [("conv", np.zeros((5, 5, 1, 20), np.float32)), ("fc", np.zeros((3, 1)))]
)


def test_rows_and_columns() -> None:
    assert TABLE.shape == (2, 2)
    assert len(TABLE) == 2
    assert TABLE["Layer"] == ["conv", "fc"]
    assert [row[0] for row in TABLE] == ["conv", "fc"]
    with pytest.raises(KeyError):
        TABLE["Nothing"]


def test_a_table_without_rows_keeps_its_columns() -> None:
    assert Table.from_rows(("A", "B", "C"), []).shape == (0, 3)


def test_print() -> None:
    assert str(TABLE).splitlines() == [
        "    Layer          Value",
        "    _____    __________________",
        "    conv     {5×5×1×20 dlarray}",
        "     fc        {3×1 dlarray}",
    ]


def test_without_pandas_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError) as caught:
        Table({"a": [1]}).to_pandas()
    assert caught.value.remedy == "pip install pandas"
