"""Every saved field is used, declared to have no effect, or keeps the layer from being run.

Expected values: MATLAB's documentation (NumQueryGroups of attentionLayer,
Offset of nnet.cnn.layer.ScalingLayer, the property Padding of convolution and pooling layers in
releases before R2018a), sums written out here, and real files.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import converters
from converters.find import find_models
from converters.matfile import open_mat
from converters.saved import SavedLayer, SavedNetwork
from matlab_compat import Layer, Network, fullyConnectedLayer
from matlab_compat.errors import PropertyError, UnsupportedLayerError, UsageError
from matlab_compat.layers import (
    AttentionLayer,
    Convolution2DLayer,
    FullyConnectedLayer,
    MaxPooling2DLayer,
    ScalingLayer,
    layer_class,
    registered,
)
from matlab_compat.layers.properties import Property, real_scalar
from matlab_compat.layers.saved_fields import declaration, is_empty, neutral, no_effect
from tests.real import MAT_FILES, REAL, file_id

from ..saved import models_of

ONES = np.ones((3, 1), np.float32)
SEQUENCE = np.ones((4, 1, 3), np.float32)


def fully_connected(**fields: Any) -> FullyConnectedLayer:
    weights = np.ones((2, 3), np.float32)
    return FullyConnectedLayer.from_fields(
        {"Name": "fc", "OutputSize": 2.0, "Weights": weights, **fields}
    )


def attention(**fields: Any) -> AttentionLayer:
    return AttentionLayer.from_fields({"Name": "a", "NumHeads": 4.0, **fields})


# --- fields with a meaning that is not run here -------------------------------------------


def test_a_field_with_another_value_than_its_neutral_one_refuses_with_field_and_value() -> None:
    layer = attention(NumQueryGroups=np.array([[2.0]]))
    with pytest.raises(UnsupportedLayerError, match=r"NumQueryGroups is \[\[2\.0\]\]") as error:
        layer.predict((SEQUENCE,) * 3, "CBT")
    assert error.value.where == ("layer 'a'", "NumQueryGroups")


@pytest.mark.parametrize("value", ["auto", "Auto", np.zeros((0, 0)), ""])
def test_a_field_with_its_neutral_value_does_not_refuse(value: object) -> None:
    y = attention(NumQueryGroups=value).predict((SEQUENCE,) * 3, "CBT")
    np.testing.assert_array_equal(y, SEQUENCE)  # of what is the same at every step


def test_a_refused_layer_opens_and_shows_its_properties() -> None:
    layer = attention(NumQueryGroups=2.0)
    assert layer.NumHeads == 4
    assert "AttentionLayer with properties" in str(layer)
    assert layer.extra == {"NumQueryGroups": 2.0}


def test_what_is_known_to_have_an_effect_cannot_be_ignored() -> None:
    layer = attention(NumQueryGroups=2.0)
    with pytest.raises(UsageError, match="no field 'NumQueryGroups' that nothing is known"):
        layer.ignore_fields("NumQueryGroups")


def test_the_offset_of_a_2025_scaling_layer_refuses_unless_it_is_zero() -> None:
    fields = {"Name": "s", "Scale": 2.0, "Bias": 0.5, "ScalingVersion": 2.0}
    zero = ScalingLayer.from_fields({**fields, "Offset": np.zeros((3, 1))})
    assert zero.predict(ONES, "CB").tolist() == [[2.5]] * 3
    one = ScalingLayer.from_fields({**fields, "Offset": np.array([[1.0], [0.0], [0.0]])})
    with pytest.raises(UnsupportedLayerError, match="Offset"):
        one.predict(ONES, "CB")


def test_trap_the_scaling_layer_of_2025_is_not_run_as_the_older_one() -> None:
    """nnet.cnn.layer.ScalingLayer adds Offset; the class of the RL toolbox would leave it out."""
    known = layer_class("nnet.cnn.layer.ScalingLayer") or ScalingLayer
    layer = known.from_fields({"Name": "s", "Scale": 2.0, "Offset": 1.0})
    try:
        y = layer.predict(np.array([[3.0]]), "CB")
    except UnsupportedLayerError:
        return
    assert y.item() == 7.0  # 2 * 3 + 1


# --- fields that nothing is known of ------------------------------------------------------


def test_an_unknown_field_opens_and_refuses_to_run() -> None:
    layer = fully_connected(Foo=np.array([[7.0]]))
    assert layer.unread_fields() == {"Foo": np.array([[7.0]])}
    for run in (lambda: layer.predict(ONES, "CB"), layer.to_torch):
        with pytest.raises(UnsupportedLayerError, match=r"Foo is .*7.*does not know") as error:
            run()
        assert "ignore_fields=['Foo']" in error.value.remedy


@pytest.mark.parametrize("value", [np.zeros((0, 0)), "", {}, None, np.empty((1, 0), object)])
def test_an_unknown_field_that_is_empty_does_not_refuse(value: object) -> None:
    assert fully_connected(Foo=value).predict(ONES, "CB").tolist() == [[3.0], [3.0]]


@pytest.mark.parametrize("value", [np.array([[False]]), np.array([[0.0]]), "none"])
def test_an_unknown_field_that_is_off_refuses_as_nobody_knows_its_default(value: object) -> None:
    with pytest.raises(UnsupportedLayerError, match="Foo"):
        fully_connected(Foo=value).predict(ONES, "CB")


def test_a_field_that_the_user_states_to_have_no_effect_is_ignored() -> None:
    layer = fully_connected(Foo=1.0, Bar="x").ignore_fields("Foo")
    with pytest.raises(UnsupportedLayerError, match="Bar"):
        layer.predict(ONES, "CB")
    layer.ignore_fields("Bar")
    assert copy.copy(layer).predict(ONES, "CB").tolist() == [[3.0], [3.0]]
    assert set(layer.extra) == {"Foo", "Bar"}


def test_a_transposed_convolution_with_an_unknown_field_refuses() -> None:
    from matlab_compat.layers import TransposedConvolution2DLayer

    weights = np.ones((2, 2, 1), np.float32)
    fields = {"FilterSize": 2, "NumFilters": 1, "Weights": weights}
    layer = TransposedConvolution2DLayer.from_fields({**fields, "Kernel": "fft"})
    with pytest.raises(UnsupportedLayerError, match="Kernel is 'fft'"):
        layer.predict(np.ones((2, 2, 1)))


def test_an_unknown_field_within_the_struct_of_a_learnable_refuses() -> None:
    weights = {"Value": np.ones((2, 3), np.float32), "Version": 2.0, "LearnRateFactor": 1.0}
    layer = FullyConnectedLayer.from_fields({"OutputSize": 2, "Weights": {**weights, "Mask": 1.0}})
    with pytest.raises(UnsupportedLayerError, match=r"Weights\.Mask"):
        layer.predict(ONES, "CB")
    known = FullyConnectedLayer.from_fields({"OutputSize": 2, "Weights": weights})
    assert known.predict(ONES, "CB").tolist() == [[3.0], [3.0]]


def test_an_unknown_field_within_a_normalization_refuses() -> None:
    known = layer_class("nnet.cnn.layer.FeatureInputLayer")
    assert known is not None
    struct = {"Version": 1.0, "Type": "zerocenter", "ImageSize": 3.0, "AverageImage": ONES}
    fields = {"Name": "in", "InputSize": 3.0, "Normalization": struct}
    assert known.from_fields(fields).predict(ONES, "CB").tolist() == [[0.0]] * 3
    layer = known.from_fields({**fields, "Normalization": {**struct, "Clip": 2.0}})
    with pytest.raises(UnsupportedLayerError, match=r"Normalization\.Clip"):
        layer.predict(ONES, "CB")


def test_a_network_names_all_layers_with_unread_fields_at_once() -> None:
    first = FullyConnectedLayer.from_fields(
        {"Name": "a", "OutputSize": 2.0, "Weights": np.ones((2, 3), np.float32), "Foo": 1.0}
    )
    second = FullyConnectedLayer.from_fields(
        {"Name": "b", "OutputSize": 2.0, "Weights": np.ones((2, 2), np.float32), "Bar": "x"}
    )
    network = Network([first, second], kind="dlnetwork")
    with pytest.raises(UnsupportedLayerError, match=r"(?s)2 of 2 layers.*'a'.*Foo.*'b'.*Bar"):
        network.predict(ONES.T)
    assert list(network.unsupported) == ["a", "b"]
    network.ignore_fields("Foo", "Bar")
    assert network.predict(ONES.T).ravel().tolist() == [6.0, 6.0]


def test_to_ignore_a_field_that_no_layer_has_is_an_error() -> None:
    network = Network([fully_connected(Foo=1.0)], kind="dlnetwork")
    with pytest.raises(UsageError, match=r"no field 'Fooo'.*: Foo"):
        network.ignore_fields("Fooo")


def test_written_to_a_file_the_layer_still_refuses(tmp_path: Path) -> None:
    path = tmp_path / "layer.mat"
    made = attention(NumQueryGroups=np.array([[2.0]]), Foo={"a": 1.0})
    converters.save_layer(made, path)
    layer = converters.load(path)
    assert isinstance(layer, Layer)
    assert set(layer.unread_fields()) == {"NumQueryGroups", "Foo"}


@pytest.mark.parametrize("ending", [".mat", ".pt", ".safetensors", "", ".m"])
def test_a_layer_that_is_not_run_is_not_converted(tmp_path: Path, ending: str) -> None:
    layer = fully_connected(Foo=1.0)
    with pytest.raises(UnsupportedLayerError, match="Foo"):
        converters.save(layer, tmp_path / f"layer{ending}", check=False)
    assert not list(tmp_path.iterdir())


# --- fields of other releases, and of users' classes --------------------------------------


@pytest.mark.parametrize("layer", [Convolution2DLayer, MaxPooling2DLayer])
def test_trap_padding_of_releases_before_R2018a_is_applied(layer: type[Layer]) -> None:
    """[a b]: a rows on top and bottom, b columns on either side."""
    fields: dict[str, Any] = {"Padding": np.array([[1.0, 2.0]]), "PoolSize": [3.0, 3.0]}
    if layer is Convolution2DLayer:
        fields = {"Padding": fields["Padding"], "NumFilters": 1.0, "FilterSize": [3.0, 3.0]}
        fields["Weights"] = np.ones((3, 3), np.float32)
    made = layer.from_fields(fields)
    assert made.predict(np.ones((4, 5, 1), np.float32)).shape[:2] == (4, 7)


def test_padding_and_padding_size_that_contradict_each_other_are_refused() -> None:
    fields = {"PoolSize": 3.0, "Padding": [1.0, 1.0], "PaddingSize": [0.0, 0.0, 0.0, 0.0]}
    with pytest.raises(PropertyError, match="contradict"):
        MaxPooling2DLayer.from_fields(fields)


@pytest.mark.parametrize(
    "field",
    ["Version", "WeightsInitializer2", "FooInitializer", "GammaLearnRateFactor", "GammaL2Factor",
     "nnet.layer.Layer.PrivateInputs", "ConvolutionDimIdx", "PoolOverTime", "ChannelDim",
     "CudnnGPUAlgoBackward", "Description", "Formattable"],
)  # fmt: skip
def test_bookkeeping_of_any_class_and_release_does_not_refuse(field: str) -> None:
    known = declaration(field, FullyConnectedLayer._declared_fields)
    assert (known is not None) == (field != "WeightsInitializer2")


class Own(Layer):
    """A user's class, with a property and declarations of its own."""

    matlab_class: ClassVar[str] = "myLayer"
    saved_fields: ClassVar = {"Mode": neutral("plain", why="only 'plain' is written in Python")}
    Gain = Property(real_scalar, 1.0)


def test_of_a_users_class_unknown_fields_are_kept_and_declared_ones_count() -> None:
    layer = Own.from_fields({"Gain": 2.0, "Foo": 3.0, "Mode": "plain"})
    assert layer.extra["Foo"] == 3.0
    assert layer.unread_fields() == {}
    assert Own.from_fields({"Mode": "fancy"}).unread_fields() == {"Mode": "fancy"}


def test_a_users_class_for_a_class_of_matlabs_is_strict_and_may_declare_the_field() -> None:
    class Strict(Own):
        matlab_class = "nnet.cnn.layer.SpectralConvolution1DLayer"

    class Declared(Strict):
        saved_fields: ClassVar = {"Foo": no_effect("tried")}

    assert Strict.from_fields({"Foo": 3.0}).unread_fields() == {"Foo": 3.0}
    assert Declared.from_fields({"Foo": 3.0}).unread_fields() == {}


# --- the whole registry, and real files ---------------------------------------------------


def test_no_declaration_hides_a_property() -> None:
    """A field cannot be a property, which is used, and of no effect."""
    for name, kind in registered().items():
        exact = {field for field in kind._declared_fields if "*" not in field}
        own = {n.lower() for n in kind.properties} - {"description", "numinputs"}
        assert not exact & (own - {"formattable", "acceleratable"}), name


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_no_layer_of_a_real_file_is_refused_for_a_field(path: Path) -> None:
    """Whatever the second collection and the first hold is used, or declared."""
    models = models_of(path)
    layers = [model for model in models if isinstance(model, SavedLayer)]
    layers += [s for model in models if isinstance(model, SavedNetwork) for s in model.layers]
    for saved in layers:
        try:
            layer = saved.build()
        except (UnsupportedLayerError, PropertyError):
            continue
        assert layer.unread_fields() == {}


@pytest.mark.real
def test_padding_of_a_real_file_of_2017_is_applied() -> None:
    """Faster R-CNN of the documentation's example: 3×3 convolutions with padding 1."""
    (path,) = REAL.glob("mmmmyyyyxxxx__*/detector.mat")
    with open_mat(path) as mat:
        found = [f.model for f in find_models(mat)]
    saved = [s for model in found if isinstance(model, SavedNetwork) for s in model.layers]
    padded = [s for s in saved if "Padding" in s.fields and np.any(s.fields["Padding"])]
    assert padded
    for layer in (s.build() for s in padded):
        assert layer.values["PaddingSize"] == (1, 1, 1, 1)


def test_empty_is_what_holds_nothing() -> None:
    assert not is_empty(np.array([[0.0]]))
    assert not is_empty({"a": ""})
    assert fullyConnectedLayer(2).unread_fields() == {}
