"""From a path to the options that a network was trained with."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from matlab_compat.errors import VariableNotFoundError, locating

from .choose import the_object
from .matfile import DEFAULT_LIMITS, Limits, MatFile
from .matfile.values import MatObject, Value
from .saved import object_fields
from .walk import objects_in

if TYPE_CHECKING:
    from matlab_compat.training_options import TrainingOptions

#: What the classes of options are called, before the name of the solver.
_CLASSES = "nnet.cnn.TrainingOptions"


def load_training_options(
    path: str | PathLike[str], variable: str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> TrainingOptions:
    """The options that ``trainingOptions`` made and ``save`` wrote.

    Raises ``VariableNotFoundError``: there are none in the file (or the variable); ``UsageError``,
    ``PropertyError``: they are those of another solver, or hold a value that MATLAB would refuse;
    and as :func:`.agents.load_agent`.

    Parameters
    ----------
    path, variable, limits:
        As for :func:`.agents.load_agent`.

    Examples
    --------
    >>> load_training_options("fixtures/same_odd.v7.mat")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    matlab_compat.errors.VariableNotFoundError: There are no training options in it...
    """
    from matlab_compat.training_options import load_training_options as options_of

    missing = VariableNotFoundError(
        "There are no training options in it.",
        remedy="in MATLAB: options = trainingOptions(...); save('options.mat', 'options').",
    )
    chosen = the_object(path, variable, limits, _options_in, "training options", missing)
    with chosen as (_, where, saved), locating(where):
        fields = object_fields(saved)
        if "LearnRateSchedule" in fields:
            fields = {**fields, "LearnRateSchedule": _schedule(fields["LearnRateSchedule"])}
        return options_of(fields, saved.class_name)


def _options_in(mat: MatFile, variable: str | None) -> list[tuple[str, MatObject]]:
    return objects_in(mat, lambda one: one.class_name.startswith(_CLASSES), variable)


def _schedule(value: Value) -> object:
    """A schedule of R2024b, an object or a cell of them, as its properties with ``class``."""
    if isinstance(value, MatObject):
        return {**object_fields(value), "class": value.class_name}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_schedule(one) for one in value.ravel(order="F")]
    return value
