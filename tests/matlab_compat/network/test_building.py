"""layerGraph and its companions, as MATLAB code uses them.

Expected values: the documentation pages of the functions; graphs drawn by hand.
"""

from __future__ import annotations

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.errors import LayerNotFoundError, UsageError
from matlab_compat.network import Network


def residual() -> Network:
    """The example of layerGraph's page: a row with a shortcut around its middle."""
    graph = mc.layerGraph(
        [
            mc.imageInputLayer([4, 4, 1], Normalization="none", Name="input"),
            mc.convolution2dLayer(3, 2, Padding="same", Name="conv_1"),
            mc.reluLayer(Name="relu_1"),
            mc.additionLayer(2, Name="add"),
        ]
    )
    graph = mc.addLayers(graph, mc.convolution2dLayer(1, 2, Name="skip"))
    graph = mc.connectLayers(graph, "input", "skip")
    return mc.connectLayers(graph, "skip", "add/in2")


CONNECTIONS = [
    ("input", "conv_1"),
    ("conv_1", "relu_1"),
    ("relu_1", "add/in1"),
    ("input", "skip"),
    ("skip", "add/in2"),
]


def test_layers_and_connections_of_a_graph() -> None:
    graph = residual()
    assert graph.kind == "LayerGraph"
    assert graph.names == ["input", "conv_1", "relu_1", "add", "skip"]
    assert list(graph.Connections) == CONNECTIONS


def test_an_empty_graph_grows() -> None:
    graph = mc.addLayers(mc.layerGraph(), [mc.featureInputLayer(2), mc.reluLayer()])
    assert list(graph.Connections) == [("featureinput", "relu")]


def test_added_layers_are_connected_among_themselves_only() -> None:
    graph = mc.addLayers(residual(), [mc.reluLayer(Name="a"), mc.reluLayer(Name="b")])
    assert list(graph.Connections) == [*CONNECTIONS, ("a", "b")]


def test_names_once_given_stay_when_layers_come_and_go() -> None:
    graph = mc.layerGraph([mc.featureInputLayer(2), mc.reluLayer(), mc.reluLayer()])
    graph = mc.removeLayers(graph, "relu_1")
    assert graph.names == ["featureinput", "relu_2"]
    graph = mc.addLayers(graph, mc.tanhLayer())
    assert graph.names == ["featureinput", "relu_2", "tanh"]
    graph = mc.layerGraph([mc.featureInputLayer(2), mc.reluLayer()])
    graph = mc.addLayers(graph, mc.reluLayer())
    assert list(graph.Connections) == [("featureinput", "relu")]


def test_disconnecting() -> None:
    graph = mc.disconnectLayers(residual(), "skip", "add/in2")
    assert list(graph.Connections) == CONNECTIONS[:-1]
    row = mc.layerGraph([mc.featureInputLayer(2, Name="in"), mc.additionLayer(2, Name="add")])
    assert len(mc.disconnectLayers(row, "in", "add/in1").Connections) == 0
    with pytest.raises(UsageError, match="no connection from 'relu_1' to 'skip'"):
        mc.disconnectLayers(residual(), "relu_1", "skip")


def test_removing_takes_the_connections_along() -> None:
    graph = mc.removeLayers(residual(), ["skip", "relu_1"])
    assert graph.names == ["input", "conv_1", "add"]
    assert list(graph.Connections) == [("input", "conv_1")]
    with pytest.raises(LayerNotFoundError, match="'nothing'"):
        mc.removeLayers(residual(), "nothing")


def test_a_replaced_layer_is_connected_as_the_old_one_was() -> None:
    graph = mc.replaceLayer(residual(), "add", mc.multiplicationLayer(2, Name="times"))
    assert list(graph.Connections)[2::2] == [("relu_1", "times/in1"), ("skip", "times/in2")]
    assert type(graph.layer("times")).__name__ == "MultiplicationLayer"


def test_replacing_one_of_two_equal_layers() -> None:
    same = mc.reluLayer()
    graph = mc.layerGraph([mc.featureInputLayer(2), same, same])
    graph = mc.replaceLayer(graph, "relu_1", mc.tanhLayer())
    assert graph.names == ["featureinput", "tanh", "relu_2"]
    assert list(graph.Connections) == [("featureinput", "tanh"), ("tanh", "relu_2")]


def test_functions_leave_the_graph_they_are_given() -> None:
    graph = residual()
    mc.removeLayers(graph, "skip")
    mc.addLayers(graph, mc.reluLayer())
    mc.disconnectLayers(graph, "input", "skip")
    assert list(graph.Connections) == CONNECTIONS


def test_a_circle_is_refused_when_it_is_used() -> None:
    graph = mc.disconnectLayers(residual(), "input", "conv_1")
    graph = mc.connectLayers(graph, "add", "conv_1")
    with pytest.raises(UsageError, match="circle"):
        mc.dlnetwork(graph)


def test_dlnetwork_initializes_what_its_inputs_describe() -> None:
    network = mc.dlnetwork(residual(), seed=3)
    assert (network.kind, network.Initialized) == ("dlnetwork", True)
    assert network.layer("skip").Weights.shape == (1, 1, 1, 2)
    again = mc.dlnetwork(residual(), seed=3)
    for a, b in zip(network.Learnables["Value"], again.Learnables["Value"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_dlnetwork_with_an_input_that_nothing_is_connected_to_waits_for_it() -> None:
    layers = [mc.featureInputLayer(2, Name="in"), mc.additionLayer(2, Name="add")]
    network = mc.dlnetwork(layers)
    assert network.InputNames == ["in", "add/in2"]
    with pytest.raises(UsageError, match="Nothing is connected to 'add/in2'"):
        network.initialize()


def test_dlnetwork_without_sizes_waits_for_initialize() -> None:
    network = mc.dlnetwork([mc.fullyConnectedLayer(3, Name="fc")])
    assert not network.Initialized
    network = mc.initialize(network, [5], seed=0)
    assert network.Initialized
    assert network.layer("fc").Weights.shape == (3, 5)


def test_initialize_keeps_what_has_values() -> None:
    weights = np.ones((3, 2), np.float32)
    layers = [mc.featureInputLayer(2), mc.fullyConnectedLayer(3, Weights=weights)]
    network = mc.dlnetwork(layers)
    np.testing.assert_array_equal(network.layer("fc").Weights, weights)
    np.testing.assert_array_equal(network.layer("fc").Bias, np.zeros((3, 1)))
