"""Mistakes in layers with several inputs or outputs.

Expected values: concatenation and sums by numpy; states by ``recurrent_reference``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matlab_compat import (
    Network,
    additionLayer,
    depthConcatenationLayer,
    imageInputLayer,
    lstmLayer,
    maxPooling2dLayer,
    maxUnpooling2dLayer,
)
from matlab_compat.data_format import dlarray
from matlab_compat.parity.network import verify_network

from ... import recurrent_reference

RANDOM = np.random.default_rng(0)
A, B = (RANDOM.normal(size=(6, 5, 3, 2)).astype(np.float32) for _ in range(2))


def test_inputs_in_another_order() -> None:
    layer = depthConcatenationLayer(2, Name="cat")
    found = verify_network(layer, [A, B], {"Y": np.concatenate([B, A], 2)}).diagnoses
    assert (found[0].name, found[0].where) == ("inputs in another order", "Y")
    assert verify_network(layer, [A, B], {"Y": np.concatenate([A, B], 2)}).verdict == "equal"


def test_what_the_output_shows() -> None:
    found = verify_network(additionLayer(2), [A, B], {"Y": (A + B)[::-1]}).diagnoses
    assert found[0].name == "height flipped"
    assert verify_network(additionLayer(2), [A, B], {"Y": A * B**2}).diagnoses == ()


def test_inputs_that_were_multiplied_instead_of_added() -> None:
    found = verify_network(additionLayer(2), [A, B], {"Y": A * B}).diagnoses
    assert found[0].name == "inputs joined otherwise"
    assert "the product of its inputs" in found[0].text


def test_inputs_that_cannot_change_places_are_no_error() -> None:
    """Max unpooling has places and a size among its inputs, which torch cannot add up."""
    pool = maxPooling2dLayer(2, Stride=2, HasUnpoolingOutputs=True, Name="pool")
    layers = [imageInputLayer((6, 4, 3), Normalization="none", Name="in"), pool]
    ports = [(f"pool/{port}", f"un/{port}") for port in ("indices", "size")]
    connections = [("in", "pool"), ("pool/out", "un/in"), *ports]
    network = Network([*layers, maxUnpooling2dLayer(Name="un")], connections)
    X = A[:, :4]
    assert verify_network(network, [X], {"Y": network.predict(X) + X**2}).verdict == "different"


@pytest.mark.parametrize("labelled", [False, True])
def test_several_outputs(labelled: bool) -> None:
    """The final cell state is the one that differs: the gates were taken as ONNX has them."""
    W, R, b = (RANDOM.normal(size=(20, n)).astype(np.float32) for n in (3, 5, 1))
    layer = lstmLayer(
        5, InputWeights=W, RecurrentWeights=R, Bias=b, HasStateOutputs=True, Name="lstm"
    )
    X: Any = RANDOM.normal(size=(3, 2, 7)).astype(np.float32)
    rows = np.r_[0:5, 10:15, 15:20, 5:10]  # i o f g in the places of i f g o
    rows = np.argsort(rows)
    zero = np.zeros((5, 2))
    wrong = recurrent_reference.lstm(
        X.astype(np.float64), W[rows], R[rows], b[rows].astype(np.float64), zero, zero
    )
    expected = dict(zip(("out", "hidden", "cell"), wrong, strict=True))
    right = recurrent_reference.lstm(X.astype(np.float64), W, R, b.astype(np.float64), zero, zero)
    given = [dlarray(X, "CBT")] if labelled else [X]
    found = verify_network(layer, given, {**expected, "out": right[0], "hidden": right[1]})
    assert [o.verdict for o in found.outputs] == ["equal", "equal", "different"]
    assert (found.diagnoses[0].name, found.diagnoses[0].where) == ("gates in another order", "cell")
