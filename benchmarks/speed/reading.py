"""Reading MAT-files: beside scipy, mat-io, pymatreader, mat73, h5py, and what no reader can beat.

All files are made here, in a temporary folder, of weights that do not compress; real files are
read where ``../shared/real`` is.
"""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias
from unittest import mock

import deflate
import h5py
import mat73
import matio
import numpy as np
import numpy.typing as npt
import pymatreader
import scipy.io
from isal import isal_zlib
from matio.utils.matclass import MatlabOpaque

import converters
from converters.matfile import inflate, libdeflate, open_mat, write5
from converters.matfile.tags import DataType
from converters.matfile.values import MatObject, ObjectArray, StructArray
from converters.matfile.writer import write_mat
from matlab_compat import convolution2dLayer, imageInputLayer, reluLayer
from matlab_compat.network import Network
from matlab_compat.network.building import layerGraph

from .timing import Goal, Row, Table, geomean, interleaved

REAL = Path(__file__).parents[3] / "shared" / "real"
Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
_Readers: TypeAlias = Mapping[str, Callable[[Path], Any]]

#: 42 layers of 3 x 3 x 256 x 256 weights, and one matrix: about 100 MB each.
LAYERS, WEIGHTS, MATRIX = 42, (3, 3, 256, 256), (5000, 5000)
REAL_FILES = 12
LISTED = 100
GIB = 1 << 30


def tables() -> Iterable[Table]:
    """Decoding, listing, memory, one layer, many layers."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        network = _weights({f"conv_{n}": WEIGHTS for n in range(LAYERS)})
        yield _level7(folder, {"network": network, "one array": _weights({"x": MATRIX})})
        yield _level6(folder, {"network": network, "one array": _weights({"x": MATRIX})})
        yield _level73(folder, network)
        yield _memory(folder)
        yield _one_layer(folder)
        for path in folder.iterdir():
            path.unlink()
        yield _listing(folder)
        yield _many_layers(folder)
    if REAL.exists():
        yield _real()


def _weights(shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    random = np.random.default_rng(0)
    return {
        name: np.asfortranarray(random.standard_normal(shape, np.float32))
        for name, shape in shapes.items()
    }


def _ours(path: Path) -> Any:
    with open_mat(path) as mat:
        return mat.read()


def _with_zlib(path: Path) -> Any:
    with _without_extra():
        return _ours(path)


@contextmanager
def _without_extra() -> Iterator[None]:
    with (
        mock.patch.object(inflate, "FASTEST", zlib),
        mock.patch.object(libdeflate, "library", return_value=None),
    ):
        yield


def _timed(
    case: str,
    path: Path,
    expected: Arrays,
    readers: _Readers,
    others: _Readers,
) -> Row:
    """The row of one case; each reader must give the expected arrays before it is timed.

    ``others`` are slow and no goal is about them: fewer rounds.
    """
    for reader, read in {**readers, **others}.items():
        found = read(path)
        for name, array in expected.items():
            if not np.array_equal(found[name], array):
                raise AssertionError(f"{case}: {reader} reads {name} differently")
    first, second = (
        {name: partial(read, path) for name, read in some.items()} for some in (readers, others)
    )
    return Row(case, {**interleaved(first), **interleaved(second, rounds=3)})


def _at_most(table: list[Row], peer: str, wanted: float, what: str, ours: str = "ours") -> Goal:
    ratio = geomean(row.seconds[ours] / row.seconds[peer] for row in table)
    return Goal(f"{what}: time of {ours} / {peer}", wanted, ratio, at_least=False)


def _level7(folder: Path, cases: Mapping[str, Arrays]) -> Table:
    rows = []
    readers: _Readers = {"ours": _ours, "ours, zlib": _with_zlib, "scipy": scipy.io.loadmat}
    for case, arrays in cases.items():
        path = folder / f"level7_{case}.mat"
        write_mat(path, arrays, level="7")
        others = {"mat-io": matio.load_from_mat, "pymatreader": pymatreader.read_mat}
        row = _timed(case, path, arrays, readers, others)
        limits = {
            name: partial(_inflate_all, path, inflated) for name, inflated in _AT_ONCE.items()
        }
        rows.append(Row(case, {**row.seconds, **interleaved(limits, rounds=3)}))
    goals = [_at_most([row], "libdeflate", 1.15, f"level 7, {row.case}") for row in rows]
    return Table("level 7, 100 MB of single weights", rows, goals)


#: The inflated bytes of a stream whose size is known.
_AT_ONCE: Mapping[str, Callable[[memoryview, int], object]] = {
    "zlib": lambda packed, size: zlib.decompress(packed, bufsize=size),
    "ISA-L": lambda packed, size: isal_zlib.decompress(packed, bufsize=size),
    "libdeflate": deflate.zlib_decompress,
}


def _inflate_all(path: Path, inflated: Callable[[memoryview, int], object]) -> None:
    """Every element at one go, one after the other."""
    data = memoryview(path.read_bytes())
    at = 128
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        first = zlib.decompressobj().decompress(data[at + 8 : at + 8 + min(size, 100)], 8)
        inflated(data[at + 8 : at + 8 + size], 8 + int.from_bytes(first[4:8], "little"))
        at += 8 + size


def _level6(folder: Path, cases: Mapping[str, Arrays]) -> Table:
    rows = []
    for case, arrays in cases.items():
        path = folder / f"level6_{case}.mat"
        write_mat(path, arrays, level="6")
        readers: _Readers = {
            "ours": _ours,
            "scipy": scipy.io.loadmat,
            "numpy.fromfile": partial(_fromfile, arrays=arrays),
        }
        rows.append(_timed(case, path, arrays, readers, {"mat-io": matio.load_from_mat}))
    goals = [_at_most([row], "numpy.fromfile", 1.2, f"level 6, {row.case}") for row in rows]
    return Table("level 6, 100 MB of single weights", rows, goals)


def _fromfile(path: Path, arrays: Arrays) -> Arrays:
    """The arrays by ``numpy.fromfile``, each to memory of its own, their places known."""
    found, at = {}, 128
    for name, array in arrays.items():
        parts = [len(part) for part in write5.encode(array, name)]
        before = sum(parts[: parts.index(array.nbytes)])
        numbers = np.fromfile(path, array.dtype, array.size, offset=at + before)
        found[name] = numbers.reshape(array.shape, order="F")
        at += sum(parts)
    return found


def _level73(folder: Path, arrays: Arrays) -> Table:
    rows = []
    gzip = {"compression": "gzip", "compression_opts": 3}
    cases: dict[str, dict[str, Any]] = {
        "contiguous": {},
        "gzip": {**gzip, "chunks": (64, 256, 3, 3)},
        "gzip, 64 kB": {**gzip, "chunks": (7, 256, 3, 3)},  # as MATLAB divides
        "gzip, shuffled": {**gzip, "chunks": (64, 256, 3, 3), "shuffle": True},
    }
    for case, options in cases.items():
        path = folder / f"level73_{case}.mat"
        _write_level73(path, arrays, options)
        readers: _Readers = {"ours": _ours, "ours, zlib": _with_zlib, "h5py": _plain_h5py}
        others = {"mat-io": matio.load_from_mat, "mat73": mat73.loadmat}
        rows.append(_timed(case, path, arrays, readers, others))
    goals = [
        _at_most([row], "h5py", wanted, f"7.3, {row.case}")
        for row, wanted in zip(rows, (1.1, 0.6, 0.6, 0.6), strict=True)
    ]
    return Table("level 7.3, 100 MB of single weights", rows, goals)


def _write_level73(path: Path, arrays: Arrays, options: Mapping[str, Any]) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            entry = file.create_dataset(name, data=array.T, **options)
            entry.attrs["MATLAB_class"] = np.bytes_("single")
    _mark_level73(path)


def _mark_level73(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def _plain_h5py(path: Path) -> Any:
    with h5py.File(path, "r") as file:
        return {name: file[name][()].T for name in file}


def _real() -> Table:
    """The largest real files of level 7 that scipy opens; objects decoded by ours and mat-io."""
    rows: list[Row] = []
    for path in sorted(REAL.glob("*/*.mat"), key=lambda path: -path.stat().st_size):
        if len(rows) == REAL_FILES or not _is_level7(path):
            continue
        _check_real(path)
        readers: _Readers = {
            "ours": _ours,
            "ours, every object": _every_object,
            "scipy": partial(scipy.io.loadmat, mat_dtype=True),  # MATLAB's classes, as ours
            "mat-io": matio.load_from_mat,
        }
        timed = interleaved({name: partial(read, path) for name, read in readers.items()})
        rows.append(Row(f"{path.parent.name[:20]}/{path.name[-24:]}", timed))
    return Table(
        f"level 7, the {len(rows)} largest real files",
        rows,
        [_at_most(rows, "scipy", 0.7, "real files, geometric mean")],
    )


def _is_level7(path: Path) -> bool:
    with open_mat(path) as mat:
        return mat.level == "7"


def _check_real(path: Path) -> None:
    """Plain variables equal scipy's; whatever large array mat-io finds in objects, so do we."""
    ours, theirs = _ours(path), scipy.io.loadmat(path)
    for name in ours:
        plain = isinstance(ours[name], np.ndarray) and ours[name].dtype.kind in "fiu"
        if plain and not np.array_equal(ours[name], theirs[name], equal_nan=True):
            raise AssertionError(f"{path.name}: {name} differs from scipy's")
    missing = _large_arrays(matio.load_from_mat(path)) - _large_arrays(ours)
    if missing:
        raise AssertionError(f"{path.name}: {len(missing)} arrays that mat-io reads are missing")


def _every_object(path: Path) -> Any:
    with open_mat(path) as mat:
        return _large_arrays(mat.read(), hashed=False)


def _large_arrays(root: Any, *, hashed: bool = True) -> set[Any]:
    """The arrays of at least 100 single or double numbers anywhere in a value."""
    found: set[Any] = set()
    stack, seen = [root], set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            if value.size >= 100:
                key = hash(value.tobytes(order="F")) if hashed else id(value)
                found.add((value.shape, key))
        else:
            stack += _inside(value)
    return found


def _inside(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        if value.dtype.names:
            return [item for name in value.dtype.names for item in value[name].flat]
        return list(value.flat) if value.dtype == object else []
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, StructArray):
        return [item for items in value.fields.values() for item in items]
    if isinstance(value, MatObject):
        return list(value.properties.values())
    if isinstance(value, ObjectArray):
        return list(value.elements)
    if isinstance(value, MatlabOpaque):
        return [value.properties]
    return []


# -- listing ---------------------------------------------------------------------------------


def _listing(folder: Path) -> Table:
    """CPU time, as the disk is not ours to judge; the values of these files are all zero."""
    paths = {level: folder / f"list{level}.mat" for level in ("6", "7", "7.3")}
    array = np.zeros((GIB // LISTED // 4000, 1000), np.float32)
    names = [f"layer_{n:03}" for n in range(LISTED)]
    _sparse_level6(paths["6"], names, array)
    _compressed_zeros(paths["7"], names, array)
    _sparse_level73(paths["7.3"], names, array)
    rows = [_listed(f"level {level}", path, array) for level, path in paths.items()]
    goals = [
        Goal(
            f"seconds of CPU time to list 1 GB, {row.case}",
            0.1,
            row.seconds["ours"],
            at_least=False,
        )
        for row in rows
    ]
    return Table(f"listing {LISTED} variables of 1 GB (7: inflated), CPU time", rows, goals)


def _listed(case: str, path: Path, array: npt.NDArray[Any]) -> Row:
    with open_mat(path) as mat:
        assert [info.nbytes for info in mat.variables] == [array.nbytes] * LISTED
    variants: dict[str, Callable[[], object]] = {"ours": lambda: open_mat(path).close()}
    if case == "level 7.3":
        variants["h5py"] = lambda: _h5py_shapes(path)
    else:
        variants["scipy.whosmat"] = partial(scipy.io.whosmat, path)
    return Row(
        case,
        interleaved(variants, clock=time.process_time),
        {"bytes of file": path.stat().st_size},
    )


def _h5py_shapes(path: Path) -> object:
    with h5py.File(path, "r") as file:
        return [(name, file[name].shape, file[name].attrs["MATLAB_class"]) for name in file]


def _sparse_level6(path: Path, names: list[str], array: npt.NDArray[Any]) -> None:
    """A level 6 file of zeros, left as holes."""
    with path.open("wb") as stream:
        stream.write(write5.file_header("MATLAB 5.0 MAT-file"))
        for name in names:
            for part in write5.encode(array, name):
                if len(part) == array.nbytes:
                    stream.seek(array.nbytes, 1)
                else:
                    stream.write(part)
        stream.truncate()


def _compressed_zeros(path: Path, names: list[str], array: npt.NDArray[Any]) -> None:
    with path.open("wb") as stream:
        stream.write(write5.file_header("MATLAB 5.0 MAT-file"))
        for name in names:
            data = zlib.compress(b"".join(write5.encode(array, name)), 1)
            stream.write(
                int(DataType.COMPRESSED).to_bytes(4, "little") + len(data).to_bytes(4, "little")
            )
            stream.write(data)


def _sparse_level73(path: Path, names: list[str], array: npt.NDArray[Any]) -> None:
    """A 7.3 file whose data have their place but were never written: holes."""
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w", userblock_size=512) as file:
        for name in names:
            space = h5py.h5s.create_simple(array.shape[::-1])
            entry = h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, space, plan)
            h5py.Dataset(entry).attrs["MATLAB_class"] = np.bytes_("single")
    _mark_level73(path)


# -- memory ----------------------------------------------------------------------------------

_MEASURE = """
import sys
import numpy, h5py, concurrent.futures, converters.matfile.level73
from converters.matfile import open_mat
if sys.argv[2] == "scipy":
    import scipy.io
def peak():  # ru_maxrss starts at what the parent process had
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
base = peak()
if sys.argv[2] == "scipy":
    values = scipy.io.loadmat(sys.argv[1])
else:
    with open_mat(sys.argv[1]) as mat:
        values = mat.read(sys.argv[3:] or None)
print(peak() - base)
"""


def peak_of(path: Path, reader: str = "ours", *names: str) -> int:
    """The high-water mark of a process that reads ``path``, above what importing took."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path), reader, *names],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def _memory(folder: Path) -> Table:
    rows = []
    for path in sorted(folder.glob("level*.mat")):
        decoded = _decoded_bytes(path)
        more = {"decoded MB": decoded / 1e6, "ours": peak_of(path) / decoded}
        if "level73" not in path.name:
            more["scipy"] = peak_of(path, "scipy") / decoded
        rows.append(Row(path.stem, {}, more))
    worst = max(row.more["ours"] for row in rows)
    goal = Goal("peak memory / decoded bytes, worst", 1.2, worst, at_least=False)
    return Table("peak memory / decoded bytes", rows, [goal])


def _decoded_bytes(path: Path) -> int:
    with open_mat(path) as mat:
        return sum(info.nbytes for info in mat.variables)


def _one_layer(folder: Path) -> Table:
    rows, name = [], "conv_7"
    for path in sorted(folder.glob("level*.mat")):
        with open_mat(path) as mat:
            if name not in mat:
                continue
            share = mat[name].nbytes
        variants: dict[str, Callable[[], Any]] = {
            "one": partial(_read_one, path, name),
            "all": partial(_ours, path),
        }
        more = {"MB beyond its own": (peak_of(path, "ours", name) - share) / 1e6}
        rows.append(Row(path.stem, interleaved(variants), more))
    worst = max(row.more["MB beyond its own"] for row in rows)
    goal = Goal(f"one of {LAYERS} layers: MB of memory beyond its own", 10, worst, at_least=False)
    return Table(f"one of {LAYERS} layers", rows, [goal])


def _read_one(path: Path, name: str) -> Any:
    with open_mat(path) as mat:
        return mat[name]


# -- many layers -------------------------------------------------------------------------------

COUNTS = (10, 100, 1000, 3000)
LEVELS: tuple[Literal["7", "7.3"], ...] = ("7", "7.3")


def _many_layers(folder: Path) -> Table:
    rows = []
    for count in COUNTS:
        loads: dict[str, Callable[[], Any]] = {}
        for level in LEVELS if count <= 1000 else LEVELS[:1]:  # 7.3 takes ten times longer
            path = folder / f"net{count}_{level}.mat"
            converters.save_network(_chain(count), path, level=level)
            loads[level] = partial(converters.load_network, path)
            assert len(loads[level]().Layers) == count
        seconds = interleaved(loads, rounds=3, clock=time.process_time)
        more = {f"ms a layer, {level}": 1e3 * s / count for level, s in seconds.items()}
        rows.append(Row(f"{count} layers", seconds, more))
    goals = [_linear(rows, level) for level in LEVELS]
    return Table("networks of many layers, loaded, CPU time", rows, goals)


def _linear(rows: list[Row], level: str) -> Goal:
    known = [row.more[f"ms a layer, {level}"] for row in rows if level in row.seconds]
    text = f"level {level}: time a layer, most layers / 100 layers"
    return Goal(text, 1.3, known[-1] / known[1], at_least=False)


def _chain(count: int) -> Network:
    layers: list[Any] = [imageInputLayer([8, 8, 4], Name="in", Normalization="none")]
    random = np.random.default_rng(0)
    for n in range(count - 1):
        if n % 2:
            layers.append(reluLayer(Name=f"relu_{n}"))
            continue
        layer = convolution2dLayer(3, 4, NumChannels=4, Padding="same", Name=f"conv_{n}")
        layer.Weights = random.standard_normal((3, 3, 4, 4), np.float32)
        layer.Bias = np.zeros((1, 1, 4), np.float32)
        layers.append(layer)
    return layerGraph(layers)
