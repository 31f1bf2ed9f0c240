"""Functions of ``arguments`` blocks that refuse a value. Source: MATLAB's documentation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ...errors import CodeError
from ..numeric import Numeric, elements
from ..operators import known_values, numbers
from ..values import Chars, Value
from .registry import Call, known
from .texts import is_a, texts_of

Check: TypeAlias = Callable[[Value], bool]


def _each(holds: Callable[[Any], Any]) -> Check:
    """Of all elements, where these are known."""

    def check(x: Value) -> bool:
        is_known = numbers(x, "a check").is_known
        return not is_known or bool(np.all(holds(known_values(x, "the argument"))))

    return check


def _any_class(*names: str) -> Check:
    """Of one of these classes."""

    def check(x: Value) -> bool:
        underlying = Numeric(x.data) if isinstance(x, Numeric) else x
        return any(is_a(underlying, name) for name in names)

    return check


#: What an argument must do or be, and whether it does.
_CHECKS: dict[str, tuple[str, Check]] = {
    "mustBePositive": ("be positive", _each(lambda x: x > 0)),
    "mustBeNonpositive": ("not be positive", _each(lambda x: x <= 0)),
    "mustBeNonnegative": ("not be negative", _each(lambda x: x >= 0)),
    "mustBeNegative": ("be negative", _each(lambda x: x < 0)),
    "mustBeNonzero": ("not be zero", _each(lambda x: x != 0)),
    "mustBeFinite": ("be finite", _each(np.isfinite)),
    "mustBeNonNan": ("not be NaN", _each(lambda x: ~np.isnan(x))),
    "mustBeInteger": ("be whole", _each(lambda x: np.isfinite(x) & (x == np.floor(x)))),
    "mustBeReal": ("be real", lambda x: not numbers(x, "mustBeReal").is_complex),
    "mustBeNumeric": ("be numeric", _any_class("numeric")),
    "mustBeNumericOrLogical": ("be numeric or logical", _any_class("numeric", "logical")),
    "mustBeFloat": ("be single or double", _any_class("float")),
    "mustBeText": ("be a text", _any_class("char", "string", "cell")),
    "mustBeTextScalar": ("be a text", _any_class("char", "string")),
    "mustBeNonzeroLengthText": (
        "be a text that is not empty",
        lambda x: isinstance(x, Chars) and bool(x.value),
    ),
    "mustBeNonempty": ("not be empty", lambda x: elements(x.shape) != 0),
    "mustBeScalarOrEmpty": ("be one value", lambda x: elements(x.shape) <= 1),
    "mustBeVector": ("be a vector", lambda x: len(x.shape) == 2 and 1 in x.shape),
    "mustBeRow": ("be a row", lambda x: len(x.shape) == 2 and x.shape[0] == 1),
    "mustBeColumn": ("be a column", lambda x: len(x.shape) == 2 and x.shape[1] == 1),
    "mustBeMatrix": ("be a matrix", lambda x: len(x.shape) == 2),
}
_AGAINST: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "mustBeGreaterThan": ("be greater than", operator.gt),
    "mustBeGreaterThanOrEqual": ("be at least", operator.ge),
    "mustBeLessThan": ("be less than", operator.lt),
    "mustBeLessThanOrEqual": ("be at most", operator.le),
}


def _refuse(what: str) -> None:
    raise CodeError(f"An argument must {what}.")


@known(*_CHECKS)
def _must(call: Call, x: Value) -> tuple[()]:
    """MATLAB's documentation of mustBePositive, mustBeNumeric, mustBeText, mustBeVector ..."""
    what, holds = _CHECKS[call.name]
    if not holds(x):
        _refuse(what)
    return ()


@known(*_AGAINST)
def _against(call: Call, x: Value, bound: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeGreaterThan, mustBeLessThan ..."""
    what, holds = _AGAINST[call.name]
    limit = known_values(bound, "the bound")
    if not _each(lambda one: holds(one, limit))(x):
        _refuse(f"{what} {limit.reshape(-1).tolist()}")
    return ()


@known("mustBeInRange")
def _in_range(call: Call, x: Value, low: Value, high: Value, *flags: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeInRange: its ends count but for "exclusive" ones."""
    said = {one.value.lower() for one in flags if isinstance(one, Chars)}
    bounds = [known_values(one, "the bound") for one in (low, high)]
    if numbers(x, call.name).is_known:
        data = known_values(x, "the argument")
        above = data > bounds[0] if said & {"exclusive", "exclude-lower"} else data >= bounds[0]
        below = data < bounds[1] if said & {"exclusive", "exclude-upper"} else data <= bounds[1]
        if not np.all(above & below):
            _refuse(f"lie from {bounds[0].item()} to {bounds[1].item()}")
    return ()


@known("mustBeA")
def _must_be_a(call: Call, x: Value, names: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeA."""
    wanted = texts_of(names, "mustBeA")
    if not any(is_a(x, name) for name in wanted):
        _refuse(f"be of class {' or '.join(wanted)}")
    return ()


@known("mustBeMember")
def _member(call: Call, x: Value, among: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeMember: of texts or numbers."""
    if isinstance(x, Chars):
        allowed = texts_of(among, call.name)
        if x.value not in allowed:
            _refuse(f"be one of {', '.join(allowed)}")
    elif not np.isin(known_values(x, "the argument"), known_values(among, "the values")).all():
        _refuse("be one of the values that are allowed")
    return ()
