"""Networks that contradict themselves: an error or a placeholder, never a foreign exception.

Both were found by fuzzing (tests/fuzz); what must happen is from this project's own rules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters import convert, load, save_layer, save_network
from converters.formats import mat_native as native
from converters.matfile import open_mat
from converters.matfile.values import MatObject, ObjectArray, Value
from converters.matfile.writer import write_mat
from converters.networks import build_network
from matlab_compat import (
    imageInputLayer,
    maxUnpooling2dLayer,
    regressionLayer,
    reluLayer,
    resize2dLayer,
    resize3dLayer,
)
from matlab_compat.errors import PropertyError, UnsupportedLayerError
from matlab_compat.network import Network
from tests.cli.command import run_many
from tests.converters.exports import fields, save


def test_a_network_that_contains_itself_ends() -> None:
    def inside() -> dict[str, Value]:
        return {"Name": "inner", "Network": network}

    def outside() -> dict[str, Value]:
        layer = MatObject("nnet.cnn.layer.ReLULayer", inside)
        return {"Layers": ObjectArray("nnet.cnn.layer.Layer", (1, 1), [layer])}

    network = MatObject("SeriesNetwork", outside)
    built = build_network(native.saved_network(network, ("net",)))
    assert [layer.Name for layer in built.Layers] == ["inner"]


def test_an_invalid_CroppingSize_beside_Cropping_is_a_property_error(tmp_path: Path) -> None:
    layer = fields(Cropping=np.ones((1, 2)), CroppingSize=-1.5)
    path = save(tmp_path / "layer.mat", s=layer)
    with pytest.raises(PropertyError, match="CroppingSize"):
        load(path)


def test_a_layer_that_random_inputs_cannot_run_has_no_source(tmp_path: Path) -> None:
    # Its indices are beyond any image of these sizes, or below 0, whatever the seed.
    path = tmp_path / "layer.mat"
    save_layer(maxUnpooling2dLayer(), path)
    with pytest.raises(UnsupportedLayerError, match="random inputs"):
        convert(path, tmp_path / "source", check=False)


@pytest.mark.slow
@pytest.mark.usefixtures("forked_packages")
def test_a_network_of_layers_that_only_pass_on_has_source(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    save_network(Network([imageInputLayer((4, 4, 1), Normalization="none")]), path)
    convert(path, tmp_path / "source", check=False)
    assert "return" in (tmp_path / "source" / "model.py").read_text()


@pytest.mark.parametrize("ending", [".pt", ".onnx", ""])
def test_a_layer_that_makes_too_much_is_told_in_time(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "layer.mat"
    save_layer(resize2dLayer(OutputSize=(2_000_000_000, 2)), path)
    (done,) = run_many([["convert", str(path), "-o", str(tmp_path / f"layer{ending}")]])
    assert_told(done, "layer 'resize2dLayer'")


def assert_told(done: Any, where: str) -> None:
    """One message that names the layer and the flag."""
    assert (done.code, done.stdout) == (2, "")
    assert where in done.stderr
    assert "--max-elements" in done.stderr


@pytest.fixture(scope="module")
def greedy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network whose second layer makes 10^10 elements, which the third throws away."""
    path = tmp_path_factory.mktemp("greedy") / "net.mat"
    layers = [
        imageInputLayer((4, 4, 1), Normalization="none"),
        resize2dLayer(OutputSize=(100_000, 100_000), Name="big"),
        resize2dLayer(OutputSize=(2, 2)),
        regressionLayer(),
    ]
    save_network(Network(layers, kind="SeriesNetwork"), path)
    with open_mat(path) as mat:
        net = mat["net"]
    data = {"X": np.ones((4, 4), np.float32), "Y": np.ones((2, 2), np.float32)}
    write_mat(path, {"net": net, **data}, level="7", overwrite=True)
    return str(path)


def test_each_command_bounds_what_a_network_makes(greedy: str, tmp_path: Path) -> None:
    y, pt = str(tmp_path / "y.mat"), str(tmp_path / "a.pt")
    lines = [
        ["verify", greedy],
        ["predict", greedy, "--input", greedy, "-o", y],
        ["convert", greedy, "-o", pt],
    ]
    for done in run_many(lines):
        assert_told(done, "layer 'big'")
    assert list(tmp_path.iterdir()) == []


def test_an_enormous_InputSize_is_told_in_time(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    layers = [imageInputLayer((10**6, 10**6, 3), Normalization="none", Name="in"), reluLayer()]
    save_network(Network(layers), path)
    (done,) = run_many([["convert", str(path), "-o", str(tmp_path / "a.onnx")]])
    assert_told(done, "input 'in'")


@pytest.mark.slow
def test_the_flag_lifts_the_bound(greedy: str) -> None:
    # No machine has the 10^15 bytes: lack of memory is another error.
    many = resize3dLayer(OutputSize=(10**5, 10**5, 10**5))
    path = Path(greedy).with_name("many.mat")
    save_layer(many, path)
    line = ["convert", str(path), "-o", str(path.with_name("many.pt"))]
    (done,) = run_many([[*line, "--max-elements", str(10**18)]])
    assert done.code == 0
    assert "outputs not compared" in done.stdout
