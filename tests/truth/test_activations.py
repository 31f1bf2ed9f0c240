"""The layers of a small network on a digit.

Expected values: the activations that MATLAB itself computed, printed layer by layer by the
network's author."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import activations

pytestmark = pytest.mark.real


def test_every_layer_gives_the_activations_that_matlab_printed() -> None:
    measured = list(activations(REAL))
    assert len(measured) == 6
    assert [m for m in measured if not m.holds] == []
