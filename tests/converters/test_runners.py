"""Runners by name, and that one function answers whether two sides agree.

Expected values: a runner written here that gives what the network gives, or that plus one; the
calls of ``verify`` are counted.
"""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

import converters
from converters import against, runners
from matlab_compat import Network, featureInputLayer, fullyConnectedLayer, reluLayer, replaceLayer
from matlab_compat.data_format import dlarray
from matlab_compat.layers import TransposedConvolution2DLayer
from matlab_compat.parity.report import Report
from matlab_compat.parity.runner import Inputs, Results, Runner, TorchRunner, Wanted, as_array
from matlab_compat.testing import assert_matches_matlab
from tests.cli.command import run
from tests.converters.onnx_series import SERIES, write_onnx


class Engine(Runner):
    """Another engine: what the network gives, plus a number."""

    label = "engine"

    def __init__(self, what: str, network: Network) -> None:
        self.network, self.more = network, np.float32(what or 0)

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The outputs in MATLAB's order."""
        computed = TorchRunner(self.network).run(inputs, wanted).outputs
        return Results({name: as_array(y) + self.more for name, y in computed.items()})

    def facts(self) -> dict[str, str]:
        """Its version."""
        return {"engine": "1.0"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine, as a package installed with an entry point brings it."""

    def entry_points(*, group: str, name: str) -> list[EntryPoint]:
        place = f"{__name__}:Engine"
        return [EntryPoint(name, place, group)] if (group, name) == (runners.GROUP, "mine") else []

    monkeypatch.setattr(runners, "entry_points", entry_points)


def test_another_mat_file_is_compared_layer_by_layer(call: Any, tmp_path: Path) -> None:
    layers = [fullyConnectedLayer(2, Name="fc", Weights=np.eye(2), Bias=np.ones((2, 1)))]
    layers += [reluLayer(Name="relu"), fullyConnectedLayer(2, Name="out", Weights=np.eye(2))]
    net, other = Network([featureInputLayer(2), *layers]), Network([featureInputLayer(2), *layers])
    other = replaceLayer(other, "out", fullyConnectedLayer(2, Weights=2 * np.eye(2), Name="out"))
    for name, one in (("a", net), ("b", other)):
        converters.save(one.initialize(seed=0), tmp_path / f"{name}.mat", check=False)
    same = call("verify", tmp_path / "a.mat", "--against", tmp_path / "a.mat")
    assert (same.code, "float32" in same.out) == (0, True)
    done = call("verify", tmp_path / "a.mat", "--against", f"{tmp_path / 'b.mat'}:net")
    assert done.out.splitlines()[-1].endswith("a.mat: different, first in layer 'out'")
    assert "computed with    torch" in done.out
    assert "float32" in done.out.splitlines()[-2]


def test_an_input_that_the_other_network_refuses_is_said_of_the_other(
    call: Any, tmp_path: Path
) -> None:
    for count in (2, 3):
        layers = [featureInputLayer(count, Name="in"), fullyConnectedLayer(1, Name="fc")]
        network = Network(layers, kind="dlnetwork").initialize(seed=0)
        converters.save(network, tmp_path / f"of_{count}.mat", check=False)
    done = call("verify", tmp_path / "of_2.mat", "--against", tmp_path / "of_3.mat")
    assert done.code == 2
    assert "the other MAT-file > input 'in'" in done.err


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("named", "verdict"), [("mine", "equal"), ("mine:1", "different")])
def test_a_runner_of_another_package_is_compared_with(named: str, verdict: str) -> None:
    report = against.verify_against(SERIES, named)
    assert report.verdict == verdict
    assert (report.environment["against"], report.environment["engine"]) == (named, "1.0")


def test_the_oracle_is_a_runner() -> None:
    assert against.verify_against(SERIES, "float64").verdict == "equal"


def test_the_command_line_names_a_runner() -> None:
    done = run("verify", SERIES, "--against", "float64")
    assert (done.returncode, "equal" in done.stdout) == (0, True)


def test_a_file_is_meant_where_a_file_of_that_name_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_onnx(tmp_path / "a.onnx").rename("float64")
    assert "against_sha256" in against.verify_against(SERIES, "float64").environment


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The sides of each call of ``verify``."""
    module = importlib.import_module("matlab_compat.parity.verify")
    original = module.verify
    seen: list[tuple[str, str]] = []

    def counted(candidate: Runner, reference: Runner, *rest: Any, **options: Any) -> Report:
        seen.append((type(candidate).__name__, type(reference).__name__))
        report: Report = original(candidate, reference, *rest, **options)
        return report

    for place in ("matlab_compat.parity.verify", "matlab_compat.parity.network"):
        monkeypatch.setattr(f"{place}.verify", counted)
    monkeypatch.setattr("matlab_compat.testing.verify", counted)
    return seen


def test_one_function_answers_for_layers_networks_files_and_tests(
    tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(3, 3, 2, 2)).astype(np.float32)
    layer = TransposedConvolution2DLayer(FilterSize=3, NumFilters=2, Weights=weights)
    converters.save_layer(layer, tmp_path / "layer.mat")
    X = random.normal(size=(5, 4, 2)).astype(np.float32)
    scipy.io.savemat(tmp_path / "X.mat", {"X": X, "Y": layer.predict(X)})
    data = str(tmp_path / "X.mat")
    converters.verify(tmp_path / "layer.mat", input=data, expected=data)
    against.verify_against(SERIES, write_onnx(tmp_path / "a.onnx"))
    converters.save(reluLayer(), tmp_path / "relu.pt")
    assert_matches_matlab(layer.predict(X), data)
    assert calls == [
        ("TorchRunner", "SavedRunner"),
        ("TorchRunner", "OnnxRunner"),
        ("SavedRunner", "PreparedRunner"),
        ("SavedRunner", "SavedRunner"),
    ]


def test_a_network_is_compared_by_it_as_well(calls: list[tuple[str, str]]) -> None:
    from matlab_compat.parity.network import verify_network

    made = Network([fullyConnectedLayer(2, Weights=np.eye(2), Bias=np.zeros((2, 1)), Name="f")])
    x = dlarray(np.ones((2, 1), np.float32), "CB")
    assert verify_network(made, [x], {"Y": np.ones((2, 1))}).verdict == "equal"
    assert calls == [("TorchRunner", "SavedRunner")]
