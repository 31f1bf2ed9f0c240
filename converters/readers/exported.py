"""Plain exports: the properties of a layer as loose variables, or as the fields of a struct.

Made by ``save('layer.mat', '-struct', 's')`` or ``s.Weights = layer.Weights; ...``, and by this
project's own writer, which adds the field ``Class``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matlab_compat.layers import layer_class

from ..matfile.values import Value
from ..saved import SavedLayer, to_dict

#: A field with the class name, where an export has one.
_CLASS_FIELDS = ("class", "classname", "layerclass")
_TRANSPOSED = "nnet.cnn.layer.TransposedConvolution2DLayer"
#: Any of these beside Weights makes a layer of it.
_EVIDENCE = {
    "bias",
    "filtersize",
    "numfilters",
    "numchannels",
    "stride",
    "croppingsize",
    "cropping",
    "croppingmode",
}
#: Any of these says that it is another kind of layer (or a network of the older toolboxes).
_CONTRARY = {"paddingsize", "paddingmode", "padding", "dilationfactor", "inputweights", "numgroups"}

#: Names under which an input and MATLAB's output lie beside a layer.
INPUT_NAMES = ("X", "input")
OUTPUT_NAMES = ("Y", "output", "expected")


def exported_layer(fields: Mapping[str, Value], where: tuple[str, ...]) -> SavedLayer | None:
    """The layer that fields or loose variables describe, or ``None`` if they describe none."""
    lower = {name.lower(): name for name in fields}
    named = next((fields[lower[key]] for key in _CLASS_FIELDS if key in lower), None)
    if isinstance(named, str) and _is_layer_class(_full_class(named)):
        return SavedLayer(where, _full_class(named), _own_fields(fields))
    evidence, contrary = _EVIDENCE & lower.keys(), _CONTRARY & lower.keys()
    if "weights" not in lower or not evidence or contrary:
        return None
    return SavedLayer(where, _TRANSPOSED, _own_fields(fields))


def _is_layer_class(name: str) -> bool:
    """Many structs of a workspace have a field ``class``; few of them are layers."""
    return name.endswith("Layer") or layer_class(name) is not None


def _full_class(name: str) -> str:
    return name if "." in name else f"nnet.cnn.layer.{name}"


def _own_fields(fields: Mapping[str, Value]) -> dict[str, Any]:
    """The fields of the layer itself: not the class name, not the data beside it."""
    beside = {*_CLASS_FIELDS, *(name.lower() for name in (*INPUT_NAMES, *OUTPUT_NAMES))}
    return {name: to_dict(v) for name, v in fields.items() if name.lower() not in beside}
