"""What ``verify`` costs beyond running the network: CPU time, on a real U-Net of 512x512 pixels.

The network's own cost is one run in single and one in double precision, which no comparison with
an error bound can do without.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

import converters
from matlab_compat.execution.described import RunOptions
from matlab_compat.execution.network import activations
from matlab_compat.network import Network
from matlab_compat.parity.network import verify_network

from .timing import Goal, Row, Table, interleaved, peaks

REAL = Path(__file__).parents[3] / "shared" / "real"
NAME = "verasonics__external_process__2024b_DAGNetworks__custom_onnx_unet113.mat"


def tables() -> Iterator[Table]:
    """Without saved activations, and with those of all layers."""
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
