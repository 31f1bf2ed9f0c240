"""Inflating, with the extra ``fast`` (libdeflate, ISA-L) and without: same values, same errors.

Expected values are the arrays that the test itself packed with :mod:`zlib` (or with h5py).
"""

from __future__ import annotations

import importlib
import struct
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py._objects import phil
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.matfile import hdf5_chunks, inflate, libdeflate, open_mat, write5
from converters.matfile.hdf5 import Hdf5File, member
from converters.matfile.source import Source
from converters.matfile.threads import WORTH_THREADS
from converters.matfile.writer import write_mat
from matlab_compat.errors import CorruptFileError, MatFileError, TruncatedFileError

COMPRESSED = 15
LARGE = (WORTH_THREADS // 4000 + 1, 1000)


@pytest.fixture(params=["deflate", "isal.isal_zlib", "zlib"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The library that inflates."""
    pytest.importorskip(request.param)
    if request.param == "deflate":
        if libdeflate.library() is None:
            pytest.skip("the package hides the functions of libdeflate here")
        return str(request.param)
    monkeypatch.setattr(libdeflate, "library", lambda: None)
    monkeypatch.setattr(inflate, "FASTEST", importlib.import_module(request.param))
    return str(request.param)


def weights(*shape: int, seed: int = 0) -> Any:
    return np.asfortranarray(np.random.default_rng(seed).standard_normal(shape, np.float32))


def packed(array: Any, name: str = "x") -> bytes:
    return zlib.compress(b"".join(write5.encode(array, name)))


def file_of(path: Path, *elements: bytes) -> Path:
    body = [struct.pack("<II", COMPRESSED, len(data)) + data for data in elements]
    path.write_bytes(write5.file_header("MATLAB 5.0 MAT-file") + b"".join(body))
    return path


def read(path: Path) -> Any:
    with open_mat(path) as mat:
        return mat["x"]


def test_the_extra_is_what_is_used_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pytest.importorskip("isal.isal_zlib") is inflate.FASTEST
    pytest.importorskip("deflate")
    if sys.platform != "linux":
        pytest.skip("elsewhere the package may hide the functions of libdeflate")
    monkeypatch.setattr(inflate.Inflater, "read_into", None)  # how the others inflate
    array = weights(300, 300)
    assert np.array_equal(read(file_of(tmp_path / "x.mat", packed(array))), array)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 900))), st.integers(0, 9))
def test_inflating_over_the_compressed_bytes_loses_none(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[bytes, int]], level: int
) -> None:
    """Well packed parts before and after others, stored ones included."""
    if libdeflate.library() is None:
        pytest.skip("libdeflate cannot be had")
    noise = np.random.default_rng(0).bytes(100_000)
    data = noise + b"".join(part * times for part, times in runs) + noise
    stored = zlib.compress(data, level)
    path = tmp_path_factory.mktemp("whole") / "x"
    path.write_bytes(stored)
    with Source(path) as source:
        found = inflate._over_itself(source, 0, len(stored), len(data))
        assert inflate._over_itself(source, 0, len(stored), len(data) - 1) is None
        assert inflate._over_itself(source, 0, len(stored) - 1, len(data)) is None
    assert found is not None
    assert found.tobytes() == data


def test_memory_stays_at_the_decoded_bytes(tmp_path: Path) -> None:
    """However many bytes of a stream are announced, and however badly it packs."""
    array = weights(*LARGE)
    path = file_of(tmp_path / "x.mat", packed(array) + bytes(10 * array.nbytes))
    tracemalloc.start()
    assert np.array_equal(read(path), array)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < array.nbytes + 2**20  # some pieces of 256 kB


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (300, 300), LARGE])
def test_weights_come_out_as_they_went_in(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = weights(*shape)
    assert np.array_equal(read(file_of(tmp_path / "x.mat", packed(array))), array)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 400), st.integers(0, 9), st.integers(0, 30))
def test_both_libraries_stream_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, repeat: int, level: int, cut: int
) -> None:
    """Whatever the data, how well they pack, and how much of their end is missing."""
    fast = pytest.importorskip("isal.isal_zlib")
    stored = zlib.compress(data * repeat, level)
    stored = stored[: len(stored) - cut] or b"\0"
    path = tmp_path_factory.mktemp("stream") / "x"
    path.write_bytes(stored)
    with Source(path) as source:
        one, other = (inflate.Inflater(source, 0, len(stored), library) for library in (fast, zlib))
        known = data * repeat
        if cut <= 4:  # only of the checksum
            assert one.read(len(known)) == other.read(len(known)) == known
        else:
            assert known.startswith(one.read(len(known)))


@pytest.mark.usefixtures("library")
def test_one_thread_inflates_what_another_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflate, "_WORTH_ANOTHER_THREAD", 1)
    array = weights(*LARGE)
    assert np.array_equal(read(file_of(tmp_path / "x.mat", packed(array))), array)
    with pytest.raises(TruncatedFileError):
        read(file_of(tmp_path / "cut.mat", packed(array)[:99_999]))


@pytest.mark.usefixtures("library")
def test_a_missing_end_mark_is_no_error(tmp_path: Path) -> None:
    """MATLAB leaves it away itself: real files have object stores that end so."""
    array = weights(300, 300)
    packer = zlib.compressobj()
    data = packer.compress(b"".join(write5.encode(array, "x"))) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert np.array_equal(read(file_of(tmp_path / "x.mat", data)), array)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), CorruptFileError),  # the checksum
        (lambda data: data[: len(data) // 2], TruncatedFileError),
        (lambda data: zlib.compress(zlib.decompress(data) + b"\0"), CorruptFileError),
        (lambda data: zlib.compress(zlib.decompress(data)[:-1]), CorruptFileError),
        (lambda data: data[:2000] + bytes(50) + data[2050:], CorruptFileError),
    ],
    ids=["checksum", "cut", "longer", "shorter", "overwritten"],
)
def test_damage_is_the_same_error(tmp_path: Path, damage: Any, kind: type[MatFileError]) -> None:
    path = file_of(tmp_path / "x.mat", damage(packed(weights(100, 100))))
    with pytest.raises(kind):
        read(path)


def test_what_the_fast_library_cannot_read_zlib_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        error = RuntimeError

        @staticmethod
        def decompressobj() -> Any:
            class Stream:
                eof = False

                def decompress(self, *_: object) -> bytes:
                    raise RuntimeError

            return Stream()

    monkeypatch.setattr(inflate, "FASTEST", Refusing)
    array = weights(30, 30)
    assert np.array_equal(read(file_of(tmp_path / "x.mat", packed(array))), array)


def test_listing_reads_only_the_first_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path / "x.mat", packed(weights(*LARGE), "a"), packed(weights(9, 9), "b"))
    counts = []
    whole = Source.read_array

    def counted(source: Source, offset: int, count: int) -> Any:
        counts.append(count)
        return whole(source, offset, count)

    monkeypatch.setattr(Source, "read_array", counted)
    with open_mat(path) as mat:
        assert [info.name for info in mat.variables] == ["a", "b"]
    assert sum(counts) < 10_000 < path.stat().st_size


# -- threads ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("level", ["6", "7", "7.3"])
def test_several_variables_at_once_are_what_each_is(tmp_path: Path, level: Any) -> None:
    arrays = {f"v{n}": weights(*LARGE, seed=n) for n in range(4)} | {"small": weights(2, 2)}
    write_mat(tmp_path / "x.mat", arrays, level=level)
    with open_mat(tmp_path / "x.mat") as mat:
        everything = mat.read()
        some = mat.read(["small", "v3", "v1"])
    assert set(everything) == set(arrays)
    assert list(some) == ["small", "v3", "v1"]
    for name, array in arrays.items():
        assert np.array_equal(everything[name], array)
    assert np.array_equal(some["v3"], arrays["v3"])


def test_an_error_of_one_of_several_names_it(tmp_path: Path) -> None:
    damaged = packed(weights(*LARGE), "bad")
    path = file_of(tmp_path / "x.mat", packed(weights(*LARGE), "good"), damaged[:-9])
    with open_mat(path) as mat, pytest.raises(TruncatedFileError, match="bad"):
        mat.read()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("chunks", [(50, 99), (50, 1000)])
def test_chunks_inflated_in_threads_find_their_places(
    tmp_path: Path, chunks: tuple[int, int], shuffle: bool
) -> None:
    """Those that are a piece of the array's memory as well, and the last ones, which are cut."""
    array = weights(*LARGE)
    path = gzip_file(tmp_path / "x.mat", array, chunks=chunks, shuffle=shuffle)
    assert np.array_equal(read(path), array.T)


def test_hdf5_is_free_while_threads_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread in which the garbage collector closes an object of h5py's needs HDF5's lock."""
    free: list[bool] = []

    def look() -> None:
        free.append(bool(phil.acquire(blocking=False)))
        if free[-1]:
            phil.release()

    def alone(work: Callable[[], None]) -> None:
        looking = threading.Thread(target=look)
        looking.start()
        looking.join()
        work()

    monkeypatch.setattr(hdf5_chunks, "together", alone)
    array = weights(*LARGE)
    assert np.array_equal(read(gzip_file(tmp_path / "x.mat", array)), array.T)
    assert free == [True]


@pytest.mark.usefixtures("library")
def test_a_damaged_chunk_among_many_is_an_error(tmp_path: Path) -> None:
    path = gzip_file(tmp_path / "x.mat", weights(*LARGE))
    file = Hdf5File(path)
    entry = member(file.root, "x").id
    at = entry.get_chunk_info(entry.get_num_chunks() - 1).byte_offset + 512
    file.close()
    with path.open("r+b") as stream:
        stream.seek(at + 40)
        stream.write(bytes(20))
    with pytest.raises(CorruptFileError):
        read(path)


def gzip_file(
    path: Path, array: Any, *, chunks: tuple[int, int] = (50, 99), shuffle: bool = False
) -> Path:
    options = {"compression": "gzip", "chunks": chunks, "shuffle": shuffle}
    with h5py.File(path, "w", userblock_size=512) as file:
        entry = file.create_dataset("x", data=array, **options)
        entry.attrs["MATLAB_class"] = np.bytes_("single")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path
