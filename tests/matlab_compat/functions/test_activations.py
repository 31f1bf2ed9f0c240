"""``relu``, ``leakyrelu``, ``gelu``, ``sigmoid``, ``softmax``.

Expected values: the formulas of the documentation pages in float64 numpy, with math's erf.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.errors import PropertyError

from ..filter_reference import normal

X = normal(3, 4, 5, 2, dtype=np.float64)


def test_relu() -> None:
    np.testing.assert_array_equal(mc.relu(X), np.maximum(X, 0))


@pytest.mark.parametrize("scale", [None, 0.2, 1.5])
def test_leakyrelu(scale: float | None) -> None:
    given = () if scale is None else (scale,)
    expected = np.where(X > 0, X, X * (0.01 if scale is None else scale))
    np.testing.assert_allclose(mc.leakyrelu(X, *given), expected, rtol=1e-15)


def test_gelu() -> None:
    expected = X / 2 * (1 + np.vectorize(math.erf)(X / np.sqrt(2)))
    np.testing.assert_allclose(mc.gelu(X), expected, rtol=1e-12, atol=1e-15)
    rough = X / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X**3)))
    np.testing.assert_allclose(mc.gelu(X, "Approximation", "tanh"), rough, rtol=1e-12, atol=1e-15)


def test_sigmoid() -> None:
    np.testing.assert_allclose(mc.sigmoid(X), 1 / (1 + np.exp(-X)), rtol=1e-14)


@pytest.mark.parametrize(("labels", "axis"), [("SSCB", 2), ("CSSB", 0), ("SSBC", 3), ("UCBT", 1)])
def test_softmax_is_over_the_channels(labels: str, axis: int) -> None:
    expected = np.exp(X) / np.exp(X).sum(axis, keepdims=True)
    np.testing.assert_allclose(mc.softmax(X, DataFormat=labels), expected, rtol=1e-13)


def test_values_that_MATLAB_refuses() -> None:
    with pytest.raises(PropertyError, match="Approximation must be one of 'none', 'tanh'"):
        mc.gelu(X, Approximation="erf")
    with pytest.raises(PropertyError, match="scaleFactor must be a real scalar"):
        mc.leakyrelu(X, [1, 2])
