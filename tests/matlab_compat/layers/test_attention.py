"""Attention layers.

Expected values: attention written out in float64 numpy, one observation, head and query after the
other, from the definition on the documentation pages (``softmax(K' * q * scale)``, heads as
contiguous blocks of channels); torch.nn.MultiheadAttention where it is defined alike; saved fields
as in real files.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import matlab_compat as mc
from converters.find import find_models
from converters.matfile import open_mat
from converters.saved import SavedNetwork
from matlab_compat.errors import (
    DataFormatError,
    PropertyError,
    UnsupportedLayerError,
)

from ...real import REAL

Array = NDArray[Any]

C, N, T = 6, 2, 5
HEADS, KEYS, VALUES, OUT = 2, 4, 8, 3


def random(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *size]).standard_normal(size)


X = random(C, N, T)


def attention(
    Q: Array,
    K: Array,
    V: Array,
    heads: int,
    scale: float | None = None,
    causal: bool = False,
    mask: Array | None = None,
) -> tuple[Array, Array]:
    """C×N×T queries, keys and values to the result and scores keys×queries×heads×N."""
    d, e = Q.shape[0] // heads, V.shape[0] // heads
    factor = 1 / np.sqrt(d) if scale is None else scale
    Y = np.zeros((V.shape[0], *Q.shape[1:]))
    scores = np.zeros((K.shape[2], Q.shape[2], heads, Q.shape[1]))
    for n, h, t in np.ndindex(Q.shape[1], heads, Q.shape[2]):
        products = K[h * d : (h + 1) * d, n].T @ Q[h * d : (h + 1) * d, n, t] * factor
        if causal:
            products[t + 1 :] = -np.inf
        if mask is not None:
            products[mask[0, n] == 0] = -np.inf
        weights = np.exp(products - products.max())
        scores[:, t, h, n] = weights / weights.sum()
        Y[h * e : (h + 1) * e, n, t] = V[h * e : (h + 1) * e, n] @ scores[:, t, h, n]
    return Y, scores


def parameters() -> dict[str, Array]:
    return {
        "QueryWeights": random(KEYS, C, seed=1),
        "KeyWeights": random(KEYS, C, seed=2),
        "ValueWeights": random(VALUES, C),
        "OutputWeights": random(OUT, VALUES),
        "QueryBias": random(KEYS, 1, seed=1),
        "KeyBias": random(KEYS, 1, seed=2),
        "ValueBias": random(VALUES, 1),
        "OutputBias": random(OUT, 1),
    }


def self_attention(**options: Any) -> mc.SelfAttentionLayer:
    return mc.selfAttentionLayer(HEADS, KEYS, **{**parameters(), **options})


def dense(p: dict[str, Array], name: str, x: Array) -> Array:
    return np.einsum("oc,cnt->ont", p[f"{name}Weights"], x) + p[f"{name}Bias"][:, :, None]


def expected_self_attention(x: Array, **options: Any) -> Array:
    p = parameters()
    Y, _ = attention(*(dense(p, n, x) for n in ("Query", "Key", "Value")), HEADS, **options)
    return dense(p, "Output", Y)


def run(layer: mc.Layer, x: Any, **options: Any) -> Any:
    return layer.predict(x, dtype="double", **options)


def assert_close(actual: Array, expected: Array) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


# --- self-attention ---------------------------------------------------------------------


@pytest.mark.parametrize("causal", [False, True])
def test_self_attention_is_its_definition(causal: bool) -> None:
    made = self_attention(AttentionMask="causal" if causal else "none")
    assert_close(run(made, X), expected_self_attention(X, causal=causal))


def test_trap_a_causal_first_step_sees_itself_alone() -> None:
    made = self_attention(AttentionMask="causal")
    assert_close(run(made, X)[:, :, :1], run(made, X[:, :, :1]))


def test_trap_the_scale_is_that_of_one_head() -> None:
    """NumKeyChannels is the total over the heads; the scale is 1/sqrt(KEYS / HEADS)."""
    scale = 1 / np.sqrt(KEYS / HEADS)
    assert_close(run(self_attention(), X), expected_self_attention(X, scale=scale))


def test_self_attention_over_space() -> None:
    """S×C×N: the same as over time."""
    actual = run(self_attention(), X.transpose(2, 0, 1), data_format="SCB")
    assert_close(actual.transpose(1, 2, 0), expected_self_attention(X))


def test_self_attention_is_that_of_torch_where_sizes_allow() -> None:
    """torch wants as many key and value channels as inputs, and one matrix for the three."""
    named = {n: random(C, C, seed=i) for i, n in enumerate(("Query", "Key", "Value", "Output"))}
    theirs = torch.nn.MultiheadAttention(C, 3, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        stacked = np.concatenate([named["Query"], named["Key"], named["Value"]])
        theirs.in_proj_weight.copy_(torch.from_numpy(stacked))
        theirs.out_proj.weight.copy_(torch.from_numpy(named["Output"]))
        x = torch.from_numpy(X.transpose(1, 2, 0).copy())
        expected, _ = theirs(x, x, x)
    made = mc.selfAttentionLayer(
        3,
        C,
        **{f"{name}Weights": W for name, W in named.items()},
        **{f"{name}Bias": np.zeros((C, 1)) for name in named},
    )
    assert_close(run(made, X), expected.numpy().transpose(2, 0, 1))


@pytest.mark.parametrize("causal", [False, True])
def test_padding_is_not_attended_to(causal: bool) -> None:
    mask = np.ones((1, N, T))
    mask[0, 1, 3:] = 0
    options = {"HasPaddingMaskInput": True, "AttentionMask": "causal" if causal else "none"}
    made = self_attention(**options)
    assert made.InputNames == ["in", "mask"]
    actual = run(made, (X, mask))
    assert_close(actual, expected_self_attention(X, mask=mask, causal=causal))
    alone = run(self_attention(AttentionMask=options["AttentionMask"]), X[:, 1:, :3])
    assert_close(actual[:, 1:, :3], alone)


def test_scores_are_an_unlabelled_output_of_keys_by_queries_by_heads_by_observations() -> None:
    """The page of ``attention``: 80×64×5×32 for 80 keys, 64 queries, 5 heads, 32 observations."""
    made = self_attention(HasScoresOutput=True)
    assert made.OutputNames == ["out", "scores"]
    assert made.output_formats(["CBT"]) == ("CBT", "UUUU")
    Y, scores = run(made, X)
    p = parameters()
    _, wanted = attention(dense(p, "Query", X), dense(p, "Key", X), dense(p, "Value", X), HEADS)
    assert_close(Y, expected_self_attention(X))
    assert_close(scores, wanted)


def test_dropout_works_in_training_only() -> None:
    module = self_attention(DropoutProbability=0.5).to_torch(dtype="double")
    x = torch.from_numpy(X.transpose(1, 0, 2).copy())
    expected = expected_self_attention(X).transpose(1, 0, 2)
    assert_close(module.eval()(x).detach().numpy(), expected)
    assert not np.allclose(module.train()(x).detach().numpy(), expected)


@pytest.mark.parametrize("given", ["SSCB", "CB", "SCBT", "SSCBT"])
def test_other_formats_are_refused(given: str) -> None:
    with pytest.raises(DataFormatError, match="'CBT' or 'SCB'"):
        self_attention().output_formats([given])


def test_sizes_are_read_off_the_weights() -> None:
    made = self_attention()
    assert (made.InputSize, made.NumValueChannels, made.OutputSize) == (C, VALUES, OUT)


def test_fields_of_a_release_that_calls_the_sizes_otherwise() -> None:
    """R2026a has NumQueryChannels; the weights tell all sizes."""
    made = mc.SelfAttentionLayer.from_fields(
        {"NumHeads": HEADS, "NumQueryChannels": KEYS, **parameters()}
    )
    assert made.NumKeyChannels == KEYS
    assert_close(run(made, X), expected_self_attention(X))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"QueryWeights": random(KEYS + 2, C)}, "QueryWeights is 6×6"),
        ({"KeyBias": random(KEYS + 1, 1)}, "KeyBias is 5×1"),
        ({"OutputWeights": random(OUT, KEYS)}, "OutputWeights is 3×4"),
        ({"NumValueChannels": 7}, "NumValueChannels 7 cannot be divided among 2 heads"),
        ({"DropoutProbability": 1}, "less than 1"),
        ({"AttentionMask": "full"}, "AttentionMask must be one of"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(PropertyError, match=said):
        self_attention(**options)


def test_heads_must_divide_the_key_channels() -> None:
    with pytest.raises(PropertyError, match="NumKeyChannels 5 cannot be divided among 2 heads"):
        mc.selfAttentionLayer(2, 5)


def test_initialized_sizes() -> None:
    """OutputSize is the input's; weights are Glorot, biases zero."""
    made = mc.selfAttentionLayer(2, 4, NumValueChannels=6).initialize(C, 0)
    sizes = {name: value.shape for name, value in made.values.items() if name.endswith("Weights")}
    assert sizes == {
        "QueryWeights": (4, C),
        "KeyWeights": (4, C),
        "ValueWeights": (6, C),
        "OutputWeights": (C, 6),
    }
    assert np.abs(made.KeyWeights).max() <= np.sqrt(6 / (4 + C))
    assert made.KeyWeights.any()
    assert not made.KeyBias.any()


def test_one_initializer_sets_all_weights() -> None:
    made = mc.selfAttentionLayer(2, 4, WeightsInitializer="ones").initialize(C, 0)
    assert (made.QueryWeights == 1).all()
    assert (made.OutputWeights == 1).all()


def test_what_torch_trained_comes_back() -> None:
    made = self_attention()
    module = made.to_torch(dtype="double")
    module.get_parameter("value_weight").data.mul_(2)
    trained = copy.deepcopy(made).assign_from_torch(module)
    np.testing.assert_array_equal(trained.ValueWeights, 2 * made.ValueWeights)
    np.testing.assert_array_equal(trained.QueryBias, made.QueryBias)


@pytest.mark.slow
def test_export_with_a_dynamic_batch_and_length() -> None:
    module = self_attention(AttentionMask="causal").to_torch().eval()
    x = torch.from_numpy(X.transpose(1, 0, 2).copy()).float()
    shapes = {"x": {0: torch.export.Dim("batch"), 2: torch.export.Dim("time")}, "mask": None}
    exported = torch.export.export(module, (x, None), dynamic_shapes=shapes)
    more = torch.randn(4, C, 9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(exported.module()(more, None), module(more))


def test_repr_gives_the_layer_back() -> None:
    made = mc.selfAttentionLayer(2, 4, AttentionMask="causal", KeyBiasL2Factor=2)
    assert eval(repr(made), vars(mc)) == made


# --- attention --------------------------------------------------------------------------

Q, K, V = random(C, N, T), random(C, N, 7), random(4, N, 7)


@pytest.mark.parametrize("scale", ["auto", 0.3])
def test_attention_is_its_definition(scale: Any) -> None:
    made = mc.attentionLayer(2, Scale=scale)
    assert made.InputNames == ["query", "key", "value"]
    factor = None if scale == "auto" else scale
    assert_close(run(made, (Q, K, V)), attention(Q, K, V, 2, factor)[0])


def test_attention_has_a_mask_for_the_keys() -> None:
    mask = np.ones((1, N, 7))
    mask[0, 0, 5:] = 0
    made = mc.attentionLayer(2, HasPaddingMaskInput=True, AttentionMask="causal")
    assert made.InputNames == ["query", "key", "value", "mask"]
    expected = attention(Q, K, V, 2, causal=True, mask=mask)[0]
    assert_close(run(made, (Q, K, V, mask)), expected)


def test_heads_must_divide_the_channels() -> None:
    with pytest.raises(DataFormatError, match="6 channels cannot be divided among 4 heads"):
        run(mc.attentionLayer(4), (Q, K, V))


def test_inputs_of_different_formats_are_refused() -> None:
    with pytest.raises(DataFormatError, match="different formats: CBT, SCB, CBT"):
        mc.attentionLayer(2).output_formats(["CBT", "SCB", "CBT"])


def test_grouped_queries_are_refused() -> None:
    made = mc.AttentionLayer.from_fields({"NumHeads": 4, "NumQueryGroups": np.array([[2.0]])})
    with pytest.raises(UnsupportedLayerError, match="NumQueryGroups"):
        made.to_torch()


# --- real files -------------------------------------------------------------------------


@pytest.mark.real
def test_saved_self_attention_layers_are_their_definition() -> None:
    (found,) = find_models(open_mat(REAL / "Breeze-ruiang__DWN-Transformer/trained_model.mat"))
    assert isinstance(found.model, SavedNetwork)
    saved = [s for s in found.model.layers if s.short_class == "SelfAttentionLayer"]
    assert [s.fields["AttentionMask"] for s in saved] == ["causal", "none"]
    for s in saved:
        made = s.build()
        assert isinstance(made, mc.SelfAttentionLayer)
        p = {k: v["Value"].astype(float) for k, v in s.fields.items() if isinstance(v, dict)}
        x = random(12, 2, 9)
        parts = (dense(p, name, x) for name in ("Query", "Key", "Value"))
        Y, _ = attention(*parts, 4, causal=made.AttentionMask == "causal")
        assert_close(run(made, x), dense(p, "Output", Y))
