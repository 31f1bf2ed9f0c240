"""Shallow networks: objects of class network, structs of their fields, and Autoencoders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from matlab_compat.arrays import cell_array
from matlab_compat.errors import LimitExceededError, MatlabCompatError, locating
from matlab_compat.shallow import Autoencoder, ShallowNetwork
from matlab_compat.shallow.description import FIELDS, KNOWN_BY

from ..matfile.limits import DEFAULT_LIMITS
from ..matfile.values import FunctionHandle, MatObject, SparseArray, StructArray, Value, sound
from ..saved import object_fields
from ..walk import Place
from .base import Kind, Task

#: How deep the fields of a network lie in each other: ``inputs{1}.processSettings{2}.gain``.
_DEEPEST = 8


@dataclass(frozen=True, eq=False)
class SavedShallow:
    """A shallow network in a file."""

    path: str
    class_name: str
    fields: Mapping[str, Value]
    #: What an Autoencoder says besides.
    more: Mapping[str, Value] = field(default_factory=dict)

    def build(self) -> ShallowNetwork:
        """The network, whether or not it can be run.

        Raises ``MatFileError``: a field that it needs is damaged; ``PropertyError``: one is not
        what it is in a network.
        """
        with locating(self.path):
            read = {name: plain(self.fields[name]) for name in FIELDS if name in self.fields}
            net = ShallowNetwork.from_fields(read)
            if self.class_name != "Autoencoder":
                return net
            images = np.asarray(self.more.get("TrainedOnImages", False))
            return Autoencoder.of(net, TrainedOnImages=bool(images.any()))


def plain(value: Value, depth: int = 0) -> Any:
    """Structs as dicts (cells of them for arrays), function handles as texts, sparse as full.

    Raises ``MatFileError``: it is damaged, or lies deeper than anything in a network does.
    """
    if depth > _DEEPEST:
        raise LimitExceededError(f"The fields lie more than {_DEEPEST} deep in each other.")
    value = sound(value)
    if isinstance(value, StructArray):
        if value.shape == (1, 1):
            return {name: plain(one, depth + 1) for name, (one,) in value.fields.items()}
        if not value.fields:
            return np.empty(0, object)
        return cell_array((plain(one, depth + 1) for one in value.elements()), value.shape)
    if isinstance(value, Mapping):
        return {name: plain(one, depth + 1) for name, one in value.items()}
    if isinstance(value, FunctionHandle):
        return value.text
    if isinstance(value, SparseArray):
        if (elements := value.shape[0] * value.shape[1]) > DEFAULT_LIMITS.max_elements:
            raise LimitExceededError(f"A sparse weight has {elements} elements.")
        return value.to_scipy().toarray()
    if not (isinstance(value, np.ndarray) and value.dtype == object):
        return value
    return cell_array((plain(one, depth + 1) for one in value.ravel(order="F")), value.shape)


class Shallow(Kind[SavedShallow]):
    """A network of feedforwardnet, patternnet, narxnet ...; or an Autoencoder, which is one."""

    hunts: ClassVar[bool] = True

    def find(self, place: Place, chosen: str | None) -> SavedShallow | None:
        """By its class, or by its fields."""
        value = place.value
        if isinstance(value, Mapping):
            is_one = value.keys() >= KNOWN_BY
            return SavedShallow(place.path, "network", value) if is_one else None
        if not isinstance(value, MatObject):
            return None
        if value.class_name == "network":
            return SavedShallow(place.path, "network", value.properties)
        if value.class_name == "Autoencoder":
            saved = object_fields(value)
            inner = saved.get("Network")
            if isinstance(inner, MatObject) and inner.class_name == "network":
                return SavedShallow(place.path, "Autoencoder", inner.properties, saved)
        return None

    def truths(self, saved: SavedShallow, variables: Mapping[str, Value]) -> list[Task]:
        """Each input among the variables with what came of it."""
        from .shallow_truth import truths

        net = saved.build()
        net.check()  # before its data: the user must learn first that the network cannot be run
        others = {k: v for k, v in variables.items() if v is not saved.fields.get(k)}
        return list(truths(saved.path, net, others))

    def record(self, saved: SavedShallow) -> dict[str, Any]:
        """Its layers, ``view`` (as text), ``problems`` (why it cannot be run) and ``remarks``."""
        record: dict[str, Any] = {"class": saved.class_name, "layers": [], "connections": []}
        try:
            net = saved.build()
        except MatlabCompatError as error:
            return {**record, "problem": error.what}
        connections = [[f"{s.letter}{j + 1}", f"a{i + 1}"] for s, (i, j), _ in net.weights()]
        layers = [_layer_record(net, i) for i in range(net.numLayers)]
        shown = {"layers": layers, "connections": connections, "view": net.view().splitlines()}
        return {**record, **shown, "problems": net.problems(), "remarks": net.remarks()}


def _layer_record(net: ShallowNetwork, i: int) -> dict[str, Any]:
    layer, bias = net.layers[i], net.b[i]
    learnables = {
        f"{side.name}{{{i + 1},{j + 1}}}": list(one.shape)
        for side in net.sides
        for j, one in enumerate(side.matrices[i])
        if one is not None
    }
    return {
        "index": i + 1,
        "name": layer.name,
        "class": "network",
        "type": layer.transferFcn,
        "description": net.view().splitlines()[1 + net.numInputs + i].strip(),
        "hyperparameters": {
            "size": layer.size,
            "transferFcn": layer.transferFcn,
            "netInputFcn": layer.netInputFcn,
        },
        "learnables": learnables | ({} if bias is None else {f"b{{{i + 1}}}": list(bias.shape)}),
        "other": {},
    }
