"""The function layer, as far as its function can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Self

import numpy as np

from ..arrays import Array
from ..errors import UnsupportedLayerError
from .base import Layer
from .properties import Property, flag, text
from .saved_fields import SavedPorts, saved_ports


@dataclass(frozen=True)
class MatlabFunction:
    """A MATLAB function handle: its text and the variables it captured."""

    text: str
    variables: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return repr(self.text)


def function_handle(value: object) -> MatlabFunction:
    """A function given as its text, or as a handle of a file (``text`` and ``raw``).

    Plain exports have a struct {Function, Variables} where the function captured variables.
    """
    if isinstance(value, MatlabFunction):
        return value
    if isinstance(value, str):
        return MatlabFunction(value.strip())
    if isinstance(value, Mapping) and isinstance(value.get("Function"), str):
        return MatlabFunction(value["Function"].strip(), dict(value.get("Variables", {})))
    if isinstance(handle := getattr(value, "text", None), str):
        return MatlabFunction(handle, captured_variables(getattr(value, "raw", None)))
    raise ValueError("must be the text of a MATLAB function, such as '@(x) x.*2'")


def captured_variables(raw: object) -> dict[str, Any]:
    """What the saved struct about an anonymous function says that it captured.

    In files the field ``workspace`` holds an object of class ``function_handle_workspace``, whose
    property ``any`` is a cell of that object and a struct of the variables.
    """
    about = _field(raw, "function_handle") or raw
    workspace = _field(about, "workspace")
    cells = getattr(workspace, "properties", {}).get("any")
    for cell in np.asarray(cells, dtype=object).ravel(order="F") if cells is not None else ():
        if hasattr(cell, "fields"):
            return {name: values[0] for name, values in cell.fields.items() if len(values) == 1}
    return {}


def _field(struct: Any, name: str) -> Any:
    values = getattr(struct, "fields", {}).get(name, [None])
    return values[0] if len(values) == 1 else None


def _code(module: str) -> Any:
    """A module of the room above, which runs MATLAB code: few networks need it."""
    return import_module(f"matlab_compat.code.{module}")


class FunctionLayer(
    SavedPorts,
    Layer,
    type_text="Function",
    versions="1",
    example="'@(x) x.*2', Formattable=True",
    module="code.function_layers.Expression",
):
    """MATLAB's function layer, for functions whose text can be translated for certain.

    Elementwise arithmetic, well-known functions, sums along dimensions, ``permute``, ``reshape``,
    labels given with ``dlarray`` and captured numbers and arrays are understood (see
    :mod:`matlab_compat.code.expression`). The text is read as the user's own code is.

    Shape
    -----
    As the function makes it; a result without labels takes those of the first input by position.

    Notes
    -----
    Of a negative number ``sqrt``, ``log`` and ``.^`` give NaN here and complex numbers in MATLAB.

    Raises
    ------
    UnsupportedLayerError
        The function is not understood; the message has its text.
    """

    PredictFcn = Property(function_handle, read_only=True)
    Formattable = Property(flag, False, read_only=True)
    Acceleratable = Property(flag, False, read_only=True)
    Description = Property(text, "", group=None)

    def _validate(self) -> None:
        self.function()  # refuses what is not understood

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        outputs = saved_ports(extra, "Outputs")
        if len(outputs) > 1:
            raise UnsupportedLayerError(
                f"The function has {len(outputs)} outputs ({', '.join(outputs)}); one is "
                "understood."
            )
        return cls(**values)

    def function(self) -> Any:
        """The parsed function, a :class:`matlab_compat.code.expression.Function`."""
        return _code("expression").parse(self.PredictFcn.text, self.PredictFcn.variables)

    @property
    def InputNames(self) -> list[str]:
        """As the file says; else ``{'in'}``, or ``{'in1','in2',...}`` for several."""
        count = len(self.function().inputs)
        default = ["in"] if count == 1 else [f"in{i}" for i in range(1, count + 1)]
        saved = saved_ports(self.extra, "Inputs")
        return saved if len(saved) == count else default

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format that the function labels its result with, else that of the first input."""
        result_format = _code("function_labels").result_format
        return (result_format(self.function(), formats, self.Formattable),)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return self.function(), formats, self.Formattable

    def torch_state(self) -> dict[str, Array]:
        """The captured arrays, in MATLAB's order of dimensions."""
        constants = self.function().constants
        return {f"constant_{i}": np.ascontiguousarray(c) for i, c in enumerate(constants)}

    def description(self) -> str:
        """The layer's own Description, or the text of the function."""
        return self.Description or self.PredictFcn.text
