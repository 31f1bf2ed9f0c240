"""What input layers do to data: nothing, or a fixed normalization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .module import Module


class Normalization(Module):
    """MATLAB's normalization of network inputs.

    ========================  ================================================
    mode                      result
    ========================  ================================================
    ``zerocenter``            ``x - mean``
    ``zscore``                ``(x - mean) / standard_deviation``
    ``rescale-symmetric``     ``2 * (x - min) / (max - min) - 1``
    ``rescale-zero-one``      ``(x - min) / (max - min)``
    ========================  ================================================

    A divisor of 0 (a pixel that never changed in training) counts as 1.

    Attributes
    ----------
    mean, standard_deviation, min, max:
        Buffers in torch's order without the batch: C,H,W, or C,1,1, or 1,1,1.
    """

    mean: Tensor
    standard_deviation: Tensor
    min: Tensor
    max: Tensor

    def __init__(self, mode: str, shapes: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        self.mode = mode
        self.shapes = {name: tuple(shape) for name, shape in shapes.items()}
        for name, shape in self.shapes.items():
            self.register_buffer(name, torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """The normalized ``x``, batch first."""
        if self.mode == "zerocenter":
            return x - self.mean
        if self.mode == "zscore":
            return (x - self.mean) / divisor(self.standard_deviation)
        unit = (x - self.min) / divisor(self.max - self.min)
        return 2 * unit - 1 if self.mode == "rescale-symmetric" else unit


def divisor(value: Tensor) -> Tensor:
    """``value``, with 1 for 0."""
    return torch.where(value == 0, torch.ones_like(value), value)
