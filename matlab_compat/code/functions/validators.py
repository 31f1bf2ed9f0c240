"""Functions of ``arguments`` blocks that refuse a value. Source: MATLAB's documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import CodeError
from ..numeric import Numeric, elements
from ..operators import known_values, numbers
from ..values import Chars, Value
from .registry import Call, known
from .texts import is_a, texts_of

_ELEMENTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "mustBePositive": ("be positive", lambda x: x > 0),
    "mustBeNonpositive": ("not be positive", lambda x: x <= 0),
    "mustBeNonnegative": ("not be negative", lambda x: x >= 0),
    "mustBeNegative": ("be negative", lambda x: x < 0),
    "mustBeNonzero": ("not be zero", lambda x: x != 0),
    "mustBeFinite": ("be finite", np.isfinite),
    "mustBeNonNan": ("not be NaN", lambda x: ~np.isnan(x)),
    "mustBeInteger": ("be whole", lambda x: np.isfinite(x) & (x == np.floor(x))),
}
_AGAINST: dict[str, tuple[str, Callable[..., Any]]] = {
    "mustBeGreaterThan": ("be greater than", lambda x, y: x > y),
    "mustBeGreaterThanOrEqual": ("be at least", lambda x, y: x >= y),
    "mustBeLessThan": ("be less than", lambda x, y: x < y),
    "mustBeLessThanOrEqual": ("be at most", lambda x, y: x <= y),
}
_CLASSES = {
    "mustBeNumeric": ("be numeric", ("numeric",)),
    "mustBeNumericOrLogical": ("be numeric or logical", ("numeric", "logical")),
    "mustBeFloat": ("be single or double", ("float",)),
    "mustBeText": ("be a text", ("char", "string", "cell")),
    "mustBeTextScalar": ("be a text", ("char", "string")),
}
_SIZES: dict[str, tuple[str, Callable[[tuple[int, ...]], bool]]] = {
    "mustBeNonempty": ("not be empty", lambda size: elements(size) != 0),
    "mustBeScalarOrEmpty": ("be one value", lambda size: elements(size) <= 1),
    "mustBeVector": ("be a vector", lambda size: len(size) == 2 and 1 in size),
    "mustBeRow": ("be a row", lambda size: len(size) == 2 and size[0] == 1),
    "mustBeColumn": ("be a column", lambda size: len(size) == 2 and size[1] == 1),
    "mustBeMatrix": ("be a matrix", lambda size: len(size) == 2),
}


def _refuse(what: str) -> None:
    raise CodeError(f"An argument must {what}.")


@known(*_ELEMENTS)
def _elements(call: Call, x: Value) -> tuple[()]:
    """MATLAB's documentation of mustBePositive, mustBeInteger, mustBeFinite ..."""
    what, holds = _ELEMENTS[call.name]
    if numbers(x, call.name).is_known and not np.all(holds(known_values(x, what))):
        _refuse(what)
    return ()


@known(*_AGAINST)
def _against(call: Call, x: Value, bound: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeGreaterThan, mustBeLessThan ..."""
    what, holds = _AGAINST[call.name]
    limit = known_values(bound, "the bound")
    if numbers(x, call.name).is_known and not np.all(holds(known_values(x, what), limit)):
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


@known(*_CLASSES)
def _of_class(call: Call, x: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeNumeric, mustBeText ..."""
    what, names = _CLASSES[call.name]
    underlying = Numeric(x.data) if isinstance(x, Numeric) else x
    if not any(is_a(underlying, name) for name in names):
        _refuse(what)
    return ()


@known("mustBeA")
def _must_be_a(call: Call, x: Value, names: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeA."""
    wanted = texts_of(names, "mustBeA")
    if not any(is_a(x, name) for name in wanted):
        _refuse(f"be of class {' or '.join(wanted)}")
    return ()


@known(*_SIZES)
def _of_size(call: Call, x: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeNonempty, mustBeVector ..."""
    what, holds = _SIZES[call.name]
    if not holds(tuple(x.shape)):
        _refuse(what)
    return ()


@known("mustBeReal")
def _real(call: Call, x: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeReal."""
    if numbers(x, call.name).is_complex:
        _refuse("be real")
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


@known("mustBeNonzeroLengthText")
def _text(call: Call, x: Value) -> tuple[()]:
    """MATLAB's documentation of mustBeNonzeroLengthText."""
    if not isinstance(x, Chars) or not x.value:
        _refuse("be a text that is not empty")
    return ()
