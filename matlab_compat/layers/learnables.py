"""Learnable parameters and state: an array, its factors, its initializer, its torch layout."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import Array, as_vector, restored
from ..display import size_text
from ..errors import PropertyError, UnsupportedLayerError, UsageError
from .properties import (
    LEARNABLE_PARAMETERS,
    STATE_PARAMETERS,
    Property,
    nonnegative_scalar,
    parameter_array,
)


@dataclass(frozen=True)
class Layout:
    """An invertible mapping of a MATLAB parameter to a torch one: loading and saving share it.

    Raises
    ------
    UsageError
        The two sides of ``axes`` do not have the same names, each once.

    Examples
    --------
    >>> layout = Layout("weight", "h w C F -> F C h w")
    >>> layout.to_torch(np.zeros((3, 5, 4, 8))).shape
    (8, 4, 3, 5)
    >>> print(layout)
    MATLAB's h×w×C×F is torch's weight, F×C×h×w
    """

    #: The torch parameter.
    torch_name: str
    #: The names of MATLAB's dimensions and their order in torch, ``"h w F C -> C F h w"``. Those
    #: that torch has as one are in parentheses, the slowest first: ``"h w C F G -> (G F) C h w"``.
    #: Without it all are one, column-major, whatever their number, as for a 1×1×F bias. In a
    #: :class:`Learnable` dots are the dimensions of the layer, ``"... C F -> F C ..."``.
    axes: str = ""

    def __post_init__(self) -> None:
        given, _, there = self.axes.partition("->")
        names, order = given.split(), re.sub(r"[()]", " ", there).split()
        parts = re.sub(r"\([^()]*\)|[^\s()]+", "", there).strip()
        if parts or sorted(names) != sorted(order) or len(set(names)) != len(names):
            raise UsageError(
                f"'{self.axes}' is no layout.",
                remedy="name each dimension once on both sides: 'h w C F -> F C h w'.",
            )

    def __str__(self) -> str:
        if not self.axes:
            return f"A vector, torch's {self.torch_name}"
        sides = [" ".join(side.split()).replace(" ", "×") for side in self.axes.split("->")]
        return f"MATLAB's {sides[0]} is torch's {self.torch_name}, {sides[1]}"

    @cached_property
    def _parts(self) -> list[list[int]]:
        """For each of torch's axes those of MATLAB's that it is made of."""
        names, _, there = self.axes.partition("->")
        parts = re.findall(r"(?<=\()[^()]*(?=\))|[^\s()]+", there)
        return [[names.split().index(name) for name in part.split()] for part in parts]

    @property
    def _order(self) -> list[int]:
        return [axis for part in self._parts for axis in part]

    def to_torch(self, array: Array) -> Array:
        """The C-contiguous array that torch holds."""
        if not self.axes:
            return np.ascontiguousarray(array.ravel(order="F"))
        return np.ascontiguousarray(array.transpose(self._order)).reshape(self.shape(array.shape))

    def shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Torch's shape of a MATLAB array of this size."""
        if not self.axes:
            return (math.prod(shape),)
        return tuple(math.prod(shape[axis] for axis in part) for part in self._parts)

    def from_torch(self, array: Array, shape: tuple[int, ...]) -> Array:
        """The column-major MATLAB array of size ``shape``; inverse of :meth:`to_torch`."""
        if not self.axes:
            return np.asfortranarray(array.reshape(shape, order="F"))
        apart = array.reshape([shape[axis] for axis in self._order])
        return np.asfortranarray(apart.transpose(np.argsort(self._order)))


class Parameter(Property[Array]):
    """A learnable or state; ``layout`` says how torch has it, ``None`` leaves that to the layer."""

    def __init__(self, layout: Layout | None = None, *, group: str = LEARNABLE_PARAMETERS) -> None:
        super().__init__(parameter_array, default=None, group=group)
        self.layout = layout


class Learnable(Parameter):
    """A parameter that training changes, with MATLAB's factors and initializer beside it.

    ``prefix`` begins the names of its factors: ``Weights`` with ``WeightLearnRateFactor``.
    """

    def __init__(self, prefix: str, layout: Layout | None = None) -> None:
        super().__init__(layout)
        self.prefix = prefix

    def for_layer(self, kind: type[Any]) -> Learnable:
        """With the names of the dimensions of ``kind`` for the dots of its layout."""
        if self.layout is None or "..." not in self.layout.axes:
            return self
        own = copy(self)
        names = ("k", "h w", "h w d")[kind.dims - 1]
        own.layout = replace(self.layout, axes=self.layout.axes.replace("...", names))
        return own

    @property
    def learn_rate_factor(self) -> str:
        """Name of the property that multiplies the global learning rate."""
        return f"{self.prefix}LearnRateFactor"

    @property
    def l2_factor(self) -> str:
        """Name of the property that multiplies the global L2 regularization."""
        return f"{self.prefix}L2Factor"


class State(Parameter):
    """A parameter that running the network changes (``TrainedMean``, ``HiddenState``)."""

    def __init__(self, layout: Layout | None = None) -> None:
        super().__init__(layout, group=STATE_PARAMETERS)


def fitted(
    name: str,
    value: Array,
    size: Sequence[int | None],
    need: str,
    *,
    vector: bool = False,
    unknown: str = "N",
    remedy: str = "",
) -> Array:
    """The array of a parameter with the dimensions of size 1 that MATLAB drops.

    Raises ``PropertyError``: it has another size.

    Parameters
    ----------
    name:
        The property.
    value:
        Its array.
    size:
        The size that it must have; ``None`` where any will do, which messages call ``unknown``.
    need:
        What needs that size, for the message: "OutputSize 4 needs".
    vector:
        Whether it is a vector, and may be given in any orientation.
    """
    turned = as_vector(value, tuple(value.size if n is None else n for n in size))
    full = restored(turned if vector and turned is not None else value, tuple(size))
    if full is None:
        want = "×".join(unknown if n is None else str(n) for n in size)
        raise PropertyError(
            f"{name} is {size_text(value.shape)}, but {need} {want}.", where=(name,), remedy=remedy
        )
    return full


def refuse_no_matrix(kind: type[Any], name: str, value: object, remedy: str) -> None:
    """Say of weights of more than two dimensions that they are no matrix, as this layer's are.

    Raises ``PropertyError``, before properties are asked for that only a matrix would tell.
    """
    shape = np.shape(value) if isinstance(value, np.ndarray) else ()
    if len(shape) > 2:
        raise PropertyError(
            f"{name} is {size_text(shape)}; that of a {kind.__name__} is a matrix.",
            where=(kind.__name__, name),
            remedy=remedy,
        )


def factor(default: float) -> Property[float]:
    """A learning-rate or L2 factor."""
    return Property(nonnegative_scalar, default, group=None)


def initializer(default: str, *choices: str) -> Property[str | Callable[..., Any]]:
    """The name of an initializer of MATLAB's, a function of the size, or the struct of a file."""
    # 'narrownormal' is how copies of the documentation that lost their hyphens spell it.
    by_key = {choice.replace("-", ""): choice for choice in choices}
    rule = "must be a function of the size, or one of " + ", ".join(f"'{c}'" for c in choices)

    def convert(value: object) -> str | Callable[..., Any]:
        if isinstance(value, Mapping):
            name = str(value.get("Class", "")).rpartition(".")[2]
            value = _INITIALIZERS.get(name) or SavedInitializer(name)
        if callable(value):
            return value
        chosen = by_key.get(value.lower().replace("-", "")) if isinstance(value, str) else None
        if chosen is None:
            raise ValueError(rule)
        return chosen

    return Property(convert, default, group=None)


#: Saved class names of the initializers, by their last part.
_INITIALIZERS = {
    "Glorot": "glorot",
    "He": "he",
    "Orthogonal": "orthogonal",
    "NarrowNormal": "narrow-normal",
    "Zeros": "zeros",
    "Ones": "ones",
    "UnitForgetGate": "unit-forget-gate",
}


class SavedInitializer:
    """An initializer that a file names and this project does not know; calling it says so."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, size: tuple[int, ...]) -> Array:
        """Raise :class:`UnsupportedLayerError`."""
        raise UnsupportedLayerError(
            f"The saved initializer '{self.__name__}' is not known here.",
            remedy="set WeightsInitializer (or BiasInitializer) to a known name or a function.",
        )

    def __repr__(self) -> str:
        return f"@{self.__name__}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SavedInitializer) and other.__name__ == self.__name__

    def __hash__(self) -> int:
        return hash(self.__name__)
