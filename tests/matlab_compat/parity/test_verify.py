"""Whether a layer computes what was saved.

Expected values: outputs of the float64 sum over pixels (``tests/matlab_compat/reference.py``),
right ones rounded to single as MATLAB saves them, and wrong ones made wrong by hand.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from matlab_compat import TransposedConvolution2DLayer, transposedConv2dLayer
from matlab_compat.errors import DataFormatError, NothingToCompareError, PropertyError
from matlab_compat.parity import Tolerance
from matlab_compat.parity.compare import EPS
from matlab_compat.parity.rule import Rounding

from .. import reference
from ..reference import Array
from .alone import verify_layer

STRIDE, CROP = (2, 2), (0, 1, 0, 1)


def normal(*size: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


W, BIAS, X = normal(3, 3, 4, 16, seed=0), normal(1, 1, 4, seed=1), normal(8, 9, 16, 2, seed=2)


def layer(weights: Array = W, bias: Array = BIAS) -> TransposedConvolution2DLayer:
    return transposedConv2dLayer(
        3, 4, Stride=2, Cropping="same", Weights=weights, Bias=bias, Name="up"
    )


def saved(X: Array = X, bias: Array = BIAS, crop: tuple[int, ...] = CROP) -> Array:
    """What MATLAB would have saved: the definition, in single."""
    return reference.scatter_sum(X, W, bias, STRIDE, crop).astype(np.float32)


@pytest.mark.parametrize("scale", [1, 1e3, 1e-6, 1e20, 1e-20])
def test_the_verdict_does_not_depend_on_the_scale(scale: float) -> None:
    scaled, bias = (X * scale).astype(np.float32), (BIAS * scale).astype(np.float32)
    report = verify_layer(layer(bias=bias), scaled, saved(scaled, bias))
    assert (report.verdict, report.exit_code) == ("equal", 0)
    assert 0 < report.outputs[0].scaled_error < 3

    wrong = saved(scaled, bias)
    wrong[3, 4, 2, 1] *= 1 + 1e-3
    report = verify_layer(layer(bias=bias), scaled, wrong)
    assert (report.verdict, report.exit_code) == ("different", 1)
    assert report.outputs[0].worst is not None
    assert report.outputs[0].worst.index == (3, 4, 2, 1)


def test_cancellation_is_no_difference() -> None:
    """Large terms that cancel leave a remainder whose relative error means nothing."""
    weights, data = W.copy(), X.copy()
    weights[..., 8:], data[:, :, 8:] = -weights[..., :8], data[:, :, :8]
    data[:, :, 0] += 1e-6
    bias = np.zeros((1, 1, 4), np.float32)
    expected = reference.scatter_sum(data, weights, bias, STRIDE, CROP)
    report = verify_layer(layer(weights, bias), data, expected)
    assert report.verdict == "equal"
    assert report.outputs[0].rel_l2 > 1e-3


def test_a_shift_by_one_pixel_is_different_on_the_smoothest_image() -> None:
    y, x = np.mgrid[0:1:64j, 0:1:64j]
    image = (1 + 0.1 * np.sin(y + 2 * x))[:, :, None, None].astype(np.float32)
    kernel = np.full((2, 2, 1, 1), 0.25, np.float32)
    made = transposedConv2dLayer(2, 1, Cropping=[0, 1, 0, 1], Weights=kernel)
    right = reference.scatter_sum(image, kernel, None, (1, 1), (0, 1, 0, 1)).astype(np.float32)
    shifted = reference.scatter_sum(image, kernel, None, (1, 1), (1, 0, 1, 0)).astype(np.float32)
    inner = np.s_[2:-2, 2:-2]
    cosine = float(
        np.vdot(right[inner], shifted[inner])
        / (np.linalg.norm(right[inner]) * np.linalg.norm(shifted[inner]))
    )
    assert cosine > 0.99999  # blind
    assert verify_layer(made, image, right).verdict == "equal"
    assert verify_layer(made, image, shifted).verdict == "different"


@pytest.mark.parametrize(
    "mistake",
    ["odd crop off the top", "flipped", "spatial exchanged", "no bias", "batch exchanged"],
)
def test_the_usual_mistakes_are_different(mistake: str) -> None:
    square = normal(8, 8, 16, 2, seed=2)
    wrong = {
        "odd crop off the top": saved(square, crop=(1, 0, 1, 0)),
        "flipped": reference.scatter_sum(square, W[::-1, ::-1], BIAS, STRIDE, CROP),
        "spatial exchanged": saved(square).swapaxes(0, 1),
        "no bias": saved(square, np.zeros_like(BIAS)),
        "batch exchanged": saved(square)[..., ::-1],
    }[mistake]
    assert verify_layer(layer(), square, saved(square)).verdict == "equal"
    assert verify_layer(layer(), square, wrong).verdict == "different"


def test_another_shape_is_different() -> None:
    report = verify_layer(layer(), X, saved()[1:])
    assert report.verdict == "different"
    assert "15×18×4×2" in report.outputs[0].reason


def test_a_tolerance_on_request() -> None:
    wrong = saved() + np.float32(0.01)
    assert verify_layer(layer(), X, wrong).verdict == "different"
    assert verify_layer(layer(), X, wrong, tolerance=Tolerance(atol=0.02)).verdict == "equal"


def test_the_oracle_tells_which_side_is_off() -> None:
    wrong = saved() + np.float32(0.01)
    found = verify_layer(layer(), X, wrong).outputs[0]
    assert found.oracle_actual is not None
    assert found.oracle_expected is not None
    assert found.oracle_actual < 3
    assert found.oracle_expected > 100


def test_double_is_held_to_double() -> None:
    double = layer(W.astype(np.float64), BIAS.astype(np.float64))
    exact = reference.scatter_sum(X, W, BIAS, STRIDE, CROP)
    assert verify_layer(double, X, exact, dtype="double").verdict == "equal"
    rounded = exact.astype(np.float32).astype(np.float64)
    assert verify_layer(double, X, rounded, dtype="double").verdict == "different"


def test_data_formats() -> None:
    expected = saved().transpose(3, 2, 0, 1)
    report = verify_layer(layer(), X.transpose(3, 2, 0, 1), expected, data_format="BCSS")
    assert report.verdict == "equal"


def test_magnitude_is_the_sum_of_absolute_values() -> None:
    expected = reference.magnitude(X, W, BIAS, STRIDE, CROP)
    np.testing.assert_allclose(layer().rounding_scale(X, "SSCB"), expected, rtol=1e-12)


def test_magnitude_leaves_the_layer_alone() -> None:
    made = layer()
    made.rounding_scale(X, "SSCB")
    np.testing.assert_array_equal(made.Weights, W)


@pytest.mark.parametrize(
    ("dtype", "classes", "eps"),
    [
        (None, [np.float32], EPS["single"]),
        (None, [np.float64], EPS["single"]),
        ("double", [np.float32], EPS["single"]),
        ("double", [np.float64, np.float64], EPS["double"]),
        ("half", [np.float32], EPS["half"]),
        ("double", [np.uint8], EPS["double"]),
    ],
)
def test_rounding_unit_is_the_coarsest(dtype: Any, classes: list[type], eps: float) -> None:
    assert Rounding.of(dtype, *(np.ones(1, kind) for kind in classes)).eps == eps


@pytest.mark.parametrize(
    "expected", [np.zeros((0, 0)), np.full((16, 18, 4, 2), np.nan)], ids=["empty", "NaN"]
)
def test_a_vacuous_comparison_is_refused(expected: Array) -> None:
    with pytest.raises(NothingToCompareError):
        verify_layer(layer(), X, expected)


@pytest.mark.parametrize("expected", ["Y", None])
def test_no_expected_data_is_refused_by_its_name(expected: object) -> None:
    with pytest.raises(DataFormatError, match="The expected output must be a real numeric"):
        verify_layer(layer(), X, expected)


def test_inputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataFormatError, match="channels"):
        verify_layer(layer(), X[:, :, :3], saved())
    with pytest.raises(PropertyError, match="Weights is empty"):
        verify_layer(transposedConv2dLayer(3, 4), X, saved())


def test_nan_in_the_input_is_nan_on_both_sides_only_where_it_reaches() -> None:
    data = X.copy()
    data[0, 0, 0, 0] = np.nan
    expected = saved(data)
    found = verify_layer(layer(), data, expected).outputs[0]
    assert found.verdict == "equal"
    assert found.nan_actual == found.nan_expected == 3 * 3 * 4


def test_json_document() -> None:
    document = verify_layer(layer(), X, saved(), name="out").to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["schema"] == "matlab_compat.verify/1"
    assert (document["verdict"], document["exit_code"]) == ("equal", 0)
    (output,) = document["outputs"]
    assert output["name"] == "out"
    assert output["shape"] == [16, 18, 4, 2]
    assert {"max_abs", "rel_l2", "scaled_error", "bound", "worst"} <= set(output)
    assert document["environment"]["dtype"] == "float32"
    assert document["environment"]["device"].startswith("cpu")
