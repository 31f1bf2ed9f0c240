"""A network and the ONNX file that MATLAB R2019a wrote of it.

Expected values: ONNX Runtime's tensors of the same names."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import exported_onnx

pytestmark = pytest.mark.real


def test_every_layer_agrees_with_onnx_runtime() -> None:
    measured = list(exported_onnx(REAL))
    assert len(measured) == 15
    assert [m for m in measured if not m.holds] == []
