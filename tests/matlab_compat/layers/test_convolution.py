"""The convolution layers: properties, files, weights layouts, formats.

Expected values: the documentation pages (names, defaults, layouts, rows of layer arrays), ONNX
Runtime's Conv, the sums of ``tests/matlab_compat/filter_reference.py``, and saved files.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import matlab_compat
from matlab_compat import (
    Convolution1DLayer,
    Convolution2DLayer,
    Convolution3DLayer,
    GroupedConvolution2DLayer,
    convolution1dLayer,
    convolution2dLayer,
    convolution3dLayer,
    dlarray,
    groupedConvolution2dLayer,
)
from matlab_compat.errors import (
    DataFormatError,
    MatlabCompatWarning,
    PropertyError,
    ReadOnlyPropertyError,
)
from matlab_compat.layers.convolution import ConvolutionLayer

from ...real import MAT_FILES, file_id
from ..filter_reference import (
    Array,
    assert_close,
    assert_initialized,
    assert_moves_over_space_alone,
    correlate,
    from_torch_order,
    normal,
    onnx_run,
    padded,
    same_pairs,
    to_torch_order,
)
from ..saved import saved_layers

MAKE: dict[int, Any] = {1: convolution1dLayer, 2: convolution2dLayer, 3: convolution3dLayer}
FORMAT = {1: "SCB", 2: "SSCB", 3: "SSSCB"}


# --- the argument Padding ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("dims", "given", "size"),
    [
        (1, 2, (2, 2)),
        (1, [1, 2], (1, 2)),
        (2, 2, (2, 2, 2, 2)),
        (2, [1, 2], (1, 1, 2, 2)),
        (2, [0, 1, 2, 3], (0, 1, 2, 3)),
        (3, 1, ((1, 1, 1), (1, 1, 1))),
        (3, [1, 2, 3], ((1, 2, 3), (1, 2, 3))),
        (3, np.array([[1, 2, 3], [4, 5, 6]], np.uint8), ((1, 2, 3), (4, 5, 6))),
    ],
)
def test_Padding_forms(dims: int, given: object, size: object) -> None:
    made = MAKE[dims](3, 4, Padding=given)
    assert made.PaddingMode == "manual"
    assert made.PaddingSize == size


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_Padding_is_zero_by_default(dims: int) -> None:
    assert not np.any(MAKE[dims](3, 4).PaddingSize)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_Padding_same_in_any_case_leaves_PaddingSize_empty(dims: int) -> None:
    made = MAKE[dims](3, 4, "padding", "SAME")
    assert (made.PaddingMode, made.PaddingSize) == ("same", None)


def test_Padding_causal_stands_before_the_data() -> None:
    made = convolution1dLayer(4, 2, Padding="causal", DilationFactor=3)
    assert (made.PaddingMode, made.PaddingSize) == ("causal", (9, 0))


@pytest.mark.parametrize(
    ("dims", "given"),
    [
        (1, [1, 2, 3]),
        (2, "causal"),
        (2, [1, 2, 3]),
        (2, -1),
        (2, [[0, 0], [0, 0]]),
        (3, [1, 2]),
        (3, [1, 2, 3, 4, 5, 6]),
        (3, "valid"),
        (3, 0.5),
    ],
)
def test_Padding_refuses(dims: int, given: object) -> None:
    with pytest.raises(PropertyError, match="Padding must be 'same'") as caught:
        MAKE[dims](3, 4, Padding=given)
    assert caught.value.where == ("Padding",)


@pytest.mark.parametrize("name", ["PaddingSize", "PaddingMode", "FilterSize", "Cropping"])
def test_the_constructor_has_no_other_argument(name: str) -> None:
    with pytest.raises(PropertyError, match=f"has no argument '{name}'"):
        convolution2dLayer(3, 4, **{name: 1})


@pytest.mark.parametrize("value", ["mean", "reflect", [1, 2], 1j, float("nan")])
def test_PaddingValue_refuses(value: object) -> None:
    with pytest.raises(PropertyError, match="PaddingValue must be a scalar, 'replicate'"):
        convolution2dLayer(3, 4, PaddingValue=value)


def test_PaddingValue_text_in_any_case() -> None:
    assert convolution2dLayer(3, 4, PaddingValue="Replicate").PaddingValue == "replicate"


# --- other properties -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["FilterSize", "NumFilters", "Stride", "DilationFactor"])
def test_sizes_are_read_only(name: str) -> None:
    with pytest.raises(ReadOnlyPropertyError, match=f"{name} is read-only"):
        setattr(convolution2dLayer(3, 4), name, 5)


def test_sizes_of_1d_layers_are_scalars() -> None:
    made = convolution1dLayer(11, 96, Stride=4)
    assert (made.FilterSize, made.Stride, made.DilationFactor) == (11, 4, 1)


def test_defaults_are_those_of_the_page() -> None:
    made = convolution2dLayer(3, 16)
    assert made.FilterSize == (3, 3)
    assert made.Stride == made.DilationFactor == (1, 1)
    assert made.NumChannels == "auto"
    assert (made.WeightsInitializer, made.BiasInitializer) == ("glorot", "zeros")
    assert (made.WeightL2Factor, made.BiasL2Factor, made.PaddingValue) == (1, 0, 0)


@pytest.mark.parametrize(
    ("dims", "size", "bias"),
    [(1, (3, 2, 4), (1, 4)), (2, (3, 3, 2, 4), (1, 1, 4)), (3, (3, 3, 3, 2, 4), (1, 1, 1, 4))],
)
def test_Weights_and_Bias_have_the_sizes_of_the_page(
    dims: int, size: tuple[int, ...], bias: tuple[int, ...]
) -> None:
    assert_initialized(MAKE[dims](3, 4), size, bias)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_Weights_get_dropped_dimensions_back(dims: int) -> None:
    made = MAKE[dims](3, 1, Weights=normal(*[3] * dims))
    assert made.Weights.shape == (*[3] * dims, 1, 1)
    assert made.NumChannels == 1


def test_Weights_in_the_order_of_a_transposed_convolution_are_recognised() -> None:
    with pytest.raises(PropertyError, match=r"need 3×3×NumChannels×4.*look exchanged"):
        convolution2dLayer(3, 4, Weights=normal(3, 3, 4, 7))


def test_initialize_has_the_spread_of_glorot() -> None:
    made = convolution2dLayer([5, 4], 40).initialize(30, seed=1)
    limit = np.sqrt(6 / (5 * 4 * 30 + 5 * 4 * 40))
    assert 0.99 * limit < np.abs(made.Weights).max() <= limit
    assert not made.Bias.any()


def test_an_untrained_layer_does_not_run() -> None:
    with pytest.raises(PropertyError, match="Weights is empty"):
        convolution2dLayer(3, 4).predict(normal(5, 5, 1, 1))


# --- display ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "row"),
    [
        (
            convolution2dLayer(5, 10),
            "10 5×5 convolutions with stride [1  1] and padding [0  0  0  0]",
        ),
        (
            convolution2dLayer(3, 64, NumChannels=3, Padding="same", DilationFactor=2),
            "64 3×3×3 convolutions with stride [1  1], dilation factor [2  2], and padding 'same'",
        ),
        (
            convolution1dLayer(11, 96, Padding="causal"),
            "96 11 convolutions with stride 1 and padding 'causal'",
        ),
        (
            convolution3dLayer(3, 4, Padding=[[1, 2, 3], [0, 0, 0]]),
            "4 3×3×3 convolutions with stride [1  1  1] and padding [1  2  3; 0  0  0]",
        ),
        (
            groupedConvolution2dLayer(3, 1, 32, Weights=normal(3, 3, 1, 1, 32), Padding="same"),
            "32 groups of 1 3×3×1 convolutions with stride [1  1] and padding 'same'",
        ),
    ],
    ids=["2-D", "dilated", "1-D", "3-D", "grouped"],
)
def test_description_is_the_row_of_a_layer_array(made: ConvolutionLayer, row: str) -> None:
    assert made.description() == row


def test_print_shows_the_hyperparameters_in_the_order_of_matlab() -> None:
    lines = str(convolution2dLayer(3, 4)).splitlines()
    shown = [line.split(":")[0].strip() for line in lines if ":" in line][2:]
    assert shown == [
        "FilterSize",
        "NumChannels",
        "NumFilters",
        "Stride",
        "DilationFactor",
        "PaddingMode",
        "PaddingSize",
        "PaddingValue",
        "Weights",
        "Bias",
    ]


def test_print_shows_a_matrix_by_its_size() -> None:
    assert "PaddingSize: [2×3 double]" in str(convolution3dLayer(3, 4))


MADE = [
    convolution1dLayer(3, 2, Padding="causal", DilationFactor=2),
    convolution2dLayer([3, 2], 4, Padding=[0, 1, 2, 3], PaddingValue="replicate"),
    convolution2dLayer(3, 2, Padding="same", Weights=normal(3, 3, 1, 2), Name="c"),
    convolution3dLayer(3, 4, Padding=[[1, 2, 3], [0, 0, 0]], Stride=2),
    groupedConvolution2dLayer(3, 2, "channel-wise"),
    groupedConvolution2dLayer(2, 2, 2, Weights=normal(2, 2, 1, 2, 2), Bias=normal(1, 1, 2, 2)),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.constructor)
def test_repr_evaluates_to_the_layer(made: ConvolutionLayer) -> None:
    assert eval(repr(made), {"np": np, **vars(matlab_compat)}) == made


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.constructor)
def test_copies_are_equal(made: ConvolutionLayer) -> None:
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made


# --- arithmetic -------------------------------------------------------------------------


def reference(made: ConvolutionLayer, X: Array, W: Array) -> Array:
    """The sum written out, over data padded by the rules of the pages; W with its groups."""
    window = [(k - 1) * d + 1 for k, d in zip(made.filter_size, made.dilation, strict=True)]
    pairs = made.padding
    if pairs is None:
        pairs = tuple(same_pairs(X.shape[: made.dims], window, made.stride))
    bias = made.Bias.ravel(order="F")
    return correlate(padded(X, pairs, made.PaddingValue), W, bias, made.stride, made.dilation)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, "same"])
@pytest.mark.parametrize("stride", [1, 2])
def test_predict_is_the_sum_written_out(dims: int, padding: object, stride: int) -> None:
    W, b = normal(*[3, 2, 2][:dims], 2, 3), normal(3, seed=1)
    X = normal(*[6, 5, 4][:dims], 2, 2, seed=2)
    sizes = 3 if dims == 1 else W.shape[:dims]
    made = MAKE[dims](sizes, 3, Weights=W, Bias=b, Padding=padding, Stride=stride)
    assert_close(made.predict(X, FORMAT[dims]), reference(made, X, W[..., None]))


def test_padding_is_top_bottom_left_right() -> None:
    made = convolution2dLayer(1, 1, Weights=np.ones((1, 1)), Padding=[1, 2, 3, 4])
    Y = made.predict(np.ones((1, 1, 1, 1)))
    assert Y.shape == (4, 8, 1, 1)
    assert np.argwhere(Y).tolist() == [[1, 3, 0, 0]]


def test_3d_padding_is_top_left_front_then_bottom_right_back() -> None:
    made = convolution3dLayer(1, 1, Weights=np.ones((1, 1)), Padding=[[1, 2, 3], [0, 1, 2]])
    Y = made.predict(np.ones((1, 1, 1, 1, 1)))
    assert Y.shape == (2, 4, 6, 1, 1)
    assert np.argwhere(Y).tolist() == [[1, 2, 3, 0, 0]]


def test_the_filter_is_not_flipped() -> None:
    made = convolution1dLayer(2, 1, Weights=np.array([1.0, 10.0]).reshape(2, 1, 1))
    Y = made.predict(np.array([1.0, 2.0, 3.0]).reshape(1, 1, 3))
    assert Y.ravel().tolist() == [21, 32]


def test_same_takes_the_odd_row_at_the_bottom_and_the_right() -> None:
    made = convolution2dLayer(2, 1, Weights=np.ones((2, 2)), Padding="same")
    Y = made.predict(np.ones((2, 2, 1, 1)))
    assert Y[..., 0, 0].tolist() == [[4, 2], [2, 1]]


def test_same_depends_on_the_size_of_the_input() -> None:
    # 3 wide, stride 2: an input of 5 needs 1 + 1, one of 6 needs 0 + 1 (out = ceil(in/stride)).
    made = convolution1dLayer(3, 1, Weights=np.array([1.0, 0, 0]), Padding="same", Stride=2)
    assert made.predict(np.arange(1.0, 6).reshape(1, 1, 5)).ravel().tolist() == [0, 2, 4]
    assert made.predict(np.arange(1.0, 7).reshape(1, 1, 6)).ravel().tolist() == [1, 3, 5]


def test_causal_does_not_see_the_future() -> None:
    made = convolution1dLayer(3, 2, Padding="causal", DilationFactor=2).initialize(2, seed=0)
    X = normal(2, 1, 9)
    later = X.copy()
    later[..., 5:] += 1
    np.testing.assert_array_equal(made.predict(X)[..., :5], made.predict(later)[..., :5])
    assert made.predict(X).shape == (2, 1, 9)
    assert (made.predict(X)[..., 5] != made.predict(later)[..., 5]).any()


def test_1d_over_time_is_1d_over_space() -> None:
    made = convolution1dLayer(3, 2, Padding=1).initialize(4, seed=0)
    X = normal(4, 2, 7)  # C, B, T
    np.testing.assert_array_equal(
        made.predict(X, "CBT"), np.moveaxis(made.predict(np.moveaxis(X, 2, 0), "SCB"), 0, 2)
    )


def test_1d_over_space_and_time_moves_over_space_without_a_warning() -> None:
    assert_moves_over_space_alone(convolution1dLayer(3, 2).initialize(4, seed=0))


def test_2d_over_space_and_time() -> None:
    made = convolution2dLayer([3, 2], 2).initialize(4, seed=0)
    X = normal(6, 4, 2, 3)  # S, C, B, T
    expected = made.predict(X.transpose(0, 3, 1, 2), "SSCB").transpose(0, 2, 3, 1)
    assert_close(made.predict(X, "SCBT"), expected)


def test_2d_passes_time_steps_one_by_one() -> None:
    made = convolution2dLayer(3, 2, Padding="same").initialize(4, seed=0)
    X = normal(5, 6, 4, 2, 3)
    assert_close(made.predict(X, "SSCBT")[..., 2], made.predict(X[..., 2], "SSCB"))


def test_3d_passes_time_steps_one_by_one() -> None:
    made = convolution3dLayer(2, 2).initialize(3, seed=0)
    X = normal(4, 3, 5, 3, 2, 2)
    assert_close(made.predict(X, "SSSCBT")[..., 1], made.predict(X[..., 1], "SSSCB"))


def test_a_dlarray_without_batch_comes_back_so() -> None:
    made = convolution2dLayer(3, 2, Padding="same").initialize(1, seed=0)
    Y = made.predict(dlarray(normal(5, 6, 1), "SSC"))
    assert (Y.dims(), Y.shape) == ("SSC", (5, 6, 2))


@pytest.mark.parametrize(("dims", "labels"), [(1, "SSCB"), (2, "CB"), (2, "CBT"), (3, "SSCB")])
def test_other_formats_are_refused(dims: int, labels: str) -> None:
    with pytest.raises(DataFormatError, match=f"does not take the format '{labels}'"):
        MAKE[dims](3, 2).output_formats([labels])


def test_a_wrong_number_of_channels_is_refused() -> None:
    with pytest.raises(DataFormatError, match=r"has 3 input channels.*has 2"):
        convolution2dLayer(3, 2).initialize(3, seed=0).predict(normal(5, 5, 2, 1))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_training_is_taken_back(dims: int) -> None:
    made = MAKE[dims](3, 2).initialize(4, seed=0)
    module = made.to_torch()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    before = made.Weights.copy()
    made.assign_from_torch(module)
    np.testing.assert_array_equal(made.Weights, before + np.float32(1))
    np.testing.assert_array_equal(made.Bias, np.ones_like(made.Bias))


# --- groups -----------------------------------------------------------------------------


def grouped(**options: Any) -> GroupedConvolution2DLayer:
    """3 groups of 2 channels, each with 4 filters."""
    W, b = normal(3, 2, 2, 4, 3), normal(1, 1, 4, 3, seed=1)
    return groupedConvolution2dLayer([3, 2], 4, 3, Weights=W, Bias=b, **options)


@pytest.mark.parametrize("options", [{}, {"Padding": "same"}, {"Stride": 2, "DilationFactor": 2}])
def test_groups_are_the_sum_written_out(options: dict[str, Any]) -> None:
    made, X = grouped(**options), normal(6, 7, 6, 2, seed=2)
    assert_close(made.predict(X), reference(made, X, made.Weights))


def test_groups_are_those_of_onnx() -> None:
    made, X = grouped(), normal(6, 7, 6, 2, seed=2)
    # Filter and group numbers joined, filters of the first group first, as ONNX documents it.
    per_group = [made.Weights[..., g].transpose(3, 2, 0, 1) for g in range(3)]
    bias = np.concatenate([made.Bias[0, 0, :, g] for g in range(3)])
    inputs = [to_torch_order(X), np.concatenate(per_group), bias]
    assert_close(made.predict(X), from_torch_order(onnx_run("Conv", inputs, group=3)))


def test_one_group_is_a_convolution() -> None:
    W, X = normal(3, 3, 2, 4), normal(5, 5, 2, 1)
    one = groupedConvolution2dLayer(3, 4, 1, Weights=W)  # MATLAB has dropped the fifth dimension
    assert one.Weights.shape == (3, 3, 2, 4, 1)
    assert_close(one.predict(X), convolution2dLayer(3, 4, Weights=W).predict(X))


def test_channel_wise_has_a_group_for_each_channel() -> None:
    made = groupedConvolution2dLayer(3, 2, "Channel-Wise").initialize(5, seed=0)
    assert made.Weights.shape == (3, 3, 1, 2, 5)
    assert made.Bias.shape == (1, 1, 2, 5)
    assert (made.NumGroups, made.NumChannelsPerGroup, made.input_channels()) == (5, 1, 5)


def test_groups_must_divide_the_channels() -> None:
    with pytest.raises(PropertyError, match="5 channels cannot be divided into 2 groups"):
        groupedConvolution2dLayer(3, 2, 2).initialize(5)


def test_groups_refuse() -> None:
    with pytest.raises(PropertyError, match="NumGroups must be 'channel-wise' or a positive"):
        groupedConvolution2dLayer(3, 2, "depthwise")


def test_channel_wise_bias_without_weights_is_refused() -> None:
    with pytest.raises(PropertyError, match="number of groups is not known"):
        groupedConvolution2dLayer(3, 2, "channel-wise", Bias=normal(1, 1, 2, 4))


def test_grouped_weights_of_another_size_are_refused() -> None:
    with pytest.raises(PropertyError, match="need 3×3×NumChannelsPerGroup×2×4"):
        groupedConvolution2dLayer(3, 2, 4, Weights=normal(3, 3, 1, 2, 3))


@pytest.mark.parametrize("empty", [[], np.zeros((0, 0)), ()])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_NumChannels_may_be_empty_in_files_only(dims: int, empty: Any) -> None:
    with pytest.raises(PropertyError, match="NumChannels must be 'auto' or a positive integer"):
        MAKE[dims](3, 2, NumChannels=empty)
    saved = {"FilterSize": 3, "NumFilters": 2, "NumChannels": np.zeros((0, 0))}
    assert Convolution2DLayer.from_fields(saved).NumChannels == "auto"


# --- files ------------------------------------------------------------------------------


def learnable(value: Array, **more: object) -> dict[str, object]:
    return {"Value": value, "LearnRateFactor": 2.0, "L2Factor": 0.5, **more}


def fields(**more: object) -> dict[str, object]:
    """What versions 4 to 8 of a saved Convolution2DLayer have in common."""
    return {
        "Version": 5.0,
        "Name": "conv_1",
        "FilterSize": np.array([[3.0, 2.0]]),
        "NumChannels": 2.0,
        "NumFilters": 4.0,
        "Stride": np.array([[1.0, 1.0]]),
        "DilationFactor": np.array([[1.0, 1.0]]),
        "PaddingMode": "manual",
        "PaddingSize": np.zeros((1, 4)),
        "Weights": learnable(normal(3, 2, 2, 4), Version=2.0),
        "Bias": learnable(normal(1, 1, 4), Version=2.0),
        **more,
    }


def test_fields_of_version_4_untrained() -> None:
    empty = np.zeros((0, 0))
    made = Convolution2DLayer.from_fields(
        fields(
            Version=4.0,
            NumChannels=empty,
            PaddingMode="same",
            PaddingSize=empty,
            Weights=learnable(empty),
            Bias=learnable(empty),
        )
    )
    assert (made.NumChannels, made.PaddingSize, made.Weights.size) == ("auto", None, 0)


def test_fields_of_version_8() -> None:
    made = Convolution2DLayer.from_fields(
        fields(Version=8.0, PaddingValue=0.0, ConvolveOverTime=False, DistributeOverTime=False)
    )
    assert made.extra["ConvolveOverTime"] is False
    assert (made.WeightLearnRateFactor, made.BiasL2Factor) == (2, 0.5)


def test_fields_in_same_mode_whose_PaddingSize_is_not_the_rule_warn() -> None:
    with pytest.warns(MatlabCompatWarning, match="the rule is used"):
        made = Convolution2DLayer.from_fields(
            fields(PaddingMode="same", PaddingSize=np.array([[1.0, 1.0, 1.0, 0.0]]))
        )
    assert made.PaddingSize is None


def test_fields_in_same_mode_whose_PaddingSize_is_the_rule_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Convolution2DLayer.from_fields(
            fields(PaddingMode="same", PaddingSize=np.array([[1.0, 1.0, 0.0, 1.0]]))
        )


def fields_3d(W: Array, mode: str, *padding: float) -> dict[str, Any]:
    sizes = {"FilterSize": np.array([[*map(float, W.shape[:3])]]), "NumFilters": float(W.shape[4])}
    learnables = {"Weights": learnable(W), "NumChannels": float(W.shape[3])}
    return {**sizes, **learnables, "PaddingMode": mode, "PaddingSize": np.array([padding])}


def test_fields_of_3d_padding_of_six_numbers() -> None:
    W, X = normal(3, 1, 2, 2, 4), normal(4, 4, 4, 2, 1, seed=2)
    made = Convolution3DLayer.from_fields(fields_3d(W, "manual", 1, 1, 0, 0, 2, 2))
    padded = np.pad(X, [(1, 1), (0, 0), (2, 2), (0, 0), (0, 0)])
    assert_close(made.predict(X), convolution3dLayer([3, 1, 2], 4, Weights=W).predict(padded))


@pytest.mark.parametrize("saved", [(1, 1, 0, 0, 0, 1), (1, 0, 0, 1, 0, 1)])
def test_fields_of_3d_padding_in_same_mode_agree_with_the_rule_in_either_order(
    saved: tuple[float, ...],
) -> None:
    W, X = normal(3, 1, 2, 2, 4), normal(4, 4, 4, 2, 1, seed=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = Convolution3DLayer.from_fields(fields_3d(W, "same", *saved))
    assert_close(
        made.predict(X), convolution3dLayer([3, 1, 2], 4, Weights=W, Padding="same").predict(X)
    )


def test_fields_of_3d_padding_in_same_mode_that_is_not_the_rules_warn() -> None:
    with pytest.warns(MatlabCompatWarning, match="is not the rule's"):
        Convolution3DLayer.from_fields(fields_3d(normal(3, 1, 2, 2, 4), "same", 1, 1, 1, 1, 1, 1))


def test_fields_of_3d_padding_of_six_numbers_in_an_unknown_order_are_refused() -> None:
    W = normal(3, 1, 2, 2, 4)
    with pytest.raises(PropertyError, match=r"PaddingSize .* not known which edge each is for"):
        Convolution3DLayer.from_fields(fields_3d(W, "manual", 1, 0, 1, 0, 1, 0))


def test_fields_of_a_grouped_layer_with_dropped_dimensions() -> None:
    made = GroupedConvolution2DLayer.from_fields(
        {
            "Version": 1.0,
            "Name": "Sobel_y",
            "FilterSize": np.array([[3.0, 3.0]]),
            "NumGroups": 1.0,
            "NumChannelsPerGroup": 1.0,
            "NumFiltersPerGroup": 1.0,
            "PaddingMode": "same",
            "PaddingSize": np.ones((1, 4)),
            "Weights": learnable(normal(3, 3)),
            "Bias": learnable(np.zeros((1, 1), np.float32)),
        }
    )
    assert made.Weights.shape == (3, 3, 1, 1, 1)
    assert made.Bias.shape == (1, 1, 1, 1)


@pytest.mark.parametrize(("groups", "channels"), [(5.0, 1), ("channel-wise", 1), (5.0, 2)])
def test_fields_of_groups_of_one_filter_without_its_dimension(
    groups: float | str, channels: int
) -> None:
    """As a real file (R2022) holds a channel-wise layer: 3×3×1×32 and 1×1×32."""
    W, b = normal(3, 2, channels, 5), normal(1, 1, 5, seed=1)
    made = GroupedConvolution2DLayer.from_fields(
        {
            "FilterSize": np.array([[3.0, 2.0]]),
            "NumGroups": groups,
            "NumChannelsPerGroup": float(channels),
            "NumFiltersPerGroup": 1.0,
            "Weights": learnable(W),
            "Bias": learnable(b),
        }
    )
    assert (made.Weights.shape, made.NumGroups) == ((3, 2, channels, 1, 5), 5)
    X = normal(4, 4, 5 * channels, 2, seed=2)
    Y = np.zeros((2, 3, 5, 2))
    for i, j, g in np.ndindex(2, 3, 5):
        seen = X[i : i + 3, j : j + 2, g * channels : (g + 1) * channels].astype(np.float64)
        Y[i, j, g] = np.einsum("hwc,hwcn->n", W[..., g], seen) + b[0, 0, g]
    assert_close(made.predict(X), Y)


def test_groups_of_several_filters_joined_in_one_dimension_are_refused() -> None:
    """Whether filters or groups would run fastest in it, no file tells."""
    given = {"FilterSize": 3, "NumGroups": 5, "NumFiltersPerGroup": 2}
    with pytest.raises(PropertyError, match=r"Weights is 3×3×1×10, but .* need 3×3×.*×2×5"):
        GroupedConvolution2DLayer.from_fields({**given, "Weights": normal(3, 3, 1, 10)})


def test_fields_without_sizes_take_them_from_Weights() -> None:
    made = GroupedConvolution2DLayer.from_fields({"Weights": normal(3, 2, 2, 4, 3)})
    assert (made.FilterSize, made.NumFiltersPerGroup, made.NumGroups) == ((3, 2), 4, 3)
    line = Convolution1DLayer.from_fields({"Weights": normal(5, 2, 4)})
    assert (line.FilterSize, line.NumChannels, line.NumFilters) == (5, 2, 4)


CLASSES = ("Convolution2DLayer", "GroupedConvolution2DLayer")


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_layers_of_real_files_are_built(path: Any) -> None:
    saved = saved_layers(path, *CLASSES)
    if not saved:
        pytest.skip("no convolutions in this file")
    for layer in (s.build() for s in saved):
        assert isinstance(layer, ConvolutionLayer)
        if 0 < layer.Weights.size < 300_000:
            assert_runs_as_defined(layer)


def assert_runs_as_defined(layer: ConvolutionLayer) -> None:
    """On an input about as small as the filter, by the sum written out."""
    window = [(k - 1) * d + 1 for k, d in zip(layer.filter_size, layer.dilation, strict=True)]
    channels = layer.input_channels()
    assert channels
    X = normal(*window, channels, 1)
    W = layer.Weights if layer.Weights.ndim == 5 else layer.Weights[..., None]
    assert_close(layer.predict(X), reference(layer, X, W))
