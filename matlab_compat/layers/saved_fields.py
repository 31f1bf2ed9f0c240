"""Fields of saved layers that are no properties: what each of them means for the results.

A layer class says it in ``saved_fields``, name to one of these::

    saved_fields = {
        "ReturnSequence": used("it is OutputMode"),
        "ChannelDim": no_effect("follows from the labels of the input"),
        "OutputSizeOffset": neutral(0, why="what it does is not documented"),
    }

A field that is declared nowhere, and is not empty, may change what the layer computes: the layer
opens, but is not run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from ..errors import UsageError


@dataclass(frozen=True)
class SavedField:
    """One field, or all whose names fit a pattern such as ``*Initializer``."""

    #: Why it is of no effect, or why other values than the neutral ones are refused.
    why: str
    #: The values that have no effect; ``None`` if no value has (beyond what the class makes of it).
    neutral: tuple[str | float, ...] | None = None
    remedy: str = ""

    def refuses(self, value: object) -> bool:
        """Whether a layer with this value of the field is not to be run."""
        if self.neutral is None or is_empty(value):
            return False
        return not any(_is(value, one) for one in self.neutral)


def used(how: str) -> SavedField:
    """The class takes the field into account: ``how``."""
    return SavedField(how)


def no_effect(why: str) -> SavedField:
    """The field makes no difference to the outputs, whatever its value."""
    return SavedField(why)


def neutral(*values: str | float, why: str, remedy: str = "") -> SavedField:
    """The field makes no difference while it is empty or one of these values; else: refuse."""
    return SavedField(why, values, remedy)


def declaration(name: str, fields: Mapping[str, SavedField]) -> SavedField | None:
    """What ``fields`` (by lower-case name or pattern) say about the field ``name``, if anything."""
    lower = name.lower()
    if lower in fields:
        return fields[lower]
    fitting = (f for pattern, f in fields.items() if "*" in pattern and fnmatchcase(lower, pattern))
    return next(fitting, None)


def check_known(names: Sequence[str], unknown: Sequence[str]) -> None:
    """Refuse to ignore fields that are not among the ``unknown`` ones.

    Raises ``UsageError``: one of ``names`` is not.
    """
    for name in names:
        if name not in unknown:
            raise UsageError(
                f"There is no field '{name}' that nothing is known of and that could be ignored; "
                f"such fields are here: {', '.join(unknown) or 'none'}.",
                where=(name,),
            )


def is_empty(value: object) -> bool:
    """Whether a value of a file holds nothing: ``[]``, ``''``, ``{}``, a struct without fields."""
    if value is None:
        return True
    if isinstance(value, str | Mapping | list | tuple):
        return len(value) == 0
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and 0 in shape


def _is(value: object, neutral: str | float) -> bool:
    """Whether a value is the neutral one, or an array of nothing else."""
    if isinstance(neutral, str):
        return isinstance(value, str) and value.lower() == neutral.lower()
    try:
        array = np.asarray(value)
    except ValueError:
        return False
    return array.dtype.kind in "biuf" and bool(np.all(array == neutral))


def saved_ports(fields: Mapping[str, object], which: str) -> list[str]:
    """The names that a saved custom layer gives its ports, ``Inputs`` or ``Outputs``."""
    saved = fields.get(f"nnet.layer.Layer.Private{which}")
    return [name for name in getattr(saved, "flat", ()) if isinstance(name, str)]


class SavedPorts:
    """What layers have in common whose ports only the file knows. Stands before ``Layer``."""

    extra: dict[str, Any]

    @property
    def InputNames(self) -> list[str]:
        """As the file says; ``{'in'}`` otherwise."""
        return saved_ports(self.extra, "Inputs") or ["in"]

    @property
    def OutputNames(self) -> list[str]:
        """As the file says; ``{'out'}`` otherwise."""
        return saved_ports(self.extra, "Outputs") or ["out"]


#: Fields that any class may be saved with.
EVERYWHERE = {
    "Version": no_effect("numbers the layout of the fields, which are read by name"),
    "Description": no_effect("a text for people"),
    "Type": no_effect("a text for people"),
    "NumInputs": no_effect("follows from the class and its properties"),
    "NumOutputs": no_effect("follows from the class and its properties"),
    "InputNames": no_effect("names only"),
    "OutputNames": no_effect("names only"),
    "*LearnRateFactor": no_effect("for training"),
    "*L2Factor": no_effect("for training"),
    "*Initializer": no_effect("fills learnables that are empty"),
    "Formattable": no_effect("how MATLAB hands data to the class"),
    "Acceleratable": no_effect("a matter of speed"),
    "PrivateNumStates": no_effect("a count of states, which have fields of their own"),
    "nnet.*": no_effect("kept by the base classes: names of ports, kinds of learnables"),
    "Cudnn*": no_effect("a matter of speed"),
    **{
        name: no_effect("which dimension of the data is what: here its labels say so")
        for name in ("ChannelDim", "ObservationDim", "VectorFormat", "*DimIdx", "*OverTime")
    },
}

#: Within the struct of a learnable or a state.
OF_PARAMETERS = {
    "Version": no_effect("numbers the layout of the struct"),
    "Value": used("it is the array"),
    "LearnRateFactor": used("for training"),
    "L2Factor": used("for training"),
    "Initializer": used("fills the array where it is empty"),
    "Remember": no_effect("whether a later call goes on from this state"),
}
