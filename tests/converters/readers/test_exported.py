"""Plain exports. Expected values: the fields given, and the rules in the module's docstrings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converters.matfile.values import StructArray
from converters.readers.exported import exported_layer, may_describe

TRANSPOSED = "nnet.cnn.layer.TransposedConvolution2DLayer"
FILTER = np.ones((3, 3, 4, 5), np.float32)
BIAS = np.zeros((1, 1, 4), np.float32)
ONE = np.ones((1, 1))


def class_of(**fields: Any) -> str | None:
    layer = exported_layer(fields, ())
    return layer.class_name if layer else None


@pytest.mark.parametrize("name", ["Bias", "FilterSize", "NumFilters", "NumChannels", "Stride"])
def test_weights_and_one_more_property_make_a_layer(name: str) -> None:
    assert class_of(Weights=FILTER, **{name: BIAS}) == TRANSPOSED


def test_weights_that_are_no_numbers_are_left_for_the_layer_to_refuse() -> None:
    assert class_of(Weights="text", Stride=ONE) == TRANSPOSED


@pytest.mark.parametrize("crop", ["CroppingSize", "CroppingMode", "Cropping"])
def test_a_crop_and_a_size_make_a_layer_without_weights(crop: str) -> None:
    assert class_of(FilterSize=ONE, **{crop: ONE}) == TRANSPOSED
    assert class_of(**{crop: ONE}) is None


@pytest.mark.parametrize(
    "mark", ["PaddingSize", "Padding", "DilationFactor", "InputWeights", "NumGroups"]
)
def test_properties_of_other_layers_speak_against_it(mark: str) -> None:
    assert class_of(Weights=FILTER, Bias=BIAS, Stride=ONE, **{mark: ONE}) is None


@pytest.mark.parametrize("field", ["Class", "class", "ClassName", "LayerClass"])
@pytest.mark.parametrize("name", [TRANSPOSED, "TransposedConvolution2DLayer"])
def test_a_field_with_the_class_decides(field: str, name: str) -> None:
    assert class_of(**{field: name}) == TRANSPOSED


def test_a_class_that_is_no_layer_decides_nothing() -> None:
    assert class_of(Class="dog") is None
    assert class_of(Class="dog", Weights=FILTER, Stride=ONE) == TRANSPOSED


def test_class_input_and_output_are_not_the_layers_own_fields() -> None:
    fields = {"Class": TRANSPOSED, "x": ONE, "Expected": ONE, "output": ONE, "Stride": ONE}
    layer = exported_layer(fields, ("s",))
    assert layer is not None
    assert set(layer.fields) == {"Stride"}
    assert layer.where == ("s",)


def test_learnables_as_structs_become_dicts() -> None:
    saved = StructArray.scalar(Value=FILTER, LearnRateFactor=ONE)
    layer = exported_layer({"Weights": saved, "Stride": ONE}, ())
    assert layer is not None
    assert layer.fields["Weights"] == {"Value": FILTER, "LearnRateFactor": ONE}


@pytest.mark.parametrize(
    ("names", "worth"),
    [(["WEIGHTS"], True), (["a", "croppingSize"], True), (["W", "b"], False), ([], False)],
)
def test_names_tell_whether_decoding_is_worth_it(names: list[str], worth: bool) -> None:
    assert may_describe(names) is worth
