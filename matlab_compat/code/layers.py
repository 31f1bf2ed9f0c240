"""Custom layers out of the user's own class files.

The file of the network says what a layer is, its class and its properties; the class file says what
it computes. The constructor never runs: all properties but the constant ones are in the file of the
network. Sources: MathWorks' pages "Define Custom Deep Learning Layers", "Define Custom Deep
Learning Layer with Formattable Inputs", "Custom Layer Function Acceleration" and "Custom Layer
States".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self, cast

import numpy as np

from ..arrays import Array
from ..errors import (
    CodeError,
    DataFormatError,
    MatlabCompatError,
    UnsupportedCodeError,
    warn,
)
from ..execution.described import Factors
from ..language import syntax
from ..language.parsing import parse_expression
from ..layers.base import Layer
from ..layers.function import FunctionLayer, function_handle
from ..layers.learnables import Layout, Learnable, State
from ..layers.properties import Property, anything, flag, parameter_array, text
from ..layers.saved_fields import EVERYWHERE, declaration, saved_ports
from .definitions import INHERITED, ClassDefinition, FunctionDefinition
from .expression import defined
from .program import Program
from .running import CodedLayer, Leading, in_pairs, torch_name, tried, why_not_exported
from .values import Object, Value, value_of

#: What MATLAB's base classes save with any layer, beside the properties of its class.
_OF_THE_BASES = {name.lower(): field for name, field in EVERYWHERE.items()}
#: MATLAB's own bases of layers that compute, and of those that are only a loss.
_BASES = frozenset({"nnet.layer.Layer", "nnet.layer.Formattable", "nnet.layer.Acceleratable"})
_LOSSES = frozenset({"nnet.layer.ClassificationLayer", "nnet.layer.RegressionLayer"})
#: What the base class keeps of the factors of learnables, in their order.
_FACTORS = "nnet.cnn.layer.mixin.Learnable."


class AsItIs(Layout):
    """A parameter that torch has as MATLAB has it; complex numbers in pairs of real ones."""

    def __init__(self, torch_name: str) -> None:
        super().__init__(torch_name)

    def __str__(self) -> str:
        return f"torch's {self.torch_name}, of MATLAB's size"

    def to_torch(self, array: Array) -> Array:
        """The same numbers, C-contiguous."""
        return in_pairs(array)

    def from_torch(self, array: Array, shape: tuple[int, ...]) -> Array:
        """The same numbers, column-major."""
        if array.shape == (*shape, 2):
            array = array[..., 0] + 1j * array[..., 1]
        return np.asfortranarray(array.reshape(shape))


def parameter_of_code(value: object) -> Array:
    """The values of a parameter, which may be complex."""
    if isinstance(value, np.ndarray) and (value.dtype.kind == "c" or not value.size):
        return np.array(value, order="F")  # one without elements has its size
    return parameter_array(value)


class CodeParameter(Learnable):
    """A property with the attribute Learnable, or an array of the parameters of a function."""

    def __init__(self, layout: Layout) -> None:
        super().__init__("", layout)
        self.convert = parameter_of_code


def class_of_layer(
    program: Program, class_name: str, fields: Mapping[str, Any]
) -> type[CodeLayer] | None:
    """The layer class for objects of ``class_name`` that have these fields.

    ``None`` for a loss layer: it ends a network, and predictions do not depend on its code.

    Raises ``UnsupportedCodeError``: no file of the program defines the class; or none, or several,
    define it with the properties that the fields are; or a class that it inherits from is not
    known.
    """
    own = [name for name in map(_property_name, fields) if name]
    definition = program.class_named(class_name, [name for name in own if not _is_of_a_base(name)])
    if _LOSSES & set(definition.superclasses):
        return None
    _refuse_bases(definition)
    declared = {
        name: one
        for name, one in definition.properties.items()
        if not any(one.has(attribute) for attribute in ("constant", "dependent", "transient"))
    }
    lacking = [name for name in declared if name not in own and name not in INHERITED]
    foreign = [name for name in own if name not in declared and not _is_of_a_base(name)]
    if lacking or foreign:
        raise UnsupportedCodeError(
            f"The properties of the class {class_name} are not those of the file: "
            + "; ".join(
                f"only the {what} has {', '.join(names)}"
                for what, names in (("class", lacking), ("file", foreign))
                if names
            )
            + ".",
            where=(definition.path,),
            remedy="name the folder of the version that the network was saved with.",
        )
    networks = [_property_name(name) for name, value in fields.items() if hasattr(value, "plan")]
    return _made(program, class_name, definition, networks)


def _property_name(field: str) -> str:
    """The property that a field is; '' for those that MATLAB's base classes keep.

    Private ones of a superclass are called ``Superclass.Property``.
    """
    return "" if field.startswith(("nnet.", "matlab.")) else field.rpartition(".")[2]


def _is_of_a_base(name: str) -> bool:
    return name in (*INHERITED, "Classes") or declaration(name, _OF_THE_BASES) is not None


def _refuse_bases(definition: ClassDefinition) -> None:
    for name in definition.superclasses:
        why = f"inherits from {name}, which is not known here"
        if name == "handle":
            why = "is a handle: calls change the one object that all share"
        elif not name.startswith(("nnet.", "matlab.")) or name in _BASES:
            continue
        raise UnsupportedCodeError(f"The class {definition.name} {why}.", where=(definition.path,))


def _made(
    program: Program, class_name: str, definition: ClassDefinition, networks: Sequence[str]
) -> type[CodeLayer]:
    """The Python class of one class file; ``networks`` are properties that hold networks."""
    properties: dict[str, Property[Any]] = {}
    for name, one in definition.properties.items():
        if name in ("Name", "Description") or any(map(one.has, ("constant", "dependent"))):
            continue
        if name in networks:
            properties[name] = Property(anything, default=None)
        elif one.has("learnable"):
            properties[name] = CodeParameter(AsItIs(torch_name(name)))
        elif one.has("state"):
            properties[name] = State(AsItIs(torch_name(name)))
        else:
            properties[name] = Property(anything, default=None)
    # A property of the user's may be called as something that all layers have in Python.
    open_names = {name: one for name, one in properties.items() if not hasattr(Layer, name)}
    namespace = {
        "__doc__": f"The class {class_name} of {definition.path}.",
        "__module__": __name__,
        "matlab_class": class_name,
        "constructor": definition.said.name,
        "program": program,
        "definition": definition,
        **open_names,
    }
    made: Any = type(definition.said.name, (CodeLayer,), namespace)
    for name, declared in properties.items():
        if name not in open_names:
            declared.__set_name__(made, name)
            made.properties[name] = declared
    return cast(type[CodeLayer], made)


class CodeLayer(CodedLayer):
    """A layer whose class is written in MATLAB; made by :func:`class_of_layer` for each class.

    Its properties are those of the class. Learnables are parameters of the torch module, in
    MATLAB's size; states and large arrays are buffers. ``predict`` computes; ``forward``, where
    the class has one of its own, computes in training.
    """

    definition: ClassVar[ClassDefinition]

    @property
    def is_formattable(self) -> bool:
        """Whether the class is Formattable."""
        return self.definition.is_formattable

    def leading(self) -> Leading:
        """The object itself."""
        return partial(_with_values, self.program.object(self.definition, self.settings()))

    def states(self) -> list[str]:
        """The states that have a value, in the order of the class."""
        some = {*self.held(), *self.networks()}
        return [
            n for n, one in self.definition.properties.items() if one.has("state") and n in some
        ]

    def trained_networks(self) -> list[str]:
        """Those in properties with the attribute Learnable."""
        return [n for n in self.networks() if self.definition.properties[n].has("learnable")]

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The layer with the properties that a file holds, by their own names."""
        values = {
            name: value
            for field, value in fields.items()
            if (name := _property_name(field)) in cls.properties
        }
        layer = cls(**{**values, "Name": values.get("Name") or ""})
        layer.extra = {f: v for f, v in fields.items() if _property_name(f) not in values}
        return layer

    def unread_fields(self) -> dict[str, Any]:
        """None: the properties were compared with those of the class."""
        return {}

    def description(self) -> str:
        """The layer's own Description, or its class."""
        text = self.extra.get("Description")
        return text if isinstance(text, str) and text else self.matlab_class

    def method(self, training: bool = False) -> FunctionDefinition:
        """What computes the outputs.

        Raises ``UnsupportedCodeError``: the class has neither ``predict`` nor ``forward``.
        """
        names = ("forward", "predict") if training else ("predict", "forward")
        found = next((m for name in names if (m := self.definition.method(name))), None)
        if found is None:
            raise UnsupportedCodeError(
                f"The class {self.matlab_class} has neither predict nor forward.",
                where=(self.definition.path,),
            )
        return found

    def settings(self) -> dict[str, Any]:
        """The properties that are no parameters and no buffers, for the object of the code."""
        held = {*self.held(), *self.buffers()}
        ports = {
            "Name": self.Name,
            "NumInputs": len(self.InputNames),
            "NumOutputs": len(self.OutputNames),
            "InputNames": self.InputNames,
            "OutputNames": self.OutputNames,
        }
        texts = {
            name: self.extra[name]
            for name in ("Description", "Type")
            if isinstance(self.extra.get(name), str)
        }
        return {**ports, **texts, **{n: v for n, v in self.values.items() if n not in held}}

    def torch_factors(self) -> dict[str, Factors]:
        """The factors of the learnables: 1 where the file says none."""
        names = [n for n, one in self.definition.properties.items() if one.has("learnable")]
        rates, l2 = (self._factors(field, names) for field in ("LearnRateFactor", "L2Factor"))
        return {torch_name(n): Factors(rates[n], l2[n]) for n in names if n in self.held()}

    def _factors(self, field: str, names: Sequence[str]) -> dict[str, float]:
        saved = self.extra.get(_FACTORS + field)
        if isinstance(saved, Mapping):
            pairs = {n: saved[n] for n in names if n in saved}
        elif isinstance(saved, np.ndarray) and saved.dtype.kind in "fiu" and saved.size:
            values = saved.ravel(order="F")
            pairs = dict(zip(names, values, strict=False)) if len(values) == len(names) else {}
        else:
            return dict.fromkeys(names, 1.0)
        if len(pairs) < len(names):
            warn(
                f"{self.label}: which learnable its {field} belongs to is not known; 1 is taken.",
                where=(self.label, field),
            )
        return {n: float(np.asarray(pairs.get(n, 1.0)).item()) for n in names}

    def assign_state(self, state: Mapping[str, Array]) -> Self:
        """Take over parameters and states as :meth:`torch_state` gives them, its inverse."""
        for name in self.held():
            array, old = state[torch_name(name)], self.values[name]
            new = AsItIs(name).from_torch(array, old.shape)
            self.assign({name: new.astype(old.dtype)})
        return self

    def about_code(self) -> dict[str, Any]:
        """What the class was read as, and what of it runs, as plain values.

        ``file``, ``matched`` (the properties of file and class), ``functions`` (of MATLAB's),
        ``files`` (of the user's), ``trains`` (the learnables), ``labels`` (what it was tried on)
        and ``exports``: "" or why torch cannot trace it.
        """
        functions, files = self.program.used(self.method())
        about = {
            "file": self.definition.path,
            "matched": [n for n in self.values if n != "Name"],
            "functions": functions,
            "files": files,
            "trains": [*self.learnables(), *self.trained_networks()],
        }
        problems = [f"{one.where}: {one.what}" for one in self.program.problems(self.method())]
        if problems:
            return {**about, "problems": problems}
        first: MatlabCompatError | None = None
        for labels in ("SSCB", "CB", "CBT", "SSSCB", "SSCBT", "SCBT"):
            formats = (labels,) * self.NumInputs
            try:
                tried(self, formats)
                return {**about, "labels": labels, "exports": why_not_exported(self, formats)}
            except (CodeError, DataFormatError) as error:
                first = first or error
        return {**about, "problems": [first.what if first else ""]}


class CodeFunctionLayer(CodedLayer):
    """A function layer whose function is, or calls, one of the user's code: ``@zeropad``."""

    matlab_class = FunctionLayer.matlab_class
    constructor: ClassVar[str] = FunctionLayer.constructor
    type_text: ClassVar[str] = FunctionLayer.type_text
    saved_fields = FunctionLayer.saved_fields

    PredictFcn = Property(function_handle, read_only=True)
    Formattable = Property(flag, False, read_only=True)
    Acceleratable = Property(flag, False, read_only=True)
    Description = Property(text, "", group=None)

    @classmethod
    def of(cls, program: Program, fields: Mapping[str, Any]) -> CodeFunctionLayer:
        """The layer that a file holds.

        Raises ``UnsupportedLayerError``: its function is no handle, or what it calls is not known
        here.
        """
        layer = cls.from_fields(fields)
        object.__setattr__(layer, "program", program)
        program.check(layer.method())
        return layer

    @property
    def is_formattable(self) -> bool:
        """As the file says."""
        return bool(self.Formattable)

    @property
    def InputNames(self) -> list[str]:
        """As the file says; ``{'in1','in2',...}`` for several otherwise."""
        count = len(self.method().said.inputs) - len(self.PredictFcn.variables)
        default = ["in"] if count <= 1 else [f"in{i}" for i in range(1, count + 1)]
        return saved_ports(self.extra, "Inputs") or default

    def description(self) -> str:
        """The layer's own Description, or the text of the function."""
        return self.Description or self.PredictFcn.text

    def method(self, training: bool = False) -> FunctionDefinition:
        """The function; its first inputs are what it captured.

        Raises ``CodeError``: its text is none of MATLAB's; ``UnsupportedCodeError``: no file of the
        code defines it.
        """
        handle = self.PredictFcn.text.strip()
        if not handle.startswith("@"):
            handle = f"@{handle}"
        expression = parse_expression(handle, self.label)
        if isinstance(expression, syntax.Handle):
            found = self.program.function(expression.name)
            if found is None:
                raise UnsupportedCodeError(f"No file of the code defines {expression.name}.")
            return found
        if not isinstance(expression, syntax.Lambda):
            raise UnsupportedCodeError(f"{handle} is no function handle.")
        inputs = (*self.PredictFcn.variables, *expression.inputs)
        return defined(inputs, expression.body, handle)

    def leading(self) -> Leading:
        """What the function captured."""
        captured = [value_of(value) for value in self.PredictFcn.variables.values()]
        return partial(_captured, captured)


# No functions within functions: a torch module that holds them can be pickled.


def _with_values(one: Object, values: Mapping[str, Value]) -> list[Value]:
    return [Object(one.definition, {**one.properties, **values})]


def _captured(captured: list[Value], values: Mapping[str, Value]) -> list[Value]:
    return captured
