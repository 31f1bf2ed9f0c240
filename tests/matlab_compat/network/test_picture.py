"""Networks as diagrams. Expected values: the connections as they were given, and sizes by the rule
of the convolution's page (28 - 3 + 1 = 26).
"""

from __future__ import annotations

from matlab_compat import (
    Network,
    convolution2dLayer,
    fullyConnectedLayer,
    imageInputLayer,
    networkLayer,
    reluLayer,
)
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.pages.diagram import Box

from .made import residual


def boxes(net: Network) -> dict[str, Box]:
    return {box.name: box for box in net.plot().boxes}


def test_a_box_has_name_type_and_size() -> None:
    conv = boxes(residual("DAGNetwork"))["conv"]
    assert (conv.kind, conv.size, conv.family) == ("2-D Convolution", "26×26×8", "convolution")


def test_the_wires_are_the_connections() -> None:
    diagram = residual("DAGNetwork").plot()
    names = [box.name for box in diagram.boxes]
    assert sorted((names[a], names[b]) for a, b in diagram.wires) == [
        ("conv", "add"), ("conv", "relu"), ("in", "conv"), ("relu", "add"),
    ]  # fmt: skip


def test_a_nested_network_is_one_box() -> None:
    inner = Network([fullyConnectedLayer(2, Name="a"), reluLayer(Name="b")])
    net = Network([networkLayer(inner, Name="block")])
    (box,) = net.plot().boxes
    assert (box.name, box.kind) == ("block", "▸ Network with 2 layers")


def test_a_layer_that_cannot_be_built_is_marked_and_says_why() -> None:
    net = Network(
        [imageInputLayer([4, 4, 1], Name="in"), UnsupportedLayer("my.Layer", {"Name": "mine"})]
    )
    box = boxes(net)["mine"]
    assert (box.mark, box.family) == ("warning", "problem")
    assert "my.Layer" in box.about


def test_sizes_may_be_given_and_need_not_be_known() -> None:
    net = Network([fullyConnectedLayer(3, Name="fc")])
    assert [box.size for box in net.plot().boxes] == [""]
    assert [box.size for box in net.plot([5], formats={"fc": "CB"}).boxes] == ["3"]


def test_layers_that_do_not_fit_are_drawn_all_the_same() -> None:
    net = Network([imageInputLayer([2, 2, 1], Name="in"), convolution2dLayer(5, 1, Name="conv")])
    assert [box.name for box in net.plot().boxes] == ["in", "conv"]
