"""Layers and networks as files hold them: a class name, fields, and where they were found.

The step between neutral values and layer objects; nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.display import matlab_text
from matlab_compat.errors import MatFileError, UnsupportedLayerError, locating, warn
from matlab_compat.layers import Layer, layer_class
from matlab_compat.layers.properties import HYPERPARAMETERS
from matlab_compat.layers.unsupported import UnsupportedLayer

from .code import code_class, read_by
from .matfile.values import Damaged, MatObject, StructArray, Value, sound

#: Weights, and fields of convolutions and their like, which say something even beside the wrong
#: class.
_SHAPING = {"weights", "inputweights", "recurrentweights"}
_SHAPING |= {"padding", "paddingsize", "paddingmode", "dilationfactor"}
_SHAPING |= {"cropping", "croppingsize", "croppingmode", "numgroups"}


@dataclass(frozen=True, eq=False)
class SavedLayer:
    """One layer in a file."""

    #: Where it is, outermost first: ``("net", "Layers(7)")``.
    where: tuple[str, ...]
    class_name: str
    #: Field name to value, 1 x 1 structs as dicts.
    fields: dict[str, Any]
    #: Loose variables, or a struct that names no class: what is no property there is the user's.
    by_hand: bool = False
    #: The user named the class.
    chosen: bool = False
    #: Why it keeps its place and is not run, unless somebody registered a class for it.
    refused: str = ""

    @property
    def name(self) -> str:
        """The layer's Name, or ''."""
        name = self.fields.get("Name", "")
        return name if isinstance(name, str) else ""

    @property
    def short_class(self) -> str:
        """The class name without its package."""
        return self.class_name.rpartition(".")[2]

    def build(self) -> Layer:
        """The layer object.

        Raises ``MatFileError``: a field could not be decoded; ``UnsupportedLayerError``: the class
        is not registered; ``PropertyError``: the fields contradict each other or MATLAB's rules.
        """
        with locating(*self.where):
            known = layer_class(self.class_name)
            if self.refused and known is None:
                raise UnsupportedLayerError(self.refused)
            refuse_damage(self.fields)
            known = known or code_class(self.class_name, self.fields)
            if known is None:
                raise UnsupportedLayer(self.class_name, self.fields).error()
            layer = read_by(known, self.fields)
            if self.chosen or self.by_hand:
                self._warn_of_defaults(layer)
            if self.by_hand:
                foreign = [n for n in layer.unknown_fields() if n.lower() not in _SHAPING]
                layer.ignore_fields(*foreign)
            return layer

    def _warn_of_defaults(self, layer: Layer) -> None:
        """Weights alone do not say the stride of a layer; or its padding, of a class chosen."""
        said = {name.lower() for name in self.fields}
        taken = []
        for name, default in layer.constructor_defaults().items():
            declared = layer.properties.get(name)
            if declared is None or declared.group != HYPERPARAMETERS or name.lower() in said:
                continue
            if not self.chosen and name != "Stride":
                continue
            text = matlab_text(layer.values[name])
            if text == matlab_text(default):  # and not read off the sizes of the weights
                taken.append(f"{name} {text}")
        if taken:
            warn(
                f"The file does not say these; MATLAB's defaults are taken: {', '.join(taken)}.",
                where=self.where,
            )


@dataclass(frozen=True, eq=False)
class SavedNetwork:
    """One network, layer graph or layer array in a file."""

    where: tuple[str, ...]
    class_name: str
    layers: list[SavedLayer]
    #: (source, destination), ports as in ``add/in2``.
    connections: list[tuple[str, str]]
    fields: dict[str, Any] = field(default_factory=dict)


def refuse_damage(fields: Mapping[str, Value]) -> None:
    """Raise the error of the first value among the fields, or in them, that is damaged."""
    waiting: list[Value] = [dict(fields)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Damaged):
            value.get()
        waiting += [inner for _, inner in children(value) if not is_leaf(inner)]


def is_leaf(value: Value) -> bool:
    """Whether nothing can be inside, at a glance: so it is with most values of a file."""
    if isinstance(value, np.ndarray):
        return value.dtype != object or not value.size
    return isinstance(value, str | dlarray)


def to_dict(value: Value) -> Value:
    """A 1 x 1 struct as a dict, with the 1 x 1 structs inside it; anything else unchanged.

    The labels of a ``dlarray`` go: learnables and properties have none.
    """
    if isinstance(value, dlarray):
        return value.extractdata()
    if not isinstance(value, StructArray) or value.shape != (1, 1):
        return value
    result: dict[str, Any] = {}
    pending = [(value, result)]
    while pending:
        struct, target = pending.pop()
        for name, (item,) in struct.fields.items():
            if isinstance(item, StructArray) and item.shape == (1, 1):
                target[name] = {}
                pending.append((item, target[name]))
            else:
                target[name] = item.extractdata() if isinstance(item, dlarray) else item
    return result


def object_fields(value: MatObject) -> dict[str, Any]:
    """The fields of an object: of the struct that its ``saveobj`` wrote, or its properties.

    Raises ``MatFileError``: that struct is damaged.
    """
    properties = value.properties
    saved = to_dict(sound(properties.get("any")))
    if isinstance(saved, dict):
        return saved
    return {name: to_dict(item) for name, item in properties.items()}


def readable_fields(value: MatObject) -> dict[str, Any]:
    """:func:`object_fields`, as far as they can be read."""
    try:
        return object_fields(value)
    except MatFileError:
        return {}


def children(value: Value) -> Iterator[tuple[str, Value]]:
    """The values directly inside a value, each with the MATLAB expression that reaches it."""
    if isinstance(value, dict):
        yield from ((f".{name}", item) for name, item in value.items())
    elif isinstance(value, StructArray):
        single = value.shape == (1, 1)
        for index, element in enumerate(value.elements(), 1):
            at = "" if single else f"({index})"
            yield from ((f"{at}.{name}", item) for name, item in element.items())
    elif isinstance(value, np.ndarray) and value.dtype == object:
        yield from ((f"{{{i}}}", v) for i, v in enumerate(value.ravel(order="F"), 1))
