"""Resize, crop, depth to space.

Expected values: ONNX Runtime's Resize (whose ``half_pixel``, ``asymmetric``, ``round_prefer_ceil``
and ``floor`` are the rules MATLAB names), DepthToSpace and SpaceToDepth; fractions for the rounding
of halves; MATLAB's documented example of ``depthToSpace``; slices written out in MATLAB's counting.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import matlab_compat as mc
from converters.find import find_models
from converters.matfile import open_mat
from converters.saved import SavedNetwork
from matlab_compat import Layer
from matlab_compat.engine.resampling import nearest_indices
from matlab_compat.errors import DataFormatError, PropertyError, UnsupportedLayerError
from tests.oracle_onnx import run_onnx
from tests.real import REAL

Array = NDArray[Any]
RNG = np.random.default_rng(13)


def data(*size: int) -> Array:
    return RNG.standard_normal(size).astype(np.float32)


def to_onnx(x: Array) -> Array:
    """MATLAB's [space..., C, N] as N,C,space."""
    axes = (x.ndim - 1, x.ndim - 2, *range(x.ndim - 2))
    return np.ascontiguousarray(x.transpose(axes))


def from_onnx(y: Array) -> Array:
    return y.transpose((*range(2, y.ndim), 1, 0))


def onnx_resize(x: Array, size: Any, linear: bool, half_pixel: bool, floor: bool) -> Array:
    given = to_onnx(x)
    sizes = np.array([*given.shape[:2], *size], np.int64)
    return from_onnx(
        run_onnx(
            "Resize",
            given,
            None,
            None,
            sizes,
            mode="linear" if linear else "nearest",
            coordinate_transformation_mode="half_pixel" if half_pixel else "asymmetric",
            nearest_mode="floor" if floor else "round_prefer_ceil",
        )
    )


@pytest.mark.parametrize("size", [(8, 10), (4, 5), (2, 3), (7, 4), (13, 9)])
@pytest.mark.parametrize("transform", ["half-pixel", "asymmetric"])
def test_bilinear_agrees_with_onnx(size: tuple[int, int], transform: str) -> None:
    x = data(4, 5, 2, 3)
    layer = mc.resize2dLayer(OutputSize=size, Method="bilinear", GeometricTransformMode=transform)
    expected = onnx_resize(x, size, True, transform == "half-pixel", False)
    np.testing.assert_allclose(layer.predict(x), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(8, 10), (2, 3), (7, 4), (13, 9)])
@pytest.mark.parametrize("transform", ["half-pixel", "asymmetric"])
@pytest.mark.parametrize("rounding", ["round", "floor"])
def test_nearest_agrees_with_onnx(size: tuple[int, int], transform: str, rounding: str) -> None:
    x = data(4, 5, 2, 1)
    layer = mc.resize2dLayer(
        OutputSize=size, GeometricTransformMode=transform, NearestRoundingMode=rounding
    )
    expected = onnx_resize(x, size, False, transform == "half-pixel", rounding == "floor")
    np.testing.assert_array_equal(layer.predict(x), expected)


@pytest.mark.parametrize("method", ["nearest", "trilinear"])
def test_3d_resize_agrees_with_onnx(method: str) -> None:
    x = data(4, 3, 2, 2, 1)
    y = mc.resize3dLayer(OutputSize=[6, 5, 4], Method=method).predict(x)
    expected = onnx_resize(x, [6, 5, 4], method == "trilinear", True, False)
    np.testing.assert_allclose(y, expected, atol=1e-5)


@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.booleans())
def test_nearest_places_are_exact_also_at_halves(
    size: int, out: int, half_pixel: bool, floor: bool
) -> None:
    half = Fraction(1, 2)
    expected = []
    for o in range(out):
        place = Fraction(size, out) * (o + half) - half if half_pixel else Fraction(o * size, out)
        index = math.floor(place if floor else place + half)
        expected.append(min(max(index, 0), size - 1))
    assert nearest_indices(size, out, half_pixel, floor).tolist() == expected


def test_the_default_is_torchs_nearest_exact() -> None:
    x = torch.randn(1, 2, 7, 5)
    module = mc.resize2dLayer(OutputSize=[11, 9]).to_torch()
    expected = torch.nn.functional.interpolate(x, (11, 9), mode="nearest-exact")
    torch.testing.assert_close(module(x), expected)


def test_scale_is_rows_then_columns() -> None:
    assert mc.resize2dLayer(Scale=[2, 3]).predict(data(4, 5, 1, 1)).shape == (8, 15, 1, 1)


def test_a_scale_that_needs_rounding_is_undocumented_and_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="rounds"):
        mc.resize2dLayer(Scale=1.5).predict(data(5, 4, 1, 1))


def test_a_reference_input_gives_the_size() -> None:
    layer = mc.resize2dLayer(EnableReferenceInput=True, Method="bilinear")
    assert layer.InputNames == ["in", "ref"]
    x = data(4, 5, 2, 1)
    expected = onnx_resize(x, [6, 7], True, True, False)
    np.testing.assert_allclose(layer.predict((x, data(6, 7, 9, 1))), expected, atol=1e-5)


def test_videos_are_resized_step_by_step() -> None:
    x = data(4, 5, 2, 1, 3)
    layer = mc.resize2dLayer(OutputSize=[6, 7])
    steps = [layer.predict(x[..., t]) for t in range(3)]
    np.testing.assert_array_equal(layer.predict(x, "SSCBT"), np.stack(steps, -1))


def test_onnx_10_rounding_is_refused_when_built() -> None:
    layer = mc.resize2dLayer(Scale=2, NearestRoundingMode="onnx-10")
    with pytest.raises(UnsupportedLayerError, match="onnx-10"):
        layer.to_torch()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"Scale": 2, "OutputSize": [4, 4]},
        {"Scale": 2, "EnableReferenceInput": True},
        {"Scale": 0},
        {"OutputSize": [4, 4], "Method": "bicubic"},
        {"OutputSize": [math.nan, 4]},
    ],
)
def test_resize_values_that_matlab_refuses(options: dict[str, Any]) -> None:
    with pytest.raises(PropertyError):
        mc.resize2dLayer(**options)


# --- crop -------------------------------------------------------------------------------


def test_location_is_x_then_y_counted_from_one() -> None:
    x, reference = data(6, 7, 2, 1), data(3, 2, 5, 1)
    y = mc.crop2dLayer([4, 2]).predict((x, reference))  # x 4 is the column, y 2 the row
    np.testing.assert_array_equal(y, x[1:4, 3:5])


def test_3d_location_is_x_y_z() -> None:
    x, reference = data(6, 7, 5, 2, 1), data(3, 2, 2, 5, 1)
    y = mc.crop3dLayer([4, 2, 3]).predict((x, reference))
    np.testing.assert_array_equal(y, x[1:4, 3:5, 2:4])


def test_centercrop_takes_the_centre() -> None:
    x = data(6, 7, 2, 1)
    y = mc.crop2dLayer("centercrop").predict((x, data(2, 3, 1, 1)))
    np.testing.assert_array_equal(y, x[2:4, 2:5])


def test_centercrop_of_an_odd_difference_is_undocumented_and_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="odd"):
        mc.crop2dLayer("centercrop").predict((data(6, 7, 1, 1), data(3, 3, 1, 1)))


def test_a_crop_beyond_the_input_is_refused() -> None:
    with pytest.raises(DataFormatError, match="does not lie"):
        mc.crop2dLayer([1, 5]).predict((data(6, 7, 1, 1), data(3, 3, 1, 1)))


@pytest.mark.parametrize("arguments", [(), ("center",), ([1, 2, 3],), ([0, 1],)])
def test_crop_values_that_matlab_refuses(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(PropertyError):
        mc.crop2dLayer(*arguments)


# --- space and depth --------------------------------------------------------------------


def test_depth_to_space_is_matlabs_documented_example() -> None:
    x = np.arange(1.0, 49).reshape(2, 2, 12, 1, order="F")
    y = mc.depthToSpace2dLayer(2).predict(x)
    expected = [[1, 13, 3, 15], [25, 37, 27, 39], [2, 14, 4, 16], [26, 38, 28, 40]]
    np.testing.assert_array_equal(y[:, :, 0, 0], expected)


@pytest.mark.parametrize("mode", ["dcr", "crd"])
def test_depth_to_space_agrees_with_onnx(mode: str) -> None:
    x = data(2, 3, 18, 2)
    expected = from_onnx(run_onnx("DepthToSpace", to_onnx(x), blocksize=3, mode=mode.upper()))
    np.testing.assert_array_equal(mc.depthToSpace2dLayer(3, Mode=mode).predict(x), expected)


def test_space_to_depth_agrees_with_onnx() -> None:
    x = data(4, 6, 3, 2)
    expected = from_onnx(run_onnx("SpaceToDepth", to_onnx(x), blocksize=2))
    np.testing.assert_array_equal(mc.spaceToDepthLayer(2).predict(x), expected)


@given(st.integers(1, 3), st.integers(1, 3))
def test_depth_to_space_undoes_space_to_depth_for_oblong_blocks(h: int, w: int) -> None:
    x = data(2 * h, 3 * w, 2, 1)
    deep = mc.spaceToDepthLayer([h, w]).predict(x)
    np.testing.assert_array_equal(mc.depthToSpace2dLayer([h, w]).predict(deep), x)


def test_blocks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataFormatError, match="channels do not divide"):
        mc.depthToSpace2dLayer(2).predict(data(2, 2, 6, 1))
    with pytest.raises(DataFormatError, match="1×4 is smaller than a block of 2×2"):
        mc.spaceToDepthLayer(2).predict(data(1, 4, 1, 1))


def test_space_to_depth_leaves_out_what_fills_no_block() -> None:
    """The page: the size of the output is [floor(H/height) floor(W/width) ...]."""
    x = data(5, 7, 2, 2)
    layer = mc.spaceToDepthLayer([2, 3])
    assert layer.predict(x).shape == (2, 2, 12, 2)
    np.testing.assert_array_equal(layer.predict(x), layer.predict(x[:4, :6]))


# --- repr, real files -------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        mc.resize2dLayer(Scale=2, Method="bilinear", Name="up"),
        mc.crop2dLayer([4, 2], Name="c"),
        mc.crop3dLayer("centercrop"),
        mc.depthToSpace2dLayer([2, 3], Mode="crd"),
    ],
)
def test_repr_gives_the_layer_back(layer: Layer) -> None:
    assert eval(repr(layer), vars(mc)) == layer


@pytest.mark.real
def test_the_real_resize_layer_resizes() -> None:
    path = next((REAL / "pac48__latent-control-idea").glob("*dlnet*.mat"))
    layers = [
        saved
        for found in find_models(open_mat(path))
        for saved in (found.model.layers if isinstance(found.model, SavedNetwork) else [])
        if saved.short_class == "Resize2DLayer"
    ]
    layer = layers[0].build()
    assert layer.description() == layers[0].fields["Description"]
    x = data(32, 20, 3, 1)
    expected = onnx_resize(x, [64, 64], True, True, False)
    np.testing.assert_allclose(layer.predict(x), expected, atol=1e-5)
