"""``onehotencode`` and ``onehotdecode``. Expected values: rows of the identity, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matlab_compat as mc
from converters.matfile.values import Categorical
from matlab_compat.errors import DataFormatError, PropertyError

LABELS = ["b", "a", "c", "a"]


def test_texts_along_a_new_dimension() -> None:
    expected = np.eye(3)[:, [1, 0, 2, 0]]
    Y = mc.onehotencode(LABELS, 1)
    assert Y.dtype == np.float32
    np.testing.assert_array_equal(Y, expected)
    np.testing.assert_array_equal(mc.onehotencode(LABELS, 2), expected.T)
    np.testing.assert_array_equal(mc.onehotencode(np.array([LABELS]), 1), expected)


def test_a_dimension_beyond_the_labels() -> None:
    Y = mc.onehotencode(np.array([["a", "b"], ["b", "b"]]), 3)
    assert Y.shape == (2, 2, 2)
    np.testing.assert_array_equal(Y[..., 1], [[0, 1], [1, 1]])


@pytest.mark.parametrize("form", [{"ClassNames": ["c", "b", "a"]}, ["ClassNames", ["c", "b", "a"]]])
def test_classes_in_an_order_of_ones_own(form: Any) -> None:
    Y = (
        mc.onehotencode(LABELS, 1, **form)
        if isinstance(form, dict)
        else mc.onehotencode(LABELS, 1, *form)
    )
    np.testing.assert_array_equal(Y, np.eye(3)[:, [1, 2, 0, 2]])


def test_the_class_of_the_result() -> None:
    assert mc.onehotencode(LABELS, 1, "logical").dtype == np.bool_
    assert mc.onehotencode([1, 2], 1, "int8", ClassNames=[1, 2, 3]).dtype == np.int8


def test_a_categorical_of_a_file_brings_its_categories() -> None:
    A = Categorical(np.array([[2], [1], [0]]), ["yes", "no", "maybe"])
    Y = mc.onehotencode(A, 2)
    np.testing.assert_array_equal(Y, [[0, 1, 0], [1, 0, 0], [np.nan] * 3])


def test_undefined_labels_are_NaN() -> None:
    Y = mc.onehotencode(["a", None, "b"], 1)
    np.testing.assert_array_equal(Y, [[1, np.nan, 0], [0, np.nan, 1]])


def test_numbers_with_their_classes() -> None:
    Y = mc.onehotencode(np.array([[3], [1]]), 2, ClassNames=[1, 2, 3])
    np.testing.assert_array_equal(Y, [[0, 0, 1], [1, 0, 0]])


def test_onehotencode_refuses() -> None:
    with pytest.raises(PropertyError, match="need the names of the classes"):
        mc.onehotencode([1, 2], 1)
    with pytest.raises(PropertyError, match="'d' is none of the classes"):
        mc.onehotencode(["d"], 1, ClassNames=["a"])
    with pytest.raises(DataFormatError, match="size 1 along featureDim 1"):
        mc.onehotencode(np.array([["a"], ["b"]]), 1)
    with pytest.raises(PropertyError, match="NaN, and int8 has none"):
        mc.onehotencode(["a", None], 1, "int8")
    with pytest.raises(PropertyError, match="typename must be one of"):
        mc.onehotencode(["a"], 1, "text")


# --- back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [1, 2])
def test_decoding_takes_the_largest(axis: int) -> None:
    B = np.array([[0.2, 0.6, 0.1], [0.8, 0.4, 0.9]])
    B = B if axis == 1 else B.T
    labels = mc.onehotdecode(B, ["no", "yes"], axis)
    assert labels.ravel().tolist() == ["yes", "no", "yes"]
    assert labels.shape[axis - 1] == 1


def test_decoding_goes_back() -> None:
    Y = mc.onehotencode(LABELS, 2)
    assert mc.onehotdecode(mc.dlarray(Y, "BC"), ["a", "b", "c"], 1)[0].tolist() == LABELS


def test_decoding_numbers() -> None:
    found = mc.onehotdecode([[1.0, 0.0], [0.0, 1.0]], [7, 9], 1, "single")
    assert found.dtype == np.float32
    assert found.tolist() == [[7, 9]]


def test_NaN_is_undefined() -> None:
    assert mc.onehotdecode([[np.nan], [np.nan]], ["a", "b"], 1).item() == "<undefined>"
    assert np.isnan(mc.onehotdecode([[np.nan], [1]], [1, 2], 1, "double")).all()


def test_onehotdecode_refuses() -> None:
    with pytest.raises(DataFormatError, match="B has 2 elements along featureDim 1"):
        mc.onehotdecode([[1.0], [0.0]], ["a"], 1)
    with pytest.raises(PropertyError, match="classes are no numbers"):
        mc.onehotdecode([[1.0], [0.0]], ["a", "b"], 1, "double")
    with pytest.raises(PropertyError, match="NaN, and int8 has none"):
        mc.onehotdecode([[np.nan], [0.0]], [1, 2], 1, "int8")
