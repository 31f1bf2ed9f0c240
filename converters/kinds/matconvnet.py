"""Networks of MatConvNet, SimpleNN and DagNN: structs, objects, or variables of the file."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..matconvnet.layout import is_dagnn, is_simplenn
from ..matconvnet.network import MatConvNetNetwork, is_network, saved_network
from ..matfile import MatFile
from ..matfile.values import MatObject, StructArray, Value, cell_items
from ..saved import SavedLayer, readable_fields
from ..walk import Place
from .base import Kind, Known, Recorded
from .networks import network_record

#: The fields of a network, where they are variables of the file.
_VARIABLES = ("layers", "params", "vars", "meta", "classes", "normalization")


class MatConvNet(Kind[MatConvNetNetwork]):
    """A SimpleNN or a DagNN."""

    records_as = ("res",)

    def find(self, place: Place, chosen: str | None) -> MatConvNetNetwork | Known | None:
        """The network, with its layers."""
        value: Any = place.value
        if isinstance(value, MatObject) and value.class_name == "dagnn.DagNN":
            value = readable_fields(value)
        if isinstance(value, dict):
            return saved_network(value, (place.path,)) if is_network(value) else None
        if is_simplenn(value) and place.path != "layers":
            return saved_network({"layers": value}, (place.path,))
        return self.describe(place, "")

    def find_loose(self, mat: MatFile, chosen: str | None) -> MatConvNetNetwork | None:
        """Its fields as variables of the file, as MatConvNet's own models are published."""
        if not any(
            v.name == "layers" and v.class_name in ("cell", "struct") for v in mat.variables
        ):
            return None
        fields = {"layers": mat["layers"]}
        if not is_network(fields):
            return None
        fields |= mat.read(v.name for v in mat.variables if v.name in _VARIABLES[1:])
        return saved_network(fields, ())

    def describe(self, place: Place, file: str) -> Known | None:
        """Layers without what lies beside them: where they are a variable, it is another one."""
        if is_simplenn(place.value) or is_dagnn(place.value):
            what = "the layers of a network of MatConvNet, whose other fields lie beside them"
            return Known(what, "leave variable out: its variables together are one network.", False)
        return None

    def part(self, saved: MatConvNetNetwork, name: str) -> MatConvNetNetwork:
        """What one variable of the network needs."""
        return saved.part(name)

    def layers(self, saved: MatConvNetNetwork) -> list[SavedLayer]:
        """All of them, as ours."""
        return saved.layers

    def record(self, saved: MatConvNetNetwork) -> dict[str, Any]:
        """Layers, connections, and what is not among them."""
        return {**network_record(saved, saved.build), "left_out": list(saved.notes)}

    def recorded(self, saved: MatConvNetNetwork, value: Value) -> Recorded | None:
        """``res`` of vl_simplenn: the input, and the output of every layer."""
        outputs = cell_items(value)
        if isinstance(value, StructArray) and "x" in value.fields:
            outputs = [one["x"] for one in value.elements()]
        if saved.class_name != "SimpleNN" or len(outputs) != saved.count + 1:
            return None
        # That of a loss is no output of the layer that is left.
        made = zip(saved.layers[1:], outputs[1 : 1 + saved.comparable], strict=False)
        return Recorded([outputs[0]], {layer.name: y for layer, y in made if np.size(y)})
