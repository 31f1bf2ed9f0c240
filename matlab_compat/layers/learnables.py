"""Learnable parameters and state: an array, its factors, its initializer, its torch layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import UnsupportedLayerError
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

    ``axes`` are the MATLAB axes in torch's order (``(3, 2, 0, 1)`` takes h×w×F×C to C,F,h,w).
    ``None`` flattens, column-major, as for a 1×1×F bias.
    """

    torch_name: str
    axes: tuple[int, ...] | None = None

    def to_torch(self, array: Array) -> Array:
        """The C-contiguous array that torch holds."""
        if self.axes is None:
            return np.ascontiguousarray(array.ravel(order="F"))
        return np.ascontiguousarray(array.transpose(self.axes))

    def from_torch(self, array: Array, shape: tuple[int, ...]) -> Array:
        """The column-major MATLAB array of size ``shape``; inverse of :meth:`to_torch`."""
        if self.axes is None:
            return np.asfortranarray(array.reshape(shape, order="F"))
        return np.asfortranarray(array.transpose(np.argsort(self.axes)))


class Parameter(Property[Array]):
    """A learnable parameter or a state of a layer.

    ``layout`` says which torch parameter holds it and how; ``None`` leaves that to the layer.
    """

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


def factor(default: float) -> Property[float]:
    """A learning-rate or L2 factor."""
    return Property(nonnegative_scalar, default, group=None)


def initializer(default: str, *choices: str) -> Property[str | Callable[..., Any]]:
    """The name of an initializer of MATLAB's, a function of the size, or the struct of a file."""
    return Property(_initializer(choices), default, group=None)


def _initializer(choices: tuple[str, ...]) -> Callable[[object], str | Callable[..., Any]]:
    # 'narrownormal' is how copies of the documentation that lost their hyphens spell it.
    by_key = {choice.replace("-", ""): choice for choice in choices}
    rule = "must be a function of the size, or one of " + ", ".join(f"'{c}'" for c in choices)

    def convert(value: object) -> str | Callable[..., Any]:
        if isinstance(value, Mapping):
            value = _saved_initializer(value)
        if callable(value):
            return value
        chosen = by_key.get(value.lower().replace("-", "")) if isinstance(value, str) else None
        if chosen is None:
            raise ValueError(rule)
        return chosen

    return convert


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


def _saved_initializer(saved: Mapping[str, Any]) -> str | SavedInitializer:
    """The property value for a saved {Class, ConstructorArguments} initializer struct."""
    name = str(saved.get("Class", "")).rpartition(".")[2]
    return _INITIALIZERS.get(name) or SavedInitializer(name)


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
