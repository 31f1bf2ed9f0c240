"""Arrays of one size, taken side by side in blocks that stay in the processor's cache.

A comparison passes over its arrays several times. Of whole arrays that is several times through
memory, and a copy in float64 each time; of one block at a time it costs about the reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..arrays import Array

#: Into an array whose axes are in the order of memory.
Place = tuple[int | slice, ...]

#: Elements of a block: 256 KB of each array in double.
BLOCK = 2**15


class Blocks:
    """Blocks of several arrays of the same size, along the memory of the first."""

    def __init__(self, *arrays: Array) -> None:
        first = arrays[0]
        self.shape = first.shape
        self.axes = sorted(range(first.ndim), key=lambda axis: -abs(first.strides[axis]))
        self._arrays = [array.transpose(self.axes) for array in arrays]

    def __iter__(self) -> Iterator[tuple[Place, list[Array]]]:
        for place in places(self._arrays[0].shape, BLOCK):
            yield place, [wide(array[place]) for array in self._arrays]

    def write(self, array: Array, place: Place, values: Array) -> None:
        """Put the values of one block into a whole array."""
        array.transpose(self.axes)[place] = values

    def first(self, place: Place, chosen: Array) -> int:
        """The first element where ``chosen`` is true in a block, as numpy counts."""
        if not self.shape:
            return 0
        found = np.unravel_index(np.flatnonzero(chosen), chosen.shape)
        start = [p for p in place if isinstance(p, int)]
        rest = [p.start for p in place if isinstance(p, slice)]
        offsets = rest + [0] * (len(found) - len(rest))
        every = [*start, *(axis + offset for axis, offset in zip(found, offsets, strict=True))]
        moved = [every[self.axes.index(axis)] for axis in range(len(self.axes))]
        return int(np.ravel_multi_index(np.broadcast_arrays(*moved), self.shape).min())


def places(shape: tuple[int, ...], most: int) -> Iterator[Place]:
    """Blocks of at most so many elements; whole along the last axes, as far as they fit."""
    axis, inner = len(shape), 1
    while axis and inner * shape[axis - 1] <= most:
        axis -= 1
        inner *= shape[axis]
    if axis == 0:
        yield ()
        return
    step = most // inner
    for outer in np.ndindex(shape[: axis - 1]):
        for start in range(0, shape[axis - 1], step):
            yield (*outer, slice(start, start + step))


def wide(array: Array) -> Array:
    """In float64, or complex128 if it is complex; the same memory where it is that already."""
    return np.asarray(array, np.complex128 if np.iscomplexobj(array) else np.float64, order="C")


class Farthest:
    """The largest of values in blocks, none negative or NaN, and the first element with it."""

    def __init__(self, blocks: Blocks) -> None:
        self.value = 0.0
        self._blocks, self._flat = blocks, 0

    def see(self, place: Place, values: Array) -> None:
        """The values of one block."""
        largest = float(values.max())
        if largest > 0 and largest >= self.value:
            first = self._blocks.first(place, values == largest)
            self._flat = min(first, self._flat) if largest == self.value else first
            self.value = largest

    @property
    def index(self) -> tuple[int, ...]:
        """Where it is; the first element of all if all are zero."""
        return tuple(int(i) for i in np.unravel_index(self._flat, self._blocks.shape))


def apart(a: Array, b: Array) -> Array:
    """How far each two are apart, in float64: 0 for equal infinities, and for NaN on both sides."""
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(np.subtract(a, b, dtype=np.result_type(a, b, np.float64)))
    if not off.size or not math.isnan(off.max()):
        return np.asarray(off)
    return np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, off)


def largest_of(values: Array) -> float:
    """The largest number among them; NaN if there is none."""
    largest = float(values.max())
    return float(np.fmax.reduce(values, axis=None)) if math.isnan(largest) else largest
