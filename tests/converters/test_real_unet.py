"""The transposed convolutions of a real U-Net compute what ONNX Runtime computes.

The network was trained elsewhere and imported into MATLAB from ``unet_113.onnx``; the three .mat
files are what three releases of MATLAB saved. Expected values: ONNX Runtime's activations at the
output of each ConvTranspose of that ONNX file, for the real image that lies beside it. A layer of
the .mat file is paired with the ConvTranspose that has its weights, not by name or order.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

import converters
from converters.find import find_models
from matlab_compat.layers import TransposedConvolution2DLayer
from matlab_compat.parity import LAYER_BOUND, compare
from tests.real import REAL, file_id

pytestmark = pytest.mark.real

FOLDER = REAL / "reedchen19__cyclegan_verasonics"
NETWORKS = sorted(FOLDER.glob("*custom_onnx_unet113*.mat"))
ONNX = FOLDER / "verasonics__tensorflow_to_matlab__unet_113.onnx"
IMAGE = FOLDER / "verasonics__external_process__test_input_img.mat"

Array = NDArray[Any]


class Truth:
    """One ConvTranspose: its weights as MATLAB orders them, its input and its output."""

    def __init__(self, weights: Array, bias: Array, x: Array, y: Array) -> None:
        self.weights = weights.transpose(2, 3, 1, 0)  # C,F,h,w to h x w x F x C
        self.bias = bias
        self.x = x.transpose(2, 3, 1, 0)  # N,C,H,W to H x W x C x N
        self.y = y.transpose(2, 3, 1, 0)


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    model = onnx.load(ONNX)
    nodes = [node for node in model.graph.node if node.op_type == "ConvTranspose"]
    tensors = [name for node in nodes for name in (node.input[0], node.output[0])]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (source,) = session.get_inputs()
    values = dict(zip(tensors, session.run(tensors, {source.name: image()}), strict=True))
    held = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    return [
        Truth(held[n.input[1]], held[n.input[2]], values[n.input[0]], values[n.output[0]])
        for n in nodes
    ]


def image() -> Array:
    """The real image as the network takes it: 1 x 512 x 512 x 1, scaled to -1 .. 1."""
    with converters.open_mat(IMAGE) as mat:
        data = mat["data"]
    scaled = (data - data.min()) / (data.max() - data.min()) * 2 - 1
    return np.ascontiguousarray(scaled[np.newaxis, :, :, np.newaxis], np.float32)


def transposed_convolutions(path: Path) -> list[TransposedConvolution2DLayer]:
    with converters.open_mat(path) as mat:
        (network,) = find_models(mat)
        names = [s.name for s in network.model.layers if s.short_class.startswith("Transposed")]
    layers = [converters.load(path, layer=name) for name in names]
    assert all(isinstance(layer, TransposedConvolution2DLayer) for layer in layers)
    return layers


def test_three_releases_of_matlab_saved_the_network() -> None:
    assert len(NETWORKS) == 3


@pytest.mark.parametrize("path", NETWORKS, ids=file_id)
def test_each_transposed_convolution_agrees_with_onnx_runtime(
    path: Path, truths: list[Truth]
) -> None:
    assert len(truths) == 4
    layers = transposed_convolutions(path)
    assert len(layers) == 4
    paired = [(layer, t) for layer in layers for t in truths if is_of(layer, t)]
    assert len({id(t) for _, t in paired}) == len(paired) == 4
    for layer, truth in paired:
        actual = layer.predict(truth.x, "SSCB")
        result = compare(
            actual, truth.y, magnitude=roundings_scale(layer, truth), bound=LAYER_BOUND
        )
        assert result.verdict == "equal", (layer.Name, result)
        assert result.elements == math.prod(truth.y.shape) >= 64 * 64 * 16


def is_of(layer: TransposedConvolution2DLayer, truth: Truth) -> bool:
    return np.array_equal(layer.Weights, truth.weights) and np.array_equal(
        layer.Bias.ravel(), truth.bias
    )


def roundings_scale(layer: TransposedConvolution2DLayer, truth: Truth) -> Array:
    """``|W| * |x| + |b|`` by the definition: each input pixel adds its filter, all positive."""
    x, w = np.abs(truth.x.astype(np.float64)), np.abs(truth.weights.astype(np.float64))
    (h, wd), (sh, sw), (top, _, left, _) = layer.FilterSize, layer.Stride, layer.CroppingSize
    height, width, _, n = x.shape
    full = np.zeros(((height - 1) * sh + h, (width - 1) * sw + wd, w.shape[2], n))
    for i in range(h):
        for j in range(wd):
            part = np.einsum("hwcn,fc->hwfn", x, w[i, j])
            full[i : i + height * sh : sh, j : j + width * sw : sw] += part
    rows, columns = truth.y.shape[:2]
    cropped = full[top : top + rows, left : left + columns]
    return cropped + np.abs(truth.bias)[:, np.newaxis]
