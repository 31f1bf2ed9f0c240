"""Native objects. Expected values: objects made by hand here, in the layouts of real files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converters.formats import mat_native as native
from converters.matfile.values import MatObject, ObjectArray, StructArray, Table
from matlab_compat.errors import CorruptFileError


def layer(name: str, kind: str = "ReLULayer") -> MatObject:
    saved = StructArray.scalar(Version=np.ones((1, 1)), Name=name)
    return MatObject(f"nnet.cnn.layer.{kind}", lambda: {"any": saved})


def array(*layers: MatObject) -> ObjectArray:
    return ObjectArray("nnet.cnn.layer.Layer", (len(layers), 1), list(layers))


def cells(*values: Any) -> np.ndarray[Any, Any]:
    column = np.empty((len(values), 1), object)
    column[:, 0] = values
    return column


def network(class_name: str, **fields: Any) -> MatObject:
    return MatObject(class_name, lambda: {"any": StructArray.scalar(**fields)})


def table(*pairs: tuple[str, str]) -> Table:
    source, destination = zip(*pairs, strict=True)
    return Table({"Source": cells(*source), "Destination": cells(*destination)}, [])


def test_an_array_gives_each_layer_its_own_class() -> None:
    saved = native.saved_network(array(layer("a"), layer("b", "SoftmaxLayer")), ("layers",))
    assert [s.short_class for s in saved.layers] == ["ReLULayer", "SoftmaxLayer"]
    assert [s.where for s in saved.layers] == [("layers", "Layers(1)"), ("layers", "Layers(2)")]


def test_layers_without_connections_follow_each_other() -> None:
    saved = native.saved_network(network("SeriesNetwork", Layers=array(*map(layer, "abc"))), ("n",))
    assert saved.connections == [("a", "b"), ("b", "c")]


def test_connections_keep_their_ports() -> None:
    pairs = (("a", "b/in2"), ("b/out2", "c"))
    made = network("DAGNetwork", Layers=array(*map(layer, "abc")), Connections=table(*pairs))
    assert native.saved_network(made, ("n",)).connections == list(pairs)


def test_one_connection_may_be_plain_text() -> None:
    one = Table({"Source": "a", "Destination": "b"}, [])
    made = network("DAGNetwork", Layers=array(*map(layer, "ab")), Connections=one)
    assert native.saved_network(made, ("n",)).connections == [("a", "b")]


@pytest.mark.parametrize(
    "damaged",
    [
        np.zeros((2, 2)),
        np.array([["a"]], object),
        "a",
        {},
        {"Source": cells("a")},
        {"Source": cells("a"), "Destination": cells("b", "c")},
        {"Source": cells("a"), "Destination": np.ones((1, 1))},
        {"Source": StructArray.scalar(a="a"), "Destination": cells("a")},
    ],
)
def test_connections_that_are_no_table_are_refused(damaged: Any) -> None:
    made = network("DAGNetwork", Layers=array(*map(layer, "ab")), Connections=damaged)
    with pytest.raises(CorruptFileError, match="no table of Source and Destination"):
        native.saved_network(made, ("n",))


def test_a_dlnetwork_keeps_its_layers_in_a_layer_graph() -> None:
    graph = network("nnet.cnn.LayerGraph", Layers=array(layer("a")), Connections=table(("a", "a")))
    saved = native.saved_network(network("dlnetwork", LayerGraph=graph), ("net",))
    assert [s.name for s in saved.layers] == ["a"]
    assert saved.class_name == "dlnetwork"


def test_layers_in_a_cell_and_a_single_layer() -> None:
    for layers in (cells(layer("a")), layer("a")):
        saved = native.saved_network(network("SeriesNetwork", Layers=layers), ("n",))
        assert [s.name for s in saved.layers] == ["a"]


def test_a_layer_without_saveobj_has_its_properties() -> None:
    custom = MatObject("nnet.onnx.layer.FlattenLayer", lambda: {"Name": "flat"})
    assert native.is_layer(custom)
    assert native.saved_layer(custom, ("x",)).fields == {"Name": "flat"}


@pytest.mark.parametrize(
    "value",
    [MatObject("matlab.io.datastore.ImageDatastore", dict), np.ones((2, 2)), "text", None],
)
def test_other_values_are_neither_layer_nor_network(value: Any) -> None:
    assert not native.is_layer(value)
    assert not native.is_network(value)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({}, "no Layers"),
        ({"LayerGraph": "text"}, "no Layers"),
        ({"Layers": cells("text")}, "not a layer object"),
        ({"Layers": array(layer("a")), "Connections": "text"}, "no table"),
        ({"Layers": array(layer("a")), "Connections": Table({}, [])}, "no table"),
    ],
)
def test_a_network_that_lacks_its_parts_is_corrupt(fields: dict[str, Any], what: str) -> None:
    with pytest.raises(CorruptFileError, match=what) as caught:
        native.saved_network(network("DAGNetwork", **fields), ("net",))
    assert caught.value.where[:1] == ("net",)
