"""The step between neutral values and layers. Expected values: written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from converters.matfile.values import MatObject, StructArray
from converters.saved import SavedLayer, children, object_fields, to_dict
from matlab_compat.errors import PropertyError, UnsupportedLayerError
from tests.converters.exports import fields

ONE = np.ones((1, 1))


def test_scalar_structs_become_dicts_all_the_way_down() -> None:
    inner = StructArray.scalar(Value=ONE)
    outer = StructArray.scalar(Weights=inner, Name="a")
    assert to_dict(outer) == {"Weights": {"Value": ONE}, "Name": "a"}


def test_deep_structs_need_no_recursion() -> None:
    value: object = ONE
    for _ in range(5000):
        value = StructArray.scalar(a=value)
    result = to_dict(value)
    depth = 0
    while isinstance(result, dict):
        result, depth = result["a"], depth + 1
    assert depth == 5000


def test_struct_arrays_of_other_sizes_stay() -> None:
    array = StructArray((1, 2), {"a": [ONE, ONE]})
    assert to_dict(array) is array


def test_an_object_with_a_saveobj_is_the_struct_it_saved() -> None:
    saved = StructArray.scalar(Version=ONE, Name="relu")
    assert object_fields(MatObject("ReLULayer", lambda: {"any": saved}))["Name"] == "relu"


def test_an_object_without_one_is_its_properties() -> None:
    assert object_fields(MatObject("elu", lambda: {"Name": "e"})) == {"Name": "e"}


def test_children_come_with_matlab_expressions() -> None:
    cell = np.empty((1, 2), object)
    cell[0, :] = ["x", "y"]
    structs = StructArray((1, 2), {"a": [ONE, ONE]})
    assert [step for step, _ in children(cell)] == ["{1}", "{2}"]
    assert [step for step, _ in children(structs)] == ["(1).a", "(2).a"]
    assert [step for step, _ in children(StructArray.scalar(a=ONE))] == [".a"]
    assert list(children(ONE)) == []


def test_errors_of_building_say_where_the_layer_is() -> None:
    saved = SavedLayer(
        ("net", "Layers(3)"),
        "nnet.cnn.layer.TransposedConvolution2DLayer",
        fields(Stride=np.array([[0.0]])),
    )
    with pytest.raises(PropertyError) as caught:
        saved.build()
    assert caught.value.where[:2] == ("net", "Layers(3)")


def test_an_unknown_class_names_itself_and_what_can_be_done() -> None:
    saved = SavedLayer(("net",), "mine.FancyLayer", {"Name": "fancy"})
    with pytest.raises(UnsupportedLayerError, match=r"mine\.FancyLayer") as caught:
        saved.build()
    assert "code=['DIR']" in caught.value.remedy
    assert '@matlab_compat.register("mine.FancyLayer")' in caught.value.remedy
