"""Networks of MatConvNet are networks: both layouts, everywhere they lie, with what lies beside.

Expected values: what Octave computed by MatConvNet's help texts (``fixtures/matconvnet``); the
definition of correlation; MatConvNet's own manual for the layouts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from numpy.lib.stride_tricks import sliding_window_view

import converters
from converters.find import find_models
from fixtures.native.mcos_writer import Instance, write_level7
from matlab_compat import Network
from matlab_compat.errors import LayerNotFoundError, MatlabCompatWarning, UsageError
from tests.converters.exports import cells, fields, save

from .samples import FIXTURES, RELU, B, W, conv, dagnn, layer, node, numbers, saved, simplenn

pytestmark = pytest.mark.filterwarnings("ignore:.*only training uses it")

X = numbers(5, 6, 2, seed=3)
FILES = ("simplenn", "softmax", "old_form", "dagnn", "own_layers")


def expected(W: Any = W, B: Any = B) -> Any:
    """The convolution of ``conv``, and its ReLU, by the definition."""
    x = np.pad(X.astype(float), ((1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(x, W.shape[:2], (0, 1))
    return np.maximum(np.einsum("hwcij,ijck->hwk", windows, W) + B.ravel(), 0)


def load(path: Path, *arguments: Any) -> Network:
    network = converters.load(path, *arguments)
    assert isinstance(network, Network)
    return network


# --- what is computed ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*softmaxloss")
@pytest.mark.parametrize("name", FILES)
def test_a_network_computes_what_octave_computed(name: str) -> None:
    report = converters.verify(FIXTURES / f"{name}.mat")
    assert report.verdict == "equal"


@pytest.mark.filterwarnings("ignore:.*softmaxloss")
def test_every_output_that_simplenn_kept_is_compared_but_that_of_the_loss() -> None:
    report = converters.verify(FIXTURES / "simplenn.mat")
    names = [one.name for one in report.activations]
    assert names == load(FIXTURES / "simplenn.mat").names[1:-1]
    assert len(names) == 9 + 1


def test_outputs_kept_in_another_file_are_compared(tmp_path: Path) -> None:
    path = saved(tmp_path, simplenn(conv(), RELU))
    res = cells(X, expected() - 0.0, expected().astype(np.float32))
    right = save(tmp_path / "res.mat", res=res)
    with pytest.raises(UsageError, match="res"):
        converters.verify(path, input=f"{right}:res{{4}}", expected=f"{right}:res{{3}}")
    assert (
        converters.verify(path, input=f"{right}:res{{1}}", expected=f"{right}:res{{3}}").verdict
        == "equal"
    )
    report = converters.verify(path, expected=f"{right}:res")
    assert {one.name: one.verdict for one in report.activations} == {
        "c": "different",
        "relu": "equal",
    }


# --- where it lies ---------------------------------------------------------------------------

NET = simplenn(conv(), RELU)
OLD = layer("conv", filters=W, biases=B, pad=1.0, stride=1.0)
NODES = (
    node("r", "ReLU", ["y"], "z"),
    node(
        "c", "Conv", ["x"], "y", ("f", "b"), size=[3.0, 3.0, 2.0, 4.0], pad=[1.0, 1.0], stride=1.0
    ),
)
DAG = dagnn(*NODES, f=W, b=B)
PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "simplenn": ({"net": NET}, "net"),
    "simplenn at the top": (NET, ""),
    "layers alone": ({"layers": NET["layers"]}, ""),
    "old form": ({"net": {"layers": cells(OLD, RELU)}}, "net"),
    "old form at the top": ({"layers": cells(OLD, RELU)}, ""),
    "checkpoint": (
        {"net": simplenn(conv(momentum=cells(W, B)), RELU), "info": {"train": 1.0}},
        "net",
    ),
    "within": ({"s": {"best": NET}}, "s.best"),
    "a cell of layers": ({"layers_": NET["layers"]}, "layers_"),
    "dagnn": ({"net": DAG}, "net"),
    "dagnn at the top": (DAG, ""),
    "dagnn in cells": ({"net": {**DAG, "layers": cells(*NODES)}}, "net"),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_found_wherever_it_lies(tmp_path: Path, place: str) -> None:
    variables, path = PLACES[place]
    file = save(tmp_path / "m.mat", **variables)
    with converters.open_mat(file) as mat:
        assert [found.path for found in find_models(mat)] == [path]
    network = load(file)
    assert network.kind == ("DagNN" if "dagnn" in place else "SimpleNN")
    np.testing.assert_allclose(network.predict(X)[..., 0], expected(), atol=1e-5)


def test_an_object_of_class_DagNN(tmp_path: Path) -> None:
    path = tmp_path / "object.mat"
    save(tmp_path / "m.mat", net=DAG)
    with converters.open_mat(tmp_path / "m.mat") as mat:
        struct = mat["net"]
    write_level7(path, {"net": Instance("dagnn.DagNN", {"any": struct})}, {})
    network = load(path)
    np.testing.assert_allclose(network.predict(X)[..., 0], expected(), atol=1e-5)


def test_a_layer_of_ours_beside_it_is_one_more_model(tmp_path: Path) -> None:
    path = save(tmp_path / "m.mat", net=NET, s=fields())
    with converters.open_mat(path) as mat:
        assert [found.path for found in find_models(mat)] == ["net", "s"]
    assert load(path).names == ["input", "c", "relu"]


def test_one_layer_by_its_name(tmp_path: Path) -> None:
    layer = converters.load(saved(tmp_path, NET), layer="c")
    np.testing.assert_array_equal(layer.Weights, W)  # type: ignore[union-attr]


def test_the_variable_layers_alone_is_not_the_network(tmp_path: Path) -> None:
    path = save(tmp_path / "m.mat", **NET)
    with pytest.raises(LayerNotFoundError, match="whose other fields lie beside them"):
        converters.load(path, "layers")


# --- names and ports -------------------------------------------------------------------------


def test_layers_without_names_are_numbered_and_equal_names_made_different(tmp_path: Path) -> None:
    layers = [
        conv(name="same"),
        {"type": "relu"},
        {**RELU, "name": "same"},
        layer("relu", name="input"),
    ]
    assert load(saved(tmp_path, simplenn(*layers))).names == [
        *("input_variable", "same", "layer2", "same_2", "input"),
    ]


def test_inputs_are_called_as_the_variables_and_the_order_of_layers_does_not_matter(
    tmp_path: Path,
) -> None:
    network = load(saved(tmp_path, DAG))
    assert network.InputNames == ["x"]
    assert network.OutputNames == ["r"]


def test_parts_that_do_not_hang_together_are_one_network_of_several_inputs(tmp_path: Path) -> None:
    nodes = [node(f"r{i}", "ReLU", [f"x{i}"], f"y{i}") for i in (1, 2, 3)]
    network = load(saved(tmp_path, dagnn(*nodes)))
    outputs = network.predict(X, -X, X)
    assert network.InputNames == ["x1", "x2", "x3"]
    np.testing.assert_array_equal(outputs[1][..., 0], np.maximum(-X, 0))


@pytest.mark.parametrize("name", ["net.y", "net.c"])
def test_a_variable_or_layer_of_it_chooses_what_that_needs(tmp_path: Path, name: str) -> None:
    network = load(saved(tmp_path, DAG), name)
    assert network.names == ["x", "c"]
    assert network.OutputNames == ["c"]


def test_a_variable_chooses_in_a_network_at_the_top(tmp_path: Path) -> None:
    assert load(save(tmp_path / "m.mat", **DAG), "y").OutputNames == ["c"]


def test_a_variable_that_there_is_not_is_said_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match="no variable or layer 'nothing'") as caught:
        converters.load(saved(tmp_path, DAG), "net.nothing")
    assert "r, c" in caught.value.remedy


def test_channels_of_an_input_are_those_of_the_filters(tmp_path: Path) -> None:
    network = load(saved(tmp_path, NET))
    assert network.layer("input").input_size() == (-1, -1, 2)


def test_groups_of_the_first_layer_follow_from_the_size_of_the_images(tmp_path: Path) -> None:
    net = simplenn(conv(), normalization={"imageSize": [5.0, 6.0, 4.0]})
    network = load(saved(tmp_path, net))
    assert network.layer("c").NumGroups == 2  # type: ignore[attr-defined]
    assert network.predict(numbers(5, 6, 4)).shape == (5, 6, 4, 1)


# --- losses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "last",
    [
        layer("loss"),
        layer("softmaxloss"),
        layer("custom", name="my Loss"),
    ],
    ids=lambda last: last["type"],
)
def test_what_becomes_of_a_last_loss_is_said(tmp_path: Path, last: dict[str, Any]) -> None:
    with pytest.warns(MatlabCompatWarning, match=last["name"]):
        network = load(saved(tmp_path, simplenn(conv(), last)))
    softmax = [part.type_text for part in network.Layers].count("Softmax")
    assert softmax == (last["type"] == "softmaxloss")
    assert len(network.Layers) == 2 + softmax


def test_losses_of_a_DagNN_go_with_the_inputs_that_only_they_read(tmp_path: Path) -> None:
    net = dagnn(
        node("r", "ReLU", ["x"], "y"),
        node("objective", "Loss", ["y", "label"], "obj", loss="softmaxlog"),
        node("mine", "HuberLoss_of_mine", ["y", "target"], "huber"),
    )
    with pytest.warns(MatlabCompatWarning, match="'objective'.*'mine'"):
        network = load(saved(tmp_path, net))
    assert (network.InputNames, network.OutputNames) == (["x"], ["r"])


def test_inspect_says_what_was_left_out(tmp_path: Path) -> None:
    document = converters.inspect(saved(tmp_path, simplenn(conv(), layer("loss"))))
    (net,) = document["variables"]
    assert net["class"] == "SimpleNN"
    assert [one["class"].rpartition(".")[2] for one in net["layers"]] == [
        "InputLayer",
        "Convolution2DLayer",
    ]
    assert "layers{2} 'loss' (loss)" in net["left_out"][0]
    json.dumps(document, allow_nan=False)


# --- meta ------------------------------------------------------------------------------------

NAMES = {"name": cells("n1", "n2", "n3", "n4"), "description": cells("cat", "dog", "owl", "bee")}


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (NAMES, ["cat", "dog", "owl", "bee"]),
        ({"name": NAMES["name"]}, ["n1", "n2", "n3", "n4"]),
        (cells("a", "b", "c", "d"), ["a", "b", "c", "d"]),
        (3.0, None),
    ],
)
def test_classes(tmp_path: Path, classes: Any, names: list[str] | None) -> None:
    assert load(saved(tmp_path, simplenn(conv(), classes=classes))).Classes == names


def test_the_class_of_the_largest_channel(tmp_path: Path) -> None:
    bias = np.float32([[0], [0], [9], [0]])
    net = simplenn(conv(0 * W[:, :, :1], bias, pad=0.0), layer("softmax"), classes=NAMES)
    assert load(saved(tmp_path, net)).classify(np.zeros((3, 3), np.float32)) == ["owl"]


def test_names_of_classes_that_do_not_fit_the_channels_are_not_used(tmp_path: Path) -> None:
    path = saved(tmp_path, simplenn(conv(), classes={"name": cells("a", "b")}))
    with pytest.warns(MatlabCompatWarning, match="2 classes are not used.* 4 channels"):
        assert load(path).Classes is None


def test_preprocess_resizes_and_subtracts_and_predict_does_not(tmp_path: Path) -> None:
    normalization = {"imageSize": [4.0, 5.0, 2.0], "averageImage": np.float32([[10.0], [20.0]])}
    network = load(saved(tmp_path, simplenn(RELU, normalization=normalization)))
    image = np.full((8, 10, 2), 30, np.uint8)
    prepared = network.preprocess(image)
    np.testing.assert_allclose(prepared, np.broadcast_to([20.0, 10.0], (4, 5, 2)), atol=1e-5)
    np.testing.assert_array_equal(network.predict(image.astype(np.float32))[..., 0], image)


def test_preprocess_without_normalization_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say how images are made ready"):
        load(saved(tmp_path, NET)).preprocess(X)


def test_rates_and_decays_become_factors(tmp_path: Path) -> None:
    found = load(saved(tmp_path, simplenn(conv(learningRate=[1.0, 2.0], weightDecay=[1.0, 0.0]))))
    convolution: Any = found.layer("c")
    assert (convolution.WeightLearnRateFactor, convolution.BiasLearnRateFactor) == (1, 2)
    assert (convolution.WeightL2Factor, convolution.BiasL2Factor) == (1, 0)


def test_an_absent_bias_is_zero_and_not_trained(tmp_path: Path) -> None:
    network = load(saved(tmp_path, simplenn(conv(W, np.zeros((0, 0), np.float32)), RELU)))
    assert network.Initialized
    assert network.layer("c").BiasLearnRateFactor == 0  # type: ignore[attr-defined]
    np.testing.assert_allclose(network.predict(X)[..., 0], expected(B=0 * B), atol=1e-5)


# --- level 7.3 and others --------------------------------------------------------------------


def test_level_6(tmp_path: Path) -> None:
    path = tmp_path / "v6.mat"
    scipy.io.savemat(path, {"net": NET}, do_compression=False)
    np.testing.assert_allclose(load(path).predict(X)[..., 0], expected(), atol=1e-5)
