"""Plain exports. Expected values: the fields given, and the rules in the module's docstrings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converters.formats.mat_struct import exported_layer, may_describe
from converters.matfile.values import StructArray

TRANSPOSED = "nnet.cnn.layer.TransposedConvolution2DLayer"
FILTER = np.ones((3, 3, 4, 5), np.float32)
BIAS = np.zeros((1, 1, 4), np.float32)
ONE = np.ones((1, 1))


def class_of(**fields: Any) -> str | None:
    """The class; '' for weights of which nobody says what they are, None for no layer."""
    layer = exported_layer(fields, ())
    return layer.class_name if layer else None


@pytest.mark.parametrize("crop", ["CroppingSize", "CroppingMode", "Cropping"])
def test_a_crop_says_that_weights_are_those_of_a_transposed_convolution(crop: str) -> None:
    assert class_of(Weights=FILTER, **{crop: ONE}) == TRANSPOSED
    assert class_of(Weights="text", **{crop: ONE}) == TRANSPOSED  # for the layer to refuse


@pytest.mark.parametrize("name", ["Bias", "FilterSize", "NumFilters", "Stride"])
def test_what_several_layers_have_does_not_say_which(name: str) -> None:
    assert class_of(Weights=FILTER, **{name: BIAS}) == ""


@pytest.mark.parametrize("crop", ["CroppingSize", "CroppingMode", "Cropping"])
def test_a_crop_and_a_size_make_a_layer_without_weights(crop: str) -> None:
    assert class_of(FilterSize=ONE, **{crop: ONE}) == TRANSPOSED
    assert class_of(**{crop: ONE}) is None


@pytest.mark.parametrize(
    ("mark", "value", "kind"),
    [
        ("PaddingSize", [1.0, 1, 1, 1], "nnet.cnn.layer.Convolution2DLayer"),
        ("DilationFactor", [1.0, 1], "nnet.cnn.layer.Convolution2DLayer"),
        ("PaddingSize", [1.0, 1, 1, 1, 1, 1], "nnet.cnn.layer.Convolution3DLayer"),
        ("PaddingSize", [1.0, 1], "nnet.cnn.layer.Convolution1DLayer"),
        ("NumGroups", [2.0], "nnet.cnn.layer.GroupedConvolution2DLayer"),
        ("PaddingMode", "same", ""),  # of how many dimensions?
        ("Padding", [1.0, 1], ""),  # an argument of one, and what users call a crop
    ],
)
def test_padding_says_that_weights_are_those_of_a_convolution(
    mark: str, value: Any, kind: str
) -> None:
    value = value if isinstance(value, str) else np.array([value])
    assert class_of(Weights=FILTER, Bias=BIAS, **{mark: value}) == kind


def test_padding_and_crop_together_say_nothing() -> None:
    fields = {"PaddingSize": np.zeros((1, 4)), "CroppingSize": np.zeros((1, 4))}
    assert class_of(Weights=FILTER, Bias=BIAS, **fields) == ""


@pytest.mark.parametrize(
    ("crop", "kind"), [([1.0, 1], "1D"), ([1.0, 1, 1, 1], "2D"), ([1.0] * 6, "3D")]
)
def test_the_number_of_edges_says_the_number_of_dimensions(crop: list[float], kind: str) -> None:
    named = class_of(Weights=FILTER, CroppingSize=np.array([crop]))
    assert named == f"nnet.cnn.layer.TransposedConvolution{kind}Layer"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("TransposedConvolution2DLayer", TRANSPOSED),
        ("transposedConv2dLayer", TRANSPOSED),
        ("2-D Transposed Convolution", TRANSPOSED),
        ("Transposed Convolution", TRANSPOSED),
        ("Fully Connected", "nnet.cnn.layer.FullyConnectedLayer"),
        ("conv", ""),
    ],
)
def test_a_type_beside_weights_names_the_class(kind: str, said: str) -> None:
    assert class_of(Type=kind, Weights=FILTER, Bias=BIAS) == said


@pytest.mark.parametrize("kind", ["conv", "convt", "relu", "pool", "softmax", "Softmax", "dropout"])
def test_trap_the_structs_of_MatConvNet_are_no_layers_of_MATLAB(kind: str) -> None:
    """Cells of weights; fields of theirs that ours have too (stride, type, pad)."""
    weights = np.empty((1, 2), dtype=object)
    weights[0, :] = [FILTER, BIAS]
    assert class_of(type=kind, weights=weights, stride=ONE, pad=ONE, filterSize=ONE) is None
    assert class_of(type=kind, filters=FILTER, biases=BIAS, stride=ONE, pad=ONE) is None
    chosen = exported_layer({"type": kind, "weights": weights, "stride": ONE}, (), TRANSPOSED)
    assert chosen is None


def test_the_user_says_the_class_where_nothing_else_does() -> None:
    layer = exported_layer({"Weights": FILTER, "Bias": BIAS}, (), TRANSPOSED)
    assert layer is not None
    assert layer.class_name == TRANSPOSED
    cropped = exported_layer(
        {"Weights": FILTER, "CroppingSize": ONE}, (), "nnet.cnn.layer.Convolution2DLayer"
    )
    assert cropped is not None
    assert cropped.class_name == TRANSPOSED


@pytest.mark.parametrize("field", ["Class", "class", "ClassName", "LayerClass"])
@pytest.mark.parametrize("name", [TRANSPOSED, "TransposedConvolution2DLayer"])
def test_a_field_with_the_class_decides(field: str, name: str) -> None:
    assert class_of(**{field: name}) == TRANSPOSED


def test_a_class_that_is_no_layer_decides_nothing() -> None:
    assert class_of(Class="dog") is None
    assert class_of(Class="dog", Weights=FILTER, Stride=ONE) == ""
    assert class_of(Class="dog", Weights=FILTER, Cropping=ONE) == TRANSPOSED


def test_class_input_and_output_are_not_the_layers_own_fields() -> None:
    fields = {"Class": TRANSPOSED, "x": ONE, "Expected": ONE, "output": ONE, "Stride": ONE}
    layer = exported_layer(fields, ("s",))
    assert layer is not None
    assert set(layer.fields) == {"Stride"}
    assert layer.where == ("s",)


def test_learnables_as_structs_become_dicts() -> None:
    saved = StructArray.scalar(Value=FILTER, LearnRateFactor=ONE)
    layer = exported_layer({"Weights": saved, "Cropping": ONE}, ())
    assert layer is not None
    assert layer.fields["Weights"] == {"Value": FILTER, "LearnRateFactor": ONE}


@pytest.mark.parametrize(
    ("names", "worth"),
    [(["WEIGHTS"], True), (["a", "croppingSize"], True), (["W", "b"], False), ([], False)],
)
def test_names_tell_whether_decoding_is_worth_it(names: list[str], worth: bool) -> None:
    assert may_describe(names) is worth
