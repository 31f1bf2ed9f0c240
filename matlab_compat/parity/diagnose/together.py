"""Arrays of a layer that are loaded in part, or in which the same mistake was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, permutations

import numpy as np

from ...arrays import Array
from ...layers.base import Layer
from ...layers.learnables import Learnable
from .mistakes import Transform, Variation

#: Name, text, remedy, what to make of the array, rank.
Described = tuple[str, str, str, Transform, int]
#: Up to so many along a dimension any number of them may have been loaded.
_FEW = 8
#: The most arrays of one size that are tried in every order.
_MOST_ORDERED = 4


def loaded_in_part(names: Sequence[str], value: Array, use: str) -> Iterator[Described]:
    """The first along a dimension loaded, the rest at zero; or the first in the place of all."""
    for axis, n in enumerate(value.shape):
        if n < 2:
            continue
        counts = range(1, n) if n <= _FEW else {1, 3, n // 4, n // 2, 3 * n // 4, n - 1}
        for count in sorted(counts):
            kept = partial(_first_kept, axis=axis, count=count)
            said = f"loaded for the first {count} of its {n} {names[axis]} only, zero in the others"
            yield "loaded in part", said, f"{use}, all of it.", kept, 2
        said = f"the same for all of its {names[axis]}: those of the first"
        same = partial(np.take, axis=axis, indices=np.zeros(n, int))
        yield "shared", said, f"{use}, all of it.", same, 2


def _first_kept(value: Array, axis: int, count: int) -> Array:
    kept = np.zeros_like(value)
    np.moveaxis(kept, axis, 0)[:count] = np.moveaxis(value, axis, 0)[:count]
    return kept


def in_several(layer: Layer, alone: Sequence[tuple[str, Described]]) -> Iterator[Variation]:
    """What was done to one array (its name, what was done) done to all that it can be done to.

    To those of one sort as well: all weights, all biases, what is learned.
    """
    same: dict[tuple[str, str], dict[str, Described]] = {}
    for name, described in alone:
        same.setdefault(described[:2], {})[name] = described
    learned = {n for n, p in layer.properties.items() if isinstance(p, Learnable)}
    sorts = (
        lambda _: True,
        lambda name: name.endswith("Weights"),
        lambda name: name.endswith("Bias"),
        learned.__contains__,
    )
    for (short, text), members in same.items():
        chosen = {tuple(filter(sort, members)) for sort in sorts}
        for names in sorted(names for names in chosen if len(names) > 1):
            which = ", ".join(names)
            *_, remedy, _, rank = members[names[0]]
            yield Variation(
                f"{which} {short}",
                f"with its {which} {text}",
                remedy.replace(names[0], which),
                layer,
                {name: members[name][3] for name in names},
                max(2, rank),
            )


def orders(layer: Layer, found: Mapping[str, Array]) -> Iterator[Variation]:
    """Arrays of one size that were taken for each other: two of them, or all."""
    by_size: dict[int, list[str]] = {}
    for name, value in found.items():
        by_size.setdefault(value.size, []).append(name)
    for names in by_size.values():
        for a, b in combinations(names, 2):
            remedy = f"{a} and {b} have the same size, not the same meaning."
            text, exchanged = f"{a} and {b} exchanged", taken(found, {a: b, b: a})
            yield Variation(text, f"with {text}", remedy, layer, exchanged, 1)
            for one, other in ((a, b), (b, a)):
                text, value = f"{other} in the place of {one}", exchanged[one]
                yield Variation(text, f"with {text}", remedy, layer, {one: value}, 2)
        for order in permutations(names) if 2 < len(names) <= _MOST_ORDERED else ():
            moved = {name: other for name, other in zip(names, order, strict=True) if name != other}
            if len(moved) > 2:
                text = f"{', '.join(names)} read in the order {', '.join(order)}"
                name, remedy = "arrays in another order", "copy the arrays by their names."
                yield Variation(name, f"with {text}", remedy, layer, taken(found, moved), 2)


def taken(found: Mapping[str, Array], moved: Mapping[str, str]) -> dict[str, Array]:
    """Arrays with the numbers of others of their size."""
    return {a: found[b].reshape(found[a].shape, order="F") for a, b in moved.items()}
