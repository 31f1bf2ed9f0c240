"""Inputs that are something else than they should be: one clear message, and what to do.

Expected values: what was written to the files, and the exit codes that the README promises.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import converters
import matlab_compat as mc
from tests.cli.command import FIXTURES

X = np.random.default_rng(0).random((6, 4), np.float32)


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four features to the scores of three classes, in the folder where commands run."""
    monkeypatch.chdir(tmp_path)
    full = mc.fullyConnectedLayer(3, Name="fc").initialize(4, seed=0)
    network = mc.dlnetwork([mc.featureInputLayer(4, Name="in"), full, mc.softmaxLayer()])
    converters.save(network, "net.mat")
    converters.write_mat("X.mat", {"X": X})
    return tmp_path


def given(value: Any, name: str = "Z") -> list[str]:
    converters.write_mat("other.mat", {} if value is None else {name: value})
    return ["predict", "net.mat", "--input", "other.mat", "-o", "y.mat"]


#: What there is in the place of X -> what is said of it.
INPUTS: dict[str, tuple[Any, str]] = {
    "text": (
        "hello",
        "Z (char); a numeric array, or a cell array of them for sequences, is needed",
    ),
    "no variable": (None, "The file has no variables; a numeric array"),
    "struct": ({"name": "a", "data": X}, "name what is inside: other.mat:Z.data"),
    "empty struct": ({}, "save('X.mat', 'X')"),
    "sparse": (scipy.sparse.csc_array(X.astype(float)), "X = full(X)"),
    "several arrays": ([X, X], "2 arrays (a cell array), as sequences are given"),
    "arrays of all sizes": ([X, np.ones((3, 5, 2))], "2 arrays (a cell array)"),
    "no rows": (np.zeros((0, 4)), "The input is empty (0×4)"),
    "complex": (X + 1j, "a real numeric array, not complex"),
    "other features": (np.ones((6, 5)), "has size 5, but the layer takes 4"),
    "five dimensions": (np.ones((6, 4, 1, 1, 2)), "labels 2 dimensions"),
    "a number": (3.0, "has size 1, but the layer takes 4"),
}


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_no_input_is_said_to_be_what_it_is(net: Path, call: Any, name: str) -> None:
    value, words = INPUTS[name]
    done = call(*given(value))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert words in done.err
    assert ":s.X" not in done.err
    assert not (net / "y.mat").exists()


@pytest.mark.parametrize(
    ("value", "words"),
    [(["a", X], "other.mat > X > {1}"), ([], "not an empty cell array"), ("a", "not char")],
)
@pytest.mark.usefixtures("net")
def test_what_is_called_x_and_is_none(call: Any, value: Any, words: str) -> None:
    done = call(*given(value, "X"))
    assert (done.code, words in done.err) == (2, True)


@pytest.mark.parametrize("convert", [np.int32, np.uint8, np.int64, np.bool_, np.float64])
@pytest.mark.usefixtures("net")
def test_numbers_of_every_class_are_taken(call: Any, convert: Callable[[Any], Any]) -> None:
    assert call(*given(convert(100 * X))).code == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["a", "b"], "Y = categorical(Y, classes)"),
        ("hello", "classes"),
        ([X, X], "1 array computed, 2 arrays (of a cell array) expected"),
        (scipy.sparse.csc_array(X.astype(float)), "X = full(X)"),
    ],
)
@pytest.mark.usefixtures("net")
def test_what_is_no_expected_output(call: Any, value: Any, words: str) -> None:
    converters.write_mat("other.mat", {"Z": value})
    done = call("verify", "net.mat", "--input", "X.mat", "--expected", "other.mat")
    assert (done.code, done.out) == (2, "")
    assert words in done.err or "is needed" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["convert", "net.mat", "X.mat", "-o", "X.mat"], "into a folder, and this is none"),
        (["verify", "net.mat", "--against", "folder"], "It is a folder"),
        (["verify", "net.mat", "--against", "X.mat"], "There is no layer or network in it"),
        (
            ["predict", "net.mat", "--input", "X.mat", "--input", "X.mat", "-o", "y.mat"],
            "The model has 1 input (in), but 2 were named",
        ),
        (["predict", "net.mat"], "name a file for each: --input X.mat:X."),
        (["predict", f"{FIXTURES}/shallow/open_loop.v7.mat"], "open_loop.v7.mat:X."),
        (["verify", "net.mat", "--dask", "nowhere"], "No dask scheduler answers at nowhere"),
    ],
)
def test_what_is_no_place(net: Path, call: Any, arguments: list[str], words: str) -> None:
    (net / "folder").mkdir()
    before = (net / "X.mat").read_bytes()
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "Traceback" not in done.err
    assert (net / "X.mat").read_bytes() == before


def test_names_of_files_in_any_script(net: Path, call: Any) -> None:
    (net / "X.mat").rename(net / "ünïcode 名.mat")
    done = call("predict", "net.mat", "--input", "ünïcode 名.mat:X", "-o", "Ergebnis ß.mat")
    assert done.code == 0
    assert (net / "Ergebnis ß.mat").exists()
