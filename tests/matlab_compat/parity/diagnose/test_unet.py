"""A network like a U-Net with one mistake in one decoder layer: both are named.

Expected values: a second network, built anew with the mistake in its arguments, makes the wrong
activations; the diagnosis must name the layer and the mistake that were put there.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from matlab_compat import (
    batchNormalizationLayer,
    convolution2dLayer,
    depthConcatenationLayer,
    imageInputLayer,
    maxPooling2dLayer,
    reluLayer,
    softmaxLayer,
    transposedConv2dLayer,
)
from matlab_compat.network import Network
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import Report

Array = NDArray[Any]

X = np.random.default_rng(0).random((16, 16, 3, 2)).astype(np.float32)
MEAN = np.full((1, 1, 3), 0.5, np.float32)


def values(*size: int) -> Array:
    """The same numbers for the same size, whichever network asks."""
    random = np.random.default_rng(sum(size))
    array = random.standard_normal(size) / np.sqrt(size[0] * size[1] * size[2])
    return np.asarray(array, np.float32)


def convolution(name: str, channels: int, filters: int, **changes: Any) -> Any:
    options = {"Weights": values(3, 3, channels, filters), "Bias": values(1, 1, filters), **changes}
    return convolution2dLayer(3, filters, Padding="same", Name=name, **options)


def normalization(name: str, channels: int, **changes: Any) -> Any:
    options = {
        "Offset": values(1, 1, channels),
        "Scale": 1 + values(1, 1, channels),
        "TrainedMean": values(1, 1, channels),
        "TrainedVariance": 0.01 + np.abs(values(1, 1, channels)),
    }
    return batchNormalizationLayer(Name=name, **{**options, **changes})


def up(name: str, channels: int, filters: int, **changes: Any) -> Any:
    options = {
        "Weights": values(3, 3, filters, channels),
        "Bias": values(1, 1, filters),
        "Cropping": "same",
        **changes,
    }
    return transposedConv2dLayer(3, filters, Stride=2, Name=name, **options)


def unet(**changes: dict[str, Any]) -> Network:
    """Two steps down and up; ``changes`` are options of layers by name."""

    def of(name: str) -> dict[str, Any]:
        return changes.get(name, {})

    layers = [
        imageInputLayer((16, 16, 3), Mean=MEAN, Name="in", **of("in")),
        convolution("enc1", 3, 8, **of("enc1")),
        normalization("bn1", 8, **of("bn1")),
        reluLayer(Name="relu1"),
        maxPooling2dLayer(2, Stride=2, Name="pool1"),
        convolution("enc2", 8, 12, **of("enc2")),
        reluLayer(Name="relu2"),
        maxPooling2dLayer(2, Stride=2, Name="pool2"),
        convolution("bridge", 12, 16, **of("bridge")),
        up("up2", 16, 12, **of("up2")),
        depthConcatenationLayer(2, Name="cat2"),
        convolution("dec2", 24, 12, **of("dec2")),
        normalization("bn2", 12, **of("bn2")),
        reluLayer(Name="relu3"),
        up("up1", 12, 8, **of("up1")),
        depthConcatenationLayer(2, Name="cat1"),
        convolution("dec1", 16, 4, **of("dec1")),
        softmaxLayer(Name="softmax"),
    ]
    names = [layer.Name for layer in layers]
    links = [(a, b) for a, b in pairwise(names) if not b.startswith("cat")]
    links += [
        ("up2", "cat2/in1"),
        ("relu2", "cat2/in2"),
        ("up1", "cat1/in1"),
        ("relu1", "cat1/in2"),
    ]
    return Network(layers, links)


def crop(top: int, bottom: int, left: int, right: int) -> dict[str, Any]:
    return {"Cropping": [top, bottom, left, right]}


MISTAKES = {
    "flipped": ("up1", {"Weights": values(3, 3, 8, 12)[::-1, ::-1].copy()}, "kernel flipped"),
    "crop": ("up2", crop(1, 0, 1, 0), "'same' cropped on the wrong side"),
    "bias": ("dec2", {"Bias": np.zeros((1, 1, 12), np.float32)}, "bias missing"),
    "turned": (
        "up2",
        {"Weights": values(3, 3, 12, 16).swapaxes(0, 1).copy()},
        "kernel height and width exchanged",
    ),
    "epsilon": ("bn2", {"Epsilon": 1e-3}, "another epsilon"),
}


def report(mistaken: Network, layers: tuple[str, ...] = ()) -> Report:
    activations = {name: mistaken.activations(X, name) for name in layers}
    return verify_network(unet(), [X], {"Y": mistaken.predict(X)}, activations=activations)


@pytest.mark.parametrize(
    ("mistake", "layers"),
    [*((mistake, "none") for mistake in MISTAKES), ("crop", "all"), ("bias", "some")],
)
def test_the_layer_and_the_mistake_are_named(mistake: str, layers: str) -> None:
    layer, change, name = MISTAKES[mistake]
    mistaken = unet(**{layer: change})
    chosen = {"none": (), "all": tuple(mistaken.names), "some": ("relu2", "relu3", "cat1")}
    found = report(mistaken, chosen[layers]).diagnoses
    assert (found[0].where, found[0].name) == (layer, name)
    assert f"layer '{layer}'" in found[0].text


def test_the_first_layer_that_differs_is_the_one_diagnosed() -> None:
    mistaken = unet(up2=crop(1, 0, 1, 0), dec1={"Bias": np.zeros((1, 1, 4), np.float32)})
    found = report(mistaken, tuple(mistaken.names))
    assert found.first_difference == "up2"
    assert found.diagnoses[0].where == "up2"


def test_batch_statistics_everywhere() -> None:
    mistaken = unet()
    found = verify_network(unet(), [X], {"Y": mistaken.forward(X)}).diagnoses
    assert (found[0].name, found[0].where) == ("batch statistics", "2 batch normalization layers")


def test_an_input_that_was_not_normalized() -> None:
    found = report(unet(**{"in": {"Normalization": "none"}})).diagnoses
    assert (found[0].where, found[0].name) == ("in", "input normalization missing")


def test_other_weights_get_no_diagnosis() -> None:
    """One step down and up, where the search, which tries everything, has less to try."""

    def step(**changes: Any) -> Network:
        return Network(
            [
                imageInputLayer((16, 16, 3), Mean=MEAN, Name="in"),
                convolution("enc", 3, 8),
                normalization("bn", 8),
                maxPooling2dLayer(2, Stride=2, Name="pool"),
                up("up", 8, 4, **changes),
                softmaxLayer(Name="softmax"),
            ]
        )

    random = np.random.default_rng(9).normal(size=(3, 3, 4, 8)).astype(np.float32)
    found = verify_network(step(), [X], {"Y": step(Weights=random).predict(X)})
    assert (found.verdict, found.diagnoses) == ("different", ())


def test_equal_results_get_no_diagnosis() -> None:
    found = report(unet(), tuple(unet().names))
    assert (found.verdict, found.diagnoses) == ("equal", ())


def test_the_json_document_has_them() -> None:
    document = report(unet(up2=crop(1, 0, 1, 0)), ("up2",)).to_json()
    first = document["diagnoses"][0]
    assert set(first) == {
        *("name", "text", "residual", "remedy", "where"),
        *("change", "repair", "explains", "certain", "alternatives"),
    }
    assert first["change"] == "CroppingSize [1 0 1 0] instead of [0 1 0 1]"
    assert first["where"] == "up2"
    assert first["residual"] <= 16
