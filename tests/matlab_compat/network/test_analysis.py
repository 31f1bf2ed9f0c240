"""The record of a network: counts, bytes and warnings.

Expected values: counted by hand from the layers; the warnings are those of MATLAB's Network
Analyzer (unconnected ports, layers that cannot be built).
"""

from __future__ import annotations

import numpy as np

import matlab_compat as mc
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network

WEIGHTS = np.ones((4, 3), np.float32)


def test_parameters_and_bytes_of_each_layer_and_in_all() -> None:
    layers = [
        mc.featureInputLayer(3),
        mc.fullyConnectedLayer(4, Weights=WEIGHTS, Bias=np.ones((4, 1), np.float32)),
        mc.reluLayer(),
    ]
    found = Network(layers).analysis()
    assert [row.parameters for row in found.layers] == [0, 4 * 3 + 4, 0]
    assert [row.parameter_bytes for row in found.layers] == [0, 4 * 16, 0]
    assert [row.activation_bytes for row in found.layers] == [4 * 3, 4 * 4, 4 * 4]
    assert (found.parameters, found.parameter_bytes) == (16, 64)
    assert found.layers[1].learnables == {"Weights": (4, 3), "Bias": (4, 1)}
    assert found.warnings == ()


def test_shared_learnables_are_counted_once() -> None:
    first, second = (
        mc.fullyConnectedLayer(3, Weights=np.eye(3, dtype=np.float32), Name=name) for name in "ab"
    )
    layers = [mc.featureInputLayer(3), first, second]
    shared = ((("a", "Weights"), ("b", "Weights")),)
    found = Network(layers, shared=shared).analysis()
    assert found.parameters == 9 + 3 + 3
    assert found.parameter_bytes == 4 * 9  # the biases have no values yet
    assert Network(layers).analysis().parameters == 2 * (9 + 3)


def test_untrained_layers_are_counted_and_left_empty() -> None:
    network = Network([mc.featureInputLayer(3), mc.fullyConnectedLayer(4)])
    assert network.analysis().parameters == 16
    assert not network.Initialized


def test_a_layer_that_cannot_be_built_is_a_warning_with_why() -> None:
    layers = [mc.featureInputLayer(3), UnsupportedLayer("mine.Fancy", {"Name": "fancy"})]
    found = Network([*layers, mc.reluLayer(Name="relu")]).analysis()
    (finding,) = found.warnings
    assert finding.where == "fancy"
    assert "mine.Fancy" in finding.text
    fancy = found.layers[1]
    assert (fancy.activations, fancy.multiply_adds) == ((None,), None)
    assert fancy.problem == finding.text


def test_unconnected_ports_of_a_layer_graph_are_warnings() -> None:
    layers = [
        mc.imageInputLayer([4, 4, 1], Name="in"),
        mc.reluLayer(Name="relu"),
        mc.additionLayer(2, Name="add"),
        mc.regressionLayer(Name="out"),
    ]
    pairs = [("in", "add/in1"), ("in", "relu"), ("add", "out")]
    graph = Network(layers, pairs, kind="LayerGraph")
    assert sorted((one.where, one.text) for one in graph.analysis().warnings) == [
        ("add", "Its input 'in2' is not connected."),
        ("relu", "Its output 'out' is not connected."),
    ]
    # A dlnetwork has them as its own inputs and outputs.
    assert not Network(layers, pairs).analysis([4, 4, 1]).warnings


def test_what_is_wrong_in_a_nested_network_is_said_with_its_path() -> None:
    inner = Network([mc.convolution2dLayer(9, 2, Name="wide")])
    layers = [mc.imageInputLayer([4, 4, 1]), mc.networkLayer(inner, Name="block")]
    (finding,) = Network(layers).analysis().warnings
    assert finding.where == "block/wide"
