"""Flattening in each of the orders in use, joining inputs, folding time into the batch."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from ..errors import DataFormatError
from .module import Module

#: Axes of N,C,*space in the order in which flattening runs through them, the last one fastest.
FLATTEN_ORDERS: dict[str, Callable[[int], list[int]]] = {
    # MATLAB: h fastest, then w, then C.
    "column-major": lambda spatial: [0, 1, *range(1 + spatial, 1, -1)],
    # Keras, whose data is N,H,W,C: C fastest, then w, then h.
    "row-major HWC": lambda spatial: [0, *range(2, 2 + spatial), 1],
    # ONNX, whose data is N,C,H,W: w fastest, then h, then C.
    "row-major CHW": lambda spatial: [0, *range(1, 2 + spatial)],
}


class Flatten(Module):
    """N,C,*space (,T) to N,features (,T); ``order`` is a key of :data:`FLATTEN_ORDERS`."""

    def __init__(self, order: str, spatial: int, time: bool) -> None:
        super().__init__()
        self.order = order
        self.spatial = spatial
        self.time = time
        self.axes = FLATTEN_ORDERS[order](spatial)

    def forward(self, x: Tensor) -> Tensor:
        """One feature for every element of C and space."""
        if self.time:
            return x.permute(*self.axes, x.ndim - 1).flatten(1, -2)
        return x.permute(self.axes).flatten(1)


class Reshape(Module):
    """Space and channels of N,C,*space or N,C,*space,T in another size, column-major.

    ``size`` is [h w c] in MATLAB's order, one of them -1 for what is left.
    """

    def __init__(self, size: Sequence[int], spatial: int, time: bool) -> None:
        super().__init__()
        self.size = tuple(size)
        self.spatial = spatial
        self.time = time

    def forward(self, x: Tensor) -> Tensor:
        """The elements in the same column-major order."""
        if self.time:
            x = x.movedim(-1, 1)
        lead = 1 + self.time
        backwards = range(x.ndim - 1, lead, -1)  # h fastest: C,W,H row-major
        flat = x.permute(*range(lead), lead, *backwards).flatten(lead)
        self._check(flat.shape[-1])
        whole = flat.reshape(*flat.shape[:-1], *self.size[::-1])
        y = whole.permute(*range(lead), lead, *range(whole.ndim - 1, lead, -1))
        return y.movedim(1, -1) if self.time else y

    def _check(self, elements: int) -> None:
        known = math.prod(n for n in self.size if n != -1)
        if elements % known or (-1 not in self.size and elements != known):
            said = "×".join("[]" if n == -1 else str(n) for n in self.size)
            raise DataFormatError(f"{elements} elements cannot be reshaped to {said}.")


class Permute(Module):
    """The dimensions of a tensor in another order."""

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__()
        self.order = tuple(order)

    def forward(self, x: Tensor) -> Tensor:
        """A view."""
        return x.permute(self.order)


class RealToComplex(nn.Module):
    """Channels re1, im1, re2, im2 ... of N,2C,* as complex numbers N,C,*."""

    def forward(self, x: Tensor) -> Tensor:
        """Half as many channels."""
        if x.shape[1] % 2:
            raise DataFormatError(
                f"{x.shape[1]} channels are no pairs of real and imaginary parts.",
                remedy="give an even number of channels.",
            )
        return torch.complex(x[:, ::2].contiguous(), x[:, 1::2].contiguous())


class ComplexToReal(nn.Module):
    """The inverse of :class:`RealToComplex`; real data has imaginary parts of zero."""

    def forward(self, x: Tensor) -> Tensor:
        """Twice as many channels."""
        parts = (x.real, x.imag) if x.is_complex() else (x, torch.zeros_like(x))
        return torch.stack(parts, 2).flatten(1, 2)


class Join(Module):
    """What layers with several inputs share: labels are brought into line first.

    ``axes`` has for every input the torch axis where size-1 dimensions are put in, and how many:
    the inputs of an addition or concatenation may differ in labels ("CB" beside "SSCB").
    """

    def __init__(self, missing: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.missing = tuple(tuple(axes) for axes in missing)

    def aligned(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """The inputs with as many dimensions each."""
        pairs = zip(inputs, self.missing, strict=True)
        return [reduce(Tensor.unsqueeze, axes, x) for x, axes in pairs]


class Addition(Join):
    """The sum of the inputs; sizes of 1 expand."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """Element by element."""
        return reduce(operator.add, self.aligned(inputs))


class Multiplication(Join):
    """The product of the inputs; sizes of 1 expand."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """Element by element."""
        return reduce(operator.mul, self.aligned(inputs))


class Concatenation(Join):
    """The inputs side by side along one torch axis; all other sizes must agree."""

    def __init__(self, missing: Sequence[Sequence[int]], axis: int) -> None:
        super().__init__(missing)
        self.axis = axis

    def forward(self, *inputs: Tensor) -> Tensor:
        """In the order of the inputs."""
        tensors = self.aligned(inputs)
        # A list, not a set: while torch traces a network, sizes may be symbols without a hash.
        others = [(*x.shape[: self.axis], *x.shape[self.axis + 1 :]) for x in tensors]
        if any(other != others[0] for other in others):
            sizes = " and ".join(str(tuple(x.shape)) for x in tensors)
            raise DataFormatError(
                f"Inputs of torch size {sizes} cannot be concatenated along axis {self.axis}: "
                "all other sizes must be equal.",
                remedy="crop or resize the inputs to the same size first.",
            )
        return torch.cat(tensors, self.axis)


class Folding(nn.Module):
    """N,C,*space,T to N*T,C,*space; also a tensor whose *shape*, (N,), :class:`Unfolding` needs."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(out, miniBatchSize)."""
        return x.movedim(-1, 1).flatten(0, 1), x.new_zeros(()).expand(x.shape[:1])


class Unfolding(nn.Module):
    """The inverse of :class:`Folding`: N*T,C,*space to N,C,*space,T."""

    def forward(self, x: Tensor, mini_batch_size: Tensor) -> Tensor:
        """``mini_batch_size`` is the second output of :class:`Folding`."""
        return x.reshape(mini_batch_size.shape[0], -1, *x.shape[1:]).movedim(1, -1)
