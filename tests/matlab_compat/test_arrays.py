"""Arrays of numpy. Expected values: ``np.isfinite`` of each element, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from matlab_compat import arrays


@pytest.mark.parametrize("count", [arrays.FEW // 2, 2 * arrays.FEW])
def test_whether_inputs_are_finite_is_found_without_a_warning(count: int) -> None:
    x = np.ones(count, np.float32)
    assert arrays.is_finite(x)
    x[:3] = 3e38  # their sum and squares overflow: warnings are errors here
    arrays.is_finite(x)
    for value in (np.nan, np.inf, -np.inf):
        x[count // 3] = value
        assert not arrays.is_finite(x)
    x[0] = -value
    assert not arrays.is_finite(x)
