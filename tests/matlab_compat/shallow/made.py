"""Shallow networks that Octave made (``fixtures/shallow``), read by scipy; and fields by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray

from matlab_compat.shallow import ShallowNetwork

FOLDER = Path(__file__).parents[3] / "fixtures" / "shallow"
NAMES = sorted(path.name.removesuffix(".v7.mat") for path in FOLDER.glob("*.mat"))
Array = NDArray[Any]
#: Of values at the time step that they are given.
WEIGHT = {"weightFcn": "dotprod", "delays": 0.0}


def plain(value: Any) -> Any:
    """What scipy read, with structs as dicts and texts as texts; cells stay arrays of objects."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.names:
        return {name: plain(value[name].flat[0]) for name in value.dtype.names}
    if value.dtype == object:
        cell = np.empty(value.shape, object)
        for place, one in np.ndenumerate(value):
            cell[place] = plain(one)
        return cell
    return "".join(value.ravel()) if value.dtype.kind == "U" else value


def contents(name: str) -> dict[str, Any]:
    """The variables of a fixture."""
    found = scipy.io.loadmat(FOLDER / f"{name}.v7.mat", chars_as_strings=True)
    return {key: plain(value) for key, value in found.items() if not key.startswith("__")}


def network(name: str) -> ShallowNetwork:
    """The network of a fixture."""
    return ShallowNetwork.from_fields(contents(name)["net"])


def matrix(value: Any) -> Array:
    """A cell as one matrix, each row of it below the other, the steps side by side."""
    if not (isinstance(value, np.ndarray) and value.dtype == object):
        return np.asarray(value)
    return np.concatenate([np.concatenate(list(row), 1) for row in value])


def cell(rows: list[list[Any]]) -> Array:
    """A cell of these elements."""
    made = np.empty((len(rows), len(rows[0])), object)
    for place in np.ndindex(made.shape):
        made[place] = rows[place[0]][place[1]]
    return made


def fields(**changes: Any) -> dict[str, Any]:
    """A network of two inputs, two neurons and one output, as the fields of MATLAB's object."""
    made: dict[str, Any] = {
        "name": "Function Fitting Neural Network",
        "inputs": cell([[{"size": 2.0, "processFcns": cell([[]])}]]),
        "layers": cell(
            [
                [{"name": "Hidden", "size": 2.0, "transferFcn": "tansig", "netInputFcn": "netsum"}],
                [
                    {
                        "name": "Output",
                        "size": 1.0,
                        "transferFcn": "purelin",
                        "netInputFcn": "netsum",
                    }
                ],
            ]
        ),
        "outputs": cell([[np.zeros((0, 0)), {"size": 1.0}]]),
        "inputWeights": cell([[WEIGHT], [np.zeros((0, 0))]]),
        "layerWeights": cell([[np.zeros((0, 0))] * 2, [WEIGHT, np.zeros((0, 0))]]),
        "IW": cell([[np.array([[1.0, 2], [3, 4]])], [np.zeros((0, 0))]]),
        "LW": cell([[np.zeros((0, 0))] * 2, [np.array([[1.0, -1]]), np.zeros((0, 0))]]),
        "b": cell([[np.array([[0.5], [-0.5]])], [np.array([[0.25]])]]),
    }
    return made | changes


def fibonacci() -> dict[str, Any]:
    """A closed loop without inputs, as the fields of MATLAB's object: the sum of the last two."""
    return {
        "name": "NAR Neural Network - Closed Loop",
        "numLayers": 1.0,
        "inputs": np.empty((0, 1), object),
        "layers": cell([[{"size": 1.0, "transferFcn": "purelin", "netInputFcn": "netsum"}]]),
        "outputs": cell([[{"size": 1.0, "feedbackMode": "closed"}]]),
        "inputWeights": np.empty((1, 0), object),
        "layerWeights": cell([[WEIGHT | {"delays": np.array([[1.0, 2.0]])}]]),
        "IW": np.empty((1, 0), object),
        "LW": cell([[np.array([[1.0, 1.0]])]]),
        "b": cell([[np.zeros((0, 0))]]),
    }
