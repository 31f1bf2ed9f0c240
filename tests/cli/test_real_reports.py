"""``verify --report`` on a real U-Net with a mistake in one layer of its decoder.

Expected values: the mistake itself, put into a copy of the network by hand; what the copy computes
stands for what the other side saved. The report must name that layer and that mistake.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import converters
import matlab_compat as m
from converters.formats.mat_struct import network_struct
from converters.matfile.values import StructArray
from converters.matfile.writer import write_mat
from converters.names import valid_name
from matlab_compat.network import Network
from tests.real import REAL

pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="no real files")]

FOLDER = REAL / "reedchen19__cyclegan_verasonics"
FILE = FOLDER / "verasonics__external_process__2024b_DAGNetworks__custom_onnx_unet113.mat"
IMAGE = FOLDER / "verasonics__external_process__test_input_img.mat"
DECODER = "tp2"
#: Rows and columns of the middle of the image. Every layer has filters inside and at the edges.
SIZE = 128
#: Layers before the mistake, the one with it, and some after it.
SAVED = ("StatefulPartitio_118", "tp0", "tp1", DECODER, "StatefulPartitio_97", "tp3")


def image() -> NDArray[Any]:
    with converters.open_mat(IMAGE) as mat:
        values = mat["data"].astype(np.float64)
    scaled = (values - values.min()) / np.ptp(values) * 2 - 1
    middle = slice((len(values) - SIZE) // 2, (len(values) + SIZE) // 2)
    return np.asarray(scaled[middle, middle, np.newaxis, np.newaxis], np.float32)


@pytest.fixture(scope="module")
def network() -> Network:
    """Of the size of the middle."""
    network = converters.load(FILE)
    assert isinstance(network, Network)
    inputs = m.imageInputLayer((SIZE, SIZE, 1), Normalization="none", Name="input")
    assert network.layer("input").Normalization == "none"
    layers = [inputs if layer.Name == "input" else layer for layer in network.Layers]
    return Network(layers, network.graph.connections, kind=network.kind)


def bundle(network: Network, path: Path, *, mistake: bool, activations: bool) -> Path:
    """The network beside what it, or the copy with the mistake, computes."""
    X, other = image(), copy.deepcopy(network)
    if mistake:
        layer: Any = other.layer(DECODER)
        layer.Weights = np.flip(layer.Weights, (0, 1)).copy(order="F")
    saved = {n: other.activations(X, n) for n in SAVED} if activations else {}
    values = {"net": network_struct(network), "X": X, "Y": other.predict(X)}
    if saved:
        values["activations"] = StructArray.scalar(**{valid_name(n): a for n, a in saved.items()})
    write_mat(path, values, level="7")
    return path


@pytest.mark.parametrize("activations", [True, False])
def test_the_layer_and_the_mistake_are_named(
    network: Network, call: Any, tmp_path: Path, activations: bool
) -> None:
    file = bundle(network, tmp_path / "wrong.mat", mistake=True, activations=activations)
    done = call("verify", file, "--report", tmp_path / "out.html")
    assert done.code == 1
    assert f"looks like: {DECODER}: the expected output is what layer '{DECODER}' gives" in done.out
    assert "its filters flipped in every spatial dimension" in done.out
    last = done.out.splitlines()[-1]
    assert last.endswith(f"first in layer '{DECODER}'" if activations else "different")
    page = re.sub(r"<[^>]+>", "", (tmp_path / "out.html").read_text(encoding="utf-8"))
    assert "its filters flipped in every spatial dimension" in page
    assert ("The first layer that differs is tp2." in page) == activations


def test_without_a_mistake_there_is_nothing_to_say(
    network: Network, call: Any, tmp_path: Path
) -> None:
    file = bundle(network, tmp_path / "right.mat", mistake=False, activations=False)
    done = call("verify", file)
    assert (done.code, "looks like" in done.out) == (0, False)
