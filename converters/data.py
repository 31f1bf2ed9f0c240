"""Arrays in MAT-files: inputs, expected outputs and activations, by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.errors import NotAMatFileError, PropertyError, UsageError, locating

from .identify.files import kind_of_file
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import Damaged, StructArray, Value, mat_class

_NUMERIC = r"double|single|u?int\d+|logical|dlarray|gpuArray"

#: Names under which the activations of layers lie in a file: a struct with a field for each layer.
ACTIVATION_NAMES = ("activations",)


def read_array(
    argument: str, names: tuple[str, ...] = (), limits: Limits = DEFAULT_LIMITS
) -> Value:
    """The array that ``FILE`` or ``FILE:VARIABLE`` names; ``s.X`` reaches into a struct.

    Without a variable: the one of ``names`` that the file has, or its only numeric variable. A
    cell array of sequences comes as a list of arrays.

    Raises
    ------
    UsageError
        The file has several arrays and none was named.
    PropertyError
        What was named is not numeric.
    """
    path, variable = split_argument(argument)
    with _opened(path, limits) as mat:
        if variable is None:
            variable = pick(mat, names) or _only_array(mat)
        root, *fields = variable.split(".")
        value = mat[root]
        for field in fields:
            value = _field(value, field, (str(path), variable))
        return numeric(value, (str(path), variable))


def _opened(path: str, limits: Limits) -> MatFile:
    try:
        return open_mat(path, limits=limits)
    except NotAMatFileError as error:
        kind = kind_of_file(Path(path))
        error.remedy = (kind and kind.remedy_for_data) or error.remedy
        raise


def split_argument(argument: str) -> tuple[str, str | None]:
    r"""``FILE:VARIABLE`` apart; a colon that belongs to the path (``C:\x.mat``) stays there."""
    match = re.fullmatch(r"(.+):([A-Za-z]\w*(?:\.\w+)*)", argument)
    if match is None or Path(argument).exists():
        return argument, None
    return match.group(1), match.group(2)


def unlabelled(value: Any) -> Any:
    """The plain array of a ``dlarray``, or those of a list of them; others as they are."""
    if isinstance(value, list):
        return [unlabelled(item) for item in value]
    return value.extractdata() if isinstance(value, dlarray) else value


def pick(values: MatFile | dict[str, Value], names: tuple[str, ...]) -> str | None:
    """The first of ``names`` among the keys, without regard to case."""
    lower = {key.lower(): key for key in reversed(list(values))}
    return next((lower[name.lower()] for name in names if name.lower() in lower), None)


def numeric(value: Value, where: tuple[str, ...], *, cells: bool = True) -> Any:
    """``value`` as a numeric array, or as a list of them for a cell array (if ``cells``).

    A labelled ``dlarray`` stays one.

    Raises
    ------
    PropertyError
        It is neither.
    MatFileError
        It could not be decoded.
    """
    if isinstance(value, Damaged):
        with locating(*where):
            value.get()
    if isinstance(value, dlarray) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "biufc"
    ):
        return value
    if cells and isinstance(value, np.ndarray) and value.dtype == object and value.size:
        return [numeric(item, where) for item in value.ravel(order="F")]
    raise PropertyError(f"A numeric array belongs here, not {mat_class(value)}.", where=where)


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
