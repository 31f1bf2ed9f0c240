"""A forecasting LSTM.

Expected values: the predictions that MATLAB saved in the file of the network."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import lstm

pytestmark = pytest.mark.real


def test_predictions_agree_with_those_that_matlab_saved() -> None:
    measured = list(lstm(REAL))
    assert len(measured) == 2
    assert [m for m in measured if not m.holds] == []
