"""No right way of computing a real network is outside the bound of any element.

Expected values: the same networks by other kernels, in other orders of summation and by ONNX
Runtime, all in single; none of them knows of the bound.
"""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.roundings import rounded

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_other_roundings_are_within_the_bound_of_every_element_of_every_network() -> None:
    table = list(rounded(REAL))
    assert len(table) > 40
    assert sum("ONNX Runtime" in row.ways for row in table) > 25
    outside = {(row.where, way) for row in table for way, (n, _) in row.ways.items() if n}
    assert outside == set()
    assert sum(row.elements for row in table) > 500_000
