"""Saved networks to network objects."""

from __future__ import annotations

from typing import Any

import numpy as np

from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError
from matlab_compat.layers.base import Layer
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network

from .matfile.values import MatObject, ObjectArray
from .readers import exported, native
from .saved import SavedLayer, SavedNetwork

_KINDS = {"nnet.cnn.LayerGraph": "LayerGraph"}


def build_network(saved: SavedNetwork) -> Network:
    """The network object. Layers that cannot be built keep their place and say why when run.

    Raises
    ------
    UsageError
        Its connections do not fit its layers.
    """
    kind = _KINDS.get(saved.class_name, saved.class_name)
    return Network(
        [build_layer(layer) for layer in saved.layers],
        saved.connections if kind != "Layer array" and not _is_row(saved) else None,
        kind="Layer array" if kind.startswith("nnet.") else kind,
        output_names=_output_names(saved),
    )


def _is_row(saved: SavedNetwork) -> bool:
    """Networks that save no connections: their layers follow each other."""
    return saved.class_name == "SeriesNetwork" or saved.class_name.startswith("nnet.cnn.layer.")


def _output_names(saved: SavedNetwork) -> list[str] | None:
    names = saved.fields.get("OutputNames")
    if isinstance(names, np.ndarray) and names.dtype == object:
        texts = [name for name in names.ravel(order="F") if isinstance(name, str)]
        return texts or None
    return None


def build_layer(saved: SavedLayer) -> Layer:
    """The layer object, or an :class:`UnsupportedLayer` that keeps its fields and the reason."""
    try:
        return with_networks(saved).build()
    except UnsupportedLayerError as error:
        known = "which this version cannot build" in error.what
        return UnsupportedLayer(saved.class_name, saved.fields, "" if known else error.what)
    except MatlabCompatError as error:
        return UnsupportedLayer(saved.class_name, saved.fields, error.what)


def with_networks(saved: SavedLayer) -> SavedLayer:
    """The layer with networks among its fields (nested networks) built."""
    return SavedLayer(
        saved.where, saved.class_name, {k: _built(saved, k, v) for k, v in saved.fields.items()}
    )


def _built(saved: SavedLayer, name: str, value: Any) -> Any:
    if isinstance(value, MatObject | ObjectArray) and native.is_network(value):
        return build_network(native.saved_network(value, (*saved.where, name)))
    if isinstance(value, dict) and exported.is_network(value):
        return build_network(exported.exported_network(value, (*saved.where, name)))
    return value
