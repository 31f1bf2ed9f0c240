"""Mistakes that show in some channels or observations alone, which may be small beside the others.

The wrong results are made in numpy; mistakes of layers are made with other weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from matlab_compat import convolution2dLayer, dlnetwork, imageInputLayer, reluLayer
from matlab_compat.arrays import Array
from matlab_compat.layers import Layer
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.tolerance import Tolerance

from ..alone import verify_layer

RANDOM = np.random.default_rng(11)
X = RANDOM.standard_normal((8, 8, 4, 3)).astype(np.float32)
SIZES = [1, 1e-3, 1e-7]
each_size = pytest.mark.parametrize("size", SIZES)


def convolution(size: float, *, symmetric: bool = False) -> tuple[Layer, Array, Array]:
    """Its third channel is so much smaller than the others; those may not mind a flip."""
    weights = RANDOM.standard_normal((3, 3, 4, 5)).astype(np.float32)
    if symmetric:
        weights = weights + weights[::-1, ::-1]
    weights[:, :, :, 2] = size * RANDOM.standard_normal((3, 3, 4))
    bias = np.zeros((1, 1, 5), np.float32)
    return convolution2dLayer(3, 5, Weights=weights, Bias=bias, Name="c"), weights, bias


#: What becomes of the third channel, and what it is then called.
CHANGES: dict[str, Callable[[Array], Array]] = {
    "constant scale": lambda y: 2 * y,
    "sign exchanged": lambda y: -y,
    "height flipped": lambda y: y[::-1],
    "height and width exchanged": lambda y: y.swapaxes(0, 1),
}


@each_size
@pytest.mark.parametrize("name", CHANGES)
def test_a_mistake_in_one_channel_is_named_with_the_channel(size: float, name: str) -> None:
    layer, *_ = convolution(size)
    Y = layer.predict(X)
    Y[:, :, 2] = CHANGES[name](Y[:, :, 2])
    found = verify_layer(layer, X, Y).diagnoses
    assert found[0].name == name
    assert found[0].text.startswith("in channel 3 alone, the expected output is this one ")


@each_size
def test_a_mistake_in_one_observation_is_named_with_it(size: float) -> None:
    layer, *_ = convolution(1)
    x = X.copy()
    x[..., 1] *= size
    Y = layer.predict(x)
    Y[..., 1] = Y[::-1, ..., 1]
    found = verify_layer(layer, x, Y).diagnoses
    assert (found[0].name, "in observation 2 alone" in found[0].text) == ("height flipped", True)


def test_several_channels_are_counted_up() -> None:
    layer, *_ = convolution(1)
    Y = layer.predict(X)
    Y[:, :, [0, 2]] *= 2
    assert "in channels 1, 3 alone" in verify_layer(layer, X, Y).diagnoses[0].text


@each_size
def test_a_mistake_of_the_layer_that_shows_in_one_channel_is_the_layers(size: float) -> None:
    layer, weights, bias = convolution(size, symmetric=True)
    flipped = convolution2dLayer(3, 5, Weights=weights[::-1, ::-1].copy(), Bias=bias)
    found = verify_layer(layer, X, flipped.predict(X)).diagnoses
    assert found[0].name == "kernel flipped"


@each_size
def test_a_mistake_of_a_layer_in_a_network_that_shows_in_one_channel(size: float) -> None:
    layer, weights, bias = convolution(size, symmetric=True)
    flipped = convolution2dLayer(3, 5, Weights=weights[::-1, ::-1].copy(), Bias=bias, Name="c")
    first, last = imageInputLayer([8, 8, 4], Normalization="none"), reluLayer()
    right, wrong = (dlnetwork([first, one, last]) for one in (layer, flipped))
    found = verify_network(right, [X], {"Y": wrong.predict(X)}).diagnoses
    assert (found[0].name, found[0].where) == ("kernel flipped", "c")


@each_size
def test_noise_in_one_channel_gets_no_diagnosis(size: float) -> None:
    layer, *_ = convolution(size)
    Y = layer.predict(X)
    Y[:, :, 2] += size * RANDOM.standard_normal(Y[:, :, 2].shape).astype(np.float32)
    report = verify_layer(layer, X, Y)
    assert (report.verdict, report.diagnoses) == ("different", ())


def test_a_tolerance_has_its_part_as_well() -> None:
    layer, *_ = convolution(1e-3)
    Y = layer.predict(X)
    Y[:, :, 2] *= 2
    found = verify_layer(layer, X, Y, tolerance=Tolerance(rtol=1e-4, atol=1e-7)).diagnoses
    assert (found[0].name, "in channel 3" in found[0].text) == ("constant scale", True)


def test_dimensions_that_one_side_has_dropped_are_put_back() -> None:
    layer, *_ = convolution(1)
    Y = layer.predict(X[..., 0])
    Y = Y.reshape(Y.shape[:3])
    Y[:, :, 2] *= 2
    found = verify_layer(layer, X[..., 0], Y).diagnoses
    assert (found[0].name, "in channel 3" in found[0].text) == ("constant scale", True)
