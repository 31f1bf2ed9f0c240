"""``converters.write_mat``: what ``open_mat`` gives and plain Python, at every level.

Oracles: scipy (levels 6 and 7), h5py and mat-io (7.3), GNU Octave; the values that went in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse

import converters
from converters import open_mat, write_mat
from converters.matfile.datetimes import Datetime
from converters.matfile.values import (
    Categorical,
    Damaged,
    FunctionHandle,
    Map,
    MatObject,
    ObjectArray,
    StructArray,
    Table,
)
from converters.matfile.writer import same
from matlab_compat import dlarray
from matlab_compat.errors import CorruptFileError, UsageError
from tests import oracle_matio
from tests.matlab.octave import needs_octave, octave

each_version = pytest.mark.parametrize("version", ["6", "7", "7.3"])
X = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
PLAIN = {
    "X": X,
    "info": {"name": "run 7", "steps": [1, "two", {"deep": True}], "none": []},
    "count": 3,
    "ratio": 0.5,
    "wave": 1 + 2j,
    "flag": True,
    "single": np.float32(0.25),
    "zero_d": np.array(7, np.int16),
    "sparse": scipy.sparse.coo_array(([5.0, 2.0], ([0, 2], [1, 0])), shape=(3, 2)),
}


def read(path: Path) -> dict[str, Any]:
    with open_mat(path) as mat:
        return dict(mat)


@each_version
def test_plain_python_reads_back(tmp_path: Path, version: str) -> None:
    write_mat(tmp_path / "x.mat", PLAIN, version=version)

    values = read(tmp_path / "x.mat")

    np.testing.assert_array_equal(values["X"], X, strict=True)
    info = values["info"].to_dict()
    assert (info["name"], info["steps"][1], info["none"]) == ("run 7", "two", [])
    assert info["steps"][2]["deep"].dtype == bool
    for name, dtype in {"count": "f8", "ratio": "f8", "flag": "?", "single": "f4", "wave": "c16",
                        "zero_d": "i2"}.items():  # fmt: skip
        assert (values[name].shape, values[name].dtype) == ((1, 1), np.dtype(dtype))
        assert values[name].item() == PLAIN[name]
    np.testing.assert_array_equal(values["sparse"].to_scipy().toarray(), PLAIN["sparse"].toarray())


@each_version
def test_what_open_mat_gives_is_taken_as_it_is(tmp_path: Path, version: str) -> None:
    events = StructArray((2, 2), {"id": [np.eye(2), "b", np.zeros((0, 0)), X]})
    cells = np.array([["a", X], [events, np.array([["x", "y"]])]], dtype=object)
    write_mat(tmp_path / "one.mat", {"cells": cells, "events": events}, version="7")

    with open_mat(tmp_path / "one.mat") as mat:
        write_mat(tmp_path / "two.mat", mat, version=version)

    one, two = read(tmp_path / "one.mat"), read(tmp_path / "two.mat")
    assert one.keys() == two.keys()
    assert all(same(one[name], two[name]) for name in one)


@each_version
@pytest.mark.parametrize("dtype", [np.float64, np.complex128, np.bool_])
@pytest.mark.parametrize("filled", [True, False])
def test_sparse_matrices_of_every_class_come_back(
    tmp_path: Path, version: str, dtype: type, filled: bool
) -> None:
    data = np.array([1, 1j, 2] if dtype is np.complex128 else [1, 1, 1]).astype(dtype)[: 3 * filled]
    at = (np.array([2, 0, 1])[: 3 * filled], np.array([0, 1, 1])[: 3 * filled])
    given = scipy.sparse.coo_array((data, at), shape=(3, 4))
    write_mat(tmp_path / "x.mat", {"x": given}, version=version)
    found = read(tmp_path / "x.mat")["x"]
    assert found.shape == (3, 4)
    assert found.data.dtype == dtype or not filled  # level 7.3 does not say it of nothing
    np.testing.assert_array_equal(found.to_scipy().toarray(), given.toarray())


def test_every_fixture_of_plain_values_is_written_again(tmp_path: Path) -> None:
    fixture = Path(__file__).parents[2] / "fixtures" / "nested_struct.v7.mat"
    with open_mat(fixture) as mat:
        write_mat(tmp_path / "again.mat", mat, version="7.3")
        assert all(same(mat[name], value) for name, value in read(tmp_path / "again.mat").items())


def test_to_dict_and_back(tmp_path: Path) -> None:
    write_mat(tmp_path / "a.mat", {"s": {"a": {"b": [X, "t"]}}})
    plain = read(tmp_path / "a.mat")["s"].to_dict()

    write_mat(tmp_path / "b.mat", {"s": plain}, version="7.3")

    assert same(read(tmp_path / "a.mat")["s"], read(tmp_path / "b.mat")["s"])


@pytest.mark.parametrize("version", ["6", "7"])
def test_scipy_reads_it(tmp_path: Path, version: str) -> None:
    write_mat(tmp_path / "x.mat", PLAIN, version=version)

    loaded = scipy.io.loadmat(tmp_path / "x.mat")

    np.testing.assert_array_equal(loaded["X"], X)
    info = loaded["info"][0, 0]
    assert info["name"].item() == "run 7"
    assert info["steps"].shape == (1, 3)
    assert info["steps"][0, 2]["deep"].item().item() == 1
    assert loaded["wave"].item() == 1 + 2j
    np.testing.assert_array_equal(loaded["sparse"].toarray(), PLAIN["sparse"].toarray())


def test_h5py_and_mat_io_read_level_73(tmp_path: Path) -> None:
    write_mat(tmp_path / "x.mat", PLAIN, version="7.3")

    with h5py.File(tmp_path / "x.mat") as file:
        np.testing.assert_array_equal(file["X"][()].T, X)
        assert file["info"].attrs["MATLAB_class"] == b"struct"
        assert file["flag"].attrs["MATLAB_class"] == b"logical"
    loaded = oracle_matio.load(tmp_path / "x.mat")
    assert "".join(loaded["info"]["name"].item()) == "run 7"


@pytest.mark.octave
@needs_octave
@pytest.mark.parametrize("version", ["6", "7"])
def test_octave_reads_it(tmp_path: Path, version: str) -> None:
    write_mat(tmp_path / "x.mat", PLAIN, version=version)

    numbers = " ".join(map(str, X.ravel("F")))
    octave(f"""
        s = load('{tmp_path / "x.mat"}');
        assert (class (s.X), 'single'); assert (s.X(:)', single ([{numbers}]));
        assert (s.info.name, 'run 7');
        assert (s.info.steps{{2}}, 'two'); assert (s.info.steps{{1}}, 1);
        assert (islogical (s.info.steps{{3}}.deep)); assert (iscell (s.info.none));
        assert (s.count, 3); assert (s.wave, 1+2i); assert (islogical (s.flag)); assert (s.flag);
        assert (class (s.zero_d), 'int16'); assert (full (s.sparse), [0 5; 0 0; 2 0]);
    """)


@pytest.mark.octave
@needs_octave
def test_octave_reads_level_73(tmp_path: Path) -> None:
    write_mat(tmp_path / "x.mat", {"X": X}, version="7.3")

    printed = octave(f"s = load ('{tmp_path / 'x.mat'}'); printf ('%d ', size (s.X), s.X)")

    numbers = list(map(int, printed.split()))
    assert numbers[:3] == [2, 3, 4]
    assert numbers[3:] == X.ravel("F").astype(int).tolist()


MOMENT = np.array([["2024-01-01"]], "datetime64[us]")


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        (dlarray(X, "SSC"), "extractdata"),
        (Categorical(np.array([[1]], np.uint8), ["a"]), "categorical("),
        (Table({"a": X}, []), "struct2table"),
        (Map({"a": 1}), "dict(x)"),
        (Datetime(MOMENT, "UTC"), "posixtime"),
        (MOMENT, "posixtime"),
        (np.array([[1]], "timedelta64[us]"), "seconds"),
        (np.array([["a", "b"]], np.dtypes.StringDType()), "astype(object)"),
        (FunctionHandle("@sin"), "str2func"),
        (MatObject("thing", dict), "properties"),
        (ObjectArray("thing", (0, 0), []), "properties"),
        (np.array([[b"ab"]]), "astype(str)"),
        (np.zeros((2, 2), [("a", "f4")]), "dtype.names"),
        (np.ma.array([[1.0, 2.0]], mask=[[0, 1]]), "filled"),
        (None, "zeros((0, 0))"),
        (b"bytes", "arrays, text"),
        ({1, 2}, "arrays, text"),
        (2**60, "int64"),
        (np.ones(3), "reshape"),
        (np.ones((1, 1), np.float16), "float32"),
        ({"not a name": 1}, "letters"),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, str) else "",
)
@pytest.mark.parametrize("inside", [False, True])
def test_what_has_no_form_is_refused_with_what_to_write_instead(
    tmp_path: Path, value: Any, remedy: str, inside: bool
) -> None:
    path = tmp_path / "x.mat"
    given = {"ok": X, "v": {"deep": [X, value]} if inside else value}

    with pytest.raises(UsageError) as caught:
        write_mat(path, given)

    assert remedy in caught.value.remedy
    assert caught.value.where[:2] == (str(path), "v")
    assert caught.value.where[2:4] == ((".deep", "{2}") if inside else caught.value.where[2:4])
    assert list(tmp_path.iterdir()) == []


#: A value that MATLAB keeps as an object, and what its remedy says to write instead.
INSTEAD: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "dlarray": (dlarray(X, "SSC"), lambda x: {"x": x.extractdata(), "d": x.dims()}),
    "categorical": (
        Categorical(np.array([[1, 2]], np.uint8), ["a", "b"]),
        lambda x: {"codes": x.codes, "c": x.categories},
    ),
    "table": (Table({"a": X, "b": np.array([["t"]])}, []), dict),
    "map": (Map({"a": 1.0, "b": "text"}), dict),
    "datetime": (
        Datetime(MOMENT, "UTC"),
        lambda x: {"s": x.utc.astype("int64") / 1e6, "z": x.time_zone},
    ),
    "datetime64": (MOMENT, lambda x: x.astype("datetime64[us]").astype("int64") / 1e6),
    "timedelta64": (
        np.array([[1500000]], "timedelta64[us]"),
        lambda x: x.astype("timedelta64[us]").astype("int64") / 1e6,
    ),
    "string": (np.array([["a", "bc"]], np.dtypes.StringDType()), lambda x: x.astype(object)),
    "function": (FunctionHandle("@sin"), lambda x: x.text),
    "object": (MatObject("thing", lambda: {"a": X}), lambda x: x.properties),
    "objects": (
        ObjectArray("thing", (1, 1), [MatObject("thing", lambda: {"a": X})]),
        lambda x: [e.properties for e in x.elements],
    ),
    "bytes": (np.array([[b"ab", b"c"]]), lambda x: x.astype(str).astype(object)),
    "records": (np.zeros((2, 2), [("a", "f4")]), lambda x: {n: x[n] for n in x.dtype.names}),
    "masked": (np.ma.array([[1.0, 2.0]], mask=[[0, 1]]), lambda x: x.filled(np.nan)),
}


@pytest.mark.parametrize("name", INSTEAD)
@each_version
def test_what_the_remedy_says_to_write_is_written(tmp_path: Path, name: str, version: str) -> None:
    value, instead = INSTEAD[name]
    with pytest.raises(UsageError):
        write_mat(tmp_path / "x.mat", {"x": value}, version=version)
    write_mat(tmp_path / "x.mat", {"x": instead(value)}, version=version)
    write_mat(tmp_path / "y.mat", read(tmp_path / "x.mat"), version=version)
    assert same(read(tmp_path / "x.mat")["x"], read(tmp_path / "y.mat")["x"])


def test_a_damaged_value_is_not_written(tmp_path: Path) -> None:
    damaged = Damaged("double", CorruptFileError("It is cut short."))

    with pytest.raises(CorruptFileError, match="cut short"):
        write_mat(tmp_path / "x.mat", {"s": {"a": damaged}})
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_contains_itself_is_refused(tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(UsageError, match="nested"):
        write_mat(tmp_path / "x.mat", {"x": endless})


def test_an_existing_file_stays_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "x.mat"
    path.write_bytes(b"precious")

    with pytest.raises(UsageError, match="There is a file"):
        write_mat(path, {"x": X})
    with pytest.raises(UsageError):
        write_mat(path, {"x": X, "bad": None}, overwrite=True)
    assert path.read_bytes() == b"precious"

    write_mat(path, {"x": X}, overwrite=True)
    assert list(read(path)) == ["x"]


@pytest.mark.parametrize(
    ("version", "level"), [("6", "6"), ("7", "7"), ("7.3", "7.3"), ("-v7.3", "7.3"), ("v6", "6")]
)
def test_version_is_said_as_for_matlabs_save(tmp_path: Path, version: str, level: str) -> None:
    write_mat(tmp_path / "x.mat", {"x": X}, version=version)

    with open_mat(tmp_path / "x.mat") as mat:
        assert mat.level == level


@pytest.mark.parametrize("version", ["4", "8", "", "7.30"])
def test_no_such_version(tmp_path: Path, version: str) -> None:
    with pytest.raises(UsageError, match="version is"):
        write_mat(tmp_path / "x.mat", {"x": X}, version=version)


@pytest.mark.parametrize("variables", [X, [X], [("X", X)], "X", None])
def test_variables_without_names_are_refused(tmp_path: Path, variables: Any) -> None:
    with pytest.raises(UsageError, match="by their names") as caught:
        write_mat(tmp_path / "x.mat", variables)
    assert "{'X': X}" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_it_is_public() -> None:
    assert converters.write_mat is write_mat
    assert "write_mat" in converters.__all__
