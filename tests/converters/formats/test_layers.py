"""Layers as files hold them, in every way out.

Expected values: the outputs of the layer or network before it was converted, which the tests of the
layers hold against the definitions. Where a target cannot hold one, it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import converters
import matlab_compat as m
from converters.formats import suffixes
from matlab_compat import Network
from matlab_compat.layers import Layer

RNG = np.random.default_rng(3)
#: Those that hold a program of their own, and one of those that hold the layers' properties.
ENDINGS = [ending for ending in suffixes() if ending not in (".pt", ".pth", ".mat")]


def numbers(*size: int) -> Any:
    return RNG.standard_normal(size).astype(np.float32)


def images() -> Network:
    """A rescaled input, groups of one filter, and one output after a 1×3×4 map."""
    struct = {"Type": "rescale", "TargetMin": -1.0, "TargetMax": 1.0}
    struct |= {"Min": numbers(1, 1, 4) - 3, "Max": numbers(1, 1, 4) + 3}
    sizes: dict[str, object] = {"FilterSize": 3.0, "NumGroups": 4.0, "NumFiltersPerGroup": 1.0}
    sizes |= {"Name": "grouped", "PaddingMode": "same"}
    layers = [
        m.ImageInputLayer.from_fields(
            {"InputSize": np.array([[3.0, 5.0, 4.0]]), "Normalization": struct, "Name": "in"}
        ),
        m.GroupedConvolution2DLayer.from_fields(
            {**sizes, "Weights": numbers(3, 3, 1, 4), "Bias": numbers(1, 1, 4)}
        ),
        m.maxPooling2dLayer([3, 3], Name="pool"),
        m.FullyConnectedLayer.from_fields(
            {"OutputSize": 1.0, "Weights": numbers(1, 3, 4), "Bias": numbers(1, 1), "Name": "fc"}
        ),
        m.regressionLayer(Name="out"),
    ]
    return Network(layers, kind="SeriesNetwork")


def unequal_edges_in_three_dimensions() -> Layer:
    given = {"PaddingMode": "manual", "PaddingSize": np.array([[1.0, 1, 0, 0, 2, 2]])}
    return m.Convolution3DLayer.from_fields({"Weights": numbers(2, 2, 2, 3, 4), **given})


def tokens() -> Network:
    """The head of a vision transformer."""
    layers = [
        m.imageInputLayer([4, 6, 2], Normalization="none", Name="in"),
        m.patchEmbeddingLayer(2, 6, SpatialFlattenMode="row-major", Name="patches"),
        m.embeddingConcatenationLayer(Name="class"),
        m.layerNormalizationLayer(OperationDimension="channel-only", Name="norm"),
        m.selfAttentionLayer(2, 4, Name="attention"),
        m.indexing1dLayer("first", Name="token"),
        m.fullyConnectedLayer(3, Name="fc"),
    ]
    return Network(layers).initialize(seed=0)


def uneven_blocks() -> Network:
    layers = [m.imageInputLayer([5, 7, 2], Normalization="none"), m.spaceToDepthLayer([2, 3])]
    return Network(layers)


@pytest.mark.filterwarnings("ignore:.*holds NaN")
def weights_with_nan() -> Layer:
    W = numbers(3, 3, 2, 4)
    W[0, 0, 0, 1] = np.nan
    return m.convolution2dLayer(3, 4, Weights=W)


MODELS: dict[str, Callable[[], Layer | Network]] = {
    "images": images,
    "unequal edges in three dimensions": unequal_edges_in_three_dimensions,
    "weights with NaN": weights_with_nan,
    "tokens": tokens,
    "uneven blocks": uneven_blocks,
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*holds NaN")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.usefixtures("forked_packages")
def test_every_way_out_computes_the_same(name: str, ending: str, tmp_path: Path) -> None:
    done = converters.save(MODELS[name](), tmp_path / f"model{ending}")
    assert done.exit_code == 0
    assert done.outputs, done.unchecked


@pytest.mark.slow
def test_a_word_embedding_in_onnx_maps_unknown_words_to_the_last_vector(tmp_path: Path) -> None:
    """Random numbers are no words, so that the comparison of ``save`` has nothing to compare."""
    layers = [m.sequenceInputLayer(1, Name="words"), m.wordEmbeddingLayer(4, 6, Name="embedding")]
    net = Network(layers).initialize(seed=0)
    converters.save(net, tmp_path / "net.onnx", check=False)
    words = np.float32([[[0, 3, 9]]])  # N,C,T
    found = run_model(tmp_path / "net.onnx", words)
    np.testing.assert_array_equal(found[0], net.layer("embedding").values["Weights"][:, [6, 2, 6]])


@pytest.mark.slow
def test_an_index_in_onnx_follows_its_mask(tmp_path: Path) -> None:
    layers = [
        m.sequenceInputLayer(3, Name="data"),
        m.sequenceInputLayer(1, Name="ones"),
        m.indexing1dLayer("last", HasPaddingMaskInput=True, Name="index"),
    ]
    net = Network(layers, [("data", "index/in"), ("ones", "index/mask")])
    converters.save(net, tmp_path / "net.onnx", check=False)
    x, mask = numbers(2, 3, 4), np.float32([[[1, 1, 0, 0]], [[0, 1, 1, 0]]])
    found = run_model(tmp_path / "net.onnx", x, mask)
    np.testing.assert_array_equal(found, np.stack([x[0, :, 1], x[1, :, 2]]))


def run_model(path: Path, *inputs: Any) -> Any:
    session = onnxruntime.InferenceSession(path)
    names = [given.name for given in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]
