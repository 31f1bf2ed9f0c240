"""``fullyconnect``, ``attention`` and ``embed``.

Expected values: matrix products of column-major vectors; attention written out observation by
observation, head by head; columns picked by hand; sizes of the documentation pages' examples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError

from ..filter_reference import normal

Array = NDArray[Any]


def random(*size: int, seed: int = 0) -> Array:
    return normal(*size, seed=seed, dtype=np.float64)


# --- fullyconnect -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["SSCB", "SSCU", "SCUB"])
def test_fullyconnect_flattens_column_major(form: str) -> None:
    X, b = random(3, 4, 2, 5), random(6)
    inputs = X.reshape(24, 5, order="F") if form[-1] == "B" else X.reshape(120, order="F")[:, None]
    W = random(6, inputs.shape[0])
    Y = mc.fullyconnect(X, W, b, DataFormat=form)
    np.testing.assert_allclose(Y.reshape(6, -1), W @ inputs + b[:, None], rtol=1e-12, atol=1e-13)


def test_fullyconnect_passes_time_step_by_step_and_keeps_the_order() -> None:
    X, W, b = random(5, 7, 3), random(4, 3), random(4)
    expected = np.einsum("fc,btc->btf", W, X) + b
    np.testing.assert_allclose(mc.fullyconnect(X, W, b, DataFormat="BTC"), expected, rtol=1e-12)


def test_fullyconnect_of_a_dlarray_drops_space() -> None:
    X, W = random(2, 3, 4, 5), random(6, 2, 3, 4)  # the documentation's weights: outputs×h×w×c
    Y = mc.fullyconnect(mc.dlarray(X, "SSCB"), W, np.zeros((6, 1)))
    assert Y.dims() == "CB"
    expected = W.reshape(6, -1, order="F") @ X.reshape(-1, 5, order="F")
    np.testing.assert_allclose(Y.extractdata(), expected, rtol=1e-12)


def test_labelled_weights_of_fullyconnect_have_outputs_C() -> None:
    X, W, b = random(3, 5), random(4, 3), random(4)
    expected = mc.fullyconnect(X, W, b, DataFormat="CB")
    for labelled in (mc.dlarray(W, "CU"), mc.dlarray(W.T, "UC")):
        Y = mc.fullyconnect(X, labelled, mc.dlarray(b[:, None], "CU"), DataFormat="CB")
        np.testing.assert_array_equal(Y, expected)


def test_fullyconnect_refuses_what_does_not_fit() -> None:
    with pytest.raises(DataFormatError, match=r"weights are for 4 inputs.* has 3"):
        mc.fullyconnect(random(3, 5), random(2, 4), [0, 0], DataFormat="CB")
    with pytest.raises(DataFormatError, match="bias has 3 elements for 2 outputs"):
        mc.fullyconnect(random(3, 5), random(2, 3), [0, 0, 0], DataFormat="CB")
    with pytest.raises(DataFormatError, match="labelled 'SU', without the outputs"):
        mc.fullyconnect(random(3, 5), mc.dlarray(random(2, 3), "SU"), [0, 0], DataFormat="CB")


# --- attention ----------------------------------------------------------------------------------


def written_out(
    Q: Array, K: Array, V: Array, heads: int, scale: float, allowed: Array
) -> tuple[Array, Array]:
    """``allowed`` is keys×queries×observations."""
    n = Q.shape[1]
    scores = np.zeros((K.shape[2], Q.shape[2], heads, n))
    Y = np.zeros((V.shape[0], n, Q.shape[2]))
    for i in range(n):
        for h in range(heads):
            q, k, v = (np.split(A[:, i], heads)[h] for A in (Q, K, V))
            S = np.where(allowed[..., i] != 0, k.T @ q * scale, -np.inf)
            S = np.exp(S) / np.exp(S).sum(0)
            scores[:, :, h, i] = S
            size = V.shape[0] // heads
            Y[h * size : (h + 1) * size, i] = v @ S
    return Y, scores


Q, K, V = random(4, 3, 5), random(4, 3, 6, seed=1), random(8, 3, 6, seed=2)
ALL = np.ones((6, 5, 3))
CAUSAL = np.triu(np.ones((6, 5)))[..., None] + np.zeros(3)


def check(expected: tuple[Array, Array], **options: Any) -> None:
    Y, weights = mc.attention(Q, K, V, 2, DataFormat="CBT", nargout=2, **options)
    np.testing.assert_allclose(Y, expected[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(weights, expected[1], rtol=1e-10, atol=1e-12)
    alone = mc.attention(Q, K, V, 2, DataFormat="CBT", **options)
    np.testing.assert_allclose(alone, expected[0], rtol=1e-10, atol=1e-12)


def test_attention_and_its_weights() -> None:
    check(written_out(Q, K, V, 2, 2**-0.5, ALL))


def test_attention_with_a_scale() -> None:
    check(written_out(Q, K, V, 2, 0.3, ALL), Scale=0.3)


def test_causal_attention() -> None:
    check(written_out(Q, K, V, 2, 2**-0.5, CAUSAL), AttentionMask="causal")


@pytest.mark.parametrize("per_observation", [False, True])
def test_attention_with_a_mask_of_keys_by_queries(per_observation: bool) -> None:
    mask = (random(6, 5, 3, seed=4) > 0) | (np.arange(6) == 2)[:, None, None]
    if not per_observation:
        mask = np.repeat(mask[..., :1], 3, axis=2)
    given = mask if per_observation else mask[..., 0]
    check(written_out(Q, K, V, 2, 2**-0.5, mask), AttentionMask=given)


def test_attention_leaves_padding_out() -> None:
    padding = np.ones((1, 3, 6))
    padding[0, 1, 4:] = 0
    allowed = ALL.copy()
    allowed[4:, :, 1] = 0
    check(written_out(Q, K, V, 2, 2**-0.5, allowed), PaddingMask=padding)


def test_sizes_and_labels_of_the_attention_page() -> None:
    queries, keys = normal(25, 32, 64), normal(25, 32, 80, seed=1)
    Y, weights = mc.attention(
        mc.dlarray(queries, "CBT"), mc.dlarray(keys, "CBT"), mc.dlarray(keys, "CBT"), 5, nargout=2
    )
    assert Y.dims() == "CBT"
    assert weights.shape == (80, 64, 5, 32)  # an array without labels
    assert isinstance(weights, np.ndarray)


def test_attention_along_space() -> None:
    X = random(5, 4, 3)
    expected = mc.attention(*[X.transpose(1, 2, 0)] * 3, 2, DataFormat="CBT").transpose(2, 0, 1)
    np.testing.assert_array_equal(mc.attention(X, X, X, 2, DataFormat="SCB"), expected)


def test_dropout_drops_attention_weights() -> None:
    _, weights = mc.attention(
        Q, K, np.ones_like(V), 2, DataFormat="CBT", DropoutProbability=0.5, nargout=2
    )
    Y = mc.attention(Q, K, np.ones_like(V), 2, DataFormat="CBT", DropoutProbability=0.5)
    np.testing.assert_allclose(weights.sum(0), 1)
    assert np.unique(Y.round(6)).size > 1


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((Q, K, V, 3), {}, "cannot be divided among 3 heads"),
        ((Q, K, V[..., :4], 2), {}, "6 keys cannot go with 4 values"),
        ((Q, V, V, 2), {}, "queries have 4 channels, and the keys have 8"),
        ((Q, K[:, :2], V[:, :2], 2), {}, "3, 2, 2 observations"),
        ((Q, K, V, 2), {"PaddingMask": np.ones((1, 3, 5))}, "PaddingMask is 1×3×5"),
        ((Q, K, V, 2), {"AttentionMask": np.ones((5, 6))}, "AttentionMask has 5 keys"),
        ((Q, mc.dlarray(K[..., 0], "CB"), V, 2), {}, "keys is labelled 'CB', but X 'CBT'"),
    ],
)
def test_attention_refuses(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        mc.attention(*arguments, DataFormat="CBT", **options)


def test_attention_refuses_images_and_masks_of_one_dimension() -> None:
    X = random(3, 4, 4, 2)
    with pytest.raises(DataFormatError, match="attention takes sequences"):
        mc.attention(X, X, X, 2, DataFormat="SSCB")
    with pytest.raises(PropertyError, match="AttentionMask must be"):
        mc.attention(Q, K, V, 2, DataFormat="CBT", AttentionMask=np.ones(6))


# --- embed --------------------------------------------------------------------------------------

W = random(4, 7)  # six words and the column of the others


def test_embed_puts_0_and_unknown_words_into_the_last_column() -> None:
    Y = mc.embed([[1, 6, 0, 7, 99]], W, DataFormat="CB")
    np.testing.assert_array_equal(Y, W[:, [0, 5, 6, 6, 6]])


def test_embed_expands_into_the_channel_dimension() -> None:
    X = np.array([[1, 2, 3], [4, 5, 0]])  # observations×time
    expected = W[:, [[0, 1, 2], [3, 4, 6]]]
    Y = mc.embed(X[None], mc.dlarray(W, "CU"), DataFormat="CBT")
    np.testing.assert_array_equal(Y, expected)
    np.testing.assert_array_equal(
        mc.embed(X[..., None], W, DataFormat="BTC"), expected.transpose(1, 2, 0)
    )


def test_embed_inserts_channels_into_a_dlarray() -> None:
    Y = mc.embed(mc.dlarray([[1, 2, 3], [4, 5, 0]], "BT"), W)
    assert Y.dims() == "CBT"
    np.testing.assert_array_equal(Y.extractdata(), W[:, [[0, 1, 2], [3, 4, 6]]])


def test_embed_keeps_indices_exact_beside_single_weights() -> None:
    wide = np.zeros((1, 2**24 + 3), np.float32)
    wide[0, 2**24] = 1
    assert mc.embed([[2**24 + 1]], wide, DataFormat="CB").item() == 1


@pytest.mark.parametrize("bad", [-1, 1.5, np.nan])
def test_embed_refuses_what_is_no_index(bad: float) -> None:
    with pytest.raises(DataFormatError, match="integers from 0 on"):
        mc.embed([[bad]], W, DataFormat="CB")


def test_embed_refuses_several_channels_and_unclear_places() -> None:
    with pytest.raises(DataFormatError, match="indices in one channel, not 2"):
        mc.embed([[1, 1], [2, 2]], W, DataFormat="CB")
    with pytest.raises(DataFormatError, match="does not say where the channels go"):
        mc.embed([[1, 1]], W, DataFormat="TB")
    with pytest.raises(DataFormatError, match="not dimension×"):
        mc.embed([[1, 1]], W[None], DataFormat="CB")
