"""The sizes of what goes into a layer and comes out of it, for arithmetic: nothing is run.

Knows nothing of torch. The rule of each layer is its ``_sized``, as MATLAB's pages have it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..data_format import torch_axes
from ..display import TIMES
from ..errors import DataFormatError


@dataclass(frozen=True)
class Activation:
    """The size of one value in a network, in MATLAB's order, with its labels."""

    size: tuple[int, ...]
    labels: str

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.size)

    @classmethod
    def of_torch(cls, size: Sequence[int], labels: str) -> Activation:
        """From the size that it has in torch's order."""
        order = torch_axes(labels)
        return cls(tuple(size[order.index(axis)] for axis in range(len(size))), labels)

    def of(self, labels: str) -> int:
        """The product of the dimensions with these labels: 1 where there are none."""
        pairs = zip(self.size, self.labels, strict=True)
        return math.prod(n for n, label in pairs if label in labels)

    def with_(self, label: str, number: int) -> Activation:
        """The same with another size of the dimension of this label."""
        pairs = zip(self.size, self.labels, strict=True)
        return Activation(tuple(number if c == label else n for n, c in pairs), self.labels)

    def without(self, label: str) -> Activation:
        """The same without the dimensions of this label."""
        kept = [(n, c) for n, c in zip(self.size, self.labels, strict=True) if c != label]
        return Activation(tuple(n for n, _ in kept), "".join(c for _, c in kept))

    def starting(self, size: Sequence[int]) -> Activation:
        """The same with other sizes of the first dimensions."""
        return Activation((*size, *self.size[len(size) :]), self.labels)

    def filled(self, labels: str) -> tuple[int, ...]:
        """Its size with 1 for those of these labels that it lacks."""
        have = list(zip(self.labels, self.size, strict=True))
        return tuple(have.pop(0)[1] if have and have[0][0] == c else 1 for c in labels)

    def __str__(self) -> str:
        """``28(S)×28(S)×20(C)×1(B)``, as the Network Analyzer writes it."""
        return TIMES.join(f"{n}({c})" for n, c in zip(self.size, self.labels, strict=True))


Inputs: TypeAlias = Sequence[Activation]
#: What is known of the outputs of a layer; ``None`` for one whose size is not.
Outputs: TypeAlias = Sequence[Activation | None]


def moved(labels: str, dims: int) -> list[int]:
    """The dimensions that a window of ``dims`` moves over: space, then time where that is less."""
    found = [i for i, label in enumerate(labels) if label == "S"]
    return (found + [i for i, label in enumerate(labels) if label == "T"])[:dims]


def windowed(
    x: Activation,
    window: Sequence[int],
    stride: Sequence[int],
    pads: Sequence[tuple[int, int]] | None,
) -> Activation:
    """``floor((n + pads - window) / stride) + 1``; ``ceil(n / stride)`` for 'same' (``None``)."""
    size = list(x.size)
    for i, axis in enumerate(moved(x.labels, len(window))):
        if pads is None:
            size[axis] = -(-size[axis] // stride[i])
            continue
        left = size[axis] + sum(pads[i]) - window[i]
        if left < 0:
            padded = f" and its padding {sum(pads[i])}" if sum(pads[i]) else ""
            raise DataFormatError(
                f"It looks at {window[i]} elements at once, and its input has {size[axis]}{padded}."
            )
        size[axis] = left // stride[i] + 1
    return Activation(tuple(size), x.labels)


def matrix_elements(learnables: Mapping[str, Sequence[int]]) -> int:
    """How many numbers learnables of these sizes have, but for biases."""
    return sum(math.prod(n) for name, n in learnables.items() if not name.endswith("Bias"))
