"""``.onnx``: onnx.checker and ONNX Runtime against the network's own torch module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

import converters
import matlab_compat as m
from converters.formats import Options
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.layers import Layer

from .models import CLASSES, attention, segmentation, sequence

pytestmark = pytest.mark.slow


def run(path: str, x: torch.Tensor) -> list[NDArray[Any]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    results: list[NDArray[Any]] = session.run(None, {given.name: x.numpy()})
    return results


def assert_same(path: str, module: torch.nn.Module, x: torch.Tensor) -> None:
    expected = module(x).detach().numpy()
    np.testing.assert_allclose(run(path, x)[0], expected, rtol=1e-5, atol=1e-6)


def attributes(model: onnx.ModelProto, operator: str) -> list[dict[str, Any]]:
    return [
        {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        for node in model.graph.node
        if node.op_type == operator
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = converters.save(segmentation(), tmp_path_factory.mktemp("onnx") / "net.onnx")
    assert (done.exit_code, len(done.outputs)) == (0, 1)
    return done.path


def test_the_checker_accepts_it(written: str) -> None:
    onnx.checker.check_model(onnx.load(written), full_check=True)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_any_number_of_observations(written: str, batch: int) -> None:
    assert_same(written, segmentation().to_torch(), torch.randn(batch, 2, 9, 7))


def test_inputs_and_outputs_have_matlab_names_and_a_named_batch(written: str) -> None:
    graph = onnx.load(written).graph
    (given,), (made,) = graph.input, graph.output
    assert (given.name, made.name) == ("image/in", "labels")
    for value in (given, made):
        assert value.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_classes_and_formats_are_in_the_metadata(written: str) -> None:
    found = {p.key: p.value for p in onnx.load(written).metadata_props}
    assert json.loads(found["classes"]) == CLASSES
    assert json.loads(found["inputs"]) == {"image/in": "BCSS"}


def test_the_opset_is_a_current_one_of_onnx_alone(written: str) -> None:
    (opset,) = onnx.load(written).opset_import
    assert (opset.domain, opset.version) == ("", 20)


#: Crops that differ on the two sides, wider than the filter, with strides, in each dimension.
UNEVEN: list[Layer] = [
    m.transposedConv1dLayer(4, 3, Stride=2, Cropping=(0, 1)),
    m.transposedConv2dLayer((3, 2), 3, Stride=2, Cropping="same"),
    m.transposedConv2dLayer((3, 4), 3, Stride=(2, 3), Cropping=(0, 1, 2, 1)),
    m.transposedConv2dLayer(2, 3, Cropping=(3, 0, 0, 2)),
    m.transposedConv3dLayer((2, 3, 2), 3, Cropping=((0, 1, 0), (1, 0, 0))),
]


@pytest.mark.parametrize("layer", UNEVEN, ids=lambda layer: f"{layer.CroppingSize}")
def test_uneven_crops_never_become_uneven_pads(tmp_path: Path, layer: Layer) -> None:
    layer = layer.initialize(2, seed=0)
    done = converters.save(layer, tmp_path / "up.onnx")
    assert done.exit_code == 0
    model = onnx.load(done.path)
    (convolution,) = attributes(model, "ConvTranspose")
    pads = list(convolution["pads"])
    assert pads[: len(pads) // 2] == pads[len(pads) // 2 :]
    assert not any(convolution.get("output_padding", []))
    assert "auto_pad" not in convolution or convolution["auto_pad"] == b"NOTSET"
    assert attributes(model, "Slice")


def test_a_layer_takes_images_of_any_size(tmp_path: Path) -> None:
    layer = m.transposedConv2dLayer((3, 2), 2, Stride=2, Cropping=(0, 1, 1, 0))
    layer = layer.initialize(3, seed=0)
    path = converters.save(layer, tmp_path / "up.onnx").path
    assert_same(path, layer.to_torch(), torch.randn(1, 3, 4, 17))


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = converters.save(sequence(), tmp_path_factory.mktemp("recurrent") / "net.onnx")
    assert done.remarks == ()
    return done.path


@pytest.mark.parametrize("steps", [1, 8, 40])
def test_recurrent_networks_take_sequences_of_any_length(recurrent: str, steps: int) -> None:
    assert_same(recurrent, sequence().to_torch(), torch.randn(3, 3, steps))


@pytest.mark.parametrize(
    "layer",
    [
        m.lstmLayer(4, OutputMode="last"),
        m.bilstmLayer(4),
        m.bilstmLayer(4, OutputMode="last"),
        m.lstmLayer(4, GateActivationFunction="hard-sigmoid", StateActivationFunction="softsign"),
        m.gruLayer(4),
        m.gruLayer(4, ResetGateMode="before-multiplication"),
        m.gruLayer(4, ResetGateMode="recurrent-bias-after-multiplication"),
    ],
    ids=lambda layer: f"{type(layer).__name__}-{layer.OutputMode}",
)
def test_every_recurrent_layer_becomes_one_operator(tmp_path: Path, layer: Layer) -> None:
    layer = layer.initialize(3, seed=0)
    random = np.random.default_rng(0)
    layer.Bias = random.standard_normal(layer.Bias.shape).astype(np.float32)
    done = converters.save(layer, tmp_path / "r.onnx")
    assert done.exit_code == 0
    model = onnx.load(done.path)
    assert len(attributes(model, "LSTM") + attributes(model, "GRU")) == 1
    assert_same(done.path, layer.to_torch(), torch.randn(2, 3, 13))


def test_projected_layers_keep_their_number_of_time_steps_and_say_so(tmp_path: Path) -> None:
    layer = m.lstmProjectedLayer(4, 2, 2).initialize(3, seed=0)
    done = converters.save(layer, tmp_path / "r.onnx", options=Options(steps=5))
    (remark,) = done.remarks
    assert "exactly 5 time steps" in remark
    assert_same(done.path, layer.to_torch(), torch.randn(2, 3, 5))


def test_attention_takes_sequences_of_any_length(tmp_path: Path) -> None:
    network = attention()
    path = converters.save(network, tmp_path / "net.onnx").path
    assert_same(path, network.to_torch(), torch.randn(2, 4, 21))


def test_bfloat16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match="does not run bfloat16"):
        converters.save(segmentation(), tmp_path / "n.onnx", options=Options("bfloat16"))


def test_what_onnx_runtime_cannot_run_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match="cannot run it in double") as caught:
        converters.save(segmentation(), tmp_path / "n.onnx", options=Options("double"))
    assert "ConvTranspose" in str(caught.value) or "Conv" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_without_proof_it_can_still_be_written(tmp_path: Path) -> None:
    options = Options("double")
    done = converters.save(segmentation(), tmp_path / "n.onnx", options=options, check=False)
    assert done.unchecked == "not asked for"
    assert onnx.load(done.path).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE


def test_half_runs_and_says_what_it_costs(tmp_path: Path) -> None:
    done = converters.save(segmentation(), tmp_path / "n.onnx", options=Options("half"))
    assert done.exit_code == 0
    (cost,) = done.costs
    assert 1e-5 < cost.written < 1e-2
    assert cost.single < 1e-6
