"""Networks and layers of Deep Learning Toolbox: objects, structs of their properties, weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from matlab_compat.errors import MatlabCompatError, UnsupportedFileError
from matlab_compat.layers import Layer
from matlab_compat.network import CLASSIC, Network

from ..formats import mat_native, mat_struct
from ..loose import LooseWeights
from ..matfile import MatFile
from ..matfile.values import Damaged
from ..networks import build_network
from ..saved import SavedLayer, SavedNetwork
from ..walk import Place, may_hold_models
from .base import Kind, Standing
from .records import layer_record, size_record, totals_record

#: Networks that hold trained weights; they go before layer graphs and arrays beside them.
_TRAINED = (*CLASSIC, "dlnetwork")


class Networks(Kind[SavedNetwork]):
    """A network, layer graph or layer array: an object, or a struct that ``convert`` wrote."""

    def find(self, place: Place, chosen: str | None) -> SavedNetwork | None:
        """The network, with its layers."""
        value, where = place.value, (place.path,)
        if mat_native.is_network(value):
            return mat_native.saved_network(value, where)
        if isinstance(value, Mapping) and mat_struct.is_network(value):
            return mat_struct.exported_network(value, where)
        return None

    def standing_of(self, saved: SavedNetwork) -> Standing:
        """A trained network goes before what it was made from."""
        return Standing.NETWORK if saved.class_name in _TRAINED else Standing.UNTRAINED

    def layers(self, saved: SavedNetwork) -> list[SavedLayer]:
        """All of them."""
        return saved.layers

    def build(self, saved: SavedNetwork) -> Network:
        """The network object."""
        return build_network(saved)

    def record(self, saved: SavedNetwork) -> dict[str, Any]:
        """Layers and connections."""
        return network_record(saved, lambda: build_network(saved))


def network_record(saved: SavedNetwork, build: Callable[[], Network]) -> dict[str, Any]:
    """The class, layers and connections of a network, as ``inspect`` gives them, and their sizes.

    ``build`` makes the network, whose warnings are those of the layers once more.
    """
    layers = [layer_record(i, layer) for i, layer in enumerate(saved.layers, 1)]
    record = {
        "class": saved.class_name,
        "layers": layers,
        "connections": [list(pair) for pair in saved.connections],
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = build().analysis()
    except MatlabCompatError as error:
        return {**record, "findings": [{"where": "", "text": error.what}]}
    for one, sized in zip(layers, found.layers, strict=False):
        one |= size_record(sized)
    return {**record, **totals_record(found)}


class Layers(Kind[SavedLayer | LooseWeights]):
    """A layer: an object, a struct of its properties, or loose variables.

    Or weights of one layer, of which nothing says which class it is.
    """

    def find(self, place: Place, chosen: str | None) -> SavedLayer | LooseWeights | None:
        """The layer, or the weights."""
        value, where = place.value, (place.path,)
        if mat_native.is_layer(value):
            return mat_native.saved_layer(value, where)
        if isinstance(value, Mapping):
            return mat_struct.exported_layer(value, where, chosen)
        return None

    def find_loose(self, mat: MatFile, chosen: str | None) -> SavedLayer | LooseWeights | None:
        """What loose variables describe."""
        if not mat_struct.may_describe(mat, chosen):
            return None
        plain = ("struct", "function_handle")  # beside numbers and texts
        variables = mat.read(
            info.name
            for info in mat.variables
            if info.class_name in plain or not may_hold_models(info.class_name)
        )
        return mat_struct.exported_layer(variables, (), chosen)

    def standing_of(self, saved: SavedLayer | LooseWeights) -> Standing:
        """Weights are none that can be built."""
        return Standing.LAYER if isinstance(saved, SavedLayer) else Standing.LOOSE

    def layers(self, saved: SavedLayer | LooseWeights) -> list[SavedLayer]:
        """The one layer."""
        return [saved] if isinstance(saved, SavedLayer) else []

    def build(self, saved: SavedLayer | LooseWeights) -> Layer:
        """The layer object; of weights the question which class they are of."""
        if isinstance(saved, LooseWeights):
            raise saved.error()
        return saved.build()

    def record(self, saved: SavedLayer | LooseWeights) -> dict[str, Any]:
        """The one layer; of weights what there is, and which layers it could be of."""
        if isinstance(saved, LooseWeights):
            loose = {"found": saved.found, "candidates": saved.candidates()}
            return {"layers": [], "connections": [], "loose": loose}
        layers = [layer_record(1, saved)]
        return {"class": saved.class_name, "layers": layers, "connections": []}


class DamagedModels(Kind[Damaged]):
    """What cannot be decoded, and is or may hold a model."""

    standing = Standing.DAMAGED

    def find(self, place: Place, chosen: str | None) -> Damaged | None:
        """Objects of kinds that are not read are no damage, unless there are layers in them."""
        value = place.value
        if not isinstance(value, Damaged):
            return None
        is_damage = not isinstance(value.error, UnsupportedFileError)
        return value if is_damage or mat_native.holds_layers(value.class_name) else None

    def build(self, saved: Damaged) -> Layer:
        """The damage."""
        raise saved.error

    def record(self, saved: Damaged) -> dict[str, Any]:
        """The damage."""
        record = {"class": saved.class_name, "layers": [], "connections": []}
        return record | {"problem": saved.error.what, "remedy": saved.error.remedy}
