"""Sizes along a network: every layer run on a tensor without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from ..arrays import as_tuple
from ..data_format import matlab_axes, torch_axes
from ..display import counted
from ..engine.initializers import generator
from ..errors import UsageError
from .described import LayerLike, Plan, Port, Step
from .module import at, running


def initialize(
    plan: Plan[LayerLike], sizes: Sequence[Sequence[int]], seed: int | torch.Generator | None
) -> None:
    """Fill the empty learnables and states of the layers in place, sized by propagation."""
    for _ in walk(plan, sizes, generator(seed)):
        pass


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
    if len(sizes) > len(plan.inputs):
        raise UsageError(
            f"{counted(len(sizes), 'size')} for {counted(len(plan.inputs), 'input')} of the "
            f"network: {', '.join(plan.inputs)}."
        )
    given = {
        name: _size(size, name, plan.inputs[name])
        for name, size in zip(plan.inputs, sizes, strict=False)
    }
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


def _size(given: Any, name: str, labels: str) -> tuple[int, ...]:
    """The size of an input without batch and time. Raises ``UsageError``: it is none."""
    free = [label for label in labels if label not in "BT"]
    try:
        size = tuple(int(n) for n in given)
    except (TypeError, ValueError):
        size = ()
    if len(size) != len(free):
        count = f"{counted(len(free), 'number')}, of {', '.join(free) or 'nothing'}"
        raise UsageError(
            f"The size of input '{name}', whose data is '{labels}', is {count}, not {given!r}.",
            remedy=f"for other data pass formats={{'{name}': 'SSCB'}}; connections go into "
            "Network(layers, connections) or connectLayers.",
        )
    return size


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
            matlab = [arguments[0].shape[i] for i in matlab_axes(labels)]
            layer.initialize(layer.channels_of(matlab, labels), source)
        module = layer.to_torch(formats=step.formats).eval().to("meta")
    with torch.inference_mode(), running(step.name, arguments):
        result: Any = module(*arguments)
    return tuple(
        r if isinstance(r, torch.Tensor) else torch.empty((), device="meta")
        for r in as_tuple(result)
    )
