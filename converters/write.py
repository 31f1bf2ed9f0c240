"""Values into a MAT-file: what ``open_mat`` gives, and plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, cast, get_args

import numpy as np

from matlab_compat.arrays import cell_array
from matlab_compat.data_format import dlarray
from matlab_compat.errors import UsageError, locating

from .matfile import values, writer
from .matfile.datetimes import Datetime
from .matfile.values import SparseArray, StructArray, Value, mat_class, sound

#: Whole numbers beyond it are not all doubles.
_LARGEST_DOUBLE = 2**53
_DEEPEST = 100
#: How to write what MATLAB keeps as an object, by the type that it has here.
_REMEDIES: dict[type, str] = {
    dlarray: "write x.extractdata() and, beside it, x.dims(); in MATLAB dlarray(X, d)",
    values.Categorical: "write x.codes and x.categories; in MATLAB "
    "categorical(codes, 1:numel(c), c)",
    values.Table: "write its columns as a struct: dict(x); in MATLAB struct2table(s)",
    values.Map: "write it as a struct: dict(x), if its keys are names; in MATLAB fieldnames(s)",
    Datetime: "write x.utc.astype('int64') / 1e6, seconds since 1970, and x.time_zone; in MATLAB "
    "datetime(s, 'ConvertFrom', 'posixtime', 'TimeZone', z)",
    values.FunctionHandle: "write its text: x.text; in MATLAB str2func(t)",
    values.MatObject: "write its values as a struct: x.properties",
    values.ObjectArray: "write the values of its elements: [e.properties for e in x.elements]",
}
_REMEDY_OF_KIND = {
    "S": "write texts: x.astype(str).astype(object) is a cell of them",
    "V": "write a struct of its fields: {name: x[name] for name in x.dtype.names}",
    "T": "write a cell of texts: x.astype(object); in MATLAB string(c)",
    "M": "write seconds since 1970: x.astype('datetime64[us]').astype('int64') / 1e6; in MATLAB "
    "datetime(s, 'ConvertFrom', 'posixtime')",
    "m": "write seconds: x.astype('timedelta64[us]').astype('int64') / 1e6; in MATLAB seconds(s)",
}


def write_mat(
    path: str | PathLike[str],
    variables: Mapping[str, Any],
    *,
    version: str = "7",
    overwrite: bool = False,
) -> None:
    """Write variables to a MAT-file that MATLAB, Octave and scipy read.

    The file appears whole or not at all: it is written beside its place, read back, compared and
    only then given its name.

    Parameters
    ----------
    path:
        The file to make, ``.mat``.
    variables:
        Variable name to value; an open :class:`MatFile` will do. Values are those that
        :func:`open_mat` gives (``docs/values.md``) or plain Python:

        * arrays of at least two dimensions in MATLAB's own size; numbers and 0-d arrays are 1 x 1
          (``int`` and ``float`` are ``double``), scipy's sparse matrices are sparse;
        * ``str`` is a row of ``char``;
        * a ``list`` or ``tuple`` is a 1 x n cell, an array of ``object`` a cell of its own size;
        * a ``dict`` or 1 x 1 :class:`StructArray` is a struct.
    version:
        As for MATLAB's ``save``: ``"6"`` (level 5, not compressed), ``"7"`` (compressed; at most
        2 GiB for each variable) or ``"7.3"`` (HDF5). ``"-v7.3"`` is the same.
    overwrite:
        Replace a file of that name. It stays as it was if anything fails.

    Raises
    ------
    UsageError
        Something has no form in a MAT-file, or MATLAB keeps it as an object (strings, tables,
        categoricals, datetimes, maps, dlarrays ...); the message says what to write instead. Or the
        file exists.
    MatFileError
        A value is damaged.
    FileAccessError
        The folder cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> from converters import open_mat, write_mat
    >>> write_mat("run.mat", {"X": np.eye(2), "info": {"name": "run 7", "steps": [1, "two"]}})
    >>> with open_mat("run.mat") as mat:
    ...     mat["info"].to_dict()
    {'name': 'run 7', 'steps': [array([[1.]]), 'two']}
    """
    level = str(version).removeprefix("-").removeprefix("v")
    if level not in get_args(writer.Level):
        raise UsageError(
            f"version is {version!r}.", where=(str(path),), remedy="use '6', '7' or '7.3'."
        )
    with locating(str(path)):
        if not isinstance(variables, Mapping):
            raise UsageError(
                f"Variables are given by their names, not as {type(variables).__name__}.",
                remedy="pass a dict: {'X': X}.",
            )
        neutral = {name: _located(str(name), variables[name], 0) for name in variables}
    writer.write_mat(path, neutral, level=cast(writer.Level, level), overwrite=overwrite)


def _located(step: str, value: Any, depth: int) -> Value:
    with locating(step):
        if depth > _DEEPEST:
            raise UsageError(f"Values are nested more than {_DEEPEST} deep.", remedy="nest less.")
        return _neutral(sound(value), depth)


def _neutral(value: Any, depth: int) -> Value:
    """The neutral value of one that may be plain Python."""
    if type(value) in _REMEDIES:
        raise _no_form(mat_class(value), _REMEDIES[type(value)])
    if isinstance(value, str):
        return str(value)
    if isinstance(value, StructArray):
        return _struct(value, depth)
    if isinstance(value, SparseArray):
        return value
    if isinstance(value, Mapping):
        fields = {name: [_located(f".{name}", value[name], depth + 1)] for name in value}
        return StructArray((1, 1), fields)
    if isinstance(value, list | tuple):
        items = np.fromiter(value, object, len(value))
        return _cell(items.reshape((1, -1) if value else (0, 0)), depth)
    if hasattr(value, "tocsc"):
        return _sparse(value)
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray):
        return _array(value, depth)
    raise _no_form(
        type(value).__name__,
        "np.zeros((0, 0)) is MATLAB's []."
        if value is None
        else "give arrays, text, lists or dicts.",
    )


def _struct(value: StructArray, depth: int) -> StructArray:
    single = value.shape == (1, 1)
    fields = {
        name: [
            _located(f".{name}" if single else f"({i}).{name}", item, depth + 1)
            for i, item in enumerate(items, 1)
        ]
        for name, items in value.fields.items()
    }
    return StructArray(value.shape, fields)


def _cell(value: np.ndarray[Any, Any], depth: int) -> Value:
    items = value.ravel(order="F")
    made = (_located(f"{{{i}}}", item, depth + 1) for i, item in enumerate(items, 1))
    return cell_array(made, value.shape)


def _array(value: Any, depth: int) -> Value:
    if type(value) is int:
        if abs(value) > _LARGEST_DOUBLE:
            raise UsageError(
                f"{value} is no double of MATLAB's exactly.", remedy="give np.int64(...) of it."
            )
        value = float(value)
    if np.ma.isMaskedArray(value):
        raise _no_form("masked array", "write x.filled(np.nan), or x.data and x.mask.")
    array = np.asarray(value)
    if array.dtype.kind in _REMEDY_OF_KIND:
        name = {"S": "bytes", "V": "record"}.get(array.dtype.kind) or mat_class(array)
        raise _no_form(name, _REMEDY_OF_KIND[array.dtype.kind])
    if array.ndim == 0:
        array = array.reshape(1, 1)
    # MATLAB has no arrays of words: a row of single characters is text.
    if array.dtype.kind == "U" and array.shape[:-1] == (1,) and {*map(len, array.flat)} == {1}:
        return "".join(array.flat)
    return _cell(array, depth) if array.dtype == object else array


def _sparse(value: Any) -> SparseArray:
    """A scipy matrix of any format, its entries in order."""
    matrix = value.tocsc(copy=True)
    matrix.sum_duplicates()
    shape = tuple(int(extent) for extent in matrix.shape)
    indices, starts = (part.astype(np.int64) for part in (matrix.indices, matrix.indptr))
    return SparseArray(shape, matrix.data, indices, starts)


def _no_form(name: str, remedy: str) -> UsageError:
    return UsageError(f"Values of class {name} are not written to a MAT-file.", remedy=remedy)
