"""Rounding errors made on purpose, to see how far they move a result.

Rounding errors of a whole network cannot be bounded usefully on paper, nor can one run show them:
the error of a single element may be zero by luck. But they can be imitated: every operation of a
run gets an error of the size that rounding has there, of random sign, and what comes out moves as
far as rounding moves it (Monte Carlo arithmetic: Parker, UCLA CSD-970002, 1997; Vignes, "A
stochastic arithmetic for reliable scientific computation", 1993). This is done to torch's
operations, not to layers, so that it holds for every layer, also for those of others.

How large the error of one operation is follows from its definition: it is proportional to the sum
of the absolute values of what the operation adds up. For a convolution or a matrix product that is
``|W| * |x| + |b|``, which an accumulation in any order obeys; for ``elu``, defined by
``exp(x) - 1``, it is 1 where the exponential is; otherwise the result itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd

#: Operations that are linear, or linear in each of their arguments: on absolute values they give
#: the sum of the absolute values of what they add up.
_SUMS = {
    *(aten.convolution, aten.mm, aten.bmm, aten.addmm, aten.baddbmm, aten.addbmm, aten.addmv),
    *(aten.mv, aten.dot, aten.sum, aten.mean, aten.cumsum),
    *(aten.avg_pool2d, aten.avg_pool3d, aten._adaptive_avg_pool2d, aten._adaptive_avg_pool3d),
}


def _one(x: Tensor, y: Tensor) -> Tensor:
    return y.abs().clamp_(min=1.0)


def _input(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(x.abs(), y.abs())


#: Functions whose usual definitions add up more than what is left of it: 1/2 + tanh(x/2)/2,
#: log(1 + exp(x)), exp(x) - 1, x/2 * (1 + erf(x/sqrt(2))).
_DEFINED: dict[Any, Callable[[Tensor, Tensor], Tensor]] = {
    **dict.fromkeys((aten.sigmoid, aten.log_sigmoid_forward, aten.softplus, aten.elu), _one),
    aten._log_softmax: _one,
    **dict.fromkeys((aten.gelu, aten.silu, aten.mish), _input),
}

#: How many errors there are, made once and used from places that differ, and at most at once.
_POOL = 2**22
_MOST = _POOL // 2


class RoundingErrors(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """What runs inside has an error in every operation that depends on data or parameters.

    Parameters
    ----------
    size:
        Of the errors, as a part of what the operation adds up; they are between half of it and
        one and a half.
    seed, sign:
        The same seed gives the same errors; with the other ``sign`` (1 or -1) their negatives.
    smallest:
        The least error: the spacing of the numbers around zero.

    Notes
    -----
    Whole numbers from operations without sums, such as indices, are exact in every format and
    stay so. So do values that depend on sizes only, such as the places to interpolate at.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler for that, which takes seconds

    def __init__(self, size: float, seed: int = 0, sign: int = 1, smallest: float = 0.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.size = sign * size
        self.smallest = sign * smallest
        self._places = random.Random(seed)
        #: Storages written inside, and whether with errors. Others are data and parameters.
        self._made: dict[StorageWeakRef, bool] = {}
        #: Data and parameters with errors, and their absolute values, by where they lie.
        self._given: dict[Hashable, Tensor] = {}
        self._absolute: dict[Hashable, Tensor] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        kind = _kind(func)
        if kind.has_parts:
            return self._in_parts(func, args, kwargs)
        given = _tensors(args) + _tensors(kwargs.values())
        inexact = any(self._made.get(_storage(x), True) for x in given)
        if not inexact or kind.views:
            result = func(*args, **kwargs)
            if not kind.aliases:
                self._remember(result, False)
            return result
        if not (kind.adds_up or kind.writes):
            args = self._moved(args)
        result = func(*args, **kwargs)
        for y in _tensors((result,)):
            if kind.adds_up or not _whole(y):
                self._move(y, self._magnitude(func, args, kwargs, y))
        self._remember(result, True)
        return result

    def _in_parts(self, func: Any, args: Any, kwargs: Any) -> Any:
        """An operation that is made of others, as these."""
        with self, _PARTS.get(func.overloadpacket, nullcontext)():
            result = func.decompose(*args, **kwargs)
        if func is aten.lstm.input:
            y, *states = result  # before torch 2.13, of several observations with a 1 in between
            return y, *(new.reshape(old.shape) for new, old in zip(states, args[1], strict=True))
        return result

    def _moved(self, x: Any) -> Any:
        """Arguments; data and parameters among them with an error, the same every time."""
        if isinstance(x, list | tuple):
            return type(x)(map(self._moved, x))
        if not _real(x) or _storage(x) in self._made or _whole(x):
            return x
        if (place := _place(x)) not in self._given:
            self._given[place] = self._move(x.clone(), None)
        return self._given[place]

    def _magnitude(self, func: Any, args: Any, kwargs: Any, y: Tensor) -> Tensor | None:
        """The sum of the absolute values that ``y`` was added up from; None for that of ``y``."""
        kind = _kind(func)
        if kind.adds_up:
            magnitude: Tensor = func(*map(self._absolutes, args), **kwargs)
            return magnitude
        return kind.defined(args[0], y) if kind.defined else None

    def _absolutes(self, x: Any) -> Any:
        """An argument without signs; weights are kept for the next time step."""
        if not _real(x) or _storage(x) in self._made:
            return x.abs() if _real(x) else x
        if (place := _place(x)) not in self._absolute:
            self._absolute[place] = x.abs()
        return self._absolute[place]

    def _move(self, y: Tensor, magnitude: Tensor | None) -> Tensor:
        """Add the error of one operation to its result."""
        errors, factors = _pool(y.dtype, self.size)
        for part, size in _parts(y, magnitude):
            place = self._places.randrange(_MOST)
            chosen = slice(place, place + part.numel())
            if size is None:
                part.mul_(factors[chosen].view(part.shape))  # infinity stays what it is
            else:
                part.addcmul_(size, errors[chosen].view(part.shape), value=self.size)
            if self.smallest:
                part.add_(errors[chosen].view(part.shape), alpha=self.smallest)
        return y

    def _remember(self, result: Any, inexact: bool) -> None:
        for y in _tensors((result,)):
            self._made[_storage(y)] = inexact


@dataclass(frozen=True)
class _Kind:
    """What there is to know of an operation."""

    #: It is made of other operations.
    has_parts: bool
    #: Its result is memory of its arguments: as it was, or changed.
    aliases: bool
    writes: bool
    #: See :data:`_SUMS`.
    adds_up: bool
    defined: Callable[[Tensor, Tensor], Tensor] | None

    @property
    def views(self) -> bool:
        """It computes nothing."""
        return self.aliases and not self.writes


@cache
def _kind(func: Any) -> _Kind:
    returned = [r.alias_info for r in func._schema.returns if r.alias_info is not None]
    name = func.overloadpacket
    return _Kind(
        torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), _COMPOSITE),
        bool(returned),
        any(alias.is_write for alias in returned),
        name in _SUMS,
        _DEFINED.get(name),
    )


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, list | tuple):
            found += _tensors(value)
        elif _real(value):
            found.append(value)
    return found


def _real(x: Any) -> bool:
    return isinstance(x, Tensor) and x.is_floating_point()


def _storage(x: Tensor) -> StorageWeakRef:
    return StorageWeakRef(x.untyped_storage())  # type: ignore[no-untyped-call]


def _place(x: Tensor) -> Hashable:
    return _storage(x), x.storage_offset(), x.shape, x.stride()


def _whole(x: Tensor) -> bool:
    """Whether there is nothing to round."""
    if x.numel() and not x[(0,) * x.ndim].item().is_integer():  # type: ignore[union-attr]
        return False
    return bool((x == x.round()).all())


def _parts(y: Tensor, magnitude: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Both in parts of at most half the pool, in the order of memory where they have one."""
    if _dense(y) and (magnitude is None or magnitude.stride() == y.stride()):
        flat, sizes = _flat(y), None if magnitude is None else _flat(magnitude)
        for start in range(0, y.numel(), _MOST):
            part = slice(start, start + _MOST)
            yield flat[part], None if sizes is None else sizes[part]
    elif y.numel() <= _MOST:
        yield y, magnitude
    else:
        for i, one in enumerate(y.unbind()):
            yield from _parts(one, None if magnitude is None else magnitude[i])


def _flat(x: Tensor) -> Tensor:
    return x.as_strided((x.numel(),), (1,), x.storage_offset())


def _dense(x: Tensor) -> bool:
    """Whether its elements lie in memory without gaps, in any order of dimensions."""
    expected = 1
    for stride, size in sorted(zip(x.stride(), x.shape, strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


@contextmanager
def _without_onednn() -> Iterator[None]:
    # Not torch.backends.mkldnn.flags, which sets TF32 too and so warns on most processors.
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


#: Where torch may compute as one what is made of parts, and how to keep it from that.
_PARTS: dict[Any, Callable[[], AbstractContextManager[Any]]] = {
    aten.scaled_dot_product_attention: partial(sdpa_kernel, SDPBackend.MATH),
    aten.lstm: _without_onednn,
    aten.gru: _without_onednn,
}


@cache
def _numbers() -> Tensor:
    """Random signs times numbers from a half to one and a half: the errors to choose from."""
    generator = torch.Generator().manual_seed(0)
    numbers = 2 * torch.rand(_POOL, generator=generator) - 1
    return numbers + 0.5 * torch.sign(numbers)


@lru_cache(4)
def _pool(dtype: torch.dtype, size: float) -> tuple[Tensor, Tensor]:
    """The errors, and one more than ``size`` times each."""
    errors = _numbers().to(dtype)
    return errors, 1 + size * errors
