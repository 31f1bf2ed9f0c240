"""Layers computed otherwise: units, masks, windows and dilations with their padding, beta.

Expected values: the layer with the mistake, by torch's functions, or written out here.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.arrays import Array
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network

RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(9, 11, 3, 2)).astype("f4")
x = torch.from_numpy(np.ascontiguousarray(X.transpose(3, 2, 0, 1)))
S = RANDOM.normal(size=(3, 2, 8)).astype("f4")
s = torch.from_numpy(np.ascontiguousarray(S.transpose(1, 0, 2)))
W, U, B = (RANDOM.normal(size=size).astype("f4") for size in ((12, 3), (12, 4), (12, 1)))
w, u, b = (torch.from_numpy(v) for v in (W, U, B.ravel()))


def first(layer: object, given: Array, wrong: torch.Tensor, labels: str = "") -> Diagnosis:
    order = (2, 3, 1, 0) if wrong.ndim == 4 else (1, 0, 2)
    Y = wrong.numpy().transpose(order)
    options = {"data_format": labels} if labels else {}
    return verify_network(layer, [given], {"Y": Y}, **options).diagnoses[0]  # type: ignore[arg-type]


def test_a_dilation_comes_with_the_padding_that_keeps_the_size() -> None:
    weights, bias = (RANDOM.normal(size=size).astype("f4") for size in ((3, 3, 3, 4), (1, 1, 4)))
    layer = mc.convolution2dLayer(3, 4, Padding=1, Weights=weights, Bias=bias)
    there = torch.from_numpy(weights.transpose(3, 2, 0, 1).copy())
    wrong = F.conv2d(x, there, torch.from_numpy(bias.ravel()), padding=2, dilation=2)
    assert first(layer, X, wrong).name == "another DilationFactor"


def test_a_window_comes_with_another_padding() -> None:
    layer = mc.maxPooling2dLayer(3, Stride=2, Padding=1)
    assert "PoolSize [2 2] instead of [3 3]" in first(layer, X, F.max_pool2d(x, 2, 2)).text


def test_weights_that_were_left_at_bilinear_interpolation() -> None:
    weights = RANDOM.normal(size=(4, 4, 3, 3)).astype("f4")
    layer = mc.transposedConv2dLayer(4, 3, Stride=2, Cropping=1, Weights=weights)
    line = torch.tensor([0.25, 0.75, 0.75, 0.25])
    filler = torch.eye(3)[..., None, None] * line[:, None] * line
    found = first(layer, X, F.conv_transpose2d(x, filler, stride=2, padding=1))
    assert "interpolate bilinearly, channel by channel" in found.text


def test_a_beta_within_an_activation_is_fitted() -> None:
    found = first(mc.swishLayer(), X, x * torch.sigmoid(1.5 * x))
    assert "a beta of 1.5" in found.text


def test_another_activation_may_be_scaled_as_well() -> None:
    found = first(mc.clippedReluLayer(2), X, F.hardsigmoid(x) * 2)
    assert "hard sigmoid of torch" in found.text
    assert "this one times 2" in found.text


def test_a_gated_unit_is_computed_otherwise() -> None:
    h, out = torch.zeros(2, 4), []
    for step in s.unbind(2):
        (r, z, n), (p, q, m) = ((step @ w.T + b).chunk(3, 1), (h @ u.T).chunk(3, 1))
        r, z = (r + p).sigmoid(), (z + q).sigmoid()
        h = (1 - z) * (r * n + m).tanh() + z * h
        out.append(h)
    layer = mc.gruLayer(4, InputWeights=W, RecurrentWeights=U, Bias=B)
    found = first(layer, S, torch.stack(out, 2), "CBT")
    assert "reset gate on the input's part" in found.text


def test_a_state_that_begins_anew_is_seen() -> None:
    layer = mc.gruLayer(4, InputWeights=W, RecurrentWeights=U, Bias=B)
    parts = [layer.predict(S[:, :, i : i + 4], "CBT") for i in (0, 4)]
    Y = np.concatenate(parts, 2)
    found = verify_network(layer, [S], {"Y": Y}, data_format="CBT").diagnoses[0]
    assert "beginning anew each 4 steps" in found.text
