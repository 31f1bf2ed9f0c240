"""Saved networks to network objects."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from matlab_compat.errors import (
    CodeError,
    CorruptFileError,
    MatlabCompatError,
    MatlabCompatWarning,
    locating,
)
from matlab_compat.layers.base import Layer
from matlab_compat.layers.saved_fields import is_empty
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network

from .formats import mat_native, mat_struct
from .matconvnet.layout import About
from .matfile.values import MatObject, ObjectArray, cell_items
from .saved import SavedLayer, SavedNetwork, refuse_damage, to_dict

#: Nested networks by the identity of their objects; ``None`` while one is being built.
_Nested: TypeAlias = dict[int, Network | None]
#: Networks within networks; MATLAB's own have one or two.
_DEEPEST = 20


def build_network(saved: SavedNetwork, nested: _Nested | None = None) -> Network:
    """The network object. Layers that cannot be built keep their place and say why when run.

    ``nested`` holds what is built already: objects of a file can refer to each other, so that one
    network may stand in many places, or in itself.

    Raises ``UsageError``: its connections do not fit its layers; ``MatFileError``: some of it could
    not be decoded.
    """
    refuse_damage(saved.fields)
    for part in saved.layers:
        refuse_damage(part.fields)
    nested = {} if nested is None else nested
    _warn_of_quantization(saved)
    kind = saved.class_name.replace("nnet.cnn.LayerGraph", "LayerGraph")
    # Layers of what saves no connections follow each other.
    in_a_row = kind in ("Layer array", "SeriesNetwork") or kind.startswith("nnet.cnn.layer.")
    names = [n for n in cell_items(saved.fields.get("OutputNames")) if isinstance(n, str)]
    network = Network(
        [build_layer(layer, nested) for layer in saved.layers],
        None if in_a_row else saved.connections,
        kind="Layer array" if kind.startswith("nnet.") else kind,
        output_names=names or None,
    )
    with locating(*saved.where):
        network.shared = tuple(mat_struct.shared_of(saved.fields, network))
    network.preparation = About(saved.fields).preparation
    network.classes = About({"classes": saved.fields.get("Classes")}).classes
    for layer in network.Layers:
        if isinstance(layer, UnsupportedLayer) and layer.is_output:
            warnings.warn(
                f"{' > '.join(saved.where)}: '{layer.Name}' ends a {network.kind}, so it is an "
                "output layer, and predictions do not depend on it; it is a "
                f"{layer.class_name}, which this version cannot build.",
                MatlabCompatWarning,
                stacklevel=2,
            )
    return network


def _warn_of_quantization(saved: SavedNetwork) -> None:
    """A quantized network computes in integers of 8 bits in MATLAB; here it runs as it was before.

    DAGNetwork and dlnetwork have the field SerializedQuantizationInfo, {version, data}; its map is
    empty in networks that are not quantized.
    """
    for name, value in saved.fields.items():
        if "quantiz" in name.lower() and _says_something(value):
            warnings.warn(
                f"{' > '.join(saved.where)}: the network was quantized (its field {name}). Here it "
                "is run in floating point: MATLAB's results differ from these by what quantization "
                "costs.",
                MatlabCompatWarning,
                stacklevel=3,
            )


def _says_something(value: Any) -> bool:
    """Whether there is more in a value than an empty map, a version or a flag that is off."""
    if isinstance(value, Mapping):
        fields = {name: item for name, item in value.items() if name.lower() != "version"}
        return any(_says_something(item) for item in fields.values())
    if isinstance(value, MatObject):
        return any(_says_something(to_dict(item)) for item in value.properties.values())
    if isinstance(value, np.ndarray) and value.dtype.kind == "b":
        return bool(value.any())
    return not is_empty(value)


def build_layer(saved: SavedLayer, nested: _Nested) -> Layer:
    """The layer object, or an :class:`UnsupportedLayer` that keeps its fields and the reason."""
    try:
        return with_networks(saved, nested).build()
    except MatlabCompatError as error:
        layer, why = UnsupportedLayer(saved.class_name, saved.fields), error.what
        if why == layer.error().what:  # nothing is registered for its class
            return layer
        if isinstance(error, CodeError):
            why = f"{error.where[-1]}: " * bool(error.where) + why.rstrip(".")
        return UnsupportedLayer(saved.class_name, saved.fields, why)


def with_networks(saved: SavedLayer, nested: _Nested) -> SavedLayer:
    """The layer with the networks among its fields built, as :func:`build_network` does."""
    fields = {name: _built(saved, name, value, nested) for name, value in saved.fields.items()}
    return replace(saved, fields=fields)


def _built(saved: SavedLayer, name: str, value: Any, nested: _Nested) -> Any:
    where = (*saved.where, name)
    if isinstance(value, MatObject | ObjectArray) and mat_native.is_network(value):
        return _once(value, where, nested)
    if isinstance(value, dict) and mat_struct.is_network(value):
        return build_network(mat_struct.exported_network(value, where), nested)
    return value


def _once(value: MatObject | ObjectArray, where: tuple[str, ...], nested: _Nested) -> Network:
    key = id(value)
    built = nested.get(key)
    if built is not None:
        return built
    if key in nested or list(nested.values()).count(None) >= _DEEPEST:
        raise CorruptFileError(
            f"A network contains itself, or networks are nested more than {_DEEPEST} deep.",
            where=where,
            remedy="save the inner networks as variables of their own.",
        )
    nested[key] = None
    try:
        nested[key] = built = build_network(mat_native.saved_network(value, where), nested)
    finally:
        if built is None:
            del nested[key]
    return built
