"""Whether a function is linear, and which argument gives what is wanted of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .patience import Patience

if TYPE_CHECKING:
    from torch import Tensor

#: Steps of the solution.
_MOST_STEPS = 300


def is_affine(function: Callable[[Tensor], Tensor], like: Tensor) -> bool:
    """Whether the function is linear but for what it gives of zeros."""
    import torch

    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(like.shape, generator=generator).to(like) for _ in range(2))
    with torch.no_grad():
        none = function(torch.zeros_like(like))
        off = (function(a) + function(b) - function(a + b) - none).abs().max()
        return bool(off <= 1e-4 * (function(a) - none).abs().max())


def least_squares(
    function: Callable[[Tensor], Tensor], wanted: Tensor, like: Tensor, patience: Patience
) -> Tensor:
    """The argument that gives ``wanted``, if patience suffices: CGLS (conjugate gradients)."""
    import torch

    with torch.no_grad():
        none = function(torch.zeros_like(like))

    def transposed(y: Tensor) -> Tensor:
        x = torch.zeros_like(like, requires_grad=True)
        with torch.enable_grad():
            return torch.autograd.grad(function(x), x, y)[0]

    x, rest = torch.zeros_like(like), wanted - none
    direction = gradient = transposed(rest)
    size = first = gradient.square().sum()
    for _ in range(_MOST_STEPS):
        if size <= 1e-24 * first or patience.is_over():
            break
        with torch.no_grad():
            image = function(direction) - none
        step = size / image.square().sum()
        x, rest = x + step * direction, rest - step * image
        gradient = transposed(rest)
        size, before = gradient.square().sum(), size
        direction = gradient + size / before * direction
    return x
