"""Many at once: threads, forked workers, files that change, and writers that meet.

Expected values are those the test itself wrote, or those read by one thread alone.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.inspect import inspect
from converters.matfile import open_mat
from converters.matfile.source import Source
from converters.matfile.writer import write_mat
from matlab_compat.errors import FileAccessError, MatFileError

ROOT = Path(__file__).parents[3]
NATIVE = [ROOT / "fixtures" / "native" / f"dag_{level}.mat" for level in ("v7", "v73")]
LEVELS = ("7", "7.3")


def _layers(path: Path) -> Any:
    return inspect(path)["variables"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NATIVE, ids=lambda path: path.stem)
def test_threads_read_files_of_their_own(path: Path) -> None:
    alone = _layers(path)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(_layers, [path] * 16))

    assert together == [alone] * 16


@pytest.mark.parametrize("level", LEVELS)
def test_threads_share_one_open_file(tmp_path: Path, level: Any) -> None:
    variables = {f"v{n}": np.full((50, 50), float(n)) for n in range(40)}
    write_mat(tmp_path / "many.mat", variables, level=level)

    with open_mat(tmp_path / "many.mat") as mat, ThreadPoolExecutor(8) as pool:
        values = list(pool.map(mat.__getitem__, list(variables) * 3))

    assert [value[0, 0] for value in values] == [float(n) for n in range(40)] * 3


def _read_in_worker(path: Path) -> Any:
    return _layers(path)


@pytest.mark.parametrize("path", NATIVE, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_workers_read_after_their_parent_did(path: Path) -> None:
    alone = _layers(path)

    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_read_in_worker, [path] * 4) == [alone] * 4


def test_a_forked_worker_reads_the_file_its_parent_opened(tmp_path: Path) -> None:
    write_mat(tmp_path / "x.mat", {"x": np.arange(6.0).reshape(2, 3)}, level="7")
    with open_mat(tmp_path / "x.mat") as mat:
        child = os.fork()
        if not child:
            os._exit(0 if mat["x"].sum() == 15 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert mat["x"].sum() == 15


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="no system whose processes fork")
def test_reading_leaves_the_position_that_forked_workers_share(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    with Source(tmp_path / "x") as source:
        assert source.read(3, 4) == b"3456"
        assert os.lseek(source._descriptor(), 0, os.SEEK_CUR) == 0


def test_properties_of_a_file_that_changed_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    path.write_bytes(NATIVE[0].read_bytes())
    with open_mat(path) as mat:
        path.write_bytes(b"\xff" * 2000)
        with pytest.raises(MatFileError, match="changed"):
            mat["net"]


def test_a_file_that_was_deleted_is_read_all_the_same_or_an_error(tmp_path: Path) -> None:
    """Never other bytes: POSIX keeps an open file until it is closed."""
    write_mat(tmp_path / "x.mat", {"x": np.ones((2, 2))}, level="7")
    with open_mat(tmp_path / "x.mat") as mat:
        (tmp_path / "x.mat").unlink()
        write_mat(tmp_path / "x.mat", {"x": np.zeros((2, 2))}, level="7")
        try:
            value = mat["x"]
        except MatFileError:
            return
        assert (value == 1).all()


# --- writers ------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_concurrent_writers_do_not_mix(tmp_path: Path, level: Any) -> None:
    path = tmp_path / "x.mat"

    def write(number: int) -> None:
        write_mat(path, {"x": np.full((100, 100), float(number))}, level=level, overwrite=True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))

    with open_mat(path) as mat:
        assert len(np.unique(mat["x"])) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_writer_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.mat"
    write_mat(path, {"x": np.ones((1, 1))})
    before = path.read_bytes()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("converters.matfile.write5.write_variable", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_mat(path, {"x": np.zeros((1, 1))}, overwrite=True)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["with space.mat", "Ünïcödé 模型.mat", "n" * 196 + ".mat"])
def test_unusual_paths_are_written_and_read(tmp_path: Path, level: Any, name: str) -> None:
    write_mat(tmp_path / name, {"x": np.ones((1, 2))}, level=level)

    with open_mat(tmp_path / name) as mat:
        assert (mat["x"] == 1).all()


def test_a_read_only_folder_is_an_access_error(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("root may write everywhere")
    with pytest.raises(FileAccessError, match="cannot be written"):
        write_mat(folder / "x.mat", {"x": np.ones((1, 1))})


@pytest.mark.parametrize("level", LEVELS)
def test_the_working_folder_may_change_while_a_file_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: Any
) -> None:
    cell = np.empty((1, 1), object)
    cell[0, 0] = np.ones((1, 1))
    monkeypatch.chdir(tmp_path)
    write_mat("x.mat", {"c": cell}, level=level)
    with open_mat("x.mat") as mat:
        monkeypatch.chdir("/")
        assert mat["c"][0, 0] == 1
