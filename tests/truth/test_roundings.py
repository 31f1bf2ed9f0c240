"""No right way of computing a real network is outside the bound of any element.

Expected values: the same networks by other kernels and in other orders of summation, all in single;
none of them knows of the bound. ``tests/converters/formats/test_real.py`` has them by ONNX Runtime,
``python -m benchmarks.rounding`` all in one table.
"""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.roundings import WAYS, rounded

pytestmark = pytest.mark.real

FOLDERS = sorted(path.name for path in REAL.iterdir() if path.is_dir()) if REAL.is_dir() else []


#: Rows and columns: every layer has filters inside and at the edges, and adds up as many products.
LARGEST = 64


@pytest.mark.parametrize("folder", FOLDERS)
def test_other_roundings_are_within_the_bound_of_every_element(folder: str) -> None:
    ways = [way for way in WAYS if way != "ONNX Runtime"]
    table = list(rounded(REAL / folder, ways, LARGEST))
    if not table:
        pytest.skip("it has no trained network that gives numbers for random ones")
    assert all(len(row.ways) == len(WAYS) - 1 for row in table)
    outside = [(row.where, way) for row in table for way, (n, _) in row.ways.items() if n]
    assert outside == []
