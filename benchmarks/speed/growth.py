"""How cost grows: with layers, observations, the size of an image, files, and the size of a file.

Each table has the seconds of one call and, for the layers, of building the module and of the first
call, which measures. ``by unit`` is by how much more a unit costs than in the row before: 1 is
linear. Torch alone computes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import matlab_compat as m
from converters.batch import record_of
from converters.jobs import VerifyJob
from converters.matfile import open_mat
from converters.matfile.writer import Level, write_mat
from matlab_compat.engine.fast.run import InferenceModule
from matlab_compat.network import Network

from .networks import torch_call, unet
from .peers import limit
from .reading import peak_of
from .timing import LIMIT, THREADS, Allowance, Row, Table, interleaved

FIXTURE = Path(__file__).parents[2] / "fixtures" / "same_odd.v7.mat"
LAYERS = (10, 100, 1000, 3000)
BATCHES = (1, 4, 16, 64)
SIDES = (32, 64, 128, 256, 512, 1024)
FILES = (1, 10, 100, 1000, 10_000)
MEGABYTES = (1, 10, 100, 1000)
LEVELS: tuple[Level, ...] = ("7.3", "6", "7")


def tables() -> Iterator[Table]:
    """The five."""
    torch.set_num_threads(THREADS)
    yield table(5, "layers", LAYERS, lambda n: (chain(n), torch.ones(1, 8, 16, 16)))
    network = unet()
    yield table(4, "observations", BATCHES, lambda n: (network, torch.ones(n, 1, 64, 64)))
    sides = table(3, "pixels to a side", SIDES, lambda n: (network, torch.ones(1, 1, n, n)), 2)
    yield sides
    with TemporaryDirectory() as name:
        yield files(Path(name))
        yield sizes(Path(name))


def table(
    tables: int,
    what: str,
    counts: Sequence[int],
    made: Callable[[int], tuple[Network, torch.Tensor]],
    power: int = 1,
) -> Table:
    """A row for each count of a unit, of which cost has the power; so many tables are to come."""
    rows: list[Row] = []
    for count in Allowance.within(counts, 1 / tables):
        network, x = made(count)
        begin = time.perf_counter()
        module = network.to_torch(optimize=True)
        assert isinstance(module, InferenceModule)
        module.engines = None
        built = time.perf_counter()
        call = torch_call(module, [x])
        call()
        first = time.perf_counter() - built
        times = interleaved({"call": call}, rounds=3)
        times |= {"build": built - begin, "first call": first}
        rows.append(Row(str(count), times))
    return grown(f"Growth with the {what}", rows, power)


def grown(title: str, rows: Sequence[Row], power: int = 1) -> Table:
    """The rows, whose names are counts, with what a unit costs beside the row before."""
    found = [*rows[:1]]
    for before, row in pairwise(rows):
        units = (int(row.case) / int(before.case)) ** power
        share = row.seconds["call"] / before.seconds["call"] / units
        found.append(replace(row, more={**row.more, "by unit": share}))
    return Table(title, found)


def chain(count: int) -> Network:
    """So many layers: convolutions and activations."""
    layers: list[m.Layer] = [m.imageInputLayer((16, 16, 8), Normalization="none")]
    while len(layers) < count:
        layers += [m.convolution2dLayer(3, 8, Padding="same"), m.reluLayer()]
    return Network(layers).initialize(seed=0)


def files(folder: Path) -> Table:
    """So many layers verified, each in a file of its own, one after the other."""
    content, rows = FIXTURE.read_bytes(), []
    for count in Allowance.within(FILES, 1 / 2):
        paths = [folder / f"{number}.mat" for number in range(count)]
        for path in paths:
            path.write_bytes(content)
        start = time.perf_counter()
        records = [record_of(VerifyJob(str(path))) for path in paths]
        rows.append(Row(str(count), {"call": time.perf_counter() - start}))
        assert {record["exit_code"] for record in records} == {0}
        for path in paths:
            path.unlink()
    return grown("Growth with the files (verify)", rows)


def sizes(folder: Path) -> Table:
    """Random numbers in one variable, which do not compress, of each level."""
    rows: list[Row] = []
    random, path = np.random.default_rng(0), folder / "x.mat"
    for megabytes in Allowance.within(MEGABYTES):
        X = random.random((250, megabytes * 1000), np.float32)
        seconds, more = {}, {LIMIT: 1e3 * limit(0, 2 * X.size)}
        for level in LEVELS:
            write_mat(path, {"X": X}, level=level, overwrite=True)
            start = time.perf_counter()
            with open_mat(path) as mat:
                assert mat["X"].shape == X.shape
            seconds["call" if level == "7" else f"level {level}"] = time.perf_counter() - start
            more[f"peak, {level}"] = peak_of(path) / X.nbytes
        rows.append(Row(str(megabytes), seconds, more))
    return grown("Growth with the megabytes of a file (call: level 7; peak memory by them)", rows)
