"""Embedding and indexing layers.

Expected values: columns of the weights picked by hand, as the documentation pages say; saved
fields as in real files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import matlab_compat as mc
from converters.find import find_models
from converters.matfile import open_mat
from converters.saved import SavedNetwork
from matlab_compat.errors import DataFormatError, PropertyError, UnsupportedLayerError

from ...real import REAL

Array = NDArray[Any]


def random(*size: int) -> Array:
    return np.random.default_rng(size).standard_normal(size).astype(np.float32)


X = random(3, 2, 5)  # C×N×T

# --- position embedding -----------------------------------------------------------------


def test_trap_the_position_embedding_gives_the_embedding_alone() -> None:
    W = random(4, 8)
    actual = mc.positionEmbeddingLayer(4, 8, Weights=W).predict(X)
    expected = np.stack([W[:, :5], W[:, :5]], 1)
    np.testing.assert_array_equal(actual, expected)


def test_positions_of_space() -> None:
    W = random(4, 8)
    made = mc.positionEmbeddingLayer(4, 8, Weights=W)
    actual = made.predict(random(5, 3, 1), "SCB")
    np.testing.assert_array_equal(actual[:, :, 0], W[:, :5].T)


def test_the_last_position_is_maxposition() -> None:
    W = random(4, 5)
    made = mc.positionEmbeddingLayer(4, 5, Weights=W)
    np.testing.assert_array_equal(made.predict(X)[:, 0, 4], W[:, 4])
    with pytest.raises(DataFormatError, match="6 positions, but MaxPosition is 5"):
        made.predict(random(3, 2, 6))


@pytest.mark.parametrize(
    ("dimension", "given"), [("auto", "SSCB"), ("temporal", "SCB"), ("spatial", "CBT")]
)
def test_other_formats_are_refused(dimension: str, given: str) -> None:
    made = mc.positionEmbeddingLayer(4, 5, PositionDimension=dimension)
    with pytest.raises(DataFormatError, match="takes data labelled"):
        made.output_formats([given])


def test_position_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PropertyError, match=r"Weights is 8×4, but .* need 4×8"):
        mc.positionEmbeddingLayer(4, 8, Weights=random(8, 4))


def test_saved_fields_of_a_position_embedding() -> None:
    made = mc.PositionEmbeddingLayer.from_fields(
        {
            "Version": np.array([[1.0]]),
            "Name": "pos-emb",
            "OutputSize": np.array([[4.0]]),
            "MaxPosition": np.array([[8.0]]),
            "PositionDimension": "auto",
            "Weights": random(4, 8),
            "WeightsInitializer": "narrow-normal",
            "WeightLearnRateFactor": np.array([[2.0]]),
            "WeightL2Factor": np.array([[1.0]]),
            "PositionStrategy": object(),
        }
    )
    assert made.WeightLearnRateFactor == 2
    assert made.predict(X).shape == (4, 2, 5)


def test_export_with_a_dynamic_batch_and_length() -> None:
    module = mc.positionEmbeddingLayer(4, 8, Weights=random(4, 8)).to_torch()
    shapes = {"x": {0: torch.export.Dim("batch"), 2: torch.export.Dim("time", max=8)}}
    exported = torch.export.export(module, (torch.zeros(2, 3, 5),), dynamic_shapes=shapes)
    torch.testing.assert_close(
        exported.module()(torch.zeros(3, 3, 7)), module(torch.zeros(3, 3, 7))
    )


# --- what is not settled ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (mc.sinusoidalPositionEncodingLayer(4), "sines and cosines"),
        (mc.indexing1dLayer("last", HasPaddingMaskInput=True), "padding mask"),
    ],
)
def test_what_no_page_settles_is_refused(made: mc.Layer, said: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=said) as caught:
        made.to_torch()
    assert caught.value.remedy


@pytest.mark.parametrize("mode", ["column-major", "row-major"])
def test_the_order_of_patches_is_not_settled(mode: str) -> None:
    made = mc.patchEmbeddingLayer([16, 16], 448, SpatialFlattenMode=mode)
    assert made.PatchSize == (16, 16)
    with pytest.raises(UnsupportedLayerError, match="order"):
        made.to_torch()


def test_the_size_of_a_sinusoidal_encoding_is_even() -> None:
    with pytest.raises(PropertyError, match="even"):
        mc.sinusoidalPositionEncodingLayer(5)


# --- word embedding ---------------------------------------------------------------------


def test_trap_words_count_from_1() -> None:
    W = random(4, 3)
    made = mc.wordEmbeddingLayer(4, 3, Weights=W)
    actual = made.predict(np.array([[[1, 3, 2]]], np.float32))
    np.testing.assert_array_equal(actual[:, 0], W[:, [0, 2, 1]])


def test_words_without_time() -> None:
    W = random(4, 3)
    actual = mc.wordEmbeddingLayer(4, 3, Weights=W).predict(np.array([[3.0, 1.0]]), "CB")
    np.testing.assert_array_equal(actual, W[:, [2, 0]])


@pytest.mark.parametrize("index", [0, 4, 1.5, -1])
@pytest.mark.parametrize("mode", ["discard", "map-to-last"])
def test_what_is_no_word_is_refused(index: float, mode: str) -> None:
    columns = 4 if mode == "map-to-last" else 3
    made = mc.wordEmbeddingLayer(2, 3, OOVMode=mode, Weights=random(2, columns))
    with pytest.raises(DataFormatError, match="integers from 1 to 3"):
        made.predict(np.array([[[index]]], np.float32))


# --- class token ------------------------------------------------------------------------


def test_the_class_token_comes_first() -> None:
    token = random(3, 1)
    actual = mc.embeddingConcatenationLayer(Weights=token).predict(X)
    assert actual.shape == (3, 2, 6)
    np.testing.assert_array_equal(actual[:, :, 0], np.repeat(token, 2, 1))
    np.testing.assert_array_equal(actual[:, :, 1:], X)


def test_the_class_token_over_space() -> None:
    token, x = random(3, 1), random(5, 3, 2)
    actual = mc.embeddingConcatenationLayer(Weights=token).predict(x, "SCB")
    np.testing.assert_array_equal(actual[0], np.repeat(token, 2, 1))
    np.testing.assert_array_equal(actual[1:], x)


def test_the_class_token_has_the_channels_of_the_input() -> None:
    made = mc.embeddingConcatenationLayer().initialize(3, 0)
    assert made.Weights.shape == (3, 1)
    with pytest.raises(DataFormatError, match="3 input channels"):
        made.predict(random(4, 2, 5))


# --- indexing ---------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "step"), [("first", 0), ("last", 4), (1, 0), (2, 1), (5, 4)])
def test_trap_index_counts_from_1(index: Any, step: int) -> None:
    np.testing.assert_array_equal(mc.indexing1dLayer(index).predict(X), X[:, :, step])


def test_indexing_takes_time_before_space() -> None:
    made = mc.indexing1dLayer("last")
    assert made.output_formats(["SSCBT"]) == ("SSCB",)
    assert made.output_formats(["SCB"]) == ("CB",)
    x = random(4, 3, 2)
    np.testing.assert_array_equal(made.predict(x, "SCB"), x[3])


def test_an_index_beyond_the_sequence_is_refused() -> None:
    with pytest.raises(DataFormatError, match="Index 6 is beyond the 5 steps"):
        mc.indexing1dLayer(6).predict(X)


@pytest.mark.parametrize("index", [0, "middle", 1.5])
def test_what_is_no_index_is_refused(index: Any) -> None:
    with pytest.raises(PropertyError, match="'first', 'last' or a positive integer"):
        mc.indexing1dLayer(index)


# --- real files -------------------------------------------------------------------------


@pytest.mark.real
def test_saved_embedding_and_indexing() -> None:
    (found,) = find_models(open_mat(REAL / "Breeze-ruiang__DWN-Transformer/trained_model.mat"))
    assert isinstance(found.model, SavedNetwork)
    saved = {s.short_class: s for s in found.model.layers}
    embedding = saved["PositionEmbeddingLayer"]
    x = random(12, 2, 9)
    expected = embedding.fields["Weights"][:, None, :9].repeat(2, 1)
    np.testing.assert_array_equal(embedding.build().predict(x), expected)
    np.testing.assert_array_equal(saved["Indexing1DLayer"].build().predict(x), x[:, :, -1])
