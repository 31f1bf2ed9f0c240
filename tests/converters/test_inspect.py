"""``converters.inspect``: the document that describes a file.

Expected values: the structs that scipy wrote, and the networks of ``fixtures/native`` as their
script describes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
import matlab_compat as mc
from converters.kinds.records import jsonable
from converters.matfile.values import Categorical, FunctionHandle, StructArray
from matlab_compat.errors import VariableNotFoundError
from tests.converters.exports import cells, fancy, fields, save, weights

NATIVE = Path(__file__).parents[2] / "fixtures" / "native"
TRANSPOSED = "nnet.cnn.layer.TransposedConvolution2DLayer"


def test_every_variable_with_class_size_and_bytes(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.mat", a=np.ones((2, 3), np.int16), t="hello", c=cells(1.0, 2.0), s={"f": 1.0}
    )
    listed = converters.inspect(path)["variables"]
    assert [(v["name"], v["class"], v["size"]) for v in listed] == [
        ("a", "int16", [2, 3]),
        ("t", "char", [1, 5]),
        ("c", "cell", [1, 2]),
        ("s", "struct", [1, 1]),
    ]
    assert [v["bytes"] for v in listed[:2]] == [12, 10]
    assert [v["layers"] for v in listed] == [[]] * 4


@pytest.mark.parametrize("level", ["v7", "v73"])
def test_a_network_with_its_layers_and_connections(level: str) -> None:
    document = converters.inspect(NATIVE / f"dag_{level}.mat")
    assert document["level"] == level[1:].replace("73", "7.3")
    (net,) = document["variables"]
    assert (net["name"], net["class"]) == ("net", "DAGNetwork")
    assert [layer["index"] for layer in net["layers"]] == list(range(1, 9))
    up1 = net["layers"][1]
    assert (up1["name"], up1["class"]) == ("up1", TRANSPOSED)
    crop = {"CroppingMode": "manual", "CroppingSize": [1, 0, 2, 1]}
    sizes = {"FilterSize": [4, 5], "NumChannels": 2, "NumFilters": 3, "Stride": [2, 3]}
    assert up1["hyperparameters"] == sizes | crop
    assert up1["learnables"] == {"Weights": [4, 5, 3, 2], "Bias": [1, 1, 3]}
    assert up1["other"] == {"Version": 2, "OutputSizeOffset": [0, 0]}
    assert "problem" not in up1
    assert ["up2", "add/in2"] in net["connections"]
    assert len(net["connections"]) == 9


def test_a_network_with_networks_in_it_is_sized(
    tmp_path: Path,
) -> None:
    pytest.importorskip("torch", reason="the file is written here, which takes torch")
    inner = mc.dlnetwork([mc.fullyConnectedLayer(2, Name="fc")])
    outer = mc.dlnetwork([mc.featureInputLayer(3, Name="x"), mc.networkLayer(inner, Name="block")])
    converters.save(mc.initialize(outer), tmp_path / "net.mat")
    (net,) = converters.inspect(tmp_path / "net.mat")["variables"]
    assert [layer["name"] for layer in net["layers"]] == ["x", "block"]
    assert net["layers"][1]["parameters"] == 2 * (3 + 1)
    assert net["totals"]["parameters"] == 2 * (3 + 1)


def test_a_layer_that_is_not_built_is_described_by_its_fields(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fancy())
    (layer,) = converters.inspect(path)["variables"][0]["layers"]
    assert (layer["name"], layer["class"]) == ("fancy", "mine.FancyLayer")
    assert layer["hyperparameters"] == {"Power": 3}


def test_loose_variables_describe_a_layer_beside_them(tmp_path: Path) -> None:
    document = converters.inspect(save(tmp_path / "a.mat", **fields()))
    (layer,) = document["layers"]
    assert layer["name"] == "up"
    assert layer["learnables"]["Weights"] == [3, 2, 5, 4]


def test_nested_layers_come_with_their_paths(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s={"one": fields(), "two": fields()})
    (variable,) = converters.inspect(path)["variables"]
    assert [model["path"] for model in variable["models"]] == ["s.one", "s.two"]


def test_unknown_fields_are_shown(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(Comment="from the lab"))
    (layer,) = converters.inspect(path)["variables"][0]["layers"]
    assert layer["other"] == {"Comment": "from the lab"}


def test_a_layer_that_contradicts_itself_is_listed_with_the_problem(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(NumFilters=6.0))
    (layer,) = converters.inspect(path)["variables"][0]["layers"]
    assert "NumFilters 6" in layer["problem"]
    assert layer["hyperparameters"]["NumFilters"] == 6


def test_one_variable_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", a=fields(), b=fields())
    assert [v["name"] for v in converters.inspect(path, "b")["variables"]] == ["b"]
    with pytest.raises(VariableNotFoundError):
        converters.inspect(path, "c")


@pytest.mark.parametrize("path", sorted(NATIVE.glob("*.mat")), ids=lambda path: path.stem)
def test_the_document_is_json(path: Path) -> None:
    document = converters.inspect(path)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.array([[2.5]]), 2.5),
        (np.array([[1, 2], [3, 4]]), [1, 3, 2, 4]),
        (np.zeros((0, 0)), []),
        (np.array([[np.nan, np.inf]]), ["NaN", "Infinity"]),
        (float("nan"), "NaN"),
        (np.ones((3, 3, 4, 5), np.float32), "<3×3×4×5 single>"),
        (np.array([[1 + 2j]]), "<1×1 double>"),
        ({"a": np.array([[True]])}, {"a": True}),
        ([("a", 1.5)], [["a", 1.5]]),
        (np.sin, "@sin"),
        (StructArray((1, 2), {"a": [1, 2]}), "<1×2 struct>"),
        (FunctionHandle("@sin"), "<1×1 function_handle>"),
        (Categorical(np.ones((2, 1), np.uint8), ["a"]), "<2×1 categorical>"),
        (np.array([["a", "b"]]), "<1×2 char>"),
    ],
    ids=repr,
)
def test_values_as_json(value: Any, shown: Any) -> None:
    assert jsonable(value) == shown


def test_cells_are_lists() -> None:
    cell = np.empty((1, 2), object)
    cell[0, :] = ["a", weights()]
    assert jsonable(cell) == ["a", "<3×2×5×4 single>"]


def test_nan_in_an_unknown_field_does_not_break_the_document(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(Loss=np.nan))
    document = converters.inspect(path)
    json.dumps(document, allow_nan=False)
    assert document["variables"][0]["layers"][0]["other"] == {"Loss": "NaN"}
