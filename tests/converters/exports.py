"""Exports of layers as MATLAB users save them, written by scipy, which knows nothing of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray

Array = NDArray[Any]

#: The layer of ``fields``: every size differs from every other.
FILTER_SIZE, FILTERS, CHANNELS = (3, 2), 5, 4


def weights(
    filters: int = FILTERS, channels: int = CHANNELS, dtype: type = np.float32, seed: int = 1
) -> Array:
    """Weights of MATLAB's size h x w x F x C."""
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (*FILTER_SIZE, filters, channels)).astype(dtype)


def fields(**changes: Any) -> dict[str, Any]:
    """The properties of a layer as a struct or loose variables; ``None`` leaves one out."""
    all_fields = {
        "FilterSize": [3.0, 2.0],
        "NumFilters": 5.0,
        "NumChannels": 4.0,
        "Stride": [2.0, 1.0],
        "CroppingMode": "manual",
        "CroppingSize": [1.0, 0.0, 0.0, 1.0],
        "Weights": weights(),
        "Bias": np.arange(5, dtype=np.float32).reshape(1, 1, 5),
        "Name": "up",
        **changes,
    }
    return {name: value for name, value in all_fields.items() if value is not None}


def save(path: Path, **variables: Any) -> Path:
    """A level 7 file of these variables; a dict is a struct, a list of dicts a struct array."""
    prepared = {
        name: struct_array(value)
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
        for name, value in variables.items()
    }
    scipy.io.savemat(path, prepared, do_compression=True)
    return path


def struct_array(elements: list[dict[str, Any]]) -> Array:
    """A 1 x n struct array for scipy."""
    array = np.zeros((1, len(elements)), [(name, object) for name in elements[0]])
    for i, element in enumerate(elements):
        for name, value in element.items():
            array[0, i][name] = value
    return array


def fancy() -> dict[str, Any]:
    """A layer of a class that nothing is registered for."""
    return {"Class": "mine.FancyLayer", "Name": "fancy", "Power": 3.0}


def cells(*values: Any) -> Array:
    """A 1 x n cell array for scipy."""
    array = np.empty((1, len(values)), object)
    array[0, :] = values
    return array
