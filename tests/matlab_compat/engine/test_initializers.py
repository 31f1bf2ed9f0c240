"""Initializers: the distributions of the documentation page, with its own numIn and numOut.

``numIn = FilterSize(1)*FilterSize(2)*NumChannels``, ``numOut = ...*NumFilters``. Sample moments
are compared within five of their own standard errors; the seeds are fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat import (
    TransposedConvolution2DLayer,
    convolution2dLayer,
    fullyConnectedLayer,
    transposedConv2dLayer,
)
from matlab_compat.errors import PropertyError

# Far apart, so that numIn and numOut cannot be taken for each other.
HEIGHT, WIDTH, FILTERS, CHANNELS = 3, 5, 8, 128
NUM_IN, NUM_OUT = HEIGHT * WIDTH * CHANNELS, HEIGHT * WIDTH * FILTERS
COUNT = HEIGHT * WIDTH * FILTERS * CHANNELS


def initialized(seed: Any = 0, **options: Any) -> TransposedConvolution2DLayer:
    made = transposedConv2dLayer([HEIGHT, WIDTH], FILTERS, **options)
    return made.initialize(CHANNELS, seed)


def assert_moments(sample: Any, variance: float, kurtosis: float) -> None:
    sample = sample.astype(np.float64)
    assert abs(sample.mean()) < 5 * math.sqrt(variance / COUNT)
    spread = 5 * variance * math.sqrt((kurtosis - 1) / COUNT)
    assert abs((sample**2).mean() - variance) < spread
    assert abs((sample**4).mean() / variance**2 - kurtosis) < 0.1 * kurtosis


def test_glorot_is_uniform_with_variance_2_over_numIn_plus_numOut() -> None:
    W = initialized().Weights
    variance = 2 / (NUM_IN + NUM_OUT)
    assert_moments(W, variance, kurtosis=9 / 5)  # that of a uniform distribution
    limit = math.sqrt(3 * variance)
    assert 0.999 * limit < np.abs(W).max() <= limit * (1 + 1e-6)


def test_he_is_normal_with_variance_2_over_numIn() -> None:
    W = initialized(WeightsInitializer="he").Weights
    assert_moments(W, 2 / NUM_IN, kurtosis=3)


def test_the_fan_in_of_torch_would_be_another_he() -> None:
    """torch takes NumFilters for the fan-in of a transposed convolution; MATLAB NumChannels."""
    theirs = torch.nn.ConvTranspose2d(CHANNELS, FILTERS, (HEIGHT, WIDTH)).weight
    torch.nn.init.kaiming_normal_(
        theirs, mode="fan_in", nonlinearity="relu", generator=torch.Generator().manual_seed(0)
    )
    ratio = theirs.var().item() / initialized(WeightsInitializer="he").Weights.var()
    assert ratio == pytest.approx(CHANNELS / FILTERS, rel=0.1)


def test_narrow_normal_has_standard_deviation_0_01() -> None:
    W = initialized(WeightsInitializer="narrow-normal").Weights
    assert_moments(W, 0.01**2, kurtosis=3)


@pytest.mark.parametrize(("name", "value"), [("zeros", 0), ("ones", 1)])
def test_constant_weights(name: str, value: int) -> None:
    W = initialized(WeightsInitializer=name).Weights
    np.testing.assert_array_equal(W, np.full(W.shape, value))


@pytest.mark.parametrize(("name", "value"), [("zeros", 0), ("ones", 1)])
def test_constant_bias(name: str, value: int) -> None:
    b = initialized(BiasInitializer=name).Bias
    np.testing.assert_array_equal(b, np.full((1, 1, FILTERS), value))


def test_narrow_normal_bias() -> None:
    made = transposedConv2dLayer(1, 10_000, BiasInitializer="narrow-normal").initialize(1, 0)
    assert made.Bias.std() == pytest.approx(0.01, rel=0.05)
    assert abs(made.Bias.mean()) < 5 * 0.01 / 100


def test_sizes_and_class() -> None:
    made = initialized()
    assert made.Weights.shape == (HEIGHT, WIDTH, FILTERS, CHANNELS)
    assert made.Bias.shape == (1, 1, FILTERS)
    assert made.Weights.dtype == made.Bias.dtype == np.float32
    assert made.NumChannels == CHANNELS


def test_a_function_receives_the_size_of_the_weights() -> None:
    sizes = []

    def counting(size: tuple[int, ...]) -> Any:
        sizes.append(size)
        return np.arange(math.prod(size)).reshape(size)

    made = initialized(WeightsInitializer=counting, BiasInitializer=counting)
    assert sizes == [(HEIGHT, WIDTH, FILTERS, CHANNELS), (1, 1, FILTERS)]
    assert made.Weights[0, 0, 0, 1] == 1
    assert made.Bias.ravel().tolist() == list(range(FILTERS))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda size: np.ones(size[::-1]), "returned 128×8×5×3"),
        (lambda size: "W", "not a numeric array"),
        (lambda size: np.full(size, np.nan), "returned NaN or infinite numbers"),
    ],
)
def test_a_function_that_returns_something_else_is_refused(function: Any, said: str) -> None:
    with pytest.raises(PropertyError, match=said):
        initialized(WeightsInitializer=function)


@pytest.mark.parametrize(
    ("make", "size", "returned"),
    [
        (lambda f: convolution2dLayer(3, 1, WeightsInitializer=f), (3, 3, 1, 1), (3, 3)),
        (lambda f: convolution2dLayer([3, 1], 1, WeightsInitializer=f), (3, 1, 1, 1), (3,)),
        (lambda f: fullyConnectedLayer(4, WeightsInitializer=f), (4, 1), (4,)),
        (lambda f: fullyConnectedLayer(1, WeightsInitializer=f), (1, 1), ()),
        (lambda f: fullyConnectedLayer(4, WeightsInitializer=f), (4, 1), (4, 1, 1)),
    ],
)
def test_a_function_may_return_what_matlab_would_without_trailing_ones(
    make: Any, size: tuple[int, ...], returned: tuple[int, ...]
) -> None:
    """In MATLAB ``ones([3 3 1 1])`` has the size 3x3."""
    made = make(lambda asked: np.arange(math.prod(asked)).reshape(returned))
    assert made.initialize(1).Weights.shape == size
    assert made.Weights.ravel().tolist() == list(range(math.prod(size)))


def test_only_what_is_empty_is_initialized() -> None:
    W = np.full((1, 1, 2, 3), 7, np.float32)
    made = transposedConv2dLayer(1, 2, Weights=W, BiasInitializer="ones").initialize()
    np.testing.assert_array_equal(made.Weights, W)
    assert made.Bias.ravel().tolist() == [1, 1]
    made = transposedConv2dLayer(1, 2, Bias=[5.0, 6.0]).initialize(3)
    assert made.Bias.ravel().tolist() == [5, 6]
    assert made.Weights.any()


def test_the_same_seed_gives_the_same_weights() -> None:
    assert initialized(3) == initialized(3)
    assert initialized(3) != initialized(4)


def test_a_generator_goes_on_where_an_int_starts_anew() -> None:
    source = torch.Generator().manual_seed(3)
    first = initialized(source)
    assert first == initialized(3)
    assert first != initialized(source)


def test_no_seed_gives_other_weights_and_leaves_the_generator_of_torch_alone() -> None:
    before = torch.get_rng_state()
    assert initialized(None) != initialized(None)
    assert torch.equal(torch.get_rng_state(), before)


def test_auto_needs_a_number_of_channels() -> None:
    with pytest.raises(PropertyError, match="'auto'") as caught:
        transposedConv2dLayer(3, 4).initialize()
    assert "initialize(numChannels=3)" in caught.value.remedy


def test_a_known_number_of_channels_needs_no_other() -> None:
    assert transposedConv2dLayer(3, 4, NumChannels=2).initialize().Weights.shape == (3, 3, 4, 2)


def test_another_number_of_channels_than_the_known_is_refused() -> None:
    with pytest.raises(PropertyError, match="has 2 input channels, not 3"):
        transposedConv2dLayer(3, 4, NumChannels=2).initialize(3)


@pytest.mark.parametrize("channels", [0, -1, 2.5, "3", True])
def test_no_number_of_channels_is_refused(channels: Any) -> None:
    with pytest.raises(PropertyError, match="numChannels must be a positive integer; got"):
        transposedConv2dLayer(3, 4).initialize(channels)
