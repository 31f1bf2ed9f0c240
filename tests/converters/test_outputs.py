"""What ``predict`` writes, by the ending of the name.

Expected values: arrays made here, read back by scipy, numpy, Python's csv and json, which know
nothing of how they were written; the layouts are those of docs/json.md, written out here.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

import converters
import matlab_compat as mc
from converters.matfile.writer import write_mat
from converters.outputs import check_output, write_outputs
from converters.predict import predict
from matlab_compat.errors import UsageError
from tests.converters.exports import fields, save

ENDINGS = (".mat", ".npy", ".npz", ".csv", ".json")
RANDOM = np.random.default_rng(5)
MATRIX = np.asfortranarray(RANDOM.normal(size=(3, 4)).astype(np.float32))
BLOCK = np.asfortranarray(RANDOM.normal(size=(2, 3, 4, 5)))


def sequences(*lengths: int) -> Any:
    cell = np.empty((len(lengths), 1), object)
    cell[:, 0] = [RANDOM.normal(size=(2, n)).astype(np.float32) for n in lengths]
    return cell


# --- one array ----------------------------------------------------------------------------


def test_npy_is_numpys_in_matlab_order(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.npy", {"Y": BLOCK})
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), BLOCK, strict=True)


def test_csv_is_the_matrix_row_by_row(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.csv", {"Y": MATRIX})
    with (tmp_path / "y.csv").open(newline="") as stream:
        rows = [[float(item) for item in row] for row in csv.reader(stream)]
    np.testing.assert_array_equal(np.array(rows), MATRIX.astype(float), strict=True)


def test_csv_has_no_place_for_dimensions_of_size_one_at_the_end(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.csv", {"Y": MATRIX[:, :, None, None]})
    assert len((tmp_path / "y.csv").read_text().splitlines()) == 3


def test_csv_has_the_figures_of_writematrix(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.csv", {"Y": np.array([[np.nan, np.inf], [-np.inf, -0.0]])})
    assert (tmp_path / "y.csv").read_text() == "NaN,Inf\n-Inf,-0.0\n"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (BLOCK, "2×3×4×5"),
        (np.zeros((1, 1, 4)), "1×1×4"),
        (MATRIX * 1j, "complex"),
        (np.zeros((0, 3)), "empty"),
        (sequences(3, 4), "2 sequences"),
    ],
)
def test_csv_refuses_what_is_no_matrix(tmp_path: Path, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        write_outputs(tmp_path / "y.csv", {"Y": value})
    assert list(tmp_path.iterdir()) == []


def test_json_is_nested_lists_by_matlabs_indices(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.json", {"Y": BLOCK})
    document = json.loads((tmp_path / "y.json").read_text())
    assert document["schema"] == "matlab_compat.predict/1"
    described = document["outputs"]["Y"]
    assert (described["class"], described["size"]) == ("double", [2, 3, 4, 5])
    assert described["data"][1][2][3][4] == BLOCK[1, 2, 3, 4]
    np.testing.assert_array_equal(np.array(described["data"]), BLOCK)


def test_json_writes_figures_that_it_lacks_as_text(tmp_path: Path) -> None:
    write_outputs(tmp_path / "y.json", {"Y": np.array([[np.nan, np.inf, -np.inf]])})
    data = json.loads((tmp_path / "y.json").read_text())["outputs"]["Y"]["data"]
    assert data == [["NaN", "Infinity", "-Infinity"]]


# --- several outputs, and sequences -------------------------------------------------------


@pytest.mark.parametrize("ending", [".npy", ".csv"])
def test_one_array_formats_refuse_several_outputs(tmp_path: Path, ending: str) -> None:
    with pytest.raises(UsageError, match="one output, and the model has 2: a, b"):
        check_output(tmp_path / f"y{ending}", ["a", "b"])


def test_npz_has_an_array_for_each_output(tmp_path: Path) -> None:
    """Also for one called as an argument of numpy's own function."""
    write_outputs(tmp_path / "y.npz", {"file": BLOCK, "b": MATRIX})
    with np.load(tmp_path / "y.npz", allow_pickle=False) as found:
        assert sorted(found) == ["b", "file"]
        np.testing.assert_array_equal(found["file"], BLOCK, strict=True)
        np.testing.assert_array_equal(found["b"], MATRIX, strict=True)


def test_npz_has_an_array_for_each_sequence(tmp_path: Path) -> None:
    cell = sequences(3, 5)
    write_outputs(tmp_path / "y.npz", {"Y": cell})
    with np.load(tmp_path / "y.npz", allow_pickle=False) as found:
        assert list(found) == ["Y{1}", "Y{2}"]
        np.testing.assert_array_equal(found["Y{2}"], cell[1, 0], strict=True)


def test_json_has_a_cell_of_sequences(tmp_path: Path) -> None:
    cell = sequences(3, 5)
    write_outputs(tmp_path / "y.json", {"Y": cell})
    described = json.loads((tmp_path / "y.json").read_text())["outputs"]["Y"]
    assert (described["class"], described["size"]) == ("cell", [2, 1])
    assert [one["size"] for one in described["data"]] == [[2, 3], [2, 5]]
    assert described["data"][1]["data"][1][4] == float(cell[1, 0][1, 4])


def test_outputs_whose_names_become_the_same_are_both_kept(tmp_path: Path) -> None:
    network = mc.dlnetwork(
        [mc.featureInputLayer(2, Name="in"), mc.reluLayer(Name="a-b"), mc.reluLayer(Name="a_b")]
    )
    network = mc.Network(
        network.Layers,
        [("in", "a-b"), ("in", "a_b")],
        kind="dlnetwork",
        output_names=["a-b", "a_b"],
    )
    converters.save_network(network, tmp_path / "n.mat")
    path = save(tmp_path / "x.mat", X=np.array([[-1.0], [2.0]], np.float32))
    written = predict(tmp_path / "n.mat", f"{path}:X", tmp_path / "y.mat", data_format="CB").outputs
    assert sorted(written) == ["a_b", "a_b_2"]


# --- by the model's own way ---------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_predict_writes_what_the_ending_says(tmp_path: Path, ending: str) -> None:
    layer = save(tmp_path / "fc.mat", s=fully_connected())
    X = save(tmp_path / "x.mat", X=RANDOM.normal(size=(4, 6)).astype(np.float32))
    out = tmp_path / f"y{ending.upper()}"
    Y = predict(layer, f"{X}:X", out, data_format="CB").outputs["Y"]
    assert Y.shape == (3, 6)
    np.testing.assert_array_equal(read(out, ending), Y)


def fully_connected() -> dict[str, Any]:
    return {
        "Class": "nnet.cnn.layer.FullyConnectedLayer",
        "Name": "fc",
        "OutputSize": 3.0,
        "InputSize": 4.0,
        "Weights": RANDOM.normal(size=(3, 4)).astype(np.float32),
        "Bias": np.ones((3, 1), np.float32),
    }


def read(path: Path, ending: str) -> Any:
    if ending == ".mat":
        return scipy.io.loadmat(path)["Y"]
    if ending == ".csv":
        return np.loadtxt(path, delimiter=",").astype(np.float32)
    if ending == ".json":
        return np.array(json.loads(path.read_text())["outputs"]["Y"]["data"], np.float32)
    found = np.load(path)
    return found["Y"] if ending == ".npz" else found


@pytest.mark.parametrize("name", ["y.txt", "y.xlsx", "y", "y.mat.gz", ".mat"])
def test_another_ending_is_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        predict(tmp_path / "absent.mat", "absent.mat", tmp_path / name)
    for ending in ENDINGS:
        assert ending in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_said_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("mine")
    with pytest.raises(UsageError, match="There is a file of that name"):
        predict(tmp_path / "absent.mat", "absent.mat", tmp_path / "y.csv")
    assert (tmp_path / "y.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["z.csv", "z.json", "z"])
def test_no_mat_file_gets_the_name_of_another_format(tmp_path: Path, name: str) -> None:
    layer = converters.load(save(tmp_path / "s.mat", s=fields()))
    network = mc.dlnetwork([mc.featureInputLayer(2, Name="in"), mc.reluLayer(Name="r")])
    assert isinstance(layer, mc.Layer)
    for write in (
        lambda path: write_mat(path, {"Y": MATRIX}),
        lambda path: converters.save_layer(layer, path),
        lambda path: converters.save_network(network, path),
    ):
        with pytest.raises(UsageError) as caught:
            write(tmp_path / name)
        assert "z.mat" in caught.value.remedy
    assert not (tmp_path / name).exists()
