"""From a path to the options that a network was trained with."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike

import numpy as np

from matlab_compat.errors import AmbiguousLayerError, MatFileError, VariableNotFoundError, locating
from matlab_compat.training_options import TrainingOptions
from matlab_compat.training_options import load_training_options as options_of
from matlab_compat.wording import argument

from .find import is_under, may_hold_models
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import MatObject, Value
from .saved import children, object_fields

#: What the classes of options are called, before the name of the solver.
_CLASSES = "nnet.cnn.TrainingOptions"


def load_training_options(
    path: str | PathLike[str], variable: str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> TrainingOptions:
    """The options that ``trainingOptions`` made and ``save`` wrote.

    Parameters
    ----------
    variable:
        Look into this variable only; ``"s.options"`` looks deeper.

    Raises
    ------
    VariableNotFoundError
        There are none in the file (or the variable).
    AmbiguousLayerError
        There are several, and none was chosen.
    UsageError, PropertyError
        They are those of another solver, or hold a value that MATLAB would refuse.
    FileAccessError, MatFileError
        The file cannot be read, or is no sound MAT-file.
    """
    with open_mat(path, limits=limits) as mat, locating(str(path)):
        where, saved = _the_only(list(_found(mat, variable)))
        with locating(where):
            fields = object_fields(saved)
            if "LearnRateSchedule" in fields:
                fields = {**fields, "LearnRateSchedule": _schedule(fields["LearnRateSchedule"])}
            return options_of(fields, saved.class_name)


def _schedule(value: Value) -> object:
    """A schedule of R2024b, an object or a cell of them, as its properties with ``class``."""
    if isinstance(value, MatObject):
        return {**object_fields(value), "class": value.class_name}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_schedule(one) for one in value.ravel(order="F")]
    return value


def _the_only(found: list[tuple[str, MatObject]]) -> tuple[str, MatObject]:
    if not found:
        raise VariableNotFoundError(
            "There are no training options in it.",
            remedy="in MATLAB: options = trainingOptions(...); save('options.mat', 'options').",
        )
    if len(found) > 1:
        names = ", ".join(where for where, _ in found)
        raise AmbiguousLayerError(
            f"There are {len(found)} training options in it: {names}.",
            remedy=f"choose one: {argument('variable', found[0][0])}.",
        )
    return found[0]


def _found(mat: MatFile, variable: str | None) -> Iterator[tuple[str, MatObject]]:
    """The options among the variables, and in their structs and cells."""
    if variable is None:
        roots = [info.name for info in mat.variables if may_hold_models(info.class_name)]
    else:
        roots = [variable.replace("{", ".").replace("(", ".").split(".")[0]]
    stack: list[tuple[str, Value]] = []
    for name in reversed(roots):
        try:
            stack.append((name, mat[name]))
        except MatFileError:
            if variable is not None:  # else: a damaged variable does not hide the options beside it
                raise
    while stack:
        where, value = stack.pop()
        if isinstance(value, MatObject):
            if value.class_name.startswith(_CLASSES) and (
                variable is None or is_under(where, variable)
            ):
                yield where, value
        else:
            stack += [(where + step, item) for step, item in reversed(list(children(value)))]
