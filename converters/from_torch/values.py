"""What the translation of single operations and the walk through the graph share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Any

from torch import fx

from matlab_compat.errors import MatlabCompatError
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


class Walk(ABC):
    """The walk through a torch graph, as operations see it: what it has made, and what they add."""

    def __init__(self, traced: fx.GraphModule) -> None:
        self.traced = traced
        self.layers: dict[str, Layer] = {}
        self.connections: list[tuple[str, str]] = []
        self.values: dict[fx.Node, Value] = {}
        self.constants: dict[fx.Node, Any] = {}
        #: The constants among them that follow from the size of the data.
        self.sizes: set[fx.Node] = set()

    def constant(self, argument: Any) -> Any:
        """An argument with every part of the graph in it that the data does not change."""

        def value(node: fx.Node) -> Any:
            if node not in self.constants:
                raise Refused("an argument of it is computed from the data")
            return self.constants[node]

        return fx.map_arg(argument, value)

    def follows_from_sizes(self, argument: Any) -> bool:
        """Whether a constant argument follows from the size of the data."""
        return isinstance(argument, fx.Node) and argument in self.sizes

    def is_data(self, argument: Any) -> bool:
        """Whether an argument is computed from the data."""
        return isinstance(argument, fx.Node) and argument not in self.constants

    def given(self, argument: Any) -> Value:
        """The value that an argument of an operation is; refused if it is a constant."""
        if not self.is_data(argument):
            raise Refused("it is made of a constant, which is no layer's result")
        x = self.values[argument]
        if x.padding:
            raise Refused("its data is padded, which MATLAB does within a convolution alone")
        return x

    def shape(self, node: fx.Node) -> tuple[int, ...]:
        """The size of what comes out; () if it is not known."""
        return tuple(getattr(node.meta.get("val"), "shape", ()))

    def add(self, node: fx.Node, layers: Sequence[Layer], x: Value, **changes: Any) -> Value:
        """Put layers behind ``x``, one after the other; ``changes`` to what comes out."""
        name = self._name(node)
        source, labels = x.source, x.labels
        for i, layer in enumerate(layers):
            layer.Name = name if i == 0 else f"{name}_part{i + 1}"
            labels = _labels_behind(layer, [labels])
            self._put(layer, [source])
            source = layer.Name
        made = Value(source, self.shape(node), x.axes, labels)
        return replace(made, **changes) if x.axes else made

    def join(self, node: fx.Node, layer: Layer, given: Sequence[Value]) -> Value:
        """Put a layer of several inputs behind ``given``."""
        if len({value.flattened for value in given}) > 1:
            raise Refused("the inputs have their elements in different orders")
        if len({len(value.axes) for value in given}) > 1:
            raise Refused("the inputs have different numbers of dimensions")
        if len({value.axes for value in given}) > 1:
            raise Refused("the inputs have their dimensions in different orders")
        layer.Name = self._name(node)
        labels = _labels_behind(layer, [value.labels for value in given])
        self._put(layer, [value.source for value in given])
        return replace(given[0], source=layer.Name, shape=self.shape(node), labels=labels)

    def beside(self, node: fx.Node, layer: Layer, x: Value) -> Value:
        """Put a layer beside the one that gives ``x``, on the same data."""
        layer.Name = self._name(node)
        self._put(layer, [a for a, b in self.connections if b == x.source] or [""])
        return replace(x, source=layer.Name)

    def remove(self, name: str) -> None:
        """Take a layer away that nothing uses."""
        del self.layers[name]
        self.connections = [(a, b) for a, b in self.connections if b != name]

    def layer(self, name: str) -> Layer:
        """The layer of that name."""
        return self.layers[name]

    def settle(self, node: fx.Node, value: Value) -> None:
        """Say what another part of the graph is."""
        self.values[node] = replace(value, shape=self.shape(node))

    def _name(self, node: fx.Node) -> str:
        """The attribute's name; 'layer_0' for the first of a Sequential, 'conv_2' if used again."""
        text = str(node.target).replace(".", "_") if node.op == "call_module" else node.name
        stem = f"layer_{text}" if text[0].isdigit() else text
        names = chain([stem], (f"{stem}_{i}" for i in count(2)))
        return next(name for name in names if name not in self.layers)

    def _put(self, layer: Layer, sources: Sequence[str]) -> None:
        self.layers[layer.Name] = layer
        ports = layer.InputNames
        for source, port in zip(sources, ports, strict=True):
            if source:
                place = layer.Name if len(ports) == 1 else f"{layer.Name}/{port}"
                self.connections.append((source, place))

    @abstractmethod
    def keeps_order(self, node: fx.Node) -> bool:
        """Whether all that is made of the result can do with features in MATLAB's order."""


def _labels_behind(layer: Layer, labels: list[str]) -> str:
    """What a layer makes of data with these labels; "" where they are not known."""
    if not all(labels):
        return ""
    try:
        return layer.output_formats(labels)[0]
    except MatlabCompatError as error:
        raise Refused(f"{layer.label}: {error.what}") from None
