"""``fixtures/native/series_v7.mat`` as an ONNX file, put together operator by operator.

An independent hand: ONNX Runtime computes it; only the weights are the fixture's. Convolution 3×3
'same', ReLU, transposed convolution 3×3 with stride 2 and MATLAB's 'same' (full result, then
the first H*2 rows and W*2 columns).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import converters
from matlab_compat import Convolution2DLayer, Network, TransposedConvolution2DLayer

SERIES = Path(__file__).parents[2] / "fixtures" / "native" / "series_v7.mat"


def write_onnx(path: Path, *, channels_last: bool = False, error: float = 0.0) -> Path:
    """Write the file; ``error`` is added to one bias, ``channels_last`` makes it take NHWC."""
    network = converters.load(SERIES)
    assert isinstance(network, Network)
    conv, up = network.layer("conv"), network.layer("up")
    assert isinstance(conv, Convolution2DLayer)
    assert isinstance(up, TransposedConvolution2DLayer)
    bias = up.Bias.ravel().copy()
    bias[0] += error
    constants = {
        "cw": conv.Weights.transpose(3, 2, 0, 1),
        "cb": conv.Bias.ravel(),
        "uw": up.Weights.transpose(3, 2, 0, 1),
        "ub": bias,
        "starts": np.array([0, 0]),
        "ends": np.array([12, 10]),
        "axes": np.array([2, 3]),
    }
    nodes = [
        helper.make_node("Conv", ["x", "cw", "cb"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("ConvTranspose", ["r", "uw", "ub"], ["full"], strides=[2, 2]),
        helper.make_node("Slice", ["full", "starts", "ends", "axes"], ["y"]),
    ]
    sizes: tuple[list[object], list[object]] = (["N", 2, 6, 5], ["N", 3, 12, 10])
    names = ("x", "y")
    if channels_last:
        nodes.insert(0, helper.make_node("Transpose", ["in"], ["x"], perm=[0, 3, 1, 2]))
        nodes.append(helper.make_node("Transpose", ["y"], ["out"], perm=[0, 2, 3, 1]))
        sizes, names = (["N", 6, 5, 2], ["N", 12, 10, 3]), ("in", "out")
    graph = helper.make_graph(
        nodes,
        "series",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, sizes[0])],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, sizes[1])],
        [
            numpy_helper.from_array(np.ascontiguousarray(value), name)
            for name, value in constants.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path
