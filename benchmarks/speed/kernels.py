"""The choice of kernels for convolution and pooling, beside the fastest that there is.

python -m benchmarks.speed.kernels [SECONDS] [SEED]

Random shapes, one thread, processor time. Prints the share of the fastest kernel's speed that the
choice in ``matlab_compat/engine/fast/kernels.py`` gets, and for each kernel by how much its
estimate is off: what its constants were fitted to.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional

from matlab_compat import convolution2dLayer
from matlab_compat.engine.convolution import PaddedConvolution
from matlab_compat.engine.fast import inference
from matlab_compat.engine.fast.inference import Convolution
from matlab_compat.engine.fast.kernels import (
    MICROSECONDS,
    Sizes,
    fastest,
    separable,
    separable_is_faster,
)

from .timing import geomean, processor_time

Times = dict[str, float]
LAST = torch.channels_last


def main(seconds: float, seed: int) -> int:
    """Measure and compare."""
    torch.set_num_threads(1)
    draw = random.Random(seed)
    with torch.inference_mode():
        for what, measure in (("convolutions", convolution), ("max poolings", pooling)):
            found, end = [], time.perf_counter() + seconds / 2
            while time.perf_counter() < end:
                found.append(measure(draw))
            print(f"{len(found)} {what}, seed {seed}, torch {torch.__version__}")
            shares = [min(times.values()) / times[choice] for times, choice, _ in found]
            print(f"  the choice gets {geomean(shares):.2f} of the best, worst {min(shares):.2f}")
            for name in found[0][0]:
                always = [min(times.values()) / times[name] for times, _, _ in found]
                off = sorted(times[name] / guess[name] for times, _, guess in found if guess)
                print(f"  {name:10} always: {geomean(always):.2f}", end="")
                print(f"  measured / estimate: {off[len(off) // 2]:.2f}" if off else "")
    return 0


def convolution(draw: random.Random) -> tuple[Times, str, Times]:
    """Microseconds by kernel, the one chosen, and the estimates, of a random shape."""
    while True:
        n, k = draw.choice([1, 1, 1, 2, 4, 8, 8, 16]), draw.choice([1, 3, 3, 3, 5, 5, 7])
        c, f = (draw.choice([1, 1, 3, 4, 8, 12, 16, 20, 32, 56, 64, 128]) for _ in range(2))
        side = draw.choice([4, 6, 7, 8, 12, 14, 16, 20, 28, 32, 48, 64, 100])
        s = draw.choice([1, 2])
        if n * side**2 * c * f * k**2 / s**2 < 1e8:
            break
    layer = convolution2dLayer(k, f, NumChannels=c, Stride=s, Padding=k // 2)
    layer.Weights = torch.randn(k, k, c, f).numpy()
    layer.Bias = torch.zeros(1, 1, f).numpy()
    module = layer.to_torch()
    assert isinstance(module, PaddedConvolution)
    x = torch.randn(n, c, side, side).contiguous(memory_format=LAST)
    expected = module(x)
    shape = ((n, c, side, side), (f, c, k, k), (s, s), (k // 2, k // 2))
    times: Times = {}
    for kernel in MICROSECONDS:
        with patch.object(inference, "fastest", lambda *shape, kernel=kernel: kernel):
            run = Convolution(module, None)
            torch.testing.assert_close(run(x), expected, atol=1e-3, rtol=1e-3)
            times[kernel] = 1e6 * processor_time(partial(run, x))
    guess: Times = {name: cost(Sizes.of(*shape)) for name, cost in MICROSECONDS.items()}
    return times, fastest(*shape), guess


def pooling(draw: random.Random) -> tuple[Times, str, Times]:
    """Microseconds of both ways, the one chosen, and nothing, of a random shape."""
    n, c = draw.choice([1, 1, 8, 8]), draw.choice([1, 4, 8, 12, 16, 24, 32, 64, 128])
    height, width = (draw.choice([7, 14, 28, 56, 98]) for _ in range(2))
    k, s, p = draw.choice([(2, 2, 0), (3, 2, 0), (3, 2, 1), (3, 1, 1), (2, 1, 0)])
    x = torch.randn(n, c, height, width).contiguous(memory_format=LAST)
    how = ((k, k), (s, s), ((p, p), (p, p)))
    calls: dict[str, Callable[[], Tensor]] = {
        "separable": lambda: separable(x, *how, torch.maximum),
        "torch": lambda: functional.max_pool2d(x, k, s, p),
    }
    assert torch.equal(calls["separable"](), calls["torch"]())
    choice = "separable" if separable_is_faster(x.shape, *how, maximum=True) else "torch"
    return {name: 1e6 * processor_time(call) for name, call in calls.items()}, choice, {}


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    arguments = [*map(float, sys.argv[1:]), *[120, 0][len(sys.argv) - 1 :]]
    sys.exit(main(arguments[0], int(arguments[1])))
