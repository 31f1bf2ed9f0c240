"""Mistakes that can be made with a layer: small changes of its description, or of what it runs.

Most follow from what a layer declares (:mod:`.definition`). Others are registered for its class or
for the name of a property; users may add theirs. For example, with a property ``Gain`` that is
often taken for its reciprocal::

    @mistakes_of("Gain")
    def _gains(layer, size):
        yield from variation(
            layer, "gain inverted", "with 1/Gain", "multiply by Gain.", Gain=1 / layer.Gain
        )
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...arrays import Array
from ...display import matlab_text
from ...errors import MatlabCompatError
from ...layers.base import Layer
from ..axes import Axes, same_rank
from .altered import Change
from .measure import Candidate, Measure, Side
from .repair import repair


class Size(tuple[int, ...]):
    """The spatial size of a layer's input; the length of sequences without space.

    ``labels`` are those of the input ("SSCB"); "" where they are not known.
    """

    labels: str = ""

    @classmethod
    def of(cls, numbers: Iterable[int], labels: str) -> Size:
        """With labels."""
        size = cls(numbers)
        size.labels = labels
        return size

    @property
    def moved(self) -> tuple[str, ...]:
        """What the dimensions are called: ``("height", "width")``, ``("time steps",)``."""
        axes = Axes.of(len(self.labels), self.labels)
        kind = "S" if "S" in self.labels else "T"
        named = zip(axes.names, axes.labels, strict=True)
        return tuple(name for name, label in named if label == kind)


@dataclass(frozen=True)
class Variation:
    """A layer with one mistake in it."""

    name: str
    #: Goes on after "the expected output is what the layer gives".
    text: str
    remedy: str
    #: The layer as it is described.
    original: Layer
    #: The properties that are others; of arrays a function may make the other one.
    values: Mapping[str, object] = field(default_factory=dict)
    #: Likely ones are tried first: 0 is what people do, 3 far-fetched.
    rank: int = 0
    #: The statistics of the whole batch matter.
    whole_batch: bool = False
    #: What is done to its module, where no property expresses the mistake.
    change: Change | None = None
    #: What is the same of this mistake in other layers; its name and text if empty.
    key: str = ""
    #: The description before and after: "Stride [2 1] instead of [1 2]".
    diff: str = ""
    #: The line of torch that repairs it, where the layer's declaration does not give one.
    repair: str = ""

    @property
    def common(self) -> str:
        """The same of the same mistake in other layers."""
        return self.key or f"{self.name}|{self.text}"

    @property
    def said(self) -> str:
        """The description before and after; of what no property says, the text."""
        if self.diff:
            return self.diff
        plain = {k: v for k, v in self.values.items() if isinstance(v, int | float | str | tuple)}
        if not plain or len(plain) < len(self.values):
            return re.sub("^(with (its )?|as )", "", self.text)
        now = self.original.values
        return ", ".join(
            f"{name} {matlab_text(value)} instead of {matlab_text(now[name])}"
            for name, value in plain.items()
        )

    @property
    def line(self) -> str:
        """The line of torch that repairs it; "" where none is known."""
        return self.repair or repair(self.original, self.values)

    def layer(self) -> Layer | None:
        """The layer as it is then; ``None`` if MATLAB would refuse that."""
        return changed(self.original, **self.values) if self.values else self.original


@dataclass(frozen=True)
class Fitted:
    """Mistakes that differ in numbers: those are sought that explain the difference best."""

    #: The numbers without a mistake.
    start: tuple[float, ...]
    make: Callable[[tuple[float, ...]], Variation]
    #: How far the first step goes.
    step: float = 1e-2
    #: The rank of the :class:`Variation`: likely ones are fitted before the output is looked at.
    rank: int = 3


#: What is made of an array.
Transform: TypeAlias = "Callable[[Array], Array]"
#: Gives a layer with each of some mistakes.
Mistakes: TypeAlias = "Callable[[Any, Size], Iterator[Variation]]"
#: Gives those that differ in numbers.
Fits: TypeAlias = "Callable[[Any, Size], Iterator[Fitted]]"

_Owners: TypeAlias = tuple[type[Layer] | str, ...]
_REGISTERED: list[tuple[_Owners, Mistakes]] = []
_FITTED: list[tuple[_Owners, Fits]] = []


def mistakes_of(*owners: type[Layer] | str) -> Callable[[Mistakes], Mistakes]:
    """Register a generator of mistakes, the likely ones first, for layers.

    ``owners`` are classes, with those derived from them, or the name of a property that is
    declared.
    """

    def registering(mistakes: Mistakes) -> Mistakes:
        _REGISTERED.append((owners, mistakes))
        return mistakes

    return registering


def fits_of(*owners: type[Layer] | str) -> Callable[[Fits], Fits]:
    """Register a generator of mistakes in numbers; else as :func:`mistakes_of`."""

    def registering(fits: Fits) -> Fits:
        _FITTED.append((owners, fits))
        return fits

    return registering


def _owned(layer: Layer, owners: _Owners) -> bool:
    return any(
        o in layer.properties if isinstance(o, str) else isinstance(layer, o) for o in owners
    )


def every_mistake(layer: Layer, size: Size) -> Iterator[Variation]:
    """The layer with each mistake that is registered for its class or a property of it."""
    for owners, mistakes in _REGISTERED:
        if _owned(layer, owners):
            yield from mistakes(layer, size)


def every_fit(layer: Layer, size: Size) -> Iterator[Fitted]:
    """The mistakes in numbers that are registered for its class or a property of it."""
    for owners, fits in _FITTED:
        if _owned(layer, owners):
            yield from fits(layer, size)


def changed(layer: Layer, **values: object) -> Layer | None:
    """A copy with other properties, checked like any; ``None`` if MATLAB would refuse them."""
    other = layer.renamed(layer.Name)
    try:
        other.assign(
            {
                name: value(layer.values[name]) if callable(value) else value
                for name, value in values.items()
            }
        )
    except MatlabCompatError:
        return None
    return other


def variation(
    layer: Layer, name: str, text: str, remedy: str, rank: int = 0, **values: object
) -> Iterator[Variation]:
    """The layer with these properties, if it may have them and they are other ones.

    The rest is as in :class:`Variation`. A function as a value is made of the property's own when
    the layer is first run, and checked then.
    """
    if not any(map(callable, values.values())):
        other = changed(layer, **values)
        if other is None or other == layer:
            return
    yield Variation(name, text, remedy, layer, values, rank)


def altered(
    layer: Layer,
    name: str,
    remedy: str,
    changes: Mapping[str, Change],
    rank: int = 1,
    **more: Any,
) -> Iterator[Variation]:
    """What no property expresses: what is done to the module, by the text that says so."""
    for text, change in changes.items():
        yield Variation(name, text, remedy, layer, rank=rank, change=change, **more)


def reproduced(
    variation: Variation, who: str, computed: Array, expected: Array, measure: Measure
) -> Candidate:
    """What the mistake gives, and what is expected.

    ``who`` gives it, as the diagnosis says: "the layer gives".
    """
    result, truth = same_rank(computed, expected)
    return Candidate(
        variation.name,
        f"{Side.EXPECTED} is what {who} {variation.text}",
        variation.remedy,
        result,
        truth,
        rank=variation.rank,
        measure=measure.of_result(result, truth),
        diff=variation.said,
        repair=variation.line,
    )
