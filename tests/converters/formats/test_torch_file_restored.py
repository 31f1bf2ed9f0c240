"""``.pt`` files: what is written comes back exactly, and nothing in them is run.

Expected values: the network that was written (its arrays, properties and results), and
``torch.load`` with ``weights_only=True``, which refuses everything but tensors and plain values.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

import converters
import matlab_compat as mc
from converters.formats import Options, Prepared
from converters.formats.torch_file import TorchFile
from matlab_compat.errors import (
    CorruptFileError,
    FileAccessError,
    MatlabCompatError,
    UnsupportedLayerError,
)
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network
from tests.real import MAT_FILES, file_id
from tests.truth.networks import networks


def written(model: Network | mc.Layer, path: Path, **options: bool) -> Path:
    TorchFile().write(Prepared(model, Options(**options)), path)
    return path


def assert_same(actual: Network, expected: Network) -> None:
    assert (actual.kind, actual.names) == (expected.kind, expected.names)
    assert list(actual.Connections) == list(expected.Connections)
    assert (actual.InputNames, actual.OutputNames) == (expected.InputNames, expected.OutputNames)
    for a, e in ((actual.Learnables, expected.Learnables), (actual.State, expected.State)):
        for (*names, value), (*wanted, given) in zip(a, e, strict=True):
            assert names == wanted
            # Networks run in single; old files have states and statistics in double.
            np.testing.assert_array_equal(value, given.astype(np.float32), strict=True)
    for a, e in zip(actual.Layers, expected.Layers, strict=True):
        assert type(a) is type(e)
        same = {k: v for k, v in a.values.items() if not isinstance(v, np.ndarray | Network)}
        assert same == {k: e.values[k] for k in same}


def every_kind() -> Network:
    """Statistics, states, factors, functions, nested networks, ports."""
    inner = Network([mc.convolution2dLayer(3, 2, Padding="same"), mc.batchNormalizationLayer()])
    graph = mc.layerGraph(
        [
            mc.imageInputLayer(
                [4, 5, 2],
                Normalization="zscore",
                Mean=[[[1.0, 2.0]]],
                StandardDeviation=[[[2.0, 4.0]]],
                Name="in",
            ),
            mc.networkLayer(inner, Name="block"),
            mc.functionLayer("@(x) x.*2", Name="double"),
            mc.additionLayer(2, Name="add"),
            mc.fullyConnectedLayer(3, WeightL2Factor=0, Name="fc"),
            mc.softmaxLayer(Name="prob"),
            mc.classificationLayer(Classes=["a", "b", "c"], Name="out"),
        ]
    )
    network = mc.connectLayers(graph, "in", "add/in2").initialize(seed=5)
    network.kind = "DAGNetwork"
    return network


def test_a_network_comes_back_exactly(tmp_path: Path) -> None:
    network = every_kind()
    actual = TorchFile().read(written(network, tmp_path / "net.pt"))
    assert isinstance(actual, Network)
    assert_same(actual, network)
    X = np.random.default_rng(0).standard_normal((4, 5, 2, 3))
    np.testing.assert_array_equal(actual.predict(X), network.predict(X))
    assert actual.classify(X) == network.classify(X)


def test_the_state_dict_is_that_of_the_module(tmp_path: Path) -> None:
    network = every_kind()
    document = torch.load(written(network, tmp_path / "net.pt"), weights_only=True)
    module = copy.deepcopy(network).to_torch()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    module.load_state_dict(document["state_dict"])
    for name, value in network.to_torch().state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=0, atol=0)


def test_a_single_layer_comes_back_exactly(tmp_path: Path) -> None:
    layer = mc.transposedConv2dLayer(3, 4, Stride=2, NumChannels=2).initialize(2, seed=1)
    assert TorchFile().read(written(layer, tmp_path / "layer.pt")) == layer


def test_load_knows_the_ending(tmp_path: Path) -> None:
    network = converters.load(written(every_kind(), tmp_path / "net.pt"))
    assert isinstance(network, Network)


def test_layers_that_cannot_be_built_keep_their_place_and_ports(tmp_path: Path) -> None:
    fields = {
        "Name": "odd",
        "nnet.layer.Layer.PrivateInputs": np.array([["left", "right"]], dtype=object),
    }
    layers = [mc.featureInputLayer(2, Name="in"), UnsupportedLayer("mine.Odd", fields)]
    network = Network(layers, [("in", "odd/left"), ("in", "odd/right")])
    with pytest.raises(UnsupportedLayerError, match=r"mine\.Odd"):
        written(network, tmp_path / "net.pt")
    actual = TorchFile().read(written(network, tmp_path / "net.pt", stub=True))
    assert isinstance(actual, Network)
    assert list(actual.Connections) == [("in", "odd/left"), ("in", "odd/right")]
    assert [layer.class_name for layer in actual.unsupported.values()] == ["mine.Odd"]


# --- refused ------------------------------------------------------------------------------


def test_no_torch_file(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(b"no such thing")
    with pytest.raises(CorruptFileError, match="not one that matlab-compat wrote: it is text"):
        TorchFile().read(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError):
        TorchFile().read(tmp_path / "net.pt")


def test_a_torch_file_of_others(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.save({"state_dict": {"w": torch.zeros(2)}}, path)
    with pytest.raises(CorruptFileError, match="not one that matlab-compat wrote"):
        TorchFile().read(path)


class Trap:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    torch.save({"format": Trap(tmp_path / "sprung")}, tmp_path / "net.pt")
    with pytest.raises(CorruptFileError):
        TorchFile().read(tmp_path / "net.pt")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("architecture"),
        lambda d: d.update(state_dict=None),
        lambda d: d["state_dict"].pop("fc.weight"),
        lambda d: d["state_dict"].update({"fc.weight": torch.zeros(1, 1)}),
        lambda d: d["architecture"]["connections"].append(["in", "fc"]),
        lambda d: d["architecture"]["layers"][4]["properties"].update(OutputSize=-1),
        lambda d: d["architecture"].update(layers=7),
    ],
)
def test_a_file_that_contradicts_itself(tmp_path: Path, spoil: object) -> None:
    path = written(every_kind(), tmp_path / "net.pt")
    document = torch.load(path, weights_only=True)
    spoil(document)  # type: ignore[operator]
    torch.save(document, path)
    with pytest.raises(MatlabCompatError):
        TorchFile().read(path)


# --- real networks ------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
def test_every_real_network_comes_back_exactly(tmp_path: Path) -> None:
    count = 0
    for file in MAT_FILES:
        for path, network in networks(file):
            if network.Initialized and not network.unsupported:
                actual = TorchFile().read(written(network, tmp_path / "net.pt"))
                assert isinstance(actual, Network), f"{file_id(file)} {path}"
                assert_same(actual, network)
                count += 1
    assert count > 30
