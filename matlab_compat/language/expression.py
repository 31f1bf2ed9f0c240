"""The text of simple MATLAB functions, ``@(x) x.*2 + tanh(x)``, as an expression tree.

A recursive-descent parser of a small, closed part of the language. Nothing is ever evaluated:
what is not listed here is refused with the text of the function. The tree names operators by
MATLAB's functions for them (``x.*y`` is ``times(x, y)``); the engine computes it.

Traps: ``1.*x`` is ``1 .* x`` and not ``1. * x``; ``-x.^2`` is ``-(x.^2)``; ``2^-1`` is legal;
``[1 -2]`` has two elements; ``*`` between arrays is the matrix product; a quote after a value is a
transpose.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from ..arrays import Array
from ..errors import UnsupportedLayerError
from .operators import OPERATORS

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

#: Functions applied element by element, and how many arguments they may have. On scalars that are
#: known they are computed right away, where Python's mathematics has them.
ELEMENTWISE: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("plus", "minus", "times", "rdivide", "power"), (2,)),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), (2,)),
    **dict.fromkeys(("uminus", "uplus", "abs", "sign", "sqrt", "exp", "expm1"), (1,)),
    **dict.fromkeys(("log", "log1p", "log2", "log10", "floor", "ceil", "fix"), (1,)),
    **dict.fromkeys(("sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf"), (1,)),
    **dict.fromkeys(("sigmoid", "relu", "single"), (1,)),
    "leakyrelu": (1, 2),
}
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
_NAMED_NUMBERS = {"pi": math.pi, "eps": 2.0**-52, "Inf": math.inf, "inf": math.inf}

_TOKEN = re.compile(
    r"""(?P<space>\s+|\.\.\.[^\n]*\n)
      | (?P<number>(\d+(\.(?![*/^\\'])\d*)?|\.\d+)([eEdD][+-]?\d+)?)
      | (?P<name>[A-Za-z]\w*(\.[A-Za-z]\w*)*)
      | (?P<text>"[^"\n]*"|'[^'\n]*')
      | (?P<sign>\.\*|\./|\.\^|<=|>=|==|~=|[-+*/^<>()\[\],;@])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Function:
    """A parsed function."""

    text: str
    inputs: tuple[str, ...]
    body: Node
    #: Captured arrays, in MATLAB's order of dimensions.
    constants: tuple[Array, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    spaced: bool


def parse(text: str, variables: Mapping[str, object] | None = None) -> Function:
    """The function that ``text`` says: anonymous (``@(x) ...``) or a handle (``@tanh``).

    Parameters
    ----------
    variables:
        What an anonymous function captured: numbers, and arrays of any size.

    Raises
    ------
    UnsupportedLayerError
        Something that is not understood for certain; the message has the text.
    """
    try:
        return _Parser(text, variables or {}).function()
    except _Refused as why:
        shown = text if len(text) <= 200 else text[:197] + "..."
        raise UnsupportedLayerError(
            f"The function {shown or '(no text)'} cannot be translated: it {why}.",
            remedy='register your own layer: @matlab_compat.register("nnet.cnn.layer.'
            'FunctionLayer"), or replace it in MATLAB by layers.',
        ) from None


class _Refused(Exception):
    """Why a text is not translated."""


class _Parser:
    """One text on its way to a :class:`Function`."""

    def __init__(self, text: str, variables: Mapping[str, object]) -> None:
        self.text = text
        self.variables = variables
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0
        self.in_brackets = False
        self.inputs: tuple[str, ...] = ()
        self.constants: list[Array] = []

    # --- tokens -------------------------------------------------------------------------

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> str | None:
        """The next token if it is one of these signs."""
        if self.next.kind == "sign" and self.next.text in texts:
            self.at += 1
            return self.tokens[self.at - 1].text
        return None

    def need(self, text: str) -> None:
        if not self.take(text):
            raise _Refused(f"has '{self.next.text or 'its end'}' where '{text}' is needed")

    def name(self) -> str:
        if self.next.kind != "name":
            raise _Refused(f"has '{self.next.text or 'its end'}' where a name is needed")
        self.at += 1
        return self.tokens[self.at - 1].text

    # --- grammar, loosest binding first -------------------------------------------------

    def function(self) -> Function:
        self.need("@")
        body = self.anonymous() if self.take("(") else self.handle()
        if self.next.kind != "end":
            raise _Refused(f"goes on with '{self.next.text}'")
        if not _uses_input(body):
            raise _Refused("does not depend on its input")
        return Function(self.text, self.inputs, body, tuple(self.constants))

    def anonymous(self) -> Node:
        names = [] if self.take(")") else [self.name()]
        while names and not self.take(")"):
            self.need(",")
            names.append(self.name())
        self.inputs = tuple(names)
        return self.expression()

    def handle(self) -> Node:
        """``@tanh``: a function of as many inputs as it needs."""
        name = self.name()
        count = min(FUNCTIONS.get(name, (1,)))
        self.inputs = tuple(f"x{i}" for i in range(1, count + 1))
        return call(name, [Input(i) for i in range(count)])

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused("is nested too deeply")
        left = self.sum()
        while operator := self.take("<", "<=", ">", ">=", "==", "~="):
            left = call(OPERATORS[operator], [left, self.sum()])
        self.depth -= 1
        return left

    def sum(self) -> Node:
        left = self.product()
        while not self.at_new_element() and (operator := self.take("+", "-")):
            left = call(OPERATORS[operator], [left, self.product()])
        return left

    def at_new_element(self) -> bool:
        """In brackets ``[a -b]`` has two elements, ``[a - b]`` and ``[a-b]`` have one."""
        following = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        return self.in_brackets and self.next.spaced and not following.spaced

    def product(self) -> Node:
        left = self.signed()
        while operator := self.take(".*", "*", "./", "/"):
            left = call(OPERATORS[operator], [left, self.signed()])
        return left

    def signed(self) -> Node:
        """Signs bind weaker than powers: ``-x.^2`` is ``-(x.^2)``."""
        negative = False
        while sign := self.take("+", "-"):
            negative ^= sign == "-"
        value = self.power()
        return call("uminus", [value]) if negative else value

    def power(self) -> Node:
        left = self.operand()
        while operator := self.take(".^", "^"):
            negative = False
            while sign := self.take("+", "-"):
                negative ^= sign == "-"
            right = self.operand()
            right = call("uminus", [right]) if negative else right
            left = call(OPERATORS[operator], [left, right])
        return left

    def operand(self) -> Node:
        token = self.next
        self.at += 1
        if token.kind == "number":
            return Number(float(re.sub("[dD]", "e", token.text)))
        if token.kind == "text":
            return Text(token.text[1:-1])
        if token.kind == "name":
            return self.called(token.text)
        if token.text == "(":
            return self.inside(")")
        if token.text == "[":
            return self.brackets()
        if token.text == "@":
            raise _Refused("makes another function")
        raise _Refused(f"has '{token.text or 'its end'}' where a value is needed")

    def inside(self, closing: str) -> Node:
        outer, self.in_brackets = self.in_brackets, False
        value = self.expression()
        self.need(closing)
        self.in_brackets = outer
        return value

    def called(self, name: str) -> Node:
        if name in self.inputs:
            if self.next.text == "(" and not (self.in_brackets and self.next.spaced):
                raise _Refused(f"indexes '{name}'")
            return Input(self.inputs.index(name))
        if name in self.variables:
            return self.captured(name)
        if name in _NAMED_NUMBERS:
            return Number(_NAMED_NUMBERS[name])
        arguments: list[Node] = []
        if not self.take("("):
            raise _Refused(f"uses '{name}', which is not known")
        outer, self.in_brackets = self.in_brackets, False
        while not self.take(")"):
            if arguments:
                self.need(",")
            arguments.append(self.expression())
        self.in_brackets = outer
        return call(name, arguments)

    def captured(self, name: str) -> Node:
        if self.next.text == "(":
            raise _Refused(f"indexes or calls '{name}'")
        value = self.variables[name]
        if isinstance(value, str):
            return Text(value)
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or array.size == 0:
            raise _Refused(f"uses the captured variable '{name}', which is not numeric")
        if array.size == 1:
            return Number(float(array.item()))
        self.constants.append(np.asarray(array, np.float64))
        return Constant(len(self.constants) - 1)

    def brackets(self) -> Node:
        """``[1 2 3]``, ``[]`` or ``[a; b]``."""
        outer, self.in_brackets = self.in_brackets, True
        rows: list[list[Node]] = [[]]
        while not self.take("]"):
            if self.take(";"):
                rows.append([])
            elif not self.take(","):
                rows[-1].append(self.expression())
        self.in_brackets = outer
        return _bracketed(rows)


def _tokens(text: str) -> Iterator[_Token]:
    if len(text) > MAX_LENGTH:
        raise _Refused(f"is longer than {MAX_LENGTH} characters")
    at, spaced, before = 0, False, ""
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _Refused(f"has '{text[at]}', which is not understood")
        at = match.end()
        kind = str(match.lastgroup)
        if kind == "space":
            spaced = True
            continue
        after_value = before in ("number", "name", "text", ")", "]")
        if kind == "text" and match.group().startswith("'") and after_value and not spaced:
            raise _Refused("transposes")
        before = match.group() if kind == "sign" else kind
        yield _Token(kind, match.group(), spaced)
        spaced = False
    yield _Token("end", "", spaced)


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


#: MATLAB's functions that are Python's operators, for numbers and for tensors.
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "plus": operator.add,
    "minus": operator.sub,
    "times": operator.mul,
    "rdivide": operator.truediv,
    "power": operator.pow,
    "uminus": operator.neg,
    "uplus": lambda a: a,
    "single": lambda a: a,
}

_PYTHON: dict[str, Callable[..., float]] = {
    **ARITHMETIC,
    **{name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10", "tanh")},
    **{name: getattr(math, name) for name in ("sin", "cos", "tan", "log1p", "expm1", "erf")},
}


def _folded(function: str, arguments: Sequence[Node]) -> float | None:
    """The value of an operation on known numbers, in double as MATLAB computes it."""
    numbers = [item.value for item in arguments if isinstance(item, Number)]
    if len(numbers) != len(arguments) or function not in _PYTHON:
        return None
    try:
        result = _PYTHON[function](*numbers)
    except (ArithmeticError, ValueError):
        result = None
    if not isinstance(result, float):
        raise _Refused(f"computes '{function}' of numbers it is not defined for")
    return result


def _uses_input(node: Node) -> bool:
    if isinstance(node, Call):
        return any(_uses_input(argument) for argument in node.arguments)
    return isinstance(node, Input)
