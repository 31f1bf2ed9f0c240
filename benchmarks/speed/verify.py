"""What ``verify`` costs beyond running the network: CPU time, on a real U-Net of 512x512 pixels.

The network's own cost is one run in single and one in double precision, which no comparison with
an error bound can do without. And how many small files a second a folder of them is verified at, as
a user starts it: one process, two, and two workers of a Dask cluster.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from distributed import LocalCluster

import converters
from matlab_compat.execution.described import RunOptions
from matlab_compat.execution.network import activations
from matlab_compat.network import Network
from matlab_compat.parity.network import verify_network

from .timing import Goal, Row, Table, interleaved, peaks

REAL = Path(__file__).parents[3] / "shared" / "real"
SMALL = Path(__file__).parents[2] / "fixtures" / "same_even.v7.mat"
#: Files of a folder: from the difference the seconds of one, without what starting costs.
FEW, MANY = 2, 500
NAME = "verasonics__external_process__2024b_DAGNetworks__custom_onnx_unet113.mat"


def tables() -> Iterator[Table]:
    """Folders of files; a network without saved activations, and with those of all layers."""
    yield _folders()
    file = next(REAL.glob(f"*/{NAME}"), None)
    if file is None:
        return
    network = converters.load(file)
    assert isinstance(network, Network)
    X = np.random.default_rng(0).random((512, 512, 1, 1), np.float32)
    expected = {"Y": network.predict(X)}
    every = activations(network, [X], RunOptions(layers=network.names))
    rows = []
    for what, names in (("none", []), ("all", network.names)):
        saved = {name: every[name] for name in names}
        assert verify_network(network, [X], expected, activations=saved).verdict == "equal"
        variants: dict[str, Callable[[], object]] = {
            "the two runs": lambda: [network.predict(X, dtype=d) for d in ("single", "double")],
            "verify": partial(verify_network, network, [X], expected, activations=saved),
        }
        seconds = interleaved(variants, clock=time.process_time)
        rows.append(Row(f"activations: {what}", seconds, peak=peaks(variants)))
    worst = max(row.ratio("the two runs", "verify") for row in rows)
    goal = Goal("verify: times the network's own two runs, worst case", 2, worst, at_least=False)
    yield Table("verify of a U-Net, 512x512, CPU time", rows, [goal])


def _folders() -> Table:
    with TemporaryDirectory() as name, LocalCluster(n_workers=2, threads_per_worker=1) as cluster:
        ways = {
            "1 process": ["--jobs", "1"],
            "2 processes": ["--jobs", "2"],
            "2 Dask workers": ["--dask", cluster.scheduler_address],
        }
        seconds = {count: _seconds(_folder(Path(name), count), ways) for count in (FEW, MANY)}
    rows = [
        Row(
            way,
            {"few": seconds[FEW][way], "many": seconds[MANY][way]},
            {"files a second": (MANY - FEW) / (seconds[MANY][way] - seconds[FEW][way])},
        )
        for way in ways
    ]
    return Table(f"verify of a folder, {FEW} and {MANY} small files", rows, [])


def _folder(parent: Path, count: int) -> Path:
    folder = parent / str(count)
    folder.mkdir()
    for number in range(count):
        shutil.copy(SMALL, folder / f"{number}.mat")
    return folder


def _seconds(folder: Path, ways: dict[str, list[str]]) -> dict[str, float]:
    found = {}
    for way, options in ways.items():
        start = time.perf_counter()
        command = [sys.executable, "-m", "matlab_compat", "verify", str(folder), *options]
        subprocess.run(command, check=True, capture_output=True)
        found[way] = time.perf_counter() - start
    return found
