"""A network of one output after a 1×1 map, on the data set that it was trained with.

Expected values: the targets stored beside the inputs. A trained network only comes near them, so
what is tested is the correlation and the error that any correct reading of it has (0.99998 and
0.0073, found by others); a wrong order of weights or channels falls far below."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import surrogate

pytestmark = pytest.mark.real


def test_a_network_of_one_output_comes_as_near_its_targets_as_matlab_s() -> None:
    measured = list(surrogate(REAL))
    assert len(measured) == 2
    assert [m for m in measured if not m.holds] == []
