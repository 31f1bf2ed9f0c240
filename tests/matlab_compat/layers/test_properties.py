"""Converters of property values, and how properties behave on any layer.

Expected values: MATLAB's rules by hand. What TransposedConvolution2DLayer makes of them is tested
beside it.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matlab_compat
from matlab_compat import (
    FullyConnectedLayer,
    Layer,
    featureInputLayer,
    fullyConnectedLayer,
    transposedConv2dLayer,
)
from matlab_compat.errors import MatlabCompatWarning, PropertyError, ReadOnlyPropertyError
from matlab_compat.layers.properties import (
    PerDimension,
    Property,
    flag,
    nonnegative_integers,
    one_of,
    optional,
    parameter_array,
    positive_integer,
    positive_integers,
    positive_scalar,
    real_scalar,
    sizes,
    text,
)


class Sample(Layer):
    """Two properties, one fixed at creation."""

    matlab_class = "test.Sample"
    constructor = "sampleLayer"

    Size = Property(positive_integer, read_only=True)
    Rate = Property(real_scalar, 0.5)


@given(st.integers(1, 2**31 - 1), st.sampled_from([int, float, np.float64, np.int64, np.uint64]))
def test_whole_numbers_of_any_class_are_integers(n: int, kind: type) -> None:
    assert positive_integer(kind(n)) == n


@given(st.integers(2**31, 2**53))
def test_a_number_that_no_size_can_be_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="less than 2\\^31"):
        positive_integer(n)


@given(st.floats(allow_nan=True).filter(lambda x: not (x == x and x >= 1 and x % 1 == 0)))
def test_no_other_number_is_a_positive_integer(x: float) -> None:
    with pytest.raises(ValueError, match="must be a positive integer"):
        positive_integer(x)


@given(st.integers(1, 6), st.integers(1, 100))
def test_a_scalar_expands(n: int, value: int) -> None:
    assert positive_integers(n)(value) == (value,) * n


@given(st.integers(2, 6), st.lists(st.integers(1, 9), min_size=2, max_size=7))
def test_a_vector_must_have_the_length(n: int, values: list[int]) -> None:
    if len(values) == n:
        assert positive_integers(n)(values) == tuple(values)
    else:
        with pytest.raises(ValueError, match="must be a vector"):
            positive_integers(n)(values)


def test_nonnegative_allows_0_and_nothing_less() -> None:
    assert nonnegative_integers(2)([0, 1]) == (0, 1)
    with pytest.raises(ValueError, match="nonnegative"):
        nonnegative_integers(2)([0, -1])


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array([[2]]), -0.5])
def test_real_scalar(value: Any) -> None:
    assert real_scalar(value) == float(np.asarray(value).item())


@pytest.mark.parametrize("value", [[1, 2], "1", None, True, 1j, float("nan"), float("inf"), []])
def test_real_scalar_refuses(value: object) -> None:
    with pytest.raises(ValueError, match="must be a real scalar"):
        real_scalar(value)


def test_positive_scalar_refuses_0() -> None:
    assert positive_scalar(1e-9) == 1e-9
    with pytest.raises(ValueError, match="must be a positive scalar"):
        positive_scalar(0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (0, False), (1.0, True), (np.uint8(1), True), (np.array([[False]]), False)],
)
def test_flag(value: object, expected: bool) -> None:
    assert flag(value) is expected


@pytest.mark.parametrize("value", [2, "true", [1, 0], None, float("nan")])
def test_flag_refuses(value: object) -> None:
    with pytest.raises(ValueError, match="must be true or false"):
        flag(value)


def test_one_of_gives_the_spelling_of_matlab() -> None:
    assert one_of("SAME", "manual")("same") == "SAME"
    with pytest.raises(ValueError, match="must be one of 'SAME', 'manual'"):
        one_of("SAME", "manual")(1)


@pytest.mark.parametrize("value", [None, [], np.zeros((0, 0))])
def test_optional_takes_empty_for_not_set(value: object) -> None:
    assert optional(positive_integer)(value) is None
    assert optional(positive_integer)(3) == 3


def test_text_takes_empty_arrays_for_empty_text() -> None:
    assert text(np.zeros((0, 0))) == ""


def test_parameter_arrays_are_column_major_copies() -> None:
    given_array = np.arange(6.0).reshape(2, 3)
    array = parameter_array(given_array)
    assert array.flags.f_contiguous
    assert not np.shares_memory(array, given_array)


@pytest.mark.parametrize("value", [None, [], np.zeros((0, 5), np.uint8)])
def test_parameter_arrays_that_are_not_set(value: object) -> None:
    assert parameter_array(value).shape == (0, 0)


# --- on a layer -------------------------------------------------------------------------


def test_a_missing_property_is_named() -> None:
    with pytest.raises(PropertyError, match="sampleLayer needs Size"):
        Sample()


def test_an_unknown_property_is_named_with_the_known_ones() -> None:
    with pytest.raises(PropertyError, match="no property 'Sise'; it has Name, Size, Rate"):
        Sample(Size=1, Sise=2)


def test_assignment_converts() -> None:
    layer = Sample(Size=1)
    layer.Rate = np.array([[2]])
    assert layer.Rate == 2.0
    assert type(layer.Rate) is float


def test_a_refused_assignment_changes_nothing() -> None:
    layer = Sample(Size=1)
    with pytest.raises(PropertyError, match="Rate must be a real scalar; got 'fast'"):
        layer.Rate = "fast"
    assert layer.Rate == 0.5


def test_read_only_says_how_to_get_another_value() -> None:
    layer = Sample(Size=1)
    with pytest.raises(ReadOnlyPropertyError) as caught:
        layer.Size = 2
    assert caught.value.remedy == "make a new layer: sampleLayer(..., Size=...)."
    assert caught.value.where == ("Sample", "Size")


def test_read_only_is_an_attribute_error_too() -> None:
    with pytest.raises(AttributeError):
        Sample(Size=1).Size = 2


def test_the_descriptor_is_seen_on_the_class() -> None:
    assert isinstance(Sample.Rate, Property)
    assert list(Sample.properties) == ["Name", "Size", "Rate"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.zeros((3, 3)), "[3×3 double]"),
        (np.float64(-0.5), "-0.5"),
        ("x" * 200, "'" + "x" * 76 + "..."),
        (list(range(100)), "[0, 1, 2,"),
    ],
)
def test_a_refused_value_is_shown_in_short(value: object, shown: str) -> None:
    with pytest.raises(PropertyError) as caught:
        Sample(Size=value)
    assert f"; got {shown}" in caught.value.what
    assert len(caught.value.what) < 150


def _nested(depth: int) -> np.ndarray[Any, Any]:
    cell: np.ndarray[Any, Any] = np.empty((1, 1), object)
    inner = cell
    for _ in range(depth):
        inner[0, 0] = np.empty((1, 1), object)
        inner = inner[0, 0]
    return cell


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (_nested(5000), "a cell array of 1×1"),
        ({"a": {}}, "a struct"),
        (np.zeros((3000, 3000)), "an array of 3000×3000"),
        ("x" * 10**7, "'xxxx"),
        ([_nested(5000)], "a list"),
    ],
)
def test_a_bad_value_of_a_file_is_shown_shortly(value: object, got: str) -> None:
    """Found by fuzzing: cells in cells were printed until the stack ended."""
    with pytest.raises(PropertyError) as error:
        transposedConv2dLayer(3, 4, Stride=value)
    assert got in str(error.value)
    assert len(str(error.value)) < 400


def test_a_vector_of_millions_is_no_size() -> None:
    with pytest.raises(PropertyError, match="an array of 1×5000000"):
        transposedConv2dLayer(np.ones((1, 5_000_000)), 4)


# --- numbers that are none ------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_load_and_run_with_a_warning_that_names_the_layer(
    value: float,
) -> None:
    """IEEE arithmetic: what the number touches is no number, the rest is as ever."""
    W = np.array([[1, value], [2, 3]], np.float32)
    fields = {"Name": "fc_7", "OutputSize": 2.0, "Weights": {"Value": W}, "Bias": [[0], [0]]}
    with pytest.warns(MatlabCompatWarning, match=r"'fc_7': Weights holds NaN or Inf in 1 of its 4"):
        made = FullyConnectedLayer.from_fields(fields)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(made.predict(np.ones((2, 1))), [[1 + value], [5]])


def test_a_layer_with_nan_is_equal_to_its_copy_and_its_repr() -> None:
    with pytest.warns(MatlabCompatWarning):
        made = fullyConnectedLayer(1, Weights=[[np.nan, np.inf, -np.inf, 1]])
    assert copy.deepcopy(made) == made
    with pytest.warns(MatlabCompatWarning):
        assert eval(repr(made), {"np": np, **vars(matlab_compat)}) == made


def test_a_statistic_of_an_input_that_is_nan_warns_too() -> None:
    with pytest.warns(MatlabCompatWarning, match="'in': Mean holds NaN or Inf in 1 of its 2"):
        featureInputLayer(2, Name="in", Normalization="zerocenter", Mean=[0, np.nan])


def test_values_are_all_properties_and_only_to_be_read() -> None:
    layer = matlab_compat.reluLayer(Name="relu")
    assert dict(layer.values) == {"Name": "relu"}
    with pytest.raises(TypeError):
        layer.values["Name"] = "other"  # type: ignore[index]


def test_assign_takes_properties_together_that_are_chosen_at_creation() -> None:
    layer = matlab_compat.maxPooling2dLayer(2, Stride=2)
    layer.assign({"PoolSize": 3, "Stride": (1, 3)})
    assert (layer.PoolSize, layer.Stride) == ((3, 3), (1, 3))


def test_assign_changes_nothing_where_one_value_is_refused() -> None:
    layer = matlab_compat.maxPooling2dLayer(2, Stride=2)
    with pytest.raises(PropertyError, match="Stride"):
        layer.assign({"PoolSize": 3, "Stride": -1})
    assert layer.PoolSize == (2, 2)


def test_a_renamed_layer_is_another_with_the_same_arrays() -> None:
    layer = matlab_compat.fullyConnectedLayer(2, Name="fc").initialize(3, seed=0)
    other = layer.renamed("last")
    assert (layer.Name, other.Name) == ("fc", "last")
    assert other.Weights is layer.Weights


def test_missing_parameters_are_those_without_a_value() -> None:
    layer = matlab_compat.fullyConnectedLayer(2, Weights=[[1.0], [2.0]])
    assert layer.missing_parameters() == ["Bias"]
    assert layer.initialize(seed=0).missing_parameters() == []


@pytest.mark.parametrize(
    ("dims", "value", "shown"), [(1, 3, 3), (2, 3, (3, 3)), (3, (1, 2, 3), (1, 2, 3))]
)
def test_a_property_per_dimension_follows_the_class(
    dims: int, value: object, shown: object
) -> None:
    class Flat(Layer):
        """Of two dimensions."""

        Step = PerDimension(sizes, 1, ("one", "two", "three"))

    class Windows(Flat, dims=dims):
        """Of others."""

    declared = Windows.properties["Step"]
    assert Windows(Step=value).values["Step"] == shown
    assert declared.__doc__ == ("one", "two", "three")[dims - 1]
    assert declared.default == (1 if dims == 1 else (1,) * dims)
    assert Flat.properties["Step"].default == (1, 1)


def test_a_property_per_dimension_keeps_its_rule() -> None:
    class Windows(Layer, dims=1):
        """Of one dimension."""

        Step = PerDimension(sizes)

    with pytest.raises(PropertyError, match="Step must be a positive integer; got"):
        Windows(Step=(1, 2))
