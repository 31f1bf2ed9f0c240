"""Arrays in MAT-files: inputs, expected outputs and activations, by name."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.data_format import dlarray
from matlab_compat.errors import (
    MatlabCompatError,
    NotAMatFileError,
    PropertyError,
    UsageError,
    locating,
)
from matlab_compat.plain_text import plain_texts

from .identify.files import kind_of_file
from .matfile import DEFAULT_LIMITS, Limits, MatFile, VariableInfo, open_mat
from .matfile.values import (
    Categorical,
    Damaged,
    SparseArray,
    StructArray,
    Value,
    cell_items,
    is_numeric,
    mat_class,
)

if TYPE_CHECKING:
    from matlab_compat.parity.categories import Labels

log = logging.getLogger(__name__)

_LABELS = ("categorical", "string")
_NUMERIC = r"double|single|u?int\d+|logical|dlarray|gpuArray"

#: Names under which the activations of layers lie in a file: a struct with a field for each layer.
ACTIVATION_NAMES = ("activations",)


def read_array(
    argument: str,
    names: tuple[str, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
    *,
    labels: bool = False,
    whole: bool = False,
) -> Any:
    """The array that ``FILE`` or ``FILE:VARIABLE`` names; ``s.X`` and ``res{2}`` reach inside.

    Without a variable: the one of ``names`` that the file has, or its only numeric variable or
    cell array of sequences, which comes as a list of arrays. With ``labels``, categorical arrays
    and texts come as :class:`matlab_compat.parity.labels.Labels`. A cell that is ``whole`` comes as
    it is.

    Raises ``UsageError``: the file has several arrays and none was named; ``PropertyError``: what
    was named is not numeric.
    """
    value, where = read_value(argument, names, limits, labels=labels)
    return data(value, where, labels=labels, whole=whole)


def read_value(
    argument: str,
    names: tuple[str, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
    *,
    labels: bool = False,
) -> tuple[Value, tuple[str, ...]]:
    """As :func:`read_array`, whatever it is, and where it is."""
    path, variable = split_argument(argument)
    with _opened(path, limits) as mat:
        if variable is None:
            variable = pick(mat, names) or _only_array(mat, labels=labels)
            log.info("%s: took the variable %s", path, variable)
        root, *steps = re.findall(r"\w+|\{\d+\}|\(\d+\)", variable)
        value, where = mat[root], (str(path), variable)
        for step in steps:
            value = _element(value, step, where)
        return value, where


def _opened(path: str, limits: Limits) -> MatFile:
    try:
        return open_mat(path, limits=limits)
    except NotAMatFileError as error:
        kind = kind_of_file(Path(path))
        error.remedy = (kind and kind.remedy_for_data) or error.remedy
        raise


def split_argument(argument: str) -> tuple[str, str | None]:
    r"""``FILE:VARIABLE`` apart; a colon that belongs to the path (``C:\x.mat``) stays there."""
    match = re.fullmatch(r"(.+):([A-Za-z]\w*(?:\.\w+|\{\d+\}|\(\d+\))*)", argument)
    if match is None or Path(argument).exists():
        return argument, None
    return match.group(1), match.group(2)


def texts_of(given: str | Sequence[str] | None) -> list[str]:
    """What a parameter names that takes one text or several."""
    texts = () if given is None else plain_texts(given)
    return [texts] if isinstance(texts, str) else list(texts)


def unlabelled(value: Any) -> Any:
    """The plain array of a ``dlarray``, or those of a list of them; others as they are."""
    if isinstance(value, list):
        return [unlabelled(item) for item in value]
    return value.extractdata() if isinstance(value, dlarray) else value


def writable(array: Array) -> Array:
    """A result as MAT-files hold it: single for half, at least two dimensions, column-major."""
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    return np.asfortranarray(array[..., np.newaxis] if array.ndim == 1 else array)


def pick(values: MatFile | dict[str, Value], names: tuple[str, ...]) -> str | None:
    """The first of ``names`` among the keys, without regard to case."""
    lower = {key.lower(): key for key in reversed(list(values))}
    return next((lower[name.lower()] for name in names if name.lower() in lower), None)


def numeric(
    value: Value, where: tuple[str, ...], *, cells: bool = True, whole: bool = False
) -> Any:
    """``value`` as a numeric array, or as a list of them for a cell array (if ``cells``).

    A cell that is ``whole`` stays one, whatever its size.

    A labelled ``dlarray`` stays one.

    Raises ``PropertyError``: it is neither; ``MatFileError``: it could not be decoded.
    """
    if isinstance(value, Damaged):
        with locating(*where):
            value.get()
    if is_numeric(value):
        return value
    if cells and isinstance(value, np.ndarray) and value.dtype == object and (value.size or whole):
        elements = enumerate(value.ravel(order="F"), 1)
        items = [numeric(item, (*where, f"{{{i}}}")) for i, item in elements]
        return value if whole else items
    remedy = "save the scores: Y = predict(net, X)." if isinstance(value, Categorical) else ""
    is_empty = isinstance(value, np.ndarray) and value.dtype == object and not value.size
    what = "an empty cell array" if is_empty else mat_class(value)
    said = f"A numeric array belongs here, not {what}."
    if isinstance(value, SparseArray):  # its class is that of a full array
        said, remedy = "A full array belongs here, not a sparse one.", "in MATLAB: X = full(X)."
    raise PropertyError(said, where=where, remedy=remedy)


def data(
    value: Value,
    where: tuple[str, ...],
    *,
    cells: bool = True,
    labels: bool = False,
    whole: bool = False,
) -> Any:
    """As :func:`numeric`; with ``labels``, categorical arrays and texts come as labels."""
    found = _as_labels(value) if labels else None
    return numeric(value, where, cells=cells, whole=whole) if found is None else found


def _as_labels(value: Value) -> Labels | list[Labels] | None:
    """Labels, or those of each sequence in a cell array; None if it is something else."""
    from matlab_compat.parity.categories import Labels

    if isinstance(value, Categorical):
        return Labels(tuple(value.labels()), value.codes.shape, tuple(value.categories))
    if not isinstance(value, np.ndarray) or not value.size:
        return None
    items = value.ravel(order="F").tolist()
    if value.dtype.kind in "UT" or (value.dtype == object and _all(items, str)):
        return Labels(tuple(map(str, items)), value.shape)
    if value.dtype == object and _all(items, Categorical):
        return [Labels(tuple(c.labels()), c.codes.shape, tuple(c.categories)) for c in items]
    return None


def _all(items: list[Any], kind: type) -> bool:
    return all(isinstance(item, kind) for item in items)


def _element(value: Value, step: str, where: tuple[str, ...]) -> Value:
    """``{2}`` of a cell array, ``(2)`` of a struct array, the field ``X`` of a struct."""
    index = int(step[1:-1]) - 1 if step[0] in "{(" else 0
    items = cell_items(value) if step[0] == "{" else []
    if isinstance(value, StructArray) and step[0] == "(":
        items = list(value)
    elif isinstance(value, StructArray) and value.shape == (1, 1) and step in value:
        items = [value[step]]
    if not 0 <= index < len(items):
        what = "element" if step[0] in "{(" else "field"
        raise UsageError(f"There is no {what} '{step}' there.", where=where)
    return items[index]


def _only_array(mat: MatFile, *, labels: bool) -> str:
    """The one variable that holds data: an array, a cell array of sequences, or labels."""
    having = [v.name for v in mat.variables if _holds_data(mat, v, labels=labels)]
    if len(having) == 1:
        return having[0]
    if having:
        said = f"The file has {len(having)} arrays: {', '.join(having)}."
        remedy = f"name one: {mat.path}:{having[0]}."
    else:
        every = ", ".join(f"{v.name} ({v.class_name})" for v in mat.variables[:8])
        wanted = "a numeric array, or a cell array of them for sequences,"
        said = f"The file has {every or 'no variables'}; {wanted} is needed."
        remedy = _instead(mat)
    raise UsageError(said, where=(str(mat.path),), remedy=remedy)


def _instead(mat: MatFile) -> str:
    """What to name or save where no variable of a file is an array."""
    inside = (
        f"{info.name}.{field}"
        for info in mat.variables
        if info.class_name == "struct"
        for value in [mat[info.name]]
        if isinstance(value, StructArray) and value.shape == (1, 1)
        for field in value.fields
        if isinstance(item := value[field], np.ndarray) and item.dtype.kind in "biufc"
    )
    if (found := next(inside, None)) is not None:
        return f"name what is inside: {mat.path}:{found}."
    if any(info.class_name == "sparse" for info in mat.variables):
        return "in MATLAB, save the full array: X = full(X); save('X.mat', 'X')."
    return "name another file, or in MATLAB save the array: save('X.mat', 'X')."


def _holds_data(mat: MatFile, info: VariableInfo, *, labels: bool) -> bool:
    if re.fullmatch(_NUMERIC, info.class_name):
        return True
    if info.class_name != "cell" and not (labels and info.class_name in _LABELS):
        return False
    try:
        data(mat[info.name], (), labels=labels)
    except MatlabCompatError:
        return False  # a cell array of something else
    return True
