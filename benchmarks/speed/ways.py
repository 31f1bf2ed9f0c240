"""Which ways to compute a layer win on this processor, on random shapes, and by how much.

python -m benchmarks.speed.ways [SECONDS] [SEED]

One thread. A way that never wins by more than the noise, on all features of a processor, with
``ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2`` and with ``ATEN_CPU_CAPABILITY=default
ONEDNN_MAX_CPU_ISA=SSE41``, is of no use.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from matlab_compat import (
    averagePooling2dLayer,
    convolution2dLayer,
    fullyConnectedLayer,
    imageInputLayer,
    maxPooling2dLayer,
    transposedConv2dLayer,
)
from matlab_compat.engine.fast.choice import clock, measured
from matlab_compat.engine.fast.inference import Inference
from matlab_compat.engine.fast.run import timed
from matlab_compat.layers.base import Layer
from matlab_compat.network import Network

from .timing import geomean

#: By how much a way has to be faster than the next for its win to count.
NOISE = 1.05
Times = dict[str, float]


def main(seconds: float, seed: int) -> int:
    """Measure and print a table."""
    torch.set_num_threads(1)
    draw, found = random.Random(seed), defaultdict[str, list[Times]](list)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for layer, times in random_layer(draw):
            found[layer].append(times)
    print(f"seed {seed}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}")
    for layer, all_times in sorted(found.items()):
        print(f"{layer} ({len(all_times)} shapes)")
        for way in dict.fromkeys(name for times in all_times for name in times):
            print(line(way, all_times))
    return 0


def line(way: str, all_times: list[Times]) -> str:
    """How often a way wins, by how much then, and how it does alone."""
    own = [times for times in all_times if way in times]
    gains = [
        min((s for name, s in times.items() if name != way), default=times[way]) / times[way]
        for times in own
    ]
    wins = [gain for gain in gains if gain > NOISE]
    share = geomean(min(times.values()) / times[way] for times in own)
    often = f"wins {len(wins):3} by {geomean(wins):.2f}, at most {max(wins):.2f}" if wins else "-"
    return f"  {way:10} {often:35} always: {share:.2f} of the best"


def random_layer(draw: random.Random) -> Iterator[tuple[str, Times]]:
    """The seconds by way of a random layer of each kind that has several."""
    n, side = draw.choice([1, 1, 4, 8]), draw.choice([4, 7, 8, 14, 16, 28, 32, 64, 128])
    c, f = (draw.choice([1, 3, 8, 16, 21, 32, 64, 128, 256]) for _ in range(2))
    k, s = draw.choice([1, 1, 2, 3, 3, 3, 4, 5, 7, 9]), draw.choice([1, 1, 2, 2, 4])
    if n * side**2 * c * f * k**2 > 5e8 or n * side**2 * max(c, f * s**2) > 1e7:
        return
    image = imageInputLayer((side, side, c), Normalization="none")
    x = torch.randn(n, c, side, side)
    for layers, kind in (
        ([image, convolution2dLayer(k, f, Stride=s, Padding="same")], "convolution"),
        ([image, transposedConv2dLayer(max(k, s), f, Stride=s, Cropping="same")], "transposed"),
        ([image, maxPooling2dLayer(min(k, 3), Stride=min(s, 2), Padding="same")], "maximum"),
        ([image, averagePooling2dLayer(min(k, 3), Stride=min(s, 2), Padding="same")], "average"),
        ([image, fullyConnectedLayer(f)], "fully connected"),
    ):
        yield kind, seconds_by_way(layers, x)


def seconds_by_way(layers: list[Layer], x: Tensor) -> Times:
    """Of the last layer, for an image channels last."""
    network = Network(layers).initialize(seed=0)
    module: nn.Module = list(network.to_torch(optimize=True).children())[-1]
    assert isinstance(module, Inference)
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        ways = {name: timed(make, [x]) for name, make in module.ways(x).items()}
        return measured(ways, clock() + 2)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    arguments = [*map(float, sys.argv[1:]), *[120, 0][len(sys.argv) - 1 :]]
    sys.exit(main(arguments[0], int(arguments[1])))
