"""Texts of numpy's wherever a text is taken: names, option values, labels.

Expected values: those of the same call with the text as ``str``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
import matlab_compat as mc
from converters.predict import predict
from matlab_compat.errors import PropertyError
from matlab_compat.network import Network
from matlab_compat.plain_text import plain_text, plain_texts

FORMS: list[Callable[[str], Any]] = [
    np.str_,
    np.array,
    lambda text: np.array([text]),
    lambda text: np.array([[text]]),
    lambda text: np.array([text], np.dtypes.StringDType()),
]
form = pytest.mark.parametrize(
    "form", FORMS, ids=["np.str_", "0-d", "vector", "matrix", "StringDType"]
)


@form
def test_one_text_becomes_a_str_of_python(form: Callable[[str], Any]) -> None:
    assert plain_text(form("same")) == "same"
    assert type(plain_text(form("same"))) is str


@pytest.mark.parametrize("value", [3, None, [1, 2], ("a", "b"), "a", b"a", np.float32(2)])
def test_what_is_no_text_of_numpys_stays_as_it_is(value: object) -> None:
    assert plain_text(value) is value


def test_arrays_of_several_texts_are_no_text() -> None:
    array = np.array(["a", "b"])
    assert plain_text(array) is array
    assert plain_texts(array) == ["a", "b"]
    assert plain_texts(np.array([["a", "b"]])) == ["a", "b"]
    assert plain_texts(["a", np.str_("b")]) == ["a", "b"]
    with pytest.raises(PropertyError, match="Name must be text"):
        mc.reluLayer(Name=array)


@form
@pytest.mark.parametrize(
    "make",
    [
        lambda t: mc.convolution2dLayer(3, 2, t("Padding"), t("same"), t("Name"), t("c")),
        lambda t: mc.convolution2dLayer(3, 2, PaddingValue=t("replicate"), NumChannels=t("auto")),
        lambda t: mc.convolution1dLayer(3, 2, Padding=t("causal"), WeightsInitializer=t("he")),
        lambda t: mc.transposedConv2dLayer(3, 2, Cropping=t("same")),
        lambda t: mc.groupedConvolution2dLayer(3, 2, t("channel-wise")),
        lambda t: mc.averagePooling2dLayer(3, PaddingValue=t("mean"), Padding=t("same")),
        lambda t: mc.imageInputLayer([2, 2, 1], Normalization=t("rescale-symmetric")),
        lambda t: mc.groupNormalizationLayer(t("all-channels"), OperationDimension=t("auto")),
        lambda t: mc.indexing1dLayer(t("last")),
        lambda t: mc.attentionLayer(2, Scale=t("auto"), AttentionMask=t("causal")),
        lambda t: mc.crop2dLayer(t("centercrop"), t("Name"), t("c")),
        lambda t: mc.resize2dLayer(Scale=2, Method=t("bilinear")),
        lambda t: mc.classificationLayer(Classes=t("cat"), ClassWeights=t("none")),
        lambda t: mc.inputLayer([2, 3], t("CB")),
        lambda t: mc.functionLayer(t("@(x) x.*2")),
        lambda t: mc.lstmLayer(3, OutputMode=t("last"), StateActivationFunction=t("softsign")),
        lambda t: mc.geluLayer(Approximation=t("tanh")),
    ],
)
def test_names_and_options_of_layers(
    form: Callable[[str], Any], make: Callable[[Callable[[str], Any]], mc.Layer]
) -> None:
    assert make(form) == make(str)
    assert repr(make(form)) == repr(make(str))


@form
def test_fields_of_files(form: Callable[[str], Any]) -> None:
    fields = {"Name": form("in"), "InputSize": 2.0, "Normalization": form("zscore")}
    made = mc.FeatureInputLayer.from_fields(fields)
    assert (made.Name, made.Normalization) == ("in", "zscore")


@form
def test_labels_of_data(form: Callable[[str], Any]) -> None:
    X = np.arange(6.0).reshape(2, 3)
    assert mc.dlarray(X, form("CB")).dims() == "CB"
    layer = mc.transposedConv2dLayer(2, 2).initialize(3, seed=0)
    images = np.ones((4, 4, 3))
    expected = layer.predict(images, "SSC", dtype="double")
    actual = layer.predict(images, form("SSC"), dtype=form("double"), device=form("cpu"))
    np.testing.assert_array_equal(actual, expected)
    added = mc.additionLayer(2).predict((X, X), np.array(["CB", "CB"]))
    np.testing.assert_array_equal(added, 2 * X)
    W = np.ones((2, 2, 3, 1))
    np.testing.assert_array_equal(
        mc.dlconv(images, W, 0, DataFormat=form("SSC"), Padding=form("same")),
        mc.dlconv(images, W, 0, DataFormat="SSC", Padding="same"),
    )


@form
def test_names_in_networks(form: Callable[[str], Any]) -> None:
    layers = [mc.featureInputLayer(2, Name="in"), mc.reluLayer(Name="r"), mc.tanhLayer(Name="t")]
    graph = mc.layerGraph(layers)
    assert graph.layer(form("r")).Name == "r"
    graph = mc.disconnectLayers(graph, form("r"), form("t"))
    graph = mc.connectLayers(graph, form("r"), form("t"))
    graph = mc.replaceLayer(graph, form("t"), mc.sigmoidLayer(Name="s"))
    assert graph.graph.connections == [("in", "r"), ("r", "s")]
    assert mc.removeLayers(graph, form("s")).names == ["in", "r"]
    net = Network(layers, output_names=form("r"))
    assert net.OutputNames == ["r"]
    X = np.array([[1.0, -1.0]])
    np.testing.assert_array_equal(net.predict(X, data_format=form("BC")), [[1, 0]])
    seen = net.activations(X, form("r"), OutputAs=form("rows"), data_format=form("BC"))
    np.testing.assert_array_equal(seen, [[1, 0]])


@form
def test_classes_and_names_in_files(form: Callable[[str], Any], tmp_path: Path) -> None:
    assert mc.layer_class(form("nnet.cnn.layer.ReLULayer")) is mc.ReLULayer
    layer = mc.convolution2dLayer(3, 2, Name="c").initialize(1, seed=0)
    converters.save(layer, tmp_path / "c.mat")
    assert converters.load(tmp_path / "c.mat", form("layer")) == layer
    assert converters.load(tmp_path / "c.mat", layer=form("c")) == layer
    X = np.random.default_rng(0).standard_normal((5, 5, 1)).astype(np.float32)
    converters.write_mat(tmp_path / "x.mat", {"X": X, "Y": layer.predict(X)})
    files = form(f"{tmp_path / 'x.mat'}:X"), form(f"{tmp_path / 'x.mat'}:Y")
    outputs = predict(tmp_path / "c.mat", files[0], tmp_path / "y.mat", layer=form("c")).outputs
    np.testing.assert_array_equal(next(iter(outputs.values())), layer.predict(X))
    report = converters.verify(tmp_path / "c.mat", form("layer"), input=files[0], expected=files[1])
    assert report.exit_code == 0


@form
@pytest.mark.filterwarnings("ignore:.*MATLAB's defaults are taken")
def test_the_class_of_loose_weights(form: Callable[[str], Any], tmp_path: Path) -> None:
    weights = {"Weights": np.ones((2, 2, 3, 4)), "Bias": np.ones((1, 1, 4))}
    converters.write_mat(tmp_path / "w.mat", weights)
    expected = converters.load(tmp_path / "w.mat", layer_class="convolution2d")
    assert converters.load(tmp_path / "w.mat", layer_class=form("convolution2d")) == expected
