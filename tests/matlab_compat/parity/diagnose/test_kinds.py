"""One mistake for each mechanism of layers with several parts, written in torch by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.network import Network
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.reports.text import looks

Array = NDArray[Any]
RANDOM = np.random.default_rng(5)
S = RANDOM.normal(size=(4, 3, 6)).astype(np.float32)  # C,N,T


def numbers(*size: int) -> Array:
    return RANDOM.normal(size=size).astype(np.float32)


def steps(x: Array) -> torch.Tensor:
    """C,N,T to N,T,C in double."""
    return torch.from_numpy(x.transpose(1, 2, 0).copy()).double()


def first(layer: Any, X: Array, Y: torch.Tensor) -> Diagnosis:
    """Of N,T,C."""
    wrong = Y.numpy().transpose(2, 0, 1).astype(np.float32)
    found: Diagnosis = verify_network(layer, [X], {"Y": wrong}, data_format="CBT").diagnoses[0]
    return found


@pytest.mark.parametrize(
    ("scale", "interleaved", "said"),
    [(1.0, False, "not scaled"), (0.5, False, "all channels"), (0.5**0.5, True, "interleaved")],
)
def test_attention(scale: float, interleaved: bool, said: str) -> None:
    names = ("Query", "Key", "Value", "Output")
    p = {name: (numbers(4, 4), numbers(4, 1)) for name in names}
    given = {f"{n}Weights": w for n, (w, _) in p.items()}
    given |= {f"{n}Bias": b for n, (_, b) in p.items()}
    layer = mc.selfAttentionLayer(2, 4, **given)

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        w, b = (torch.from_numpy(v).double() for v in p[name])
        return x @ w.T + b.ravel()

    def heads(x: torch.Tensor) -> torch.Tensor:
        n, t, _ = x.shape
        return x.reshape(n, t, 2, 2).permute(0, *((3, 1, 2) if interleaved else (2, 1, 3)))

    q, k, v = (heads(linear(name, steps(S))) for name in names[:3])
    y = ((q @ k.transpose(2, 3) * scale).softmax(-1) @ v).transpose(1, 2).flatten(2)
    assert said in first(layer, S, linear("Output", y)).text


def lstm(x: torch.Tensor, w: Array, r: Array, b: Array, how: str) -> torch.Tensor:
    w, r, b = (torch.from_numpy(v).double() for v in (w, r, b))  # type: ignore[assignment]
    h = c = torch.zeros(x.shape[0], 5, dtype=torch.float64)
    out = []
    for step in x.unbind(1):
        z: Any = step @ w.T + h @ r.T + b.ravel()
        i, f, g, o = z.chunk(4, 1)
        c = (1 if how == "forget" else f.sigmoid()) * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        out.append(c if how == "cell" else h)
    return torch.stack(out, 1)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("forget", "without its forget gate"),
        ("cell", "its cell state as output"),
        ("batch", "observations taken for time steps"),
    ],
)
def test_recurrence(how: str, said: str) -> None:
    weights = numbers(20, 4), numbers(20, 5), numbers(20, 1)
    w, r, b = weights
    layer = mc.lstmLayer(5, InputWeights=w, RecurrentWeights=r, Bias=b)
    x = steps(S)
    turned = how == "batch"
    y = lstm(x.transpose(0, 1) if turned else x, *weights, how)
    assert said in first(layer, S, y.transpose(0, 1) if turned else y).text


def both(x: torch.Tensor, w: Array, r: Array, b: Array, forward: bool) -> tuple[torch.Tensor, ...]:
    one, other = ([np.split(v, 2)[i] for v in (w, r, b)] for i in (0, 1))
    back = lstm(x if forward else x.flip(1), *other, "")
    return lstm(x, *one, ""), back if forward else back.flip(1)


@pytest.mark.parametrize(
    ("forward", "joined", "said"),
    [
        (True, lambda f, b: torch.cat([f, b], 2), "run forward in time"),
        (False, lambda f, b: torch.stack([f, b], 3).flatten(2), "unit by unit"),
        (False, lambda f, b: f + b, "by their sum"),
    ],
)
def test_directions(forward: bool, joined: Callable[..., torch.Tensor], said: str) -> None:
    w, r, b = numbers(40, 4), numbers(40, 5), numbers(40, 1)
    layer = mc.bilstmLayer(5, InputWeights=w, RecurrentWeights=r, Bias=b)
    assert said in first(layer, S, joined(*both(steps(S), w, r, b, forward))).text


def test_statistics_over_other_dimensions_have_their_names() -> None:
    layer = mc.layerNormalizationLayer(
        OperationDimension="channel-only", Offset=numbers(4, 1), Scale=numbers(4, 1)
    )
    x = steps(S)
    v, m = torch.var_mean(x, 1, unbiased=False, keepdim=True)
    scale, offset = (torch.from_numpy(p.ravel()).double() for p in (layer.Scale, layer.Offset))
    found = first(layer, S, (x - m) / (v + 1e-5).sqrt() * scale + offset)
    assert "mean and deviation over time steps" in found.text


def test_padding_before_the_normalization_of_the_input() -> None:
    X = numbers(7, 6, 3, 2)
    mean, w, b = numbers(1, 1, 3), numbers(3, 3, 3, 4), numbers(1, 1, 4)
    layers = [
        mc.imageInputLayer((7, 6, 3), Normalization="zerocenter", Mean=mean, Name="in"),
        mc.convolution2dLayer(3, 4, Padding=1, Weights=w, Bias=b, Name="conv"),
    ]
    x, m = (
        torch.from_numpy(v.transpose(*order).copy())
        for v, order in ((X, (3, 2, 0, 1)), (mean, (2, 0, 1)))
    )
    weight = torch.from_numpy(w.transpose(3, 2, 0, 1).copy())
    y = F.conv2d(F.pad(x, (1, 1, 1, 1)) - m, weight, torch.from_numpy(b.ravel()))
    wrong = y.numpy().transpose(2, 3, 1, 0)
    found = verify_network(Network(layers), [X], {"Y": wrong}).diagnoses[0]
    assert (found.where, found.name) == ("conv", "padded before the layer in front")


def test_what_agrees_later_by_chance_clears_nothing() -> None:
    """All that the ReLU gives is zero, on both sides."""
    X = np.abs(numbers(5, 4, 3, 2))
    w, b = -np.abs(numbers(1, 1, 3, 4)), np.zeros((1, 1, 4), np.float32)
    layers = [
        mc.imageInputLayer((5, 4, 3), Normalization="none", Name="in"),
        mc.convolution2dLayer(1, 4, Weights=w, Bias=b, Name="conv"),
        mc.reluLayer(Name="relu"),
        mc.additionLayer(2, Name="add"),
    ]
    links = [("in", "conv"), ("conv", "relu"), ("relu", "add/in1"), ("conv", "add/in2")]
    network = Network(layers, links)
    doubled = np.asarray(2 * network.activations(X, "conv"))
    kept = {"conv": doubled, "relu": 0 * doubled}
    report = verify_network(network, [X], {"Y": doubled}, activations=kept)
    assert (report.first_difference, report.diagnoses[0].where) == ("conv", "conv")


def test_parameters_of_a_layer_that_is_not_suspected_itself() -> None:
    """With activations saved, the other layer of two that were exchanged comes later."""
    X = numbers(6, 5, 2, 2)

    def network(a: Array, b: Array) -> Network:
        none = np.zeros((1, 1, 2), np.float32)
        image = mc.imageInputLayer((6, 5, 2), Normalization="none", Name="in")
        convolutions = [
            mc.convolution2dLayer(3, 2, Padding="same", Weights=w, Bias=none, Name=name)
            for name, w in (("a", a), ("b", b))
        ]
        return Network([image, *convolutions])

    one, other = numbers(3, 3, 2, 2), numbers(3, 3, 2, 2)
    wrong = network(other, one)
    kept = {name: wrong.activations(X, name) for name in "ab"}
    report = verify_network(network(one, other), [X], {"Y": wrong.predict(X)}, activations=kept)
    assert (report.diagnoses[0].where, "'b'" in report.diagnoses[0].text) == ("a", True)


def test_what_has_the_same_effect_at_first_is_tried_on_all_observations() -> None:
    """A ceiling of 6 and none are the same until the last observation."""
    X = numbers(4, 20, 1, 3)
    X[0, 0, 0, 2] = 9
    wrong = np.maximum(X, 0)
    found = verify_network(mc.clippedReluLayer(0.5), [X], {"Y": wrong}).diagnoses[0]
    assert found.change.startswith("ReLU instead of")


def test_a_mistake_that_only_the_last_observation_shows() -> None:
    X = numbers(8, 9, 2, 3)
    X[..., :2] = np.abs(X[..., :2])
    wrong = np.where(X > 0, X, np.float32(0.3) * X)
    found = verify_network(mc.leakyReluLayer(0.1), [X], {"Y": wrong}).diagnoses[0]
    assert found.change == "Scale 0.3000 instead of 0.1000"


def test_what_another_layer_explains_alike_is_one_of_several() -> None:
    X = numbers(6, 5, 2, 2)
    layers = [
        mc.imageInputLayer((6, 5, 2), Normalization="none", Name="in"),
        mc.reluLayer(Name="one"),
        mc.tanhLayer(Name="two"),
    ]
    found = verify_network(Network(layers), [X], {"Y": np.maximum(X, 0)}).diagnoses[0]
    assert looks(found.to_json()) == "looks like"
    several = replace(found, alternatives=("elsewhere: left out",))
    assert looks(several.to_json()) == "looks like one of several"
