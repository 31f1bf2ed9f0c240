"""The choice of the transposed convolution's algorithm, beside the best that there is.

python -m benchmarks.speed.algorithms [SECONDS] [SEED]

Random shapes, one thread, processor time (so that other people's work on the machine counts
little), everything correct first. Prints the share of the best algorithm's speed that the choice
in ``matlab_compat/engine/fast/phases.py`` gets, and the costs fitted to this run, to be copied
there.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from scipy.optimize import nnls
from torch.nn import functional

from matlab_compat.engine.fast.phases import ALGORITHMS, Algorithm, Phases, Shape, choose

from .timing import geomean, processor_time

Times = dict[type[Algorithm], float]


def main(seconds: float, seed: int) -> int:
    """Measure, compare, fit."""
    torch.set_num_threads(1)
    draw, measured = random.Random(seed), []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        batch, shape = random_shape(draw)
        measured.append((batch, shape, processor_times(batch, shape)))
    print(f"{len(measured)} shapes, seed {seed}, torch {torch.__version__}")
    print("\n".join(summary(measured)))
    return 0


def summary(measured: Sequence[tuple[int, Shape, Times]]) -> Iterator[str]:
    """What the choice gets, each algorithm alone, and where the choice is worst."""
    chosen = [
        (min(t.values()) / t[choose(n, s)], n, s, t) for n, s, t in measured if choose(n, s) in t
    ]
    if not chosen:
        yield "too few to say anything: give it more seconds"
        return
    shares = [share for share, *_ in chosen]
    yield f"the choice gets {geomean(shares):.2f} of the best speed, worst {min(shares):.2f}"
    for algorithm in ALGORITHMS:
        always = [min(t.values()) / t[algorithm] for _, _, t in measured if algorithm in t]
        best = sum(min(t, key=t.__getitem__) is algorithm for _, _, t in measured)
        mean = f"{geomean(always):.2f}" if always else "   -"  # none of the shapes is for it
        line = f"{algorithm.__name__:10} best {best:4}  always: {mean}  "
        yield line + fitted(algorithm, measured)
    for share, n, shape, times in sorted(chosen, key=lambda one: one[0])[:10]:
        fastest = min(times, key=times.__getitem__).__name__
        side = shape.rows
        yield (
            f"  {share:.2f}: {choose(n, shape).__name__} instead of {fastest}, N {n}, "
            f"{shape.channels} -> {shape.filters}, {side.size}, {side.filter}, {side.stride}"
        )


def random_shape(draw: random.Random) -> tuple[int, Shape]:
    """A batch and a layer of a size that is quickly measured, 'same' cropping."""
    while True:
        n, size = draw.choice([1, 1, 4, 16]), draw.choice([1, 4, 8, 16, 32, 64, 128])
        filter_size = draw.choice([1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 9, 16])
        stride = draw.choice([1, 2, 2, 2, 3, 4, 8])
        c = draw.choice([1, 3, 16, 21, 32, 64, 128, 256, 512])
        f = draw.choice([1, 3, 16, 21, 32, 64, 128, 256])
        products = n * size**2 * c * f * filter_size**2
        largest = n * size**2 * max(c, f * stride**2)
        if stride <= filter_size <= 6 * stride and 2e6 < products < 2e9 and largest < 3e7:
            before = (filter_size - stride) // 2
            side = Phases(size, filter_size, stride, before, filter_size - stride - before)
            return n, Shape(c, f, side, side)


def processor_times(n: int, shape: Shape) -> Times:
    """Seconds of one call, by algorithm; those that would fill the memory are left out."""
    side = shape.rows
    x = torch.randn(n, shape.channels, side.size, side.size)
    weight = torch.randn(shape.channels, shape.filters, side.filter, side.filter) / 16
    bias = torch.randn(shape.filters)
    layouts = (x, x.contiguous(memory_format=torch.channels_last))
    exact = functional.conv_transpose2d(x.double(), weight.double(), bias.double(), side.stride)
    cut = slice(side.before, side.before + side.output)
    expected = exact[:, :, cut, cut].float()
    calls: dict[type[Algorithm], Callable[[], torch.Tensor]] = {}
    for algorithm in ALGORITHMS:
        work = algorithm.work(n, shape)
        if work.calls == float("inf") or work.moved > 1e8:
            continue
        prepared = algorithm(weight, bias, shape)
        given = layouts[algorithm.channels_last]
        calls[algorithm] = lambda prepared=prepared, given=given: prepared(given, shape)  # type: ignore[misc]
        torch.testing.assert_close(calls[algorithm](), expected, atol=1e-3, rtol=1e-3)
    with torch.inference_mode():
        return {a: processor_time(call) for a, call in calls.items()}


def fitted(algorithm: type[Algorithm], measured: Sequence[tuple[int, Shape, Times]]) -> str:
    """The cost by least squares of relative errors, none negative."""
    rows = [(algorithm.work(n, s), t[algorithm]) for n, s, t in measured if algorithm in t]
    if len(rows) < 3:
        return ""
    work = np.array([[w.products, w.moved, w.calls] for w, _ in rows])
    seconds = np.array([t for _, t in rows])
    product, move, call = nnls(work / seconds[:, None], np.ones(len(rows)))[0]
    return f"Cost({1e12 * product:.3g}, {1e12 * move:.3g}, {1e6 * call:.3g})"


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    arguments = [*map(float, sys.argv[1:]), *[120, 0][len(sys.argv) - 1 :]]
    sys.exit(main(arguments[0], int(arguments[1])))
