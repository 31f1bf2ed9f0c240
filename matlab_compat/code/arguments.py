"""How a function takes its inputs: ``varargin`` and ``arguments`` blocks.

Source: MATLAB's documentation of "arguments" (Argument Definitions).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ..arrays import NUMPY
from ..display import size_text
from ..errors import CodeError
from ..language import syntax
from .frame import Frame
from .numeric import Numeric, cast
from .values import Cell, Chars, Struct, Value

#: The values of an expression in the variables of a frame, of so many outputs.
Evaluate: TypeAlias = Callable[[syntax.Expression, Frame, int], tuple[Value, ...]]


def bound(evaluate: Evaluate, frame: Frame, said: syntax.Function, given: Sequence[Value]) -> None:
    """Put the inputs of a call into the variables of its frame.

    Raises ``CodeError``: too many inputs, one that is missing, or of a size or class that is not
    allowed.
    """
    rules = [one for one in said.arguments if not one.has("output")]
    repeating = [one.name for one in rules if one.has("repeating")]
    if repeating and repeating != ["varargin"]:
        given = _repeated(frame, said, repeating, given)
    rules = [one for one in rules if not one.has("repeating")]
    grouped = {one.name.partition(".")[0] for one in rules if "." in one.name}
    names = [name for name in said.inputs if name not in (*grouped, *frame.variables)]
    rest: Sequence[Value] = ()
    if names and names[-1] == "varargin":
        names = names[:-1]
        values = tuple(given[len(names) :])
        frame.variables["varargin"] = Cell((1, len(values)), values)
    elif len(given) > len(names):
        if not grouped:
            raise CodeError(
                f"{said.name} has {len(names)} inputs, but is called with {len(given)}."
            )
        rest = given[len(names) :]
    first_option = _first_option(given[: len(names)], rules, grouped)
    if first_option is not None:
        given, rest = given[:first_option], given[first_option:]
    for name, value in zip(names, given, strict=False):
        if name != "~":
            frame.variables[name] = value
    options = _options(said, rest, rules, grouped)
    for name in grouped:
        frame.variables[name] = Struct()
    frame.inputs = min(len(given), len(names)) if grouped else len(given)
    for rule in rules:
        _apply(evaluate, frame, rule, options)


def _repeated(
    frame: Frame, said: syntax.Function, names: Sequence[str], given: Sequence[Value]
) -> Sequence[Value]:
    """Repeating arguments as cells of their values; what comes before them is left."""
    first = said.inputs.index(names[0])
    rest = given[first:]
    if len(rest) % len(names):
        raise CodeError(f"{said.name}: {', '.join(names)} are given together.")
    for at, name in enumerate(names):
        values = tuple(rest[at :: len(names)])
        frame.variables[name] = Cell((1, len(values)), values)
    return given[:first]


def _first_option(
    given: Sequence[Value], rules: Sequence[syntax.Property], grouped: set[str]
) -> int | None:
    """Where names of options begin among inputs that have defaults."""
    if not grouped:
        return None
    options = {one.name.partition(".")[2] for one in rules if "." in one.name}
    required = sum(1 for one in rules if "." not in one.name and one.default is None)
    for at, value in enumerate(given):
        if at >= required and isinstance(value, Chars) and value.value in options:
            return at
    return None


def _options(
    said: syntax.Function,
    rest: Sequence[Value],
    rules: Sequence[syntax.Property],
    grouped: set[str],
) -> dict[str, Value]:
    if len(rest) % 2:
        raise CodeError(f"{said.name}: a name-value argument has no value.")
    known = {one.name.partition(".")[2]: one.name for one in rules if "." in one.name}
    found: dict[str, Value] = {}
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        if not isinstance(name, Chars):
            raise CodeError(f"{said.name}: too many inputs.")
        whole = known.get(name.value)
        if whole is None:
            raise CodeError(
                f"{said.name} has no argument '{name.value}'.",
                remedy=f"it takes {', '.join(known)}.",
            )
        found[whole] = value
    return found


def _apply(
    evaluate: Evaluate, frame: Frame, rule: syntax.Property, options: dict[str, Value]
) -> None:
    group, _, name = rule.name.partition(".")
    value = options.get(rule.name) if name else frame.variables.get(group)
    if value is None:
        if rule.default is None:
            if name:
                return
            raise CodeError(f"The input '{rule.name}' is missing.")
        values = evaluate(rule.default, frame, 1)
        if not values:
            raise CodeError(f"The input '{rule.name}' has no value.")
        value = values[0]
    value = _checked(rule, value)
    if name:
        holder = frame.variables[group]
        assert isinstance(holder, Struct)
        frame.variables[group] = holder.with_field(name, value)
    else:
        frame.variables[group] = value
    argument: syntax.Expression = syntax.Name(rule.line, group)
    if name:
        argument = syntax.Field(rule.line, argument, name)
    for one in rule.validators:
        named = isinstance(one, syntax.Name)
        evaluate(syntax.Index(one.line, one, False, (argument,)) if named else one, frame, 0)


def _checked(rule: syntax.Property, value: Value) -> Value:
    if rule.kind in NUMPY:
        if not isinstance(value, Numeric):
            raise CodeError(f"The input '{rule.name}' must be {rule.kind}.")
        value = value.with_data(cast(value.data, rule.kind))
    elif rule.kind in ("char", "string"):
        if not isinstance(value, Chars):
            raise CodeError(f"The input '{rule.name}' must be a text.")
        value = Chars(value.value, rule.kind == "string")
    elif rule.kind == "dlarray" and isinstance(value, Numeric):
        value = Numeric(value.data, value.labels, True)
    if rule.size:
        _check_size(rule, value)
    return value


def _check_size(rule: syntax.Property, value: Value) -> None:
    size: Sequence[Any] = value.shape
    wanted = rule.size
    if any(n is None for n in wanted) and not isinstance(value, Numeric | Cell | Chars):
        return
    fits = len(size) <= len(wanted) and all(
        want is None or want == have
        for want, have in zip(wanted, (*size, *(1,) * (len(wanted) - len(size))), strict=True)
    )
    if not fits:
        shown = size_text([":" if n is None else n for n in wanted])
        raise CodeError(f"The input '{rule.name}' must be {shown}, not {size_text(size)}.")
