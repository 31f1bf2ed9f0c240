"""A U-Net as three releases of MATLAB saved it, on the real image of 512×512.

Expected values: ONNX Runtime on the ONNX file from which MATLAB imported the weights."""

from __future__ import annotations

import pytest

from tests.real import REAL
from tests.truth.cases import unet

pytestmark = pytest.mark.real


def test_three_releases_agree_with_onnx_runtime_within_1e_6() -> None:
    measured = list(unet(REAL))
    assert len(measured) == 3
    assert [m for m in measured if not m.holds] == []
