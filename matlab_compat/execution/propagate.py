"""Sizes along a network: every layer run on a tensor without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from ..arrays import as_tuple
from ..data_format import torch_axes
from ..display import TIMES, size_text
from ..engine.initializers import generator
from ..errors import UsageError
from ..table import Table
from .described import LayerLike, Plan, Port, Step
from .module import at, running


def initialize(
    plan: Plan[LayerLike], sizes: Sequence[Sequence[int]], seed: int | torch.Generator | None
) -> None:
    """Fill the empty learnables and states of the layers in place, sized by propagation."""
    for _ in walk(plan, sizes, generator(seed)):
        pass


def analyze(plan: Plan[LayerLike], sizes: Sequence[Sequence[int]]) -> Table:
    """The table of ``analyzeNetwork``; initializes the layers on the way."""
    rows: list[tuple[str, str, str, str, int]] = []
    for step, shapes in walk(plan, sizes, generator(0)):
        layer = step.layer
        learnables = [f"{name} {size_text(a.shape)}" for name, a in layer.learnables().items()]
        kind = layer.type_text or type(layer).__name__
        activations = _activations(step, shapes)
        rows.append((step.name, kind, activations, "  ".join(learnables), _total(step)))
    return Table.from_rows(("Name", "Type", "Activations", "Learnables", "Total"), rows)


def _total(step: Step[LayerLike]) -> int:
    """Number of learnables, those of a network within the layer too."""
    own = sum(array.size for array in step.layer.learnables().values())
    inner = step.layer.inner_plan(step.formats)
    return own if inner is None else own + sum(map(_total, inner.steps))


def _activations(step: Step[LayerLike], shapes: list[torch.Size]) -> str:
    """``28(S)×28(S)×20(C)×1(B)``, as the Network Analyzer writes it."""
    texts = []
    for shape, labels in zip(shapes, step.output_formats, strict=True):
        matlab = [shape[i] for i in np.argsort(torch_axes(labels))]
        texts.append(TIMES.join(f"{n}({c})" for n, c in zip(matlab, labels, strict=True)))
    return "  ".join(texts)


def walk(
    plan: Plan[LayerLike], sizes: Sequence[Sequence[int]], source: torch.Generator
) -> Iterator[tuple[Step[LayerLike], list[torch.Size]]]:
    """Each step with the torch sizes of its outputs, initializing its layer where needed."""
    inputs = [torch.empty(size, device="meta") for size in input_sizes(plan, sizes).values()]
    yield from _walk(plan, inputs, source)


def _walk(
    plan: Plan[LayerLike], inputs: Sequence[torch.Tensor], source: torch.Generator
) -> Iterator[tuple[Step[LayerLike], list[torch.Size]]]:
    values: dict[Port, torch.Tensor] = {
        (name, -1): given for name, given in zip(plan.inputs, inputs, strict=True)
    }
    for step in plan.steps:
        arguments = [values[s] for s in step.sources]
        results = _outputs(step, arguments, source)
        for port, result in enumerate(results):
            values[step.name, port] = result
        yield step, [r.shape for r in results]


def input_sizes(
    plan: Plan[LayerLike],
    sizes: Sequence[Sequence[int]] = (),
    batch: int = 1,
    steps: int = 1,
) -> dict[str, tuple[int, ...]]:
    """Torch's size of each network input; ``sizes`` are those that no input layer says."""
    given = dict(zip(plan.inputs, sizes, strict=False))
    layers = {step.name: step.layer for step in plan.steps}
    found = {}
    for name, labels in plan.inputs.items():
        layer = layers.get(name)
        size = given[name] if name in given else layer.input_size() if layer else None
        if size is None or any(n < 0 for n in size):
            loose = f"Nothing is connected to '{name}', which makes it an input. " * (not layer)
            raise UsageError(
                f"{loose}The network does not say the size of its input '{name}'.",
                remedy="pass it: net.initialize([28, 28, 1]) or net.analyze([28, 28, 1]).",
            )
        rest = iter(int(n) for n in size)
        length = max(steps, layer.least_steps() if layer else 1)
        matlab = [batch if c == "B" else length if c == "T" else next(rest) for c in labels]
        found[name] = tuple(matlab[axis] for axis in torch_axes(labels))
    return found


def _outputs(
    step: Step[LayerLike], arguments: list[torch.Tensor], source: torch.Generator
) -> tuple[torch.Tensor, ...]:
    layer = step.layer
    # Normalization keeps the size, and its statistics may be missing before training.
    if layer.is_output or layer.input_format() is not None:
        return (arguments[0],)
    inner = layer.inner_plan(step.formats)
    if inner is not None:
        for _ in _walk(inner, arguments, source):
            pass
    labels = step.formats[0]
    with at(step):
        if layer.parameters() and "C" in labels:
            matlab = [arguments[0].shape[i] for i in np.argsort(torch_axes(labels))]
            layer.initialize(layer.channels_of(matlab, labels), source)
        module = layer.to_torch(formats=step.formats).eval().to("meta")
    with torch.inference_mode(), running(step.name, arguments):
        result: Any = module(*arguments)
    return tuple(
        r if isinstance(r, torch.Tensor) else torch.empty((), device="meta")
        for r in as_tuple(result)
    )
