"""A dlnetwork and the weights that MATLAB exported for TensorFlow.

Expected values: the definition of the layers in float64 numpy on the arrays of the .h5 file."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import tensorflow

pytestmark = pytest.mark.real


def test_the_network_agrees_with_the_exported_weights() -> None:
    measured = list(tensorflow(REAL))
    assert len(measured) == 2
    assert [m for m in measured if not m.holds] == []
