"""The constants of the normalization that was left out of a converted network, beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from matlab_compat.layers import Layer
from matlab_compat.network import Network
from matlab_compat.shallow import ShallowNetwork

from .matfile.values import StructArray, Value
from .matfile.writer import write_mat
from .names import valid_name

#: What the constants of all modes are called.
_CONSTANTS = ("Mean", "StandardDeviation", "Min", "Max")


def constants_place(path: Path) -> Path:
    """``net.normalization.mat`` for ``net.onnx``."""
    return path.with_name(f"{path.stem}.normalization.mat")


def constants_of(model: Layer | Network | ShallowNetwork) -> dict[str, dict[str, Value]]:
    """What each normalizing input layer of a network does, by the layer's name."""
    found: dict[str, dict[str, Value]] = {}
    for layer in model.Layers if isinstance(model, Network) else []:
        if (mode := layer.values.get("Normalization", "none")) != "none":
            constants = {name: layer.values.get(name) for name in _CONSTANTS}
            found[layer.Name] = {"Name": layer.Name, "Normalization": str(mode)} | {
                name: value
                for name, value in constants.items()
                if isinstance(value, np.ndarray) and value.size
            }
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
