"""Networks: what they list, how they print, what comes out of them and in which orientation.

Expected values: the documentation pages and printed examples of MATLAB (names, tables, displays,
orientations); numpy written from the definition for the results.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat import errors
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network
from matlab_compat.network.graph import Graph

Array = NDArray[Any]


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *size]).standard_normal(size).astype(np.float32)


W, B = normal(3, 24), normal(3, 1)


def classifier(kind: str = "SeriesNetwork") -> Network:
    """6×4×1 images to 3 classes: a fully connected layer and a softmax."""
    return Network(
        [
            mc.imageInputLayer([6, 4, 1], Normalization="none", Name="in"),
            mc.fullyConnectedLayer(3, Weights=W, Bias=B, Name="fc"),
            mc.softmaxLayer(Name="prob"),
            mc.classificationLayer(Name="out", Classes=["a", "b", "c"]),
        ],
        kind=kind,
    )


def scores(X: Array) -> Array:
    """N×K by the definition: pixels in column-major order."""
    z = W.astype(np.float64) @ X.reshape((24, -1), order="F") + B
    e = np.exp(z - z.max(axis=0))
    return (e / e.sum(axis=0)).T


IMAGES = normal(6, 4, 1, 5)


# --- what it is made of -------------------------------------------------------------------


def test_layers_without_names_get_those_of_matlab() -> None:
    layers = [
        mc.imageInputLayer([8, 8, 1]),
        mc.convolution2dLayer(3, 4),
        mc.reluLayer(),
        mc.convolution2dLayer(3, 4),
        mc.reluLayer(),
        mc.fullyConnectedLayer(2),
        mc.softmaxLayer(),
    ]
    names = ["imageinput", "conv_1", "relu_1", "conv_2", "relu_2", "fc", "softmax"]
    network = Network(layers)
    assert network.names == names
    assert [layer.Name for layer in network.Layers] == names
    assert [layer.Name for layer in layers] == [""] * 7


def test_an_automatic_name_leaves_out_those_that_are_given() -> None:
    network = Network([mc.reluLayer(Name="relu_1"), mc.reluLayer(), mc.reluLayer()])
    assert network.names == ["relu_1", "relu_2", "relu_3"]


def test_the_same_layer_twice_is_two_layers() -> None:
    same = mc.fullyConnectedLayer(3)
    network = mc.dlnetwork([mc.featureInputLayer(3), same, same], seed=1)
    first, second = (network.layer(name).Weights for name in ("fc_1", "fc_2"))
    assert not np.array_equal(first, second)


def test_two_layers_of_one_name_are_refused() -> None:
    with pytest.raises(errors.UsageError, match="called 'a'"):
        Network([mc.reluLayer(Name="a"), mc.tanhLayer(Name="a")])


def test_learnables_are_listed_in_layer_order_weights_first() -> None:
    learnables = classifier().Learnables
    assert list(learnables.columns) == ["Layer", "Parameter", "Value"]
    assert [row[:2] for row in learnables] == [("fc", "Weights"), ("fc", "Bias")]
    np.testing.assert_array_equal(learnables["Value"][0], W)


def test_state_lists_the_statistics_of_batch_normalization() -> None:
    network = mc.dlnetwork(
        [mc.imageInputLayer([4, 4, 2], Normalization="none"), mc.batchNormalizationLayer()]
    )
    assert [row[:2] for row in network.Learnables] == [
        ("batchnorm", "Offset"),
        ("batchnorm", "Scale"),
    ]
    assert [(*row[:2], row[2].size) for row in network.State] == [
        ("batchnorm", "TrainedMean", 2),
        ("batchnorm", "TrainedVariance", 2),
    ]


def test_connections_name_the_ports_of_layers_of_several() -> None:
    network = Network([mc.featureInputLayer(2, Name="in"), mc.additionLayer(2, Name="add")])
    assert list(network.Connections) == [("in", "add/in1")]
    assert network.InputNames == ["in", "add/in2"]
    assert network.OutputNames == ["add"]


def test_ports_of_several_outputs() -> None:
    lstm = mc.lstmLayer(2, HasStateOutputs=True, Name="lstm")
    network = mc.dlnetwork([mc.sequenceInputLayer(3), lstm])
    assert network.OutputNames == ["lstm/out", "lstm/hidden", "lstm/cell"]


def test_a_layer_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(errors.LayerNotFoundError, match="in, fc, prob, out"):
        classifier().layer("conv")


def test_classes_are_those_of_the_output_layer() -> None:
    assert classifier().Classes == ["a", "b", "c"]


def test_a_nested_network_lists_its_learnables_under_its_name() -> None:
    inner = Network([mc.fullyConnectedLayer(2, Name="fc")])
    outer = mc.dlnetwork([mc.featureInputLayer(3), mc.networkLayer(inner, Name="block")])
    assert outer.Initialized
    assert [(*row[:2], row[2].shape) for row in outer.Learnables] == [
        ("block/fc", "Weights", (2, 3)),
        ("block/fc", "Bias", (2, 1)),
    ]


def test_what_planning_costs_does_not_multiply_with_each_level_of_nesting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ordered = []
    order = Graph.order
    monkeypatch.setattr(Graph, "order", lambda graph: ordered.append(graph) or order(graph))

    def planned(depth: int) -> int:
        net = Network([mc.fullyConnectedLayer(2, Name="fc")])
        for _ in range(depth):
            net = Network([mc.networkLayer(net, Name="block")])
        before = len(ordered)
        assert list(net.plan({"block": "CB"}).outputs) == ["block"]
        return len(ordered) - before

    assert planned(12) - planned(11) == planned(11) - planned(10)


# --- results ------------------------------------------------------------------------------


def test_a_series_network_classifies_images_to_n_by_k() -> None:
    actual = classifier().predict(IMAGES)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, scores(IMAGES), atol=1e-6)


def test_one_image_gives_one_row() -> None:
    np.testing.assert_allclose(
        classifier().predict(IMAGES[..., 0]), scores(IMAGES[..., :1]), atol=1e-6
    )


def test_labelled_data_gives_labelled_results_k_by_n() -> None:
    actual = classifier("dlnetwork").predict(mc.dlarray(IMAGES, "SSCB"))
    assert actual.dims() == "CB"
    np.testing.assert_allclose(actual.extractdata(), scores(IMAGES).T, atol=1e-6)


def test_images_come_back_as_h_w_c_n() -> None:
    doubled = mc.Network(
        [
            mc.imageInputLayer([3, 2, 1], Normalization="none"),
            mc.convolution2dLayer(1, 2, Weights=np.array([2.0, 3.0]).reshape(1, 1, 1, 2)),
        ],
        kind="DAGNetwork",
    ).initialize()
    X = normal(3, 2, 1, 4)
    expected = np.concatenate([2 * X, 3 * X], axis=2)
    np.testing.assert_allclose(doubled.predict(X), expected, rtol=1e-6)


def test_features_go_in_as_n_by_c() -> None:
    weights = normal(2, 3)
    network = mc.dlnetwork(
        [mc.featureInputLayer(3), mc.fullyConnectedLayer(2, Weights=weights)], seed=0
    )
    X = normal(4, 3)
    np.testing.assert_allclose(network.predict(X), X @ weights.T, atol=1e-6)
    np.testing.assert_allclose(network.predict(X.tolist()), X @ weights.T, atol=1e-6)


def test_several_inputs_and_outputs() -> None:
    graph = mc.layerGraph([mc.featureInputLayer(2, Name="a"), mc.additionLayer(2, Name="sum")])
    graph = mc.addLayers(graph, mc.featureInputLayer(2, Name="b"))
    graph = mc.connectLayers(graph, "b", "sum/in2")
    graph = mc.addLayers(graph, mc.tanhLayer(Name="tanh"))
    graph = mc.connectLayers(graph, "b", "tanh")
    network = mc.dlnetwork(graph)
    assert (network.InputNames, network.OutputNames) == (["a", "b"], ["sum", "tanh"])
    A, C = normal(5, 2), normal(5, 2, seed=1)
    total, squashed = network.predict(A, C)
    np.testing.assert_array_equal(total, A + C)
    np.testing.assert_allclose(squashed, np.tanh(C), atol=1e-6)
    with pytest.raises(errors.UsageError, match="2 inputs"):
        network.predict(A)


def test_activations_in_three_orientations() -> None:
    network = classifier()
    channels = network.activations(IMAGES, "in")
    np.testing.assert_array_equal(channels, IMAGES)
    columns = network.activations(IMAGES, "in", OutputAs="columns")
    np.testing.assert_array_equal(columns, IMAGES.reshape((24, 5), order="F"))
    np.testing.assert_array_equal(network.activations(IMAGES, "in", OutputAs="rows"), columns.T)
    assert network.activations(IMAGES, "fc").shape == (1, 1, 3, 5)
    with pytest.raises(errors.UsageError, match="'diagonal'"):
        network.activations(IMAGES, "fc", OutputAs="diagonal")


def test_activations_of_an_output_layer_are_those_before_it() -> None:
    network = classifier()
    np.testing.assert_array_equal(
        network.activations(IMAGES, "out", OutputAs="rows"), network.predict(IMAGES)
    )


def test_classify_gives_the_name_of_the_highest_score() -> None:
    expected = ["abc"[i] for i in scores(IMAGES).argmax(axis=1)]
    assert classifier().classify(IMAGES) == expected
    assert len(set(expected)) > 1


def test_scores_that_are_nan_are_no_class_without_a_word() -> None:
    X = np.array([[0.1, np.nan, 0.2], [0.3, 0.5, 0.4]])  # MATLAB's max leaves NaN out
    network = mc.dlnetwork([mc.featureInputLayer(3, Normalization="none"), mc.reluLayer()])
    with pytest.warns(errors.MatlabCompatWarning, match="Some scores are NaN"):
        assert network.classify(X, ["a", "b", "c"]) == ["c", "b"]
    with pytest.warns(errors.MatlabCompatWarning, match="Some scores are NaN"):
        assert network.classify(X, ["a", "b", "c"], top=1)[0][0][0] == "c"


def test_classify_by_pixel() -> None:
    network = Network(
        [
            mc.imageInputLayer([2, 3, 2], Normalization="none"),
            mc.softmaxLayer(),
            mc.pixelClassificationLayer(Classes=["sky", "sea"]),
        ],
        kind="SeriesNetwork",
    )
    X = normal(2, 3, 2, 4)
    expected = np.where(X[:, :, 0] > X[:, :, 1], "sky", "sea")
    np.testing.assert_array_equal(network.classify(X), expected)


def test_without_classes_classify_says_so() -> None:
    with pytest.raises(errors.UsageError, match="no classes"):
        mc.dlnetwork([mc.featureInputLayer(2), mc.softmaxLayer()]).classify([[1.0, 2.0]])


def test_forward_drops_and_predict_does_not() -> None:
    network = mc.dlnetwork([mc.featureInputLayer(400), mc.dropoutLayer(0.25)])
    ones = np.ones((1, 400), np.float32)
    np.testing.assert_array_equal(network.predict(ones), ones)
    dropped = network.forward(ones)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.75)}
    assert 50 < np.sum(dropped == 0) < 150


def test_forward_normalizes_by_the_batch() -> None:
    network = mc.dlnetwork([mc.featureInputLayer(1), mc.batchNormalizationLayer()])
    X = np.array([[1.0], [3.0]])
    np.testing.assert_allclose(network.forward(X), [[-1.0], [1.0]], atol=1e-4)
    np.testing.assert_allclose(network.predict(X), X, atol=1e-4)


# --- wrong data ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(6, 4, 3), (4, 6, 1), (1, 1, 1), (6, 4, 1, 1, 2)])
def test_data_of_the_wrong_size_is_refused_at_its_input(size: tuple[int, ...]) -> None:
    with pytest.raises(errors.DataFormatError):
        classifier().predict(np.zeros(size))


def test_data_of_other_labels_is_refused_at_its_input() -> None:
    with pytest.raises(
        errors.DataFormatError, match="'SCB', but the network takes 'SSCB'"
    ) as caught:
        classifier().predict(mc.dlarray(np.zeros((6, 4, 1)), "SCB"))
    assert caught.value.where == ("input 'in'",)


def test_a_single_pixel_is_not_spread_over_the_mean_image() -> None:
    network = Network([mc.imageInputLayer([2, 2, 1], Mean=np.ones((2, 2, 1)), Name="in")])
    with pytest.raises(errors.DataFormatError, match="takes 2×2×1"):
        network.predict(np.ones((1, 1)))


def test_a_larger_image_that_a_later_layer_cannot_take_names_that_layer() -> None:
    with pytest.raises(errors.DataFormatError) as caught:
        classifier().predict(np.zeros((8, 4, 1)))
    assert caught.value.where == ("layer 'fc'",)


def test_a_network_of_grouped_convolutions_knows_whether_it_is_initialized() -> None:
    layers = [
        mc.imageInputLayer([6, 4, 4], Normalization="none"),
        mc.groupedConvolution2dLayer(3, 1, 4),
    ]
    assert not Network(layers).Initialized
    assert Network(layers).initialize(seed=0).Initialized


def test_without_weights_predict_names_the_layer() -> None:
    network = Network([mc.featureInputLayer(2), mc.fullyConnectedLayer(3)])
    assert not network.Initialized
    with pytest.raises(errors.PropertyError) as caught:
        network.predict([[1.0, 2.0]])
    assert caught.value.where[0] == "layer 'fc'"


# --- layers that cannot be built ----------------------------------------------------------


def with_unsupported() -> Network:
    return Network(
        [
            mc.featureInputLayer(2, Name="in"),
            UnsupportedLayer("mine.Swirl", {"Name": "swirl", "Turns": 3.0}),
            mc.networkLayer(Network([UnsupportedLayer("mine.Twist", {"Name": "twist"})]), Name="n"),
        ]
    )


LOSS = {"Name": "loss", "Classes": np.array([["a"], ["b"], ["c"]], dtype=object), "Version": 1.0}


def ending(kind: str, class_name: str = "mine.Loss", **fields: object) -> Network:
    """The classifier with another last layer."""
    last = UnsupportedLayer(class_name, {**LOSS, **fields})
    return Network([*classifier().Layers[:-1], last], kind=kind)


@pytest.mark.parametrize("kind", ["SeriesNetwork", "DAGNetwork"])
def test_an_output_layer_that_cannot_be_built_does_not_change_predictions(kind: str) -> None:
    network = ending(kind)
    assert network.unsupported == {}
    np.testing.assert_allclose(network.predict(IMAGES), scores(IMAGES), atol=1e-6)
    assert network.OutputNames == ["loss"]


def test_the_classes_of_an_output_layer_that_cannot_be_built_are_used() -> None:
    assert ending("DAGNetwork").classify(IMAGES) == classifier().classify(IMAGES)


@pytest.mark.parametrize(
    "network",
    [
        ending("dlnetwork"),  # ends in any layer
        ending("LayerGraph"),  # need not have an output layer yet
        ending("DAGNetwork", "nnet.cnn.layer.FullyConnectedLayer"),
        ending(
            "DAGNetwork", **{"nnet.layer.Layer.PrivateOutputs": np.array(["out"], dtype=object)}
        ),
    ],
    ids=["dlnetwork", "layer graph", "a layer that computes", "a custom layer that computes"],
)
def test_any_other_last_layer_that_cannot_be_built_is_refused(network: Network) -> None:
    assert list(network.unsupported) == ["loss"]
    with pytest.raises(errors.UnsupportedLayerError, match="'loss' is a"):
        network.predict(IMAGES)


def test_a_layer_that_cannot_be_built_before_the_end_is_refused() -> None:
    layers = classifier().Layers
    swirl = UnsupportedLayer("mine.Swirl", {"Name": "swirl"})
    network = Network([*layers[:2], swirl, *layers[2:]], kind="SeriesNetwork")
    assert list(network.unsupported) == ["swirl"]


def test_all_unsupported_layers_are_reported_at_once() -> None:
    network = with_unsupported()
    assert list(network.unsupported) == ["swirl", "n/twist"]
    with pytest.raises(errors.UnsupportedLayerError) as caught:
        network.to_torch()
    message = str(caught.value)
    assert "2 of 3 layers" in message
    assert "'swirl' is a mine.Swirl" in message
    assert "(Turns)" in message
    assert "'n/twist' is a mine.Twist" in message
    assert "register" in caught.value.remedy
    assert "stub" in caught.value.remedy


# --- display ------------------------------------------------------------------------------


def test_print_of_a_dlnetwork() -> None:
    network = mc.dlnetwork(
        [
            mc.imageInputLayer([28, 28, 1], Normalization="none", Name="data"),
            mc.convolution2dLayer(5, 20, Name="conv"),
            mc.softmaxLayer(Name="prob_flatten"),
        ]
    )
    assert str(network) == (
        "  dlnetwork with properties:\n"
        "\n"
        "         Layers: [3×1 nnet.cnn.layer.Layer]\n"
        "    Connections: [2×2 table]\n"
        "     Learnables: [2×3 table]\n"
        "          State: [0×3 table]\n"
        "     InputNames: {'data'}\n"
        "    OutputNames: {'prob_flatten'}\n"
        "    Initialized: 1\n"
        "\n"
        "  View summary with summary."
    )


def test_print_of_a_network_with_a_layer_whose_labels_are_not_known() -> None:
    image = mc.imageInputLayer([4, 5, 2], Normalization="none", Name="in")
    network = Network([image, mc.permuteLayer((3, 1, 2), Name="permute")], kind="SeriesNetwork")
    assert str(network) == (
        "  SeriesNetwork with properties:\n"
        "\n"
        "         Layers: [2×1 nnet.cnn.layer.Layer]\n"
        "     InputNames: {'in'}\n"
        "    OutputNames: {'permute'}"
    )


def test_print_of_a_series_network() -> None:
    assert str(classifier()) == (
        "  SeriesNetwork with properties:\n"
        "\n"
        "         Layers: [4×1 nnet.cnn.layer.Layer]\n"
        "     InputNames: {'in'}\n"
        "    OutputNames: {'out'}"
    )


def test_print_of_a_layer_array_shows_no_names_that_were_not_given() -> None:
    array = Network(
        [mc.imageInputLayer([28, 28, 3]), mc.convolution2dLayer(5, 10)], kind="Layer array"
    )
    assert str(array) == (
        "  2×1 Layer array with layers:\n"
        "\n"
        "     1   ''   Image Input       28×28×3 images with 'zerocenter' normalization\n"
        "     2   ''   2-D Convolution   10 5×5 convolutions with stride [1  1] "
        "and padding [0  0  0  0]"
    )


def test_summary() -> None:
    network = mc.dlnetwork(
        [mc.featureInputLayer(60, Name="in"), mc.fullyConnectedLayer(100, Name="fc")]
    )
    lines = [line for line in network.summary().splitlines() if line]
    assert lines == [
        "   Initialized: true",
        "   Number of learnables: 6.1k",
        "   Inputs:",
        "      1   'in'   60 features",
    ]


def test_a_layer_array_may_repeat_a_name() -> None:
    twins = [mc.reluLayer(Name=name) for name in ("a", "a", "b", "a")]
    array = Network(twins, kind="Layer array")
    assert array.names == ["a", "a_2", "b", "a_3"]
    assert [layer.Name for layer in array.Layers] == ["a", "a", "b", "a"]
    with pytest.raises(errors.UsageError, match="called 'a'"):
        Network(twins)
