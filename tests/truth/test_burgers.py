"""A physics-informed network of tanh layers, trained in a loop of its author's own.

Expected values: the 4,004 predictions that MATLAB saved beside it, on a GPU."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import burgers

pytestmark = pytest.mark.real


def test_predictions_agree_with_those_that_matlab_saved() -> None:
    measured = list(burgers(REAL))
    assert len(measured) == 1
    assert [m for m in measured if not m.holds] == []
