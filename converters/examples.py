"""Inputs made up for a model: seeded, of the sizes that it says itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matlab_compat.errors import locating
from matlab_compat.layers import Layer
from matlab_compat.network import Network

if TYPE_CHECKING:
    import torch


def example_inputs(
    model: Layer | Network, seed: int = 0, batch: int = 2, steps: int = 8
) -> tuple[torch.Tensor, ...]:
    """Seeded random inputs of a model's own size, in torch's order.

    Raises
    ------
    LimitExceededError
        They have too many elements, see :func:`~converters.running.running`.
    """
    import torch

    source = torch.Generator().manual_seed(seed)
    sizes = example_sizes(model, batch, steps)
    return tuple(torch.randn(size, generator=source) for size in sizes)


def example_sizes(model: Layer | Network, batch: int = 2, steps: int = 8) -> list[tuple[int, ...]]:
    """The sizes of :func:`example_inputs`, which raises the same."""
    from matlab_compat.execution.sizes import check_size

    sizes = _sizes(model, batch, steps)
    for name, size in zip(model.InputNames, sizes, strict=False):
        with locating(f"input '{name}'"):
            check_size(size)
    return sizes


def _sizes(model: Layer | Network, batch: int, steps: int) -> list[tuple[int, ...]]:
    from matlab_compat.data_format import torch_axes
    from matlab_compat.execution.propagate import input_sizes

    if isinstance(model, Network):
        return list(input_sizes(model.plan(), batch=batch, steps=steps).values())
    size = {"B": batch, "C": model.input_channels() or steps}
    return [
        tuple(size.get(label[axis], steps) for axis in torch_axes(label))
        for label in model.default_formats
    ]
