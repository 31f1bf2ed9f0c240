"""Inputs made up for a model: seeded, of the sizes that it says itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matlab_compat.layers import Layer
from matlab_compat.network import Network

if TYPE_CHECKING:
    import torch


def example_inputs(
    model: Layer | Network, seed: int = 0, batch: int = 2, steps: int = 8
) -> tuple[torch.Tensor, ...]:
    """Seeded random inputs of a model's own size, in torch's order."""
    import torch

    from matlab_compat.data_format import torch_axes
    from matlab_compat.engine.propagate import input_sizes

    source = torch.Generator().manual_seed(seed)
    if isinstance(model, Network):
        sizes = list(input_sizes(model.plan(), batch=batch, steps=steps).values())
    else:
        size = {"B": batch, "C": model.input_channels() or steps}
        sizes = [
            tuple(size.get(label[axis], steps) for axis in torch_axes(label))
            for label in model.default_formats
        ]
    return tuple(torch.randn(size, generator=source) for size in sizes)
