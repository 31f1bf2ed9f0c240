"""Mistakes that can be made with a layer, registered for what it declares; users may add theirs.

For example, with a property ``Gain`` that is often taken for its reciprocal::

    @mistakes_of("Gain")
    def _gains(layer, size):
        yield from variation(
            layer, "gain inverted", "with 1/Gain", "multiply by Gain.", Gain=1 / layer.Gain
        )
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...arrays import Array
from ...errors import MatlabCompatError
from ...layers.base import Layer
from ..axes import same_rank
from .altered import Change
from .measure import Candidate, Measure, Side

#: The spatial size of a layer's input; the length of sequences without space.
Size: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Variation:
    """A layer with one mistake in it."""

    name: str
    #: Goes on after "the expected output is what the layer gives".
    text: str
    remedy: str
    layer: Layer
    rank: int = 0
    #: The statistics of the whole batch matter.
    whole_batch: bool = False
    #: What is done to its module, where no property expresses the mistake.
    change: Change | None = None


#: Gives a layer with each of some mistakes.
Mistakes: TypeAlias = "Callable[[Any, Size], Iterator[Variation]]"

_REGISTERED: list[tuple[tuple[type[Layer] | str, ...], Mistakes]] = []


def mistakes_of(*owners: type[Layer] | str) -> Callable[[Mistakes], Mistakes]:
    """Register a generator of mistakes, the likely ones first, for layers.

    ``owners`` are classes, with those derived from them, or the name of a property that is
    declared.
    """

    def registering(mistakes: Mistakes) -> Mistakes:
        _REGISTERED.append((owners, mistakes))
        return mistakes

    return registering


def every_mistake(layer: Layer, size: Size) -> Iterator[Variation]:
    """The layer with each mistake that is registered for its class or a property of it."""
    for owners, mistakes in _REGISTERED:
        if any(
            o in layer.properties if isinstance(o, str) else isinstance(layer, o) for o in owners
        ):
            yield from mistakes(layer, size)


def changed(layer: Layer, **values: object) -> Layer | None:
    """A copy with other properties, checked like any; ``None`` if MATLAB would refuse them."""
    try:
        return type(layer)(**{**layer.values, **values})
    except MatlabCompatError:
        return None


def variation(
    layer: Layer, name: str, text: str, remedy: str, rank: int = 0, **values: object
) -> Iterator[Variation]:
    """The layer with these properties (:class:`Variation`), if it may have them and has others."""
    other = changed(layer, **values)
    if other is not None and other != layer:
        yield Variation(name, text, remedy, other, rank)


def reproduced(
    variation: Variation, who: str, results: Iterable[tuple[Array | None, Array]], measure: Measure
) -> Iterator[Candidate]:
    """The last of the results that the mistake gives; nothing if one is missing or does not fit.

    ``results`` come with what is expected, computed as they are asked for: one observation, then
    all. ``who`` gives it, as the diagnosis says: "the layer gives".
    """
    for computed, expected in results:
        if computed is None:
            return
        result, truth = same_rank(computed, expected)
        own = measure.of_result(result, truth)
        if own.distance(result, truth) > own.bound:
            return
    yield Candidate(
        variation.name,
        f"{Side.EXPECTED} is what {who} {variation.text}",
        variation.remedy,
        result,
        truth,
        rank=variation.rank,
        measure=own,
    )
