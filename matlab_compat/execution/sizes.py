"""A bound on what a network may ask for, found before it is run: sizes cost nothing to compute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ..arrays import as_tuple
from ..contexts import during
from ..display import size_text
from ..engine.recurrent import Recurrence
from ..errors import LimitExceededError, MatlabCompatError, locating
from ..wording import argument

#: Elements of the largest activation of a network out of a file: 8 GiB in single.
LARGEST_ACTIVATION = 2**31

#: Whoever runs networks of their own has no bound; those out of files are run inside one.
_LIMIT: ContextVar[int | None] = ContextVar("largest activation", default=None)


def bounded_activations(elements: int = LARGEST_ACTIVATION) -> AbstractContextManager[None]:
    """Networks and layers run inside raise rather than make an array of more elements."""
    return during(_LIMIT, elements)


def check_size(shape: Sequence[int]) -> None:
    """Refuse an array of torch's size ``shape`` that :func:`bounded_activations` does not allow."""
    limit, elements = _LIMIT.get(), math.prod(shape)
    if limit is not None and elements > limit:
        raise LimitExceededError(
            f"It would need an array of {size_text(tuple(shape))} (torch's order) = {elements} "
            f"elements; the limit is {limit}.",
            remedy="check sizes, padding and stride; if you trust the file, pass "
            f"{argument('max_elements', elements)}.",
        )


def check_sizes(module: nn.Module, inputs: Sequence[Tensor], name: str = "") -> None:
    """Refuse to run a module that would make too large an array, itself or on the way.

    ``inputs`` may be without data (on the device "meta"). Does nothing outside
    :func:`bounded_activations`. What else is wrong is left to the run itself, which says it better.
    The error names the layer: one of ``module``'s if it is a network's, else ``name``.
    """
    if _LIMIT.get() is None:
        return
    without_data = [torch.empty(x.shape, dtype=x.dtype, device="meta") for x in inputs]
    checked = _Checked()  # type: ignore[no-untyped-call]
    with suppress(_OtherFaultError), torch.no_grad(), torch.device("meta"), checked:
        _sized(module, without_data, name)


class _OtherFaultError(Exception):
    """Something else than a size is wrong."""


class _Sized(fx.Interpreter):
    """Runs a network layer by layer on tensors without data."""

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        names: Any = self.module.meta
        return _sized(self.fetch_attr(target), args, names["layers"][target])


def _sized(module: Any, inputs: Sequence[Tensor], name: str = "") -> Any:
    with locating(*([f"layer '{name}'"] if name else [])):
        if isinstance(module, fx.GraphModule) and "layers" in module.meta:
            return _Sized(module).run(*inputs)
        try:
            return (_recurred if isinstance(module, Recurrence) else _called)(module, *inputs)
        except LimitExceededError:
            raise
        except (MatlabCompatError, RuntimeError, ValueError, IndexError, TypeError) as error:
            if "overflow" in str(error):  # of the number of elements, which torch counts in 63 bits
                raise LimitExceededError(
                    "It would need an array of more than 2^63 elements.",
                    remedy="check sizes, padding and stride; no machine has the memory, whatever "
                    f"{argument('max_elements')} allows.",
                ) from error
            raise _OtherFaultError from error


def _called(module: nn.Module, *inputs: Tensor) -> Any:
    state: dict[str, Tensor] = {
        name: nn.Parameter(torch.empty_like(value, device="meta"), requires_grad=False)
        for name, value in module.named_parameters()
    }
    state |= {n: torch.empty_like(value, device="meta") for n, value in module.named_buffers()}
    return functional_call(module, state, inputs)


def _recurred(module: Recurrence, x: Tensor, *states: Tensor) -> Any:
    """The sizes after one time step, stretched: torch takes the steps one by one without data."""
    settings, (batch, _, steps) = module.settings, x.shape
    check_size((batch, steps, 4 * settings.hidden * settings.directions))  # torch's gates
    results = _called(module, x[:, :, :1], *states)
    first, *rest = as_tuple(results)
    y = first if settings.last else first.expand(-1, -1, steps)
    return (y, *rest) if isinstance(results, tuple) else y


class _Checked(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Looks at the size of every tensor that is made."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler for that, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                check_size(tensor.shape)
        return result
