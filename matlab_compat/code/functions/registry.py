"""The table of functions that MATLAB code may call, by MATLAB's names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Protocol, TypeAlias, TypeVar

from ...arrays import as_tuple
from ...errors import CodeError, UnsupportedCodeError
from ..frame import Frame
from ..limits import Budget
from ..numeric import Numeric
from ..operators import floating, numbers
from ..values import Chars, Value

_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)

F = TypeVar("F", bound=Callable[..., Any])
#: Numbers as single, if they are that, or as double.
Floating: TypeAlias = Numeric
#: The same without labels.
Plain: TypeAlias = Numeric


def unlabelled(x: Numeric, name: str) -> Numeric:
    """The numbers, which may not be labelled."""
    if x.labels.strip("U"):
        raise UnsupportedCodeError(
            f"{name} of labelled data is not supported.",
            remedy="strip the labels first: stripdims(X).",
        )
    return x


#: What becomes of an argument that a function annotates so.
_ANNOTATED: dict[str, Callable[[Value, str], Numeric]] = {
    "Numeric": numbers,
    "Floating": floating,
    "Plain": lambda value, name: unlabelled(floating(value, name), name),
}


class Caller(Protocol):
    """Calls functions of the code."""

    def call_value(
        self, function: Value, arguments: Sequence[Value], outputs: int
    ) -> tuple[Value, ...]:
        """Call a function handle."""

    def handle(self, name: str, frame: Frame) -> Value:
        """A handle of a function by its name."""


@dataclass(frozen=True)
class Call:
    """One call of a function of the table."""

    #: Calls function handles.
    interpreter: Caller
    #: The variables of the caller.
    frame: Frame
    #: MATLAB's name of the function.
    name: str
    #: ``nargout``.
    outputs: int
    #: The limits.
    budget: Budget

    def handle(self, function: Value) -> Value:
        """What is to be called: of a text the function of that name, else the value itself.

        Raises ``UnsupportedCodeError``: the text says more than a name: it would have to be
        evaluated.
        """
        if not isinstance(function, Chars):
            return function
        name = function.value.strip().removeprefix("@")
        if not _NAME.fullmatch(name):
            raise UnsupportedCodeError(
                f"{self.name} of {function.value[:60]!r} is not supported: it is not evaluated.",
                remedy="write the function itself: @(x) x + 1.",
            )
        return self.interpreter.handle(name, self.frame)


@dataclass(frozen=True)
class Known:
    """A function of the table."""

    #: MATLAB's name.
    name: str
    #: Takes a :class:`Call` and values, gives a value or a tuple of them.
    function: Callable[..., Any]
    #: Numbers of inputs; None for as many as there are.
    least: int
    most: int | None
    #: Where its meaning comes from.
    source: str
    #: Whether each element of the result comes from the same places of the inputs.
    is_elementwise: bool = False
    #: What becomes of each argument first, the last for all beyond it; empty where nothing does.
    conversions: tuple[Callable[[Value, str], Value], ...] = ()

    @property
    def counts(self) -> tuple[int, ...]:
        """How many inputs it takes; without a limit the least alone."""
        return tuple(range(self.least, (self.least if self.most is None else self.most) + 1))

    def __call__(self, call: Call, arguments: Sequence[Value]) -> tuple[Value, ...]:
        """The results of a call.

        Raises ``CodeError``: too few or too many inputs.
        """
        count = len(arguments)
        if count < self.least or (self.most is not None and count > self.most):
            most = "or more" if self.most is None else f"to {self.most}"
            inputs = self.least if self.most == self.least else f"{self.least} {most}"
            raise CodeError(f"{self.name} takes {inputs} inputs, not {count}.")
        if self.conversions:
            changes = chain(self.conversions, repeat(self.conversions[-1]))
            pairs = zip(changes, arguments, strict=False)
            arguments = [change(one, self.name) for change, one in pairs]
        return as_tuple(self.function(call, *arguments))


#: All functions by name.
TABLE: dict[str, Known] = {}


def _as_it_is(value: Value, name: str) -> Value:
    return value


def known(
    *names: str, table: dict[str, Known] = TABLE, elementwise: bool = False
) -> Callable[[F], F]:
    """Put a function into the table under MATLAB's names; its docstring says what it is.

    Arguments that it annotates as ``Numeric``, ``Floating`` or ``Plain`` are given to it so.
    """

    def add(function: F) -> F:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        least = sum(
            1 for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty
        )
        rest = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        said = inspect.cleandoc(function.__doc__ or "")
        wanted = [str(p.annotation).removesuffix(" | None") for p in parameters]
        conversions = tuple(_ANNOTATED.get(one, _as_it_is) for one in wanted)
        if {*conversions} == {_as_it_is}:
            conversions = ()
        for name in names:
            if name in table:
                raise ValueError(f"{name} is in the table twice")
            most = None if rest else len(parameters)
            table[name] = Known(name, function, least, most, said, elementwise, conversions)
        return function

    return add
