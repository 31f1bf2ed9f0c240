"""Native objects: what ``save('f.mat', 'net')`` writes.

Layouts: read off files that users saved with releases from 2016 to 2026. Fields are read by name;
unknown ones and newer versions are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, TypeGuard

import numpy as np

from matlab_compat.errors import CorruptFileError, locating

from ..matfile.values import MatObject, ObjectArray, Table, Value, sound
from ..saved import SavedLayer, SavedNetwork, object_fields, to_dict

#: Classes that hold layers, and the field that holds them (directly or in a LayerGraph).
NETWORK_CLASSES = ("SeriesNetwork", "DAGNetwork", "dlnetwork", "nnet.cnn.LayerGraph")

#: Packages whose classes are layers even where they are not registered.
_LAYER_PACKAGES = ("nnet.cnn.layer.", "nnet.onnx.layer.", "nnet.keras.layer.", "rl.layer.")


def is_network(value: Value) -> TypeGuard[MatObject | ObjectArray]:
    """Whether ``value`` is a network, a layer graph or an array of layers."""
    if isinstance(value, ObjectArray):
        return value.class_name.startswith("nnet.cnn.layer.")
    return isinstance(value, MatObject) and value.class_name in NETWORK_CLASSES


def holds_layers(class_name: str) -> bool:
    """Whether an object of this class is a network or a layer."""
    return class_name in NETWORK_CLASSES or class_name.startswith(_LAYER_PACKAGES)


def is_layer(value: Value) -> TypeGuard[MatObject]:
    """Whether ``value`` is a single layer object."""
    return isinstance(value, MatObject) and value.class_name.startswith(_LAYER_PACKAGES)


def saved_layer(value: MatObject, where: tuple[str, ...]) -> SavedLayer:
    """The layer that an object is."""
    with locating(*where):
        return SavedLayer(where, value.class_name, object_fields(value))


def saved_network(value: MatObject | ObjectArray, where: tuple[str, ...]) -> SavedNetwork:
    """The network that an object is.

    Raises ``CorruptFileError``: the object lacks its layers, or something in their place is no
    layer.
    """
    if isinstance(value, ObjectArray):
        return _network(value.class_name, {}, value.elements, None, where)
    with locating(*where):
        fields = object_fields(value)
        graph = sound(fields.get("LayerGraph", fields))
        if isinstance(graph, MatObject):
            graph = object_fields(graph)
        if not isinstance(graph, dict) or "Layers" not in graph:
            raise CorruptFileError(f"The {value.class_name} has no Layers.")
        layers = _elements(sound(graph["Layers"]))
    return _network(value.class_name, fields, layers, graph.get("Connections"), where)


def _network(
    class_name: str, fields: dict[str, Any], layers: list[Any], table: Value, where: tuple[str, ...]
) -> SavedNetwork:
    saved = []
    for index, layer in enumerate(layers, 1):
        at = (*where, f"Layers({index})")
        if not isinstance(sound(layer), MatObject):
            raise CorruptFileError("This is not a layer object.", where=at)
        saved.append(saved_layer(layer, at))
    names = [layer.name for layer in saved]
    with locating(*where):
        pairs = list(pairwise(names)) if table is None else connections(table)
    return SavedNetwork(where, class_name, saved, pairs, fields)


def _elements(value: Value) -> list[Any]:
    """The layers of a cell or object array, or of a single layer."""
    if isinstance(value, ObjectArray):
        return value.elements
    if isinstance(value, np.ndarray) and value.dtype == object:
        return list(value.ravel(order="F"))
    return [value]


def connections(value: Value) -> list[tuple[str, str]]:
    """The table (or struct) {Source, Destination} as pairs of names.

    Raises ``CorruptFileError``: it is none.
    """
    columns = value.columns if isinstance(value, Table) else to_dict(sound(value))
    if isinstance(columns, Mapping):
        source, destination = (_texts(columns.get(name)) for name in ("Source", "Destination"))
        if source is not None and destination is not None and len(source) == len(destination):
            return list(zip(source, destination, strict=True))
    raise CorruptFileError("The Connections of the network are no table of Source and Destination.")


def _texts(value: Value) -> list[str] | None:
    """The texts of a column, or None if it is anything else."""
    if isinstance(value, str):
        return [value]
    items: list[Any] = list(value.ravel(order="F")) if isinstance(value, np.ndarray) else [None]
    return items if all(isinstance(item, str) for item in items) else None
