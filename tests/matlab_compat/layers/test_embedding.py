"""Embedding and indexing layers.

Expected values: columns of the weights picked by hand, as the documentation pages say; saved
fields as in real files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

import converters
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


def test_the_order_of_a_sinusoidal_encoding_is_not_settled() -> None:
    with pytest.raises(UnsupportedLayerError, match="sines and cosines") as caught:
        mc.sinusoidalPositionEncodingLayer(4, PositionOffset=2).to_torch()
    assert caught.value.remedy


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


def test_index_0_and_unknown_words_take_the_last_column() -> None:
    """The case of the page of ``embed``: words 0, 3 and 9 of six, columns 7, 3 and 7."""
    W = random(4, 7)
    made = mc.wordEmbeddingLayer(4, 6, Weights=W)
    assert made.OOVMode == "map-to-last"
    actual = made.predict(np.array([[[0, 3, 9]]], np.float32))
    np.testing.assert_array_equal(actual[:, 0], W[:, [6, 2, 6]])


def test_saved_fields_of_a_trained_word_embedding() -> None:
    """Of a release before R2023b: there is no OOVMode, and one column more than words."""
    W = random(4, 7)
    fields = {"Name": "emb", "Dimension": 4.0, "NumWords": 6.0, "Weights": {"Value": W}}
    made = mc.WordEmbeddingLayer.from_fields(fields)
    np.testing.assert_array_equal(made.predict(np.float32([[[7, 1]]]))[:, 0], W[:, [6, 0]])


@pytest.mark.parametrize("index", [0, 4])
@pytest.mark.parametrize(("mode", "columns"), [("error", 3), ("error", 4), ("map-to-last", 3)])
def test_unknown_words_without_a_vector_are_refused(index: float, mode: str, columns: int) -> None:
    made = mc.wordEmbeddingLayer(2, 3, OOVMode=mode, Weights=random(2, columns))
    with pytest.raises(DataFormatError, match="integers from"):
        made.predict(np.array([[[index]]], np.float32))


@pytest.mark.parametrize("index", [1.5, -1, np.nan])
def test_what_is_no_index_of_a_word_is_refused(index: float) -> None:
    made = mc.wordEmbeddingLayer(2, 3, Weights=random(2, 4))
    with pytest.raises(DataFormatError, match="integers from 0 on"):
        made.predict(np.array([[[index]]], np.float32))


def test_word_weights_of_another_number_of_columns_are_refused() -> None:
    with pytest.raises(PropertyError, match=r"Weights is 2×5, but .* need 2×4"):
        mc.wordEmbeddingLayer(2, 3, Weights=random(2, 5))


def test_an_unknown_mode_for_unknown_words_is_refused() -> None:
    with pytest.raises(PropertyError, match="OOVMode must be one of 'map-to-last', 'error'"):
        mc.wordEmbeddingLayer(2, 3, OOVMode="discard")


@pytest.mark.parametrize(("kind", "variance"), [("he", 2 / 10), ("glorot", 2 / (10 + 4000))])
def test_the_fans_of_a_word_embedding_count_the_column_of_unknown_words(
    kind: str, variance: float
) -> None:
    """numIn = NumWords + 1, numOut = Dimension; within five standard errors of the variance."""
    made = mc.wordEmbeddingLayer(4000, 9, WeightsInitializer=kind).initialize(1, seed=0)
    assert made.Weights.shape == (4000, 10)
    measured = made.Weights.astype(float).var()
    assert abs(measured - variance) < 5 * variance * np.sqrt(2 / made.Weights.size)


def test_an_exported_word_embedding_maps_unknown_words_too() -> None:
    made = mc.wordEmbeddingLayer(4, 6, Weights=random(4, 7)).to_torch()
    x = torch.tensor([[[0.0, 3, 9]]])
    torch.testing.assert_close(torch.export.export(made, (x,)).module()(x), made(x))


# --- embedding (R2026a) -----------------------------------------------------------------


def test_an_index_takes_its_column() -> None:
    W = random(4, 6)
    made = mc.embeddingLayer(4, 6, Weights=W)
    actual = made.predict(np.array([[[1, 6, 3]]]), "CBT")
    np.testing.assert_array_equal(actual, W[:, [[0, 5, 2]]])
    np.testing.assert_array_equal(made.predict([[2, 4]], "CB"), W[:, [1, 3]])


@pytest.mark.parametrize("index", [0, 7, 1.5])
def test_an_index_outside_the_table_is_refused_that_of_a_mask_too(index: float) -> None:
    with pytest.raises(DataFormatError, match="integers from 1"):
        mc.embeddingLayer(4, 6, Weights=random(4, 6)).predict([[index]], "CB")


def test_a_mask_in_a_file_keeps_an_embedding_from_being_run() -> None:
    known = mc.layer_class("nnet.cnn.layer.EmbeddingLayer")
    assert known is not None
    fields = {"OutputSize": 4.0, "MaxIndex": 6.0, "Weights": random(4, 6), "MaskIndex": 0.0}
    with pytest.raises(UnsupportedLayerError, match="MaskIndex"):
        known.from_fields(fields).predict([[1]], "CB")


def test_a_network_with_an_embedding_is_converted_with_indices(tmp_path: Path) -> None:
    net = mc.dlnetwork([mc.sequenceInputLayer(1), mc.embeddingLayer(4, 6)]).initialize(seed=1)
    converters.save(net, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (y,) = session.run(None, {"sequenceinput": np.array([[[1, 6, 3]]], np.float32)})
    np.testing.assert_array_equal(y[0], net.Layers[1].values["Weights"][:, [0, 5, 2]])


def test_an_embedding_is_initialized_to_its_table() -> None:
    assert mc.embeddingLayer(4, 6).initialize().Weights.shape == (4, 6)


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


@pytest.mark.parametrize(
    ("kind", "variance"), [("he", 2 / 20_000), ("glorot", 1 / 20_000), ("narrow-normal", 1e-4)]
)
def test_the_fans_of_a_class_token_are_the_channels(kind: str, variance: float) -> None:
    """numIn is the number of channels of the input (the page); within five standard errors."""
    made = mc.embeddingConcatenationLayer(WeightsInitializer=kind).initialize(20_000, seed=0)
    measured = made.Weights.astype(float).var()
    assert abs(measured - variance) < 5 * variance * np.sqrt(2 / 20_000)


# --- patches ------------------------------------------------------------------------------


def patches_by_hand(X: Array, W: Array, b: Array, by_rows: bool) -> Array:
    """The sum of each patch, in the order of the page's example."""
    h, w = W.shape[:2]
    rows, columns = X.shape[0] // h, X.shape[1] // w
    places = [(i, j) for i in range(rows) for j in range(columns)]
    if not by_rows:
        places = [(i, j) for j in range(columns) for i in range(rows)]
    cut = [X[i * h : (i + 1) * h, j * w : (j + 1) * w].astype(float) for i, j in places]
    return np.stack([np.einsum("hwcf,hwcn->fn", W, x) + b.reshape(-1, 1) for x in cut])


@pytest.mark.parametrize(
    ("mode", "order"),
    [("column-major", [1, 4, 7, 2, 5, 8, 3, 6, 9]), ("row-major", [1, 2, 3, 4, 5, 6, 7, 8, 9])],
)
def test_patches_come_in_the_order_of_the_page(mode: str, order: list[float]) -> None:
    """The example of SpatialFlattenMode on the page of patchEmbeddingLayer."""
    made = mc.patchEmbeddingLayer(1, 1, SpatialFlattenMode=mode, Weights=[[1.0]], Bias=0.0)
    x = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32)
    assert made.predict(x).ravel().tolist() == order


@pytest.mark.parametrize("mode", ["column-major", "row-major"])
def test_patches_are_the_sum_written_out(mode: str) -> None:
    W, b, X = random(2, 3, 4, 5), random(1, 1, 5), random(6, 6, 4, 2)
    made = mc.patchEmbeddingLayer([2, 3], 5, SpatialFlattenMode=mode, Weights=W, Bias=b)
    assert made.output_formats(["SSCB"]) == ("SCB",)
    actual = made.predict(X)
    expected = patches_by_hand(X, W, b, mode == "row-major")
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_an_image_that_is_no_number_of_patches_is_refused() -> None:
    made = mc.patchEmbeddingLayer(4, 5).initialize(3, seed=0)
    with pytest.raises(DataFormatError, match="6×8 does not divide into patches of 4×4"):
        made.predict(random(6, 8, 3, 1))


def test_patch_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(PropertyError, match=r"Weights is 5×48, but .* need 4×4×NumChannels×5"):
        mc.patchEmbeddingLayer(4, 5, Weights=random(5, 48))


def test_patches_of_other_channels_are_refused() -> None:
    with pytest.raises(DataFormatError, match="3 input channels"):
        mc.patchEmbeddingLayer(2, 5).initialize(3, seed=0).predict(random(4, 4, 2, 1))


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


def test_the_index_is_first_by_default() -> None:
    assert mc.indexing1dLayer().Index == "first"
    made = mc.indexing1dLayer("Name", "idx")
    assert (made.Index, made.Name) == ("first", "idx")
    np.testing.assert_array_equal(made.predict(X), X[:, :, 0])


#: N×T: the data of the first sequence at the start, of the second at the end, of the third apart.
MASK = np.float32([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [0, 1, 0, 1, 1]])


@pytest.mark.parametrize(
    ("index", "steps"), [("first", [0, 2, 1]), ("last", [2, 4, 4]), (2, [1, 3, 3])]
)
@pytest.mark.parametrize("labels", ["CBT", "SCB", "SSCBT"])
def test_a_padding_mask_leaves_its_zeros_out(index: Any, steps: list[int], labels: str) -> None:
    """The page: the layer "ignores padding values when it extracts data"; 1 is data."""
    made = mc.indexing1dLayer(index, HasPaddingMaskInput=True)
    sizes = {"CBT": (4, 3, 5), "SCB": (5, 4, 3), "SSCBT": (2, 6, 4, 3, 5)}[labels]
    x, mask = random(*sizes), MASK[None] if "T" in labels else MASK.T[:, None]
    at = [x[..., n, t] if "T" in labels else x[t, :, n] for n, t in enumerate(steps)]
    actual = made.predict((x, mask), [labels, "CBT" if "T" in labels else "SCB"])
    np.testing.assert_array_equal(actual, np.stack(at, -1))


def test_a_mask_without_data_is_refused() -> None:
    made = mc.indexing1dLayer("last", HasPaddingMaskInput=True)
    with pytest.raises(DataFormatError, match="mask leaves an observation fewer steps"):
        made.predict((X, np.zeros((1, 2, 5))))


def test_an_exported_index_follows_its_mask() -> None:
    module = mc.indexing1dLayer("last", HasPaddingMaskInput=True).to_torch()
    x, mask = torch.from_numpy(random(3, 4, 5)), torch.from_numpy(MASK)[:, None]
    exported = torch.export.export(module, (x, mask)).module()
    torch.testing.assert_close(exported(x, mask), module(x, mask))


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
