"""Layers as ``inspect`` describes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from matlab_compat.display import matlab_text, size_text
from matlab_compat.errors import MatlabCompatError
from matlab_compat.finite_json import finite_json
from matlab_compat.layers.properties import HYPERPARAMETERS
from matlab_compat.network.analysis import Analysis, LayerAnalysis

from ..matfile.values import mat_class, mat_shape
from ..networks import with_networks
from ..saved import SavedLayer

#: Arrays up to this size are shown as hyperparameters where a class is not registered.
_SMALL = 12
#: What is known of the size of a layer.
_SIZES = ("parameters", "multiply_adds", "parameter_bytes", "activation_bytes")


def layer_record(index: int, saved: SavedLayer) -> dict[str, Any]:
    """One layer: index, name, class, hyperparameters, sizes of learnables, and how it reads.

    A layer that cannot be built is described from its fields, with what is wrong in "problem".
    """
    try:
        layer = with_networks(saved, {}).build()
    except MatlabCompatError as error:
        described = _from_fields(saved)
        described |= {"problem": error.what, "remedy": error.remedy}
    else:
        shown = [n for n, p in layer.properties.items() if p.group == HYPERPARAMETERS]
        arrays = {name: layer.values[name] for name in layer.parameters()}
        described = {
            "type": layer.type_text,
            "description": layer.description(),
            "hyperparameters": {name: jsonable(layer.values[name]) for name in shown},
            "learnables": {name: list(a.shape) for name, a in arrays.items() if a.size},
            "other": {name: jsonable(value) for name, value in layer.extra.items()},
        }
        if (refusal := layer.refusal()) is not None:
            described |= {"refused": refusal.what, "remedy": refusal.remedy}
        if about := layer.about_code():
            described["code"] = about
    return {"index": index, "name": saved.name, "class": saved.class_name, **described}


def size_record(layer: LayerAnalysis) -> dict[str, Any]:
    """What follows from the sizes along a network for one of its layers; null is not known."""
    return {
        "activations": [
            None if one is None else {"size": list(one.size), "labels": one.labels}
            for one in layer.activations
        ],
        **{name: getattr(layer, name) for name in _SIZES},
    }


def totals_record(found: Analysis) -> dict[str, Any]:
    """The sums over a network, and what MATLAB's Network Analyzer would warn of."""
    return {
        "totals": {
            "parameters": found.parameters,
            "multiply_adds": found.multiply_adds,
            "uncounted": list(found.uncounted),
            "parameter_bytes": found.parameter_bytes,
        },
        "findings": [{"where": one.where, "text": one.text} for one in found.warnings],
    }


def _from_fields(saved: SavedLayer) -> dict[str, Any]:
    hyperparameters: dict[str, Any] = {}
    learnables: dict[str, list[int]] = {}
    for name, value in saved.fields.items():
        if isinstance(value, dict) and isinstance(value.get("Value"), np.ndarray):
            learnables[name] = list(value["Value"].shape)
        elif name not in ("Name", "Version"):
            hyperparameters[name] = jsonable(value)
    text = saved.fields.get("Description")
    return {
        "type": saved.short_class,
        "description": text if isinstance(text, str) else "",
        "hyperparameters": hyperparameters,
        "learnables": {name: shape for name, shape in learnables.items() if 0 not in shape},
        "other": {},
    }


def jsonable(value: Any) -> Any:
    """A property value for JSON: small arrays as lists, large ones as size and class.

    NaN and infinities, which JSON lacks, are the texts "NaN", "Infinity" and "-Infinity".
    """
    if isinstance(value, dict):
        return {str(name): jsonable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return finite_json(value)
    if callable(value):
        return matlab_text(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufOT" and value.size <= _SMALL:
        items = [jsonable(item) for item in value.ravel(order="F").tolist()]
        return items[0] if len(items) == 1 and value.dtype != object else items
    try:
        return f"<{size_text(mat_shape(value))} {mat_class(value)}>"
    except KeyError:  # no value of a file: what a layer made of one
        return str(value)
