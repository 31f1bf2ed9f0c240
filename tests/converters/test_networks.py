"""From saved networks to network objects.

Expected values: the fields of the saved networks written here, and what
``fixtures/native/make_native.py`` says of its invented files.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.load import load_network
from converters.matfile.values import MatObject
from converters.networks import build_network
from converters.saved import SavedLayer, SavedNetwork
from matlab_compat.errors import LayerNotFoundError, MatlabCompatWarning, UsageError
from matlab_compat.layers import NetworkLayer
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network
from tests.converters.exports import save, weights
from tests.converters.test_load import NATIVE


def saved_layer(kind: str, name: str, **fields: Any) -> SavedLayer:
    class_name = kind if "." in kind else f"nnet.cnn.layer.{kind}"
    return SavedLayer(("net", name), class_name, {"Name": name, **fields})


RELU, TANH = saved_layer("ReLULayer", "relu"), saved_layer("TanhLayer", "tanh")
ADD = saved_layer("AdditionLayer", "add", NumInputs=2.0)


def saved_network(
    class_name: str, layers: list[SavedLayer], *connections: tuple[str, str], **fields: Any
) -> SavedNetwork:
    return SavedNetwork(("net",), class_name, layers, list(connections), fields)


@pytest.mark.parametrize(
    ("class_name", "kind"),
    [
        ("SeriesNetwork", "SeriesNetwork"),
        ("DAGNetwork", "DAGNetwork"),
        ("dlnetwork", "dlnetwork"),
        ("nnet.cnn.LayerGraph", "LayerGraph"),
        ("nnet.cnn.layer.Layer", "Layer array"),
        ("nnet.cnn.layer.ReLULayer", "Layer array"),
    ],
)
def test_the_class_in_the_file_says_the_kind(class_name: str, kind: str) -> None:
    network = build_network(saved_network(class_name, [RELU, TANH], ("relu", "tanh")))
    assert network.kind == kind
    assert list(network.Connections) == [("relu", "tanh")]


def test_layers_of_a_row_follow_each_other_even_without_names() -> None:
    nameless = [saved_layer("ReLULayer", ""), saved_layer("ReLULayer", "")]
    network = build_network(saved_network("nnet.cnn.layer.Layer", nameless, ("", "")))
    assert list(network.Connections) == [("relu_1", "relu_2")]


def test_a_graph_is_connected_as_the_file_says() -> None:
    pairs = [("relu", "add/in2"), ("tanh", "add/in1")]
    network = build_network(saved_network("DAGNetwork", [RELU, TANH, ADD], *pairs))
    assert list(network.Connections) == pairs
    assert network.InputNames == ["relu", "tanh"]


def test_outputs_are_those_that_a_dlnetwork_names() -> None:
    names = np.array([["relu", "tanh"]], dtype=object)
    network = build_network(
        saved_network("dlnetwork", [RELU, TANH], ("relu", "tanh"), OutputNames=names)
    )
    assert network.OutputNames == ["relu", "tanh"]


def test_a_layer_of_an_unknown_class_keeps_its_place_and_its_fields() -> None:
    swirl = saved_layer("mine.Swirl", "swirl", Turns=3.0)
    network = build_network(saved_network("SeriesNetwork", [RELU, swirl, TANH]))
    layer = network.layer("swirl")
    assert isinstance(layer, UnsupportedLayer)
    assert (layer.class_name, layer.extra["Turns"]) == ("mine.Swirl", 3.0)
    assert list(network.unsupported) == ["swirl"]


def test_a_layer_that_contradicts_itself_keeps_its_place_and_the_reason() -> None:
    wrong = saved_layer("FullyConnectedLayer", "fc", OutputSize=-1.0)
    network = build_network(saved_network("SeriesNetwork", [RELU, wrong]))
    assert "OutputSize" in network.unsupported["fc"].reason


LOSS = saved_layer("mine.Loss", "loss", Classes=np.array([["a"], ["b"]], dtype=object))


def ends_in_loss() -> Network:
    saved = saved_network("DAGNetwork", [RELU, LOSS], ("relu", "loss"))
    with pytest.warns(
        MatlabCompatWarning, match=r"net: 'loss' ends a DAGNetwork.* is a mine\.Loss"
    ):
        return build_network(saved)


def test_an_output_layer_of_an_unknown_class_is_said_to_change_nothing() -> None:
    network = ends_in_loss()
    assert network.unsupported == {}
    pixel = np.array([[[-1.0, 2.0]]])
    np.testing.assert_array_equal(network.predict(pixel), [[0.0, 2.0]])
    assert network.classify(pixel) == ["b"]


@pytest.mark.parametrize("name", ["net.mat", "net.pt"])
def test_what_it_said_of_classes_is_kept(tmp_path: Path, name: str) -> None:
    converters.save(ends_in_loss(), tmp_path / name, check=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MatlabCompatWarning)
        assert load_network(tmp_path / name).Classes == ["a", "b"]


def test_a_network_inside_a_layer_is_built() -> None:
    relu = MatObject("nnet.cnn.layer.ReLULayer", lambda: {"Name": "inner"})
    table = {name: np.empty((0, 1), object) for name in ("Source", "Destination")}
    layers = np.array([[relu]], dtype=object)
    inner = MatObject("dlnetwork", lambda: {"Layers": layers, "Connections": table})
    block = saved_layer("NetworkLayer", "block", Network=inner)
    network = build_network(saved_network("dlnetwork", [block]))
    layer = network.layer("block")
    assert isinstance(layer, NetworkLayer)
    assert layer.Network.names == ["inner"]


@pytest.mark.parametrize(
    ("layers", "pairs", "message"),
    [
        ([RELU, RELU], [], "called 'relu'"),
        ([RELU], [("relu", "gone")], "'gone'"),
        ([RELU, ADD], [("relu", "add/in7")], "no input 'in7'"),
    ],
)
def test_a_file_whose_connections_do_not_fit_is_refused(
    layers: list[SavedLayer], pairs: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        build_network(saved_network("DAGNetwork", layers, *pairs))


@pytest.mark.parametrize("level", ["v7", "v73"])
def test_the_invented_networks_give_results_of_the_sizes_they_describe(level: str) -> None:
    expected = {
        "series": ((6, 5, 2, 3), (12, 10, 3, 3)),
        "dag": ((4, 6, 2, 3), (9, 17, 2, 3)),
        "dlnetwork": ((5, 4, 2, 3), (10, 8, 1, 3)),
    }
    for name, (given, size) in expected.items():
        network = load_network(NATIVE / f"{name}_{level}.mat")
        assert network.predict(np.ones(given)).shape == size


def test_load_network_refuses_a_file_with_a_layer_only(tmp_path: Any) -> None:
    path = save(tmp_path / "a.mat", Weights=weights(), Stride=[2.0, 1.0], CroppingSize=[0.0] * 4)
    with pytest.raises(LayerNotFoundError, match="no network"):
        load_network(path)


# --- quantized networks -------------------------------------------------------------------


def test_a_quantized_network_warns_that_it_runs_in_floating_point() -> None:
    info = {"version": np.array([[1.0]]), "data": {"conv_1": {"Scheme": "int8"}}}
    saved = saved_network("DAGNetwork", [RELU, TANH], ("relu", "tanh"))
    saved.fields["SerializedQuantizationInfo"] = info
    with pytest.warns(MatlabCompatWarning, match=r"net: .*quantized.*SerializedQuantizationInfo"):
        network = build_network(saved)
    assert network.predict(np.array([[-1.0]])).item() == 0.0


@pytest.mark.parametrize("data", [{}, {"keys": np.empty((1, 0), object)}, np.zeros((0, 0))])
def test_empty_quantization_information_does_not_warn(data: object) -> None:
    """Networks that are not quantized have it too; a warning would fail this test."""
    info = {"version": np.array([[1.0]]), "data": data}
    layers = [RELU, TANH]
    build_network(saved_network("dlnetwork", layers, SerializedQuantizationInfo=info))
