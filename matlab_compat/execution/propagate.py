"""Sizes along a network: every layer run on a tensor without data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..data_format import torch_axes
from ..display import TIMES, size_text
from ..errors import UsageError
from ..initializers import generator
from ..layers.learnables import Learnable
from ..layers.nested import NetworkLayer
from ..network.graph import Plan, Port, Step
from ..table import Table
from .module import at, running

if TYPE_CHECKING:
    from ..network import Network

#: Steps of time that a sequence is given where no size says how many.
_TIME_STEPS = 1


def initialize(
    network: Network,
    sizes: Sequence[Sequence[int]],
    seed: int | torch.Generator | None,
    formats: Mapping[str, str] | None,
) -> None:
    """Fill the empty learnables and states of ``network`` in place, sized by propagation."""
    for _ in walk(network.plan(formats), sizes, generator(seed)):
        pass


def analyze(
    network: Network, sizes: Sequence[Sequence[int]], formats: Mapping[str, str] | None
) -> Table:
    """The table of ``analyzeNetwork``; initializes ``network`` on the way."""
    rows: list[tuple[str, str, str, str, int]] = []
    for step, shapes in walk(network.plan(formats), sizes, generator(0)):
        layer = step.layer
        arrays = {
            name: layer._values[name]
            for name, declared in layer.parameters().items()
            if isinstance(declared, Learnable) and layer._values[name].size
        }
        learnables = "  ".join(f"{name} {size_text(a.shape)}" for name, a in arrays.items())
        total = sum(a.size for a in arrays.values())
        if isinstance(layer, NetworkLayer):
            total = sum(a.size for a in layer.Network.Learnables["Value"])
        kind = layer.type_text or type(layer).__name__
        rows.append((step.name, kind, _activations(step, shapes), learnables, total))
    heads = ("Name", "Type", "Activations", "Learnables", "Total")
    return Table.from_rows(heads, rows)


def _activations(step: Step, shapes: list[torch.Size]) -> str:
    """``28(S)×28(S)×20(C)×1(B)``, as the Network Analyzer writes it."""
    texts = []
    for shape, label in zip(shapes, step.output_formats, strict=True):
        matlab = [shape[i] for i in np.argsort(torch_axes(label))]
        texts.append(TIMES.join(f"{n}({c})" for n, c in zip(matlab, label, strict=True)))
    return "  ".join(texts)


def walk(
    plan: Plan, sizes: Sequence[Sequence[int]], source: torch.Generator
) -> Iterator[tuple[Step, list[torch.Size]]]:
    """Each step with the torch sizes of its outputs, initializing its layer where needed."""
    inputs = [torch.empty(size, device="meta") for size in input_sizes(plan, sizes).values()]
    yield from _walk(plan, inputs, source)


def _walk(
    plan: Plan, inputs: Sequence[torch.Tensor], source: torch.Generator
) -> Iterator[tuple[Step, list[torch.Size]]]:
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
    plan: Plan, sizes: Sequence[Sequence[int]] = (), batch: int = 1, steps: int = _TIME_STEPS
) -> dict[str, tuple[int, ...]]:
    """Torch's size of each network input, for ``batch`` observations of ``steps`` time steps.

    Raises
    ------
    UsageError
        No input layer says the size, and it is not among ``sizes``.
    """
    given = dict(zip(plan.inputs, sizes, strict=False))
    return {
        name: _input_size(plan, name, label, given.get(name), batch, steps)
        for name, label in plan.inputs.items()
    }


def _input_size(
    plan: Plan, name: str, label: str, given: Sequence[int] | None, batch: int, steps: int
) -> tuple[int, ...]:
    layer = next((s.layer for s in plan.steps if s.name == name), None)
    own = getattr(layer, "input_size", None)
    size = list(given) if given is not None else list(own()) if own else None
    if size is None:
        raise UsageError(
            f"The network does not say the size of its input '{name}'.",
            remedy="pass it: net.initialize([28, 28, 1]) or net.analyze([28, 28, 1]).",
        )
    rest = iter(int(n) for n in size)
    length = max(steps, int(getattr(layer, "MinLength", 1) or 1))
    matlab = [batch if c == "B" else length if c == "T" else next(rest) for c in label]
    return tuple(matlab[axis] for axis in torch_axes(label))


def _outputs(
    step: Step, arguments: list[torch.Tensor], source: torch.Generator
) -> tuple[torch.Tensor, ...]:
    layer = step.layer
    # Normalization keeps the size, and its statistics may be missing before training.
    if getattr(layer, "is_output", False) or hasattr(layer, "input_format"):
        return (arguments[0],)
    if isinstance(layer, NetworkLayer):
        for _ in _walk(layer.plan(step.formats), arguments, source):
            pass
    label = step.formats[0]
    with at(step):
        if layer.parameters() and "C" in label:
            matlab = [arguments[0].shape[i] for i in np.argsort(torch_axes(label))]
            layer.initialize(layer.channels_of(matlab, label), source)
        module = layer.to_torch(formats=step.formats).eval().to("meta")
    with torch.inference_mode(), running(step.name, arguments):
        result: Any = module(*arguments)
    return tuple(
        r if isinstance(r, torch.Tensor) else torch.empty((), device="meta")
        for r in (result if isinstance(result, tuple) else (result,))
    )
