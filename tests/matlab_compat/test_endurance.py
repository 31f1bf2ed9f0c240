"""Many random configurations of a transposed convolution against the definition in float64.

Expected values: ``scatter_sum`` of tests/matlab_compat/reference.py. The long run is
``python -m benchmarks.endurance 10000``.
"""

from __future__ import annotations

import numpy as np

from matlab_compat.layers import TransposedConvolution2DLayer
from tests.matlab_compat.reference import EPS, magnitude, scatter_sum


def excess(seed: int) -> float:
    """The largest error of one configuration, in units of the bound (at most 1 is right)."""
    dice = np.random.default_rng(seed)
    dtype = dice.choice(["single", "double"])
    stride = dice.integers(1, 5, 2).tolist()
    size = dice.integers(1, 8, 2).tolist()
    filters, channels = dice.integers(1, 7, 2).tolist()
    batch, height, width = dice.integers(1, 6, 3).tolist()
    full = [(n - 1) * s + k for n, s, k in zip((height, width), stride, size, strict=True)]
    top, left = (int(dice.integers(0, n)) for n in full)
    bottom, right = (int(dice.integers(0, n - a)) for n, a in zip(full, (top, left), strict=True))
    kind = np.float32 if dtype == "single" else np.float64
    scale = 10.0 ** dice.uniform(-6, 6)
    weights = (scale * dice.standard_normal((*size, filters, channels))).astype(kind)
    bias = (scale * dice.standard_normal((1, 1, filters))).astype(kind)
    X = dice.standard_normal((height, width, channels, batch)).astype(kind)
    crop = [top, bottom, left, right]
    sizes = {"FilterSize": size, "NumFilters": filters, "NumChannels": channels, "Stride": stride}
    layer = TransposedConvolution2DLayer(**sizes, CroppingSize=crop, Weights=weights, Bias=bias)
    actual = np.asarray(layer.predict(X, dtype=dtype))
    actual = actual.reshape(*actual.shape, *(1,) * (4 - actual.ndim))
    expected = scatter_sum(X, weights, bias, stride, crop)
    assert actual.shape == expected.shape, seed
    bound = 8 * EPS[str(dtype)] * magnitude(X, weights, bias, stride, crop)
    return float((np.abs(actual.astype(np.float64) - expected) / bound).max())


def test_200_random_configurations_are_within_rounding_of_the_definition() -> None:
    outside = [seed for seed in range(200) if not excess(seed) <= 1]
    assert outside == []
