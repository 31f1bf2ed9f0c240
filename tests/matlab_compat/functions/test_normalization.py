"""The normalizations of deep learning arrays.

Expected values: the formulas of the documentation pages in float64 numpy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError

from ..filter_reference import normal

Array = NDArray[Any]
SIZES = {
    "SSCB": (3, 2, 4, 5),
    "CBT": (4, 5, 6),
    "CB": (4, 5),
    "BTC": (5, 6, 4),
    "SSCBT": (3, 2, 4, 5, 2),
}
OFFSET, SCALE = normal(4, dtype=np.float64), normal(4, seed=1, dtype=np.float64)


def data(form: str) -> Array:
    return normal(*SIZES[form], seed=3, dtype=np.float64)


def affine(Y: Array, form: str) -> Array:
    shape = [4 if label == "C" else 1 for label in form]
    return Y * SCALE.reshape(shape) + OFFSET.reshape(shape)


def normalized(X: Array, over: tuple[int, ...], eps: float = 1e-5) -> Array:
    return (X - X.mean(over, keepdims=True)) / np.sqrt(X.var(over, keepdims=True) + eps)


# --- batchnorm ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", SIZES)
def test_batchnorm_takes_the_population_statistics_of_each_channel(form: str) -> None:
    X = data(form)
    over = tuple(a for a, label in enumerate(form) if label != "C")
    Y, mu, sigmaSq = mc.batchnorm(X, OFFSET, SCALE, DataFormat=form, nargout=3)
    np.testing.assert_allclose(Y, affine(normalized(X, over), form), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(mu, X.mean(over), rtol=1e-12)
    np.testing.assert_allclose(sigmaSq, X.var(over), rtol=1e-12)


def test_batchnorm_predicts_with_the_statistics_given() -> None:
    X, mu, s2 = data("SSCB"), normal(4, dtype=np.float64), np.array([1.0, 2, 3, 4])
    shape = (1, 1, 4, 1)
    expected = affine((X - mu.reshape(shape)) / np.sqrt(s2.reshape(shape) + 0.1), "SSCB")
    Y = mc.batchnorm(mc.dlarray(X, "SSCB"), OFFSET.reshape(shape), SCALE, mu, s2, Epsilon=0.1)
    np.testing.assert_allclose(Y.extractdata(), expected, rtol=1e-12)


def test_batchnorm_in_training_moves_the_statistics() -> None:
    X, mu, s2 = data("CBT"), normal(4, dtype=np.float64), np.array([1.0, 2, 3, 4])
    Y, mu2, s22 = mc.batchnorm(X, OFFSET, SCALE, mu, s2, DataFormat="CBT", MeanDecay=0.3, nargout=3)
    np.testing.assert_allclose(Y, affine(normalized(X, (1, 2)), "CBT"), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(mu2, 0.3 * X.mean((1, 2)) + 0.7 * mu, rtol=1e-12)
    np.testing.assert_allclose(s22, 0.1 * X.var((1, 2)) + 0.9 * s2, rtol=1e-12)


def test_batchnorm_of_one_value_is_the_offset() -> None:
    np.testing.assert_array_equal(mc.batchnorm([[7.0]], 3.0, 2.0, DataFormat="CB"), [[3.0]])


def test_batchnorm_needs_both_statistics() -> None:
    with pytest.raises(PropertyError, match="mu and sigmaSq together"):
        mc.batchnorm(data("CB"), OFFSET, SCALE, OFFSET, DataFormat="CB")


# --- statistics of each observation -------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "dimension", "over"),
    [
        ("SSCB", "auto", (0, 1, 2)),
        ("CBT", "auto", (0,)),
        ("CB", "auto", (0,)),
        ("BTC", "auto", (2,)),
        ("SSCB", "channel-only", (2,)),
        ("CBT", "batch-excluded", (0, 2)),
        ("SSCBT", "spatial-channel", (0, 1, 2)),
    ],
)
def test_layernorm(form: str, dimension: str, over: tuple[int, ...]) -> None:
    X = data(form)
    Y = mc.layernorm(X, OFFSET, SCALE, DataFormat=form, OperationDimension=dimension, Epsilon=0.1)
    expected = affine(normalized(X, over, 0.1), form)
    np.testing.assert_allclose(Y, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("form", ["SCB", "SSCBT", "SCBT"])
def test_auto_is_refused_where_no_page_settles_it(form: str) -> None:
    with pytest.raises(DataFormatError, match="'auto' is for") as caught:
        mc.layernorm(normal(*range(2, 2 + len(form))), 0, 1, DataFormat=form)
    assert "OperationDimension" in caught.value.remedy


@pytest.mark.parametrize(("groups", "count"), [(2, 2), ("all-channels", 1), ("channel-wise", 4)])
def test_groupnorm(groups: object, count: int) -> None:
    X = data("SSCB")
    parts = [normalized(part, (0, 1, 2)) for part in np.split(X, count, axis=2)]
    Y = mc.groupnorm(X, groups, OFFSET, SCALE, DataFormat="SSCB")
    expected = affine(np.concatenate(parts, 2), "SSCB")
    np.testing.assert_allclose(Y, expected, rtol=1e-11, atol=1e-13)


def test_groupnorm_refuses_groups_that_do_not_divide() -> None:
    with pytest.raises(PropertyError, match="numGroups 3 does not divide 4 channels"):
        mc.groupnorm(data("CB"), 3, OFFSET, SCALE, DataFormat="CB")


@pytest.mark.parametrize(("form", "over"), [("SSCB", (0, 1)), ("CBT", (2,)), ("BTC", (1,))])
def test_instancenorm(form: str, over: tuple[int, ...]) -> None:
    X = data(form)
    expected = affine(normalized(X, over), form)
    Y = mc.instancenorm(X, OFFSET, SCALE, DataFormat=form)
    np.testing.assert_allclose(Y, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("form", ["CB", "SSCBT"])
def test_instancenorm_needs_space_or_time_alone(form: str) -> None:
    with pytest.raises(DataFormatError, match=f"cannot take '{form}'"):
        mc.instancenorm(data(form), OFFSET, SCALE, DataFormat=form)


@pytest.mark.parametrize("window", [1, 2, 3, 4])
def test_crosschannelnorm_looks_further_ahead(window: int) -> None:
    X = data("SSCB")
    total = np.zeros_like(X)
    for c in range(4):
        first, last = max(0, c - (window - 1) // 2), min(3, c + window // 2)
        total[:, :, c] = (X[:, :, first : last + 1] ** 2).sum(2)
    expected = X / (1.5 + 0.2 / window * total) ** 0.6
    Y = mc.crosschannelnorm(X, window, DataFormat="SSCB", Alpha=0.2, Beta=0.6, K=1.5)
    np.testing.assert_allclose(Y, expected, rtol=1e-12)


@pytest.mark.parametrize("function", [mc.layernorm, mc.instancenorm, mc.batchnorm])
def test_parameters_of_another_size_are_refused(function: Any) -> None:
    with pytest.raises(DataFormatError, match="offset has 3 elements for 4 channels"):
        function(data("SSCB"), np.zeros(3), SCALE, DataFormat="SSCB")
