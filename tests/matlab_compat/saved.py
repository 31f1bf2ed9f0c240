"""The layers in files that MATLAB wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from converters import open_mat
from converters.find import find_models
from converters.saved import SavedLayer, SavedNetwork
from matlab_compat.layers import layer_class


def saved_layers(path: Path, *classes: str) -> list[SavedLayer]:
    """The layers of these classes (without their package) in networks, and loose."""
    found: list[SavedLayer] = []
    for model in (f.model for f in find_models(open_mat(path))):
        if isinstance(model, SavedNetwork):
            found += model.layers
        elif isinstance(model, SavedLayer):
            found.append(model)
    return [layer for layer in found if layer.short_class in classes]


def family_layers(path: Path, family: str) -> Iterator[SavedLayer]:
    """The layers in networks whose class is declared in this module of ``matlab_compat.layers``."""
    for layer in network_layers(path):
        known = layer_class(layer.class_name)
        if known is not None and known.__module__.endswith(f".{family}"):
            yield layer


def network_layers(path: Path) -> Iterator[SavedLayer]:
    """All layers of the networks in a file."""
    for found in find_models(open_mat(path)):
        if isinstance(found.model, SavedNetwork):
            yield from found.model.layers
