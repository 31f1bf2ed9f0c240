"""The transposed convolution of weights that may change, as those of a layer and of its module do.

What the algorithms of :mod:`.phases` prepare of the weights is kept, with a copy of them, and used
as long as the weights are the same, bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..precision import plain_only
from .choice import DIRECT, Budget, choose, setting
from .phases import Algorithm, Guarded, Shape, is_finite, plain, suited

#: Seconds for measuring, once for each size.
SECONDS = 1.0
#: The way that needs nothing prepared, so that whether weights have changed need not be asked.
PLAIN = "plain"
#: The height and width of the input, the size of the weights, the stride, and the crop.
How = tuple[Sequence[int], Sequence[int], Sequence[int], Sequence[tuple[int, int]]]


def applies(x: Tensor, weight: Tensor) -> bool:
    """Whether the algorithms may be used: for images, where they need not be plain."""
    return x.ndim == 4 and not plain_only(x, weight)


class Arranged:
    """Algorithms prepared from weights that may change: from a copy, which they are compared with.

    For torch does not count all changes (``weight.data``). Neither copied nor pickled with what has
    it.
    """

    def __init__(self) -> None:
        self.last: Prepared | None = None

    def computed(self, x: Tensor, weight: Tensor, bias: Tensor, how: How) -> Tensor:
        """The transposed convolution of ``x`` with these weights as they are now."""
        last = self.last
        if last is None or last.how != how or not last.is_ready(x, weight, bias):
            self.last = last = Prepared(weight.clone(), bias.clone(), how)
        return last.computed(x, weight, bias)

    def __reduce__(self) -> tuple[Any, ...]:
        return Arranged, ()


class Prepared:
    """The algorithms for these weights, each prepared when it is needed."""

    def __init__(self, weight: Tensor, bias: Tensor, how: How) -> None:
        self.weight, self.bias, self.how = weight, bias, how
        space, _, stride, crop = how
        self.shape = shape = Shape.of(space, weight, stride, crop)
        self._made: dict[type[Algorithm], Algorithm] = {}
        #: By size of input; none where torch's own way is the fastest.
        self._chosen: dict[object, Guarded | None] = {}
        made = self._made

        def ready(kind: type[Algorithm]) -> Algorithm:
            found = made.get(kind)
            if found is None:
                found = made[kind] = kind(weight, bias, shape)
            return found

        # Not methods: large memory would wait for the garbage to be collected.
        self._ways = {
            kind.way: partial(Guarded, ready, kind, shape) for kind in suited(shape, weight)
        }

    def is_ready(self, x: Tensor, weight: Tensor, bias: Tensor) -> bool:
        """Whether nothing has to be prepared anew to compute ``x`` with these weights."""
        return self._chosen.get(_size(x), PLAIN) is None or self._is_of(weight, bias)

    def _is_of(self, weight: Tensor, bias: Tensor) -> bool:
        """Whether weights and bias are the same, bit by bit."""
        pairs = ((self.weight, weight), (self.bias, bias))
        alike = all(x.shape == y.shape and x.stride() == y.stride() for x, y in pairs)
        return alike and all(_same_bits(x, y) for x, y in pairs)

    def computed(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The transposed convolution by what is fastest for such an input, asking included."""
        size = _size(x)
        if size not in self._chosen:
            if not is_finite(x):  # where all do the same, which says nothing about others
                return self._ways[DIRECT]()(x)
            ways = {way: partial(self._asked, way, x, weight, bias) for way in self._ways}
            ways[PLAIN] = partial(plain, x, weight, bias, self.shape)
            last = x.is_contiguous(memory_format=torch.channels_last)
            layer = f"transposed {tuple(self.weight.shape)} {self.how[2:]}"
            way = choose(layer, (*x.shape, "last" if last else ""), ways, Budget(SECONDS))
            self._chosen[size] = None if way == PLAIN else self._ways[way]()
            self._made.clear()  # what was measured beside it
        chosen = self._chosen[size]
        return plain(x, weight, bias, self.shape) if chosen is None else chosen(x)

    def _asked(self, way: str, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """One way, after the question whether the weights have changed, which is a part of it."""
        self._is_of(weight, bias)
        return self._ways[way]()(x)


def _size(x: Tensor) -> object:
    """What a choice depends on."""
    return x.shape, x.stride(), torch.get_num_threads(), setting()


def _same_bits(x: Tensor, y: Tensor) -> bool:
    one, other = (each.detach().contiguous().view(-1) for each in (x, y))
    odd = one.numel() % 2 or one.storage_offset() % 2 or other.storage_offset() % 2
    bits = torch.int32 if odd else torch.int64  # the longer, the fewer to compare
    return torch.equal(one.view(bits), other.view(bits))  # in torch's threads


def transposed(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    crop: Sequence[tuple[int, int]],
    arranged: Arranged | None = None,
) -> Tensor:
    """The transposed convolution with weights that may have changed since the last time.

    What is prepared of them is kept in ``arranged``.
    """
    bias = weight.new_zeros(weight.shape[1]) if bias is None else bias
    how = (x.shape[2:], weight.shape, tuple(stride), tuple(crop))
    return (arranged or Arranged()).computed(x, weight, bias, how)
