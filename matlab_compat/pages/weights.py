"""What an array of weights looks like: its statistics, and a small histogram."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..display import size_text
from .markup import Markup, element, svg, table

_BINS = 24
_WIDTH, _HEIGHT = 120.0, 26.0
#: Elements looked at together, and of how many at most a histogram is made.
_CHUNK, _MOST = 1 << 20, 1 << 22


@dataclass(frozen=True)
class Statistics:
    """Statistics of the finite elements of an array; NaN where there are none."""

    least: float
    mean: float
    most: float
    deviation: float
    zeros: int
    #: How many are NaN or infinite.
    not_finite: int
    #: How many lie in each of as many equal steps from the least to the most.
    counts: tuple[int, ...]


@np.errstate(over="ignore", invalid="ignore")
def statistics(array: npt.NDArray[Any]) -> Statistics:
    """The statistics of an array of real or complex (then magnitudes) numbers, in double.

    The histogram of a very large array is of every so-manyth element.

    Examples
    --------
    >>> found = statistics(np.array([0.0, 1.0, 2.0, np.inf]))
    >>> found.least, found.mean, found.most, found.zeros, found.not_finite
    (0.0, 1.0, 2.0, 1, 1)
    """
    count, mean, squares, zeros = 0, 0.0, 0.0, 0
    least, most = np.inf, -np.inf
    for part in _finite(array):
        least, most = min(least, float(part.min())), max(most, float(part.max()))
        own = float(part.mean())
        both = count + part.size
        squares += float(((part - own) ** 2).sum()) + (own - mean) ** 2 * count * part.size / both
        mean, count = mean + (own - mean) * part.size / both, both
        zeros += part.size - int(np.count_nonzero(part))
    if not count:
        return Statistics(np.nan, np.nan, np.nan, np.nan, 0, array.size, ())
    bins = np.zeros(_BINS, np.int64)
    spread = most - least
    if 0 < spread < np.inf:
        for part in _finite(array, step=-(-array.size // _MOST)):
            at = ((part - least) / spread * _BINS).astype(np.int64)
            bins += np.bincount(np.minimum(at, _BINS - 1), minlength=_BINS)
    else:
        bins[_BINS // 2] = count
    deviation = float(np.sqrt(squares / count))
    others = array.size - count
    return Statistics(least, mean, most, deviation, zeros, others, tuple(map(int, bins)))


def _finite(array: npt.NDArray[Any], step: int = 1) -> Iterator[npt.NDArray[np.float64]]:
    """The finite elements in double, some at a time."""
    flat = array.ravel(order="K")[::step]
    for start in range(0, flat.size, _CHUNK):
        part = flat[start : start + _CHUNK]
        part = np.abs(part) if np.iscomplexobj(part) else part
        part = part.astype(np.float64)
        part = part[np.isfinite(part)]
        if part.size:
            yield part


def histogram(found: Statistics) -> Markup:
    """A small drawing of how the elements are spread."""
    tallest = max(found.counts, default=0)
    if not tallest:
        return Markup("")
    step = _WIDTH / _BINS
    # At least one pixel, so that a bar with few values can be seen.
    heights = [max(n / tallest * _HEIGHT, 1.0) if n else 0.0 for n in found.counts]
    path = "".join(
        f"M{i * step:g} {_HEIGHT:g}v{-height:.1f}h{step - 1:g}V{_HEIGHT:g}z"
        for i, height in enumerate(heights)
        if height
    )
    label = f"Histogram from {found.least:.3g} to {found.most:.3g}"
    bars = element("path", d=path, class_="bar")
    return svg(_WIDTH, _HEIGHT, label, bars, width=f"{_WIDTH:g}", height=f"{_HEIGHT:g}")


def weights_table(values: Iterable[tuple[str, npt.NDArray[Any]]]) -> Markup:
    """Name, size, statistics and histogram of arrays; nothing where there are none."""
    rows = []
    for name, value in values:
        found = statistics(value)
        figures = (found.least, found.mean, found.most, found.deviation)
        rows.append(
            [name, size_text(value.shape), *(f"{one:.3g}" for one in figures), histogram(found)]
        )
    head = ["", "Size", "Least", "Mean", "Most", "Deviation", "Spread"]
    return table(head, rows) if rows else Markup("")
