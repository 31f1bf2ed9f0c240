"""The healthy files that are damaged: the fixtures, hand-packed ones, and real ones if present."""

from __future__ import annotations

import io
import itertools
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from converters.matfile import open_mat
from converters.matfile.values import SparseArray, StructArray
from converters.matfile.writer import write_mat
from matlab_compat import Network
from tests.fuzz import level5_tree
from tests.hostile import level5_files, level73_files, test_mutations
from tests.real import MAT_FILES

ROOT = Path(__file__).parents[2]
#: A healthy layer with its data, for commands about two files.
GOOD = ROOT / "fixtures" / "same_odd.v6.mat"
SENTINEL = b"the sentinel that no reader may ever return"
_LARGEST_REAL = 120_000


@dataclass
class Seed:
    """One healthy file. ``level`` is 4, 6, 7 or 7.3."""

    name: str
    level: str
    data: bytes = field(repr=False)

    @cached_property
    def tree(self) -> tuple[bytes, list[level5_tree.Part], str]:
        """The elements of a level 6 or 7 file."""
        return level5_tree.parse(self.data)

    @cached_property
    def map(self) -> Hdf5Map:
        """What lies where in a level 7.3 file."""
        return Hdf5Map(self.data)

    @property
    def parts(self) -> int:
        """How many things there are to decode, about; the time taken grows with it."""
        if self.level == "7.3":
            return len(self.map.steering) // 40
        return sum(len(p.nodes) for p in self.tree[1]) if self.level != "4" else 1


class Hdf5Map:
    """Where a level 7.3 file keeps what steers its reading, and where mere numbers.

    ``steering`` lists the places that are no data of large arrays, ``chunks`` the compressed
    pieces (offset, bytes), ``tables`` where the index of the objects lies (offset, bytes).
    """

    def __init__(self, data: bytes) -> None:
        self.chunks: list[tuple[int, int]] = []
        self.tables: list[tuple[int, int]] = []
        self._plain: list[tuple[int, int]] = []
        with h5py.File(io.BytesIO(data)) as file:
            file.visititems(self._note)
            if "#subsystem#/MCOS" in file:
                table = file[file["#subsystem#/MCOS"][0, 0]]
                if table.id.get_offset() is not None:
                    self.tables.append((table.id.get_offset(), table.nbytes))
        mere = np.zeros(len(data), bool)
        for at, size in [*self._plain, *self.chunks]:
            mere[at + 32 : at + size] = True
        mere[:500] = True  # MATLAB's own header says little
        self.steering = np.flatnonzero(~mere & (np.frombuffer(data, np.uint8) != 0)).tolist()

    def _note(self, _: str, node: Any) -> None:
        if not isinstance(node, h5py.Dataset) or not math.prod(node.shape) or node.is_virtual:
            return
        if node.chunks:
            for index in range(node.id.get_num_chunks()):
                info = node.id.get_chunk_info(index)
                self.chunks.append((info.byte_offset, info.size))
        elif node.id.get_offset() is not None:
            self._plain.append((node.id.get_offset(), node.nbytes))


def all_seeds(folder: Path, *, real: bool = True) -> list[Seed]:
    """Every seed; ``folder`` is for files that have to be written first."""
    seeds = [_from_file(path) for path in sorted((ROOT / "fixtures").rglob("*.mat"))]
    seeds += [Seed(f"packed: {name}", "6", data) for name, data in _hand_packed().items()]
    seeds += _level73(folder)
    if real:
        small = [path for path in MAT_FILES if path.stat().st_size < _LARGEST_REAL]
        seeds += [_from_file(path) for path in small]
    seeds += [
        Seed(f"{seed.name}, unpacked", "6", _unpacked(seed)) for seed in seeds if seed.level == "7"
    ]
    return seeds


def model_seeds(folder: Path) -> list[Seed]:
    """What gives the command line something to run: layers of all classes, networks with data."""
    from converters import load, save_layer
    from tests.converters.samples import variants

    seeds = []
    path = folder / "model.mat"
    for _, group in itertools.groupby(variants(), type):
        layer = list(group)[:2][-1]  # the plainest of its class, with weights
        save_layer(layer, path, level="6", overwrite=True)
        seeds.append(_from_file(path))
    for fixture in ("series_v7.mat", "dag_v7.mat", "dlnetwork_v7.mat"):
        network = load(ROOT / "fixtures" / "native" / fixture)
        assert isinstance(network, Network)
        _save_with_data(network, path)
        seeds.append(_from_file(path))
    return seeds


def _save_with_data(network: Network, path: Path) -> None:
    """The network, an input, the output a little wrong, and the activations of its layers."""
    from converters import save_network
    from converters.examples import example_inputs

    (x,) = example_inputs(network, batch=2)
    X = np.asfortranarray(x.numpy().transpose(2, 3, 1, 0))
    inner = {name: np.asfortranarray(network.activations(X, name)) for name in network.names[1:3]}
    Y = np.asfortranarray(network.predict(X) + 0.5)
    save_network(network, path, level="6", overwrite=True)
    with open_mat(path) as mat:
        variables = {**{name: mat[name] for name in mat}, "X": X, "Y": Y}
    variables["activations"] = StructArray.scalar(**inner)
    write_mat(path, variables, level="6", overwrite=True)


def _from_file(path: Path) -> Seed:
    with open_mat(path) as mat:
        return Seed(path.name, mat.level, path.read_bytes())


def _hand_packed() -> dict[str, bytes]:
    good = test_mutations.seeds()
    objects = {
        name: content
        for name, (content, errors) in level5_files.corpus().items()
        if "object" in name and errors == {""}
    }
    packed = {name: data for name, data in {**good, **objects}.items() if len(data) > 128}
    return {name: data for name, data in packed.items() if len(data) < 20_000}


def _unpacked(seed: Seed) -> bytes:
    header, parts, order = seed.tree
    return level5_tree.assemble(
        header, [(part.content, False, part.is_store) for part in parts], order
    )


def _level73(folder: Path) -> list[Seed]:
    """One of every kind of value, and files that point at the sentinel in every way there is."""
    path = folder / "values.mat"
    write_mat(path, _values(), level="7.3")
    level73_files.sign(path)  # always the same date
    seeds = [Seed("values of all kinds", "7.3", path.read_bytes())]
    sentinel = folder / "sentinel" / "x"
    sentinel.parent.mkdir(exist_ok=True)
    for name in ("external_storage", "external_link", "virtual_dataset", "soft_link"):
        made = folder / "made" / name
        made.parent.mkdir(exist_ok=True)
        level73_files.FILES[name][0](made)
        seeds.append(Seed(name, "7.3", made.read_bytes()))
    return seeds


def _values() -> dict[str, Any]:
    cells = np.empty((2, 2), object)
    cells[:] = [["text", np.eye(2)], [np.zeros((0, 3)), np.array([["a", "b"], ["c", "d"]])]]
    fields = {"a": [cells, "x"], "b": [np.ones((1, 1), np.float32), np.array([[True]])]}
    return {
        "c": cells,
        "s": StructArray((1, 2), fields),
        "t": StructArray.scalar(one=cells, two=StructArray.scalar(three="3")),
        "z": np.array([[1 + 2j, 3j]]),
        "p": np.zeros((40, 60)),
        "sp": SparseArray(
            (3, 2), np.array([1.0, 2.0]), np.array([0, 2]), np.array([0, 1, 2], np.int64)
        ),
        "Weights": np.ones((2, 2, 3, 2), np.float32),
        "Stride": np.array([[2.0, 2.0]]),
        "CroppingSize": np.zeros((1, 4)),
        "Type": "transposedConv2dLayer",
    }
