"""An LSTM and a biLSTM on 176 sequences each, given as a list at once.

Expected values: ``classify(airCompNet, validationFeatures)``, saved by MATLAB."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import classifications

pytestmark = pytest.mark.real


def test_every_sequence_gets_the_class_that_matlab_gave_it() -> None:
    measured = list(classifications(REAL))
    assert len(measured) == 2
    assert [m for m in measured if not m.holds] == []
