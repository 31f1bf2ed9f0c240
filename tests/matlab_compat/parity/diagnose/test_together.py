"""What goes wrong in several arrays, several layers, or in the numbers of a layer themselves.

Expected values: torch's functions with the mistake, in float64.
"""

from __future__ import annotations

import re
from itertools import pairwise
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

Array = NDArray[Any]
RANDOM = np.random.default_rng(9)
X = RANDOM.normal(size=(7, 9)).astype(np.float32)
W, B = RANDOM.normal(size=(5, 7)).astype(np.float32), RANDOM.normal(size=(5, 1)).astype(np.float32)
LAYER = mc.fullyConnectedLayer(5, Weights=W, Bias=B)
SMALL = np.where(np.abs(W) < np.quantile(np.abs(W), 0.2), 0, W)
FIRST_ROWS = (np.arange(5) < 3)[:, np.newaxis]


def linear(w: Array, b: Array) -> Array:
    return (w.astype(np.float64) @ X + b).astype(np.float32)


def first(model: Any, x: Array, y: Array, **given: Any) -> Diagnosis:
    found: Diagnosis = verify_network(model, [x], {"Y": y}, **given).diagnoses[0]
    return found


@pytest.mark.parametrize(
    ("w", "b", "said"),
    [
        (W * FIRST_ROWS, B, "Weights loaded for the first 3 of its 5 outputs"),
        (W * FIRST_ROWS, B * FIRST_ROWS, "Weights, Bias loaded for the first 3 of its 5 outputs"),
        (np.tile(W[:1], (5, 1)), B, "Weights the same for all of its outputs"),
        (np.roll(W, 1, 1), B, "Weights one further in its inputs"),
        (SMALL, B, "Weights of which 7 of 35 are others: those smaller than .* are zero"),
        (W + 0.1 * np.roll(W, 1), B, "Weights of which 35 of 35 are others, by .* %"),
    ],
)
def test_what_was_done_to_the_arrays_is_said(w: Array, b: Array, said: str) -> None:
    found = first(LAYER, X, linear(w, b), data_format="CB")
    assert re.search(said, found.change)


def test_noise_is_no_other_numbers_in_the_parameters() -> None:
    noise = 0.1 * RANDOM.normal(size=(5, 9)).astype(np.float32)
    report = verify_network(LAYER, [X], {"Y": linear(W, B) + noise}, data_format="CB")
    assert report.diagnoses == ()


# --- a network of normalizations, whose names are read as text -------------------------------

NAMES = [f"n{i}" for i in range(8, 12)]
IMAGES = RANDOM.normal(size=(5, 4, 3, 2)).astype(np.float32)
STATISTICS = {
    name: {
        "TrainedMean": RANDOM.normal(size=(1, 1, 3)).astype(np.float32),
        "TrainedVariance": RANDOM.uniform(0.5, 2, (1, 1, 3)).astype(np.float32),
        "Scale": RANDOM.uniform(0.5, 2, (1, 1, 3)).astype(np.float32),
        "Offset": RANDOM.normal(size=(1, 1, 3)).astype(np.float32),
    }
    for name in NAMES
}


def chain() -> Network:
    layers: list[Any] = [mc.imageInputLayer((5, 4, 3), Normalization="none", Name="in")]
    for name in NAMES:
        layers.append(mc.batchNormalizationLayer(Name=name, **STATISTICS[name]))
        layers.append(mc.leakyReluLayer(0.3, Name=f"l{name}"))
    return Network(layers, list(pairwise(layer.Name for layer in layers)))


def chained(order: list[str], unloaded: tuple[str, ...] = ()) -> Array:
    x = torch.from_numpy(IMAGES.transpose(3, 2, 0, 1).copy()).double()
    for name in order:
        m, v, s, o = (torch.from_numpy(a.ravel()).double() for a in STATISTICS[name].values())
        if name in unloaded:
            m, v, s, o = 0 * m, 1 + 0 * v, 1 + 0 * s, 0 * o
        x = F.leaky_relu(F.batch_norm(x, m, v, s, o, False, 0.0, 1e-5), 0.3)
    return x.numpy().transpose(2, 3, 1, 0).astype(np.float32)


def test_parameters_read_in_the_alphabetical_order_of_names() -> None:
    found = first(chain(), IMAGES, chained(sorted(NAMES)))
    assert "alphabetical order" in found.change
    assert "'n8' has those of 'n10'" in found.change


def test_the_same_mistake_in_some_of_the_layers() -> None:
    found = first(chain(), IMAGES, chained(NAMES, unloaded=("n9", "n10")))
    assert found.where == "2 layers"
    assert "initial values" in found.text
