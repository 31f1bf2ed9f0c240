"""The number of observations, which stays free where torch records a model to export it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

from ..contexts import during
from ..errors import DataDependentCodeError

_COUNT: ContextVar[Any] = ContextVar("the number of observations, where torch traces it")


@contextmanager
def observed(count: Any) -> Iterator[None]:
    """Code runs on so many observations; only a number that torch traces has to stay free."""
    with during(_COUNT, count if isinstance(count, torch.SymInt) else None):
        yield


def check_free(what: str) -> None:
    """Raise ``DataDependentCodeError``: what ran last settled the number of observations."""
    count = _COUNT.get(None)
    if count is not None and count.node.maybe_as_int() is not None:
        raise _bound(f"{what} needs a certain number of observations, as a loop over them does")


def settle(truth: Any, what: str) -> bool:
    """A truth that may depend on sizes that torch traces, which it makes certain sizes.

    A program holds one of two branches: for all sizes that it takes.

    Raises ``DataDependentCodeError``: it depends on the number of observations.
    """
    if not isinstance(truth, torch.SymBool):
        return bool(truth)
    from torch.fx.experimental.symbolic_shapes import free_symbols

    count, traced = _COUNT.get(None), truth.node
    names = free_symbols(traced.expr)
    if count is not None and names & free_symbols(count.node.expr):
        raise _bound(f"{what} depends on the number of observations")
    for name in sorted(names, key=str):
        traced.shape_env.evaluate_expr(name)
    return bool(truth)


def _bound(why: str) -> DataDependentCodeError:
    return DataDependentCodeError(
        f"{why[:1].upper()}{why[1:]}, so that it cannot be exported: that number stays free.",
        remedy="write the code without it (dimensions of all observations at once), or run the "
        "network in Python.",
    )
