"""The bound on what a network may ask for. Expected sizes: the layers' own, run on data.

The sizes of what is refused are written out: 8 filters over 10^5 x 10^5 pixels, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from converters.examples import example_inputs
from matlab_compat import (
    convolution2dLayer,
    imageInputLayer,
    lstmLayer,
    networkLayer,
    reluLayer,
    resize2dLayer,
    sequenceInputLayer,
    transposedConv2dLayer,
)
from matlab_compat.errors import LimitExceededError
from matlab_compat.execution.sizes import _sized, bounded_activations, check_sizes
from matlab_compat.layers import Layer
from matlab_compat.network import Network
from tests.converters.samples import variants
from tests.steps import steps

LAYERS = variants()


def shapes(results: Any) -> list[tuple[int, ...]]:
    return [tuple(y.shape) for y in (results if isinstance(results, tuple) else (results,))]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda x: f"{type(x).__name__} {x.Name[5:]}")
def test_sizes_without_data_are_those_with_data(layer: Layer) -> None:
    try:
        module = layer.to_torch().eval()
        inputs = example_inputs(layer)
        with torch.inference_mode():
            expected = shapes(module(*inputs))
    except Exception:
        pytest.skip("it does not run on random inputs")
    with torch.no_grad(), torch.device("meta"):
        found = shapes(_sized(module, [x.to("meta") for x in inputs]))
    assert found == expected


def image_network(*layers: Layer) -> Network:
    inputs = imageInputLayer((8, 8, 3), Normalization="none", Name="in")
    conv = convolution2dLayer(3, 8, Padding="same", Name="conv")
    return Network([inputs, conv, *layers]).initialize()


X = np.ones((8, 8, 3), np.float32)


def test_the_error_names_the_layer_and_what_to_raise() -> None:
    big = resize2dLayer(OutputSize=(100_000, 100_000), Name="big")
    network = image_network(reluLayer(Name="relu"), big)
    with bounded_activations(), pytest.raises(LimitExceededError, match=str(8 * 10**10)) as caught:
        network.predict(X)
    assert caught.value.where == ("layer 'big'",)
    assert "max_elements=" in caught.value.remedy


def test_layers_within_a_layer_are_named() -> None:
    inner = Network([resize2dLayer(OutputSize=(100_000, 100_000), Name="big")])
    network = image_network(networkLayer(inner, Name="block"))
    with bounded_activations(), pytest.raises(LimitExceededError) as caught:
        network.predict(X)
    assert caught.value.where == ("layer 'block'", "layer 'big'")


def test_activations_are_bounded_as_well() -> None:
    network = image_network(resize2dLayer(OutputSize=(100_000, 100_000), Name="big"))
    with bounded_activations(), pytest.raises(LimitExceededError):
        network.activations(X, "big")


def test_what_is_cropped_away_again_counts() -> None:
    # 3 x 3 filters at a stride of 10^5 over 8 x 8: 700003 x 700003, all but 3 x 3 of it cropped.
    options = {"Weights": np.ones((3, 3, 1, 3), np.float32), "Bias": np.zeros((1, 1, 1))}
    layer = transposedConv2dLayer(3, 1, Stride=10**5, Cropping=350_000, **options)
    with bounded_activations(), pytest.raises(LimitExceededError):
        layer.predict(X)


def test_the_number_is_the_largest_that_passes() -> None:
    network = image_network()  # the largest array is 8 x 8 x 8
    with bounded_activations(8 * 8 * 8):
        network.predict(X)
    with bounded_activations(8 * 8 * 8 - 1), pytest.raises(LimitExceededError):
        network.predict(X)


def test_outside_there_is_no_bound() -> None:
    with bounded_activations(1):
        pass
    assert image_network().predict(X).shape == (8, 8, 8, 1)


def test_long_sequences_are_not_run_twice() -> None:
    """The sizes of a million time steps take as many steps to find as those of ten."""
    network = Network([sequenceInputLayer(2, Name="in"), lstmLayer(3, Name="lstm")])
    module = network.initialize().to_torch().eval()

    def checking(length: int) -> Callable[[], None]:
        sequence = torch.zeros(1, 2, length)
        return lambda: check_sizes(module, [sequence])

    with bounded_activations(12 * 10**6):  # 4 gates of 3 hidden units
        checking(10)()  # nothing left to import
        assert steps(checking(10**6)) < 1.5 * steps(checking(10))
    with bounded_activations(12 * 10**6 - 1), pytest.raises(LimitExceededError):
        checking(10**6)()
