"""Pooling layers.

Expected values: ONNX Runtime's AveragePool and MaxPool (``pads`` by side, ``count_include_pad``,
``auto_pad`` SAME_UPPER, which puts the odd element at the end), sums written out in numpy, and,
for rows, defaults and rules, MATLAB's documentation pages.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

import matlab_compat as mc
from converters.find import find_models
from converters.matfile import open_mat
from converters.saved import SavedNetwork
from matlab_compat.errors import DataFormatError, PropertyError, UnsupportedLayerError
from tests.oracle_onnx import run_onnx
from tests.real import MAT_FILES, REAL, file_id

from ..saved import family_layers

Array = NDArray[Any]
RNG = np.random.default_rng(5)


def nchw(array: Array) -> Array:
    """MATLAB's [space..., C, N] in ONNX's order."""
    return np.ascontiguousarray(np.moveaxis(np.moveaxis(array, -1, 0), -1, 1))


def matlab(array: Array) -> Array:
    """The inverse of :func:`nchw`."""
    return np.moveaxis(np.moveaxis(array, 1, -1), 0, -1)


def data(*size: int) -> Array:
    return RNG.standard_normal(size).astype(np.float32)


@st.composite
def windows(draw: st.DrawFn, dims: int) -> dict[str, Any]:
    """A pooling window, its steps, asymmetric padding, and an input that with it is as large."""
    pool = draw(st.lists(st.integers(1, 4), min_size=dims, max_size=dims))
    stride = draw(st.lists(st.integers(1, 3), min_size=dims, max_size=dims))
    before = [draw(st.integers(0, k - 1)) for k in pool]
    after = [draw(st.integers(0, k - 1)) for k in pool]
    least = [max(1, k - b - a) for k, b, a in zip(pool, before, after, strict=True)]
    size = [draw(st.integers(n, n + 5)) for n in least]
    return {"pool": pool, "stride": stride, "before": before, "after": after, "size": size}


def onnx_pool(operator: str, x: Array, w: dict[str, Any], **attributes: Any) -> Array:
    return matlab(
        run_onnx(
            operator,
            nchw(x),
            kernel_shape=w["pool"],
            strides=w["stride"],
            pads=[*w["before"], *w["after"]],
            **attributes,
        )
    )


def padding_2d(w: dict[str, Any]) -> list[int]:
    (top, left), (bottom, right) = w["before"], w["after"]
    return [top, bottom, left, right]


@given(windows(2))
def test_max_pooling_agrees_with_onnx(w: dict[str, Any]) -> None:
    x = data(*w["size"], 2, 2) - 3  # negative, so that padding with zeros would show
    layer = mc.maxPooling2dLayer(w["pool"], Stride=w["stride"], Padding=padding_2d(w))
    np.testing.assert_array_equal(layer.predict(x), onnx_pool("MaxPool", x, w))


@given(windows(2))
def test_average_pooling_counts_padded_zeros(w: dict[str, Any]) -> None:
    assert_averages(w, count_include_pad=1)


@given(windows(2))
def test_padding_value_mean_leaves_padding_out(w: dict[str, Any]) -> None:
    assert_averages(w, count_include_pad=0, PaddingValue="mean")


def assert_averages(w: dict[str, Any], count_include_pad: int, **options: Any) -> None:
    x = data(*w["size"], 2, 2)
    layer = mc.averagePooling2dLayer(
        w["pool"], Stride=w["stride"], Padding=padding_2d(w), **options
    )
    expected = onnx_pool("AveragePool", x, w, count_include_pad=count_include_pad)
    np.testing.assert_allclose(layer.predict(x), expected, atol=1e-6)


@given(windows(3))
def test_3d_pooling_agrees_with_onnx(w: dict[str, Any]) -> None:
    x = data(*w["size"], 2, 1)
    layer = mc.maxPooling3dLayer(
        w["pool"], Stride=w["stride"], Padding=np.array([w["before"], w["after"]])
    )
    np.testing.assert_array_equal(layer.predict(x), onnx_pool("MaxPool", x, w))


@pytest.mark.parametrize("size", [(5, 7), (6, 4), (3, 8)])
@pytest.mark.parametrize("pool", [2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2])
def test_same_padding_has_the_odd_element_at_the_end(
    size: tuple[int, int], pool: int, stride: int
) -> None:
    x = data(*size, 1, 1)
    expected = run_onnx(
        "MaxPool",
        nchw(x),
        kernel_shape=[pool, pool],
        strides=[stride, stride],
        auto_pad="SAME_UPPER",
    )
    layer = mc.maxPooling2dLayer(pool, Stride=stride, Padding="same")
    np.testing.assert_array_equal(layer.predict(x), matlab(expected))


def test_same_padding_is_nothing_where_steps_are_longer_than_windows() -> None:
    x = np.arange(6.0).reshape(6, 1, 1, 1)
    y = mc.maxPooling2dLayer([2, 1], Stride=[3, 1], Padding="same").predict(x)
    np.testing.assert_array_equal(y.ravel(), [1, 4])


def test_the_saved_padding_of_same_mode_is_for_another_size() -> None:
    fields = {"PoolSize": [2, 2], "Stride": [2, 2], "PaddingMode": "same", "PaddingSize": [[0] * 4]}
    layer = mc.MaxPooling2DLayer.from_fields(fields)
    assert layer.predict(data(5, 4, 1, 1)).shape == (3, 2, 1, 1)


def test_default_stride_is_one_not_the_pool_size() -> None:
    assert mc.maxPooling2dLayer(2).Stride == (1, 1)
    assert mc.averagePooling2dLayer(3).predict(data(5, 5, 1, 1)).shape == (3, 3, 1, 1)


def test_padding_never_wins_a_maximum() -> None:
    layer = mc.maxPooling2dLayer(3, Padding=1)
    assert layer.predict(np.full((2, 2, 1, 1), -7.0)).max() == -7


def test_the_output_size_is_rounded_down() -> None:
    assert mc.maxPooling2dLayer(2, Stride=2).predict(data(5, 7, 1, 1)).shape == (2, 3, 1, 1)


def test_padding_is_top_bottom_left_right() -> None:
    x = np.ones((1, 1, 1, 1))
    y = mc.averagePooling2dLayer([3, 2], Padding=[2, 0, 0, 1]).predict(x)
    np.testing.assert_allclose(y[..., 0, 0], [[1 / 6]])
    x = np.arange(1.0, 4).reshape(3, 1, 1, 1)
    y = mc.maxPooling2dLayer([2, 1], Padding=[1, 0, 0, 0]).predict(x)
    np.testing.assert_array_equal(y.ravel(), [1, 2, 3])


def test_two_numbers_pad_vertically_and_horizontally() -> None:
    assert mc.maxPooling2dLayer(4, Padding=[1, 2]).PaddingSize == (1, 1, 2, 2)


# --- which dimensions -------------------------------------------------------------------


def sliding(x: Array, axis: int, pool: int, stride: int) -> Array:
    """The mean of windows along one axis, window by window."""
    starts = range(0, x.shape[axis] - pool + 1, stride)
    means = [x.take(range(s, s + pool), axis).mean(axis) for s in starts]
    return np.stack(means, axis)


@pytest.mark.parametrize(("labels", "axis"), [("CBT", 2), ("SCB", 0), ("SCBT", 0)])
def test_1d_pooling_goes_over_time_only_where_there_is_no_space(labels: str, axis: int) -> None:
    x = data(*(7, 6, 8, 9)[: len(labels)])
    layer = mc.averagePooling1dLayer(3, Stride=2)
    np.testing.assert_allclose(layer.predict(x, labels), sliding(x, axis, 3, 2), atol=1e-6)


def test_2d_pooling_goes_over_space_and_time_of_1d_image_sequences() -> None:
    x = data(6, 3, 2, 7)  # SCBT
    expected = sliding(sliding(x, 0, 2, 2), 3, 3, 1)
    layer = mc.averagePooling2dLayer([2, 3], Stride=[2, 1])
    np.testing.assert_allclose(layer.predict(x, "SCBT"), expected, atol=1e-6)


def test_2d_pooling_takes_each_time_step_of_videos() -> None:
    x = data(6, 5, 3, 2, 4)  # SSCBT
    expected = sliding(sliding(x, 0, 2, 1), 1, 2, 1)
    y = mc.averagePooling2dLayer(2).predict(x, "SSCBT")
    np.testing.assert_allclose(y, expected, atol=1e-6)


@pytest.mark.parametrize("labels", ["CB", "CBT", "SSSCB"])
def test_2d_pooling_refuses_other_formats(labels: str) -> None:
    with pytest.raises(DataFormatError, match=labels):
        mc.maxPooling2dLayer(2).output_formats([labels])


def test_a_volume_may_be_smaller_than_the_window_without_its_padding() -> None:
    """Where torch's own average refuses it. Expected: the sum of all over the window's size."""
    layer = mc.averagePooling3dLayer(3, Padding=1)
    x = data(1, 1, 1, 1, 1)
    np.testing.assert_allclose(layer.predict(x), x / 27, rtol=1e-6)


def test_a_window_larger_than_the_input_is_refused() -> None:
    with pytest.raises(DataFormatError, match="2×9, is smaller than the window 3×3"):
        mc.maxPooling2dLayer(3).predict(data(2, 9, 1, 1))


# --- unpooling --------------------------------------------------------------------------


@pytest.mark.parametrize("padding", [0, [1, 0, 0, 1]])
def test_unpooling_puts_the_largest_back_in_their_places(padding: Any) -> None:
    x = data(5, 6, 2, 2)
    pool = mc.maxPooling2dLayer(2, Stride=2, Padding=padding, HasUnpoolingOutputs=True)
    y = mc.maxUnpooling2dLayer().predict(pool.predict(x), ["SSCB", "SSCB", "SS"])

    top, _, left, _ = (0, 0, 0, 0) if padding == 0 else padding
    expected = np.zeros_like(x)
    for c, n in np.ndindex(2, 2):
        for i, j in np.ndindex(pool.predict(x)[0].shape[:2]):
            rows = slice(max(2 * i - top, 0), 2 * i - top + 2)
            columns = slice(max(2 * j - left, 0), 2 * j - left + 2)
            block, target = x[rows, columns, c, n], expected[rows, columns, c, n]
            target[block == block.max()] = block.max()
    np.testing.assert_array_equal(y, expected)


def test_unpooling_outputs_have_matlabs_names() -> None:
    assert mc.maxPooling2dLayer(2).OutputNames == ["out"]
    pool = mc.maxPooling2dLayer(2, HasUnpoolingOutputs=True)
    assert pool.OutputNames == ["out", "indices", "size"]
    assert mc.maxUnpooling2dLayer().InputNames == ["in", "indices", "size"]


class _PoolAndBack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pool = mc.maxPooling2dLayer(2, Stride=2, HasUnpoolingOutputs=True).to_torch()
        self.back = mc.maxUnpooling2dLayer().to_torch(formats=["SSCB", "SSCB", "SS"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.back(*self.pool(x))
        return result


def test_unpooling_exports_with_a_dynamic_batch() -> None:
    module = _PoolAndBack().eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    exported = torch.export.export(
        module, (torch.randn(2, 3, 4, 4),), dynamic_shapes={"x": {0: batch}}
    )
    x = torch.randn(5, 3, 4, 4)
    torch.testing.assert_close(exported.module()(x), module(x))


def pooling_3d_fields(mode: str, *padding: float) -> dict[str, Any]:
    """As files hold them: vectors in a row."""
    sizes = {"PoolSize": np.array([[2.0, 2.0, 2.0]]), "Stride": np.array([[1.0, 1.0, 1.0]])}
    return {"Name": "pool", "PaddingMode": mode, "PaddingSize": np.array([padding]), **sizes}


@pytest.mark.parametrize("kind", [mc.MaxPooling3DLayer, mc.AveragePooling3DLayer])
def test_3d_padding_of_six_numbers_is_that_of_the_edges_that_agree(kind: Any) -> None:
    made = kind.from_fields(pooling_3d_fields("manual", 1, 1, 0, 0, 1, 1))  # h and d, not w
    assert made.predict(RNG.standard_normal((4, 4, 4, 1, 1))).shape[:3] == (5, 3, 5)


@pytest.mark.parametrize("kind", [mc.MaxPooling3DLayer, mc.AveragePooling3DLayer])
def test_3d_padding_of_six_numbers_is_ignored_in_same_mode(kind: Any) -> None:
    made = kind.from_fields(pooling_3d_fields("same", 0, 1, 0, 0, 1, 1))
    assert made.predict(RNG.standard_normal((4, 4, 4, 1, 1))).shape[:3] == (4, 4, 4)


def test_3d_padding_of_six_numbers_in_an_unknown_order_is_refused() -> None:
    with pytest.raises(PropertyError, match=r"PaddingSize .* not known which edge each is for"):
        mc.MaxPooling3DLayer.from_fields(pooling_3d_fields("manual", 0, 1, 0, 1, 0, 1))


def test_3d_unpooling_outputs_are_refused_when_built() -> None:
    with pytest.raises(UnsupportedLayerError, match="HasUnpoolingOutputs"):
        mc.maxPooling3dLayer(2, HasUnpoolingOutputs=True).to_torch()


# --- the whole image or sequence ----------------------------------------------------------


GLOBAL = [
    (mc.globalAveragePooling1dLayer, "CBT", (2,), np.mean),
    (mc.globalAveragePooling1dLayer, "SCB", (0,), np.mean),
    (mc.globalAveragePooling2dLayer, "SSCB", (0, 1), np.mean),
    (mc.globalAveragePooling2dLayer, "SSCBT", (0, 1), np.mean),
    (mc.globalAveragePooling3dLayer, "SSSCB", (0, 1, 2), np.mean),
    (mc.globalMaxPooling1dLayer, "CBT", (2,), np.max),
    (mc.globalMaxPooling2dLayer, "SSCB", (0, 1), np.max),
    (mc.globalMaxPooling3dLayer, "SSSCB", (0, 1, 2), np.max),
]


@pytest.mark.parametrize(("constructor", "labels", "axes", "reduce"), GLOBAL)
def test_global_pooling_keeps_space_as_one_and_drops_time(
    constructor: Any, labels: str, axes: tuple[int, ...], reduce: Any
) -> None:
    x = data(*(3, 4, 5, 2, 6)[: len(labels)])
    expected = reduce(x, axis=axes, keepdims="S" in labels)
    np.testing.assert_allclose(constructor().predict(x, labels), expected, atol=1e-6)


def test_global_pooling_of_time_gives_the_format_cb() -> None:
    assert mc.globalMaxPooling1dLayer().output_formats(["CBT"]) == ("CB",)


def test_global_2d_pooling_over_time_is_undocumented_and_refused() -> None:
    with pytest.raises(DataFormatError, match="SCBT"):
        mc.globalAveragePooling2dLayer().output_formats(["SCBT"])


def test_adaptive_pooling_takes_equal_blocks() -> None:
    x = data(4, 6, 1, 1)
    expected = sliding(sliding(x, 0, 2, 2), 1, 2, 2)
    y = mc.adaptiveAveragePooling2dLayer([2, 3]).predict(x)
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_adaptive_pooling_refuses_unequal_blocks() -> None:
    with pytest.raises(UnsupportedLayerError, match="not documented"):
        mc.adaptiveAveragePooling2dLayer(3).predict(data(4, 6, 1, 1))


# --- properties and rows ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"Stride": 0}, "Stride"),
        ({"Padding": 2}, "PaddingSize must be less than PoolSize"),
        ({"Padding": [1, 2, 3]}, "Padding must be 'same'"),
        ({"Padding": "valid"}, "Padding must be 'same'"),
        ({"PaddingValue": 1}, "0 or 'mean'"),
        ({"PaddingMode": "same"}, "no argument 'PaddingMode'"),
    ],
)
def test_values_that_matlab_refuses(options: dict[str, Any], match: str) -> None:
    with pytest.raises(PropertyError, match=match):
        mc.averagePooling2dLayer(2, **options)


# --- real files -------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_real_pooling_layers_build(path: Any) -> None:
    for saved in family_layers(path, "pooling"):
        layer = saved.build()
        inputs = ["SSCB", "SSCB", "SS"][: layer.NumInputs]
        assert isinstance(layer.to_torch(formats=inputs), nn.Module)


@pytest.mark.real
def test_real_same_padding_is_what_the_rule_gives() -> None:
    """A max pooling layer of R2024b, 3x3, stride 2, on 98x32 images, kept [0 1 0 1]."""
    path = REAL / "Fuma28__speech_commands" / "trainedNet.mat"
    (found,) = find_models(open_mat(path))
    assert isinstance(found.model, SavedNetwork)
    saved = next(layer for layer in found.model.layers if layer.name == "maxpool_1")
    module: Any = saved.build().to_torch()
    (top, bottom), (left, right) = module.pairs(torch.zeros(1, 1, 98, 32))
    np.testing.assert_array_equal(saved.fields["PaddingSize"].ravel(), [top, bottom, left, right])
