"""The registry of layer classes. Expected values: the class names in MATLAB files."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

import matlab_compat
from matlab_compat import Layer, TransposedConvolution2DLayer, layer_class, register, registered
from matlab_compat.errors import UsageError
from matlab_compat.layers import registry

NAME = "nnet.cnn.layer.TransposedConvolution2DLayer"


class CustomLayer(Layer):
    """A layer of somebody else's."""

    matlab_class = "somebody.CustomLayer"
    constructor = "customLayer"


pytestmark = pytest.mark.usefixtures("own_registry")


def test_a_class_name_of_matlab_gives_the_layer_class() -> None:
    assert layer_class(NAME) is TransposedConvolution2DLayer
    assert registered()[NAME] is TransposedConvolution2DLayer


def test_an_unknown_class_name_gives_none() -> None:
    assert layer_class("nnet.cnn.layer.NoSuchLayer") is None


def test_registering_a_class() -> None:
    assert register("somebody.CustomLayer")(CustomLayer) is CustomLayer
    assert layer_class("somebody.CustomLayer") is CustomLayer


def test_registering_the_same_class_again_is_fine() -> None:
    register("somebody.CustomLayer")(CustomLayer)
    register("somebody.CustomLayer")(CustomLayer)


def test_a_registered_name_cannot_be_taken() -> None:
    with pytest.raises(UsageError, match=f"'{NAME}' is registered already"):
        register(NAME)(CustomLayer)
    assert layer_class(NAME) is TransposedConvolution2DLayer


@pytest.mark.parametrize("name", ["", "my layer", "2Layer", "mine.", "a-b", 3])
def test_what_can_be_no_class_in_matlab_is_refused(name: Any) -> None:
    """``isvarname`` of each part between the dots."""
    with pytest.raises(UsageError, match="no name of a class"):
        register(name)


def test_registered_is_sorted_and_a_copy() -> None:
    register("a.CustomLayer")(CustomLayer)
    names = list(registered())
    assert names == sorted(names)
    registered().clear()
    assert list(registered()) == names


def test_a_layer_class_from_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("x.FromElsewhere", f"{__name__}:CustomLayer", "matlab_compat.layers")

    def entry_points(*, group: str, name: str) -> list[EntryPoint]:
        return [point] if (group, name) == (point.group, point.name) else []

    monkeypatch.setattr(registry, "entry_points", entry_points)
    assert layer_class("x.FromElsewhere") is CustomLayer
    assert layer_class("x.Other") is None


def test_a_package_whose_layer_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("package_that_nobody_has:Layer", "pathlib:Path"):
        point = EntryPoint(f"x.{value}", value, "matlab_compat.layers")
        monkeypatch.setattr(registry, "entry_points", lambda point=point, **_: [point])
        with pytest.raises(UsageError, match=f"adds the layer 'x.{value}'.*cannot be used"):
            layer_class(point.name)


def test_the_names_are_public() -> None:
    assert {"register", "registered", "layer_class"} <= set(matlab_compat.__all__)
