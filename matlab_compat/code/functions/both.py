"""Functions written once, for torch, on known numbers and on data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

import numpy as np
from torch import Tensor

from ...errors import CodeError
from ..numeric import Data, Numeric, as_tensor
from ..operators import as_whole, is_traced, known_values, memory_order, numbers, whole
from ..recording import paused
from ..values import Chars, Value
from .registry import TABLE, Call


def untraced() -> AbstractContextManager[Any]:
    """Where torch computes known numbers, while it records what becomes of data."""
    contexts = ExitStack()
    contexts.enter_context(paused())
    with suppress(ImportError):
        from torch.utils._python_dispatch import _disable_current_modes

        contexts.enter_context(_disable_current_modes())
    return contexts


def in_torch(function: Callable[..., Any], *arrays: Data) -> Any:
    """The result of a function of tensors: known numbers if all arrays are known."""
    plain = [one for one in arrays if not isinstance(one, Tensor)]
    if len(plain) < len(arrays) or any(one.dtype == object for one in plain):
        device = next((one.device for one in arrays if isinstance(one, Tensor)), None)
        return function(*(as_tensor(one).to(device) for one in arrays))
    with untraced():
        return _as_known(function(*map(as_tensor, arrays)))


def _as_known(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_as_known(one) for one in result)
    return result.detach().numpy() if isinstance(result, Tensor) else result


def sibling(call: Call, name: str, *arguments: Value) -> Numeric:
    """The numbers that another function of the table gives."""
    inner = Call(call.interpreter, call.frame, name, 1, call.budget)
    (found, *_) = TABLE[name](inner, arguments)
    return numbers(found, name)


def reduced(function: Callable[..., Tensor], x: Tensor, axes: Sequence[int]) -> Tensor:
    """A sum or the like along dimensions, which become of size 1."""
    if is_traced():
        return function(x, list(axes), keepdim=True)
    order, back = memory_order(x)
    result = function(x.permute(order), [order.index(axis) for axis in axes], keepdim=True)
    return result.permute(back)


def sizes(call_name: str, arguments: Sequence[Value]) -> tuple[list[Any], str]:
    """The size and class of ``zeros(2, 3, 'single')`` or ``zeros([2 3], 'like', x)``."""
    kind = ""
    given = list(arguments)
    while given and isinstance(last := given[-1], Chars):
        if last.value not in ("dlarray", "gpuArray"):  # where it is, and not what
            kind = last.value
        given.pop()
    if len(given) >= 2 and isinstance(given[-2], Chars) and given[-2].value.lower() == "like":
        like = given.pop()
        given.pop()
        if not isinstance(like, Numeric):
            raise CodeError(f"{call_name}: 'like' needs an array.")
        kind = like.kind
    what = f"the size in {call_name}"
    if not given:
        return [1, 1], kind
    if len(given) == 1:
        numbers = known_values(given[0], what).reshape(-1)
        found = [as_whole(n, what) for n in numbers]
        if len(found) == 1:
            found = found * 2
    else:
        found = [whole(one, what) for one in given]
    return [max(n, 0) if isinstance(n, int) else n for n in found], kind


def dimension(value: Value, what: str) -> int:
    """A dimension, from 0."""
    number = whole(value, f"the dimension in {what}")
    if not isinstance(number, int) or number < 1:
        raise CodeError(f"The dimension in {what} must be positive, not {number}.")
    if number > 100:
        raise CodeError(f"The dimension in {what} is too large.")
    return number - 1


def default_axis(x: Numeric) -> int:
    """The first dimension whose size is not 1."""
    longer = (axis for axis, n in enumerate(x.shape) if not (isinstance(n, int) and n == 1))
    return next(longer, 0)


def axes(x: Numeric, rest: Sequence[Value], what: str) -> tuple[list[int], bool]:
    """The dimensions that a reduction works along, and whether NaN are left out.

    ``rest`` is what follows the array: nothing, a dimension, several, "all", "omitnan".
    """
    omit = False
    found: list[int] | None = None
    for one in rest:
        if isinstance(one, Chars):
            word = one.value.lower()
            if word == "all":
                found = list(range(x.data.ndim))
            elif word in ("omitnan", "includenan", "omitmissing", "includemissing"):
                omit = word.startswith("omit")
            elif word not in ("default", "double", "native"):
                raise CodeError(f"{what} has no option '{one.value}'.")
        else:
            numbers = known_values(one, f"the dimension in {what}").reshape(-1)
            found = [dimension(Numeric(np.array([[n]])), what) for n in numbers]
            if len(set(found)) < len(found) or not found:
                raise CodeError(f"The dimensions in {what} must differ.")
    return ([default_axis(x)] if found is None else found), omit
