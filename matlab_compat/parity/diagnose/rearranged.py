"""The same values in other places: dimensions exchanged, flipped, shifted, channels reordered.

All of them are views, so that only the sample is read of what does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations, product
from math import prod
from typing import Any

import numpy as np

from ...arrays import Array
from ..axes import Axes, matlab_size
from .measure import Candidate, Measure, Side
from .moved import moved

#: Pixels that a result may be shifted by, in each direction.
LARGEST_SHIFT = 3
#: Rows or columns that one side may have more because it was not cropped.
LARGEST_CROP = 16
#: How many elements of each channel channels are matched by; and the most channels.
_MATCHED_ELEMENTS = 256
_MOST_CHANNELS = 4096


def rearrangements(
    actual: Array, expected: Array, measure: Measure, labels: str = ""
) -> Iterator[Candidate]:
    """Candidates that move values about, the simple ones first."""
    if actual.ndim > 5:
        return
    axes = Axes.of(actual.ndim, labels)
    yield from _parts_of(actual, expected, axes)
    if actual.size == expected.size and _same_range(actual, expected, measure):
        yield from _permutations(actual, expected, axes)
        yield from _flips(actual, expected, axes)
        yield from _memory_orders(actual, expected)
        yield from _reordered(actual, expected, axes)
    yield from shifts(actual, expected, axes)
    if not (np.iscomplexobj(actual) or np.iscomplexobj(expected)):
        yield from moved(actual, expected, measure, axes, once=True)


#: What may be saved of a dimension in the place of all of it.
_PARTS: dict[str, Callable[[Array, int], Array]] = {
    "first": lambda y, axis: y.take([0], axis),
    "last": lambda y, axis: y.take([-1], axis),
    "mean": lambda y, axis: y.mean(axis, keepdims=True),
    "sum": lambda y, axis: y.sum(axis, keepdims=True),
    "largest": lambda y, axis: y.max(axis, keepdims=True),
}


def _parts_of(actual: Array, expected: Array, axes: Axes) -> Iterator[Candidate]:
    """Only one of the observations, channels or time steps, or what they come to together.

    In its place, or in the place of all.
    """
    for axis, label in enumerate(axes.labels):
        n, name = actual.shape[axis], axes.names[axis]
        if n == 1 or (label == "S" and axes.labels.count("S") > 1):
            continue
        kept, size = np.delete(actual.shape, axis), matlab_size(expected)
        wide = np.empty(np.insert(kept, axis, 1))
        alone = size in (matlab_size(np.empty(kept)), (*kept, 1), matlab_size(wide))
        same = actual.shape == expected.shape and not np.ptp(expected, axis=axis).any()
        for which, part in _PARTS.items():
            of = f"{which} of the {n} {name} of {Side.ACTUAL_ONE}"
            if alone:
                yield Candidate(
                    f"{which} of the {name} only",
                    f"{Side.EXPECTED} is the {of} only",
                    f"save all of the {name}.",
                    part(actual, axis).ravel(order="F"),
                    expected.ravel(order="F"),
                )
            if same:
                yield Candidate(
                    f"{which} of the {name} for all",
                    f"{Side.EXPECTED} is the {of}, in the place of all",
                    f"save each of the {name}: an index that does not move.",
                    np.broadcast_to(part(actual, axis), actual.shape),
                    expected,
                )


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


def _permutations(actual: Array, expected: Array, axes: Axes) -> Iterator[Candidate]:
    identity = tuple(range(actual.ndim))
    seen = {_order(actual, identity)} if actual.shape == expected.shape else set()
    for order in sorted(permutations(identity), key=lambda p: sum(map(int.__ne__, p, identity))):
        moving, known = actual.transpose(order), _order(actual, order) in seen
        if moving.shape == expected.shape and not known:
            seen.add(_order(actual, order))
            yield _permuted(moving, expected, order, axes.names)


def _order(array: Array, order: tuple[int, ...]) -> tuple[int, ...]:
    """Dimensions of size 1 may go anywhere: orders of the others tell permutations apart."""
    return tuple(axis for axis in order if array.shape[axis] > 1)


def _permuted(
    moving: Array, expected: Array, order: tuple[int, ...], names: tuple[str, ...]
) -> Candidate:
    moved = [i for i, axis in enumerate(order) if i != axis]
    name, reading = "axes permuted", ""
    if len(moved) == 2:
        name = f"{names[moved[0]]} and {names[moved[1]]} exchanged"
    elif order == tuple(reversed(range(len(order)))):
        name, reading = "axes reversed", " (row-major data read as column-major)"
    if len(order) == 2:
        line, todo = "Y = Y.';", "transpose one side"
        said = f"the transpose of {Side.ACTUAL_ONE}: Y.', {name}"
    else:
        line = f"Y = permute(Y, {_back(order)});"
        todo = "bring one side to the order of the other"
        said = f"{Side.ACTUAL_ONE} with {name}: permute(Y, {matlab_list(order)}){reading}"
    remedy, rank = f"{todo}: {line} in MATLAB.", max(1, len(moved) - 1)
    said = f"{Side.EXPECTED} is {said}"
    return Candidate(name, said, remedy, moving, expected, rank=rank, repair=line)


def _back(order: tuple[int, ...]) -> str:
    """The order that undoes it, as MATLAB writes it."""
    return matlab_list([int(i) for i in np.argsort(order)])


def _flips(actual: Array, expected: Array, every: Axes) -> Iterator[Candidate]:
    if actual.shape != expected.shape:
        return
    names = every.names
    long = [axis for axis, n in enumerate(actual.shape) if n > 1]
    for count in range(1, len(long) + 1):
        for axes in combinations(long, count):
            said = " and ".join(names[axis] for axis in axes)
            back = "; ".join(f"Y = flip(Y, {axis + 1})" for axis in axes)
            flipped = np.flip(actual, axes)
            if names[axes[0]] == "channels" and count == 1 and actual.shape[axes[0]] == 3:
                places = ",".join("[3 2 1]" if i in axes else ":" for i in range(actual.ndim))
                said = f"{Side.EXPECTED} has its three channels in reverse order: BGR for RGB"
                line = f"Y = Y({places});"
                remedy = f"OpenCV reads images as BGR; MATLAB: {line}"
                yield Candidate("BGR for RGB", said, remedy, flipped, expected, repair=line)
                continue
            kinds = {every.labels[axis] for axis in axes}
            hint = next((_FLIPPED[kind] for kind in "TS" if kind in kinds), "")
            text = f"{Side.EXPECTED} is {Side.ACTUAL_ONE} flipped along {said}"
            remedy = f"undo it on one side: {back}; in MATLAB{hint}."
            yield Candidate(
                f"{said} flipped", text, remedy, flipped, expected, rank=count, repair=f"{back};"
            )


#: Where a flip may come from, by what is flipped.
_FLIPPED = {
    "S": " (imread and plots of images start at the top, matrices of coordinates often at the "
    "bottom)",
    "T": " (a sequence that runs backward: the other direction of a recurrent layer, or data "
    "padded or sorted from the end)",
}


def _memory_orders(actual: Array, expected: Array) -> Iterator[Candidate]:
    """The bytes were written in one order of dimensions and read in another."""
    if actual.shape != expected.shape:
        sizes = (" x ".join(map(str, matlab_size(side))) for side in (expected, actual))
        yield Candidate(
            "reshaped",
            f"{Side.EXPECTED} has the numbers of {Side.ACTUAL_ONE} in the same order, in another "
            f"size: {' instead of '.join(sizes)}",
            f"save it in its size: Y = reshape(Y, {list(matlab_size(actual))}); in MATLAB.",
            actual.reshape(expected.shape, order="F"),
            expected,
            rank=2,
        )
    for order in permutations(range(actual.ndim)):
        size = tuple(actual.shape[axis] for axis in order)
        if _order(actual, order) == _order(actual, tuple(range(actual.ndim))):
            continue  # nothing moves
        if size == expected.shape:
            continue  # the same as the permutation
        read = actual.transpose(order).reshape(expected.shape, order="F")
        row_major = order == tuple(reversed(range(actual.ndim)))
        name = "row-major reading" if row_major else "another memory order"
        line = f"Y = permute(reshape(Y, {list(size)}), {_back(order)});"
        yield Candidate(
            name,
            f"{Side.EXPECTED} has the values of {Side.ACTUAL_ONE}, but was written "
            f"with the dimensions in the order {matlab_list(order)} and read as if "
            "they were in order",
            f"in MATLAB: {line} in numpy: reshape with order='F' when reading what MATLAB wrote.",
            read,
            expected,
            rank=3,
            repair=line,
        )
    if actual.ndim == 4 and actual.shape == expected.shape:
        yield from _misread(actual, expected)


#: The orders that frameworks keep arrays of four dimensions in, the fastest first.
_STORED = {
    "MATLAB's H,W,C,N": (0, 1, 2, 3),
    "N,C,H,W": (1, 0, 2, 3),
    "N,H,W,C": (2, 1, 0, 3),
    "N,W,H,C": (2, 0, 1, 3),
    "H,W,C,N in row-major order": (3, 2, 1, 0),
}


def _misread(actual: Array, expected: Array) -> Iterator[Candidate]:
    """Memory in one order of frameworks taken for memory in another (a view, a reshape)."""
    for (source, stored), (taken, read) in permutations(_STORED.items(), 2):
        size = [actual.shape[axis] for axis in read]
        there = actual.transpose(stored).ravel(order="F").reshape(size, order="F")
        yield Candidate(
            "memory read in another order",
            f"{Side.EXPECTED} is the memory of {Side.ACTUAL_ONE} in the order {source} read as if "
            f"it were {taken}: reshaped or viewed, not permuted",
            "permute its dimensions: a reshape (view) moves no number.",
            there.transpose(np.argsort(read)),
            expected,
            rank=3,
        )


def _reordered(actual: Array, expected: Array, axes: Axes) -> Iterator[Candidate]:
    """Channels (or observations) in another order, matched by what is in them."""
    if actual.shape != expected.shape:
        return
    for axis in reversed(range(actual.ndim)):
        if not 2 < actual.shape[axis] <= _MOST_CHANNELS:
            continue
        order = _matched(np.moveaxis(actual, axis, 0), np.moveaxis(expected, axis, 0))
        if order is not None:
            what, places = axes.names[axis], [":"] * actual.ndim
            places[axis] = "order"
            index = f"Y({','.join(places)})"
            yield Candidate(
                f"{what} in another order",
                f"{Side.EXPECTED} has its {what} in another order: {index} with order = "
                f"{matlab_list(order)}",
                f"put them back: {index} = Y; in MATLAB, with that order.",
                actual.take(order, axis),
                expected,
                rank=2,
            )


def _matched(actual: Array, expected: Array) -> list[int] | None:
    """For each slice of ``expected`` the nearest of ``actual``; ``None`` if that is no order."""
    rest = actual.shape[1:]
    chosen = np.random.default_rng(0).permutation(prod(rest))[:_MATCHED_ELEMENTS]
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


# --- shifts -----------------------------------------------------------------------------


def shifts(actual: Array, expected: Array, axes: Axes) -> Iterator[Candidate]:
    """The expected output is another crop of the same, larger result: only the overlap is seen."""
    fixed = [axis for axis in range(actual.ndim) if axis not in axes.moving]
    if any(actual.shape[axis] != expected.shape[axis] for axis in fixed):
        return
    ranges = [_shift_range(actual.shape[axis], expected.shape[axis]) for axis in axes.moving]
    by_size = sorted(product(*ranges), key=lambda shift: sum(map(abs, shift)))
    for steps in by_size:
        if any(steps) or actual.shape != expected.shape:
            yield _shifted(actual, expected, dict(zip(axes.moving, steps, strict=True)), axes)


def _shift_range(actual: int, expected: int) -> range:
    """What leaves at least two thirds to compare; and all crops that explain the sizes."""
    most = min(LARGEST_SHIFT, min(actual, expected) // 3)
    cropped = actual - expected
    if abs(cropped) > min(LARGEST_CROP, min(actual, expected) // 2):
        cropped = 0
    return range(min(-most, cropped), max(most, cropped) + 1)


def _shifted(actual: Array, expected: Array, shift: dict[int, int], axes: Axes) -> Candidate:
    """``expected[i]`` is ``actual[i + d]`` in each dimension that is shifted by d."""
    in_expected, in_actual, edges = [], [], []
    for axis, (n, m) in enumerate(zip(actual.shape, expected.shape, strict=True)):
        d = shift.get(axis, 0)
        start, stop = max(0, -d), min(m, n - d)
        in_expected.append(slice(start, stop))
        in_actual.append(slice(start + d, stop + d))
        edges.append((-d, m - n + d))
    here, there = actual[tuple(in_actual)], expected[tuple(in_expected)]
    same_place = (actual[tuple(in_expected)], there) if actual.shape == expected.shape else None
    name, text, remedy = _edges_said(edges, axes)
    rank = 2 + sum(map(bool, shift.values()))
    return Candidate(name, text, remedy, here, there, rank=rank, before=same_place)


#: How many elements more (or fewer, if negative) the expected side has before and after.
Edges = list[tuple[int, int]]

_ENDS = {"height": ("top", "bottom"), "width": ("left", "right"), "depth": ("front", "back")}


def _edges_said(edges: Edges, axes: Axes) -> tuple[str, str, str]:
    every = [n for pair in edges for n in pair]
    if all(n >= 0 for n in every):
        index = _kept(edges)
        text = (
            f"{Side.EXPECTED} is {Side.ACTUAL_ONE} with {_parts(edges, axes)} more: it is "
            "not cropped"
        )
        remedy = f"crop it: Y = Y({index}); in MATLAB.{_rounding(edges, axes)}"
        return "crop missing", text, remedy
    if all(n <= 0 for n in every):
        fewer = [(-before, -after) for before, after in edges]
        text = f"{Side.EXPECTED} is {Side.ACTUAL_ONE} without {_parts(fewer, axes)}"
        undone = f" alike: Y = Y({_kept(fewer)});{_rounding(fewer, axes)}"
        remedy = f"leave out that crop there; or crop {Side.ACTUAL_ONE}{undone}"
        return "cropped once more", text, remedy
    starts = [
        f"{_count(abs(before), axes, axis)} {'earlier' if before > 0 else 'later'}"
        f"{f' in {axes.names[axis]}' if axes.labels[axis] == 'S' else ''}"
        for axis, (before, _) in enumerate(edges)
        if before
    ]
    how = f"is {Side.ACTUAL_ONE}, cropped otherwise at the end"
    how = f"starts {' and '.join(starts)}" if starts else how
    return "shifted", f"{Side.EXPECTED} {how}", _shift_remedy(edges, axes)


def _shift_remedy(edges: Edges, axes: Axes) -> str:
    moved = [axis for axis, pair in enumerate(edges) if any(pair)]
    if any(axes.labels[axis] == "T" for axis in moved):
        return (
            "one side is late: look for a delay, a state that is one step old, or a convolution "
            "over time whose padding ('causal' or 'same') lies at the other end."
        )
    if any(axes.labels[axis] in "CB" for axis in moved):
        return "one side leaves out the first, or begins a line too late: compare the same ones."
    changes = []
    for axis in moved:
        names = _ENDS.get(axes.names[axis], ("beginning", "end"))
        changes += [f"{name} {-n:+d}" for name, n in zip(names, edges[axis], strict=True) if n]
    remedy = f"the crop or padding that would give it: {', '.join(changes)}."
    if all(sorted(edges[axis]) == [-1, 1] for axis in moved):
        remedy += (
            " After a transposed convolution this looks like torch's output_padding idiom, which "
            "keeps the last row and column and loses the first; MATLAB's 'same' crops an odd rest "
            "at the bottom and right."
        )
    return remedy


def _parts(edges: Edges, axes: Axes) -> str:
    """``1 row at the bottom and 2 columns at the left``."""
    parts = []
    for axis, pair in enumerate(edges):
        ends = _ENDS.get(axes.names[axis])
        for n, place in zip(pair, ends or ("beginning", "end"), strict=True):
            if n:
                parts.append(f"{_count(n, axes, axis)} at the {place}")
    return " and ".join(parts)


def _count(n: int, axes: Axes, axis: int) -> str:
    """``2 rows``, ``1 time step``."""
    name = axes.names[axis]
    one = {"height": "row", "width": "column", "depth": "plane"}.get(name, name.removesuffix("s"))
    return f"{n} {one}" if n == 1 else f"{n} {one}s"


def _kept(edges: Edges) -> str:
    """What MATLAB leaves by ``2:end-1``."""
    return ",".join(
        f"{before + 1}:end{f'-{after}' if after else ''}" if before or after else ":"
        for before, after in edges
    )


def _rounding(edges: Edges, axes: Axes) -> str:
    """Pooling that rounds up gives one more at the end, of some dimensions."""
    if any(before or after > 1 for before, after in edges) or set(axes.labels) <= set("CBU"):
        return ""
    return " After pooling: MATLAB rounds the size down, as torch does with ceil_mode=False."
