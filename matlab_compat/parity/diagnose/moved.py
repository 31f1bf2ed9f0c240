"""Where each expected value comes from: an element of the array, found by its value.

Each dimension of what is expected takes its elements from one dimension of the array: in another
order, some of them, some twice, zeros between. All of them may be changed by one function as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from ...arrays import Array
from ..axes import Axes
from .measure import Candidate, Measure, Side

#: How many expected values are looked up, and the fewest that must be found.
_LOOKED_UP, _FEWEST = 20_000, 8
#: More values than this are too close together to be known by their value.
_MOST = 1_000_000
#: Up to so many are tried with every function.
_MANY = 200_000
#: The part of the values that must be found, and that must come from the same place.
_SHARE, _AGREED = 0.25, 0.7
#: Fewer than this part of the most that come from one place do so by chance.
_BY_CHANCE = 0.1
#: Values of large arrays are close together: they are looked up more finely first.
_FINER = 16
#: Nothing comes from anywhere: zeros.
_NOWHERE = -1


#: What is made of all values, and what MATLAB calls it.
Function = tuple[Callable[[Array], Array], str]


class Moves(NamedTuple):
    """What the dimensions of a result come from."""

    #: For each dimension of the result, the one of the array; None for the same value repeated.
    axes: tuple[int | None, ...]
    #: For each dimension of the array, the index that each element of the result has there; of a
    #: dimension that the result does not have, one number.
    indices: tuple[Array, ...]

    def made(self, array: Array, size: tuple[int, ...]) -> Array:
        """The array with its elements moved."""
        taken, empty = array, np.zeros(size, bool)
        for axis, index in enumerate(self.indices):
            taken = taken.take(np.maximum(index, 0), axis)
        kept = [axis for axis in self.axes if axis is not None]
        rest = [axis for axis in range(array.ndim) if axis not in kept]
        taken = taken.transpose(*kept, *rest).reshape(*(taken.shape[i] for i in kept), -1)[..., 0]
        repeated = tuple(i for i, axis in enumerate(self.axes) if axis is None)
        result = np.broadcast_to(np.expand_dims(taken, repeated), size)
        for i, source in enumerate(self.axes):
            if source is not None:
                nothing = (self.indices[source] == _NOWHERE).reshape(
                    -1, *(1,) * (len(size) - i - 1)
                )
                empty = empty | nothing
        return np.where(empty, 0, result)


def moves_of(array: Array, expected: Array, allowed: float) -> Moves | None:
    """What moves the values to where they are expected, each within ``allowed``; None if nothing.

    Values that are there twice say nothing of where they come from.
    """
    if not _FEWEST <= array.size <= _MOST or expected.size < _FEWEST:
        return None
    for fine in (allowed / _FINER, allowed):
        if found := _by_value(array, expected, fine):
            return _indexed(array.shape, expected.shape, *found)
    return None


def _by_value(array: Array, expected: Array, allowed: float) -> tuple[Array, Array] | None:
    """Places in the array, and where their values are expected, both counted in numpy's order."""
    flat = array.ravel()
    order = np.argsort(flat, kind="stable")
    values = flat[order].astype(np.float64)
    close = np.diff(values) <= 2 * allowed
    twice = np.concatenate([[False], close]) | np.concatenate([close, [False]])
    number = min(expected.size, _LOOKED_UP)
    places = np.arange(expected.size)
    if number < expected.size:
        places = np.random.default_rng(0).choice(expected.size, number, replace=False)
    wanted = expected.ravel()[places].astype(np.float64)
    at = np.searchsorted(values, wanted).clip(1, values.size - 1)
    at -= np.abs(wanted - values[at - 1]) <= np.abs(wanted - values[at])
    known = (np.abs(values[at] - wanted) <= allowed) & ~twice[at]
    asked = known | (wanted != 0)
    if known.sum() < max(_FEWEST, _SHARE * wanted.size, 0.5 * asked.sum()):
        return None
    return order[at[known]], places[known]


def _indexed(
    size: tuple[int, ...], target: tuple[int, ...], source: Array, place: Array
) -> Moves | None:
    """What the dimensions come from, if each comes from one."""
    there, here = np.unravel_index(source, size), np.unravel_index(place, target)
    axes: list[int | None] = [None] * len(target)
    indices = []
    for axis, come in enumerate(there):
        index = come[:1] if (come == come[0]).all() else None
        for i, go in enumerate(here) if index is None else ():
            if axes[i] is None and (index := _agreed(go, come, target[i], size[axis])) is not None:
                axes[i] = axis
                break
        if index is None:
            return None
        indices.append(index)
    for i, n in enumerate(target):
        free = [a for a in range(len(size)) if a not in axes and indices[a].size == 1]
        if axes[i] is None and free and (n == 1 or i in free):
            axes[i] = axis = i if i in free else free[0]
            indices[axis] = np.repeat(indices[axis], n)
    return Moves(tuple(axes), tuple(indices))


def _agreed(target: Array, source: Array, size: int, count: int) -> Array | None:
    """The index in the source that elements with an index in the target have in common."""
    votes = np.zeros((size, count), np.int64)
    np.add.at(votes, (target, source), 1)
    most = votes.max(1)
    if most.sum() < _AGREED * votes.sum():
        return None
    return np.where(most > _BY_CHANCE * most.max(), votes.argmax(1), _NOWHERE)


def moved(
    actual: Array,
    expected: Array,
    measure: Measure,
    axes: Axes,
    functions: Mapping[str, Function] = MappingProxyType({}),
    *,
    once: bool = False,
) -> Iterator[Candidate]:
    """The elements elsewhere, as they are or each through one of the functions.

    ``once`` leaves out all but one other order, and edges of zeros.
    """
    if not np.isfinite(actual).all() or np.isnan(expected).all():
        return
    as_it_is: Function = (lambda y: y, "Y")
    every = functions if actual.size <= _MANY else {}
    for name, (function, said) in {"": as_it_is, **every}.items():
        with np.errstate(all="ignore"):
            values = function(actual.astype(np.float64))
        if not np.isfinite(values).all():
            continue
        own = measure.at_least(float(np.abs(values).max()))
        found = moves_of(values, expected, own.bound * own.unit)
        if found is None:
            continue
        made = found.made(values, expected.shape)
        if own.distance(made, expected) > own.bound:
            continue  # half of them by chance: magnitudes, say
        words = list(_described(found, actual.shape, expected.shape, axes))
        names = list(dict.fromkeys(name for name, _ in words))
        if not words or (once and not _is_simple(found, names)):
            continue
        texts = [text for _, text in words]
        whole, of = (f"{name}, ", f"{said} of ") if name else ("", "")
        yield Candidate(
            f"{whole}{' and '.join(names)}",
            f"{Side.EXPECTED} is {of}{Side.ACTUAL_ONE} with {' and '.join(texts)}",
            f"with Y for {Side.ACTUAL_ONE}, it is {_in_matlab(found, actual.shape, said)} in "
            "MATLAB: undo that on one side.",
            made,
            expected,
            rank=len(words) + (bool(name) or "another order" in names[0]),
            measure=own if name else None,
        )
        return


_PERMUTED = "dimensions in another order"


def _described(
    moves: Moves, size: tuple[int, ...], target: tuple[int, ...], axes: Axes
) -> Iterator[tuple[str, str]]:
    """Name and text of what was done to each dimension."""
    names = axes.names
    kept = [axis for axis in moves.axes if axis is not None]
    turned = [axis for axis in (0, 1) if _is_flipped(moves.indices[axis], size[axis])]
    if kept[:2] == [1, 0] and kept[2:] == sorted(kept[2:]) and len(turned) == 1:
        quarter = 1 if turned == [1] else 3
        yield "rotated by 90 degrees", f"height and width rotated: rot90(Y, {quarter})"
    else:
        turned = []
        if kept != sorted(kept):
            yield _PERMUTED, f"its dimensions in the order {', '.join(names[i] for i in kept)}"
    for axis, index in enumerate(moves.indices):
        said = _one(index, size[axis], names[axis], axes.labels[axis] in "ST")
        if said and axis not in turned:
            yield said
    for i, source in enumerate(moves.axes):
        if source is None and target[i] > 1:
            yield "repeated", f"the same {target[i]} times along dimension {i + 1}"


def _is_simple(moves: Moves, names: Sequence[str]) -> bool:
    """One dimension in another order, turned, or edges of zeros."""
    if names == ["edges zero"] or len(names) > 1:
        return len(names) == 1
    orders = (np.array_equal(np.sort(index), np.arange(index.size)) for index in moves.indices)
    return None not in moves.axes and all(orders) and names != [_PERMUTED]


def _is_flipped(index: Array, n: int) -> bool:
    return n > 1 and np.array_equal(index, np.arange(n)[::-1])


def _one(index: Array, n: int, what: str, moving: bool) -> tuple[str, str] | None:
    """What was done along one dimension of ``n`` elements, in words; None if nothing was.

    ``moving`` is what has neighbours: space and time.
    """
    every, places = np.arange(n), np.arange(index.size)
    if np.array_equal(index, every):
        return None
    if _is_flipped(index, n):
        return f"{what} flipped", f"its {what} flipped"
    if index.size == 1:
        return f"one of the {what}", f"number {int(index[0]) + 1} of its {n} {what} alone"
    somewhere = index != _NOWHERE
    if (index == index[0]).all():
        which = {0: "first", n - 1: "last"}.get(int(index[0]), f"number {int(index[0]) + 1}")
        return f"{which} of the {what} for all", f"the {which} of its {what} in the place of all"
    start = int(index[somewhere][0]) - int(places[somewhere][0])
    if (index[somewhere] == places[somewhere] + start).all():
        if somewhere.all():
            part = f"{int(index[0]) + 1} to {int(index[-1]) + 1}"
            return f"some of the {what}", f"{part} of its {n} {what} alone"
        zeros = _numbers(places[~somewhere])
        if start:
            later = "later" if start < 0 else "earlier"
            return "shifted", f"its {what} {abs(start)} {later}, and zeros in {zeros}"
        first = int(np.argmax(somewhere))
        if somewhere[first:-first].all() and 0 < first == np.argmax(somewhere[::-1]):
            return "edges zero", f"zeros at both edges of its {what} ({first} at each)"
        return f"zeros in the {what}", f"zeros in {zeros} of its {what}"
    is_rolled = index.size == n and np.array_equal(index, np.roll(every, -start))
    if is_rolled and n > 2 and 2 * (start % n) == n:
        return f"halves of {what} exchanged", f"the two halves of its {what} exchanged"
    if is_rolled and moving:
        by, way = min((start % n, "earlier"), (-start % n, "later"))
        return f"{what} shifted around", f"its {what} shifted around by {by} ({way})"
    step = int(index[1]) - int(index[0])
    if step > 1 and np.array_equal(index, index[0] + step * places):
        every_one = _ORDINAL.get(step, f"{step}th")
        said = f"every {every_one} of its {what}, from {int(index[0]) + 1} on"
        return f"some of the {what}", said
    times = index.size // n
    if times > 1 and np.array_equal(index, np.minimum(places // times, n - 1)):
        return f"{what} repeated", f"each of its {what} {times} times"
    if times > 1 and np.array_equal(index, places % n):
        return f"{what} repeated", f"all of its {what} {times} times"
    for step in range(2, n) if moving else ():
        if np.array_equal(index, places // step * step):
            every_one = _ORDINAL.get(step, f"{step}th")
            said = f"every {every_one} of its {what} {step} times, from 1 on"
            return f"{what} resized by copies", said
    return f"{what} in another order", f"its {what} in the order {_numbers(index)}"


_ORDINAL = {2: "second", 3: "third"}


def _numbers(index: Array) -> str:
    """``[3 1 2]`` as MATLAB counts; 0 where nothing is taken."""
    shown = [str(int(i) + 1) for i in index[:16]]
    return f"[{' '.join([*shown, *(['...'] if index.size > 16 else [])])}]"


def _in_matlab(moves: Moves, size: tuple[int, ...], value: str) -> str:
    """The expression that gives the result."""
    places = []
    for index, n in zip(moves.indices, size, strict=True):
        if np.array_equal(index, np.arange(n)):
            places.append(":")
        elif np.array_equal(index, np.arange(n)[::-1]):
            places.append("end:-1:1")
        else:
            places.append(_numbers(index))
    text = value if set(places) == {":"} else f"{value}({','.join(places)})"
    kept = [axis for axis in moves.axes if axis is not None]
    if kept == sorted(kept):
        return text
    rest = [axis for axis in range(len(size)) if axis not in kept]
    return f"permute({text}, [{' '.join(str(axis + 1) for axis in (*kept, *rest))}])"
