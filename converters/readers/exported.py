"""Plain exports: the properties of a layer as loose variables, or as the fields of a struct.

Made by ``save('layer.mat', '-struct', 's')`` or ``s.Weights = layer.Weights; ...``, and by this
project's own writer and its MATLAB functions, which add the field ``Class``. A network is a struct
of ``Class``, ``Layers`` (a cell of such structs), ``Connections`` and names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from matlab_compat.errors import CorruptFileError, locating
from matlab_compat.layers import layer_class

from ..matfile.values import StructArray, Value
from ..saved import SavedLayer, SavedNetwork, to_dict
from . import native

#: A field with the class name, where an export has one.
_CLASS_FIELDS = ("class", "classname", "layerclass")
_TRANSPOSED = "nnet.cnn.layer.TransposedConvolution2DLayer"
#: Fields that no other kind of layer has.
_CROPPING = {"croppingsize", "cropping", "croppingmode"}
#: Fields of a transposed convolution; they say less than Cropping, as convolutions have them too.
_SIZES = {"filtersize", "numfilters", "numchannels", "stride"}
#: Any of these says that it is another kind of layer (or a network of the older toolboxes).
_CONTRARY = {"paddingsize", "paddingmode", "padding", "dilationfactor", "inputweights", "numgroups"}

#: What ``class(net)`` says of networks, layer graphs and layer arrays.
_NETWORKS = (*native.NETWORK_CLASSES, "nnet.cnn.layer.Layer")
#: Fields that name the ports of a layer, and where saved objects of custom layers have them.
_PORTS = {
    "InputNames": "nnet.layer.Layer.PrivateInputs",
    "OutputNames": "nnet.layer.Layer.PrivateOutputs",
}

#: Names under which an input and MATLAB's output lie beside a layer.
INPUT_NAMES = ("X", "input")
OUTPUT_NAMES = ("Y", "output", "expected")


def exported_layer(fields: Mapping[str, Value], where: tuple[str, ...]) -> SavedLayer | None:
    """The layer that fields or loose variables describe, or ``None`` if they describe none."""
    lower = {name.lower(): name for name in fields}
    named = next((fields[lower[key]] for key in _CLASS_FIELDS if key in lower), None)
    if isinstance(named, str) and _is_layer_class(_full_class(named)):
        return SavedLayer(where, _full_class(named), _own_fields(fields))
    if _CONTRARY & lower.keys() or not _is_transposed({key: fields[lower[key]] for key in lower}):
        return None
    return SavedLayer(where, _TRANSPOSED, _own_fields(fields), by_hand=True)


def is_network(fields: Mapping[str, Value]) -> bool:
    """Whether fields are those of a network."""
    named = fields.get("Class")
    return isinstance(named, str) and named in _NETWORKS and "Layers" in fields


def exported_network(fields: Mapping[str, Value], where: tuple[str, ...]) -> SavedNetwork:
    """The network that the fields of a struct describe (see :func:`is_network`).

    Raises
    ------
    CorruptFileError
        Something among its Layers is no struct with a Class.
    """
    layers = [
        _network_layer(layer, (*where, f"Layers({index})"))
        for index, layer in enumerate(_structs(fields["Layers"]), 1)
    ]
    with locating(*where):
        pairs = native.connections(fields.get("Connections", {}))
    return SavedNetwork(where, fields["Class"], layers, pairs, dict(fields))


def _structs(value: Value) -> list[Any]:
    """The elements of a cell of structs, or of a struct array."""
    if isinstance(value, StructArray):
        return list(value.elements())
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [to_dict(item) for item in value.ravel(order="F")]
    return [value]


def _network_layer(fields: Any, where: tuple[str, ...]) -> SavedLayer:
    with locating(*where):
        if not isinstance(fields, Mapping) or not isinstance(fields.get("Class"), str):
            raise CorruptFileError("This is no struct of a layer with its Class.")
    return SavedLayer(where, fields["Class"], _own_fields(fields))


def may_describe(names: Iterable[str]) -> bool:
    """Whether variables of these names are worth decoding to see if they describe a layer."""
    return not {name.lower() for name in names}.isdisjoint({"weights", *_CROPPING, *_CLASS_FIELDS})


def _is_transposed(lower: Mapping[str, Value]) -> bool:
    """Whether fields, by their names in lower case, make up a transposed convolution.

    Weights and one more of its properties do, whatever their values (wrong ones are told when
    the layer is built), but Weights and Bias alone, which many layers and networks have, only
    with the dimensions of a filter. Without Weights it takes a crop and one more.
    """
    sizes, crops = _SIZES & lower.keys(), _CROPPING & lower.keys()
    if "weights" not in lower:
        return bool(crops) and len(sizes | crops) > 1
    weights = lower["weights"]
    is_filter = isinstance(weights, np.ndarray) and weights.dtype != object and weights.ndim > 2
    return bool(sizes | crops) or ("bias" in lower and is_filter)


def _is_layer_class(name: str) -> bool:
    """Many structs of a workspace have a field ``class``; few of them are layers."""
    return name.endswith("Layer") or layer_class(name) is not None


def _full_class(name: str) -> str:
    return name if "." in name else f"nnet.cnn.layer.{name}"


def _own_fields(fields: Mapping[str, Value]) -> dict[str, Any]:
    """The fields of the layer itself: not the class name, not the data beside it."""
    beside = {*_CLASS_FIELDS, *(name.lower() for name in (*INPUT_NAMES, *OUTPUT_NAMES))}
    return {
        _PORTS.get(name, name): to_dict(value)
        for name, value in fields.items()
        if name.lower() not in beside
    }
