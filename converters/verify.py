"""From a file to the verdict whether the layer computes what MATLAB saved."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matlab_compat.errors import (
    NothingToCompareError,
    PropertyError,
    UnsupportedLayerError,
    UsageError,
    enough_memory,
    locating,
)
from matlab_compat.layers import Layer, TransposedConvolution2DLayer

from .find import Found, choose_layer, find_models
from .load import build
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import StructArray, Value, mat_class
from .readers.exported import INPUT_NAMES, OUTPUT_NAMES
from .saved import SavedLayer

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike
    from matlab_compat.parity import Comparison, Tolerance
    from matlab_compat.parity.verify import Report

_REMEDY = (
    "in MATLAB, beside the layer: X = ...; Y = extractdata(predict(dlnetwork(layer), "
    "dlarray(X, 'SSCB'))); save('layer.mat', 'layer', 'X', 'Y'), or name files with "
    "--input and --expected."
)
_NUMERIC = r"double|single|u?int\d+|logical"


@dataclass(frozen=True)
class _Task:
    """One layer with its input and MATLAB's output."""

    name: str
    layer: Layer
    X: Value
    Y: Value


def verify(
    path: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    input: str | None = None,
    expected: str | None = None,
    data_format: str = "SSCB",
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    tolerance: Tolerance | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Report:
    """Run the layer in a MAT-file and compare with the output that MATLAB saved.

    Parameters
    ----------
    path, variable, layer:
        As for :func:`converters.load`. Where no layer is chosen, every layer that has an input
        and an output beside it (in its struct, or in the file) is verified.
    input, expected:
        ``FILE`` or ``FILE:VARIABLE``; by default ``X`` (or ``input``) and ``Y`` (or ``output``,
        ``expected``) beside the layer.
    data_format, device, dtype, tolerance:
        As for :func:`matlab_compat.parity.verify.verify_layer`.

    Raises
    ------
    NothingToCompareError
        The input or the expected output is missing, empty, all NaN ...
    MatlabCompatError
        Whatever :func:`converters.load` raises.
    """
    from matlab_compat.parity.verify import Report, verify_layer

    with open_mat(path, limits=limits) as mat:
        tasks = _tasks(mat, variable, layer, input, expected, limits)
    outputs: list[Comparison] = []
    for task in tasks:
        with locating(str(path)), enough_memory():
            done = verify_layer(
                _runnable(task.layer),
                task.X,
                task.Y,
                data_format=data_format,
                device=device,
                dtype=dtype,
                tolerance=tolerance,
                name=task.name,
            )
        outputs += done.outputs
    environment = {**done.environment, "file": str(path), "sha256": sha256(path)}
    return Report(tuple(outputs), environment)


def sha256(path: str | PathLike[str]) -> str:
    """The SHA-256 of a file, so that a report says which bytes it is about."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _runnable(layer: Layer) -> TransposedConvolution2DLayer:
    if not isinstance(layer, TransposedConvolution2DLayer):
        raise UnsupportedLayerError(f"{layer.matlab_class} cannot be verified by this version.")
    return layer


def _tasks(
    mat: MatFile,
    variable: str | None,
    layer: str | int | None,
    input: str | None,
    expected: str | None,
    limits: Limits,
) -> list[_Task]:
    found = find_models(mat, variable)
    chosen = _with_data(found) if layer is None and input is None and expected is None else []
    if not chosen:
        chosen = [choose_layer(found, layer, str(mat.path))]
    tasks = []
    for saved, at in chosen:
        built = build(mat, saved)  # first: a layer that cannot be run is the news, not its data
        X = _data(mat, at, INPUT_NAMES, input, "input", limits)
        Y = _data(mat, at, OUTPUT_NAMES, expected, "expected output", limits)
        name = "Y" if len(chosen) == 1 else f"{at.path}.Y"
        tasks.append(_Task(name, built, X, Y))
    return tasks


def _with_data(found: list[Found]) -> list[tuple[SavedLayer, Found]]:
    """The layers that have their own input and output in the same struct."""
    return [
        (f.model, f)
        for f in found
        if isinstance(f.model, SavedLayer)
        and _pick(f.beside, INPUT_NAMES) is not None
        and _pick(f.beside, OUTPUT_NAMES) is not None
    ]


def _pick(values: MatFile | dict[str, Value], names: tuple[str, ...]) -> str | None:
    """The first of ``names`` among the keys, without regard to case."""
    lower = {key.lower(): key for key in reversed(list(values))}
    return next((lower[name.lower()] for name in names if name.lower() in lower), None)


def _data(
    mat: MatFile,
    found: Found,
    names: tuple[str, ...],
    argument: str | None,
    what: str,
    limits: Limits,
) -> Value:
    if argument is not None:
        return read_array(argument, names, limits)
    for values in (found.beside, mat):
        name = _pick(values, names)
        if name is not None:
            return _numeric(values[name], (str(mat.path), name))
    raise NothingToCompareError(
        f"There is no {what} beside the layer: none of {', '.join(names)}.",
        where=(str(mat.path),),
        remedy=_REMEDY,
    )


def read_array(
    argument: str, names: tuple[str, ...] = (), limits: Limits = DEFAULT_LIMITS
) -> Value:
    """The array that ``FILE`` or ``FILE:VARIABLE`` names; ``s.X`` reaches into a struct.

    Without a variable: the one of ``names`` that the file has, or its only numeric variable.

    Raises
    ------
    UsageError
        The file has several arrays and none was named, or what was named is not numeric.
    """
    path, variable = split_argument(argument)
    with open_mat(path, limits=limits) as mat:
        if variable is None:
            variable = _pick(mat, names) or _only_array(mat)
        root, *fields = variable.split(".")
        value = mat[root]
        for field in fields:
            value = _field(value, field, (str(path), variable))
        return _numeric(value, (str(path), variable))


def split_argument(argument: str) -> tuple[str, str | None]:
    r"""``FILE:VARIABLE`` apart; a colon that belongs to the path (``C:\x.mat``) stays there."""
    match = re.fullmatch(r"(.+):([A-Za-z]\w*(?:\.\w+)*)", argument)
    if match is None or Path(argument).exists():
        return argument, None
    return match.group(1), match.group(2)


def _field(value: Value, field: str, where: tuple[str, ...]) -> Value:
    if isinstance(value, StructArray) and value.shape == (1, 1) and field in value:
        return value[field]
    raise UsageError(f"There is no field '{field}' there.", where=where)


def _only_array(mat: MatFile) -> str:
    arrays = [v.name for v in mat.variables if re.fullmatch(_NUMERIC, v.class_name)]
    if len(arrays) == 1:
        return arrays[0]
    raise UsageError(
        f"The file has {len(arrays) or 'no'} arrays: {', '.join(arrays) or 'name another file'}.",
        where=(str(mat.path),),
        remedy=f"name one: {mat.path}:{arrays[0] if arrays else 'X'}.",
    )


def _numeric(value: Value, where: tuple[str, ...]) -> Value:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return value
    raise PropertyError(f"A numeric array belongs here, not {mat_class(value)}.", where=where)
