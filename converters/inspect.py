"""What is in a MAT-file, without running or building more than a description needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any, TypedDict, Unpack

from matlab_compat.data_format import dlarray
from matlab_compat.errors import MatFileError

from .code import Code, using
from .find import Found, find_models
from .identify.values import identified
from .kinds import Standing
from .matfile import DEFAULT_LIMITS, Limits, MatFile, VariableInfo, open_mat
from .matfile.datetimes import Datetime
from .matfile.plain import CONVERTERS
from .matfile.values import Damaged, Table, mat_shape
from .walk import may_hold_models, root_of


class Inspecting(TypedDict, total=False):
    """The keywords of :func:`inspect`."""

    layer_class: str | None
    code: Code
    limits: Limits
    encoding: str | None


@contextmanager
def opened(
    path: str | PathLike[str],
    variable: str | None,
    layer_class: str | None = None,
    code: Code = (),
    limits: Limits = DEFAULT_LIMITS,
    encoding: str | None = None,
) -> Iterator[tuple[MatFile, list[Found]]]:
    """The open file with the models found in it."""
    with using(code, limits.code), open_mat(path, limits=limits, encoding=encoding) as mat:
        yield mat, find_models(mat, variable, layer_class)


def inspect(
    path: str | PathLike[str], variable: str | None = None, **how: Unpack[Inspecting]
) -> dict[str, Any]:
    """The document ``matlab_compat.inspect/1``: the file, its variables, layers and connections.

    Parameters
    ----------
    path:
        A MAT-file.
    variable:
        This variable only.
    how:
        ``layer_class`` and ``code`` as for :func:`converters.load`, ``limits`` and ``encoding`` as
        for :func:`converters.open_mat`.

    Raises
    ------
    MatFileError, FileAccessError, VariableNotFoundError
        The file cannot be read, or has no such variable.

    Examples
    --------
    >>> inspect("fixtures/same_odd.v7.mat")["level"]
    '7'
    """
    with opened(path, variable, **how) as (mat, found):
        return document(mat, found, variable)


def document(mat: MatFile, found: list[Found], variable: str | None = None) -> dict[str, Any]:
    """What :func:`inspect` says of an open file and the models found in it."""
    roots = {root_of(variable or ""), *(root_of(f.path) for f in found)}
    shown = [v for v in mat.variables if variable is None or v.name in roots]
    return {
        "schema": "matlab_compat.inspect/1",
        "file": str(mat.path),
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
    # Weights deep in a struct are those of a model, such as the parameters of a training loop.
    loose = all(f.standing is Standing.LOOSE and f.path != info.name for f in models)
    known = identified(mat, info) if loose and may_hold_models(info.class_name) else []
    models = [] if any("parameters" in one.shown for one in known) else models
    if len(models) == 1 and models[0].path == info.name:
        record.update(models[0].record())
    elif models:
        record["models"] = [{"path": f.path, "name": f.name, **f.record()} for f in models]
    elif known:
        record["known"] = [
            {"path": one.path, "what": one.what, "is_model": one.is_model, **one.shown}
            for one in known
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
    """What the variables make up together belongs to none of them: it stands beside them."""
    models = [f.record() for f in found if not f.path]
    if any(f.standing is Standing.NETWORK for f in found if not f.path):
        return models[0]
    layers = [record for model in models for record in model["layers"]]
    weights = [model["loose"] for model in models if "loose" in model]
    return {**({"layers": layers} if layers else {}), **({"loose": weights[0]} if weights else {})}
