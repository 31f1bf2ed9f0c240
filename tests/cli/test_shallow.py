"""Shallow networks on the command line.

Expected values: Octave's outputs in ``fixtures/shallow``; words and exit codes of the documents.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

import converters
from tests.matlab_compat.shallow.made import FOLDER, cell, contents, fibonacci, matrix


def fixture(name: str) -> Path:
    return FOLDER / f"{name}.v7.mat"


def test_inspect_shows_what_each_layer_makes(call: Any) -> None:
    done = call("inspect", fixture("version_6"))
    assert done.code == 0
    *lines, note = done.out.splitlines()[-5:]
    assert lines == [
        "  x1 (2)  by mapminmax",
        "  a1 (3) = logsig(IW{1,1}*x1 + b{1})",
        "  a2 (1) = purelin(LW{2,1}*a1)",
        "  y1 (1) = a2  by mapstd",
    ]
    assert note.startswith("  note: mapstd: computed by MATLAB's documentation")


def test_verify_is_equal_in_text_and_json(call: Any) -> None:
    assert call("verify", fixture("feedforward")).code == 0
    document = json.loads(call("verify", fixture("feedforward"), "--format", "json").out)
    assert document["verdict"] == "equal"
    assert document["environment"]["dtype"] == "float64"


def test_predict_takes_states_after_the_input(call: Any, tmp_path: Path) -> None:
    file = fixture("closed_loop")
    inputs = [word for name in ("X", "Xi", "Ai") for word in ("--input", f"{file}:{name}")]
    assert call("predict", file, *inputs, "-o", tmp_path / "Y.mat").code == 0
    Y = matrix(scipy.io.loadmat(tmp_path / "Y.mat")["Y"])
    assert np.abs(Y - matrix(contents("closed_loop")["Y"])).max() < 1e-14


def test_steps_are_for_a_network_without_inputs(call: Any, tmp_path: Path) -> None:
    file, ones = tmp_path / "nar.mat", [np.ones((1, 1))] * 2
    converters.write_mat(file, {"net": fibonacci(), "Ai": cell([ones])})
    arguments = ("--input", f"{file}:Ai", "--steps", 5, "-o", tmp_path / "Y.mat")
    assert call("predict", file, *arguments).code == 0
    assert matrix(scipy.io.loadmat(tmp_path / "Y.mat")["Y"]).tolist() == [[2, 3, 5, 8, 13]]
    without = call("predict", file)
    assert without.code == 2
    assert "give the number of steps" in without.err
    assert "--steps 12" in without.err
    other = call("predict", fixture("closed_loop"), "--steps", 5)
    assert other.code == 2
    assert "--steps 5 is for a network without inputs" in other.err


@pytest.mark.parametrize("ending", [".pt", ".onnx", ".mat", ".m", ".safetensors", ".pt2"])
def test_convert_proves_what_it_wrote_in_double(call: Any, tmp_path: Path, ending: str) -> None:
    done = call("convert", fixture("pattern"), "-o", tmp_path / f"net{ending}", "--format", "json")
    assert done.code == 0
    document = json.loads(done.out)
    assert document["layers"] == 2
    assert document["outputs"][0]["dtype"] == "float64"


def test_data_that_do_not_fit_end_with_2(call: Any, tmp_path: Path) -> None:
    file = fixture("feedforward")
    done = call("predict", file, "--input", f"{file}:Y", "-o", tmp_path / "Y.mat")
    assert done.code == 2
    assert "expects 3 values a sample (before preprocessing), got 4" in done.err


def test_a_network_that_cannot_be_run_ends_with_3(call: Any, tmp_path: Path) -> None:
    with converters.open_mat(fixture("pattern")) as mat:
        net = mat["net"]
    net["layers"][0, 0].fields["transferFcn"][0] = "mytf"
    converters.write_mat(tmp_path / "own.mat", {"net": net})
    done = call("verify", tmp_path / "own.mat")
    assert done.code == 3
    assert "Layer 1 uses transfer function 'mytf', which is not one of MATLAB's" in done.err
    assert call("inspect", tmp_path / "own.mat").code == 0
