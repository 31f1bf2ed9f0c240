"""The idioms of real modules as MATLAB networks.

Expected values: the outputs of the torch modules themselves.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import converters
import matlab_compat as matlab
from converters.from_torch import from_torch
from matlab_compat.network import Network

from .idioms import IDIOMS, Idiom

AXES = {1: "N", 2: "NC", 3: "NCT", 4: "NCHW", 5: "NCHWD"}
#: The order of dimensions in torch and in MATLAB, once for all kinds of data.
TORCH, MATLAB = "NCHWDT", "HWDCNT"


def in_order(x: Tensor, axes: str, order: str) -> Tensor:
    """Data whose dimensions are called ``axes``, with channels, in another order."""
    if "C" not in axes:
        x, axes = x.unsqueeze(-1), axes + "C"
    return x.permute([axes.index(axis) for axis in order if axis in axes])


def data(idiom: Idiom) -> Tensor:
    source = torch.Generator().manual_seed(1)
    if idiom.indices:
        return torch.randint(idiom.indices, idiom.size, generator=source)
    return torch.rand(idiom.size, generator=source) - 0.3


def check(idiom: Idiom, network: Network) -> None:
    """Both orders of dimensions: the network's torch module, and its predict."""
    x = data(idiom)
    given = idiom.given or AXES[x.ndim]
    with torch.no_grad():
        y = idiom.module(x)
        result = idiom.result or AXES[y.ndim]
        actual = network.to_torch()(in_order(x, given, TORCH).float())
    expected = in_order(y, result, TORCH)
    assert actual.shape == expected.shape
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=2e-6)
    labels = "".join("S" if axis in "HWD" else axis for axis in MATLAB if axis in given + "C")
    X = matlab.dlarray(in_order(x, given, MATLAB).numpy(), labels.replace("N", "B"))
    wanted = in_order(y, result, MATLAB).numpy()
    np.testing.assert_allclose(np.asarray(network.predict(X)), wanted, rtol=1e-5, atol=2e-6)


def kinds(network: Network) -> str:
    """The layers behind the input, as a text of the names of their classes."""
    return " ".join(type(layer).__name__.removesuffix("Layer") for layer in network.Layers[1:])


@pytest.fixture(autouse=True)
def in_prediction() -> None:
    for idiom in IDIOMS.values():
        idiom.module.eval()


@pytest.mark.parametrize("name", IDIOMS)
def test_an_idiom_computes_what_torch_computes(name: str) -> None:
    network = from_torch(IDIOMS[name].module, data(IDIOMS[name]))
    assert kinds(network) == IDIOMS[name].layers
    check(IDIOMS[name], network)


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # torch's own, about its LSTM
@pytest.mark.parametrize("name", [name for name, idiom in IDIOMS.items() if idiom.exported])
def test_an_exported_idiom_computes_what_torch_computes(name: str) -> None:
    idiom = IDIOMS[name]
    network = from_torch(torch.export.export(idiom.module, (data(idiom),)))
    assert kinds(network) == idiom.layers
    check(idiom, network)


@pytest.mark.parametrize("name", IDIOMS)
def test_an_idiom_is_written_as_matlab_code_and_read_again(name: str, tmp_path: Path) -> None:
    idiom = IDIOMS[name]
    network = from_torch(idiom.module, data(idiom))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converters.save(network, tmp_path / "net.m", check=False)
    text = (tmp_path / "net.m").read_text()
    assert all(layer.constructor in text for layer in network.Layers)
    again = converters.load_network(tmp_path / "net.mat")
    assert kinds(again) == idiom.layers
    check(idiom, again)


@pytest.mark.parametrize("name", ["nn.Embedding", "embeddings of words and positions"])
def test_a_network_of_words_is_checked_with_words(name: str, tmp_path: Path) -> None:
    network = from_torch(IDIOMS[name].module, data(IDIOMS[name]))
    converters.save(network, tmp_path / "net.mat")
    assert (tmp_path / "net.mat").exists()


def test_a_network_with_positions_is_checked_with_sequences_that_have_them(tmp_path: Path) -> None:
    idiom = IDIOMS["x + self.positions"]
    converters.save(from_torch(idiom.module, data(idiom)), tmp_path / "net.mat")
    assert (tmp_path / "net.mat").exists()
