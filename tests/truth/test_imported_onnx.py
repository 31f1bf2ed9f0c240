"""A network of layers that MATLAB's import from ONNX made (``nnet.onnx.layer``).

Expected values: ONNX Runtime on the ONNX file it was imported from."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import imported_onnx

pytestmark = pytest.mark.real


def test_the_network_agrees_with_onnx_runtime() -> None:
    measured = list(imported_onnx(REAL))
    assert len(measured) == 1
    assert [m for m in measured if not m.holds] == []
