"""The fully connected layer: images flattened in MATLAB's order, then a matrix product."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .module import Module


class FullyConnected(Module):
    """``Y = weight * x + bias`` for every observation and time step.

    Shape: input N,C,*space or, with ``time``, N,C,*space,T; output N,F or N,F,T; ``spatial`` is the
    number of spatial dimensions. MATLAB flattens an image column-major: h fastest, then w, then c.
    In torch's row-major order that is C,W,H, so they are reversed before they are flattened.
    """

    def __init__(self, inputs: int, outputs: int, spatial: int = 0, time: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.inputs, self.outputs = inputs, outputs
        self.spatial = spatial
        self.time = time

    def forward(self, x: Tensor) -> Tensor:
        """The product, channels second."""
        if not (self.spatial or self.time) and x.ndim == 2:  # small networks are made of these
            return functional.linear(x, self.weight, self.bias)
        space = tuple(range(2, 2 + self.spatial))
        steps = (2 + self.spatial,) if self.time else ()
        features = x.permute(0, *steps, 1, *reversed(space)).flatten(1 + self.time)
        y = functional.linear(features, self.weight, self.bias)
        return y.movedim(-1, 1) if self.time else y


class FullyConnectedAlong(Module):
    """``Y = weight * x + bias`` along one axis of the tensor, at every place of the others."""

    def __init__(self, inputs: int, outputs: int, axis: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.inputs, self.outputs = inputs, outputs
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """The product, its outputs along the same axis."""
        y = functional.linear(x.movedim(self.axis, -1), self.weight, self.bias)
        return y.movedim(-1, self.axis)


def fully_connected(
    inputs: int, outputs: int, spatial: int, time: bool, along: int | None = None
) -> nn.Module:
    """The module for all of space and channels, or for one axis of the tensor alone."""
    if along is None:
        return FullyConnected(inputs, outputs, spatial, time)
    return FullyConnectedAlong(inputs, outputs, along)
