"""Layers that MATLAB's importers make.

Expected values: numpy reshapes of N,C,H,W (ONNX) and N,H,W,C (Keras) data, and a real network that
MATLAB imported from the ONNX file beside it, run by ONNX Runtime.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional

from converters.find import find_models
from converters.matfile import open_mat
from converters.saved import SavedNetwork
from matlab_compat import Layer, layer_class
from matlab_compat.errors import PropertyError, UnsupportedLayerError
from matlab_compat.layers.unsupported import UnsupportedLayer
from tests.real import REAL

RNG = np.random.default_rng(17)


def layer_of(name: str, **fields: Any) -> Layer:
    known = layer_class(name)
    assert known is not None
    return known.from_fields(fields)


def data(*size: int) -> np.ndarray[Any, Any]:
    return RNG.standard_normal(size).astype(np.float32)


@pytest.mark.parametrize("name", ["FlattenLayer", "FlattenInto2dLayer"])
def test_onnx_flattens_channels_rows_columns(name: str) -> None:
    x = data(3, 4, 2, 5)
    expected = x.transpose(3, 2, 0, 1).reshape(5, -1).T  # of N,C,H,W
    np.testing.assert_array_equal(layer_of(f"nnet.onnx.layer.{name}").predict(x), expected)


def test_keras_flattens_rows_columns_channels() -> None:
    x = data(3, 4, 2, 5)
    expected = x.transpose(3, 0, 1, 2).reshape(5, -1).T  # of N,H,W,C
    layer = layer_of("nnet.keras.layer.FlattenCStyleLayer")
    np.testing.assert_array_equal(layer.predict(x), expected)


@pytest.mark.parametrize("size", [(1, 1, 2), (3, 4, 2), (1, 1, 1), (3, 4, 1)])
def test_affine_scales_and_shifts(size: tuple[int, ...]) -> None:
    x, scale, offset = data(3, 4, 2, 5), data(*size), data(*size)
    layer = layer_of("nnet.onnx.layer.ElementwiseAffineLayer", Scale=scale, Offset=offset)
    expected = scale[..., None] * x + offset[..., None]
    np.testing.assert_allclose(layer.predict(x), expected, atol=1e-6)


def test_affine_takes_features_with_1x1xc_parameters() -> None:
    x, offset = data(3, 5), data(1, 1, 3)
    layer = layer_of(
        "nnet.onnx.layer.ElementwiseAffineLayer", Scale=np.float32([[2]]), Offset=offset
    )
    np.testing.assert_allclose(layer.predict(x, "CB"), 2 * x + offset[0, 0, :, None], atol=1e-6)


def test_affine_parts_can_be_switched_off() -> None:
    fields = {"Scale": np.float32([[3]]), "Offset": np.zeros((0, 0)), "DoOffset": False}
    layer = layer_of("nnet.onnx.layer.ElementwiseAffineLayer", **fields)
    x = data(3, 4, 2, 5)
    np.testing.assert_allclose(layer.predict(x), 3 * x, atol=1e-6)
    with pytest.raises(PropertyError, match="Offset is empty"):
        layer_of(
            "nnet.onnx.layer.ElementwiseAffineLayer", **{**fields, "DoOffset": True}
        ).to_torch()


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("nnet.onnx.layer.SigmoidLayer", lambda x: 1 / (1 + np.exp(-x))),
        ("nnet.keras.layer.SigmoidLayer", lambda x: 1 / (1 + np.exp(-x))),
        ("nnet.keras.layer.TanhLayer", np.tanh),
        ("nnet.onnx.layer.IdentityLayer", lambda x: x),
        ("nnet.onnx.layer.VerifyBatchSizeLayer", lambda x: x),
        ("nnet.keras.layer.GlobalAveragePooling2dLayer", lambda x: x.mean((0, 1), keepdims=True)),
    ],
)
def test_imported_functions(name: str, function: Any) -> None:
    x = data(3, 4, 2, 5)
    np.testing.assert_allclose(layer_of(name).predict(x), function(x), atol=1e-6)


@pytest.mark.parametrize(
    "name", ["nnet.keras.layer.ZeroPadding2dLayer", "nnet.onnx.layer.Flatten3dInto2dLayer"]
)
def test_layers_of_unknown_meaning_stay_unsupported(name: str) -> None:
    assert layer_class(name) is None


@pytest.mark.real
def test_a_real_import_agrees_with_its_onnx_source() -> None:
    """Convolutions and the final product in plain torch, pooling and flatten by our layers.

    The flattened image is 1x7 with 48 channels: this settles that channels are slowest. That rows
    come before columns is what the layer's saved Description says (C-style, row-major).
    """
    folder = next(REAL.glob("matlab-deep-learning__Use-a-Python-Speech-Command*"))
    session = onnxruntime.InferenceSession(
        next(folder.glob("*.onnx")).read_bytes(), providers=["CPUExecutionProvider"]
    )
    x = data(1, 1, 98, 50)  # N,C,H,W
    (expected,) = session.run(None, {"input": x})

    (found,) = find_models(open_mat(next(folder.glob("*net.mat"))))
    assert isinstance(found.model, SavedNetwork)
    y = torch.from_numpy(x)
    for saved in found.model.layers:
        y = _run(saved, y)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-4 * float(np.abs(expected).max()))


def _run(saved: Any, x: torch.Tensor) -> torch.Tensor:
    if saved.short_class == "Convolution2DLayer":
        weight = torch.from_numpy(saved.fields["Weights"]["Value"].transpose(3, 2, 0, 1).copy())
        bias = torch.from_numpy(saved.fields["Bias"]["Value"].ravel().copy())
        return functional.conv2d(x, weight, bias, padding=1)
    if saved.short_class == "FullyConnectedLayer":
        weight = torch.from_numpy(saved.fields["Weights"]["Value"].copy())
        return x @ weight.T + torch.from_numpy(saved.fields["Bias"]["Value"].ravel().copy())
    if saved.short_class == "ReLULayer":
        return x.relu()
    layer = saved.build()
    module: nn.Module = layer.to_torch(formats=["SSCB" if x.ndim == 4 else "CB"])
    result: torch.Tensor = module(x)
    return result


# --- by name and properties -----------------------------------------------------------------


def test_keras_flattens_every_time_step() -> None:
    x = data(3, 4, 2, 5, 6)
    expected = x.transpose(3, 4, 0, 1, 2).reshape(5, 6, -1).transpose(2, 0, 1)
    layer = layer_of("nnet.keras.layer.TimeDistributedFlattenCStyleLayer")
    np.testing.assert_array_equal(layer.predict(x, "SSCBT"), expected)


def test_a_scaling_factor() -> None:
    x = data(3, 4, 2, 5)
    layer = layer_of("nnet.inceptionresnetv2.layer.ScalingFactorLayer", Scale=0.25)
    np.testing.assert_array_equal(layer.predict(x), x * np.float32(0.25))


def test_a_custom_output_passes_on_unless_it_has_properties() -> None:
    x = data(3, 4, 2, 5)
    name = "nnet.onnx.layer.CustomOutputLayer"
    np.testing.assert_array_equal(layer_of(name, Name="out", Version=1.0).predict(x), x)
    with pytest.raises(UnsupportedLayerError, match="DataFormat"):
        layer_of(name, DataFormat="BCSS").predict(x)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("model.Reshape_To_ConcatLayer1003", "operators from Reshape to Concat"),
        ("net.MatMul_To_ReduceSumLayer", "operators from MatMul to ReduceSum"),
        ("nnet.onnx.layer.Flatten3dInto2dLayer", "known by its name alone"),
        ("nnet.cnn.layer.NeuralODELayer", "saved form"),
        ("nnet.cnn.layer.ProjectedLayer", "two projections"),
        ("someOnesLayer", "no layer is registered"),
    ],
)
def test_a_class_that_is_missing_says_why(name: str, why: str) -> None:
    layer = UnsupportedLayer(name, {"Name": "a"})
    assert why in layer.reason
    with pytest.raises(UnsupportedLayerError, match="register a class"):
        layer.predict(data(2, 2, 1, 1))
