"""Layers of detectors.

Expected values: the activations written out in float64 numpy, anchor by anchor, in the order of
channels that biases in real files settle; ONNX's SpaceToDepth written with reshape.
"""

from __future__ import annotations

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError

from ..filter_reference import normal

ANCHORS, CLASSES = 3, 4


def test_the_transform_anchor_by_anchor() -> None:
    X = normal(2, 5, (5 + CLASSES) * ANCHORS, 2)
    expected = np.zeros(X.shape)
    for a in range(ANCHORS):
        kinds = X[:, :, a::ANCHORS].astype(np.float64)  # IoU, x, y, w, h, classes
        own = np.exp(kinds)
        own[:, :, :3] = 1 / (1 + np.exp(-kinds[:, :, :3]))
        own[:, :, 5:] /= own[:, :, 5:].sum(2, keepdims=True)
        expected[:, :, a::ANCHORS] = own
    Y = mc.yolov2TransformLayer(ANCHORS).predict(X)
    np.testing.assert_allclose(Y, expected, rtol=1e-5)


@pytest.mark.parametrize("channels", [15, 16, 12])
def test_the_transform_needs_anchors_times_boxes_and_classes(channels: int) -> None:
    layer = mc.yolov2TransformLayer(ANCHORS)
    with pytest.raises(DataFormatError, match="not those of 3 anchor boxes"):
        layer.predict(normal(2, 2, channels, 1))


def test_saved_fields_of_the_transform() -> None:
    known = mc.layer_class("nnet.cnn.layer.YOLOv2TransformLayer")
    assert known is not None
    layer = known.from_fields({"Version": 1.0, "Name": "t", "NumAnchorBoxes": 4.0})
    assert layer.values["NumAnchorBoxes"] == 4
    assert not layer.unread_fields()


def test_reorganization_is_space_to_depth() -> None:
    X = normal(4, 6, 3, 2)
    Y = mc.yolov2ReorgLayer([2, 3]).predict(X)
    np.testing.assert_array_equal(Y, mc.spaceToDepthLayer([2, 3]).predict(X))
    blocks = X.transpose(3, 2, 0, 1).reshape(2, 3, 2, 2, 2, 3).transpose(0, 3, 5, 1, 2, 4)
    np.testing.assert_array_equal(Y, blocks.reshape(2, 18, 2, 2).transpose(2, 3, 1, 0))


def test_anchor_boxes_pass_data_on() -> None:
    layer = mc.anchorBoxLayer([[8, 16], [32, 48]])
    X = normal(3, 4, 2, 5)
    np.testing.assert_array_equal(layer.predict(X), X)
    assert layer.AnchorBoxes == ((8, 16), (32, 48))
    with pytest.raises(PropertyError, match="M×2 matrix of positive numbers"):
        mc.anchorBoxLayer([8, 16])
