"""The outputs of a model in a file, in the format that the file's ending names.

All formats keep MATLAB's order and sizes: ``Y(i, j, k)`` of MATLAB is ``Y[i-1, j-1, k-1]``. What
was written is read back and compared before the file gets its name.

``.mat``
    A variable for each output; sequences are a cell array, n×1.
``.npy``
    One output that is one array.
``.npz``
    An array for each output, under its name; sequences are arrays ``Y{1}``, ``Y{2}`` ...
``.csv``
    One output that is a matrix (dimensions of size 1 at the end do not count, as in MATLAB): a line
    for each row, numbers apart by commas, written so that they read back exactly; NaN, Inf, -Inf as
    MATLAB's ``writematrix`` writes them. More dimensions are refused: no layout is agreed upon.
``.json``
    The document ``matlab_compat.predict/1`` (docs/json.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.display import size_text
from matlab_compat.errors import CorruptFileError, UsageError, locating
from matlab_compat.finite_json import finite_json

from .atomic import new_file
from .endings import ending_of
from .formats.mat_struct import level_for
from .matfile.values import Value, mat_class
from .matfile.writer import write_mat
from .npz import write_npz

Outputs = Mapping[str, Array]

#: Formats that hold one output only.
_ONE = (".npy", ".csv")


def check_output(path: str | PathLike[str], names: Sequence[str]) -> None:
    """Say before a model runs that its outputs could not be written to ``path``.

    Raises ``UsageError``: its ending names no format, or one that cannot hold as many outputs.
    """
    ending = ending_of(path, list(WRITERS), "An output")
    if ending in _ONE and len(names) > 1:
        raise UsageError(
            f"A {ending} file holds one output, and the model has {len(names)}: "
            f"{', '.join(names)}.",
            where=(str(path),),
            remedy="write them as .mat, .npz or .json.",
        )


def write_outputs(path: str | PathLike[str], outputs: Outputs, *, overwrite: bool = False) -> None:
    """Write outputs to a file, in the format of its ending (see the head of this module).

    Parameters
    ----------
    outputs:
        Name to array in MATLAB's order, or to a cell array (n×1, of objects) of sequences.

    Raises
    ------
    UsageError
        The ending names no format, or one that cannot hold these outputs; or the file exists and
        ``overwrite`` is not set.
    FileAccessError
        It cannot be written.
    """
    check_output(path, list(outputs))
    write = WRITERS[Path(path).suffix.lower()]
    if write is None:  # checks what it wrote by itself
        write_mat(path, outputs, level=level_for(outputs.values()), overwrite=overwrite)
        return
    with new_file(path, overwrite=overwrite) as temporary, locating(str(path)):
        write(temporary, outputs)


def _npy(path: Path, outputs: Outputs) -> None:
    array = _only(outputs, ".npy")
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, array, allow_pickle=False)
    _same(np.load(path), array)


def _npz(path: Path, outputs: Outputs) -> None:
    arrays: dict[str, Array] = {}
    for name, value in outputs.items():
        cells = {f"{name}{{{i}}}": item for i, item in enumerate(value.flat, 1)}
        arrays |= cells if value.dtype == object else {name: value}
    write_npz(path, arrays)
    with np.load(path) as found:
        for name, array in arrays.items():
            _same(found[name], array)


def _csv(path: Path, outputs: Outputs) -> None:
    array = _only(outputs, ".csv")
    while array.ndim > 2 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim > 2:
        raise UsageError(
            f"The output is {size_text(array.shape)}: a .csv file holds a matrix.",
            remedy="write it as .mat, .npy, .npz or .json.",
        )
    if array.dtype.kind == "c" or not array.size:
        what = "empty" if not array.size else "complex"
        raise UsageError(
            f"The output is {what}, which a .csv file cannot say.", remedy="write it as .mat."
        )
    lines = (",".join(map(_figure, row)) for row in array.tolist())
    path.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
    _same(np.loadtxt(path, delimiter=",", ndmin=2).astype(array.dtype), array)


def _figure(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Inf"


def _json(path: Path, outputs: Outputs) -> None:
    document = {
        "schema": "matlab_compat.predict/1",
        "outputs": {name: _described(value) for name, value in outputs.items()},
    }
    text = json.dumps(document, allow_nan=False)
    path.write_text(text + "\n", encoding="ascii", newline="\n")
    if json.loads(path.read_text(encoding="ascii")) != document:
        raise CorruptFileError("What was written does not read back as it was.")


def _described(value: Array) -> dict[str, Any]:
    cells = value.dtype == object
    data = [_described(item) for item in value.flat] if cells else finite_json(value.tolist())
    return {"class": mat_class(value), "size": list(value.shape), "data": data}


def _only(outputs: Outputs, ending: str) -> Array:
    (array,) = outputs.values()
    if array.dtype == object:
        raise UsageError(
            f"The output is {array.size} sequences, and a {ending} file holds one array.",
            remedy="write them as .mat, .npz or .json.",
        )
    return array


def _same(found: Array, written: Value) -> None:
    if not (found.dtype == written.dtype and np.array_equal(found, written, equal_nan=True)):
        raise CorruptFileError("What was written does not read back as it was.")


#: Ending to what writes the outputs into a new file; the MAT-file has a writer of its own.
WRITERS: dict[str, Callable[[Path, Outputs], None] | None] = {
    ".mat": None,
    ".npy": _npy,
    ".npz": _npz,
    ".csv": _csv,
    ".json": _json,
}
