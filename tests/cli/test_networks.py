"""Networks from the command line: verify, predict, convert, layers, many files.

Expected values: the operators of ONNX Runtime (``onnx_series``) for the fixture's network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import scipy.io
import torch

from tests.cli.command import FIXTURES, run
from tests.converters.onnx_series import SERIES, write_onnx


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, Path]:
    """An input, and ONNX Runtime's output for it, in MATLAB's order."""
    X = np.random.default_rng(0).normal(size=(6, 5, 2, 2)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(write_onnx(tmp_path / "series.onnx")))
    (y,) = session.run(None, {"x": np.ascontiguousarray(X.transpose(3, 2, 0, 1))})
    scipy.io.savemat(tmp_path / "x.mat", {"X": X})
    scipy.io.savemat(tmp_path / "y.mat", {"Y": y.transpose(2, 3, 1, 0)})
    return tmp_path / "x.mat", tmp_path / "y.mat"


def test_verify_a_network(data: tuple[Path, Path]) -> None:
    done = run("verify", SERIES, "--input", data[0], "--expected", data[1], "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["verdict"], report["outputs"][0]["shape"]) == ("equal", [12, 10, 3, 2])
    assert report["outputs"][0]["rule"].startswith("difference / ")


def test_verify_against_onnx(tmp_path: Path) -> None:
    good = run("verify", SERIES, "--against", write_onnx(tmp_path / "a.onnx"))
    bad = run("verify", SERIES, "--against", write_onnx(tmp_path / "b.onnx", error=0.1))
    assert (good.returncode, bad.returncode) == (0, 1)
    assert good.stdout.endswith("series_v7.mat: equal\n")


def test_predict_a_network(data: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("predict", SERIES, "--input", f"{data[0]}:X", "-o", tmp_path / "out.mat")
    assert done.returncode == 0, done.stderr
    saved = scipy.io.loadmat(tmp_path / "out.mat")["Y"]
    np.testing.assert_allclose(saved, scipy.io.loadmat(data[1])["Y"], atol=1e-5)


def test_convert_to_torch(tmp_path: Path) -> None:
    done = run("convert", SERIES, "-o", tmp_path / "net.pt")
    assert done.returncode == 0, done.stderr
    assert "equal" in done.stdout
    state = torch.load(tmp_path / "net.pt", weights_only=True)["state_dict"]
    assert state["conv.weight"].shape == (4, 2, 3, 3)
    again = run("convert", SERIES, "-o", tmp_path / "net.pt")
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert run("verify", tmp_path / "net.pt").returncode == 2  # no data beside it


def test_layers_lists_the_registry() -> None:
    done = run("layers", "--format", "json")
    rows = json.loads(done.stdout)["layers"]
    assert {"nnet.cnn.layer.TransposedConvolution2DLayer", "nnet.cnn.layer.LSTMLayer"} <= {
        row["Class"] for row in rows
    }
    assert "transposedConv2dLayer" in run("layers").stdout


def test_many_files_give_one_summary_and_the_worst_exit_code(tmp_path: Path) -> None:
    for name in ("same_odd.v7", "wrong_by_one_pixel.v7"):
        (tmp_path / f"{name}.mat").write_bytes((FIXTURES / f"{name}.mat").read_bytes())
    assert run("verify", tmp_path).returncode == 1
    (tmp_path / "broken.mat").write_text("nothing")
    done = run("verify", tmp_path)
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["unreadable", "ok", "different", "1"]
    assert lines[-1] == "1 of 3 ok"
    pattern = run("verify", tmp_path / "*.mat", "--format", "json")
    document = json.loads(pattern.stdout)
    assert len(document["reports"]) == 2
    assert [error["exit_code"] for error in document["errors"]] == [2]


def test_inspect_and_convert_take_folders(tmp_path: Path) -> None:
    done = run("inspect", FIXTURES / "native", "--format", "json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["files"]) == 8
    done = run("convert", SERIES, FIXTURES / "native" / "dag_v7.mat", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["dag_v7.pt", "series_v7.pt"]


def test_a_folders_page_says_what_is_in_each_file_and_all_that_is_wrong(
    call: Any, tmp_path: Path
) -> None:
    custom, layer = FIXTURES / "code/network.mat", FIXTURES / "same_odd.v7.mat"
    assert call("inspect", custom, layer, "--report", tmp_path / "i.html").code == 0
    seen = (tmp_path / "i.html").read_text(encoding="utf-8")
    assert "TransposedConvolution2DLayer" in seen
    done = call("verify", custom, layer, "--report", tmp_path / "v.html")
    assert "network.mat  3 of 6 layers cannot be built\n" in done.out
    lines = (tmp_path / "v.html").read_text(encoding="utf-8")
    assert "<div>3 of 6 layers cannot be built:</div><div>" in lines
    assert "\\n" not in lines


def test_an_empty_folder_is_wrong_usage(tmp_path: Path) -> None:
    done = run("inspect", tmp_path)
    assert done.returncode == 2
    assert "no MAT-file" in done.stderr


@pytest.mark.parametrize("option", ["--layer", "--class", "--expected", "--data-format"])
def test_what_against_has_no_use_for_is_refused(option: str) -> None:
    done = run("verify", FIXTURES / "native/series_v7.mat", "--against", "float64", option, "x")
    assert done.returncode == 2
    assert f"{option} has no meaning beside --against" in done.stderr
