"""The graph of a network: ports, order of computation, formats.

Expected values: drawn by hand for each small graph.
"""

from __future__ import annotations

import pytest

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, UsageError
from matlab_compat.network.graph import Graph

LAYERS = {
    "late": mc.additionLayer(2),
    "in": mc.featureInputLayer(2),
    "left": mc.reluLayer(),
    "right": mc.tanhLayer(),
}
DIAMOND = [("in", "left"), ("in", "right"), ("left", "late/in1"), ("right", "late/in2")]


def test_every_layer_comes_after_what_feeds_it() -> None:
    assert Graph(LAYERS, DIAMOND).order() == ["in", "left", "right", "late"]


def test_the_own_order_stands_where_nothing_forbids_it() -> None:
    layers = {name: mc.reluLayer() for name in "dbca"}
    assert Graph(layers, []).order() == ["d", "b", "c", "a"]


def test_a_circle_is_refused_with_its_layers() -> None:
    graph = Graph({name: mc.reluLayer() for name in "abc"}, [("a", "b"), ("b", "c"), ("c", "a")])
    with pytest.raises(UsageError, match="in a circle through a, b, c"):
        graph.order()


def test_connections_are_written_with_ports_only_where_there_are_several() -> None:
    graph = Graph(LAYERS, [("in/out", "late"), ("left", "late/in2")])
    assert graph.connections == [("in", "late/in1"), ("left", "late/in2")]


def test_a_layer_whose_name_has_a_slash() -> None:
    layers = {"block/a": mc.reluLayer(), "block/add": mc.additionLayer(2)}
    graph = Graph(layers, [("block/a", "block/add/in2")])
    assert graph.sources == {("block/add", 1): ("block/a", 0)}


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        (("in", "nowhere"), "no such layer"),
        (("in", "late/in3"), "no input 'in3'; it has in1, in2"),
        (("in/out2", "left"), "no output 'out2'"),
    ],
)
def test_a_connection_to_nowhere_is_refused(connection: tuple[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Graph(LAYERS, [connection])


def test_an_input_takes_one_connection() -> None:
    with pytest.raises(UsageError, match="'left' is connected twice"):
        Graph(LAYERS, [("in", "left"), ("right", "left")])


def test_inputs_that_nothing_feeds_are_inputs_of_the_network() -> None:
    plan = Graph(LAYERS, [DIAMOND[0], DIAMOND[2]]).plan({"right": "CB", "late/in2": "CB"})
    assert plan.inputs == {"in": "CB", "right": "CB", "late/in2": "CB"}
    assert plan.outputs == {"late": (("late", 0), "CB"), "right": (("right", 0), "CB")}


def test_outputs_may_be_chosen() -> None:
    plan = Graph(LAYERS, DIAMOND).plan(outputs=["left", "late"])
    assert list(plan.outputs) == ["left", "late"]


def test_inputs_and_outputs_have_names_where_layers_do_not_fit_each_other() -> None:
    layers = {"in": mc.featureInputLayer(3), "conv": mc.convolution2dLayer(3, 4)}
    graph = Graph(layers, [("in", "conv")])
    assert (graph.input_names(), graph.output_names()) == (["in"], ["conv"])
    assert graph.output_names(["in"]) == ["in"]


def test_formats_follow_the_layers() -> None:
    layers = {
        "in": mc.sequenceInputLayer(3),
        "lstm": mc.lstmLayer(4, OutputMode="last"),
        "fc": mc.fullyConnectedLayer(2),
    }
    plan = Graph(layers, [("in", "lstm"), ("lstm", "fc")]).plan()
    assert [(s.formats, s.output_formats) for s in plan.steps] == [
        (("CBT",), ("CBT",)),
        (("CBT",), ("CB",)),
        (("CB",), ("CB",)),
    ]


def test_a_layer_that_cannot_take_the_format_is_named() -> None:
    layers = {"in": mc.featureInputLayer(3), "conv": mc.convolution2dLayer(3, 4)}
    with pytest.raises(DataFormatError) as caught:
        Graph(layers, [("in", "conv")]).plan()
    assert caught.value.where == ("layer 'conv'",)
