"""From layer to module. Expected values: the layer's own properties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat import Layer, transposedConv2dLayer
from matlab_compat.errors import PropertyError, UnsupportedLayerError
from matlab_compat.execution.described import Factors


def layer(**options: Any) -> Any:
    return transposedConv2dLayer(1, 2, Weights=np.ones((1, 1, 2, 3)), **options)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_all_parameters_have_the_dtype(dtype: torch.dtype) -> None:
    assert {p.dtype for p in layer().to_torch(dtype=dtype).parameters()} == {dtype}


def test_factors_go_by_the_names_of_torch() -> None:
    made = layer(WeightLearnRateFactor=2, WeightL2Factor=3, BiasLearnRateFactor=4, BiasL2Factor=5)
    expected = {"weight": Factors(2, 3), "bias": Factors(4, 5)}
    assert made.torch_factors() == expected
    assert made.to_torch().factors == expected


def test_an_empty_bias_beside_weights_is_zero() -> None:
    assert layer().to_torch().bias.tolist() == [0, 0]


def test_an_empty_bias_that_would_not_be_zero_is_refused() -> None:
    with pytest.raises(PropertyError, match="Bias is empty") as caught:
        layer(BiasInitializer="ones", Name="up").to_torch()
    assert caught.value.where == ("layer 'up'", "Bias")


def test_a_layer_that_builds_no_module_says_so() -> None:
    class Mute(Layer):
        matlab_class = "test.Mute"
        constructor = "muteLayer"

    with pytest.raises(UnsupportedLayerError, match=r"test\.Mute cannot be run"):
        Mute().to_torch()
