"""Automatic differentiation. Sources: MATLAB's documentation of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...errors import CodeError, UnsupportedCodeError
from ..gradients import differentiated
from ..numeric import Numeric, elements
from ..operators import is_traced, known_scalar, text
from ..values import Chars, Value, each, with_numbers
from .registry import Call, known


@known("dlfeval")
def _dlfeval(call: Call, function: Value, *arguments: Value) -> Any:
    """MATLAB's documentation of dlfeval: the function is called with traced inputs."""

    def evaluate(given: Any) -> tuple[Value, ...]:
        return call.interpreter.call_value(function, given, call.outputs)

    return differentiated(evaluate, arguments)


@known("dlgradient")
def _dlgradient(call: Call, loss: Numeric, *arguments: Value) -> Any:
    """MATLAB's documentation of dlgradient: by arrays, or all arrays in cells and structs.

    A gradient has the size and labels of what it is by; it is 0 where nothing depends on that.
    """
    first = next((at for at, one in enumerate(arguments) if isinstance(one, Chars)), None)
    by, options = arguments[:first], arguments[first:] if first is not None else ()
    if is_traced():
        raise UnsupportedCodeError(
            "The code differentiates (dlgradient), which cannot be exported.",
            remedy="run it in Python: matlab_compat.code.function.",
        )
    if elements(loss.shape) != 1 or loss.is_complex:
        raise CodeError("dlgradient differentiates one real number.", remedy="sum(Y, 'all').")
    if not loss.tensor.requires_grad:
        raise CodeError("What dlgradient differentiates does not depend on any input.")
    leaves = [value.tensor for value in each(by) if isinstance(value, Numeric)]
    if not all(one.requires_grad for one in leaves):
        raise CodeError("dlgradient is by an array that is no input and depends on none.")
    if any(one.is_complex() for one in leaves):
        raise UnsupportedCodeError("dlgradient by complex numbers is not supported.")
    gradients = torch.autograd.grad(
        loss.tensor.reshape(()),
        leaves,
        create_graph=_is_higher(options),
        retain_graph=True,
        materialize_grads=True,
    )
    left = iter(gradients)
    return with_numbers(by, lambda value: value.with_data(next(left)))


def _is_higher(options: Sequence[Value]) -> bool:
    """EnableHigherDerivatives, true by default."""
    is_higher = True
    for one, value in zip(options[::2], options[1::2], strict=True):
        name = text(one, "an option").lower()
        if name not in ("retaindata", "enablehigherderivatives", "allowcomplex"):
            raise CodeError(f"dlgradient has no option '{name}'.")
        if name == "enablehigherderivatives":
            is_higher = bool(known_scalar(value, name))
    return is_higher


@known("dlupdate")
def _dlupdate(call: Call, function: Value, *arguments: Value) -> Any:
    """MATLAB's documentation of dlupdate: a function of the arrays in cells and structs.

    Several inputs are of the same structure, and the function gets one array of each.
    """
    inputs = [[value for value in each([one]) if isinstance(value, Numeric)] for one in arguments]
    if len({*map(len, inputs)}) != 1:
        raise CodeError("The inputs of dlupdate are not of the same structure.")
    count = max(call.outputs, 1)
    results = [
        call.interpreter.call_value(function, one, count) for one in zip(*inputs, strict=True)
    ]

    def structured(at: int) -> Value:
        left = (one[at] for one in results)
        return with_numbers(arguments[:1], lambda value: next(left))[0]

    return tuple(map(structured, range(count)))
