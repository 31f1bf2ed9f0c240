"""What layers say of themselves in a row of a layer array, and as Python.

Expected values: layer arrays printed in MATLAB's documentation and in public code.
"""

from __future__ import annotations

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.layers import Layer

ROWS = [
    (mc.reluLayer(), "ReLU"),
    (mc.leakyReluLayer(), "Leaky ReLU with scale 0.01"),
    (mc.clippedReluLayer(10), "Clipped ReLU with ceiling 10"),
    (mc.softmaxLayer(), "softmax"),
    (mc.tanhLayer(), "Hyperbolic tangent"),
    (mc.batchNormalizationLayer(), "Batch normalization"),
    (
        mc.batchNormalizationLayer(TrainedMean=np.zeros((1, 1, 4)), Name="norm"),
        "Batch normalization with 4 channels",
    ),
    (
        mc.crossChannelNormalizationLayer(5),
        "cross channel normalization with 5 channels per element",
    ),
    (mc.dropoutLayer(), "50% dropout"),
    (mc.dropoutLayer(0.2, "Name", "d"), "20% dropout"),
    (mc.imageInputLayer([28, 28, 3]), "28×28×3 images with 'zerocenter' normalization"),
    (mc.imageInputLayer([28, 28, 1], Normalization="none"), "28×28×1 images"),
    (mc.sequenceInputLayer(12), "Sequence input with 12 dimensions"),
    (mc.featureInputLayer(7), "7 features"),
    (
        mc.maxPooling2dLayer(2, Stride=2),
        "2×2 max pooling with stride [2  2] and padding [0  0  0  0]",
    ),
    (
        mc.averagePooling2dLayer(3, Padding="same"),
        "3×3 average pooling with stride [1  1] and padding 'same'",
    ),
    (mc.globalAveragePooling2dLayer(), "2-D global average pooling"),
    (mc.classificationLayer(), "crossentropyex"),
    (
        mc.classificationLayer(Classes=["airplane", *"abcdefghi"]),
        "crossentropyex with 'airplane' and 9 other classes",
    ),
    (mc.regressionLayer(), "mean-squared-error"),
    (
        mc.regressionLayer(ResponseNames=["Response"]),
        "mean-squared-error with response 'Response'",
    ),
    (mc.pixelClassificationLayer(), "Cross-entropy loss"),
]


@pytest.mark.parametrize(("layer", "row"), ROWS)
def test_rows_are_worded_as_matlab_words_them(layer: Layer, row: str) -> None:
    assert layer.description() == row


@pytest.mark.parametrize("layer", [*(row[0] for row in ROWS), mc.focalLossLayer(Gamma=3)])
def test_repr_gives_the_layer_back(layer: Layer) -> None:
    assert eval(repr(layer), {**vars(mc), "np": np}) == layer
