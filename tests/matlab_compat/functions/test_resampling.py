"""``dlresize``, ``depthToSpace``, ``spaceToDepth``.

Expected values: numpy's repeat and interp; blocks moved by hand; ONNX's DepthToSpace as its
specification writes it with reshape and transpose.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError, UnsupportedLayerError

from ..filter_reference import normal

X = normal(4, 6, 8, 2, dtype=np.float64)


@pytest.mark.parametrize("given", [{"Scale": [2, 3]}, {"OutputSize": [8, 18]}])
def test_nearest_by_whole_factors_repeats(given: Any) -> None:
    expected = X.repeat(2, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(mc.dlresize(X, DataFormat="SSCB", **given), expected)


def test_linear_is_interpolation_between_pixel_centres() -> None:
    x = normal(5, 3, dtype=np.float64)
    places = np.clip((np.arange(8) + 0.5) * 5 / 8 - 0.5, 0, 4)
    expected = np.stack([np.interp(places, np.arange(5), x[:, c]) for c in range(3)], 1)
    Y = mc.dlresize(x, "OutputSize", 8, "Method", "linear", "DataFormat", "SC")
    np.testing.assert_allclose(Y, expected, rtol=1e-12)


def test_asymmetric_and_floor() -> None:
    x = np.arange(5.0)[:, None]
    options = {"GeometricTransformMode": "asymmetric", "NearestRoundingMode": "floor"}
    Y = mc.dlresize(x, OutputSize=8, DataFormat="SC", **options)
    assert Y[:, 0].tolist() == np.floor(np.arange(8) * 5 / 8).tolist()


def test_time_is_passed_step_by_step_and_labels_stay() -> None:
    x = mc.dlarray(normal(3, 2, 4, 5), "SCBT")
    Y = mc.dlresize(x, Scale=2)
    assert Y.dims() == "SCBT"
    np.testing.assert_array_equal(Y.extractdata(), x.extractdata().repeat(2, axis=0))


def test_dlresize_refuses() -> None:
    with pytest.raises(PropertyError, match="one of Scale and OutputSize"):
        mc.dlresize(X, DataFormat="SSCB")
    with pytest.raises(PropertyError, match="one of Scale and OutputSize"):
        mc.dlresize(X, Scale=2, OutputSize=[1, 1], DataFormat="SSCB")
    with pytest.raises(PropertyError, match="onnx-10"):
        mc.dlresize(X, Scale=2, DataFormat="SSCB", NearestRoundingMode="onnx-10")
    with pytest.raises(UnsupportedLayerError, match="how MATLAB rounds"):
        mc.dlresize(X, Scale=1.3, DataFormat="SSCB")
    with pytest.raises(PropertyError, match="Scale must be 2 positive numbers"):
        mc.dlresize(X, Scale=-1, DataFormat="SSCB")


@pytest.mark.parametrize("mode", ["dcr", "crd"])
def test_depthToSpace_is_that_of_ONNX(mode: str) -> None:
    x = X.transpose(3, 2, 0, 1)
    if mode == "dcr":
        blocks = x.reshape(2, 2, 2, 2, 4, 6).transpose(0, 3, 4, 1, 5, 2)
    else:
        blocks = x.reshape(2, 2, 2, 2, 4, 6).transpose(0, 1, 4, 2, 5, 3)
    expected = blocks.reshape(2, 2, 8, 12).transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(mc.depthToSpace(X, 2, DataFormat="SSCB", Mode=mode), expected)


def test_spaceToDepth_goes_back_and_leaves_incomplete_blocks_out() -> None:
    x = normal(4, 6, 3, 2, dtype=np.float64)
    deep = mc.spaceToDepth(x, [2, 3], DataFormat="SSCB")
    assert deep.shape == (2, 2, 18, 2)
    np.testing.assert_array_equal(mc.depthToSpace(deep, [2, 3], DataFormat="SSCB"), x)
    odd = np.pad(x, [(0, 1), (0, 2), (0, 0), (0, 0)], constant_values=9)
    np.testing.assert_array_equal(mc.spaceToDepth(odd, [2, 3], DataFormat="SSCB"), deep)


@pytest.mark.parametrize("function", [mc.depthToSpace, mc.spaceToDepth])
def test_blocks_need_images(function: Any) -> None:
    with pytest.raises(DataFormatError, match="two dimensions labelled S"):
        function(normal(4, 4, 4), 2, DataFormat="SCB")
