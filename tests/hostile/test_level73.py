"""Hostile level 7.3 files: each is refused with the right error, soon and in little memory.

The files come from :mod:`tests.hostile.level73_files`, which writes them with h5py; the error
that each must meet stands beside it there. They are read in a child process whose memory is
limited, so that a crash or a runaway fails a test instead of ending the run. That it is soon is
counted: the steps for many entries grow as their number does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from converters.matfile import Limits, open_mat
from converters.matfile.values import Damaged
from matlab_compat.errors import LimitExceededError, MatFileError, TruncatedFileError
from tests.hostile import level73_files
from tests.patience import PATIENCE
from tests.steps import growth

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FILES = {**level73_files.FILES, **level73_files.ENORMOUS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "files"
    folder.mkdir()
    for name, (make, _) in FILES.items():
        make(folder / name)
    return folder


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[str, Any]:
    """What reading each file did, by name; a crash leaves the rest out."""
    child = subprocess.run(
        # By default ten times as many, which one file would take seconds for.
        [sys.executable, "-m", "tests.hostile.level5_child", str(folder), "500000"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, f"died after {lines[-1:]}: {child.stderr[-2000:]}"
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("name", FILES)
def test_file_meets_the_right_error(outcomes: dict[str, Any], name: str) -> None:
    _, expected = FILES[name]
    assert set(outcomes[name]["errors"]) == ({expected.__name__} if expected else set())


@pytest.mark.parametrize("fill", [level73_files.variables, level73_files.struct_of_fields])
def test_twice_as_many_entries_take_twice_as_many_steps(
    tmp_path: Path, fill: Callable[[h5py.File, int], None]
) -> None:
    def reading(count: int) -> Callable[[], None]:
        path = tmp_path / f"{count}.mat"
        with h5py.File(path, "w", userblock_size=512, libver=("earliest", "v110")) as file:
            fill(file, count)
        level73_files.sign(path)
        return lambda: read_all(path)

    assert growth(reading, 100) < 3


@pytest.mark.parametrize("name", FILES)
def test_messages_stay_short_whatever_the_names(outcomes: dict[str, Any], name: str) -> None:
    # A name on the way takes 400 characters at most, and the way 100 steps; these have few.
    assert outcomes[name]["longest"] < 5000


@pytest.mark.parametrize("name", [name for name, (_, expected) in FILES.items() if expected])
def test_error_says_where_and_what_to_do(folder: Path, name: str) -> None:
    with pytest.raises(MatFileError) as caught:
        read_all(folder / name)
    assert caught.value.remedy
    assert caught.value.where


def read_all(path: Path) -> None:
    """Read every variable; raise what is wrong with the first that is damaged."""
    with open_mat(path, limits=Limits(max_bytes=1 << 24, max_elements=100_000)) as file:
        for value in file.values():
            if isinstance(value, Damaged):
                value.get()


def test_bomb_is_refused_by_its_declared_size_before_it_is_read(folder: Path) -> None:
    with open_mat(folder / "gzip_bomb", limits=Limits(max_bytes=1 << 30)) as file:
        with pytest.raises(LimitExceededError, match="max_bytes"):
            file["x"]
        assert file.variables[0].shape == (1 << 28, 15)


def test_truncated_file_is_told_to_be_copied_again(folder: Path) -> None:
    with pytest.raises(TruncatedFileError, match="again"):
        open_mat(folder / "truncated")


def test_healthy_variable_beside_an_undecodable_one_is_read(folder: Path) -> None:
    # From the definition: 2 x 3 in HDF5's order is 3 x 2 in MATLAB's.
    with open_mat(folder / "no_matlab_class") as file:
        np.testing.assert_array_equal(file["x"], [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]])


def test_lone_surrogate_is_kept(folder: Path) -> None:
    with open_mat(folder / "lone_surrogate") as file:
        assert file["x"] == "\ud800A"
