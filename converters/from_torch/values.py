"""What the translation of single operations and the walk through the graph share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import fx

from matlab_compat.layers import Layer

#: Torch's names of the dimensions of space, in order.
SPACE = "HWD"


class Refused(Exception):
    """Why MATLAB has no layer for something, and what is near."""


@dataclass(frozen=True)
class Value:
    """What one value of the torch graph is in the network."""

    #: Layer (and port) that gives it.
    source: str
    #: Its size in torch, where an example input made it known.
    shape: tuple[int, ...] = ()
    #: What each of torch's dimensions holds: "NCHW", "NHWC", "NTC"; "" where it is not known.
    axes: str = ""
    #: The labels of the same data in MATLAB: "SSCB".
    labels: str = ""
    #: The image (dimension and size, in torch's order) that the features are, where they lie in
    #: MATLAB's column-major order instead of torch's row-major one.
    flattened: tuple[tuple[str, int], ...] = ()
    #: Rows and columns that torch has put around it, (before, after) for each dimension of space
    #: or time, and MATLAB's PaddingValue for them: the convolution behind takes them over.
    padding: tuple[tuple[int, int], ...] = ()
    padding_value: float | str = 0

    @property
    def size(self) -> dict[str, int]:
        """The size of each dimension."""
        return dict(zip(self.axes, self.shape, strict=False))

    @property
    def space(self) -> str:
        """The dimensions of space, in order."""
        return "".join(axis for axis in self.axes if axis in SPACE)

    @property
    def agrees(self) -> bool:
        """Whether MATLAB's data has torch's dimensions, or these are not known."""
        return not self.axes or self.labels == labels_of(self.axes)


def labels_of(axes: str) -> str:
    """MATLAB's labels of data with torch's ``axes``: "SSCB" for "NCHW" and "NHWC"."""
    return "S" * sum(axis in SPACE for axis in axes) + "CB" + "T" * ("T" in axes)


class Walk(Protocol):
    """What an operation may ask of the walk through the graph."""

    def given(self, argument: Any) -> Value:
        """The value that an argument of an operation is; refused if it is a constant."""

    def constant(self, argument: Any) -> Any:
        """An argument with every part of the graph in it that the data does not change."""

    def follows_from_sizes(self, argument: Any) -> bool:
        """Whether a constant argument follows from the size of the data."""

    def is_data(self, argument: Any) -> bool:
        """Whether an argument is computed from the data."""

    def shape(self, node: fx.Node) -> tuple[int, ...]:
        """The size of what comes out; () if it is not known."""

    def add(self, node: fx.Node, layers: Sequence[Layer], x: Value, **changes: Any) -> Value:
        """Put layers behind ``x``, one after the other; ``changes`` to what comes out."""

    def join(self, node: fx.Node, layer: Layer, given: Sequence[Value]) -> Value:
        """Put a layer of several inputs behind ``given``."""

    def layer(self, name: str) -> Layer:
        """The layer of that name."""

    def keeps_order(self, node: fx.Node) -> bool:
        """Whether all that is made of the result can do with features in MATLAB's order."""

    def settle(self, node: fx.Node, value: Value) -> None:
        """Say what another part of the graph is."""
