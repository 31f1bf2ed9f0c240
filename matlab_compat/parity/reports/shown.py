"""What the reports show of compared arrays: the worst slice, decades, error against magnitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Array
from ..blocks import wide
from ..compare import Arrays, Comparison

if TYPE_CHECKING:
    from ..report import Report


#: Points of the scatter diagram, and rows or columns of an image, that a page can bear.
MOST_POINTS = 1500
MOST_PIXELS = 192


@dataclass(frozen=True, eq=False)
class Slice:
    """Two dimensions of what was compared, through the worst element."""

    #: In MATLAB's notation, 1-based: ``Y(:,:,3,1)``.
    name: str
    actual: Array
    expected: Array
    #: Differences in units of what is allowed; infinite where one side only is NaN or infinite.
    violation: Array
    #: Row and column of the worst element.
    worst: tuple[int, int]
    #: The number of rows and columns of which each shown pixel is the worst.
    step: int = 1

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest number on either side."""
        both = np.concatenate([self.actual.ravel(), self.expected.ravel()]).astype(np.float64)
        finite = both[np.isfinite(both)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def most_telling(report: Report, count: int) -> list[Comparison]:
    """What is shown in full: the first layer that differs, then the outputs, what differs first."""
    first = [a for a in report.activations if a.verdict == "different"][:1]
    shown = first + sorted(report.outputs, key=lambda one: one.verdict == "equal")
    return (shown or list(report.activations[-1:]))[:count]


def worst_slice(comparison: Comparison) -> Slice | None:
    """The slice with the worst element; None where nothing can be shown.

    The dimensions shown are H and W of H×W×C×N. Where one of them is of size 1, the longest ones.
    """
    arrays, worst = comparison.arrays, comparison.worst
    if arrays is None or arrays.violation is None or worst is None:
        return None
    axes = _shown_axes(arrays.violation.shape)
    at = tuple(slice(None) if i in axes else n for i, n in enumerate(worst.index))
    subscripts = ",".join(":" if isinstance(n, slice) else str(n + 1) for n in at)
    both = arrays.actual, arrays.expected
    is_complex = any(map(np.iscomplexobj, both))
    pictured = map(np.abs, both) if is_complex else both
    actual, expected, violation = (np.atleast_2d(a[at]) for a in (*pictured, arrays.violation))
    row, column = (worst.index[axis] for axis in axes) if len(axes) == 2 else (0, worst.index[0])
    name = f"{comparison.name}({subscripts})"
    name = f"abs({name})" if is_complex else name
    return _reduced(Slice(name, actual, expected, violation, (row, column)))


def _shown_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) < 2 or (shape[0] > 1 and shape[1] > 1):
        return tuple(range(len(shape)))[:2]
    longest = sorted(range(len(shape)), key=lambda axis: -shape[axis])
    return tuple(sorted(longest[:2]))


def _reduced(image: Slice) -> Slice:
    """A slice too large to show, with the worst of each block of pixels kept."""
    step = -(-max(image.violation.shape) // MOST_PIXELS)
    if step == 1:
        return image
    rows, columns = (np.arange(0, n, step) for n in image.violation.shape)
    filled = np.nan_to_num(image.violation, nan=np.inf, posinf=np.inf)
    violation = np.maximum.reduceat(np.maximum.reduceat(filled, rows, axis=0), columns, axis=1)
    picked = np.ix_(rows, columns)
    row, column = (n // step for n in image.worst)
    return Slice(
        image.name, image.actual[picked], image.expected[picked], violation, (row, column), step
    )


@dataclass(frozen=True)
class Decade:
    """How many elements differ by ``10**exponent`` up to ten times that; None: by nothing."""

    exponent: int | None
    count: int


def decades(arrays: Arrays) -> list[Decade]:
    """The histogram of the absolute differences; gaps are shown as empty decades."""
    off = _difference(arrays)
    above = off[np.isfinite(off) & (off > 0)]
    bars = [Decade(None, int(np.count_nonzero(off == 0)))]
    if above.size:
        exponents = np.floor(np.log10(above)).astype(int)
        first, last = int(exponents.min()), int(exponents.max())
        counts = np.bincount(exponents - first)
        bars += [Decade(first + i, int(counts[i])) for i in range(last - first + 1)]
    return bars


@dataclass(frozen=True, eq=False)
class Scatter:
    """Absolute difference against the magnitude of the expected value, both above zero."""

    magnitude: Array
    difference: Array
    #: Which points are outside the bound.
    outside: Array
    #: How many elements these are a sample of.
    of: int


def scatter(arrays: Arrays) -> Scatter:
    """A sample of elements, evenly over the order of magnitude, with the largest difference."""
    off, size = _difference(arrays), np.abs(wide(arrays.expected)).ravel(order="F")
    outside = np.zeros(off.size, bool)
    if arrays.violation is not None:
        outside = arrays.violation.ravel(order="F") > 1
    usable = np.flatnonzero(np.isfinite(off) & (off > 0) & np.isfinite(size) & (size > 0))
    order = usable[np.argsort(size[usable], kind="stable")]
    chosen = order[np.linspace(0, order.size - 1, min(order.size, MOST_POINTS)).astype(int)]
    if order.size:
        chosen = np.union1d(chosen, order[[np.argmax(off[order])]])
    return Scatter(size[chosen], off[chosen], outside[chosen], int(off.size))


def _difference(arrays: Arrays) -> Array:
    """Absolute differences in MATLAB's order of elements; NaN where either side is no number."""
    with np.errstate(invalid="ignore"):
        off = np.abs(wide(arrays.actual) - wide(arrays.expected))
    return np.asarray(off).ravel(order="F")
