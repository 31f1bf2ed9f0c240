"""From a MAT-file to a file for somewhere else, with the outputs compared before and after."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from matlab_compat.errors import UsageError
from matlab_compat.layers import Layer
from matlab_compat.network import Network

from .load import load
from .matfile import DEFAULT_LIMITS, Limits
from .save import save_layer
from .torch_file import SUFFIXES, load_torch, save_torch

if TYPE_CHECKING:
    import torch

#: Targets by the ending of the output's name.
TARGETS = (*SUFFIXES, ".mat")


@dataclass(frozen=True)
class Converted:
    """What a conversion wrote, and how far the outputs of what was read back are apart."""

    path: str
    layers: int
    #: Largest absolute difference on a seeded input; ``None`` if it was not checked.
    difference: float | None
    why_not_checked: str = ""


def save(
    model: Layer | Network,
    path: str | PathLike[str],
    *,
    overwrite: bool = False,
    stub: bool = False,
) -> None:
    """Write a layer or network in the format that the ending of ``path`` names.

    ``.pt`` / ``.pth``: state_dict and architecture (:mod:`converters.torch_file`). ``.mat``: a
    layer as a struct of its properties (:func:`converters.save_layer`).

    Raises
    ------
    UsageError
        An ending that means nothing here, or the file exists and ``overwrite`` is not set.
    """
    suffix = Path(path).suffix.lower()
    if suffix in SUFFIXES:
        save_torch(model, path, overwrite=overwrite, stub=stub)
    elif suffix == ".mat" and isinstance(model, Layer):
        save_layer(model, path, overwrite=overwrite)
    else:
        kind = "network" if isinstance(model, Network) else "layer"
        raise UsageError(
            f"A {kind} cannot be written as '{suffix or path}'.",
            remedy=f"use one of {', '.join(TARGETS)} (.mat for layers only).",
        )


def convert(
    path: str | PathLike[str],
    output: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    check: bool = True,
    stub: bool = False,
    overwrite: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Converted:
    """Convert the layer or network in a file; the result is read back and run.

    Parameters
    ----------
    path, variable, layer:
        As for :func:`converters.load`.
    check:
        Compare the outputs of the original and of what was written, on a seeded input.
    stub:
        Write networks with layers that cannot be built, leaving these out.

    Raises
    ------
    UnsupportedLayerError
        Layers cannot be built: all of them are named (unless ``stub``).
    """
    model = load(path, variable, layer, limits=limits)
    save(model, output, overwrite=overwrite, stub=stub)
    layers = len(model.Layers) if isinstance(model, Network) else 1
    if not check or Path(output).suffix.lower() not in SUFFIXES:
        return Converted(str(output), layers, None, "not asked for" if not check else "")
    if isinstance(model, Network) and model.unsupported:
        return Converted(str(output), layers, None, "it has stubs")
    return Converted(str(output), layers, difference(model, load_torch(output)))


def difference(one: Layer | Network, other: Layer | Network) -> float:
    """The largest absolute difference of the outputs of two models on a seeded input."""
    import torch

    results = []
    for model in (one, other):
        module = model.to_torch().eval()
        with torch.inference_mode():
            results.append(module(*example_inputs(model)))
    return max(
        float((a - b).abs().max())
        for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in results), strict=True)
    )


def example_inputs(
    model: Layer | Network, seed: int = 0, batch: int = 1, steps: int = 8
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
