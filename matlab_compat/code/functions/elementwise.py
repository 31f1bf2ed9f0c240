"""Functions element by element. Sources: MATLAB's documentation of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...arrays import NUMPY
from ...errors import CodeError, UnsupportedCodeError
from ...language.operators import OPERATORS
from ..numeric import ZERO, Numeric, cast
from ..operators import (
    binary,
    by_element,
    common_kind,
    is_traced,
    numbers,
    text,
    unary,
    whole,
)
from ..values import Chars, Value
from .both import in_torch
from .registry import Call, known


def _float(x: Numeric) -> Numeric:
    return x.with_data(cast(x.data, "double")) if x.kind == "logical" else x


def _real_only(function: Callable[[Tensor], Tensor], least: float, most: float) -> Any:
    """A function that leaves the real numbers beyond some bounds, as MATLAB does."""

    def computed(x: Tensor) -> Tensor:
        outside = not x.is_complex() and not is_traced() and x.numel() > 0
        if outside and _leaves(x.detach(), least, most):
            x = x.to(torch.complex64 if x.dtype == torch.float32 else torch.complex128)
        return function(x)

    return computed


def _leaves(x: Tensor, least: float, most: float) -> bool:
    """Whether any number is beyond the bounds; an extreme is found in less time than all are."""
    return (least > -_INF and bool(x.amin() < least)) or (most < _INF and bool(x.amax() > most))


_INF = float("inf")


def _log2(x: Tensor) -> Tensor:
    return torch.log(x) / np.log(2.0) if x.is_complex() else torch.log2(x)


def _log10(x: Tensor) -> Tensor:
    return torch.log(x) / np.log(10.0) if x.is_complex() else torch.log10(x)


def _round(x: Tensor) -> Tensor:
    """Half away from zero."""
    whole = torch.trunc(x)
    return whole + torch.where((x - whole).abs() >= 0.5, torch.sign(x), torch.zeros_like(x))


def _real(x: Tensor) -> Tensor:
    return x.real if x.is_complex() else x


def _imag(x: Tensor) -> Tensor:
    return x.imag if x.is_complex() else torch.zeros_like(x)


#: MATLAB's name -> torch's function of floating point numbers; labels and class are kept.
FLOATING: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": _real_only(torch.log, 0.0, _INF),
    "log2": _real_only(_log2, 0.0, _INF),
    "log10": _real_only(_log10, 0.0, _INF),
    "log1p": _real_only(torch.log1p, -1.0, _INF),
    "sqrt": _real_only(torch.sqrt, 0.0, _INF),
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": _real_only(torch.asin, -1.0, 1.0),
    "acos": _real_only(torch.acos, -1.0, 1.0),
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "asinh": torch.asinh,
    "acosh": _real_only(torch.acosh, 1.0, _INF),
    "atanh": _real_only(torch.atanh, -1.0, 1.0),
    "erf": torch.erf,
    "erfc": torch.erfc,
    "gammaln": torch.lgamma,
    "sigmoid": torch.sigmoid,
}
#: Functions that integers have as well, and that leave them as they are.
ROUNDING: dict[str, Callable[[Tensor], Tensor]] = {
    "floor": torch.floor,
    "ceil": torch.ceil,
    "fix": torch.trunc,
}
_OTHER: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "sign": torch.sgn,
    "real": _real,
    "imag": _imag,
    "angle": torch.angle,
    "conj": lambda x: torch.conj(x).resolve_conj() if x.is_complex() else x,
    "deg2rad": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
}


def mapped(call: Call, x: Numeric, function: Callable[[Tensor], Tensor]) -> Numeric:
    """A function of each element; complex results without imaginary parts are real."""
    call.budget.made(x.shape)
    result = in_torch(function, x.data)
    if isinstance(result, np.ndarray) and result.dtype.kind == "c" and not result.imag.any():
        result = np.ascontiguousarray(result.real)
    return x.with_data(result)


@known(*FLOATING, *_OTHER, elementwise=True)
def _of_each(call: Call, x: Numeric) -> Numeric:
    """MATLAB's documentation of exp, log, sqrt, abs, sign ...: by element."""
    function = _OTHER.get(call.name) or FLOATING[call.name]
    if "int" in x.kind and call.name in FLOATING:
        raise CodeError(f"{call.name} is not defined for {x.kind}.")
    return mapped(call, _float(x), function)


@known(*ROUNDING, elementwise=True)
def _whole(call: Call, x: Numeric) -> Numeric:
    """MATLAB's documentation of floor, ceil and fix: by element."""
    if "int" in x.kind:
        return x
    if isinstance(x.data, np.ndarray) and x.data.dtype == object:
        return _of_symbols(x, call.name)
    if x.is_complex:
        raise UnsupportedCodeError(f"{call.name} of complex numbers is not supported.")
    return mapped(call, _float(x), ROUNDING[call.name])


def _of_symbols(x: Numeric, name: str) -> Numeric:
    assert isinstance(x.data, np.ndarray)
    convert: Any = {"floor": math.floor, "ceil": math.ceil, "fix": math.trunc}[name]
    result = np.empty(x.data.shape, object)
    for at in np.ndindex(x.data.shape):
        one: Any = x.data[at]
        result[at] = one if isinstance(one, torch.SymInt | int) else convert(one)
    return Numeric(result)


@known("round", elementwise=True)
def _rounded(call: Call, x: Numeric, digits: Value | None = None) -> Numeric:
    """MATLAB's documentation of round: half away from zero; digits after the point."""
    if "int" in x.kind:
        return x
    if digits is None:
        return mapped(call, _float(x), _round)
    scale = 10.0 ** whole(digits, "the digits of round")
    return mapped(call, _float(x), lambda v: _round(v * scale) / scale)


@known("isnan", "isinf", "isfinite", "ismissing", elementwise=True)
def _is_special(call: Call, a: Numeric) -> Numeric:
    """MATLAB's documentation of isnan, isinf, isfinite."""
    if a.kind not in ("double", "single"):
        answer = call.name == "isfinite"
        return a.with_data(in_torch(lambda v: torch.full_like(v, answer, dtype=torch.bool), a.data))
    name = "isnan" if call.name == "ismissing" else call.name
    return a.with_data(in_torch(getattr(torch, name), a.data))


# --- operators by their functions -------------------------------------------------------


_SIGNS = {name: sign for sign, name in OPERATORS.items()}
_OF_MATRICES = [name for name, sign in _SIGNS.items() if sign in ("*", "/", "\\", "^")]


@known(*_OF_MATRICES)
@known(*(name for name in _SIGNS if name not in _OF_MATRICES), elementwise=True)
def _operator(call: Call, a: Value, b: Value, *more: Value) -> Value:
    """MATLAB's documentation of plus, minus, times, mtimes, lt, and ...: the operators."""
    return reduce(lambda x, y: binary(_SIGNS[call.name], x, y, call.budget), (a, b, *more))


@known("uminus", "uplus", "not", elementwise=True)
@known("ctranspose", "transpose")
def _unary(call: Call, x: Value) -> Value:
    """MATLAB's documentation of uminus, uplus, not, ctranspose, transpose."""
    signs = {"uminus": "-", "uplus": "+", "not": "~", "ctranspose": "'", "transpose": ".'"}
    return unary(signs[call.name], x)


@known("xor", elementwise=True)
def _xor(call: Call, a: Value, b: Value) -> Value:
    """MATLAB's documentation of xor."""
    x, y = (binary("~=", one, ZERO, call.budget) for one in (a, b))
    return binary("~=", x, y, call.budget)


@known("mod", "rem", elementwise=True)
def _mod(call: Call, x: Numeric, y: Numeric) -> Numeric:
    """MATLAB's documentation of mod (sign of b) and rem (sign of a); by zero gives a, or NaN."""
    kind = common_kind((x, y), call.name)
    is_mod = call.name == "mod"

    def computed(u: Tensor, v: Tensor) -> Tensor:
        result = torch.remainder(u, v) if is_mod else torch.fmod(u, v)
        return torch.where(v == 0, u if is_mod else torch.full_like(result, float("nan")), result)

    result = by_element(
        call.name,
        (x, y),
        lambda *arrays: in_torch(computed, *_same_size(arrays)),
        call.budget,
        "double" if "int" in kind else kind,
    )
    return result.with_data(cast(result.data, kind))


def _same_size(arrays: Any) -> Any:
    if all(isinstance(one, np.ndarray) for one in arrays):
        return [np.asarray(one, np.float64) if one.dtype == object else one for one in arrays]
    return arrays


@known("atan2", "hypot", elementwise=True)
def _two(call: Call, x: Numeric, y: Numeric) -> Numeric:
    """MATLAB's documentation of atan2 and hypot."""
    function = partial(in_torch, getattr(torch, call.name))
    kind = common_kind((x, y), call.name)
    return by_element(call.name, (x, y), function, call.budget, kind)


# --- classes ----------------------------------------------------------------------------


@known(*NUMPY, elementwise=True)
def _to_class(call: Call, x: Value) -> Value:
    """MATLAB's documentation of double, single, logical, int8 ...: rounded and saturated."""
    return as_class(x, call.name)


def as_class(x: Value, kind: str) -> Value:
    """A value brought to a class of numbers."""
    if isinstance(x, Chars) and x.is_string:
        try:
            return Numeric(np.array([[float(x.value)]]))
        except ValueError:
            return Numeric(np.array([[float("nan")]]))
    a = numbers(x, kind)
    return a.with_data(cast(a.data, kind))


@known("cast")
def _cast(call: Call, x: Value, kind: Value, like: Numeric | None = None) -> Value:
    """MATLAB's documentation of cast: a class by name, or 'like' another array."""
    if like is not None:
        return as_class(x, like.kind)
    name = text(kind, "the class")
    if name not in NUMPY:
        raise CodeError(f"cast: '{name}' is no class of numbers.")
    return as_class(x, name)


@known("im2single", "im2double", elementwise=True)
def _image(call: Call, a: Numeric) -> Value:
    """MATLAB's documentation of im2single and im2double: integers become 0 to 1."""
    kind = call.name.removeprefix("im2")
    if "int" not in a.kind:
        return as_class(a, kind)
    if a.kind not in ("uint8", "uint16"):
        raise UnsupportedCodeError(f"{call.name} of {a.kind} is not supported.")
    return a.with_data(cast(cast(a.data, "double") / np.iinfo(NUMPY[a.kind]).max, kind))


@known("complex")
def _complex(call: Call, a: Value, b: Value) -> Value:
    """MATLAB's documentation of complex."""
    imaginary = binary(".*", b, Numeric(np.array([[1j]])), call.budget)
    return binary("+", a, imaginary, call.budget)
