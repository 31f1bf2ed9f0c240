"""What ``predict``, ``activations`` and ``classify`` of whole networks give and refuse.

Expected values: the shapes that MATLAB's documentation pages state for each class of network
(``predict`` of SeriesNetwork, DAGNetwork and dlnetwork, ``activations``, ``classify``,
``scores2label``); the figures by numpy from the definitions.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import matlab_compat as mc
from converters.matfile.values import Categorical
from matlab_compat import errors
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network

Array = NDArray[Any]


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *size]).standard_normal(size).astype(np.float32)


CLASSES = ["cat", "dog", "elk"]
#: A filter as large as the image: the output is 1×1×3.
FILTER = normal(4, 5, 2, 3)
IMAGES = normal(4, 5, 2, 6)
#: N×K by the definition.
SCORES = np.einsum("hwcn,hwck->nk", IMAGES.astype(np.float64), FILTER)


def convolutional(kind: str = "SeriesNetwork", *, size: tuple[int, int] = (4, 5)) -> Network:
    """Images to 1×1×3 without a fully connected layer."""
    end = [mc.classificationLayer(Name="out", Classes=CLASSES)] if kind != "dlnetwork" else []
    layers = [
        mc.imageInputLayer([*size, 2], Normalization="none", Name="in"),
        mc.convolution2dLayer((4, 5), 3, Weights=FILTER, Bias=np.zeros((1, 1, 3)), Name="conv"),
        *end,
    ]
    return Network(layers, kind=kind)


# --- shapes -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SeriesNetwork", "DAGNetwork"])
def test_one_by_one_by_k_comes_as_n_by_k(kind: str) -> None:
    actual = convolutional(kind).predict(IMAGES)
    assert actual.shape == (6, 3)
    np.testing.assert_allclose(actual, SCORES, atol=1e-5)


def test_one_by_one_by_k_of_one_image_is_one_row() -> None:
    np.testing.assert_allclose(
        convolutional().predict(IMAGES[..., 0]), SCORES[:1], atol=1e-5, strict=False
    )
    assert convolutional().predict(IMAGES[..., 0]).shape == (1, 3)


def test_a_list_of_images_gives_n_by_k() -> None:
    images = [IMAGES[..., i] for i in range(6)]
    np.testing.assert_allclose(convolutional().predict(images), SCORES, atol=1e-5)


def test_a_dlnetwork_keeps_one_by_one_by_k_by_n() -> None:
    actual = convolutional("dlnetwork").predict(IMAGES)
    assert actual.shape == (1, 1, 3, 6)
    np.testing.assert_allclose(actual[0, 0].T, SCORES, atol=1e-5)
    labelled = convolutional("dlnetwork").predict(mc.dlarray(IMAGES, "SSCB"))
    assert (labelled.dims(), labelled.shape) == ("SSCB", (1, 1, 3, 6))


def test_a_volume_that_ends_one_by_one_by_one_comes_as_n_by_k() -> None:
    network = Network(
        [
            mc.image3dInputLayer([2, 3, 2, 2], Normalization="none"),
            mc.globalAveragePooling3dLayer(),
            mc.regressionLayer(),
        ],
        kind="DAGNetwork",
    )
    X = normal(2, 3, 2, 2, 4)
    actual = network.predict(X)
    assert actual.shape == (4, 2)
    np.testing.assert_allclose(actual, X.mean(axis=(0, 1, 2)).T, atol=1e-6)


def test_images_of_a_classic_network_stay_images() -> None:
    network = Network([mc.imageInputLayer([1, 3, 2], Normalization="none")], kind="DAGNetwork")
    X = normal(1, 3, 2, 4)
    np.testing.assert_array_equal(network.predict(X), X)


def test_activations_keep_one_by_one_by_k_by_n() -> None:
    for layer in ("conv", "out"):
        actual = convolutional().activations(IMAGES, layer)
        assert actual.shape == (1, 1, 3, 6)
        np.testing.assert_allclose(actual[0, 0].T, SCORES, atol=1e-5)


def test_a_sequence_classified_step_by_step_gives_a_label_for_each() -> None:
    network = Network(
        [mc.sequenceInputLayer(2), mc.softmaxLayer(), mc.classificationLayer(Classes=["a", "b"])],
        kind="SeriesNetwork",
    )
    X = [normal(2, 5), normal(2, 3)]
    expected = [np.where(x[0] > x[1], "a", "b").tolist() for x in X]
    assert network.classify(X) == expected
    assert network.classify(X[0]).tolist() == expected[0]


# --- classify -----------------------------------------------------------------------------

EXPECTED = [CLASSES[k] for k in SCORES.argmax(axis=1)]


def test_classify_of_one_by_one_by_k_gives_n_labels() -> None:
    assert convolutional().classify(IMAGES) == EXPECTED
    assert len(set(EXPECTED)) > 1


def cell(names: list[str]) -> Array:
    """An n×1 cell array as open_mat gives it."""
    return np.array(names, dtype=object)[:, np.newaxis]


NAMES = {
    "list": CLASSES,
    "cell": cell(CLASSES),
    "row of cells": cell(CLASSES).T,
    "string array": np.array(CLASSES, dtype=np.dtypes.StringDType())[:, np.newaxis],
    "numpy text": np.array(CLASSES),
    "categorical": Categorical(np.array([[3], [1], [2]], np.uint8), ["dog", "elk", "cat"]),
    "labels of a data set": Categorical(np.array([[2], [2], [1], [3], [0]], np.uint8), CLASSES),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_dlnetwork_is_told_the_classes(names: object) -> None:
    network = convolutional("dlnetwork")
    assert network.classify(IMAGES, names) == EXPECTED
    assert network.classify(IMAGES, classes=names) == EXPECTED


def test_labelled_scores_are_classified_alike() -> None:
    network = convolutional("dlnetwork")
    assert network.classify(mc.dlarray(IMAGES, "SSCB"), CLASSES) == EXPECTED


def test_the_names_given_go_before_those_of_the_network() -> None:
    capitals = [name.upper() for name in CLASSES]
    assert convolutional().classify(IMAGES, capitals) == [name.upper() for name in EXPECTED]


@pytest.mark.parametrize(
    "names", [["a", "b"], [1, 2, 3], IMAGES, Categorical(np.ones(2, int), ["a"])]
)
def test_other_than_one_name_for_each_class_is_refused(names: object) -> None:
    with pytest.raises(errors.UsageError, match="of 3 classes"):
        convolutional("dlnetwork").classify(IMAGES, names)


# --- sizes --------------------------------------------------------------------------------


def dense(*middle: Any) -> Network:
    weights = normal(3, 32 * 32 * 3)
    return Network(
        [
            mc.imageInputLayer([32, 32, 3], Normalization="none", Name="in"),
            *middle,
            mc.fullyConnectedLayer(3, Weights=weights, Bias=np.zeros((3, 1)), Name="fc_1"),
        ],
        kind="DAGNetwork",
    )


@pytest.mark.parametrize("middle", [[], [mc.flattenLayer()]])
def test_an_image_of_another_size_is_refused_with_both_sizes(middle: list[Any]) -> None:
    with pytest.raises(errors.DataFormatError) as caught:
        dense(*middle).predict(np.zeros((480, 640, 3), np.uint8))
    assert "input must be 32×32×3, the image is 480×640×3" in caught.value.what
    assert "mat1" not in str(caught.value)
    assert caught.value.where == ("layer 'fc_1'",)
    assert "32×32" in caught.value.remedy


def test_a_mean_image_of_another_size_is_refused_with_both_sizes() -> None:
    network = Network([mc.imageInputLayer([4, 4, 1], Mean=np.ones((4, 4, 1)), Name="in")])
    with pytest.raises(errors.DataFormatError, match="must be 4×4×1, the image is 5×6×1"):
        network.predict(np.zeros((5, 6, 1)))


def test_a_larger_image_runs_where_the_layers_can_and_predict_warns() -> None:
    network = convolutional("DAGNetwork")
    large = normal(6, 7, 2)
    with pytest.warns(errors.MatlabCompatWarning, match="6×7×2, larger than the 4×5×2"):
        actual = network.predict(large)
    assert actual.shape == (3, 3, 3, 1)
    corner = np.einsum("hwc,hwck->k", large[:4, :5], FILTER)
    np.testing.assert_allclose(actual[0, 0, :, 0], corner, atol=1e-5)


def test_activations_take_a_larger_image_as_matlab_s_do() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert convolutional().activations(normal(6, 7, 2), "conv").shape == (3, 3, 3, 1)


# --- layers that cannot be built ----------------------------------------------------------


def half_supported() -> Network:
    return Network(
        [
            mc.imageInputLayer([4, 5, 2], Normalization="none", Name="in"),
            mc.convolution2dLayer((4, 5), 3, Weights=FILTER, Bias=np.zeros((1, 1, 3)), Name="conv"),
            UnsupportedLayer("mine.Swirl", {"Name": "swirl"}),
            mc.lstmLayer(3, Name="lstm"),
            mc.classificationLayer(Name="out"),
        ],
        kind="DAGNetwork",
    )


def test_activations_run_up_to_a_layer_that_cannot_be_built() -> None:
    actual = half_supported().activations(IMAGES, "conv")
    np.testing.assert_allclose(actual[0, 0].T, SCORES, atol=1e-5)


@pytest.mark.parametrize("layer", ["swirl", "lstm", "out"])
def test_activations_beyond_it_name_it(layer: str) -> None:
    with pytest.raises(errors.UnsupportedLayerError, match=r"'swirl' is a mine\.Swirl"):
        half_supported().activations(IMAGES, layer)


def test_a_layer_that_cannot_be_built_is_the_news_not_the_labels_after_it() -> None:
    """A recurrent layer takes no images, but what the layer before makes of them is not known."""
    with pytest.raises(errors.UnsupportedLayerError, match=r"'swirl' is a mine\.Swirl"):
        half_supported().predict(IMAGES)


def test_names_of_classes_that_are_alike_are_refused_by_name() -> None:
    with pytest.raises(errors.UsageError, match="'cat', 'elk' stand there more than once"):
        convolutional("dlnetwork").classify(IMAGES, ["cat", "elk", "cat", "elk"])


def test_three_labels_of_a_data_set_are_not_taken_for_the_three_classes() -> None:
    """Labels that repeat are no names of classes; their categories are."""
    labels = Categorical(np.array([[2, 2, 1]]), CLASSES)
    expected = [CLASSES[i] for i in SCORES.argmax(1)]
    assert convolutional("dlnetwork").classify(IMAGES, labels) == expected


def test_a_layer_without_fields_is_named_without_empty_parentheses() -> None:
    layers = [mc.featureInputLayer(3, Name="in"), UnsupportedLayer("my.Custom", {"Name": "odd"})]
    with pytest.raises(errors.UnsupportedLayerError) as caught:
        Network(layers, kind="dlnetwork").predict(normal(2, 3))
    assert "'odd' is a my.Custom: no layer is registered for my.Custom\n" in f"{caught.value}\n"
