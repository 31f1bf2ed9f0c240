"""Mistakes that follow from what a layer declares, and what is said of them.

Expected values: the definition of the layer with the mistake, in numpy or torch.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.layers.properties import Property, real_scalar
from matlab_compat.network import Network
from matlab_compat.parity.diagnose.definition import choices
from matlab_compat.parity.diagnose.mistakes import Size, every_mistake
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network

from ..alone import verify_layer

Array = NDArray[Any]
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(8, 9, 3, 2)).astype(np.float32)


def torch_of(x: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(x.transpose(3, 2, 0, 1)))


def matlab_of(y: torch.Tensor) -> Array:
    return y.numpy().transpose(2, 3, 1, 0)


def first(layer: Any, wrong: Array) -> Diagnosis:
    found: Diagnosis = verify_layer(layer, X, wrong).diagnoses[0]
    return found


def convolution(**options: Any) -> tuple[Any, torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(1)
    w = random.normal(size=(3, 3, 3, 4)).astype(np.float32)
    b = random.normal(size=(1, 1, 4)).astype(np.float32)
    layer = mc.convolution2dLayer(3, 4, Weights=w, Bias=b, Name="conv", **options)
    weight = torch.from_numpy(w.transpose(3, 2, 0, 1).copy())
    return layer, weight, torch.from_numpy(b.ravel())


def test_the_change_is_said_as_the_description_has_it() -> None:
    layer, w, b = convolution(DilationFactor=(1, 2))
    found = first(layer, matlab_of(F.conv2d(torch_of(X), w, b, dilation=(2, 1))))
    assert found.change == "DilationFactor [2 1] instead of [1 2]"
    assert (found.explains, found.certain) == (1.0, True)


def test_weights_that_were_reshaped_instead_of_permuted() -> None:
    layer, w, b = convolution()
    wrong = torch.from_numpy(layer.Weights.reshape(w.shape))
    found = first(layer, matlab_of(F.conv2d(torch_of(X), wrong, b)))
    assert (found.name, "row-major" in found.text) == ("Weights reshaped", True)


def test_a_property_says_what_it_is_taken_for() -> None:
    layer = mc.clippedReluLayer(1)
    found = first(layer, np.clip(X, 0, 6))
    assert found.change == "Ceiling 6 instead of 1"


def test_a_new_layer_has_the_mistakes_of_its_properties_for_nothing() -> None:
    class Shifted(mc.Layer, constructor="shiftedLayer", module=("torch.nn.LeakyReLU", "Slope")):
        Slope = Property(real_scalar, 0.5, mistaken_for=(0.25,))

    layer = Shifted(Slope=0.7)
    assert [name for name, _ in choices(layer)] == ["Slope"]
    diffs = [one.diff for one in every_mistake(layer, Size.of((8, 9), "SSCB"))]
    assert "Slope 0.2500 instead of 0.7000" in diffs
    assert first(layer, np.where(X > 0, X, 0.25 * X)).name == "another Slope"


def test_a_number_that_nobody_would_guess_is_fitted() -> None:
    found = first(mc.leakyReluLayer(0.1), np.where(X > 0, X, np.float32(0.0637) * X))
    assert found.change == "Scale 0.0637 instead of 0.1"


def test_another_activation_in_its_place() -> None:
    found = first(mc.tanhLayer(), np.asarray(1 / (1 + np.exp(-X.astype(np.float64)))))
    assert (found.name, "as sigmoid" in found.text) == ("another activation", True)


def network(**otherwise: Any) -> tuple[Network, Array]:
    """conv - relu - conv - relu with a skip; and the same in torch, with mistakes."""
    layer, w, b = convolution(Padding="same")
    second = mc.convolution2dLayer(
        3,
        4,
        Padding="same",
        Name="second",
        Weights=np.roll(layer.Weights, 1, 2)[:, :, [0, 1, 2, 0]],
        Bias=layer.Bias[..., ::-1],
    )
    v = torch.from_numpy(second.Weights.transpose(3, 2, 0, 1).copy())
    c = torch.from_numpy(second.Bias.ravel().copy())
    layers = [
        mc.imageInputLayer((8, 9, 3), Normalization="none", Name="in"),
        layer,
        mc.reluLayer(Name="relu1"),
        second,
        mc.additionLayer(2, Name="add"),
        mc.reluLayer(Name="relu2"),
    ]
    names = [one.Name for one in layers]
    links = [(a, b) for a, b in pairwise(names) if b != "add"]
    links += [("second", "add/in1"), ("relu1", "add/in2")]
    relu = otherwise.get("relu", torch.relu)
    skip = relu(F.conv2d(torch_of(X), w, otherwise.get("bias", b), padding=1))
    y = F.conv2d(skip, v, c, padding=1)
    return Network(layers, links), matlab_of(relu(otherwise.get("add", torch.add)(y, skip)))


def diagnosed(**otherwise: Any) -> tuple[Diagnosis, ...]:
    model, wrong = network(**otherwise)
    return verify_network(model, [X], {"Y": wrong}).diagnoses


def test_a_skip_connection_that_is_missing() -> None:
    found = diagnosed(add=lambda y, _: y)[0]
    assert (found.name, found.where) == ("input left out", "add")


def test_the_same_mistake_in_all_layers_of_a_kind() -> None:
    found = diagnosed(relu=lambda x: F.leaky_relu(x, 0.01))[0]
    assert (found.name, found.where) == ("another activation", "2 ReLU layers")


def test_two_mistakes_at_once() -> None:
    found = diagnosed(add=torch.sub, bias=torch.zeros(4))
    assert {one.where for one in found[:2]} == {"add", "conv"}
    assert "another mistake at once" in found[0].text


def test_what_nothing_explains_is_described() -> None:
    layer = mc.reluLayer(Name="relu")
    wrong = np.maximum(X, 0)
    wrong[2:4] += RANDOM.normal(size=wrong[2:4].shape).astype(np.float32)
    report = verify_layer(layer, X, wrong)
    assert report.diagnoses == ()
    assert "only in height 3 to 4 of 8" in report.unexplained
    assert "mistakes were tried" in report.unexplained


def test_expected_values_that_are_all_zero_are_said_to_be() -> None:
    report = verify_layer(mc.tanhLayer(Name="tanh"), X, np.zeros_like(X))
    assert report.unexplained.startswith(f"Y differs in {X.size} of {X.size} elements, and ")
    assert "the expected values are all 0, as where none were computed" in report.unexplained


@pytest.mark.parametrize("kind", ["text", "markdown", "html", "junit", "json"])
def test_every_report_carries_the_change(kind: str) -> None:
    from matlab_compat.parity.reports import html, junit, markdown, text

    layer, w, b = convolution(DilationFactor=(1, 2))
    wrong = matlab_of(F.conv2d(torch_of(X), w, b, dilation=(2, 1)))
    report = verify_layer(layer, X, wrong)
    document = {**report.to_json(), "file": "a.mat"}
    said = {
        "text": lambda: text.report_text(report.to_json(), "a.mat"),
        "markdown": lambda: markdown.markdown([document]).replace("\\", ""),
        "html": lambda: html.html_page(report, "a.mat"),
        "junit": lambda: junit.junit([document]),
        "json": lambda: str(document),
    }[kind]()
    assert "DilationFactor [2 1] instead of [1 2]" in said
