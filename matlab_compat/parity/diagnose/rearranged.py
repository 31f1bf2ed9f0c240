"""The same values in other places: dimensions exchanged, flipped, shifted, channels reordered.

All of them are views, so that only the sample is read of what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations, product
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from .measure import Candidate, Measure

Array = npt.NDArray[Any]

#: Pixels that a result may be shifted by, in each direction.
LARGEST_SHIFT = 3
#: Of each channel, the elements that channels are matched by; and the most channels.
_MATCHED_ELEMENTS = 256
_MOST_CHANNELS = 4096
_IMAGE = ("height", "width", "channels", "observations")
_VOLUME = ("height", "width", "depth", "channels", "observations")


def axis_names(rank: int) -> tuple[str, ...]:
    """What the dimensions are called in texts, by the usual orders of MATLAB."""
    return {2: ("rows", "columns"), 5: _VOLUME}.get(rank, _IMAGE[:rank])


def rearrangements(actual: Array, expected: Array, measure: Measure) -> Iterator[Candidate]:
    """Candidates that move values about, the simple ones first."""
    if actual.ndim > 5:
        return
    if actual.size == expected.size and _same_range(actual, expected, measure):
        yield from _permutations(actual, expected)
        yield from _flips(actual, expected)
        yield from _memory_orders(actual, expected)
        yield from _reordered(actual, expected)
    yield from shifts(actual, expected)


def _same_range(actual: Array, expected: Array, measure: Measure) -> bool:
    """Whatever the places, the largest and smallest value stay."""
    if np.iscomplexobj(actual) or np.iscomplexobj(expected):
        actual, expected = np.abs(actual), np.abs(expected)
    allowed = measure.bound * measure.unit
    return all(
        np.isclose(float(f(actual)), float(f(expected)), 0, allowed, equal_nan=True)
        for f in (np.nanmax, np.nanmin)
    )


def matlab_list(numbers: tuple[int, ...] | list[int]) -> str:
    """0-based numbers as MATLAB writes a 1-based list: ``[2 1 3]``."""
    return "[" + " ".join(str(n + 1) for n in numbers) + "]"


def _permutations(actual: Array, expected: Array) -> Iterator[Candidate]:
    identity = tuple(range(actual.ndim))
    seen = {_order(actual, identity)}
    by_simplicity = sorted(permutations(identity), key=lambda p: sum(map(int.__ne__, p, identity)))
    for order in by_simplicity:
        if actual.transpose(order).shape != expected.shape or _order(actual, order) in seen:
            continue
        seen.add(_order(actual, order))
        yield _permuted(actual, expected, order)


def _order(array: Array, order: tuple[int, ...]) -> tuple[int, ...]:
    """Dimensions of size 1 may go anywhere: orders of the others tell permutations apart."""
    return tuple(axis for axis in order if array.shape[axis] > 1)


def _permuted(actual: Array, expected: Array, order: tuple[int, ...]) -> Candidate:
    names = axis_names(actual.ndim)
    moved = [i for i, axis in enumerate(order) if i != axis]
    if len(moved) == 2:
        name = f"{names[moved[0]]} and {names[moved[1]]} exchanged"
    elif order == tuple(reversed(range(actual.ndim))):
        name = "axes reversed"
    else:
        name = "axes permuted"
    back = matlab_list([int(i) for i in np.argsort(order)])
    reading = " (row-major data read as column-major)" if name == "axes reversed" else ""
    return Candidate(
        name,
        f"the expected output is this one with {name}: permute(Y, {matlab_list(order)}){reading}",
        f"bring one side to the order of the other: Y = permute(Y, {back}); in MATLAB.",
        actual.transpose(order),
        expected,
        rank=len(moved) - 1,
    )


def _flips(actual: Array, expected: Array) -> Iterator[Candidate]:
    if actual.shape != expected.shape:
        return
    names = axis_names(actual.ndim)
    long = [axis for axis, n in enumerate(actual.shape) if n > 1]
    for count in range(1, len(long) + 1):
        for axes in combinations(long, count):
            said = " and ".join(names[axis] for axis in axes)
            back = "; ".join(f"Y = flip(Y, {axis + 1})" for axis in axes)
            flipped = np.flip(actual, axes)
            if names[axes[0]] == "channels" and count == 1 and actual.shape[axes[0]] == 3:
                yield _bgr(flipped, expected, axes[0])
                continue
            yield Candidate(
                f"{said} flipped",
                f"the expected output is this one flipped along {said}",
                f"undo it on one side: {back}; in MATLAB (imread and plots of images start at the "
                "top, matrices of coordinates often at the bottom).",
                flipped,
                expected,
                rank=count,
            )
    yield from _rotations(actual, expected)


def _bgr(flipped: Array, expected: Array, axis: int) -> Candidate:
    places = ",".join("[3 2 1]" if i == axis else ":" for i in range(flipped.ndim))
    return Candidate(
        "BGR for RGB",
        "the expected output has its three channels in reverse order: BGR for RGB",
        f"OpenCV reads images as BGR; MATLAB: Y = Y({places});",
        flipped,
        expected,
    )


def _rotations(actual: Array, expected: Array) -> Iterator[Candidate]:
    if actual.ndim < 2 or actual.shape[0] != actual.shape[1] or actual.shape[0] == 1:
        return
    for quarter in (1, 3):
        yield Candidate(
            "rotated by 90 degrees",
            f"the expected output is this one rotated: rot90(Y, {quarter})",
            f"rotate it back: Y = rot90(Y, {4 - quarter}); in MATLAB.",
            np.rot90(actual, quarter),
            expected,
            rank=2,
        )


def _memory_orders(actual: Array, expected: Array) -> Iterator[Candidate]:
    """The bytes were written in one order of dimensions and read in another."""
    for order in permutations(range(actual.ndim)):
        size = tuple(actual.shape[axis] for axis in order)
        if _order(actual, order) == _order(actual, tuple(range(actual.ndim))):
            continue  # nothing moves
        if size == expected.shape:
            continue  # the same as the permutation
        read = actual.transpose(order).reshape(expected.shape, order="F")
        row_major = order == tuple(reversed(range(actual.ndim)))
        name = "row-major reading" if row_major else "another memory order"
        yield Candidate(
            name,
            f"the expected output has the values of this one, but was written with the dimensions "
            f"in the order {matlab_list(order)} and read as if they were in order",
            f"in MATLAB: Y = permute(reshape(Y, {list(size)}), "
            f"{matlab_list([int(i) for i in np.argsort(order)])}); in numpy: "
            "reshape with order='F' when reading what MATLAB wrote.",
            read,
            expected,
            rank=3,
        )


def _reordered(actual: Array, expected: Array) -> Iterator[Candidate]:
    """Channels (or observations) in another order, matched by what is in them."""
    if actual.shape != expected.shape:
        return
    names = axis_names(actual.ndim)
    for axis in reversed(range(actual.ndim)):
        if 2 < actual.shape[axis] <= _MOST_CHANNELS:
            order = _matched(np.moveaxis(actual, axis, 0), np.moveaxis(expected, axis, 0))
            if order is not None:
                yield _permuted_channels(actual, expected, axis, names[axis], order)


def _matched(actual: Array, expected: Array) -> list[int] | None:
    """For each slice of ``expected`` the nearest of ``actual``; ``None`` if that is no order."""
    rest = actual.shape[1:]
    count = prod(rest)
    chosen = np.random.default_rng(0).permutation(count)[:_MATCHED_ELEMENTS]
    index: tuple[Any, ...] = (slice(None), *np.unravel_index(chosen, rest)) if rest else (...,)
    a, e = (
        np.nan_to_num(x.real[index].reshape(len(x), -1).astype(np.float64))
        for x in (actual, expected)
    )
    distances = (a**2).sum(1) - 2 * e @ a.T  # and |e|^2, the same for all
    order: list[int] = []
    free = np.zeros(len(a))
    for row in distances:  # one by one: equal slices (dead channels) take different partners
        nearest = int(np.argmin(row + free))
        free[nearest] = np.inf
        order.append(nearest)
    return None if order == sorted(order) else order


def _permuted_channels(
    actual: Array, expected: Array, axis: int, what: str, order: list[int]
) -> Candidate:
    places = ",".join("order" if i == axis else ":" for i in range(actual.ndim))
    return Candidate(
        f"{what} in another order",
        f"the expected output has its {what} in another order: Y({places}) with "
        f"order = {matlab_list(order)}",
        f"put them back: Y({places}) = Y; in MATLAB, with that order.",
        actual.take(order, axis),
        expected,
        rank=2,
    )


# --- shifts -----------------------------------------------------------------------------


def shifts(actual: Array, expected: Array) -> Iterator[Candidate]:
    """The expected output is another crop of the same, larger result: only the overlap is seen."""
    dims = 3 if actual.ndim == 5 else min(2, actual.ndim)
    if actual.shape[dims:] != expected.shape[dims:]:
        return
    ranges = [_shift_range(a, e) for a, e in zip(actual.shape, expected.shape, strict=True)][:dims]
    by_size = sorted(product(*ranges), key=lambda shift: sum(map(abs, shift)))
    for shift in by_size:
        if any(shift) or actual.shape != expected.shape:
            yield from _shifted(actual, expected, shift)


def _shift_range(actual: int, expected: int) -> range:
    """What leaves at least two thirds to compare."""
    most = min(LARGEST_SHIFT, min(actual, expected) // 3)
    return range(-most, most + 1)


def _shifted(actual: Array, expected: Array, shift: tuple[int, ...]) -> Iterator[Candidate]:
    in_expected, in_actual = [], []
    for n, m, d in zip(actual.shape, expected.shape, shift, strict=False):
        start, stop = max(0, -d), min(m, n - d)
        in_expected.append(slice(start, stop))
        in_actual.append(slice(start + d, stop + d))
    here, there = actual[tuple(in_actual)], expected[tuple(in_expected)]
    same_place = (actual[tuple(in_expected)], there) if actual.shape == expected.shape else None
    yield Candidate(
        "shifted",
        _shift_text(shift, actual.ndim),
        _shift_remedy(shift, actual.shape, expected.shape),
        here,
        there,
        rank=2 + sum(map(bool, shift)),
        before=same_place,
    )


def _shift_text(shift: tuple[int, ...], rank: int) -> str:
    parts = [
        f"{abs(d)} pixel{'s' * (abs(d) > 1)} {'later' if d > 0 else 'earlier'} in {name}"
        for d, name in zip(shift, axis_names(rank), strict=False)
        if d
    ]
    if not parts:
        return "the expected output is this one, cropped differently at the end"
    return f"the expected output starts {' and '.join(parts)}"


def _shift_remedy(
    shift: tuple[int, ...], actual: tuple[int, ...], expected: tuple[int, ...]
) -> str:
    ends = [("top", "bottom"), ("left", "right"), ("front", "back")]
    changes = []
    for d, n, m, names in zip(shift, actual, expected, ends, strict=False):
        changes += [f"{names[0]} {d:+d}"] if d else []
        changes += [f"{names[1]} {n - m - d:+d}"] if n - m - d else []
    return (
        f"the crop that would give it: {', '.join(changes)}. This looks like torch's "
        "output_padding idiom, which keeps the last row and column and loses the first; MATLAB's "
        "'same' crops an odd rest at the bottom and right."
    )
