"""A layer back into a MAT-file, as a plain struct that MATLAB and ``load`` read."""

from __future__ import annotations

from os import PathLike
from typing import Any, Literal

import numpy as np

from matlab_compat.errors import UsageError
from matlab_compat.layers import Layer

from .matfile.values import StructArray, Value
from .matfile.writer import write_mat

Level = Literal["6", "7", "7.3"]


def save_layer(
    layer: Layer,
    path: str | PathLike[str],
    *,
    variable: str = "layer",
    level: Level = "7",
    overwrite: bool = False,
) -> None:
    """Write ``layer`` as a scalar struct of its properties, with its class name in ``Class``.

    ``load(path)`` gives the same layer back exactly. In MATLAB, ``s = load(path).layer`` has the
    fields that ``transposedConv2dLayer`` takes.

    Raises
    ------
    UsageError
        A property that no MAT-file can hold (an initializer that is a Python function), or the
        file exists and ``overwrite`` is not set.
    FileAccessError
        The place cannot be written.
    """
    fields = {name: _field(name, layer._values[name]) for name in layer.properties}
    struct = StructArray.scalar(Class=layer.matlab_class, **fields)
    write_mat(path, {variable: struct}, level=level, overwrite=overwrite)


def _field(name: str, value: Any) -> Value:
    if callable(value):
        raise UsageError(
            f"{name} is a Python function, which a MAT-file cannot hold.",
            where=(name,),
            remedy=f"layer.initialize(...), then set {name} to the name of an initializer.",
        )
    if value is None:
        return np.zeros((0, 0))
    if isinstance(value, str | np.ndarray):
        return value
    if isinstance(value, bool):
        return np.array([[value]])
    return np.atleast_2d(np.asarray(value, dtype=np.float64))
