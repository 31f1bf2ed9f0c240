"""Inputs made up for a model: seeded, of the sizes that it says itself."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from matlab_compat.errors import DataFormatError, UsageError, locating
from matlab_compat.layers import Layer, MatConvNetROIPoolingLayer, PositionEmbeddingLayer
from matlab_compat.layers.embedding import IndexEmbedding
from matlab_compat.network import Network
from matlab_compat.shallow import ShallowNetwork

if TYPE_CHECKING:
    import torch


def example_inputs(
    model: Layer | Network | ShallowNetwork, seed: int = 0, batch: int = 2, steps: int = 8
) -> tuple[torch.Tensor, ...]:
    """Seeded random inputs of a model's own size, in torch's order.

    Inputs of embeddings are indices; sequences are no longer than ``steps`` and than
    the position embeddings of the model allow.

    Raises ``LimitExceededError``: they have too many elements, see
    :func:`~converters.running.running`.
    """
    import torch

    source = torch.Generator().manual_seed(seed)
    if isinstance(model, ShallowNetwork):
        return _shallow_inputs(model, source, batch, steps)
    sizes = example_sizes(model, batch, steps)
    readers = _readers(model)
    words = {name: to.highest_index() for name, to, _ in readers if isinstance(to, IndexEmbedding)}
    pooling = MatConvNetROIPoolingLayer
    regions = {name for name, to, port in readers if port == "rois" and isinstance(to, pooling)}

    def made(name: str, size: tuple[int, ...]) -> torch.Tensor:
        if name in regions:  # the image, then the corners: the first has the first pixels
            return torch.arange(1, 6).clamp(max=3).view(5, 1).expand(size).float()
        if name in words:
            return torch.randint(1, words[name] + 1, size, generator=source).float()
        return torch.randn(size, generator=source)

    return tuple(made(*named) for named in zip(model.InputNames, sizes, strict=True))


def _shallow_inputs(
    net: ShallowNetwork, source: torch.Generator, batch: int, steps: int
) -> tuple[torch.Tensor, ...]:
    """Inputs like those of the training, as far as that left traces.

    Far from its data, functions of distances have nothing to add up.
    """
    import torch

    found = []
    for name, size in zip(net.ports()[0], example_sizes(net, batch, steps), strict=True):
        x = torch.randn(size, generator=source, dtype=torch.float64)
        if name.startswith(("x", "X")):
            low, high = map(torch.from_numpy, net.ranges()[int(name.lstrip("xXi")) - 1])
            x = low + (high - low) * torch.rand(size, generator=source, dtype=torch.float64)
        found.append(x)
    return tuple(found)


def _readers(model: Layer | Network) -> list[tuple[str, Layer | None, str]]:
    """What each input goes into: its name, a layer, and the port."""
    if not isinstance(model, Network):
        return [(name, model, name) for name in model.InputNames]
    layers, wires = model.graph.layers, model.graph.connections
    split = ((source, to, *to.rpartition("/")[::2]) for source, to in wires)
    return [(source, layers.get(to) or layers.get(name), port) for source, to, name, port in split]


def example_sizes(
    model: Layer | Network | ShallowNetwork, batch: int = 2, steps: int = 8
) -> list[tuple[int, ...]]:
    """The sizes of :func:`example_inputs`, which raises the same."""
    from matlab_compat.execution.sizes import check_size

    if isinstance(model, ShallowNetwork):
        sizes = {name: (batch, *size) for name, (_, size) in model.ports(steps)[0].items()}
    else:
        layers = model.Layers if isinstance(model, Network) else [model]
        positions = [x.MaxPosition for x in layers if isinstance(x, PositionEmbeddingLayer)]
        found = _sizes(model, batch, min(steps, *positions, steps))
        sizes = dict(zip(model.InputNames, found, strict=False))
    for name, size in sizes.items():
        with locating(f"input '{name}'"):
            check_size(size)
    return list(sizes.values())


def _sizes(model: Layer | Network, batch: int, steps: int) -> list[tuple[int, ...]]:
    from matlab_compat.data_format import torch_axes
    from matlab_compat.execution.propagate import input_sizes

    if isinstance(model, Network):
        given = _free_sizes(model)
        return list(input_sizes(model.plan(), given, batch=batch, steps=steps).values())
    ports = zip(model.default_formats, model.example_channels(), strict=True)
    return [
        tuple(
            {"B": batch, "C": channels or steps}.get(label[axis], steps)
            for axis in torch_axes(label)
        )
        for label, channels in ports
    ]


#: Sides of images that networks of any size are tried with.
_SIDES = (16, 32, 64, 128, 256, 512)


def has_free_size(model: Layer | Network | ShallowNetwork, name: str) -> bool:
    """Whether images of any size may enter at an input: a layer's, or one that says NaN."""
    if not isinstance(model, Network):
        return isinstance(model, Layer)
    size = model.layer(name).input_size() if name in model.names else None
    return size is not None and any(n < 0 for n in size)


def _free_sizes(network: Network) -> list[tuple[int, ...]]:
    """Sizes for the inputs of a network that takes any: the least with which it runs."""
    import torch

    from matlab_compat.execution.propagate import walk

    names = network.InputNames
    if not any(has_free_size(network, name) for name in names) or any(
        name not in network.names or network.layer(name).input_size() is None for name in names
    ):
        return []
    trial = copy.deepcopy(network)  # walking fills what is empty
    said = network.preparation.image_size if network.preparation else None
    for sides in [said] if said else [(n, n) for n in _SIDES]:
        sizes = []
        for name in names:
            size = network.layer(name).input_size() or ()
            free = iter((*sides, *[1] * len(size)))  # channels are one where nothing is said
            sizes.append(tuple(next(free) if n < 0 else n for n in size))
        try:
            for _ in walk(trial.plan(), sizes, torch.Generator()):
                pass
        except DataFormatError:
            continue
        return sizes
    raise UsageError(
        "The network does not say the size of its images, and none that was tried fits it.",
        remedy="say InputSize in its input layer, or run it here: net.predict(X).",
    )
