"""Parameters and inputs of fewer digits, levels or colours, and those that share a factor.

Expected values: the layer's definition in numpy, in double.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.arrays import Array
from matlab_compat.parity.network import verify_network

RANDOM = np.random.default_rng(17)
X = RANDOM.uniform(20, 200, (4, 3, 3, 4)).astype("f4")
MEAN, SCALE, OFFSET = (RANDOM.normal(size=(1, 1, 3)).astype("f4") for _ in range(3))
VARIANCE = RANDOM.uniform(0.5, 2, (1, 1, 3)).astype("f4")
FEATURES = RANDOM.normal(size=(6, 12)).astype("f4")
WEIGHTS = RANDOM.normal(size=(5, 6)).astype("f4")


def said(layer: Any, data: Array, wrong: Array) -> str:
    labels = "CB" if data.ndim == 2 else "SSCB"
    report = verify_network(layer, [data], {"Y": wrong.astype("f4")}, data_format=labels)
    return report.diagnoses[0].text


@pytest.mark.parametrize(
    ("factor", "kind", "text"),
    [(0.9, "f4", "TrainedMean, TrainedVariance times"), (1, "f2", "Scale rounded to half")],
)
def test_batch_normalization(factor: float, kind: str, text: str) -> None:
    mean, variance, scale, offset = (
        one.astype("f8")[..., None]
        for one in (factor * MEAN, factor * VARIANCE, SCALE.astype(kind), OFFSET.astype(kind))
    )
    layer = mc.batchNormalizationLayer(
        TrainedMean=MEAN, TrainedVariance=VARIANCE, Scale=SCALE, Offset=OFFSET
    )
    x = X / 100
    assert text in said(layer, x, scale * (x - mean) / np.sqrt(variance + 1e-5) + offset)


@pytest.mark.parametrize(("levels", "text"), [(7, "rounded to int4"), (15, "rounded to steps of")])
def test_weights_of_few_levels(levels: int, text: str) -> None:
    step = np.abs(WEIGHTS).max().astype("f8") / levels
    layer = mc.fullyConnectedLayer(5, Weights=WEIGHTS, Bias=np.zeros((5, 1), "f4"))
    assert text in said(layer, FEATURES, np.round(WEIGHTS / step) * step @ FEATURES)


@pytest.mark.parametrize(
    ("first", "text"), [(True, "[Bias Weights] read"), (False, "[Weights Bias] read")]
)
def test_one_matrix_of_weights_and_bias_read_from_the_other_end(first: bool, text: str) -> None:
    bias = RANDOM.normal(size=(5, 1)).astype("f4")
    layer = mc.fullyConnectedLayer(5, Weights=WEIGHTS, Bias=bias)
    both = np.hstack([bias, WEIGHTS] if first else [WEIGHTS, bias]).astype("f8")
    weights, offset = (both[:, :-1], both[:, -1:]) if first else (both[:, 1:], both[:, :1])
    assert text in said(layer, FEATURES, weights @ FEATURES + offset)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("as if rounded to fewer digits", lambda w: _cut(w, 6)),
        ("another training", lambda w: w + 0.05 * RANDOM.normal(size=w.shape)),
    ],
)
def test_other_weights_that_are_solved_for(text: str, change: Any) -> None:
    layer = mc.fullyConnectedLayer(5, Weights=WEIGHTS, Bias=np.ones((5, 1), "f4"))
    assert text in said(layer, FEATURES, change(WEIGHTS.astype("f8")) @ FEATURES + 1)


def _cut(values: Array, bits: int) -> Array:
    """The first bits of each number, the others zero."""
    digits, power = np.frexp(values)
    result: Array = np.ldexp(np.trunc(digits * 2**bits) / 2**bits, power)
    return result


def _grey(x: Array) -> Array:
    result: Array = np.einsum("hwcn,c->hwn", x, [0.299, 0.587, 0.114])[:, :, None]
    return result


def _in_16_levels(x: Array) -> Array:
    step = (np.ptp(x) / 15).astype("f8")
    result: Array = np.round((x - x.min()) / step) * step + x.min()
    return result


def _smooth(x: Array) -> Array:
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0), (0, 0)), mode="edge")
    parts = [padded[i : i + 4, j : j + 3] for i in range(3) for j in range(3)]
    result: Array = np.mean(parts, 0)
    return result


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_grey, "luma of OpenCV"),
        (_in_16_levels, "rounded to 16 levels"),
        (_smooth, "smoothed: [0.3333"),
    ],
)
def test_inputs(change: Any, text: str) -> None:
    layer = mc.imageInputLayer((4, 3, 3), Normalization="zerocenter", Mean=MEAN)
    assert text in said(layer, X, change(X.astype("f8")) - MEAN[..., None])


def test_a_range_divided_by_its_end() -> None:
    low, high = (RANDOM.uniform(n, n + 20, (1, 1, 3)).astype("f4") for n in (10, 200))
    layer = mc.imageInputLayer((4, 3, 3), Normalization="rescale-zero-one", Min=low, Max=high)
    assert "divided by Max instead of Max - Min" in said(
        layer, X, (X - low[..., None]) / high[..., None]
    )
