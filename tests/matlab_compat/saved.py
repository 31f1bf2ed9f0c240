"""The layers in files that MATLAB wrote."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from converters import open_mat
from converters.find import find_models
from converters.saved import SavedLayer, SavedNetwork
from matlab_compat.layers import layer_class


@cache
def models_of(path: Path) -> list[SavedNetwork | SavedLayer]:
    """Read once for all tests of a process; to build a layer changes nothing in what was read."""
    models = (found.model for found in find_models(open_mat(path)))
    return [model for model in models if isinstance(model, SavedNetwork | SavedLayer)]


def saved_layers(path: Path, *classes: str) -> list[SavedLayer]:
    """The layers of these classes (without their package) in networks, and loose."""
    found: list[SavedLayer] = []
    for model in models_of(path):
        found += model.layers if isinstance(model, SavedNetwork) else [model]
    return [layer for layer in found if layer.short_class in classes]


def family_layers(path: Path, family: str) -> Iterator[SavedLayer]:
    """The layers in networks whose class is declared in this module of ``matlab_compat.layers``."""
    for layer in network_layers(path):
        known = layer_class(layer.class_name)
        if known is not None and known.__module__.endswith(f".{family}"):
            yield layer


def network_layers(path: Path) -> Iterator[SavedLayer]:
    """All layers of the networks in a file."""
    for model in models_of(path):
        if isinstance(model, SavedNetwork):
            yield from model.layers
