"""Layers as files hold them, in every way out.

Expected values: the outputs of the layer or network before it was converted, which the tests of the
layers hold against the definitions. Where a target cannot hold one, it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
import matlab_compat as m
from converters.targets import suffixes
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


@pytest.mark.filterwarnings("ignore:.*holds NaN")
def weights_with_nan() -> Layer:
    W = numbers(3, 3, 2, 4)
    W[0, 0, 0, 1] = np.nan
    return m.convolution2dLayer(3, 4, Weights=W)


MODELS: dict[str, Callable[[], Layer | Network]] = {
    "images": images,
    "unequal edges in three dimensions": unequal_edges_in_three_dimensions,
    "weights with NaN": weights_with_nan,
}


@pytest.mark.filterwarnings("ignore:.*holds NaN")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", MODELS)
def test_every_way_out_computes_the_same(name: str, ending: str, tmp_path: Path) -> None:
    done = converters.save(MODELS[name](), tmp_path / f"model{ending}")
    assert done.exit_code == 0
    assert done.outputs, done.unchecked
