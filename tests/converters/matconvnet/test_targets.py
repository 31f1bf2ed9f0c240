"""Networks of MatConvNet in every format; parameters that layers share stay one.

Expected values: the outputs of the networks as they were read, which the tests beside this one
compare with Octave's; torch and safetensors as readers of what was written.
"""

from __future__ import annotations

import itertools
import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, load_model

import converters
from converters.predict import predict
from matlab_compat import Network
from matlab_compat.errors import CorruptFileError, UnsupportedLayerError
from tests.converters.exports import cells

from .samples import FIXTURES, W, conv, dagnn, layer, node, numbers, saved, simplenn

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*only training uses it"),
    pytest.mark.filterwarnings("ignore:.*softmaxloss"),
]

F, G = numbers(3, 3, 4, 4, seed=5), numbers(1, 4, seed=6)


def shared(tmp_path: Path) -> Path:
    """Three convolutions with one filter, the last with other padding; two batch normalizations."""
    bn, moments = ("g", "g2", "m"), np.abs(numbers(4, 2, seed=7)) + 1
    net = dagnn(
        node("c1", "Conv", ["x"], "y1", ("f", "b"), pad=1.0),
        node("n1", "BatchNorm", ["y1"], "z1", bn, epsilon=1e-4),
        node("c2", "Conv", ["z1"], "y2", ("f", "b"), pad=1.0),
        node("n2", "BatchNorm", ["y2"], "z2", bn, epsilon=1e-4),
        node("c3", "Conv", ["z2"], "y3", ("f",), pad=0.0, hasBias=False),
        f=F,
        b=G,
        g=numbers(4, 1, seed=8),
        g2=numbers(4, 1, seed=9),
        m=moments,
    )
    return saved(tmp_path, net)


def load(path: Path) -> Network:
    network = converters.load(path)
    assert isinstance(network, Network)
    return network


X = numbers(7, 8, 4, seed=10)


def test_shared_parameters_are_one_parameter_of_torch(tmp_path: Path) -> None:
    module: Any = load(shared(tmp_path)).to_torch()
    assert module.c1.weight is module.c2.weight is module.c3.weight
    assert module.n1.weight is module.n2.weight
    assert module.c3.bias is not module.c1.bias
    assert len(list(module.parameters())) == 5  # f, b, g, g2 and the bias that c3 has not


def test_training_moves_them_together(tmp_path: Path) -> None:
    network = load(shared(tmp_path))
    module: Any = network.to_torch()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    module(torch.ones(1, 4, 6, 6)).sum().backward()
    optimizer.step()
    network.assign_from_torch(module)
    layers: list[Any] = [network.layer(name) for name in ("c1", "c2", "c3")]
    assert not np.array_equal(layers[0].Weights, F)
    np.testing.assert_array_equal(layers[0].Weights, layers[1].Weights)
    np.testing.assert_array_equal(layers[0].Weights, layers[2].Weights)


def test_the_summary_counts_them_once(tmp_path: Path) -> None:
    count = 3 * 3 * 4 * 4 + 4 + 4 + 4 + 4
    assert f"Number of learnables: {count}" in load(shared(tmp_path)).summary()


def test_folding_the_normalization_of_one_layer_leaves_the_others(tmp_path: Path) -> None:
    network = load(shared(tmp_path))
    x = torch.from_numpy(X.transpose(2, 0, 1)[None].copy())
    with torch.inference_mode():
        faster, exact = network.to_torch(optimize=True), network.to_torch(dtype="double")
        difference = (faster(x) - exact(x.double())).abs().max()
    assert not any("n1" in name for name, _ in faster.named_modules())
    assert float(difference) < 2e-5


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".mat"])
def test_they_come_back_as_one(tmp_path: Path, suffix: str) -> None:
    network = load(shared(tmp_path))
    done = converters.save(network, tmp_path / f"out{suffix}")
    back = load(Path(done.path))
    assert back.shared == network.shared
    np.testing.assert_array_equal(back.predict(X), network.predict(X))


@pytest.mark.parametrize("edited", ["c1/Weights", "c9/Weights", "c2/Nothing"])
def test_a_mat_file_that_shares_what_differs_is_damaged(tmp_path: Path, edited: str) -> None:
    done = converters.save(load(shared(tmp_path)), tmp_path / "out.mat")
    with converters.open_mat(done.path) as mat:
        net = mat["net"]
    net["Shared"].flat[0].flat[0] = edited.replace("c1/Weights", "c1/Bias")
    converters.write_mat(tmp_path / "edited.mat", {"net": net})
    with pytest.raises(CorruptFileError, match="Shared names learnables that differ"):
        load(tmp_path / "edited.mat")


def test_a_safetensors_file_holds_them_once_as_its_own_library_reads_it(tmp_path: Path) -> None:
    network = load(shared(tmp_path))
    done = converters.save(network, tmp_path / "net.safetensors")
    assert "c2.weight" not in load_file(done.path)
    module: Any = network.to_torch()
    with torch.no_grad():
        module.c1.weight.zero_()
    assert load_model(module, done.path) == (set(), [])
    np.testing.assert_array_equal(module.c2.weight.detach().numpy(), F.transpose(3, 2, 0, 1))


def test_a_pt_file_holds_them_once(tmp_path: Path) -> None:
    done = converters.save(load(shared(tmp_path)), tmp_path / "net.pt")
    state = torch.load(done.path, weights_only=True)["state_dict"]
    assert state["c1.weight"].data_ptr() == state["c3.weight"].data_ptr()


@pytest.mark.usefixtures("packages_run_here")
def test_the_source_shares_them(tmp_path: Path) -> None:
    converters.save(load(shared(tmp_path)), tmp_path / "source")
    assert "c3.weight" not in load_file(tmp_path / "source" / "weights.safetensors")
    model = runpy.run_path(str(tmp_path / "source" / "model.py"))["load"](tmp_path / "source")
    assert model.c1.weight is model.c3.weight


def test_an_onnx_file_holds_them_once(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    done = converters.save(load(shared(tmp_path)), tmp_path / "net.onnx")
    sizes = [list(one.dims) for one in onnx.load(done.path).graph.initializer]
    assert sizes.count([4, 4, 3, 3]) <= 3  # the exporter may fold what follows a layer into it
    assert done.exit_code == 0


# --- all formats -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("packages_run_here")
@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        *itertools.product(
            ["softmax", "old_form", "dagnn", "own_layers"],
            [".pt", ".safetensors", ".onnx", ".mat", ""],
        ),
        ("dagnn", ".pt2"),  # with which a file of ONNX begins
    ],
)
def test_every_format_holds_every_layer(tmp_path: Path, name: str, suffix: str) -> None:
    """Each is run after it was written, and compared."""
    done = converters.convert(FIXTURES / f"{name}.mat", tmp_path / f"net{suffix}")
    assert done.exit_code == 0


@pytest.mark.parametrize("name", ["softmax", "dagnn"])
def test_a_mat_file_gives_the_same_network_as_dlnetwork(tmp_path: Path, name: str) -> None:
    network = load(FIXTURES / f"{name}.mat")
    back = load(Path(converters.convert(FIXTURES / f"{name}.mat", tmp_path / "net.mat").path))
    assert back.kind == "dlnetwork"
    assert back.names == network.names
    assert back.InputNames == network.InputNames


def test_matlab_code_where_matlab_has_the_layers(tmp_path: Path) -> None:
    done = converters.convert(FIXTURES / "old_form.mat", tmp_path / "net.m")
    assert done.exit_code == 0
    assert "dlnetwork(lgraph" in Path(done.path).read_text()


def test_no_matlab_code_for_layers_that_matlab_lacks(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match=r"matconvnet\.bnorm has no documented constr"):
        converters.convert(FIXTURES / "softmax.mat", tmp_path / "net.m")


@pytest.mark.parametrize("suffix", [".safetensors", ".mat"])
def test_classes_and_preparation_come_back(tmp_path: Path, suffix: str) -> None:
    done = converters.convert(FIXTURES / "softmax.mat", tmp_path / f"net{suffix}")
    back = load(Path(done.path))
    assert back.Classes == ["cat", "dog", "owl"]
    image = np.zeros((20, 20, 3), np.uint8)
    np.testing.assert_allclose(back.preprocess(image)[3, 4], [-0.1, -0.2, -0.3], atol=1e-6)


# --- images of any size ----------------------------------------------------------------------


def test_an_exported_program_takes_images_of_any_size(tmp_path: Path) -> None:
    net = simplenn(conv(W, pad=1.0), layer("pool", pool=2.0, stride=2.0))
    path = saved(tmp_path, net)
    converters.convert(path, tmp_path / "net.pt2")
    program = torch.export.load(tmp_path / "net.pt2").module()
    x = numbers(1, 2, 30, 50)
    expected = load(path).to_torch()(torch.from_numpy(x))
    np.testing.assert_allclose(program(torch.from_numpy(x)).detach(), expected.detach(), atol=1e-5)


def test_the_size_that_a_network_needs_is_found(tmp_path: Path) -> None:
    """Its last filter covers a map of 7 x 7 after a pool of 8: images of 56 pixels at least."""
    net = simplenn(
        layer("pool", pool=8.0, stride=8.0),
        layer("conv", weights=cells(numbers(7, 7, 1, 2), numbers(2, 1)), pad=0.0, stride=1.0),
    )
    path = saved(tmp_path, net)
    done = converters.convert(path, tmp_path / "net.pt")
    assert done.exit_code == 0


def test_the_json_of_predict(tmp_path: Path) -> None:
    x = tmp_path / "x.mat"
    converters.write_mat(x, {"X": np.asfortranarray(numbers(11, 13, 3))})
    predict(FIXTURES / "softmax.mat", str(x), tmp_path / "Y.json")
    document = json.loads((tmp_path / "Y.json").read_text())
    assert document["outputs"]["Y"]["size"] == [1, 1, 3, 1]
