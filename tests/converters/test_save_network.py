"""Layers and networks as structs: a round trip is exact, and others read the file.

Expected values: what was saved; scipy for what a MATLAB user sees.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import converters
import matlab_compat as m
from converters.formats import mat_struct
from converters.formats.mat_struct import save_network, size_in_bytes
from matlab_compat.errors import CorruptFileError, UnsupportedLayerError, UsageError
from matlab_compat.layers.unsupported import UnsupportedLayer

from ..real import MAT_FILES, file_id
from ..truth.networks import networks
from .exports import cells
from .samples import CLASSES, INNER, layers


def assert_same(one: m.Network, other: m.Network) -> None:
    """All that makes up a network, to the last bit."""
    kind = "dlnetwork" if one.kind in ("SimpleNN", "DagNN") else one.kind  # MATLAB has no others
    assert (kind, one.names, one.graph.connections) == (
        other.kind,
        other.names,
        other.graph.connections,
    )
    assert (one.InputNames, one.OutputNames) == (other.InputNames, other.OutputNames)
    assert one.Classes == other.Classes
    for a, b in zip(one.Layers, other.Layers, strict=True):
        assert a.InputNames == b.InputNames
        if hasattr(a, "Network"):
            assert_same(a.Network, b.Network)
        elif isinstance(a, UnsupportedLayer):
            assert isinstance(b, UnsupportedLayer)
            assert a.class_name == b.class_name
        else:
            assert a == b


def round_trip(network: m.Network, **options: Any) -> m.Network:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.mat"
        save_network(network, path, **options)
        again = converters.load(path)
    assert isinstance(again, m.Network)
    return again


@pytest.mark.parametrize("matlab_class", CLASSES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_a_layer_of_every_class_comes_back_exactly(matlab_class: str, data: st.DataObject) -> None:
    layer = data.draw(layers(matlab_class))
    again = round_trip(m.Network([layer], kind="Layer array"))
    assert_same(m.Network([layer], kind="Layer array"), again)


def residual(kind: str = "DAGNetwork") -> m.Network:
    parts = [
        m.imageInputLayer((5, 5, 2), Name="in", Mean=np.ones((1, 1, 2), np.float32)),
        m.convolution2dLayer(3, 2, Padding="same", Name="conv").initialize(2, seed=0),
        m.additionLayer(2, Name="add"),
        m.softmaxLayer(Name="soft"),
        m.classificationLayer(Name="out", Classes=["cat", "dog"]),
    ]
    pairs = [("in", "conv"), ("conv", "add/in1"), ("in", "add/in2"), ("add", "soft")]
    return m.Network(parts, [*pairs, ("soft", "out")], kind=kind)


@pytest.mark.parametrize("level", ["6", "7", "7.3"])
@pytest.mark.parametrize("kind", ["DAGNetwork", "LayerGraph", "dlnetwork"])
def test_a_network_comes_back_exactly(kind: str, level: str) -> None:
    assert_same(residual(kind), round_trip(residual(kind), level=level))


def test_a_series_network_comes_back_exactly() -> None:
    network = m.Network(list(residual().Layers)[3:], kind="SeriesNetwork")
    assert_same(network, round_trip(network))


def test_a_nested_network_comes_back_exactly() -> None:
    outer = m.Network(
        [m.imageInputLayer((8, 8, 4), Name="in"), m.networkLayer(INNER, Name="block")]
    )
    assert_same(outer, round_trip(outer))


def test_the_variables_that_a_function_captured_come_back() -> None:
    variables = {"k": np.array([[2.0, 3.0]])}
    layer = m.functionLayer({"Function": "@(X) X .* k", "Variables": variables}, Name="f")
    (again,) = round_trip(m.Network([layer])).Layers
    np.testing.assert_array_equal(again.PredictFcn.variables["k"], variables["k"])  # type: ignore[attr-defined]


def test_output_names_that_are_not_the_default_come_back() -> None:
    network = m.Network([m.reluLayer(Name="a"), m.reluLayer(Name="b")], output_names=["b", "a"])
    assert round_trip(network).OutputNames == ["b", "a"]


def test_a_layer_that_cannot_be_built_keeps_its_place(tmp_path: Path) -> None:
    two = {"nnet.layer.Layer.PrivateInputs": np.array([["x", "y"]], dtype=object), "Name": "mine"}
    network = m.Network(
        [m.reluLayer(Name="r"), UnsupportedLayer("mine.Layer", two)], [("r", "mine/y")]
    )
    assert_same(network, round_trip(network))
    with pytest.raises(UnsupportedLayerError, match=r"'mine' \(mine.Layer\)"):
        converters.save(network, tmp_path / "net.mat")


def test_a_network_whose_labels_are_not_known_comes_back() -> None:
    image = m.imageInputLayer((4, 5, 2), Normalization="none", Name="in")
    network = m.Network([image, m.permuteLayer((3, 1, 2), Name="permute")], kind="SeriesNetwork")
    assert_same(network, round_trip(network))


def test_a_matlab_user_sees_plain_structs(tmp_path: Path) -> None:
    save_network(residual(), tmp_path / "net.mat")
    net = scipy.io.loadmat(tmp_path / "net.mat", simplify_cells=True)["net"]
    assert net["Class"] == "DAGNetwork"
    assert list(net["Connections"]["Source"]) == ["in", "conv", "in", "add", "soft"]
    assert list(net["Connections"]["Destination"])[1:3] == ["add/in1", "add/in2"]
    conv = net["Layers"][1]
    assert (conv["Class"], conv["Name"]) == ("nnet.cnn.layer.Convolution2DLayer", "conv")
    np.testing.assert_array_equal(conv["Weights"], residual().layer("conv").Weights)  # type: ignore[attr-defined]
    assert list(net["Classes"]) == ["cat", "dog"]
    assert (net["InputNames"], net["OutputNames"]) == ("in", "out")


def test_level_7_3_where_level_7_is_too_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = size_in_bytes(mat_struct.network_struct(residual()))
    for limit, level in ((size + 1, "7"), (size, "7.3")):
        monkeypatch.setattr(mat_struct, "_TOO_LARGE", limit)
        save_network(residual(), tmp_path / f"{level}.mat")
        with converters.open_mat(tmp_path / f"{level}.mat") as mat:
            assert mat.level == level


def test_what_no_file_can_hold_is_refused_by_name(tmp_path: Path) -> None:
    conv = m.convolution2dLayer(3, 2, Name="conv", WeightsInitializer=lambda size: np.zeros(size))
    with pytest.raises(UsageError, match="WeightsInitializer is a Python function"):
        save_network(m.Network([conv]), tmp_path / "net.mat")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [np.ones((1, 1)), {"Name": "no class"}, "text"])
def test_something_else_among_the_layers_is_refused(tmp_path: Path, bad: Any) -> None:
    net = {"Class": "SeriesNetwork", "Layers": cells(bad), "Connections": np.zeros((0, 0))}
    scipy.io.savemat(tmp_path / "net.mat", {"net": net})
    with pytest.raises(CorruptFileError, match=r"no struct of a layer"):
        converters.load(tmp_path / "net.mat")


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:.*so it is an output layer")
@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
@pytest.mark.parametrize("file", MAT_FILES, ids=file_id)
def test_every_real_network_comes_back_exactly(file: Path) -> None:
    for _, network in networks(file):
        assert_same(network, round_trip(network))
