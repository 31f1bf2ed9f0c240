"""Padding by (before, after) for every dimension, which torch's own layers cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from operator import ge

from torch import Tensor
from torch.nn import functional

from ..display import size_text
from ..errors import DataFormatError

Pairs = Sequence[tuple[int, int]]


def same_padding(
    size: Sequence[int], window: Sequence[int], stride: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """MATLAB's 'same' for an input of this size: out = ceil(in / stride), odd rest at the end."""
    pairs = []
    for n, k, s in zip(size, window, stride, strict=True):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        pairs.append((total // 2, total - total // 2))
    return tuple(pairs)


def pad(x: Tensor, pairs: Pairs, value: float = 0.0) -> Tensor:
    """``x`` (N,C,*space) with ``value`` around it."""
    if not any(before or after for before, after in pairs):
        return x
    last_first = [n for pair in reversed(pairs) for n in pair]
    return functional.pad(x, last_first, value=value)


class Even:
    """Padding that torch adds by itself: as much before as after, for data of all sizes."""

    def __init__(self, pairs: Pairs, window: Sequence[int]) -> None:
        self.each = [before for before, _ in pairs]
        self._least = [k - 2 * each for k, each in zip(window, self.each, strict=True)]

    def fits(self, size: Sequence[int]) -> bool:
        """Whether data of this size with its padding is no smaller than the window."""
        return all(map(ge, size, self._least))


def check_window(size: Sequence[int], window: Sequence[int]) -> None:
    """Refuse a padded input that a window does not fit in."""
    if any(n < k for n, k in zip(size, window, strict=True)):
        raise DataFormatError(
            f"The input with its padding, {size_text(size)}, is smaller than the window "
            f"{size_text(window)}.",
            remedy="feed a larger input, or use a smaller window or more padding.",
        )
