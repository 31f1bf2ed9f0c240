"""From a path to the options that a network was trained with."""

from __future__ import annotations

from os import PathLike

import numpy as np

from matlab_compat.errors import AmbiguousLayerError, VariableNotFoundError, locating
from matlab_compat.training_options import TrainingOptions
from matlab_compat.training_options import load_training_options as options_of
from matlab_compat.wording import argument

from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import MatObject, Value
from .saved import object_fields
from .walk import Place, is_under, walk_all

#: What the classes of options are called, before the name of the solver.
_CLASSES = "nnet.cnn.TrainingOptions"


def load_training_options(
    path: str | PathLike[str], variable: str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> TrainingOptions:
    """The options that ``trainingOptions`` made and ``save`` wrote.

    Parameters
    ----------
    path, variable, limits:
        As for :func:`.agents.load_agent`.

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

    Examples
    --------
    >>> load_training_options("fixtures/same_odd.v7.mat")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    matlab_compat.errors.VariableNotFoundError: There are no training options in it...
    """
    with open_mat(path, limits=limits) as mat, locating(str(path)):
        where, saved = _the_only(_found(mat, variable))
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


def _found(mat: MatFile, variable: str | None) -> list[tuple[str, MatObject]]:
    """The options among the variables, and in their structs and cells."""

    def look(place: Place) -> tuple[list[tuple[str, MatObject]], bool]:
        value = place.value
        if not isinstance(value, MatObject):
            return [], True
        is_meant = variable is None or is_under(place.path, variable)
        is_meant = is_meant and value.class_name.startswith(_CLASSES)
        return [(place.path, value)] if is_meant else [], False

    return walk_all(mat, look, variable)
