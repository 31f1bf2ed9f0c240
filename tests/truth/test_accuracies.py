"""Two MNIST classifiers on the 10000 test images.

Expected values: the accuracy in whole percents that their author put into the file name."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import accuracies

pytestmark = pytest.mark.real


def test_the_accuracy_is_that_of_the_file_name() -> None:
    measured = list(accuracies(REAL))
    assert len(measured) == 2
    assert [m for m in measured if not m.holds] == []
