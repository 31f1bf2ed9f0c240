"""inspect, verify and predict end to end, with the installed command.

Expected values: the fixtures as Octave (and the script of ``fixtures/native``) made them; the keys
of the JSON documents are those of the schemas that README publishes, written out here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io

from tests.cli.command import FIXTURES, run
from tests.converters.exports import fields, save

GOOD = FIXTURES / "same_odd.v7.mat"
WRONG = FIXTURES / "wrong_by_one_pixel.v7.mat"
DAG = FIXTURES / "native" / "dag_v7.mat"


# --- inspect ------------------------------------------------------------------------------


def test_inspect_as_text() -> None:
    done = run("inspect", DAG)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{DAG}: MAT-file level 7 (GLNXA64, Thu Jan  1 00:00:00 2026)"
    assert lines[2].split() == ["Name", "Size", "Bytes", "Class"]
    assert lines[3].split()[::3] == ["net", "DAGNetwork"]
    assert "net: DAGNetwork, 8 layers" in lines
    up1 = next(line for line in lines if "'up1'" in line)
    assert up1.split("   ")[-1] == (
        "3 4×5×2 transposed convolutions with stride [2  3] and cropping [1  0  2  1]"
    )
    assert any(line.split() == ["up2", "->", "add/in2"] for line in lines)


def test_inspect_says_that_hdf5_of_others_is_no_mat_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = [[1.0, 2.0]]
    done = run("inspect", tmp_path / "a.h5")
    assert (done.returncode, done.stderr) == (0, "")
    assert "a.h5: HDF5, and not a MAT-file" in done.stdout
    assert "level" not in done.stdout


def test_inspect_as_json_has_the_keys_of_its_schema() -> None:
    done = run("inspect", DAG, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "matlab_compat.inspect/1"
    assert document["file"] == str(DAG)
    assert document["level"] == "7"
    assert isinstance(document["variables"], list)
    (net,) = document["variables"]
    assert (net["name"], net["class"], net["size"]) == ("net", "DAGNetwork", [1, 1])
    assert isinstance(net["bytes"], int)
    for index, layer in enumerate(net["layers"], 1):
        assert layer["index"] == index
        assert isinstance(layer["name"], str)
        assert layer["class"].startswith("nnet.cnn.layer.")
        assert isinstance(layer["hyperparameters"], dict)
        assert isinstance(layer["learnables"], dict)
    assert net["layers"][1]["learnables"] == {"Weights": [4, 5, 3, 2], "Bias": [1, 1, 3]}
    assert net["layers"][1]["hyperparameters"]["CroppingSize"] == [1, 0, 2, 1]
    assert len(net["connections"]) == 9
    assert ["up2", "add/in2"] in net["connections"]


def test_inspect_tells_sizes_parameters_and_multiply_adds(call: Any) -> None:
    shown = call("inspect", DAG).out
    assert "9(S)×17(S)×3(C)×1(B), 123 parameters, 2,880 multiply-adds" in shown
    net = json.loads(call("inspect", DAG, "--format", "json").out)["variables"][0]
    up1 = net["layers"][1]
    assert up1["activations"] == [{"size": [9, 17, 3, 1], "labels": "SSCB"}]
    assert up1["parameters"] == 4 * 5 * 3 * 2 + 3
    assert up1["multiply_adds"] == 4 * 5 * 3 * 2 * (4 * 6)
    assert net["totals"]["parameters"] == sum(layer["parameters"] for layer in net["layers"])


def test_inspect_with_summary_leaves_the_layers_out(call: Any) -> None:
    shown = call("inspect", DAG, "--summary").out
    assert "'up1'" not in shown
    assert "net: DAGNetwork, 8 layers" in shown
    assert "in all 260 parameters (1,040 bytes with states)" in shown


def test_inspect_of_one_variable(call: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", one=fields(), two=2.0)
    result = call("inspect", path, "--variable", "two", "--format", "json")
    assert [v["name"] for v in json.loads(result.out)["variables"]] == ["two"]


def test_inspect_says_of_weights_without_a_layer_what_to_do(call: Any, tmp_path: Path) -> None:
    weights = {"W": np.zeros((3, 3, 2, 4), np.float32), "b": np.zeros((4, 1), np.float32)}
    done = call("inspect", save(tmp_path / "w.mat", **weights))
    assert (done.code, "only arrays named like weights" in done.err) == (0, True)
    assert "remedy: say which layer they are of" in done.err
    assert call("inspect", save(tmp_path / "x.mat", X=np.zeros((3, 3)))).err == ""


def test_inspect_shows_loose_layers_unknown_fields_and_problems(call: Any, tmp_path: Path) -> None:
    loose = call("inspect", save(tmp_path / "a.mat", **fields()))
    assert "The variables describe a layer:" in loose.out
    known = call("inspect", save(tmp_path / "b.mat", s=fields(Comment="from the lab")))
    assert "other fields: Comment 'from the lab'" in known.out
    broken = call("inspect", save(tmp_path / "c.mat", s=fields(NumFilters=6.0)))
    assert broken.code == 0
    assert "problem: Weights is 3×2×5×4" in broken.out


def test_terminal_escapes_and_line_breaks_in_a_file_are_shown_not_obeyed(
    call: Any, tmp_path: Path
) -> None:
    evil = "up\x1b]0;owned\x07\nnet: verified\u202e\x9b31m"
    path = save(tmp_path / "a.mat", s=fields(Name=evil, **{"Note": "a\rb\x1b[2J"}))
    shown = call("inspect", path).out
    assert not set("\x1b\x07\r\x9b\u202e") & set(shown)
    assert r"up\x1b]0;owned\x07\nnet: verified" in shown
    assert "\nnet: verified" not in shown
    # JSON has its own escapes, and gives the name back as it is.
    out = call("inspect", path, "--format", "json").out
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out)["variables"][0]["layers"][0]["name"] == evil


# --- verify -------------------------------------------------------------------------------


def test_verify_as_text() -> None:
    done = run("verify", WRONG)
    assert (done.returncode, done.stderr) == (1, "")
    for part in ("10×8×3×1", "max abs", "relative L2", "240 of 240", "float64 oracle", "worst"):
        assert part in done.stdout
    assert done.stdout.splitlines()[-1] == f"{WRONG}: different"
    assert "in MATLAB, Y[" in done.stdout


#: Keys of one output in the verify document, and their types where a comparison took place.
OUTPUT_KEYS = {
    "name": str,
    "shape": list,
    "dtype": str,
    "max_abs": float,
    "rel_l2": float,
    "scaled_error": float,
    "bound": float,
    "outside": int,
    "nan_actual": int,
    "nan_expected": int,
    "inf_actual": int,
    "inf_expected": int,
    "oracle_actual": float,
    "oracle_expected": float,
    "worst": dict,
}


@pytest.mark.parametrize(("path", "verdict", "code"), [(GOOD, "equal", 0), (WRONG, "different", 1)])
def test_verify_as_json_has_the_keys_of_its_schema(
    call: Any, path: Path, verdict: str, code: int
) -> None:
    result = call("verify", path, "--format", "json")
    assert (result.code, result.err) == (code, "")
    document = json.loads(result.out)
    assert {"schema", "verdict", "exit_code", "outputs", "environment"} <= set(document)
    assert document["schema"] == "matlab_compat.verify/1"
    assert (document["verdict"], document["exit_code"]) == (verdict, code)
    (output,) = document["outputs"]
    for key, kind in OUTPUT_KEYS.items():
        assert isinstance(output[key], kind), key
    assert (output["name"], output["shape"]) == ("Y", [10, 8, 3, 1])
    worst = output["worst"]
    assert [i + 1 for i in worst["index"]] == worst["matlab_index"]
    expected = scipy.io.loadmat(path)["Y"]
    assert worst["expected"] == pytest.approx(float(expected[tuple(worst["index"][:3])]))
    assert document["environment"]["torch"]


def test_verify_of_other_shapes_is_different_and_still_json(call: Any, tmp_path: Path) -> None:
    variables = {k: v for k, v in scipy.io.loadmat(GOOD).items() if not k.startswith("__")}
    variables["Y"] = variables["Y"][:-1]
    result = call("verify", save(tmp_path / "a.mat", **variables), "--format", "json")
    assert result.code == 1
    output = json.loads(result.out)["outputs"][0]
    assert output["max_abs"] == "Infinity"
    assert output["worst"] is None
    text = call("verify", tmp_path / "a.mat")
    assert text.code == 1
    assert "10×8×3×1" in text.out
    assert "9×8×3" in text.out


def test_verify_counts_nan_and_inf_apart(call: Any, tmp_path: Path) -> None:
    variables = {k: v for k, v in scipy.io.loadmat(GOOD).items() if not k.startswith("__")}
    variables["Y"][0, 0, 0], variables["Y"][1, 0, 0] = np.nan, np.inf
    result = call("verify", save(tmp_path / "a.mat", **variables))
    assert result.code == 1
    assert "2 of 240 elements" in result.out
    assert "0 computed, 1 expected" in result.out


def test_verify_with_tolerances_data_files_and_a_chosen_layer(call: Any, tmp_path: Path) -> None:
    y = scipy.io.loadmat(GOOD)["Y"]
    off = save(tmp_path / "y.mat", y=y + np.float32(0.01))
    assert call("verify", GOOD, "--expected", f"{off}:y").code == 1
    assert call("verify", GOOD, "--expected", f"{off}:y", "--atol", 0.02).code == 0
    assert call("verify", GOOD, "--expected", f"{off}:y", "--rtol", 1e-6).code == 1
    structs = FIXTURES / "struct_array.v7.mat"
    assert call("verify", structs, "--layer", "2").code == 0
    assert call("verify", structs, "--variable", "layers(1)").code == 0


def test_verify_warns_of_cropping_on_stderr(call: Any) -> None:
    result = call("verify", FIXTURES / "cropping_vector.v7.mat", "--format", "json")
    assert result.code == 0
    assert json.loads(result.out)["verdict"] == "equal"
    assert result.err.startswith("warning: ")
    assert "CroppingSize" in result.err
    assert result.err.count("\n") == 1


def test_verify_in_double_precision(call: Any) -> None:
    path = FIXTURES / "double_precision.v7.mat"
    result = call("verify", path, "--dtype", "double", "--format", "json")
    assert json.loads(result.out)["outputs"][0]["dtype"] == "float64"
    assert json.loads(result.out)["outputs"][0]["max_abs"] < 1e-14


# --- predict ------------------------------------------------------------------------------


def test_predict_writes_y_that_scipy_reads_and_overwrites_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "Y.mat"
    done = run("predict", GOOD, "--input", f"{GOOD}:X", "-o", out)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"wrote Y, 10×8×3×1 single, to {out}\n"
    saved, expected = scipy.io.loadmat(out)["Y"], scipy.io.loadmat(GOOD)["Y"]
    np.testing.assert_allclose(saved.reshape(expected.shape, order="F"), expected, atol=1e-5)

    before = out.read_bytes()
    again = run("predict", GOOD, "--input", f"{GOOD}:X", "-o", out)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert out.read_bytes() == before


def test_predict_by_force(call: Any, tmp_path: Path) -> None:
    out = tmp_path / "Y.mat"
    out.write_bytes(b"old")
    assert call("predict", GOOD, "--input", GOOD, "-o", out, "--force").code == 0
    assert "Y" in scipy.io.loadmat(out)


def test_predict_needs_input_and_output(call: Any) -> None:
    result = call("predict", GOOD, "-o", "y.mat")
    assert result.code == 2
    assert "--input" in result.err
