"""What is in a MAT-file, without running or building more than a description needs."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.display import matlab_text, size_text
from matlab_compat.errors import MatFileError, MatlabCompatError
from matlab_compat.finite_json import finite_json
from matlab_compat.layers import Layer
from matlab_compat.layers.properties import HYPERPARAMETERS

from .find import Found, find_models, may_hold_models, root_of
from .identify.values import identified
from .loose import LooseWeights
from .matfile import DEFAULT_LIMITS, Limits, MatFile, VariableInfo, open_mat
from .matfile.datetimes import Datetime
from .matfile.plain import CONVERTERS
from .matfile.values import Damaged, Table, mat_class, mat_shape
from .saved import SavedLayer

#: Arrays up to this size are shown as hyperparameters where a class is not registered.
_SMALL = 12


def inspect(
    path: str | PathLike[str],
    variable: str | None = None,
    *,
    layer_class: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    encoding: str | None = None,
) -> dict[str, Any]:
    """The document ``matlab_compat.inspect/1``: the file, its variables, layers and connections.

    Parameters
    ----------
    path, limits, encoding:
        As for :func:`converters.open_mat`.
    variable:
        This variable only.
    layer_class:
        As for :func:`converters.load`.

    Raises
    ------
    MatFileError, FileAccessError, VariableNotFoundError
        The file cannot be read, or has no such variable.
    """
    with open_mat(path, limits=limits, encoding=encoding) as mat:
        found = find_models(mat, variable, layer_class)
        roots = {root_of(variable or ""), *(root_of(f.path) for f in found)}
        shown = [v for v in mat.variables if variable is None or v.name in roots]
        return {
            "schema": "matlab_compat.inspect/1",
            "file": str(path),
            "level": mat.level,
            "header": mat.header.description,
            "platform": mat.header.platform,
            "date": mat.header.date,
            "variables": [_variable(info, found, mat) for info in shown],
            **_loose(found),
        }


def _variable(info: VariableInfo, found: list[Found], mat: MatFile) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": info.name,
        "class": info.class_name,
        "size": list(info.shape),
        "bytes": info.nbytes,
        "layers": [],
        "connections": [],
        **_decoded(info, mat),
    }
    models = [f for f in found if root_of(f.path) == info.name and f.path]
    if len(models) == 1 and models[0].path == info.name:
        record.update(_model(models[0]))
    elif models:
        record["models"] = [{"path": f.path, "name": f.name, **_model(f)} for f in models]
    elif may_hold_models(info.class_name):
        known = identified(mat, info)
        if known:
            record["known"] = [
                {"path": one.path, "what": one.what, "is_model": one.is_model} for one in known
            ]
    return record


def _decoded(info: VariableInfo, mat: MatFile) -> dict[str, Any]:
    """What only the value tells of MATLAB's own classes of data: its size and what it carries."""
    if info.class_name not in CONVERTERS:
        return {}
    try:
        value = mat[info.name]
    except MatFileError as error:
        return {"problem": error.what}
    if isinstance(value, Damaged):
        return {"problem": value.error.what}
    # A string is one element, whatever its length; here it is a str, as 'char' is.
    is_one = info.class_name == "string" and isinstance(value, str)
    record: dict[str, Any] = {"size": [1, 1] if is_one else list(mat_shape(value))}
    if isinstance(value, Table):
        damaged = {n: c.error.what for n, c in value.columns.items() if isinstance(c, Damaged)}
        problem = " ".join(f"{name}: {what}" for name, what in damaged.items())
        record |= {"problem": problem} if damaged else {}
    if isinstance(value, dlarray):
        record["labels"] = value.dims()
    if isinstance(value, Datetime):
        record["time_zone"] = value.time_zone
    return record


def _loose(found: list[Found]) -> dict[str, Any]:
    """The layer that loose variables make up belongs to no variable: it stands beside them."""
    models = [_model(f) for f in found if not f.path]
    layers = [record for model in models for record in model["layers"]]
    weights = [model["loose"] for model in models if "loose" in model]
    return {**({"layers": layers} if layers else {}), **({"loose": weights[0]} if weights else {})}


def _model(found: Found) -> dict[str, Any]:
    model = found.model
    if isinstance(model, LooseWeights):
        return {
            "layers": [],
            "connections": [],
            "loose": {"found": model.found, "candidates": model.candidates()},
        }
    if isinstance(model, Damaged):
        error = model.error
        return {"class": model.class_name, "layers": [], "connections": [], "problem": error.what}
    if isinstance(model, SavedLayer):
        return {"class": model.class_name, "layers": [layer_record(1, model)], "connections": []}
    return {
        "class": model.class_name,
        "layers": [layer_record(i, layer) for i, layer in enumerate(model.layers, 1)],
        "connections": [list(pair) for pair in model.connections],
    }


def layer_record(index: int, saved: SavedLayer) -> dict[str, Any]:
    """One layer: index, name, class, hyperparameters, sizes of learnables, and how it reads.

    A layer that cannot be built is described from its fields, with what is wrong in "problem".
    """
    try:
        layer = saved.build()
    except MatlabCompatError as error:
        described = _from_fields(saved)
        described["problem"] = error.what
    else:
        described = _from_layer(layer)
        if (refusal := layer.refusal()) is not None:
            described["refused"] = refusal.what
    return {"index": index, "name": saved.name, "class": saved.class_name, **described}


def _from_layer(layer: Layer) -> dict[str, Any]:
    shown = {n: p for n, p in layer.properties.items() if p.group == HYPERPARAMETERS}
    arrays = {name: layer.values[name] for name in layer.parameters()}
    return {
        "type": layer.type_text,
        "description": layer.description(),
        "hyperparameters": {name: jsonable(layer.values[name]) for name in shown},
        "learnables": {name: list(a.shape) for name, a in arrays.items() if a.size},
        "other": {name: jsonable(value) for name, value in layer.extra.items()},
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
