"""How cost grows: with the layers of a network, the observations of a batch, the size of an image.

Each table has the seconds of one call and, for the layers, of building the module and of the first
call, which measures. ``by unit`` is by how much more a unit costs than in the row before: 1 is
linear.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch

import matlab_compat as m
from matlab_compat.network import Network

from .networks import torch_call, unet
from .timing import THREADS, Row, Table, interleaved

LAYERS = (10, 100, 1000, 3000)
BATCHES = (1, 4, 16, 64)
SIDES = (32, 64, 128, 256, 512, 1024)


def tables() -> Iterator[Table]:
    """The three."""
    torch.set_num_threads(THREADS)
    yield table("layers", LAYERS, lambda n: (chain(n), torch.ones(1, 8, 16, 16)))
    network = unet()
    yield table("observations", BATCHES, lambda n: (network, torch.ones(n, 1, 64, 64)))
    yield table("pixels to a side", SIDES, lambda n: (network, torch.ones(1, 1, n, n)), power=2)


def table(
    what: str,
    counts: Sequence[int],
    made: Callable[[int], tuple[Network, torch.Tensor]],
    power: int = 1,
) -> Table:
    """A row for each count of a unit, of which cost has the power."""
    rows: list[Row] = []
    for count in counts:
        network, x = made(count)
        begin = time.perf_counter()
        module = network.to_torch(optimize=True)
        built = time.perf_counter()
        call = torch_call(module, [x])
        call()
        seconds = {"build": built - begin, "first call": time.perf_counter() - built}
        seconds |= interleaved({"call": call}, rounds=3)
        more = {}
        if rows:
            units = (count / counts[len(rows) - 1]) ** power
            more["by unit"] = seconds["call"] / rows[-1].seconds["call"] / units
        rows.append(Row(str(count), seconds, more))
    return Table(f"Growth with the {what}", rows)


def chain(count: int) -> Network:
    """So many layers: convolutions and activations."""
    layers: list[m.Layer] = [m.imageInputLayer((16, 16, 8), Normalization="none")]
    while len(layers) < count:
        layers += [m.convolution2dLayer(3, 8, Padding="same"), m.reluLayer()]
    return Network(layers).initialize(seed=0)
