"""Modules of the layers that MATLAB's importers make."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..arrays import Array


class ElementwiseAffine(nn.Module):
    """``y = scale * x + offset``.

    Both are arrays in torch's order without the batch (C,H,W; C,1,1), broadcast over the data.
    They are constants of the module and no part of its ``state_dict``.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, scale: Array, offset: Array) -> None:
        super().__init__()
        for name, value in (("scale", scale), ("offset", offset)):
            constant = torch.tensor(value, dtype=torch.get_default_dtype())
            self.register_buffer(name, constant, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Element by element."""
        return x * self.scale + self.offset
