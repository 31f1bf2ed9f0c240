"""The layer object, line by line of the specification's property list.

Expected values: the documentation page of TransposedConvolution2DLayer (names, defaults, rules,
examples), and, for which properties can be assigned, code by users that clones such layers.
"""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from matlab_compat import TransposedConvolution2DLayer, transposedConv2dLayer
from matlab_compat.errors import (
    MatlabCompatWarning,
    MatlabDeprecationWarning,
    PropertyError,
    ReadOnlyPropertyError,
    UnsupportedLayerError,
)
from matlab_compat.layers.transposed_convolution import same_crop

INTEGER_CLASSES = [
    np.int8,
    np.int16,
    np.int32,
    np.int64,
    np.uint8,
    np.uint16,
    np.uint32,
    np.uint64,
]
NUMERIC_CLASSES = [np.float32, np.float64, *INTEGER_CLASSES]
NAN = float("nan")

#: Never a positive integer, and how the message shows it.
NO_POSITIVE_INTEGER = [
    (0, "0"),
    (-1, "-1"),
    (2.5, "2.5"),
    (NAN, "nan"),
    (float("inf"), "inf"),
    ("3", "'3'"),
    (3 + 0j, "(3+0j)"),
    (True, "True"),
    (None, "None"),
    ({}, "{}"),
    (np.ones((2, 2)), "[[1.0, 1.0], [1.0, 1.0]]"),
    (np.int8(-3), "-3"),
    ([[1, 2], [3]], "[[1, 2], [3]]"),
]
NO_NONNEGATIVE_SCALAR = [
    (-1, "-1"),
    (NAN, "nan"),
    (float("inf"), "inf"),
    ([1, 2], "[1, 2]"),
    ([], "[]"),
    ("1", "'1'"),
    (1j, "1j"),
    (True, "True"),
    (None, "None"),
]
FACTORS = [
    "WeightLearnRateFactor",
    "BiasLearnRateFactor",
    "WeightL2Factor",
    "BiasL2Factor",
]

#: What the layer has as its inputs and outputs, and what a user could try to set.
PORTS: dict[str, tuple[Any, Any]] = {
    "NumInputs": (1, 2),
    "InputNames": (["in"], ["x"]),
    "NumOutputs": (1, 2),
    "OutputNames": (["out"], ["y"]),
}


def layer(*args: Any, **options: Any) -> TransposedConvolution2DLayer:
    """A 3-by-2 layer with 4 filters, unless told otherwise."""
    return transposedConv2dLayer(*(args or ([3, 2], 4)), **options)


def weights(*size: int, dtype: type = np.float32) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).standard_normal(size).astype(dtype)


def assert_refused(make: Callable[[], object], name: str, shown: str, rule: str) -> None:
    """The message names property, value and rule, and points at the property."""
    with pytest.raises(PropertyError) as caught:
        make()
    assert caught.value.what == f"{name} {rule}; got {shown}."
    assert caught.value.where[-1] == name


def assert_read_only(made: object, name: str, value: object, remedy: str) -> None:
    before = getattr(made, name)
    with pytest.raises(ReadOnlyPropertyError, match=f"{name} is read-only") as caught:
        setattr(made, name, value)
    assert remedy in caught.value.remedy
    assert getattr(made, name) == before


# --- FilterSize -------------------------------------------------------------------------

PAIR_RULE = "must be a vector of two positive integers, or a scalar for all of them"


def test_property_FilterSize_is_height_and_width() -> None:
    assert layer([5, 7], 1).FilterSize == (5, 7)


def test_property_FilterSize_scalar_expands() -> None:
    assert layer(11, 96).FilterSize == (11, 11)


def test_property_FilterSize_is_required() -> None:
    with pytest.raises(PropertyError, match="needs FilterSize"):
        TransposedConvolution2DLayer(NumFilters=1)


@pytest.mark.parametrize("kind", NUMERIC_CLASSES)
def test_property_FilterSize_takes_every_numeric_class(kind: type) -> None:
    made = layer(np.array([3, 2], kind), kind(4))
    assert made.FilterSize == (3, 2)
    assert all(type(n) is int for n in made.FilterSize)


@pytest.mark.parametrize(
    "value",
    [[3, 2], (3, 2), (3.0, 2.0), np.array([[3, 2]]), np.array([[3], [2]]), torch.tensor([3, 2])],
    ids=["list", "tuple", "floats", "row", "column", "tensor"],
)
def test_property_FilterSize_takes_vectors_of_any_form(value: object) -> None:
    assert layer(value, 4).FilterSize == (3, 2)


@pytest.mark.parametrize(
    ("value", "shown"),
    [*NO_POSITIVE_INTEGER, ([3, 0], "[3, 0]"), ([1, 2, 3], "[1, 2, 3]"), ([], "[]")],
)
def test_property_FilterSize_refuses(value: object, shown: str) -> None:
    assert_refused(lambda: layer(value, 4), "FilterSize", shown, PAIR_RULE)


def test_property_FilterSize_is_read_only() -> None:
    assert_read_only(layer(), "FilterSize", 5, "transposedConv2dLayer(FilterSize, NumFilters, ...)")


# --- NumFilters -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NUMERIC_CLASSES)
def test_property_NumFilters_takes_every_numeric_class(kind: type) -> None:
    number = layer(3, kind(96)).NumFilters
    assert number == 96
    assert type(number) is int


def test_property_NumFilters_takes_a_1_by_1_array() -> None:
    assert layer(3, np.array([[96.0]])).NumFilters == 96


def test_property_NumFilters_is_required() -> None:
    with pytest.raises(PropertyError, match="needs NumFilters"):
        TransposedConvolution2DLayer(FilterSize=1)


@pytest.mark.parametrize(("value", "shown"), [*NO_POSITIVE_INTEGER, ([1, 2], "[1, 2]")])
def test_property_NumFilters_refuses(value: object, shown: str) -> None:
    assert_refused(lambda: layer(3, value), "NumFilters", shown, "must be a positive integer")


def test_property_NumFilters_is_read_only() -> None:
    assert_read_only(layer(), "NumFilters", 5, "transposedConv2dLayer(FilterSize, NumFilters, ...)")


# --- Stride -----------------------------------------------------------------------------


def test_property_Stride_is_1_by_default() -> None:
    assert layer().Stride == (1, 1)


def test_property_Stride_is_vertical_and_horizontal() -> None:
    assert layer(Stride=[2, 3]).Stride == (2, 3)


def test_property_Stride_scalar_expands() -> None:
    assert layer(Stride=4).Stride == (4, 4)


@pytest.mark.parametrize("kind", NUMERIC_CLASSES)
def test_property_Stride_takes_every_numeric_class(kind: type) -> None:
    assert layer(Stride=np.array([[2, 3]], kind)).Stride == (2, 3)


@pytest.mark.parametrize(
    ("value", "shown"), [*NO_POSITIVE_INTEGER, ([1, 2, 3], "[1, 2, 3]"), ([1, NAN], "[1, nan]")]
)
def test_property_Stride_refuses(value: object, shown: str) -> None:
    assert_refused(lambda: layer(Stride=value), "Stride", shown, PAIR_RULE)


def test_property_Stride_is_read_only() -> None:
    assert_read_only(layer(), "Stride", 2, "transposedConv2dLayer(..., Stride=...)")


# --- CroppingMode -----------------------------------------------------------------------


def test_property_CroppingMode_is_manual_by_default() -> None:
    assert layer().CroppingMode == "manual"


def test_property_CroppingMode_follows_the_argument_Cropping() -> None:
    assert layer(Cropping="same").CroppingMode == "same"
    assert layer(Cropping=0).CroppingMode == "manual"


def test_property_CroppingMode_matches_without_regard_to_case() -> None:
    made = TransposedConvolution2DLayer(FilterSize=3, NumFilters=1, CroppingMode="SAME")
    assert made.CroppingMode == "same"


@pytest.mark.parametrize(("value", "shown"), [("valid", "'valid'"), (1, "1"), ([], "[]")])
def test_property_CroppingMode_refuses(value: object, shown: str) -> None:
    assert_refused(
        lambda: TransposedConvolution2DLayer(FilterSize=3, NumFilters=1, CroppingMode=value),
        "CroppingMode",
        shown,
        "must be one of 'manual', 'same'",
    )


def test_property_CroppingMode_is_read_only() -> None:
    assert_read_only(layer(), "CroppingMode", "same", "(..., Cropping=...)")


# --- CroppingSize -----------------------------------------------------------------------


def test_property_CroppingSize_is_0_by_default() -> None:
    assert layer().CroppingSize == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("cropping", "size"),
    [
        (2, (2, 2, 2, 2)),
        ([1, 2], (1, 1, 2, 2)),
        ([0, 1, 2, 3], (0, 1, 2, 3)),
        (np.array([[0, 1, 0, 1]], np.uint8), (0, 1, 0, 1)),
        (np.array([[1.0], [2.0]]), (1, 1, 2, 2)),
        (np.float32(1), (1, 1, 1, 1)),
        (torch.tensor([1, 2]), (1, 1, 2, 2)),
        (torch.tensor(3), (3, 3, 3, 3)),
    ],
)
def test_property_CroppingSize_is_top_bottom_left_right(
    cropping: object, size: tuple[int, ...]
) -> None:
    assert layer(Cropping=cropping).CroppingSize == size


@pytest.mark.parametrize(
    ("filter_size", "stride", "size"),
    [
        (4, 2, (1, 1, 1, 1)),  # even total: split equally
        (3, 2, (0, 1, 0, 1)),  # odd total: one more off the bottom and the right
        (5, 2, (1, 2, 1, 2)),
        (2, 2, (0, 0, 0, 0)),
        ([3, 5], [1, 3], (1, 1, 1, 1)),
        ([6, 3], [1, 3], (2, 3, 0, 0)),
    ],
)
def test_property_CroppingSize_in_same_mode(
    filter_size: object, stride: object, size: tuple[int, ...]
) -> None:
    assert layer(filter_size, 1, Stride=stride, Cropping="same").CroppingSize == size


def test_property_CroppingSize_empty_means_none() -> None:
    made = TransposedConvolution2DLayer(FilterSize=3, NumFilters=1, CroppingSize=np.zeros((0, 0)))
    assert made.CroppingSize == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([1, 2, 3], "[1, 2, 3]"),
        ([0, 0, 0, -1], "[0, 0, 0, -1]"),
        ([0, 0, 0, 0.5], "[0, 0, 0, 0.5]"),
        ([0, 0, NAN, 0], "[0, 0, nan, 0]"),
        (np.zeros((2, 2)), "[[0.0, 0.0], [0.0, 0.0]]"),
        ("same", "'same'"),
        (1j, "1j"),
        (False, "False"),
    ],
)
def test_property_CroppingSize_refuses(value: object, shown: str) -> None:
    rule = "must be a vector of four nonnegative integers, or a scalar for all of them"
    given = {"FilterSize": 3, "NumFilters": 1, "CroppingSize": value}
    assert_refused(lambda: TransposedConvolution2DLayer(**given), "CroppingSize", shown, rule)


def test_property_CroppingSize_is_read_only() -> None:
    assert_read_only(layer(), "CroppingSize", 1, "(..., Cropping=...)")


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 9))
def test_same_makes_output_input_times_stride(filter_size: int, stride: int, n: int) -> None:
    if filter_size < stride:
        with pytest.raises(PropertyError, match="FilterSize >= Stride"):
            same_crop(filter_size, stride)
        return
    before, after = same_crop(filter_size, stride)
    assert (n - 1) * stride + filter_size - before - after == n * stride
    assert after - before in (0, 1)


def test_same_with_a_filter_smaller_than_the_stride_is_refused() -> None:
    with pytest.raises(PropertyError, match="filter of 2 with a stride of 3") as caught:
        layer([4, 2], 1, Stride=3, Cropping="same")
    assert "numeric Cropping" in caught.value.remedy


# --- Cropping ---------------------------------------------------------------------------


def test_property_Cropping_is_a_b_and_warns_to_use_CroppingSize() -> None:
    made = layer(Cropping=[1, 2])
    with pytest.warns(MatlabDeprecationWarning, match="use CroppingSize") as caught:
        assert made.Cropping == (1, 2)
    assert caught[0].filename == __file__


def test_property_Cropping_is_0_by_default() -> None:
    with pytest.warns(MatlabDeprecationWarning):
        assert layer().Cropping == (0, 0)


def test_property_Cropping_warns_once() -> None:
    made = layer(Cropping=1)
    with pytest.warns(MatlabDeprecationWarning):
        assert made.Cropping == (1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made.Cropping == (1, 1)


def test_property_Cropping_cannot_say_an_asymmetric_crop() -> None:
    made = layer(Cropping=[0, 1, 0, 1])
    with (
        pytest.warns(MatlabDeprecationWarning),
        pytest.raises(PropertyError, match=r"asymmetric CroppingSize \[0 1 0 1\]"),
    ):
        _ = made.Cropping


def test_property_Cropping_is_read_only() -> None:
    made = layer()
    with pytest.raises(ReadOnlyPropertyError, match="Cropping is read-only") as caught:
        made.Cropping = 1
    assert "transposedConv2dLayer(..., Cropping=...)" in caught.value.remedy


def test_property_Cropping_as_an_argument_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(Cropping=[1, 2])
        layer(Cropping="same")


@pytest.mark.parametrize(
    "value",
    ["valid", -1, 0.5, NAN, [1, 2, 3], [[0, 0], [0, 0]], [], 1j, True, None, {}, [-1, 0]],
    ids=repr,
)
def test_property_Cropping_as_an_argument_refuses(value: object) -> None:
    with pytest.raises(PropertyError, match="Cropping must be 'same' or nonnegative") as caught:
        layer(Cropping=value)
    assert f"got {value!r}." in caught.value.what
    assert caught.value.where == ("Cropping",)


# --- NumChannels ------------------------------------------------------------------------


def test_property_NumChannels_is_auto_by_default() -> None:
    assert layer().NumChannels == "auto"


@pytest.mark.parametrize("value", ["auto", "AUTO"])
def test_property_NumChannels_auto_forms(value: object) -> None:
    assert layer(NumChannels=value).NumChannels == "auto"


@pytest.mark.parametrize("kind", NUMERIC_CLASSES)
def test_property_NumChannels_takes_every_numeric_class(kind: type) -> None:
    number = layer(NumChannels=kind(16)).NumChannels
    assert number == 16
    assert type(number) is int


@pytest.mark.parametrize(("value", "shown"), [*NO_POSITIVE_INTEGER, ([1, 2], "[1, 2]")])
def test_property_NumChannels_refuses(value: object, shown: str) -> None:
    rule = "must be 'auto' or a positive integer"
    assert_refused(lambda: layer(NumChannels=value), "NumChannels", shown, rule)


def test_property_NumChannels_is_read_only() -> None:
    assert_read_only(layer(), "NumChannels", 3, "(..., NumChannels=...)")


def test_property_NumChannels_is_taken_from_Weights() -> None:
    assert layer(Weights=weights(3, 2, 4, 5)).NumChannels == 5


# --- WeightsInitializer, BiasInitializer ------------------------------------------------


def test_property_WeightsInitializer_is_glorot_by_default() -> None:
    assert layer().WeightsInitializer == "glorot"


@pytest.mark.parametrize("name", ["glorot", "he", "narrow-normal", "zeros", "ones"])
def test_property_WeightsInitializer_choices_in_any_case(name: str) -> None:
    made = layer(WeightsInitializer=name.upper())
    assert made.WeightsInitializer == name
    made.WeightsInitializer = "narrownormal"  # as the copy of the page without hyphens has it
    assert made.WeightsInitializer == "narrow-normal"


def test_property_WeightsInitializer_takes_a_function() -> None:
    assert layer(WeightsInitializer=np.ones).WeightsInitializer is np.ones


@pytest.mark.parametrize(
    ("value", "shown"), [("orthogonal", "'orthogonal'"), (1, "1"), (None, "None"), ([], "[]")]
)
def test_property_WeightsInitializer_refuses(value: object, shown: str) -> None:
    rule = (
        "must be a function of the size, or one of 'glorot', 'he', 'narrow-normal', 'zeros', 'ones'"
    )
    assert_refused(lambda: layer(WeightsInitializer=value), "WeightsInitializer", shown, rule)


def test_property_BiasInitializer_is_zeros_by_default() -> None:
    assert layer().BiasInitializer == "zeros"


@pytest.mark.parametrize("name", ["zeros", "narrow-normal", "ones"])
def test_property_BiasInitializer_choices_in_any_case(name: str) -> None:
    assert layer(BiasInitializer=name.title()).BiasInitializer == name


def test_property_BiasInitializer_takes_a_function() -> None:
    assert layer(BiasInitializer=np.ones).BiasInitializer is np.ones


@pytest.mark.parametrize(("value", "shown"), [("glorot", "'glorot'"), ("he", "'he'"), (0, "0")])
def test_property_BiasInitializer_refuses(value: object, shown: str) -> None:
    rule = "must be a function of the size, or one of 'zeros', 'narrow-normal', 'ones'"
    assert_refused(lambda: layer(BiasInitializer=value), "BiasInitializer", shown, rule)


# --- Weights ----------------------------------------------------------------------------

ARRAY_RULE = "must be a real numeric array of class single or double"
NO_ARRAY = [
    (np.ones(1, np.complex64), "[(1+0j)]"),
    (np.ones(1, np.uint8), "[1]"),
    ("W", "'W'"),
    (True, "True"),
    ([[1, 2], [3]], "[[1, 2], [3]]"),
]


def test_property_Weights_is_empty_by_default() -> None:
    assert layer().Weights.size == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_property_Weights_keeps_values_class_and_size(dtype: type) -> None:
    W = weights(3, 2, 4, 5, dtype=dtype)
    made = layer(Weights=W)
    np.testing.assert_array_equal(made.Weights, W, strict=True)
    assert made.Weights.flags.f_contiguous


def test_property_Weights_of_the_other_byte_order() -> None:
    W = weights(3, 2, 4, 5)
    made = layer(Weights=W.astype(">f4"))
    np.testing.assert_array_equal(made.Weights, W)
    assert made.Weights.dtype.isnative


def test_property_Weights_takes_a_tensor_that_requires_gradients() -> None:
    W = weights(3, 2, 4, 5)
    tensor = torch.from_numpy(W.copy()).requires_grad_()
    np.testing.assert_array_equal(layer(Weights=tensor).Weights, W)


def test_property_Weights_integer_literals_are_double_as_in_matlab() -> None:
    assert layer(1, 1, Weights=5).Weights.dtype == np.float64


@pytest.mark.parametrize(
    ("filter_size", "filters", "size", "full"),
    [
        ([3, 2], 4, (3, 2, 4), (3, 2, 4, 1)),  # one channel
        ([3, 2], 1, (3, 2), (3, 2, 1, 1)),  # and one filter
        ([3, 1], 1, (3,), (3, 1, 1, 1)),
        ([3, 2], 4, (3, 2, 4, 1, 1), (3, 2, 4, 1)),
    ],
)
def test_property_Weights_gets_dropped_dimensions_back(
    filter_size: object, filters: int, size: tuple[int, ...], full: tuple[int, ...]
) -> None:
    W = weights(*size)
    made = layer(filter_size, filters, Weights=W)
    np.testing.assert_array_equal(made.Weights, W.reshape(full))
    assert made.NumChannels == 1


def test_property_Weights_can_be_assigned_and_emptied() -> None:
    made = layer(NumChannels=5)
    made.Weights = weights(3, 2, 4, 5)
    assert made.Weights.shape == (3, 2, 4, 5)
    made.Weights = []
    assert made.Weights.size == 0


def test_property_Weights_is_a_copy() -> None:
    W = np.asfortranarray(weights(3, 2, 4, 5))
    made = layer(Weights=W)
    expected = W.copy()
    W[:] = 0
    np.testing.assert_array_equal(made.Weights, expected)


@pytest.mark.parametrize(("value", "shown"), NO_ARRAY)
def test_property_Weights_refuses(value: object, shown: str) -> None:
    assert_refused(lambda: layer(1, 1, Weights=value), "Weights", shown, ARRAY_RULE)


@pytest.mark.parametrize(
    "size", [(2, 3, 4, 5), (3, 2, 5, 5), (3, 2, 4, 6), (3, 2, 4, 5, 2), (3, 2), (120,)]
)
def test_property_Weights_of_another_size_is_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(PropertyError) as caught:
        layer(NumChannels=5, Weights=weights(*size))
    said = "×".join(map(str, size))
    assert caught.value.what.startswith(f"Weights is {said}, but FilterSize [3 2], NumFilters 4")
    assert "need 3×2×4×5" in caught.value.what
    assert caught.value.where[-1] == "Weights"


def test_property_Weights_in_the_order_of_a_convolution_is_recognised() -> None:
    with pytest.raises(PropertyError, match="look exchanged"):
        layer(Weights=weights(3, 2, 7, 4))


def test_property_Weights_refused_leaves_the_layer_as_it_was() -> None:
    made = layer(Weights=weights(3, 2, 4, 5))
    before = copy.deepcopy(made)
    with pytest.raises(PropertyError):
        made.Weights = weights(3, 2, 4, 6)
    assert made == before


# --- Bias -------------------------------------------------------------------------------


def test_property_Bias_is_empty_by_default() -> None:
    assert layer().Bias.size == 0


@pytest.mark.parametrize("size", [(1, 1, 4), (4,), (1, 4), (4, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_property_Bias_is_1_by_1_by_NumFilters(size: tuple[int, ...], dtype: type) -> None:
    b = weights(*size, dtype=dtype)
    np.testing.assert_array_equal(layer(Bias=b).Bias, b.reshape(1, 1, 4), strict=True)


def test_property_Bias_of_one_filter_is_a_scalar_in_files() -> None:
    assert layer(3, 1, Bias=np.float32(2)).Bias.shape == (1, 1, 1)


def test_property_Bias_can_be_assigned() -> None:
    made = layer()
    made.Bias = np.arange(4.0)
    assert made.Bias.ravel().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("value", "shown"), NO_ARRAY)
def test_property_Bias_refuses(value: object, shown: str) -> None:
    assert_refused(lambda: layer(1, 1, Bias=value), "Bias", shown, ARRAY_RULE)


@pytest.mark.parametrize("size", [(3,), (5,), (2, 2), (1, 1, 5), (1, 1, 1)])
def test_property_Bias_of_another_size_is_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(PropertyError, match=r"Bias is .*NumFilters 4 needs 1×1×4") as caught:
        layer(Bias=weights(*size))
    assert caught.value.where[-1] == "Bias"


# --- factors ----------------------------------------------------------------------------


def test_property_WeightLearnRateFactor_is_1_by_default() -> None:
    assert layer().WeightLearnRateFactor == 1


def test_property_BiasLearnRateFactor_is_1_by_default() -> None:
    assert layer().BiasLearnRateFactor == 1


def test_property_WeightL2Factor_is_1_by_default() -> None:
    assert layer().WeightL2Factor == 1


def test_property_BiasL2Factor_is_0_by_default() -> None:
    assert layer().BiasL2Factor == 0


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("kind", NUMERIC_CLASSES)
def test_property_factors_take_every_numeric_class(name: str, kind: type) -> None:
    value = getattr(layer(**{name: kind(2)}), name)
    assert value == 2
    assert type(value) is float


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("value", [0, 0.5, 10, np.array([[2.0]])], ids=repr)
def test_property_factors_can_be_assigned(name: str, value: Any) -> None:
    made = layer()
    setattr(made, name, value)
    assert getattr(made, name) == value


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize(("value", "shown"), NO_NONNEGATIVE_SCALAR)
def test_property_factors_refuse(name: str, value: object, shown: str) -> None:
    rule = "must be a nonnegative scalar"
    assert_refused(lambda: layer(**{name: value}), name, shown, rule)
    assert_refused(lambda: setattr(layer(), name, value), name, shown, rule)


# --- Name, inputs and outputs -----------------------------------------------------------


def test_property_Name_is_empty_by_default() -> None:
    assert layer().Name == ""


def test_property_Name_can_be_given_and_assigned() -> None:
    made = layer(Name=np.str_("up1"))
    assert made.Name == "up1"
    assert type(made.Name) is str
    made.Name = "up2"
    assert made.Name == "up2"


@pytest.mark.parametrize(("value", "shown"), [(5, "5"), (["a", "b"], "['a', 'b']")])
def test_property_Name_refuses(value: object, shown: str) -> None:
    rule = "must be text (a character vector or a string scalar)"
    assert_refused(lambda: layer(Name=value), "Name", shown, rule)


@pytest.mark.parametrize("name", PORTS)
def test_a_property_of_the_ports_is_fixed_and_read_only(name: str) -> None:
    own, other = PORTS[name]
    made = layer()
    assert getattr(made, name) == own
    assert_read_only(made, name, other, "always")


def test_every_property_of_the_specification_has_its_test() -> None:
    listed = [
        "FilterSize",
        "NumFilters",
        "Stride",
        "CroppingMode",
        "CroppingSize",
        "Cropping",
        "NumChannels",
        "WeightsInitializer",
        "BiasInitializer",
        "Weights",
        "Bias",
        "WeightLearnRateFactor",
        "BiasLearnRateFactor",
        "WeightL2Factor",
        "BiasL2Factor",
        "Name",
        *PORTS,
    ]
    for name in listed:
        assert hasattr(TransposedConvolution2DLayer, name)
        tested = any(test.startswith(f"test_property_{name}_") for test in globals())
        assert tested or name in PORTS


# --- the constructor --------------------------------------------------------------------


def test_example_of_the_documentation() -> None:
    made = transposedConv2dLayer(11, 96, "Stride", 4)
    assert (made.FilterSize, made.NumFilters, made.Stride) == ((11, 11), 96, (4, 4))


def test_both_name_value_styles_in_any_case_give_the_same_layer() -> None:
    pairs = transposedConv2dLayer(
        3, 4, "STRIDE", 2, "cropping", "Same", "biasInitializer", "ONES", "name", "up"
    )
    keywords = transposedConv2dLayer(
        3, 4, Stride=2, Cropping="same", BiasInitializer="ones", Name="up"
    )
    assert pairs == keywords


def test_every_option_of_the_constructor_in_one_call() -> None:
    made = transposedConv2dLayer(
        [3, 2],
        4,
        Stride=[2, 1],
        Cropping=[0, 1, 2, 3],
        NumChannels=5,
        WeightsInitializer="he",
        BiasInitializer="ones",
        Weights=weights(3, 2, 4, 5),
        Bias=weights(1, 1, 4),
        WeightLearnRateFactor=2,
        BiasLearnRateFactor=3,
        WeightL2Factor=4,
        BiasL2Factor=5,
        Name="up",
    )
    assert made.NumChannels == 5
    assert [getattr(made, name) for name in FACTORS] == [2, 3, 4, 5]


@pytest.mark.parametrize("name", ["CroppingSize", "CroppingMode", "FilterSize", "Dilation"])
def test_constructor_has_no_other_argument(name: str) -> None:
    with pytest.raises(PropertyError, match=f"has no argument '{name}'"):
        transposedConv2dLayer(3, 4, **{name: 1})


def test_a_property_that_does_not_exist_cannot_be_assigned() -> None:
    with pytest.raises(PropertyError, match="has no property 'Padding'"):
        layer().Padding = 1


def test_errors_name_the_layer() -> None:
    with pytest.raises(PropertyError) as caught:
        layer(Name="up1").WeightL2Factor = -1
    assert caught.value.where == ("layer 'up1'", "WeightL2Factor")


# --- display, equality, copies ----------------------------------------------------------


def test_print_shows_what_matlab_shows() -> None:
    # The block that a user of MATLAB published, with the sign × that MATLAB prints.
    made = transposedConv2dLayer(
        4,
        256,
        Stride=2,
        Cropping=1,
        Weights=np.zeros((4, 4, 256, 256), np.float32),
        Bias=np.zeros((1, 1, 256), np.float32),
        Name="deconv5",
    )
    assert str(made) == (
        "  TransposedConvolution2DLayer with properties:\n"
        "\n"
        "              Name: 'deconv5'\n"
        "\n"
        "   Hyperparameters\n"
        "        FilterSize: [4 4]\n"
        "       NumChannels: 256\n"
        "        NumFilters: 256\n"
        "            Stride: [2 2]\n"
        "      CroppingMode: 'manual'\n"
        "      CroppingSize: [1 1 1 1]\n"
        "\n"
        "   Learnable Parameters\n"
        "           Weights: [4×4×256×256 single]\n"
        "              Bias: [1×1×256 single]\n"
        "\n"
        "  Show all properties"
    )


def test_print_of_an_untrained_layer() -> None:
    shown = str(transposedConv2dLayer(11, 96, "Stride", 4)).splitlines()
    for line in [
        "              Name: ''",
        "       NumChannels: 'auto'",
        "           Weights: []",
        "              Bias: []",
    ]:
        assert line in shown


def test_print_of_one_weight_shows_its_size_and_class() -> None:
    assert "Weights: [1×1×1×1 single]" in str(layer(1, 1, Weights=np.float32(0.5)))


def test_description_is_the_row_of_a_layer_array() -> None:
    made = transposedConv2dLayer(1, 340, Cropping="same", NumChannels=2)
    assert (
        made.description()
        == "340 1×1×2 transposed convolutions with stride [1  1] and cropping 'same'"
    )
    assert layer(Cropping=[0, 1, 2, 3]).description().endswith("cropping [0  1  2  3]")


def evaluated(made: TransposedConvolution2DLayer) -> object:
    names: dict[str, Any] = {"np": np}
    exec("from matlab_compat import *", names)
    return eval(repr(made), names)


@pytest.mark.parametrize(
    "made",
    [
        layer(),
        transposedConv2dLayer(11, 96, Stride=4),
        layer(Cropping="same"),
        layer(Cropping=[0, 1, 2, 1], NumChannels=3, Name='it\'s "up"', WeightsInitializer="he"),
        layer(Weights=weights(3, 2, 4, 2), Bias=weights(4), BiasL2Factor=0.1),
        layer(Weights=weights(3, 2, 4, 2, dtype=np.float64)),
    ],
    ids=repr,
)
def test_repr_evaluates_to_the_layer(made: TransposedConvolution2DLayer) -> None:
    assert evaluated(made) == made


def test_repr_abbreviates_long_arrays_unless_told_not_to() -> None:
    made = layer(3, 16, Weights=weights(3, 3, 16, 16))
    assert "Weights=<[3×3×16×16 single]>" in repr(made)
    with np.printoptions(threshold=sys.maxsize):
        assert evaluated(made) == made


def test_layers_are_equal_by_value() -> None:
    W = weights(3, 2, 4, 5)
    assert layer(Weights=W) == layer(Weights=W.copy())
    assert layer(Weights=W) != layer(Weights=W.astype(np.float64))
    assert layer(Weights=W) != layer(Weights=W + 1)
    assert layer() != layer(Stride=2)
    assert layer() != "layer"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_equal_and_independent(duplicate: Callable[[Any], Any]) -> None:
    made = layer(Weights=weights(3, 2, 4, 5), Name="a")
    made.extra = {"Kept": 1}
    other = duplicate(made)
    assert other == made
    assert other.extra == made.extra
    other.Name = "b"
    other.Weights[:] = 0
    assert made.Name == "a"
    assert made.Weights.any()


# --- fields of files --------------------------------------------------------------------


def from_fields(**fields: Any) -> TransposedConvolution2DLayer:
    return TransposedConvolution2DLayer.from_fields(fields)


def test_fields_match_without_regard_to_case_and_others_are_kept() -> None:
    made = from_fields(filtersize=np.array([[3.0, 2.0]]), NUMFILTERS=4.0, stride=2, Colour="red")
    assert made == layer(Stride=2)
    assert made.extra == {"Colour": "red"}


def test_fields_of_a_native_object() -> None:
    W = weights(3, 2, 4, 5)
    made = from_fields(
        FilterSize=[3, 2],
        NumFilters=4,
        Weights={
            "Version": 1,
            "Value": W,
            "LearnRateFactor": 10.0,
            "L2Factor": 0.5,
            "Initializer": {"Class": "nnet.internal.cnn.layer.learnable.initializer.He"},
        },
        Bias={"Value": [], "LearnRateFactor": 0.0, "L2Factor": 0.0, "Initializer": []},
    )
    np.testing.assert_array_equal(made.Weights, W)
    assert (made.WeightLearnRateFactor, made.WeightL2Factor) == (10, 0.5)
    assert (made.BiasLearnRateFactor, made.BiasL2Factor) == (0, 0)
    assert (made.WeightsInitializer, made.BiasInitializer) == ("he", "zeros")


@pytest.mark.parametrize(
    ("saved", "name"),
    [("Glorot", "glorot"), ("NarrowNormal", "narrow-normal"), ("Zeros", "zeros"), ("Ones", "ones")],
)
def test_fields_with_the_class_of_an_initializer(saved: str, name: str) -> None:
    initializer = {"Class": f"a.b.{saved}"}
    made = from_fields(
        FilterSize=1, NumFilters=1, Weights={"Value": [], "Initializer": initializer}
    )
    assert made.WeightsInitializer == name


def test_fields_with_an_unknown_initializer_open_but_do_not_run() -> None:
    saved = {"Value": [], "Initializer": {"Class": "a.b.Mystery"}}
    made = from_fields(FilterSize=1, NumFilters=1, Weights=saved)
    with pytest.raises(UnsupportedLayerError, match="'Mystery' is not known"):
        made.initialize(1)


def test_fields_without_sizes_take_them_from_Weights() -> None:
    made = from_fields(Weights=weights(3, 2, 4, 5))
    assert (made.FilterSize, made.NumFilters, made.NumChannels) == ((3, 2), 4, 5)


def test_fields_with_dropped_dimensions() -> None:
    made = from_fields(Weights=weights(3, 2))
    assert made.Weights.shape == (3, 2, 1, 1)


@pytest.mark.parametrize(
    ("legacy", "size"),
    [(1, (1, 1, 1, 1)), ([1, 2], (1, 1, 2, 2)), (np.array([[1.0, 2.0]]), (1, 1, 2, 2))],
)
def test_fields_with_the_old_Cropping_alone_warn(legacy: object, size: tuple[int, ...]) -> None:
    with pytest.warns(MatlabDeprecationWarning, match="use CroppingSize"):
        made = from_fields(FilterSize=3, NumFilters=1, cropping=legacy)
    assert made.CroppingSize == size


def test_fields_with_Cropping_and_CroppingSize_that_agree() -> None:
    with pytest.warns(MatlabDeprecationWarning):
        made = from_fields(FilterSize=3, NumFilters=1, Cropping=[1, 0], CroppingSize=[1, 1, 0, 0])
    assert made.CroppingSize == (1, 1, 0, 0)


def test_fields_with_Cropping_and_CroppingSize_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(PropertyError, match="contradict"):
        from_fields(FilterSize=3, NumFilters=1, Cropping=[1, 1], CroppingSize=[0, 1, 0, 1])


def test_fields_in_same_mode_whose_CroppingSize_is_not_the_rule_warn() -> None:
    with pytest.warns(MatlabCompatWarning, match="the rule is used"):
        made = from_fields(
            FilterSize=3, NumFilters=1, Stride=2, CroppingMode="same", CroppingSize=[1, 0, 1, 0]
        )
    assert made.CroppingSize == (0, 1, 0, 1)


def test_fields_in_same_mode_whose_CroppingSize_is_the_rule_do_not_warn() -> None:
    made = from_fields(
        FilterSize=3, NumFilters=1, Stride=2, CroppingMode="same", CroppingSize=[0, 1, 0, 1]
    )
    assert made.CroppingMode == "same"


def test_fields_with_an_output_size_offset_of_zero_are_fine() -> None:
    made = from_fields(FilterSize=3, NumFilters=1, OutputSizeOffset=np.array([[-0.0, -0.0]]))
    assert "OutputSizeOffset" in made.extra


def test_fields_with_an_output_size_offset_are_refused() -> None:
    made = from_fields(FilterSize=3, NumFilters=1, OutputSizeOffset=np.array([[1.0, 0.0]]))
    with pytest.raises(UnsupportedLayerError, match="OutputSizeOffset"):
        made.initialize(1).predict(np.zeros((2, 2, 1)))
