"""MATLAB's inputParser, which code that MATLAB's importers generated checks its inputs with.

Source: the documentation page of inputParser and those of its methods.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import CodeError, CodeLimitError
from ..numeric import Numeric, elements, logical
from ..operators import is_true, text
from ..values import Cell, Chars, FunctionHandle, InputParser, ParserInput, Struct, Value
from .registry import Call, known

#: What is called with a dot, too: ``p.addParameter('Size', 1)``.
PARSER_METHODS = frozenset(
    {"addRequired", "addOptional", "addParameter", "addParamValue", "addSwitch", "parse"}
)


@known("inputParser")
def _input_parser(call: Call) -> Value:
    """MATLAB's documentation of inputParser."""
    return InputParser()


def _of(call: Call, parser: Value) -> InputParser:
    if not isinstance(parser, InputParser):
        raise CodeError(f"{call.name} is for an inputParser.")
    return parser


#: What each adds: its kind, and how many inputs may follow the name.
_ADDED = {
    "addRequired": ("required", 0, 1),
    "addOptional": ("optional", 1, 2),
    "addParameter": ("named", 1, 2),
    "addParamValue": ("named", 1, 2),
    "addSwitch": ("switch", 0, 0),
}


@known(*_ADDED)
def _add(call: Call, parser: Value, name: Value, *rest: Value) -> tuple[()]:
    """The pages of addRequired, addOptional, addParameter and addSwitch (true where named)."""
    kind, least, most = _ADDED[call.name]
    if not least <= len(rest) <= most:
        raise CodeError(f"{call.name} takes {2 + least} to {2 + most} inputs, not {2 + len(rest)}.")
    default = logical([[False]]) if kind == "switch" else rest[0] if least else None
    check = rest[least] if len(rest) > least else None
    if check is not None and not isinstance(check, FunctionHandle):
        raise CodeError(f"{call.name}: the check must be a function handle.")
    _of(call, parser).inputs.append(ParserInput(text(name, "the name"), kind, default, check))
    return ()


@known("parse")
def _parse(call: Call, parser: Value, *given: Value) -> tuple[()]:
    """The documentation page of parse: required inputs, optional ones, then names with values."""
    one = _of(call, parser)
    found: dict[str, Value] = {}
    left = list(given)
    for wanted in (w for w in one.inputs if w.kind == "required"):
        if not left:
            raise CodeError("Not enough input arguments.")
        found[wanted.name] = _checked(call, wanted, left.pop(0))
    for wanted in (w for w in one.inputs if w.kind == "optional"):
        if not left or not _fits(call, one, wanted, left[0]):
            break
        found[wanted.name] = left.pop(0)
    unmatched = _named(call, one, left, found)
    defaults = [w.name for w in one.inputs if w.name not in found]
    for wanted in one.inputs:
        if wanted.name not in found and wanted.default is not None:
            found[wanted.name] = wanted.default
    order = sorted(found, key=str.lower)
    one.properties["Results"] = Struct({name: found[name] for name in order})
    one.properties["Unmatched"] = Struct(unmatched)
    one.properties["UsingDefaults"] = Cell((1, len(defaults)), tuple(map(Chars, defaults)))
    return ()


def _named(
    call: Call, one: InputParser, left: list[Value], found: dict[str, Value]
) -> dict[str, Value]:
    """Put what follows names into ``found``; what nobody declared is given back."""
    unmatched: dict[str, Value] = {}
    while left:
        first = left.pop(0)
        if isinstance(first, Struct) and one.is_on("StructExpand"):
            left = [item for n, v in first.fields.items() for item in (Chars(n), v)] + left
            continue
        if not isinstance(first, Chars):
            raise CodeError("Expected a string scalar or character vector for the parameter name.")
        wanted = _declared(one, first.value)
        if wanted is not None and wanted.kind == "switch":
            found[wanted.name] = logical([[True]])
            continue
        if not left:
            raise CodeError(f"No value was given for '{first.value}'.")
        value = left.pop(0)
        if wanted is not None:
            found[wanted.name] = _checked(call, wanted, value)
        elif one.is_on("KeepUnmatched"):
            unmatched[first.value] = value
        else:
            raise CodeError(f"'{first.value}' is not a recognized parameter.")
    return unmatched


def _declared(one: InputParser, name: str) -> ParserInput | None:
    """The input that a name means: in either case, and the beginning alone, unless asked not to."""

    def same(text: str) -> str:
        return text if one.is_on("CaseSensitive") else text.lower()

    named = [w for w in one.inputs if w.kind in ("named", "switch")]
    exact = [w for w in named if same(w.name) == same(name)]
    partial = [w for w in named if same(w.name).startswith(same(name))]
    fitting = exact or (partial if one.is_on("PartialMatching") and name else [])
    return fitting[0] if len(fitting) == 1 else None


def _fits(call: Call, one: InputParser, wanted: ParserInput, value: Value) -> bool:
    """Whether an argument is an optional input: else it is the name of what follows."""
    if wanted.check is not None:
        return _holds(call, wanted.check, value)
    return not isinstance(value, Chars) or _declared(one, value.value) is None


def _checked(call: Call, wanted: ParserInput, value: Value) -> Value:
    if wanted.check is not None and not _holds(call, wanted.check, value):
        raise CodeError(f"The value of '{wanted.name}' is invalid: it does not satisfy its check.")
    return value


def _holds(call: Call, check: Value, value: Value) -> bool:
    """A check gives a truth value, or nothing where it raises an error for what does not fit."""
    try:
        results: Sequence[Value] = call.interpreter.call_value(check, [value], 0)
    except CodeLimitError:
        raise
    except CodeError:
        return False
    first = results[0] if results else None
    if not isinstance(first, Numeric) or not isinstance(first.data, np.ndarray):
        return True
    return elements(first.shape) > 0 and is_true(first, "the check of an input")
