"""The layers in files that MATLAB wrote."""

from __future__ import annotations

from pathlib import Path

from converters import open_mat
from converters.find import find_models
from converters.saved import SavedLayer, SavedNetwork


def saved_layers(path: Path, *classes: str) -> list[SavedLayer]:
    """The layers of these classes (without their package) in networks, and loose."""
    found: list[SavedLayer] = []
    for model in (f.model for f in find_models(open_mat(path))):
        if isinstance(model, SavedNetwork):
            found += model.layers
        elif isinstance(model, SavedLayer):
            found.append(model)
    return [layer for layer in found if layer.short_class in classes]
