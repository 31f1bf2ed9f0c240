"""Networks of MatConvNet: structs whose fields are called as those of MATLAB's layers.

Source of the structures: MatConvNet's own manual (vl_simplenn, dagnn.DagNN), published files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from matlab_compat.display import one_line, shortened

from ..matfile.values import MatObject, StructArray, Value
from ..saved import readable_fields
from ..walk import Place
from .base import Kind, Known
from .words import layers_text, listed

#: Types of MatConvNet's layers; its structs name no classes.
_SIMPLENN = frozenset(
    (
        *("bnorm", "concat", "conv", "convt", "custom", "dropout", "loss", "lrn", "noffset"),
        *("normalize", "pdist", "pool", "relu", "sigmoid", "softmax", "softmaxloss", "spnorm"),
    )
)
#: Fields of each layer of a DagNN.
_DAGNN = frozenset(("type", "block", "inputs"))

_OBJECT = "a network of MatConvNet (DagNN) (dagnn.DagNN)"


class MatConvNet(Kind[Any]):
    """A SimpleNN or a DagNN."""

    def find(self, place: Place, chosen: str | None) -> Known | None:
        """Known for what it is."""
        what = _simplenn(place.value) or _dagnn(place.value)
        return Known(what, "") if what else None

    def describe(self, place: Place, file: str) -> Known | None:
        """An object of MatConvNet's class DagNN as well."""
        value = place.value
        if isinstance(value, MatObject) and value.class_name == "dagnn.DagNN":
            what = _dagnn(readable_fields(value).get("layers")) or _OBJECT
            return Known(what, f"read its values with {place.reading(file)}.properties.")
        known = self.find(place, None)
        return known and replace(known, remedy=f"read its values with {place.reading(file)}.")


def _simplenn(value: Value) -> str | None:
    layers = value["layers"] if _is_single(value, "layers") else value
    if not (isinstance(layers, np.ndarray) and layers.dtype == object and layers.size):
        return None
    fields = [one for one in layers.flat if isinstance(one, StructArray) and "type" in one.fields]
    if len(fields) < layers.size or any(one.shape != (1, 1) for one in fields):
        return None
    types = [kind for one in fields if isinstance(kind := one.fields["type"][0], str)]
    if len(types) < layers.size or not _SIMPLENN.intersection(types):
        return None
    old = any("filters" in one.fields for one in fields)
    trained = any("momentum" in one.fields for one in fields)
    kinds = one_line(shortened(listed(list(dict.fromkeys(types))), 200))
    return (
        f"a network of MatConvNet (SimpleNN, {layers_text(len(types))}: {kinds})"
        + (" in its old form, with filters and biases" if old else "")
        + (", saved in the middle of a training" if trained else "")
    )


def _dagnn(value: Value) -> str | None:
    layers = value["layers"] if _is_single(value, "layers") else value
    if isinstance(layers, np.ndarray) and layers.dtype == object and layers.size:
        count, parts = layers.size, list(layers.flat)
    elif isinstance(layers, StructArray):
        count, parts = len(layers), [layers]
    else:
        return None
    if not all(isinstance(one, StructArray) and set(one.fields) >= _DAGNN for one in parts):
        return None
    return f"a network of MatConvNet (DagNN, {layers_text(count)})"


def _is_single(value: Value, field: str) -> bool:
    return isinstance(value, StructArray) and value.shape == (1, 1) and field in value
