"""The constants of the normalization that was left out of a converted network, beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from matlab_compat.layers import Layer
from matlab_compat.network import Network

from .matfile.values import StructArray, Value
from .matfile.writer import write_mat
from .names import valid_name

#: What the constants of all modes are called.
_CONSTANTS = ("Mean", "StandardDeviation", "Min", "Max")


def constants_place(path: Path) -> Path:
    """``net.normalization.mat`` for ``net.onnx``."""
    return path.with_name(f"{path.stem}.normalization.mat")


def constants_of(model: Layer | Network) -> dict[str, dict[str, Value]]:
    """What each normalizing input layer of a network does, by the layer's name."""
    layers = model.Layers if isinstance(model, Network) else []
    return {
        layer.Name: {"Name": layer.Name, **_constants(layer)}
        for layer in layers
        if layer.values.get("Normalization", "none") != "none"
    }


def _constants(layer: Layer) -> dict[str, Value]:
    found: dict[str, Value] = {"Normalization": str(layer.values["Normalization"])}
    for name in _CONSTANTS:
        value = layer.values.get(name)
        if isinstance(value, np.ndarray) and value.size:
            found[name] = value
    return found


def write_constants(constants: dict[str, dict[str, Value]], path: Path) -> None:
    """A struct for each input layer, under the layer's name as a MATLAB name."""
    variables: dict[str, Value] = {}
    for name, fields in constants.items():
        variable = valid_name(name)
        while variable in variables:  # "a/b" beside "a_b"
            variable += "_"
        variables[variable] = StructArray.scalar(**fields)
    write_mat(path, variables)
