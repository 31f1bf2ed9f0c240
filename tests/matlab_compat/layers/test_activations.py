"""Activation layers and the element-wise layers of the Reinforcement Learning Toolbox.

Expected values: the formulas of MATLAB's documentation pages in float64 numpy, on arrays in
MATLAB's order of dimensions; ONNX Runtime's Softmax.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat import (
    ClippedReLULayer,
    ELULayer,
    Layer,
    LeakyReLULayer,
    PReLULayer,
    ScalingLayer,
    SoftmaxLayer,
    clippedReluLayer,
    eluLayer,
    geluLayer,
    layer_class,
    leakyReluLayer,
    preluLayer,
    quadraticLayer,
    reluLayer,
    scalingLayer,
    sigmoidLayer,
    softmaxLayer,
    softplusLayer,
    swishLayer,
    tanhLayer,
)
from matlab_compat.errors import DataFormatError, PropertyError

from ...oracle_onnx import run_onnx
from ...real import MAT_FILES, file_id
from ..filter_reference import Array
from ..filter_reference import normal as standard_normal
from ..saved import saved_layers


def normal(*size: int, seed: int = 0) -> Array:
    return 3 * standard_normal(*size, seed=seed)


def erf(x: Array) -> Array:
    return np.vectorize(math.erf)(x)


X = normal(5, 4, 3, 2)
D = X.astype(np.float64)
ALPHA = np.array([0.1, -0.2, 0.7], np.float32)

ELEMENTWISE: list[tuple[Layer, Array]] = [
    (reluLayer(), np.maximum(D, 0)),
    (leakyReluLayer(), np.where(D > 0, D, 0.01 * D)),
    (leakyReluLayer(0.3), np.where(D > 0, D, 0.3 * D)),
    (clippedReluLayer(1.5), np.minimum(np.maximum(D, 0), 1.5)),
    (eluLayer(), np.where(D > 0, D, np.exp(D) - 1)),
    (eluLayer(0.5), np.where(D > 0, D, 0.5 * (np.exp(D) - 1))),
    (preluLayer(Alpha=ALPHA), np.where(D > 0, D, ALPHA.reshape(1, 1, 3, 1) * D)),
    (preluLayer(Alpha=0.2), np.where(D > 0, D, 0.2 * D)),
    (geluLayer(), D / 2 * (1 + erf(D / math.sqrt(2)))),
    (
        geluLayer(Approximation="tanh"),
        D / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (D + 0.044715 * D**3))),
    ),
    (swishLayer(), D / (1 + np.exp(-D))),
    (tanhLayer(), np.tanh(D)),
    (sigmoidLayer(), 1 / (1 + np.exp(-D))),
    (softplusLayer(), np.log(1 + np.exp(D))),
    (scalingLayer(), D),
    (scalingLayer(Scale=2, Bias=-0.5), 2 * D - 0.5),
]


@pytest.mark.parametrize(("layer", "expected"), ELEMENTWISE, ids=lambda v: str(repr(v))[:40])
def test_activation_is_the_pages_formula(layer: Layer, expected: Array) -> None:
    np.testing.assert_allclose(layer.predict(X), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("data_format", ["CB", "CBT", "SCB", "SSCBT", "SSSCBT"])
def test_activations_take_any_format(data_format: str) -> None:
    x = normal(*(2, 3, 4, 2, 3, 2)[: len(data_format)])
    np.testing.assert_array_equal(reluLayer().predict(x, data_format), np.maximum(x, 0))


@pytest.mark.parametrize("value", [30.0, 25.0, 45.0])
def test_trap_softplus_has_no_threshold_that_shows(value: float) -> None:
    """torch's default takes x itself above 20, 2e-9 too little: seen in double."""
    y = softplusLayer().predict(np.full((1, 1), value), "CB", dtype="double")
    assert y.item() == np.logaddexp(value, 0)


@pytest.mark.parametrize("name", ["rl.layer.SoftplusLayer", "nnet.cnn.layer.SoftplusLayer"])
def test_softplus_is_known_under_both_names(name: str) -> None:
    assert layer_class(name) is type(softplusLayer())


@pytest.mark.parametrize(
    ("data_format", "axis"), [("CB", 0), ("CBT", 0), ("SSCB", 2), ("SCBT", 1), ("SSSCB", 3)]
)
def test_trap_softmax_is_over_the_channels(data_format: str, axis: int) -> None:
    x = normal(*(3, 4, 5, 2, 3)[: len(data_format)])
    y = softmaxLayer().predict(x, data_format)
    np.testing.assert_allclose(y, run_onnx("Softmax", x, axis=axis), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "fields",
    [
        {"Version": 2, "VectorFormat": False},
        {"Version": 3, "VectorFormat": False, "ChannelDim": 3},
        {"Version": 4, "ChannelDim": 3, "VectorFormat": False},
    ],
)
def test_softmax_from_saved_fields(fields: dict[str, Any]) -> None:
    layer = SoftmaxLayer.from_fields({**fields, "Name": "softmax"})
    assert layer == softmaxLayer(Name="softmax")
    assert layer.extra["VectorFormat"] is False


def test_elu_from_the_plain_properties_of_a_file() -> None:
    fields = {"Name": "elu1", "Description": "ELU with Alpha 1", "Type": "ELU", "Alpha": [[1.0]]}
    layer = ELULayer.from_fields(fields)
    assert layer == eluLayer(Name="elu1")
    assert layer.description() == fields["Description"]


def test_prelu_of_users_is_another_class() -> None:
    """Before R2024a ``preluLayer`` was a class of one's own, with other semantics."""
    assert layer_class("preluLayer") is None
    assert layer_class("eluLayer") is None
    assert layer_class("nnet.cnn.layer.PReLULayer") is PReLULayer


def test_prelu_alpha_is_learned() -> None:
    layer = preluLayer(AlphaLearnRateFactor=3).initialize(3, seed=0)
    assert layer.Alpha.shape == (1, 1, 3)
    module = layer.to_torch()
    assert module.factors["weight"].learn_rate == 3
    with torch.no_grad():
        module.weight.fill_(0.25)
    assert (layer.assign_from_torch(module).Alpha == 0.25).all()


def test_prelu_refuses_a_matrix() -> None:
    with pytest.raises(PropertyError, match="Alpha is 2×3"):
        preluLayer(Alpha=np.ones((2, 3)))


@pytest.mark.parametrize(
    ("make", "argument"),
    [(leakyReluLayer, "Scale"), (eluLayer, "Alpha"), (clippedReluLayer, "Ceiling")],
)
def test_positional_arguments_and_pairs(make: Any, argument: str) -> None:
    layer = make(0.25, "name", "a")
    assert (getattr(layer, argument), layer.Name) == (0.25, "a")
    assert repr(layer) == f"{make.__name__}(0.25, Name='a')"


def test_pairs_without_the_optional_argument() -> None:
    assert leakyReluLayer("Name", "a") == LeakyReLULayer(Name="a")
    assert clippedReluLayer(6) == ClippedReLULayer(Ceiling=6)


# --- Reinforcement Learning Toolbox -----------------------------------------------------


def test_scaling_expands_in_matlabs_order() -> None:
    scale, bias = normal(5, 1, 3, seed=1), normal(5, 1, 3, seed=2)
    y = scalingLayer(Scale=scale, Bias=bias).predict(X)
    expected = scale[..., np.newaxis] * D + bias[..., np.newaxis]
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


def test_scaling_of_features_is_a_column() -> None:
    x, scale = normal(3, 7), normal(3, 1, seed=1)
    layer = ScalingLayer.from_fields({"Scale": scale, "Bias": [[1.0]], "Name": "s"})
    np.testing.assert_allclose(layer.predict(x, "CB"), scale * x + 1, rtol=1e-5)


def test_scaling_of_observations_apart_is_refused() -> None:
    with pytest.raises(DataFormatError, match="does not fit an observation"):
        scalingLayer(Scale=normal(1, 3)).predict(normal(3, 3), "CB")


def test_scaling_arrays_must_have_one_size() -> None:
    with pytest.raises(PropertyError, match="must have the same size"):
        scalingLayer(Scale=np.ones((3, 1)), Bias=np.ones((1, 3)))


# nnet.cnn.layer.ScalingLayer (R2025a). Expected values: its page's formula, Scale .* X + Offset.


def test_scaling_with_offset_is_the_deep_learning_toolbox_s() -> None:
    layer = scalingLayer(Scale=0.1, Offset=0.4)
    assert type(layer) is layer_class("nnet.cnn.layer.ScalingLayer")
    np.testing.assert_allclose(layer.predict(X), 0.1 * D + 0.4, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [scalingLayer(), scalingLayer("Scale", 2, "bias", 1)])
def test_scaling_without_offset_is_the_reinforcement_learning_toolbox_s(layer: Layer) -> None:
    assert type(layer) is ScalingLayer


def test_scale_and_offset_may_have_different_sizes() -> None:
    scale, offset = normal(5, 1, 3, seed=1), normal(1, 4, 1, seed=2)
    x = normal(5, 4, 3, 2)
    y = scalingLayer(Scale=scale, Offset=offset).predict(x)
    expected = scale[..., np.newaxis] * x + offset[..., np.newaxis]
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


def test_a_saved_offset_is_added() -> None:
    kind = layer_class("nnet.cnn.layer.ScalingLayer")
    assert kind is not None
    layer = kind.from_fields({"Name": "s", "Scale": 2.0, "Offset": 1.0})
    assert layer.predict([[3.0]], "CB").tolist() == [[7.0]]


def test_scaling_takes_bias_or_offset() -> None:
    with pytest.raises(PropertyError, match="has no argument 'Offset'"):
        scalingLayer(Bias=1, Offset=1)


def test_scaling_with_offset_is_written_so_that_it_comes_back() -> None:
    layer = scalingLayer(Scale=2, Offset=0)
    again = eval(repr(layer), {"scalingLayer": scalingLayer, "np": np})
    assert type(again) is type(layer)
    assert again == layer


def test_quadratic_is_registered_under_both_toolboxes_names() -> None:
    assert layer_class("nnet.cnn.layer.QuadraticLayer") is layer_class("rl.layer.QuadraticLayer")


def test_quadratic_has_the_pages_order_of_monomials() -> None:
    """``[u1*u1 u1*u2 u2*u2 u1*u3 u2*u3 u3*u3]`` with u = [2 3 5]."""
    expected = np.array([4, 6, 9, 10, 15, 25], np.float32)
    u = np.array([2, 3, 5], np.float32)
    np.testing.assert_array_equal(quadraticLayer().predict(u.reshape(3, 1), "CB").ravel(), expected)
    y = quadraticLayer().predict(u.reshape(3, 1, 1, 1))
    assert y.shape == (6, 1, 1, 1)
    np.testing.assert_array_equal(y.ravel(), expected)


def test_quadratic_refuses_images() -> None:
    with pytest.raises(DataFormatError, match="takes vectors"):
        quadraticLayer().predict(X)


@pytest.mark.parametrize(
    "layer", [softmaxLayer(), preluLayer(Alpha=ALPHA), scalingLayer(Scale=normal(5, 1, 3))]
)
def test_modules_export_with_any_batch(layer: Layer) -> None:
    module = layer.to_torch().eval()
    example = torch.from_numpy(np.ascontiguousarray(X.transpose(3, 2, 0, 1)))
    dynamic = ({0: torch.export.Dim("n", min=2)},)
    exported = torch.export.export(module, (example,), dynamic_shapes=dynamic).module()
    other = torch.cat([example, example, example])
    torch.testing.assert_close(exported(other), module(other))


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_every_real_layer_builds(path: Path) -> None:
    names = ("ReLULayer", "LeakyReLULayer", "ELULayer", "SoftmaxLayer", "SoftplusLayer")
    names += ("TanhLayer", "SigmoidLayer", "ScalingLayer", "ClippedReLULayer", "GELULayer")
    for saved in saved_layers(path, *names):
        layer = saved.build()
        assert layer.predict(X).shape == X.shape
        text = saved.fields.get("Description", "")
        if text and text.isascii():  # one of these files was saved by a MATLAB that speaks Korean
            assert layer.description() in (text, f"{text} layer")  # "Scaling" since R2025
