"""Level 4 files. Oracle: scipy writes them; headers for the refusals are packed by hand."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from converters.matfile import Limits, MatFile, open_mat
from matlab_compat.errors import (
    CorruptFileError,
    LimitExceededError,
    MatFileError,
    TruncatedFileError,
    UnsupportedFileError,
)


def saved(tmp_path: Path, **variables: Any) -> MatFile:
    """The variables as scipy writes them to level 4."""
    path = tmp_path / "v4.mat"
    scipy.io.savemat(path, variables, format="4", oned_as="row")
    return open_mat(path)


def matrix(
    numbers: bytes, rows: int, columns: int, *, kind: int = 0, order: str = "<", complex_: int = 0
) -> bytes:
    """One matrix named ``x``; ``kind`` is the number of its type (MOPT)."""
    return struct.pack(f"{order}5i", kind, rows, columns, complex_, 2) + b"x\0" + numbers


def opened(tmp_path: Path, content: bytes, **options: Any) -> MatFile:
    """A file with ``content``."""
    path = tmp_path / "v4.mat"
    path.write_bytes(content)
    return open_mat(path, **options)


def test_full_matrices_are_double_and_column_major(tmp_path: Path) -> None:
    numbers = np.arange(6.0).reshape(2, 3)

    with saved(tmp_path, x=numbers, i=numbers.astype(np.int16), z=numbers + 1j) as mat:
        assert mat.level == "4"
        np.testing.assert_array_equal(mat["x"], numbers)
        assert mat["i"].dtype == np.float64
        np.testing.assert_array_equal(mat["i"], numbers)
        np.testing.assert_array_equal(mat["z"], numbers + 1j)


def test_text(tmp_path: Path) -> None:
    with saved(tmp_path, t="some text", m=np.array(["ab", "cd"])) as mat:
        assert mat["t"] == "some text"
        assert mat["m"].tolist() == [["a", "b"], ["c", "d"]]
        assert mat.variables[0].class_name == "char"


def test_sparse(tmp_path: Path) -> None:
    dense = np.array([[0.0, 2, 0], [3, 0, 0], [0, 0, 0]])

    with saved(tmp_path, x=scipy.sparse.csc_array(dense)) as mat:
        assert mat.variables[0].shape == (3, 3)
        np.testing.assert_array_equal(mat["x"].to_scipy().toarray(), dense)


@pytest.mark.parametrize(("digit", "code"), list(enumerate("dfihHB")))
def test_every_number_format_in_big_endian(tmp_path: Path, digit: int, code: str) -> None:
    content = matrix(struct.pack(f">3{code}", 1, 2, 3), 3, 1, kind=1000 + 10 * digit, order=">")

    with opened(tmp_path, content) as mat:
        assert mat["x"].tolist() == [[1], [2], [3]]


@pytest.mark.parametrize("machine", [2, 3, 4])
def test_formats_of_old_machines_are_refused(tmp_path: Path, machine: int) -> None:
    with pytest.raises(UnsupportedFileError, match="format"):
        opened(tmp_path, matrix(bytes(8), 1, 1, kind=1000 * machine))


def test_cut_file_is_refused_when_listed(tmp_path: Path) -> None:
    with pytest.raises(TruncatedFileError):
        opened(tmp_path, matrix(bytes(8), 1000, 1000))


@pytest.mark.parametrize(("rows", "columns"), [(2**31 - 1, 2**31 - 1), (-1, 3), (-5, -5)])
def test_absurd_sizes_are_refused(tmp_path: Path, rows: int, columns: int) -> None:
    with pytest.raises(MatFileError):
        opened(tmp_path, matrix(bytes(8), rows, columns))


def test_garbage_between_matrices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError):
        opened(tmp_path, matrix(bytes(8), 1, 1) + b"\xff" * 40)


@pytest.mark.parametrize(
    "entry", [(0.0, 1.0, 1.0), (4.0, 1.0, 1.0), (1.5, 1.0, 1.0), (1.0, float("nan"), 1.0)]
)
def test_sparse_entries_outside_the_matrix_are_refused(
    tmp_path: Path, entry: tuple[float, float, float]
) -> None:
    columns = zip(entry, (3.0, 3.0, 0.0), strict=True)
    numbers = struct.pack("<6d", *(number for column in columns for number in column))

    with (
        opened(tmp_path, matrix(numbers, 2, 3, kind=2)) as mat,
        pytest.raises(CorruptFileError, match="outside"),
    ):
        mat["x"]


def test_sparse_size_is_checked_against_the_limit(tmp_path: Path) -> None:
    numbers = struct.pack("<3d", 1, 2.0**40, 0)

    with (
        opened(tmp_path, matrix(numbers, 1, 3, kind=2)) as mat,
        pytest.raises(LimitExceededError, match="max_bytes"),
    ):
        mat["x"]


def test_limit_on_bytes(tmp_path: Path) -> None:
    content = matrix(bytes(8000), 1000, 1)

    with (
        opened(tmp_path, content, limits=Limits(max_bytes=100)) as mat,
        pytest.raises(LimitExceededError, match="max_bytes"),
    ):
        mat["x"]


def test_text_of_no_characters_is_refused(tmp_path: Path) -> None:
    content = matrix(struct.pack("<d", -1), 1, 1, kind=1)

    with opened(tmp_path, content) as mat, pytest.raises(CorruptFileError, match="characters"):
        mat["x"]
