"""What is written reads back the same, everywhere; what fails leaves everything as it was.

Oracles: ``scipy.io.loadmat`` (levels 6 and 7), mat-io (all levels), GNU Octave, and h5py for
the attributes that MATLAB's own 7.3 files have. Round trips through our own reader compare
with the value that went in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from converters import atomic
from converters.matfile import open_mat, write5, writer
from converters.matfile.values import SparseArray, StructArray, Value
from converters.matfile.writer import same, write_mat
from matlab_compat.errors import FileAccessError, UsageError
from tests import oracle_matio
from tests.matlab.octave import octave

LEVELS = ("6", "7", "7.3")
each_level = pytest.mark.parametrize("level", LEVELS)
NUMBERS = [
    *("float64", "float32", "complex128", "complex64", "bool", "int8", "uint8"),
    *("int16", "uint16", "int32", "uint32", "int64", "uint64"),
]


def cell(*values: Value) -> Any:
    row = np.empty((1, len(values)), object)
    row[0, :] = values
    return row


def example() -> dict[str, Value]:
    """One of everything that can be written."""
    random = np.random.default_rng(7)
    return {
        "weights": random.random((3, 2, 4, 5)).astype(np.float32),
        "large": random.random((60, 50)),
        "text": "größe",
        "rows": np.array([["a", "b"], ["c", "d"]]),
        "nothing": np.zeros((0, 3)),
        "no_text": "",
        "flags": np.array([[True, False]]),
        "wave": np.array([[1 + 2j], [3 - 1j]]),
        "cells": cell("one", np.ones((1, 1)), cell("inner"), np.zeros((0, 0))),
        "no_cells": np.empty((0, 2), object),
        "one": StructArray.scalar(Zeta=np.ones((2, 2)), alpha="a", c=cell("x")),
        "many": StructArray((2, 1), {"f": ["first", np.int8([[2]])]}),
        "none": StructArray((0, 1), {"f": [], "g": []}),
        "bare": StructArray((1, 1), {}),
        "sparse": SparseArray((3, 2), np.array([2.0, 5.0]), np.array([2, 0]), np.array([0, 1, 2])),
        "no_sparse": SparseArray((2, 2), np.zeros(0), np.zeros(0, int), np.zeros(3, int)),
    }


@each_level
def test_everything_reads_back_the_same(tmp_path: Path, level: Any) -> None:
    path = tmp_path / "x.mat"
    write_mat(path, example(), level=level)
    with open_mat(path) as file:
        assert file.level == level
        assert set(file) == set(example())
        for name, value in example().items():
            assert same(value, file[name]), name


_shapes = hnp.array_shapes(min_dims=2, max_dims=5, min_side=0, max_side=5)
_arrays = st.sampled_from(NUMBERS).flatmap(lambda dtype: hnp.arrays(dtype, _shapes))
_texts = st.text(st.characters(max_codepoint=0x1FFFF), max_size=20)
_values = st.recursive(
    _arrays | _texts,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda values: cell(*values))
        | st.dictionaries(
            st.from_regex(r"[A-Za-z]\w{0,9}", fullmatch=True).filter(str.isascii), inner
        ).map(lambda fields: StructArray.scalar(**fields))
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(_values, st.sampled_from(LEVELS))
def test_any_value_round_trips(
    tmp_path_factory: pytest.TempPathFactory, value: Value, level: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.mat"
    write_mat(path, {"x": value}, level=level)
    with open_mat(path) as file:
        assert same(value, file["x"])


@pytest.mark.parametrize("level", ["6", "7"])
@given(array=_arrays)
def test_scipy_reads_the_same_numbers(
    tmp_path_factory: pytest.TempPathFactory, level: Any, array: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("scipy") / "x.mat"
    write_mat(path, {"x": array}, level=level)
    loaded = scipy.io.loadmat(path)["x"]
    if array.dtype == bool:
        loaded = loaded.astype(bool)
    np.testing.assert_array_equal(loaded, array, strict=array.size > 0)


@given(array=_arrays, level=st.sampled_from(LEVELS))
def test_mat_io_reads_the_same_numbers(
    tmp_path_factory: pytest.TempPathFactory, level: Any, array: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("matio") / "x.mat"
    write_mat(path, {"x": array}, level=level)
    np.testing.assert_array_equal(oracle_matio.load(path)["x"], array)


@each_level
def test_mat_io_reads_texts_cells_structs_and_sparse(tmp_path: Path, level: Any) -> None:
    path = tmp_path / "x.mat"
    write_mat(path, example(), level=level)
    loaded = oracle_matio.load(path)
    assert "".join(np.ravel(loaded["text"])) == "größe"
    assert [row for row in np.ravel(loaded["rows"])] == ["ab", "cd"]
    assert "".join(loaded["cells"][0, 0]) == "one"
    assert "".join(loaded["cells"][0, 2][0, 0]) == "inner"
    assert loaded["one"].dtype.names == ("Zeta", "alpha", "c")
    assert loaded["many"].shape == (2, 1)
    np.testing.assert_array_equal(loaded["sparse"].toarray(), [[0, 5], [0, 0], [2, 0]])


@pytest.mark.octave
@pytest.mark.parametrize("level", ["6", "7"])
def test_octave_reads_the_same(tmp_path: Path, level: Any) -> None:
    path = tmp_path / "x.mat"
    write_mat(path, example(), level=level)
    script = f"""
        s = load('{path}');
        assert (size (s.weights), [3 2 4 5]); assert (class (s.weights), 'single');
        printf ('%.9g ', s.weights(:)); printf ('\\n');
        assert (s.cells{{1}}, 'one'); assert (s.cells{{3}}, {{'inner'}});
        assert (fieldnames (s.one), {{'Zeta'; 'alpha'; 'c'}}); assert (s.many(1).f, 'first');
        assert (class (s.many(2).f), 'int8'); assert (s.wave, [1+2i; 3-1i]);
        assert (full (s.sparse), [0 5; 0 0; 2 0]); assert (islogical (s.flags));
        assert (s.rows, ['ab'; 'cd']); assert (size (s.nothing), [0 3]);
        assert (size (s.none), [0 1]); assert (size (s.bare), [1 1]);
    """
    printed = octave(script)
    weights = np.array(printed.split(), np.float32)
    np.testing.assert_array_equal(weights, example()["weights"].ravel(order="F"))


@pytest.mark.octave
def test_octave_reads_arrays_of_level_73(tmp_path: Path) -> None:
    path = tmp_path / "x.mat"
    array = np.arange(6.0).reshape(2, 3)
    write_mat(path, {"x": array}, level="7.3")
    assert octave(f"s = load ('{path}'); printf ('%d ', s.x)").split() == list("031425")


def test_level_73_carries_matlabs_header_and_attributes(tmp_path: Path) -> None:
    path = tmp_path / "x.mat"
    write_mat(path, example(), level="7.3")
    start = path.read_bytes()[:520]
    assert start.startswith(b"MATLAB 7.3 MAT-file, Platform: ")
    assert start[124:128] == b"\x00\x02IM"
    assert start[512:] == b"\x89HDF\r\n\x1a\n"
    with h5py.File(path) as file:
        assert file["weights"].attrs["MATLAB_class"] == b"single"
        assert file["weights"].shape == (5, 4, 2, 3)
        assert file["text"].attrs["MATLAB_int_decode"] == 2
        assert file["flags"].attrs["MATLAB_int_decode"] == 1
        assert file["nothing"].attrs["MATLAB_empty"] == 1
        assert file["nothing"][()].tolist() == [0, 3]
        assert file["wave"].dtype.names == ("real", "imag")
        assert file["sparse"].attrs["MATLAB_sparse"] == 3
        inner = file[file["cells"][0, 0]]
        assert inner.attrs["H5PATH"] == inner.name.encode() == b"/#refs#/a"
        fields = [b"".join(name) for name in file["one"].attrs["MATLAB_fields"]]
        assert fields == [b"Zeta", b"alpha", b"c"]


@each_level
def test_arrays_in_any_memory_order_are_written_right(tmp_path: Path, level: Any) -> None:
    whole = np.arange(120.0).reshape(4, 5, 6)
    views = {
        "transposed": whole.T,
        "strided": whole[::2, :, ::-1],
        "fortran": np.asfortranarray(whole),
        "swapped": whole.astype(">f8"),
    }
    path = tmp_path / "x.mat"
    write_mat(path, views, level=level)
    loaded = oracle_matio.load(path)
    for name, view in views.items():
        np.testing.assert_array_equal(loaded[name], view)


@each_level
def test_long_field_names_and_many_fields(tmp_path: Path, level: Any) -> None:
    fields = {f"field_{index:03}_" + "x" * 50: np.ones((1, 1)) for index in range(100)}
    path = tmp_path / "x.mat"
    write_mat(path, {"s": StructArray.scalar(**fields)}, level=level)
    with open_mat(path) as file:
        assert list(file["s"].fields) == list(fields)
    assert oracle_matio.load(path)["s"].dtype.names == tuple(fields)


# What is refused


@pytest.mark.parametrize("name", ["", "1x", "_x", "a-b", "größe", "x" * 64, "a b", "a\n"])
def test_invalid_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name in MATLAB"):
        write_mat(tmp_path / "x.mat", {name: np.ones((1, 1))})
    with pytest.raises(UsageError, match="no name in MATLAB"):
        write_mat(tmp_path / "x.mat", {"s": StructArray.scalar(**{name: np.ones((1, 1))})})
    assert not list(tmp_path.iterdir())


def test_keyword_is_refused_as_a_variable(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="keyword"):
        write_mat(tmp_path / "x.mat", {"end": np.ones((1, 1))})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.ones(3), r"reshape\(1, -1\)"),
        (np.float64(1.0), "cannot be written"),
        (1.0, "cannot be written"),
        (None, "cannot be written"),
        (np.ones((1, 1), np.float16), "float16"),
        (np.array([["ab"]]), "one character"),
        (np.array([["😀"]]), "one character"),
        (cell(object()), "cannot be written"),
        (StructArray((2, 1), {"a": ["only one"]}), "has 1 values"),
        (np.array([["2026-01-01"]], "datetime64[D]"), "no class in MATLAB"),
    ],
)
def test_value_without_a_class_in_matlab_is_refused(tmp_path: Path, value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        write_mat(tmp_path / "x.mat", {"x": value})
    assert caught.value.remedy
    assert caught.value.where[1] == "x"
    assert not list(tmp_path.iterdir())


def test_cell_that_contains_itself_is_refused(tmp_path: Path) -> None:
    row = cell("a")
    row[0, 0] = row
    with pytest.raises(UsageError, match="nested"):
        write_mat(tmp_path / "x.mat", {"x": row})


def test_variable_beyond_two_gigabytes_is_referred_to_level_73(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write5, "MAX_BYTES", 1000)
    with pytest.raises(UsageError, match=r"7\.3"):
        write_mat(tmp_path / "x.mat", {"x": np.ones((20, 20))})
    write_mat(tmp_path / "x.mat", {"x": np.ones((20, 20))}, level="7.3")


def test_unknown_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="level"):
        write_mat(tmp_path / "x.mat", {}, level="5")  # type: ignore[arg-type]


# The file appears whole or not at all


def test_existing_file_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "x.mat"
    path.write_bytes(b"precious")
    with pytest.raises(UsageError, match="overwrite=True"):
        write_mat(path, {"x": np.ones((1, 1))})
    assert path.read_bytes() == b"precious"
    write_mat(path, {"x": np.ones((1, 1))}, overwrite=True)
    with open_mat(path) as file:
        assert file["x"].item() == 1


@each_level
def test_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, level: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.mat"
    path.write_bytes(b"precious")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "_sync", full)
    with pytest.raises(FileAccessError, match="No space left"):
        write_mat(path, {"x": np.ones((1, 1))}, level=level, overwrite=True)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


@each_level
def test_file_that_reads_back_differently_is_not_kept(
    tmp_path: Path, level: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "same", lambda *_values: False)
    with pytest.raises(ValueError, match="reads back differently: x"):
        write_mat(tmp_path / "x.mat", {"x": np.ones((1, 1))}, level=level)
    assert not list(tmp_path.iterdir())


def test_missing_folder_is_an_access_error(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="cannot be written"):
        write_mat(tmp_path / "absent" / "x.mat", {"x": np.ones((1, 1))})


def test_folder_of_that_name_is_an_access_error(tmp_path: Path) -> None:
    (tmp_path / "folder.mat").mkdir()
    with pytest.raises(FileAccessError, match="folder"):
        write_mat(tmp_path / "folder.mat", {"x": np.ones((1, 1))}, overwrite=True)


def test_link_is_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target.mat"
    link = tmp_path / "link.mat"
    target.touch()
    link.symlink_to(target)
    write_mat(link, {"x": np.ones((1, 1))}, overwrite=True)
    assert link.is_symlink()
    assert target.stat().st_size > 0


@each_level
def test_empty_complex_array_is_written(tmp_path: Path, level: Any) -> None:
    # MATLAB's level 7.3 keeps only class and size of an empty array.
    path = tmp_path / "x.mat"
    write_mat(path, {"x": np.zeros((0, 3), np.complex64)}, level=level)
    with open_mat(path) as file:
        assert file["x"].shape == (0, 3)
        assert file.variables[0].class_name == "single"


def test_negative_zero_and_nan_keep_their_bits(tmp_path: Path) -> None:
    bits = np.array([[1 << 63, 0x7FF8000000000001, 0xFFF0000000000000]], np.uint64)
    for level in LEVELS:
        path = tmp_path / f"{level}.mat"
        write_mat(path, {"x": bits.view(np.float64)}, level=level)  # type: ignore[arg-type]
        with open_mat(path) as file:
            np.testing.assert_array_equal(file["x"].view(np.uint64), bits)
