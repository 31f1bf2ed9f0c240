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
from matlab_compat.layers import layer_class, registered

from ..loose import LooseWeights, is_learnable, is_loose, may_have
from ..matfile.values import StructArray, Value
from ..saved import SavedLayer, SavedNetwork, to_dict
from . import native

#: A field with the class name, where an export has one.
_CLASS_FIELDS = ("class", "classname", "layerclass")
#: Fields that only transposed convolutions have.
_CROPPING = {"croppingsize", "cropping", "croppingmode"}
#: Fields that only convolutions have beside Weights, and only those in groups.
_PADDING = {"paddingsize", "paddingmode", "dilationfactor"}
_GROUPS = {"numgroups", "numchannelspergroup", "numfilterspergroup"}
#: What releases before the 1-D and 3-D layers call the 2-D ones in their property Type.
_EARLIER_TYPES = {
    "Convolution": "nnet.cnn.layer.Convolution2DLayer",
    "Transposed Convolution": "nnet.cnn.layer.TransposedConvolution2DLayer",
}
#: Fields of both.
_SIZES = {"filtersize", "numfilters", "numchannels", "stride"}
#: How many dimensions a layer has whose vectors have so many elements.
_DIMS_BY_EDGES = {2: 1, 4: 2, 6: 3}
_DIMS_BY_SIZES = {2: 2, 3: 3}

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


def exported_layer(
    fields: Mapping[str, Value], where: tuple[str, ...], chosen: str | None = None
) -> SavedLayer | LooseWeights | None:
    """The layer that fields or loose variables describe, or ``None`` if they describe none.

    The class is named by a field Class or Type, or by fields that only one class has, or else by
    the user: ``chosen``. Weights of which nobody says what they are come out as that.
    """
    lower = {name.lower(): fields[name] for name in fields}
    named = next((lower[key] for key in _CLASS_FIELDS if key in lower), None)
    if isinstance(named, str) and _is_layer_class(_full_class(named)):
        return SavedLayer(where, _full_class(named), _own_fields(fields))
    own = _own_fields(fields)
    said = _said_by_type(lower) or _said_by_fields(lower)
    if said is None and chosen is not None:
        kind = layer_class(chosen)
        if kind is not None and may_have(kind, lower):
            return SavedLayer(where, chosen, own, by_hand=True, chosen=True)
    if said is not None:
        return SavedLayer(where, said, own, by_hand=True)
    return LooseWeights(where, own) if is_loose(lower) else None


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


def may_describe(names: Iterable[str], chosen: str | None = None) -> bool:
    """Whether variables of these names are worth decoding to see if they describe a layer."""
    telling = {"weights", "inputweights", *_CROPPING, *_CLASS_FIELDS}
    kind = layer_class(chosen) if chosen else None
    telling |= {name.lower() for name in kind.properties if name != "Name"} if kind else set()
    return not {name.lower() for name in names}.isdisjoint(telling)


def _said_by_type(lower: Mapping[str, Value]) -> str | None:
    """The class that a field Type names beside Weights: as a class, a constructor or a row's text.

    Structs of other toolboxes have a type, too (MatConvNet's 'conv'), but no Weights that are an
    array, or none of these words.
    """
    kind = lower.get("type")
    if not isinstance(kind, str) or not is_learnable(lower.get("weights")):
        return None
    if kind in _EARLIER_TYPES:
        return _EARLIER_TYPES[kind]
    for name, known in registered().items():
        if kind in (name, name.rpartition(".")[2], known.constructor, known.type_text):
            return name
    return None


def _said_by_fields(lower: Mapping[str, Value]) -> str | None:
    """The class that has such fields, if it is the only one.

    A crop and Weights make a transposed convolution, whatever their values (wrong ones are told
    when the layer is built), and so do a crop and one more of its properties. Padding or dilation
    beside Weights make a convolution. What both have (Stride, FilterSize) makes neither.
    """
    crops, pads = _CROPPING & lower.keys(), (_PADDING | _GROUPS) & lower.keys()
    if crops and not pads and ("weights" in lower or len(crops | (_SIZES & lower.keys())) > 1):
        return f"nnet.cnn.layer.TransposedConvolution{_dims(lower) or 2}DLayer"
    if pads and not crops and is_learnable(lower.get("weights")):
        if pads & _GROUPS:
            return "nnet.cnn.layer.GroupedConvolution2DLayer"
        return f"nnet.cnn.layer.Convolution{dims}DLayer" if (dims := _dims(lower)) else None
    return None


def _dims(lower: Mapping[str, Value]) -> int | None:
    """The number of dimensions that vectors say; ``None`` if there are none, or they disagree."""
    said = {
        _DIMS_BY_EDGES.get(np.size(lower.get(name, ()))) for name in ("paddingsize", "croppingsize")
    }
    said |= {
        _DIMS_BY_SIZES.get(np.size(lower.get(name, ())))
        for name in ("filtersize", "stride", "dilationfactor")
    }
    found = said - {None}
    return found.pop() if len(found) == 1 else None


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
