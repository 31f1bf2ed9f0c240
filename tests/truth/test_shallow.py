"""Shallow networks give what MATLAB gave.

Expected values: the outputs, errors and performances that MATLAB saved beside the networks. Bounds:
1e-12 of the largest output, 1e-9 where weights of radial basis functions cancel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from matlab_compat.shallow import ShallowNetwork, closeloop, preparets, removedelay
from tests.real import REAL

from .cases import CASES

pytestmark = pytest.mark.real

ABJ = "abj247__Turning_ANN_GA"
GOLOK = "hanifrazin__TestingGolok"
FENN = "yaotianhua0924__FENN"
TWINKLE = "Twinkle-HR__Neural_Network-and-Fuzzy_Logic-in-MATLAB/workspace.mat"


def read(file: str | Path) -> Any:
    """The variables of a file by name."""
    with converters.open_mat(REAL / file) as mat:
        return {info.name: mat[info.name] for info in mat.variables}


def network(file: str, variable: str | None = None) -> ShallowNetwork:
    net = converters.load(REAL / file, variable)
    assert isinstance(net, ShallowNetwork)
    return net


def matrix(value: Any) -> Any:
    """Time steps of a cell side by side."""
    is_cell = isinstance(value, np.ndarray) and value.dtype == object
    return np.concatenate([*value.flat], 1) if is_cell else np.asarray(value)


def assert_near(actual: Any, expected: Any, bound: float = 1e-12) -> None:
    actual, expected = matrix(actual), matrix(expected)
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= bound * np.abs(expected).max()


@pytest.mark.parametrize(
    ("file", "pairs"),
    [
        (f"{ABJ}/ann.mat", {"i": "fg_outputs"}),
        (f"{ABJ}/matlab.mat", {"i": "network1_outputs'"}),
        ("Mostafa-ebrahimi__Regression_analysis/net.mat", {"TestInputs'": "F1TsNET"}),
        ("Mostafa-ebrahimi__Regression_analysis/net.mat", {"TrainInputs'": "F1TrNET"}),
        (TWINKLE, {"inputs": "outputs"}),
        (f"{GOLOK}/TrainBackprop23.mat", {"trainset_transpose": "TrainBackprop23_outputs"}),
        (f"{GOLOK}/Perceptron.mat", {"train": "Perceptron_outputs"}),
        (f"{GOLOK}/PNN.mat", {"test": "PNN_outputs"}),
    ],
)
def test_outputs_are_those_that_matlab_saved(file: str, pairs: dict[str, str]) -> None:
    variables, net = read(file), network(file)
    for source, target in pairs.items():
        X, Y = (
            variables[name.rstrip("'")].T if name.endswith("'") else variables[name]
            for name in (source, target)
        )
        assert_near(net(X), Y)


def test_errors_are_those_that_matlab_saved() -> None:
    variables = read(f"{ABJ}/ann.mat")
    Y = network(f"{ABJ}/ann.mat")(variables["i"])
    largest = np.abs(variables["fg_outputs"]).max()
    assert np.abs(variables["t"] - Y - variables["fg_errors"]).max() <= 1e-12 * largest


def test_a_training_record_has_the_performance_over_its_indices() -> None:
    variables, net = read(TWINKLE), network(TWINKLE)
    squares = (variables["targets"] - net(variables["inputs"])) ** 2
    (record,) = variables["tr"].elements()
    for figure, part in (("perf", "train"), ("vperf", "val"), ("tperf", "test")):
        at = record[f"{part}Ind"].ravel().astype(int) - 1
        expected = record[f"best_{figure}"].item()
        assert squares[:, at].mean() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("case", ["radial", "encoder", "stocks"])
def test_what_matlab_saved_elsewhere_is_met(case: str) -> None:
    """At the centres of a radial basis network, of an encoder, of a loop over all windows."""
    measured = list(CASES[case](REAL))
    assert measured
    assert [m for m in measured if not m.holds] == []


@pytest.mark.parametrize("file", [f"{FENN}/LM.mat", f"{FENN}/Sarima_BR.mat"])
class TestSeries:
    def test_an_open_loop(self, file: str) -> None:
        saved = read(file)
        assert_near(network(file, "net")(saved["x"], saved["xi"], saved["ai"]), saved["y"])

    def test_a_closed_loop_from_its_targets(self, file: str) -> None:
        saved, net = read(file), network(file, "netc")
        Xs, Xi, Ai, Ts = preparets(net, None, None, saved["T"])
        Y = net(Xs, Xi, Ai)
        assert_near(Y, saved["yc"])
        performance = ((matrix(Ts) - matrix(Y)) ** 2).mean()
        assert performance == pytest.approx(saved["closedLoopPerformance"].item(), rel=1e-11)

    def test_a_network_that_predicts_ahead(self, file: str) -> None:
        saved, net = read(file), network(file, "nets")
        assert_near(net(saved["xs"], saved["xis"], saved["ais"]), saved["ys"])
        assert (
            net.view().splitlines()[1:]
            == (removedelay(network(file, "net")).view().splitlines()[1:])
        )

    def test_closing_the_loop_gives_the_network_that_matlab_closed(self, file: str) -> None:
        closed, saved = closeloop(network(file, "net")), network(file, "netc")
        assert closed.view().splitlines()[1:] == saved.view().splitlines()[1:]
        pairs = zip([*closed.LW.flat, *closed.b], [*saved.LW.flat, *saved.b], strict=True)
        assert all(one is other or np.array_equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(
    ("file", "names"),
    [
        (f"{ABJ}/ann.mat", {"fg_outputs", "fg_errors"}),
        (f"{ABJ}/matlab.mat", {"network1_outputs", "network1_errors"}),
        (TWINKLE, {"outputs", "errors", "tr.best_perf", "tr.best_vperf", "tr.best_tperf"}),
        (f"{GOLOK}/PNN.mat", {"PNN_outputs"}),
        (f"{FENN}/LM.mat", {"net: y", "netc: yc", "nets: ys", "net: tr.best_perf"}),
    ],
)
def test_verify_finds_what_belongs_together(file: str, names: set[str]) -> None:
    report = converters.verify(REAL / file)
    assert report.verdict == "equal"
    assert names <= {one.name for one in report.outputs}
