"""Networks that contradict themselves: an error or a placeholder, never a foreign exception.

Both were found by fuzzing (tests/fuzz); what must happen is from this project's own rules.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters import convert, load, save_layer, save_network
from converters.matfile.values import MatObject, ObjectArray, Value
from converters.networks import build_network
from converters.readers import native
from matlab_compat import (
    Network,
    imageInputLayer,
    maxUnpooling2dLayer,
    resize2dLayer,
)
from matlab_compat.errors import PropertyError, UnsupportedLayerError
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


def test_a_network_of_layers_that_only_pass_on_has_source(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    save_network(Network([imageInputLayer((4, 4, 1), Normalization="none")]), path)
    convert(path, tmp_path / "source", check=False)
    assert "return" in (tmp_path / "source" / "model.py").read_text()


def test_a_layer_that_makes_too_much_is_told_in_time(tmp_path: Path) -> None:
    path = tmp_path / "layer.mat"
    save_layer(resize2dLayer(OutputSize=(2_000_000_000, 2)), path)
    (done,) = run_many([["convert", str(path), "-o", str(tmp_path / "layer.pt")]])
    assert done.code == 0  # its file is as small as any; only the comparison is too large
    assert "outputs not compared" in done.stdout
    assert "allocate" in done.stdout
    assert done.seconds < 30
