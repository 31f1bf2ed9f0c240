"""The text of function layers, ``@(x) x.*2 + tanh(x)``: what means the same whatever the data.

A closed part of the language, found in the syntax tree before anything runs: the functions of the
table that go element by element, and a few others in the forms in which it is certain where the
observations go. All else is refused with the text of the function. Nodes name operators by MATLAB's
functions for them (``x.*y`` is ``times(x, y)``); it is the tree itself that is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from ..arrays import Array
from ..errors import CodeError, UnsupportedLayerError
from ..language import syntax
from ..language.operators import OPERATORS
from ..language.parsing import parse_expression
from ..language.source import CodeLimits
from .definitions import FunctionDefinition, Texts
from .frame import Frame
from .functions import TABLE
from .interpreter import Interpreter
from .numeric import Numeric, scalar
from .program import Program

T = TypeVar("T")

#: Longer texts, and deeper ones, are not simple functions.
MAX_LENGTH = 2000
MAX_DEPTH = 50


@dataclass(frozen=True)
class _Known(Generic[T]):
    value: T


class Number(_Known[float]):
    """A scalar known from the text or the captured variables."""


class Text(_Known[str]):
    """A character vector or string, such as a format."""


class Vector(_Known[tuple[float, ...]]):
    """A row of numbers in brackets, such as the order of a permutation; maybe empty."""


@dataclass(frozen=True)
class _Place:
    index: int


class Input(_Place):
    """An argument of the function, from 0."""


class Constant(_Place):
    """A captured array, by its place in :attr:`Function.constants`."""


@dataclass(frozen=True)
class Call:
    """A function of :data:`FUNCTIONS`, or an operator under its function's name."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Number | Text | Vector | Input | Constant | Call

#: Functions applied element by element, and how many arguments they may have.
ELEMENTWISE = {name: known.counts for name, known in TABLE.items() if known.is_elementwise}
#: All functions by name, with the numbers of arguments that are understood.
FUNCTIONS: dict[str, tuple[int, ...]] = {
    **ELEMENTWISE,
    **dict.fromkeys(("max", "min"), (2, 3)),
    **dict.fromkeys(("sum", "mean"), (2,)),
    **dict.fromkeys(("stripdims", "extractdata", "squeeze"), (1,)),
    **dict.fromkeys(("permute", "size"), (2,)),
    "mtimes": (2,),
    "vertcat": tuple(range(1, 20)),
    "dlarray": (1, 2),
    "softmax": (1, 3),
    "reshape": tuple(range(2, 8)),
}
_NAMED_NUMBERS = ("pi", "eps", "Inf", "inf")


@dataclass(frozen=True)
class Function:
    """A parsed function."""

    text: str
    inputs: tuple[str, ...]
    body: Node
    #: What the function says.
    said: syntax.Expression = field(compare=False)
    #: Captured arrays by their names, in MATLAB's order of dimensions.
    arrays: Mapping[str, Array] = field(default_factory=dict, compare=False)
    #: Captured numbers and texts by their names.
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def constants(self) -> tuple[Array, ...]:
        """The captured arrays."""
        return tuple(self.arrays.values())

    @property
    def definition(self) -> FunctionDefinition:
        """As a function of code: its inputs are what it captured, arrays first, and its own."""
        return defined((*self.arrays, *self.settings, *self.inputs), self.said, self.text)


def defined(inputs: Sequence[str], said: syntax.Expression, text: str) -> FunctionDefinition:
    """A function of one expression, as if a file had it; ``text`` is that of the handle."""
    result = syntax.Name(1, "result__")
    body = re.sub(r"@\s*\([^)]*\)", "", text.strip(), count=1)
    if body.startswith("@"):
        body = f"{body[1:]}({', '.join(inputs)})"
    lines = [f"function {result.name} = PredictFcn({', '.join(inputs)})"]
    lines += [f"{result.name} = {body};", "end"]
    written = "\n".join(lines) + "\n"
    function = syntax.Function(
        line=1,
        name="PredictFcn",
        inputs=tuple(inputs),
        outputs=(result.name,),
        body=(syntax.Assign(1, (result,), said),),
        path="PredictFcn",
        last=written.count("\n"),
    )
    file = syntax.File(1, function.path, None, (function,), text=written)
    return FunctionDefinition(function, file)


def parse(text: str, variables: Mapping[str, object] | None = None) -> Function:
    """The function that ``text`` says: anonymous (``@(x) ...``) or a handle (``@tanh``).

    Raises ``UnsupportedLayerError``: something that is not understood for certain; the message has
    the text.

    Parameters
    ----------
    variables:
        What an anonymous function captured: numbers, and arrays of any size.
    """
    try:
        return _Reader(text.strip(), variables or {}).function()
    except _Refused as why:
        shown = text if len(text) <= 200 else text[:197] + "..."
        raise UnsupportedLayerError(
            f"The function {shown or '(no text)'} cannot be translated: it {why}.",
            remedy='register your own layer: @matlab_compat.register("nnet.cnn.layer.'
            'FunctionLayer"), or replace it in MATLAB by layers.',
        ) from None


class _Refused(Exception):
    """Why a text is not translated."""


class _Reader:
    """The syntax tree of one text on its way to a :class:`Function`."""

    def __init__(self, text: str, variables: Mapping[str, object]) -> None:
        self.text = text
        self.variables = variables
        self.inputs: tuple[str, ...] = ()
        self.arrays: dict[str, Array] = {}
        self.settings: dict[str, Any] = {}

    def function(self) -> Function:
        """The function."""
        if len(self.text) > MAX_LENGTH:
            raise _Refused(f"is longer than {MAX_LENGTH} characters")
        if not self.text.startswith("@"):
            raise _Refused("does not begin with '@'")
        try:
            said = parse_expression(self.text, limits=CodeLimits(nesting=MAX_DEPTH))
        except CodeError as error:
            raise _Refused(f"is not understood: {error.what}") from None
        match said:
            case syntax.Lambda():
                self.inputs, inner = said.inputs, said.body
            case syntax.Handle():
                count = min(FUNCTIONS.get(said.name, (1,)))
                self.inputs = tuple(f"x{i}" for i in range(1, count + 1))
                given = tuple(syntax.Name(1, name) for name in self.inputs)
                inner = syntax.Index(1, syntax.Name(1, said.name), False, given)
            case _:
                raise _Refused("is no function handle")
        body = self.node(inner)
        if not _uses_input(body):
            raise _Refused("does not depend on its input")
        return Function(self.text, self.inputs, body, inner, self.arrays, self.settings)

    def node(self, said: syntax.Expression) -> Node:
        """What an expression means here."""
        match said:
            case syntax.Number(value=value, imaginary=False, kind="double"):
                return Number(value)
            case syntax.Text():
                return Text(said.value)
            case syntax.Name():
                return self.named(said.name)
            case syntax.Unary(operator="+"):
                return self.node(said.operand)
            case syntax.Unary(operator="-"):
                return call("uminus", [self.node(said.operand)])
            case syntax.Unary():
                raise _Refused("transposes" if "'" in said.operator else f"uses '{said.operator}'")
            case syntax.Binary() if said.operator in OPERATORS:
                return call(OPERATORS[said.operator], [self.node(said.left), self.node(said.right)])
            case syntax.Matrix():
                return _bracketed([[self.node(one) for one in row] for row in said.rows or [()]])
            case syntax.Index(is_braces=False):
                return self.called(said)
            case syntax.Lambda() | syntax.Handle():
                raise _Refused("makes another function")
        raise _Refused(f"has something that is not understood: {type(said).__name__.lower()}")

    def named(self, name: str) -> Node:
        """An input, a captured variable, or a number with a name."""
        if name in self.inputs:
            return Input(self.inputs.index(name))
        if name in self.variables:
            return self.captured(name)
        if name in _NAMED_NUMBERS:
            return Number(_of_table(name, ()))
        raise _Refused(f"uses '{name}', which is not known")

    def called(self, said: syntax.Index) -> Node:
        """A call by name; what is indexed is refused."""
        name = syntax.dotted_name(said.base)
        if name is None or name in self.inputs or name in self.variables:
            raise _Refused(f"indexes '{name or 'a value'}'")
        return call(name, [self.node(one) for one in said.arguments])

    def captured(self, name: str) -> Node:
        """A variable of the workspace in which the function was made."""
        value = self.variables[name]
        if isinstance(value, str):
            self.settings[name] = value
            return Text(value)
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or array.size == 0:
            raise _Refused(f"uses the captured variable '{name}', which is not numeric")
        if array.size == 1:
            self.settings[name] = float(array.item())
            return Number(self.settings[name])
        self.arrays.setdefault(name, np.asarray(array, np.float64))
        return Constant(list(self.arrays).index(name))


def _bracketed(rows: list[list[Node]]) -> Node:
    if len(rows) == 1 and all(isinstance(item, Number) for item in rows[0]):
        return Vector(tuple(item.value for item in rows[0] if isinstance(item, Number)))
    if any(len(row) != 1 for row in rows):
        raise _Refused("puts arrays side by side")
    return call("vertcat", [row[0] for row in rows])


def call(function: str, arguments: Sequence[Node]) -> Node:
    """A checked call: known function, right number of arguments, unambiguous meaning."""
    function = _without_matrices(function, arguments)
    if function not in FUNCTIONS:
        raise _Refused(f"calls '{function}', which is not known")
    if len(arguments) not in FUNCTIONS[function]:
        raise _Refused(
            f"calls '{function}' with {len(arguments)} argument{'s' * (len(arguments) != 1)}, "
            "a form whose meaning depends on the data or is not known"
        )
    _check_kinds(function, arguments)
    folded = _folded(function, arguments)
    return Call(function, tuple(arguments)) if folded is None else Number(folded)


#: Where functions take a text, and where a row of numbers in brackets.
_TEXTS = {"dlarray": (1,), "softmax": (1, 2)}
_VECTORS = {
    "permute": (1,),
    "sum": (1,),
    "mean": (1,),
    "max": (1, 2),
    "min": (1, 2),
    "reshape": tuple(range(1, 8)),
}


def _check_kinds(function: str, arguments: Sequence[Node]) -> None:
    for at, argument in enumerate(arguments):
        if isinstance(argument, Text) != (at in _TEXTS.get(function, ())):
            raise _Refused(f"calls '{function}' with arguments of a kind that is not understood")
        if isinstance(argument, Vector) and at not in _VECTORS.get(function, ()):
            raise _Refused(f"uses a row of numbers in '{function}'")
    if function in ("max", "min") and len(arguments) == 3 and arguments[1] != Vector(()):
        raise _Refused(f"calls '{function}' in a form that is not known")
    if function == "reshape":
        _check_sizes(arguments[1:])


def _check_sizes(sizes: Sequence[Node]) -> None:
    """``reshape(x, [a b])``, or ``reshape(x, a, b, ...)`` with at most one ``[]``."""
    rows = [size for size in sizes if isinstance(size, Vector)]
    alone = len(sizes) == 1 and len(rows) == 1 and len(rows[0].value) > 1
    if not alone and (len(sizes) == 1 or len(rows) > 1 or any(row.value for row in rows)):
        raise _Refused("calls 'reshape' in a form that is not known")


def _without_matrices(function: str, arguments: Sequence[Node]) -> str:
    """Matrix operators with a scalar are those by element; a captured matrix may stand left."""
    elementwise = {"mtimes": "times", "mrdivide": "rdivide", "mpower": "power"}
    if function not in elementwise or len(arguments) != 2:
        return function
    left, right = arguments
    scalar = {
        "mtimes": is_scalar(left) or is_scalar(right),
        "mrdivide": is_scalar(right),
        "mpower": is_scalar(left) and is_scalar(right),
    }
    if scalar[function]:
        return elementwise[function]
    if function == "mtimes" and isinstance(left, Constant):
        return function
    raise _Refused("multiplies, divides or raises matrices")


def is_scalar(node: Node) -> bool:
    """Whether the value is one number whatever the data: ``2``, ``size(x, 1)``."""
    if isinstance(node, Call) and node.function in ELEMENTWISE:
        return all(is_scalar(argument) for argument in node.arguments)
    return isinstance(node, Number) or (isinstance(node, Call) and node.function == "size")


def _folded(function: str, arguments: Sequence[Node]) -> float | None:
    """The value of an operation on known numbers, in double as MATLAB computes it."""
    numbers = [item.value for item in arguments if isinstance(item, Number)]
    if len(numbers) != len(arguments) or function not in ELEMENTWISE:
        return None
    return _of_table(function, numbers)


def _of_table(function: str, numbers: Sequence[float]) -> float:
    """What the table's function makes of numbers: a real number, and finite as these are."""
    interpreter = Interpreter(Program(Texts({})))
    (found,) = interpreter.call_named(function, list(map(scalar, numbers)), 1, Frame(None, {}))
    data = found.data if isinstance(found, Numeric) else np.array(np.nan)
    assert isinstance(data, np.ndarray)
    is_defined = data.dtype.kind in "fiub" and (np.isfinite(data).all() or not numbers)
    if not is_defined:
        raise _Refused(f"computes '{function}' of numbers it is not defined for")
    return float(data.item())


def _uses_input(node: Node) -> bool:
    if isinstance(node, Call):
        return any(_uses_input(argument) for argument in node.arguments)
    return isinstance(node, Input)
