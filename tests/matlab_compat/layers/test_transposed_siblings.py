"""The transposed convolutions in one and three dimensions.

Expected values: the documentation pages (sizes, defaults, display), ONNX Runtime's ConvTranspose,
and the sum of ``tests/matlab_compat/filter_reference.py``.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import matlab_compat
from matlab_compat import (
    TransposedConvolution1DLayer,
    TransposedConvolution3DLayer,
    transposedConv1dLayer,
    transposedConv3dLayer,
)
from matlab_compat.errors import (
    DataFormatError,
    MatlabCompatWarning,
    PropertyError,
    UnsupportedLayerError,
)

from ..filter_reference import (
    Array,
    assert_close,
    assert_initialized,
    assert_moves_over_space_alone,
    from_torch_order,
    normal,
    onnx_pads,
    onnx_run,
    scatter,
    to_torch_order,
)

MAKE: dict[int, Any] = {1: transposedConv1dLayer, 3: transposedConv3dLayer}
FORMAT = {1: "SCB", 3: "SSSCB"}


def cropping(pairs: list[tuple[int, int]]) -> object:
    """MATLAB's [l r], or [t l f; b r k]."""
    return pairs[0] if len(pairs) == 1 else np.array(pairs).T


# --- properties -------------------------------------------------------------------------


def test_print_of_an_unset_1d_layer_is_that_of_the_page() -> None:
    assert str(transposedConv1dLayer(11, 96, Stride=4)) == (
        "  TransposedConvolution1DLayer with properties:\n"
        "\n"
        "              Name: ''\n"
        "\n"
        "   Hyperparameters\n"
        "        FilterSize: 11\n"
        "       NumChannels: 'auto'\n"
        "        NumFilters: 96\n"
        "            Stride: 4\n"
        "      CroppingMode: 'manual'\n"
        "      CroppingSize: [0 0]\n"
        "\n"
        "   Learnable Parameters\n"
        "           Weights: []\n"
        "              Bias: []\n"
        "\n"
        "  Show all properties"
    )


@pytest.mark.parametrize(
    ("dims", "given", "size"),
    [
        (1, 2, (2, 2)),
        (1, [1, 2], (1, 2)),
        (3, 1, ((1, 1, 1), (1, 1, 1))),
        (3, [1, 2, 3], ((1, 2, 3), (1, 2, 3))),
        (3, [[1, 2, 3], [4, 5, 6]], ((1, 2, 3), (4, 5, 6))),
    ],
)
def test_Cropping_forms(dims: int, given: object, size: object) -> None:
    assert MAKE[dims](7, 2, Cropping=given).CroppingSize == size


@pytest.mark.parametrize(
    ("dims", "given"), [(1, [1, 2, 3]), (1, "valid"), (3, [1, 2]), (3, [1] * 6), (3, -1)]
)
def test_Cropping_refuses(dims: int, given: object) -> None:
    with pytest.raises(PropertyError, match="Cropping must be 'same'"):
        MAKE[dims](7, 2, Cropping=given)


def test_CroppingSize_in_same_mode_takes_the_odd_one_off_the_end() -> None:
    assert transposedConv1dLayer(3, 1, Stride=2, Cropping="same").CroppingSize == (0, 1)
    made = transposedConv3dLayer([3, 4, 5], 1, Stride=2, Cropping="same")
    assert made.CroppingSize == ((0, 1, 1), (1, 1, 2))


@pytest.mark.parametrize("dims", [1, 3])
def test_same_with_a_filter_smaller_than_the_stride_is_refused(dims: int) -> None:
    with pytest.raises(PropertyError, match="FilterSize >= Stride"):
        MAKE[dims](2, 1, Stride=3, Cropping="same")


@pytest.mark.parametrize(
    ("dims", "size", "bias"), [(1, (3, 4, 2), (1, 4)), (3, (3, 3, 3, 4, 2), (1, 1, 1, 4))]
)
def test_Weights_and_Bias_have_the_sizes_of_the_page(
    dims: int, size: tuple[int, ...], bias: tuple[int, ...]
) -> None:
    assert_initialized(MAKE[dims](3, 4), size, bias)


@pytest.mark.parametrize("dims", [1, 3])
def test_Weights_get_dropped_dimensions_back(dims: int) -> None:
    assert MAKE[dims](3, 1, Weights=normal(*[3] * dims)).NumChannels == 1


def test_Weights_in_the_order_of_a_convolution_are_recognised() -> None:
    with pytest.raises(PropertyError, match="look exchanged"):
        transposedConv3dLayer(3, 4, Weights=normal(3, 3, 3, 7, 4))


@pytest.mark.parametrize(
    ("made", "row"),
    [
        (
            transposedConv1dLayer(11, 96, Stride=4),
            "96 11 transposed convolutions with stride 4 and cropping [0  0]",
        ),
        (
            transposedConv3dLayer(3, 2, Cropping=[[1, 2, 3], [0, 0, 0]]),
            "2 3×3×3 transposed convolutions with stride [1  1  1] and cropping [1  2  3; 0  0  0]",
        ),
    ],
    ids=["1-D", "3-D"],
)
def test_description_is_the_row_of_a_layer_array(made: Any, row: str) -> None:
    assert made.description() == row


@pytest.mark.parametrize("dims", [1, 3])
@pytest.mark.parametrize("given", ["same", 1, None])
def test_repr_evaluates_to_the_layer(dims: int, given: object) -> None:
    options = {} if given is None else {"Cropping": given}
    made = MAKE[dims](3, 2, Stride=2, Name="up", **options)
    assert eval(repr(made), {"np": np, **vars(matlab_compat)}) == made
    assert copy.deepcopy(made) == made


# --- arithmetic -------------------------------------------------------------------------


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Any stride, and any crop that leaves something."""
    dims = draw(st.sampled_from([1, 3]))

    def sizes(most: int) -> list[int]:
        return draw(st.lists(st.integers(1, most), min_size=dims, max_size=dims))

    size, k, stride = sizes(3), sizes(3), sizes(3)
    pairs = []
    for n, f, s in zip(size, k, stride, strict=True):
        full = (n - 1) * s + f
        before = draw(st.integers(0, full - 1))
        pairs.append((before, draw(st.integers(0, full - 1 - before))))
    c, f, seed = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 99))
    X, W, b = normal(*size, c, 2, seed=seed), normal(*k, f, c, seed=seed + 1), normal(f, seed=3)
    return {"X": X, "W": W, "b": b, "stride": stride, "pairs": pairs}


@given(cases())
def test_predict_is_the_sum_written_out(case: dict[str, Any]) -> None:
    W, stride, dims = case["W"], case["stride"], len(case["stride"])
    made = MAKE[dims](
        W.shape[:dims],
        W.shape[dims],
        Weights=W,
        Bias=case["b"],
        Stride=stride,
        Cropping=cropping(case["pairs"]),
    )
    expected = scatter(case["X"], W[..., None], case["b"], stride, case["pairs"])
    assert_close(made.predict(case["X"], FORMAT[dims]), expected)


@pytest.mark.parametrize("dims", [1, 3])
@pytest.mark.parametrize("pairs", [[(0, 0)] * 3, [(1, 0), (0, 1), (1, 2)]], ids=["full", "cropped"])
def test_predict_is_ConvTranspose_of_onnx(dims: int, pairs: list[tuple[int, int]]) -> None:
    X, W, b = normal(*[3] * dims, 2, 2), normal(*[4] * dims, 3, 2, seed=1), normal(3, seed=2)
    made = MAKE[dims](4, 3, Weights=W, Bias=b, Stride=2, Cropping=cropping(pairs[:dims]))
    expected = onnx_run(
        "ConvTranspose",
        [to_torch_order(X), np.moveaxis(W, (-1, -2), (0, 1)), b],
        strides=[2] * dims,
        pads=onnx_pads(pairs[:dims]),
    )
    assert_close(made.predict(X, FORMAT[dims]), from_torch_order(expected))


@pytest.mark.parametrize("dims", [1, 3])
def test_same_gives_the_input_times_the_stride(dims: int) -> None:
    made = MAKE[dims](3, 2, Stride=2, Cropping="same").initialize(1, seed=0)
    Y = made.predict(normal(*[4] * dims, 1, 1), FORMAT[dims])
    assert Y.shape == (*[8] * dims, 2, 1)


def test_1d_over_time_is_1d_over_space() -> None:
    made = transposedConv1dLayer(3, 2, Stride=2, Cropping=[0, 1]).initialize(4, seed=0)
    X = normal(4, 2, 7)  # C, B, T
    over_space = made.predict(np.moveaxis(X, 2, 0), "SCB")
    np.testing.assert_array_equal(made.predict(X), np.moveaxis(over_space, 0, 2))


def test_1d_over_space_and_time_moves_over_space_without_a_warning() -> None:
    assert_moves_over_space_alone(transposedConv1dLayer(3, 2).initialize(4, seed=0))


def test_3d_passes_time_steps_one_by_one() -> None:
    made = transposedConv3dLayer(2, 2).initialize(3, seed=0)
    X = normal(2, 3, 2, 3, 2, 2)
    assert_close(made.predict(X, "SSSCBT")[..., 1], made.predict(X[..., 1], "SSSCB"))


def test_3d_over_space_and_time() -> None:
    made = transposedConv3dLayer([2, 3, 1], 2).initialize(3, seed=0)
    X = normal(2, 3, 3, 2, 4)  # S, S, C, B, T
    expected = made.predict(X.transpose(0, 1, 4, 2, 3), "SSSCB").transpose(0, 1, 3, 4, 2)
    assert_close(made.predict(X, "SSCBT"), expected)


@pytest.mark.parametrize(("dims", "labels"), [(1, "SSCB"), (1, "CB"), (3, "SSCB")])
def test_other_formats_are_refused(dims: int, labels: str) -> None:
    with pytest.raises(DataFormatError, match=f"does not take the format '{labels}'"):
        MAKE[dims](3, 2).output_formats([labels])


@pytest.mark.parametrize("dims", [1, 3])
def test_training_is_taken_back(dims: int) -> None:
    made = MAKE[dims](3, 2).initialize(4, seed=0)
    before, module = made.Weights.copy(), made.to_torch()
    with torch.no_grad():
        module.get_parameter("weight").add_(1)
    np.testing.assert_array_equal(made.assign_from_torch(module).Weights, before + np.float32(1))


# --- files ------------------------------------------------------------------------------


def learnable(value: Array) -> dict[str, object]:
    return {"Version": 2.0, "Value": value, "LearnRateFactor": 1.0, "L2Factor": 0.0}


def test_fields_of_a_1d_layer() -> None:
    made = TransposedConvolution1DLayer.from_fields(
        {
            "FilterSize": 3.0,
            "NumChannels": 2.0,
            "NumFilters": 4.0,
            "Stride": 2.0,
            "CroppingMode": "manual",
            "CroppingSize": np.array([[1.0, 0.0]]),
            "Weights": learnable(normal(3, 4, 2)),
            "Bias": learnable(normal(1, 4)),
        }
    )
    assert (made.FilterSize, made.Stride, made.CroppingSize) == (3, 2, (1, 0))
    assert made.predict(normal(2, 1, 5)).shape == (4, 1, 10)


def test_fields_of_a_3d_layer() -> None:
    made = TransposedConvolution3DLayer.from_fields(
        {
            "FilterSize": np.array([[2.0, 3.0, 1.0]]),
            "NumFilters": 1.0,
            "CroppingSize": np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
            "Weights": learnable(normal(2, 3)),  # 1 channel, 1 filter, 1 deep: all dropped
            "Bias": learnable(np.zeros((1, 1), np.float32)),
        }
    )
    assert made.Weights.shape == (2, 3, 1, 1, 1)
    assert made.crop == ((0, 1), (1, 0), (0, 0))


@pytest.mark.parametrize(
    ("row", "crop"),
    [
        ((1, 1, 0, 0, 1, 1), ((1, 1), (0, 0), (1, 1))),
        ((1, 0, 1, 1, 0, 1), ((1, 1), (0, 0), (1, 1))),
    ],
)
def test_fields_of_a_3d_layer_with_six_numbers_in_a_row(
    row: tuple[float, ...], crop: tuple[tuple[int, int], ...]
) -> None:
    made = TransposedConvolution3DLayer.from_fields(
        {"Weights": normal(3, 3, 3, 2, 2), "CroppingSize": np.array([row])}
    )
    assert made.crop == crop


def test_fields_in_same_mode_whose_CroppingSize_is_not_the_rule_warn() -> None:
    with pytest.warns(MatlabCompatWarning, match="the rule is used"):
        made = TransposedConvolution1DLayer.from_fields(
            {
                "FilterSize": 3,
                "NumFilters": 1,
                "Stride": 2,
                "CroppingMode": "same",
                "CroppingSize": np.array([[1.0, 0.0]]),
            }
        )
    assert made.CroppingSize == (0, 1)


def test_fields_with_an_output_size_offset_are_refused() -> None:
    fields = {"FilterSize": 2, "NumFilters": 1, "OutputSizeOffset": np.array([[1.0, 0, 0]])}
    made = TransposedConvolution3DLayer.from_fields(fields)
    with pytest.raises(UnsupportedLayerError, match="OutputSizeOffset"):
        made.initialize(1).predict(np.zeros((2, 2, 2, 1)))
