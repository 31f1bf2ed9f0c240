"""The line that repairs a mistake, and the change that it says.

Expected values: torch's modules with that line executed compute what the layer computes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat.parity.network import verify_network

Array = NDArray[Any]
RANDOM = np.random.default_rng(3)
X, W, B = (
    RANDOM.normal(size=size).astype(np.float32) for size in ((9, 8, 3, 2), (3, 3, 3, 4), (1, 1, 4))
)


def torch_of(x: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(x.transpose(3, 2, 0, 1)))


def matlab_of(y: torch.Tensor) -> Array:
    return y.detach().numpy().transpose(2, 3, 1, 0)


def port(**options: Any) -> torch.nn.Conv2d:
    layer = torch.nn.Conv2d(3, 4, 3, **options)
    layer.weight.data = torch.from_numpy(W.transpose(3, 2, 0, 1).copy())
    layer.bias.data = torch.from_numpy(B.ravel())
    return layer


def transposed() -> torch.nn.Conv2d:
    layer = port(stride=(1, 2), padding=(1, 0))
    layer.weight.data = layer.weight.data.transpose(2, 3)
    return layer


@pytest.mark.parametrize(
    ("wrong", "change"),
    [
        (lambda: port(stride=(2, 1), padding=(1, 0)), "Stride [2 1] instead of [1 2]"),
        (lambda: port(stride=(1, 2), padding=(0, 1)), "PaddingSize [0 0 1 1] instead of [1 1 0 0]"),
        (transposed, "height and width of its filters exchanged"),
    ],
)
def test_torch_s_module_is_right_once_the_line_is_executed(wrong: Any, change: str) -> None:
    right = mc.convolution2dLayer(3, 4, Stride=(1, 2), Padding=(1, 1, 0, 0), Weights=W, Bias=B)
    layer = wrong()
    found = verify_network(right, [X], {"Y": matlab_of(layer(torch_of(X)))}).diagnoses[0]
    assert found.change == change
    names: dict[str, Any] = {"torch": torch, "layer": layer, "x": torch_of(X), "Weights": W}
    exec(found.repair, names)
    repaired = matlab_of(names["layer"](names["x"]))
    assert verify_network(right, [X], {"Y": repaired}).verdict == "equal"


def test_a_layer_that_is_a_module_of_torch_is_repaired_by_it() -> None:
    wrong = matlab_of(torch.nn.functional.leaky_relu(torch_of(X), 0.3))
    found = verify_network(mc.leakyReluLayer(0.1), [X], {"Y": wrong}).diagnoses[0]
    assert found.repair == "layer = torch.nn.LeakyReLU(0.1)"


def test_an_output_is_repaired_in_matlab() -> None:
    Y = mc.convolution2dLayer(3, 4, Weights=W, Bias=B).predict(X)
    layer = mc.convolution2dLayer(3, 4, Weights=W, Bias=B)
    found = verify_network(layer, [X], {"Y": Y.transpose(3, 0, 1, 2)}).diagnoses[0]
    assert found.repair == "Y = permute(Y, [2 3 4 1]);"
