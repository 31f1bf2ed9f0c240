"""What the compared results depend on: a gradient of zero is a mistake that cannot be seen.

The results are differentiated with respect to every learnable parameter and to the input. Dead
ReLUs, saturated outputs, inputs of zero and recurrent weights of a single time step all come down
to the same: a derivative that is zero, or too small to show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import as_tuple
from ..errors import MatlabCompatError
from .compare import EPS, LAYER_BOUND
from .diagnosis_types import Unseen
from .runner import Inputs, Precision

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from ..layers.base import Layer
    from ..network import Network

#: A change of this part of all elements of a parameter must show.
_CHANGE = 0.01
#: Observations that are looked at, until everything has been seen to matter.
_MOST_OBSERVATIONS = 16
#: Parameters of more elements than this (1 GB) are not differentiated by.
_MOST_PARAMETERS = 2**28
#: Names in one text.
_MOST_SHOWN = 5


def invisible(
    model: Layer | Network,
    inputs: Inputs,
    outputs: bool,
    activations: Sequence[str],
    precision: Precision,
) -> list[Unseen] | None:
    """The parameters, and inputs, that may change with none of the compared results.

    None where that cannot be told: something has no gradient, or would take too much memory.

    Parameters
    ----------
    outputs, activations:
        What is compared: all outputs or none, and layers by name.
    """
    try:
        hidden, unused = _Probe(model, inputs, outputs, activations, precision).hidden()
    except (MatlabCompatError, RuntimeError, MemoryError, NotImplementedError, IndexError):
        return None
    found = []
    what = "what was compared" if activations else "the output"
    if unused:
        said = f"{what} does not depend on the input: it stays the same if that changes by 1 %"
        remedy = (
            "save an input that the network answers to, or the activations of more layers: "
            "outputs may be saturated, or all units of a layer dead."
        )
        found.append(Unseen("input unseen", said, remedy, "X"))
    if hidden:
        shown = [f"{name} of '{layer}'" if layer else name for layer, name in hidden]
        more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
        said = (
            f"{', '.join(shown[:_MOST_SHOWN])}{more} may be wrong: {what} stays the same if they "
            "change by 1 %"
        )
        remedy = "save another input, or the activations of these layers."
        found.append(Unseen("parameters unseen", said, remedy, hidden[0][0]))
    return found


class _Probe:
    """A model, ready to be differentiated for one observation at a time."""

    #: By MATLAB's layer ("" of a layer on its own) and name, as torch has them.
    parameters: dict[tuple[str, str], list[Tensor]]
    #: The inputs of each observation.
    observations: list[tuple[Tensor, ...]]
    module: nn.Module

    def __init__(
        self,
        model: Layer | Network,
        inputs: Inputs,
        outputs: bool,
        activations: Sequence[str],
        precision: Precision,
    ) -> None:
        from ..layers.base import Layer

        self.outputs, self.activations = outputs, set(activations)
        at = precision.device, precision.dtype
        if isinstance(model, Layer):
            self._of_layer(model, inputs, *at)
        else:
            self._of_network(model, inputs, *at)
        if sum(p.numel() for p in self.module.parameters()) > _MOST_PARAMETERS:
            raise MemoryError

    def _of_layer(self, layer: Layer, inputs: Inputs, *at: Any) -> None:
        from ..engine.arrays import as_data, tensor

        formats = inputs.data_formats(layer)
        self.module = layer.to_torch(*at, formats=[one.batched for one in formats]).eval()
        self.parameters = _named(layer, self.module, "")
        data = [as_data(x) for x in inputs.X]
        pairs = zip(formats, data, strict=True)
        self.observations = _split([tensor(one.to_torch(x), *at) for one, x in pairs])

    def _of_network(self, network: Network, inputs: Inputs, *at: Any) -> None:
        from ..execution.network import input_formats, input_tensors, network_inputs

        given = network_inputs(network, inputs.X, inputs.data_format)
        module = network.to_torch(*at, formats=input_formats(network, given)).eval()
        self.module, self.parameters = module, {}
        for attribute, name in module.meta["layers"].items():
            if (part := getattr(module, attribute, None)) is not None:
                self.parameters |= _named(network.layer(name), part, name)
        self.observations = []
        for index in range(max(len(i.data) for i in given)):
            data = [i.observation(index) if i.is_list else i.data[0] for i in given]
            self.observations += _split(list(input_tensors(given, data, *at)))

    def hidden(self) -> tuple[list[tuple[str, str]], bool]:
        """The parameters that do not show, as (layer, name); whether the input does not either.

        Of a layer some of whose parameters show, only weights count: a bias may be next to zero.
        """
        left = dict(self.parameters)
        unused = True
        for given in self.observations[:_MOST_OBSERVATIONS]:
            effects = self._effects(given, left)
            left = {key: p for key, p in left.items() if effects[key] < LAYER_BOUND}
            unused = unused and effects["", "X"] < LAYER_BOUND
            if not (left or unused):
                break
        seen = {layer for layer, name in self.parameters if (layer, name) not in left}
        found = [(at, name) for at, name in left if at not in seen or name.endswith("Weights")]
        return found, unused

    def _effects(
        self, given: tuple[Tensor, ...], wanted: Mapping[tuple[str, str], list[Tensor]]
    ) -> dict[tuple[str, str], float]:
        """How many roundings of any result a change of each moves it by, at most."""
        import torch

        inputs = tuple(x.clone().requires_grad_(x.is_floating_point()) for x in given)
        flat = [p.requires_grad_() for parts in wanted.values() for p in parts]
        with torch.inference_mode(False), torch.enable_grad():
            results = [
                y for y in self._results(inputs) if y.requires_grad and y.is_floating_point()
            ]
            if not results:
                raise RuntimeError("nothing here has a gradient")
            random = torch.Generator().manual_seed(0)
            weights = [_weight(y, random) for y in results]
            every = torch.autograd.grad(results, [*flat, *inputs], weights, allow_unused=True)
        each = iter(every)
        effects = {
            key: _CHANGE * math.hypot(*(_size(p, next(each)) for p in parts))
            for key, parts in wanted.items()
        }
        by_input = list(each)
        known = [g for g in by_input if g is not None]
        scale = [max(float(x.detach().abs().max()), EPS["single"]) for x in inputs]
        moved = (
            _CHANGE * s * float(g.norm())
            for s, g in zip(scale, by_input, strict=True)
            if g is not None
        )
        # Indices, say, have no gradient, and are seen all the same.
        effects["", "X"] = math.hypot(*moved) if len(known) == len(by_input) else math.inf
        return effects

    def _results(self, inputs: tuple[Tensor, ...]) -> list[Tensor]:
        from torch import fx

        from ..execution.module import run_recording

        if not (isinstance(self.module, fx.GraphModule) and self.activations):
            return list(as_tuple(self.module(*inputs))) if self.outputs else []
        outputs, seen = run_recording(self.module, inputs, self.activations)
        return [*(outputs if self.outputs else ()), *seen.values()]


def _named(layer: Layer, module: nn.Module, where: str) -> dict[tuple[str, str], list[Tensor]]:
    """The learnable parameters of a layer by MATLAB's names; those that are zero do nothing."""
    own: dict[str, Tensor] = dict(module.named_parameters())
    found: dict[tuple[str, str], list[Tensor]] = {}
    for name in layer.parameters():
        parts = [own[torch_name] for torch_name in layer.torch_names(name) if torch_name in own]
        if parts and any(bool(p.any()) for p in parts):
            found[where, name] = parts
    return found


def _split(tensors: list[Tensor]) -> list[tuple[Tensor, ...]]:
    """The observations one by one, where all inputs have as many."""
    counts = {len(x) for x in tensors if x.ndim}
    if len(counts) != 1:
        return [tuple(tensors)]
    return [tuple(x[i : i + 1] for x in tensors) for i in range(counts.pop())]


def _weight(y: Tensor, random: Generator) -> Tensor:
    """What each element counts: units of its own rounding, with a random sign."""
    import torch

    signs = torch.randint(0, 2, y.shape, generator=random, dtype=torch.int8) * 2 - 1
    size = y.detach().to(torch.promote_types(y.dtype, torch.float32)).abs()
    counts = (size > 0) & size.isfinite()
    return torch.where(counts, signs.to(size) / (EPS["single"] * size), 0).to(y.dtype)


def _size(parameter: Tensor, gradient: Tensor | None) -> float:
    """The most that a change of all elements by their own size does."""
    if gradient is None:
        return 0.0
    moved = float((parameter.detach().double() * gradient.double()).norm())
    return moved if np.isfinite(moved) else math.inf
