"""Inputs made up for a model: seeded, of the sizes that it says itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matlab_compat.errors import locating
from matlab_compat.layers import Layer, PositionEmbeddingLayer
from matlab_compat.layers.embedding import IndexEmbedding
from matlab_compat.network import Network

if TYPE_CHECKING:
    import torch


def example_inputs(
    model: Layer | Network, seed: int = 0, batch: int = 2, steps: int = 8
) -> tuple[torch.Tensor, ...]:
    """Seeded random inputs of a model's own size, in torch's order.

    Inputs of embeddings are indices; sequences are no longer than ``steps`` and than
    the position embeddings of the model allow.

    Raises ``LimitExceededError``: they have too many elements, see
    :func:`~converters.running.running`.
    """
    import torch

    source = torch.Generator().manual_seed(seed)
    sizes = example_sizes(model, batch, steps)
    words = _words(model)

    def made(name: str, size: tuple[int, ...]) -> torch.Tensor:
        if name in words:
            return torch.randint(1, words[name] + 1, size, generator=source).float()
        return torch.randn(size, generator=source)

    return tuple(made(*named) for named in zip(model.InputNames, sizes, strict=True))


def _words(model: Layer | Network) -> dict[str, int]:
    """The highest index of the inputs that embeddings look up."""
    if not isinstance(model, Network):
        if not isinstance(model, IndexEmbedding):
            return {}
        return dict.fromkeys(model.InputNames, model.highest_index())
    found = ((s, model.graph.layers.get(d)) for s, d in model.graph.connections)
    return {s: layer.highest_index() for s, layer in found if isinstance(layer, IndexEmbedding)}


def _layers(model: Layer | Network) -> list[Layer]:
    return list(model.Layers) if isinstance(model, Network) else [model]


def example_sizes(model: Layer | Network, batch: int = 2, steps: int = 8) -> list[tuple[int, ...]]:
    """The sizes of :func:`example_inputs`, which raises the same."""
    from matlab_compat.execution.sizes import check_size

    positions = (x.MaxPosition for x in _layers(model) if isinstance(x, PositionEmbeddingLayer))
    sizes = _sizes(model, batch, min(steps, *positions, steps))
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
