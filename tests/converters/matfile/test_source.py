"""Reading bytes of a file: bounds, threads, and letting go of the file.

Expected bytes are the ones the test itself wrote.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from converters.matfile import open_mat
from converters.matfile.source import Source
from matlab_compat.errors import (
    CorruptFileError,
    FileAccessError,
    MatFileError,
    TruncatedFileError,
)

CONTENT = bytes(range(256)) * 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of known bytes."""
    path = tmp_path / "data"
    path.write_bytes(CONTENT)
    return path


def test_reads_exactly_what_was_asked_for(path: Path) -> None:
    with Source(path) as source:
        assert source.read(250, 12) == CONTENT[250:262]
        assert source.read(len(CONTENT), 0) == b""


@pytest.mark.parametrize(("offset", "count"), [(0, 16385), (16384, 1), (2**63, 1), (0, 2**63)])
def test_nothing_is_read_beyond_the_end(path: Path, offset: int, count: int) -> None:
    with Source(path) as source, pytest.raises(TruncatedFileError):
        source.read(offset, count)


def test_negative_positions_are_refused(path: Path) -> None:
    with Source(path) as source, pytest.raises(CorruptFileError):
        source.read(-1, 4)


def test_threads_do_not_disturb_each_other(path: Path) -> None:
    places = [(7 * n % 16000, n % 300) for n in range(500)]

    with Source(path) as source, ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda place: source.read(*place), places))

    assert got == [CONTENT[start : start + count] for start, count in places]


def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(FileAccessError, match="not a regular file"):
        Source(tmp_path / "pipe")


def test_a_path_that_cannot_be_is_refused() -> None:
    with pytest.raises(FileAccessError):
        Source("a\0b")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts files by way of /proc")
def test_a_refused_file_is_closed(path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(5):
        with pytest.raises(MatFileError):
            open_mat(path)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
