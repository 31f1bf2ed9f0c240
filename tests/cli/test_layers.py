"""``layers``, and layers that files and plug-ins bring. Expected values: written out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from converters import plugins, save_network
from matlab_compat import Network, featureInputLayer
from matlab_compat.layers.unsupported import UnsupportedLayer
from tests.converters.test_plugins import written


@pytest.fixture(autouse=True)
def alone(own_registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_loaded", {})


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network with a layer of a class that nobody knows."""
    layers = [featureInputLayer(3, Name="in"), UnsupportedLayer("mine.FancyLayer", {"Name": "own"})]
    save_network(Network(layers), tmp_path / "net.mat")
    return tmp_path / "net.mat"


def test_those_of_a_file_that_are_not_run(call: Any, network: Path) -> None:
    done = call("layers", "--unsupported", network)
    assert (done.code, "--plugin FILE.py" in done.err) == (3, True)
    assert done.out.startswith("mine.FancyLayer: 'own': ")
    remedy = done.err.strip()
    assert remedy.startswith("remedy: pass --code DIR")
    assert remedy in call("inspect", network).out


def test_on_a_terminal_inspect_is_no_wider_than_it(
    call: Any, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.output.width", lambda: 64)
    shown = call("inspect", network, "--summary").out.partition("net: ")[2]
    assert "remedy: pass --code DIR" in shown
    assert max(map(len, shown.splitlines())) <= 64


def test_those_of_a_file_as_json(call: Any, network: Path) -> None:
    done = call("layers", "--unsupported", network, "--format", "json")
    document = json.loads(done.out)
    assert document["schema"] == "matlab_compat.unsupported/1"
    assert [(row["name"], row["class"]) for row in document["layers"]] == [
        ("own", "mine.FancyLayer")
    ]


def test_on_a_terminal_no_line_is_wider_than_it(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    table = call("layers").out
    monkeypatch.setattr("cli.output.width", lambda: 80)
    lines = call("layers").out.splitlines()
    assert max(map(len, table.splitlines())) > max(map(len, lines)) <= 80
    at = lines.index("nnet.cnn.layer.ReLULayer, reluLayer, saved as version 1")
    assert lines[at + 1].startswith("    ")
    assert "nnet.cnn.layer.ReLULayer" in table


def test_a_plug_in_brings_the_class(call: Any, network: Path, tmp_path: Path) -> None:
    plugin = written(tmp_path / "mine.py")
    done = call("layers", "--unsupported", network, "--plugin", plugin)
    assert (done.code, done.out) == (0, "every layer can be run\n")
    done = call("convert", network, "-o", tmp_path / "net.pt", "--plugin", plugin)
    assert done.code == 0, done.err
