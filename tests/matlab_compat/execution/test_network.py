"""Sequences through whole networks: each gives its own result, whatever it is batched with.

Expected values: the LSTM equations in numpy, one step after the other
(``tests/matlab_compat/recurrent_reference.py``); correlation's; and each sequence alone,
which cannot know of the others. Orientations are those that MATLAB's pages of ``predict`` state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, UsageError
from matlab_compat.network import Network
from tests.matlab_compat.recurrent_reference import lstm

Array = NDArray[Any]

C, H, K = 3, 4, 2
LENGTHS = (5, 1, 9, 5, 2)


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *size]).standard_normal(size)


SEQUENCES = [normal(C, length, seed=i) for i, length in enumerate(LENGTHS)]
WEIGHTS = {
    "InputWeights": normal(4 * H, C),
    "RecurrentWeights": normal(4 * H, H),
    "Bias": normal(4 * H, 1),
}


def sequence_network(*layers: mc.Layer) -> Network:
    return mc.dlnetwork([mc.sequenceInputLayer(C, MinLength=1), *layers], seed=2)


def hidden(x: Array) -> Array:
    """H×T by the equations."""
    zero = np.zeros((H, 1))
    return lstm(x[:, None, :], *WEIGHTS.values(), zero, zero)[0][:, 0]


# --- sequences of unequal length ----------------------------------------------------------


def test_every_sequence_of_a_list_gives_what_the_equations_give() -> None:
    results = sequence_network(mc.lstmLayer(H, **WEIGHTS)).predict(SEQUENCES)
    assert isinstance(results, list)
    for x, y in zip(SEQUENCES, results, strict=True):
        assert y.shape == (H, x.shape[1])
        np.testing.assert_allclose(y, hidden(x), atol=2e-6)


def test_the_last_step_of_each_is_its_own() -> None:
    network = sequence_network(mc.lstmLayer(H, OutputMode="last", **WEIGHTS))
    expected = np.stack([hidden(x)[:, -1] for x in SEQUENCES])
    np.testing.assert_allclose(network.predict(SEQUENCES), expected, atol=2e-6)


NETWORKS: dict[str, Callable[[], Network]] = {
    "lstm": lambda: sequence_network(mc.lstmLayer(H), mc.fullyConnectedLayer(K)),
    "bilstm": lambda: sequence_network(mc.bilstmLayer(H), mc.fullyConnectedLayer(K)),
    "bilstm, last": lambda: sequence_network(
        mc.bilstmLayer(H, OutputMode="last"), mc.fullyConnectedLayer(K), mc.softmaxLayer()
    ),
    "gru": lambda: sequence_network(mc.gruLayer(H), mc.dropoutLayer(0.5)),
    "convolution and global pooling": lambda: sequence_network(
        mc.convolution1dLayer(3, 4, Padding="same"),
        mc.batchNormalizationLayer(),
        mc.reluLayer(),
        mc.globalAveragePooling1dLayer(),
        mc.fullyConnectedLayer(K),
    ),
    "causal convolution and global maximum": lambda: sequence_network(
        mc.convolution1dLayer(3, 4, Padding="causal"), mc.globalMaxPooling1dLayer()
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_sequence_of_a_list_gives_what_it_gives_alone(name: str) -> None:
    network = NETWORKS[name]()
    together = network.predict(SEQUENCES)
    alone = [network.predict(x) for x in SEQUENCES]
    assert len(together) == len(SEQUENCES)
    for y, single in zip(together, alone, strict=True):
        single = single if isinstance(together, list) else single[0]
        assert y.shape == single.shape
        np.testing.assert_allclose(y, single, atol=2e-6)


def test_convolution_and_pooling_by_the_definition() -> None:
    filters = normal(3, C, K)
    network = sequence_network(
        mc.convolution1dLayer(3, K, Padding=1, Weights=filters), mc.globalAveragePooling1dLayer()
    )
    for x, y in zip(SEQUENCES, network.predict(SEQUENCES), strict=True):
        windows = sliding_window_view(np.pad(x, ((0, 0), (1, 1))), 3, axis=1)
        expected = np.einsum("cti,ick->tk", windows, filters).mean(axis=0)
        np.testing.assert_allclose(y, expected, atol=2e-6)


def test_a_cell_array_is_a_list() -> None:
    cells = np.empty((1, 2), object)
    cells[0, :] = SEQUENCES[:2]
    network = sequence_network(mc.lstmLayer(H, **WEIGHTS))
    assert [y.shape for y in network.predict(cells)] == [(H, 5), (H, 1)]


def test_a_list_of_one_sequence_gives_a_list_of_one() -> None:
    network = sequence_network(mc.lstmLayer(H, **WEIGHTS))
    (only,) = network.predict(SEQUENCES[:1])
    np.testing.assert_allclose(only, hidden(SEQUENCES[0]), atol=2e-6)


def test_activations_and_forward_of_a_list() -> None:
    network = sequence_network(mc.lstmLayer(H, Name="lstm", **WEIGHTS), mc.reluLayer())
    for results in (network.activations(SEQUENCES, "lstm"), network.predict(SEQUENCES)):
        assert [y.shape for y in results] == [(H, length) for length in LENGTHS]
    np.testing.assert_allclose(
        network.activations(SEQUENCES, "lstm")[2], hidden(SEQUENCES[2]), atol=2e-6
    )


def test_classify_of_a_list_gives_a_class_for_each() -> None:
    layers = [
        mc.sequenceInputLayer(C),
        mc.lstmLayer(H, OutputMode="last", **WEIGHTS),
        mc.classificationLayer(Classes=list("wxyz")),
    ]
    network = Network(layers, kind="SeriesNetwork")
    expected = ["wxyz"[hidden(x)[:, -1].argmax()] for x in SEQUENCES]
    assert network.classify(SEQUENCES) == expected
    assert len(set(expected)) > 1


def test_classify_by_time_step() -> None:
    layers = [
        mc.sequenceInputLayer(C),
        mc.lstmLayer(H, **WEIGHTS),
        mc.classificationLayer(Classes=list("wxyz")),
    ]
    results = Network(layers, kind="SeriesNetwork").classify(SEQUENCES)
    assert results == [["wxyz"[i] for i in hidden(x).argmax(axis=0)] for x in SEQUENCES]


# --- orientations -------------------------------------------------------------------------


def test_one_sequence_is_c_by_t() -> None:
    actual = sequence_network(mc.lstmLayer(H, **WEIGHTS)).predict(SEQUENCES[0])
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, hidden(SEQUENCES[0]), atol=2e-6)


def test_labelled_sequences_come_back_labelled() -> None:
    network = sequence_network(mc.lstmLayer(H, **WEIGHTS))
    batch = np.stack([SEQUENCES[0], SEQUENCES[3]], axis=1)  # C×B×T
    actual = network.predict(mc.dlarray(batch, "CBT"))
    assert actual.dims() == "CBT"
    expected = np.stack([hidden(SEQUENCES[0]), hidden(SEQUENCES[3])], axis=1)
    np.testing.assert_allclose(actual.extractdata(), expected, atol=2e-6)
    alone = network.predict(mc.dlarray(SEQUENCES[0], "CT"))
    assert alone.dims() == "CT"
    np.testing.assert_allclose(alone.extractdata(), hidden(SEQUENCES[0]), atol=2e-6)


def test_data_format_says_another_order() -> None:
    network = sequence_network(mc.lstmLayer(H, **WEIGHTS))
    actual = network.predict([x.T for x in SEQUENCES], data_format="TC")
    for x, y in zip(SEQUENCES, actual, strict=True):
        np.testing.assert_allclose(y, hidden(x), atol=2e-6)


def test_images_in_a_list_are_a_batch() -> None:
    network = mc.dlnetwork(
        [mc.imageInputLayer([4, 4, 1], Normalization="none"), mc.convolution2dLayer(3, 2)], seed=0
    )
    X = normal(4, 4, 1, 3)
    together = network.predict(X)
    for i, y in enumerate(network.predict([X[..., i] for i in range(3)])):
        np.testing.assert_allclose(y, together[..., i], atol=1e-6)


def test_a_list_of_labelled_sequences_is_run_by_their_labels() -> None:
    network = sequence_network(mc.lstmLayer(H))
    labelled = [mc.dlarray(x.T, "TC") for x in SEQUENCES]
    for one, other in zip(network.predict(labelled), network.predict(SEQUENCES), strict=True):
        np.testing.assert_array_equal(one, other)


# --- refused ------------------------------------------------------------------------------


def test_two_observations_in_one_item_of_a_list() -> None:
    with pytest.raises(UsageError, match="one observation"):
        sequence_network(mc.lstmLayer(H)).predict([normal(C, 5, 2), normal(C, 4)])


@pytest.mark.parametrize("other", [normal(C, 4), mc.dlarray(normal(C, 4), "CT")])
def test_arrays_of_different_labels_in_a_list(other: object) -> None:
    with pytest.raises(UsageError, match="different labels"):
        sequence_network(mc.lstmLayer(H)).predict([mc.dlarray(normal(C, 1, 5), "CBT"), other])


def test_lists_of_unequal_length() -> None:
    graph = mc.layerGraph([mc.sequenceInputLayer(C), mc.additionLayer(2, Name="add")])
    graph = mc.addLayers(graph, mc.sequenceInputLayer(C, Name="other"))
    network = mc.dlnetwork(mc.connectLayers(graph, "other", "add/in2"))
    with pytest.raises(UsageError, match="same length for every input"):
        network.predict(SEQUENCES, SEQUENCES[:2])
    with pytest.raises(UsageError, match="2 inputs but 3 data formats"):
        network.predict(SEQUENCES, SEQUENCES, data_format=["CT", "CT", "CT"])


def test_sequences_lying_on_their_side() -> None:
    with pytest.raises(DataFormatError, match="takes 3") as caught:
        sequence_network(mc.lstmLayer(H)).predict([x.T for x in SEQUENCES])
    assert caught.value.where == ("input 'sequenceinput'",)


def test_an_empty_list() -> None:
    with pytest.raises(DataFormatError, match="empty"):
        sequence_network(mc.lstmLayer(H)).predict([])
