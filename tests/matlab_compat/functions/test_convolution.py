"""``dlconv`` and ``dltranspconv``: labels, layouts of weights, groups, options.

Expected values: the sums of ``tests/matlab_compat/filter_reference.py`` and ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from matlab_compat import dlarray, dlconv, dltranspconv
from matlab_compat.errors import DataFormatError, PropertyError

from .. import filter_reference as sums
from ..filter_reference import (
    PAD_MODES,
    assert_close,
    from_torch_order,
    normal,
    onnx_run,
    to_torch_order,
)

FORMAT = {1: "SCB", 2: "SSCB", 3: "SSSCB"}
BOTH = pytest.mark.parametrize("function", [dlconv, dltranspconv])
Function = Callable[..., Any]

X2, W2, B2 = normal(6, 5, 2, 3), normal(3, 2, 2, 4, seed=1), normal(4, seed=2)
ONES = {"stride": [1, 1], "dilation": [1, 1]}


def conv2(**options: Any) -> Any:
    return dlconv(X2, W2, B2, DataFormat="SSCB", **options)


def expected2(pairs: Any = ((0, 0), (0, 0)), value: Any = 0.0, **steps: Any) -> Any:
    return sums.correlate(sums.padded(X2, pairs, value), W2[..., None], B2, **{**ONES, **steps})


# --- sizes and groups -------------------------------------------------------------------


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_dlconv_is_the_sum_written_out(dims: int, groups: int) -> None:
    X, W = normal(*[5, 4, 3][:dims], 2 * groups, 2), normal(*[3, 2, 2][:dims], 2, 3, groups)
    b = normal(3 * groups, seed=1)
    Y = dlconv(X, W, b, DataFormat=FORMAT[dims], Stride=2)
    assert_close(Y, sums.correlate(X, W, b, [2] * dims, [1] * dims))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_dltranspconv_is_the_sum_written_out(dims: int, groups: int) -> None:
    X, W = normal(*[4, 3, 2][:dims], 2 * groups, 2), normal(*[3, 2, 2][:dims], 3, 2, groups)
    b = normal(3 * groups, seed=1)
    Y = dltranspconv(X, W, b, DataFormat=FORMAT[dims], Stride=2, DilationFactor=2)
    assert_close(Y, sums.scatter(X, W, b, [2] * dims, [(0, 0)] * dims, [2] * dims))


def test_groups_are_those_of_onnx() -> None:
    X, b = normal(5, 4, 6, 1), normal(6, seed=1)
    W = normal(2, 2, 2, 2, 3)  # two numbers of channels, either way; 3 groups
    joined = np.concatenate([W[..., g].transpose(3, 2, 0, 1) for g in range(3)])
    inputs = [to_torch_order(X), joined, b]
    conv = from_torch_order(onnx_run("Conv", inputs, group=3))
    transposed = from_torch_order(onnx_run("ConvTranspose", inputs, group=3))
    assert_close(dlconv(X, W, b, DataFormat="SSCB"), conv)
    assert_close(dltranspconv(X, W, b, DataFormat="SSCB"), transposed)


def test_dropped_dimensions_of_weights() -> None:
    X, W = normal(6, 5, 1, 2), normal(3, 2)
    full = W[..., None, None, None]
    assert_close(dlconv(X, W, 0, DataFormat="SSCB"), sums.correlate(X, full, 0, [1, 1], [1, 1]))
    expected = sums.scatter(X, full, 0, [1, 1], [(0, 0)] * 2)
    assert_close(dltranspconv(X, W, 0, DataFormat="SSCB"), expected)


# --- Padding and Cropping ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("padding", "pairs"),
    [
        (2, ((2, 2), (2, 2))),
        ([1, 2], ((1, 1), (2, 2))),
        ([[1, 2], [3, 4]], ((1, 3), (2, 4))),
        ([1, 2, 3, 4], ((1, 2), (3, 4))),
    ],
)
def test_Padding_forms(padding: object, pairs: Any) -> None:
    assert_close(conv2(Padding=padding), expected2(pairs))


@pytest.mark.parametrize(
    ("cropping", "pairs"),
    [(1, ((1, 1), (1, 1))), ([[1, 0], [0, 2]], ((1, 0), (0, 2))), ([0, 1, 2, 0], ((0, 1), (2, 0)))],
)
def test_Cropping_forms(cropping: object, pairs: Any) -> None:
    W = W2.transpose(0, 1, 3, 2)
    Y = dltranspconv(X2, W, B2, DataFormat="SSCB", Cropping=cropping)
    assert_close(Y, sums.scatter(X2, W[..., None], B2, [1, 1], pairs))


def test_Padding_same_with_stride_and_dilation() -> None:
    pairs = sums.same_pairs((6, 5), (5, 3), (2, 2))
    Y = conv2(Padding="SAME", Stride=2, DilationFactor=2)
    assert Y.shape == (3, 3, 4, 3)
    assert_close(Y, expected2(pairs, stride=[2, 2], dilation=[2, 2]))


def test_Cropping_same_with_dilation_gives_the_input_times_the_stride() -> None:
    W = normal(3, 2, 1)
    Y = dltranspconv(normal(5, 1, 2), W, 0, DataFormat="SCB", Cropping="same", DilationFactor=2)
    # (3 - 1) * 2 + 1 - 1 = 4 are cropped, two on each side
    expected = sums.scatter(normal(5, 1, 2), W[..., None], [0, 0], [1], [(2, 2)], [2])
    assert_close(Y, expected)


def test_Padding_causal() -> None:
    X, W = normal(7, 2, 1), normal(3, 2, 4)
    Y = dlconv(X, W, 0, DataFormat="SCB", Padding="causal", DilationFactor=2)
    expected = sums.correlate(sums.padded(X, [(4, 0)]), W[..., None], 0, [1], [2])
    assert_close(Y, expected)


@pytest.mark.parametrize("mode", sorted(PAD_MODES))
def test_PaddingValue_from_the_data(mode: str) -> None:
    pairs = ((1, 2), (0, 1))
    Y = conv2(Padding=[1, 2, 0, 1], PaddingValue=mode)
    assert_close(Y, expected2(pairs, mode))


@pytest.mark.parametrize("padding", ["valid", "causal", -1, [1, 2, 3], 0.5])
def test_Padding_refuses(padding: object) -> None:
    with pytest.raises(PropertyError, match="Padding must be 'same'"):
        conv2(Padding=padding)


@pytest.mark.parametrize("cropping", ["causal", -1, [1, 2, 3]])
def test_Cropping_refuses(cropping: object) -> None:
    with pytest.raises(PropertyError, match="Cropping must be 'same'"):
        dltranspconv(X2, normal(3, 2, 4, 2), 0, DataFormat="SSCB", Cropping=cropping)


def test_a_crop_of_everything_is_refused() -> None:
    with pytest.raises(DataFormatError, match="crop leaves nothing"):
        dltranspconv(X2, normal(1, 1, 1, 2), 0, DataFormat="SSCB", Cropping=3)


# --- options ----------------------------------------------------------------------------


def test_names_match_in_any_case_and_in_pairs() -> None:
    Y = dlconv(X2, W2, B2, "dataformat", "SSCB", "padding", "same")
    np.testing.assert_array_equal(Y, conv2(Padding="same"))


@BOTH
def test_an_unknown_option_is_refused(function: Function) -> None:
    with pytest.raises(PropertyError, match="has no argument 'Dilation'"):
        function(X2, W2, B2, DataFormat="SSCB", Dilation=2)


@pytest.mark.parametrize("name", ["Stride", "DilationFactor"])
def test_steps_refuse(name: str) -> None:
    with pytest.raises(PropertyError, match=f"{name} must be a vector of two positive"):
        conv2(**{name: 0})


def test_Stride_and_DilationFactor_of_each_dimension() -> None:
    Y = conv2(Stride=[2, 1], DilationFactor=[1, 3])
    assert_close(Y, expected2(stride=[2, 1], dilation=[1, 3]))


@pytest.mark.parametrize("bias", [B2, B2.reshape(1, 1, 4), B2.reshape(4, 1)])
def test_bias_is_a_vector_of_any_orientation(bias: Any) -> None:
    assert_close(dlconv(X2, W2, bias, DataFormat="SSCB"), expected2())


def test_bias_of_one_number_is_for_all_filters() -> None:
    expected = sums.correlate(X2, W2[..., None], 3.0, [1, 1], [1, 1])
    assert_close(dlconv(X2, W2, 3, DataFormat="SSCB"), expected)


def test_bias_of_another_length_is_refused() -> None:
    with pytest.raises(DataFormatError, match="bias has 3 elements for 4 filters"):
        dlconv(X2, W2, normal(3), DataFormat="SSCB")


# --- labels -----------------------------------------------------------------------------


def test_a_dlarray_gives_a_dlarray() -> None:
    Y = dlconv(dlarray(X2, "SSCB"), W2, B2)
    assert isinstance(Y, dlarray)
    assert Y.dims() == "SSCB"
    assert_close(Y.extractdata(), expected2())


def test_an_array_comes_back_in_its_own_order() -> None:
    Y = dlconv(X2.transpose(3, 2, 0, 1), W2, B2, DataFormat="BCSS")
    assert_close(Y.transpose(2, 3, 1, 0), expected2())


def test_dimensions_without_a_role_are_passed_one_by_one() -> None:
    assert_close(dlconv(X2, W2, B2, DataFormat="SSCU"), expected2())
    X = np.stack([X2, X2 + 1], axis=-1)
    assert_close(dlconv(X, W2, B2, DataFormat="SSCBT")[..., 0], expected2())


def test_data_without_a_batch() -> None:
    assert_close(dlconv(X2[..., 0], W2, B2, DataFormat="SSC"), expected2()[..., 0])


def test_weights_with_a_time_label_filter_over_time() -> None:
    X, W, b = normal(2, 3, 8), normal(3, 2, 4), normal(4, seed=1)
    expected = sums.correlate(X.transpose(2, 0, 1), W[..., None], b, [1], [1]).transpose(1, 2, 0)
    assert_close(dlconv(X, W, b, DataFormat="CBT", WeightsFormat="TCU"), expected)
    assert_close(dlconv(X, dlarray(W, "TCU"), b, DataFormat="CBT"), expected)


def test_weights_that_filter_space_and_time() -> None:
    X, W = normal(6, 2, 3, 5), normal(3, 2, 2, 4)
    expected = sums.correlate(X.transpose(0, 3, 1, 2), W[..., None], 0, [1, 1], [1, 1])
    Y = dlconv(X, W, 0, DataFormat="SCBT", WeightsFormat="STCU")
    assert_close(Y, expected.transpose(0, 2, 3, 1))


def test_labelled_weights_come_in_any_order() -> None:
    Y = dlconv(X2, W2.transpose(3, 0, 2, 1), B2, DataFormat="SSCB", WeightsFormat="USCS")
    assert_close(Y, expected2())


def test_labelled_weights_of_dltranspconv_have_filters_C_and_channels_U() -> None:
    X, W = normal(4, 3, 2, 1), normal(3, 3, 5, 2)  # 5 filters, 2 channels
    expected = sums.scatter(X, W[..., None], 0, [2, 2], [(0, 0)] * 2)
    assert_close(dltranspconv(dlarray(X, "SSCB"), dlarray(W, "SSCU"), 0, Stride=2), expected)
    given = W.transpose(0, 1, 3, 2)
    Y = dltranspconv(X, given, 0, Stride=2, DataFormat="SSCB", WeightsFormat="SSUC")
    assert_close(Y, expected)


@BOTH
@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (None, {}, "X has no labels"),
        ("SSUB", {}, "has no channel dimension"),
        ("CBTU", {}, "0 dimensions to filter"),
        ("SSCB", {"WeightsFormat": "SCU"}, "labels 3 dimensions"),
        ("SSCB", {"WeightsFormat": "SSUU"}, "cannot be labelled 'SSUU'"),
        ("SCBU", {}, "channels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    function: Function, labels: str | None, options: dict[str, object], message: str
) -> None:
    given = options if labels is None else {"DataFormat": labels, **options}
    with pytest.raises(DataFormatError, match=message):
        function(X2, W2, 0, **given)


@BOTH
def test_weights_must_filter_all_of_the_space(function: Function) -> None:
    with pytest.raises(DataFormatError, match="weights filter 'S', but the data is 'SSCB'"):
        function(X2, dlarray(normal(3, 2, 4), "SCU"), 0, DataFormat="SSCB")


def test_a_dlarray_with_DataFormat_is_refused() -> None:
    with pytest.raises(PropertyError, match="DataFormat cannot be given as well"):
        dlconv(dlarray(X2, "SSCB"), W2, B2, DataFormat="SSCB")


@BOTH
def test_a_wrong_number_of_channels_is_refused(function: Function) -> None:
    with pytest.raises(DataFormatError, match="channels, but the data has 5"):
        function(normal(4, 4, 5, 1), normal(2, 2, 3, 3), 0, DataFormat="SSCB")


@BOTH
def test_too_many_dimensions_of_weights_are_refused(function: Function) -> None:
    with pytest.raises(DataFormatError, match="too many dimensions"):
        function(X2, normal(2, 2, 2, 2, 1, 2), 0, DataFormat="SSCB")


# --- classes ----------------------------------------------------------------------------


def test_double_stays_double_and_single_wins() -> None:
    X, W = X2.astype(np.float64), W2.astype(np.float64)
    exact = dlconv(X, W, 0, DataFormat="SSCB")
    assert exact.dtype == np.float64
    assert_close(exact, sums.correlate(X, W[..., None], 0, [1, 1], [1, 1]), 1e-13)
    assert dlconv(X2, W, 0, DataFormat="SSCB").dtype == np.float32
    assert dlconv(X, W2, 0, DataFormat="SSCB").dtype == np.float32
