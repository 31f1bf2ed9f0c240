"""A network or layer run once with everything kept, to be run again with other layers in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Array, as_tuple
from ...data_format import DataFormat
from ...execution.described import Port
from ...layers.base import Layer
from ...network.graph import Plan, Step
from ..axes import same_rank
from .measure import Measure
from .mistakes import Size, Variation

if TYPE_CHECKING:
    import torch

    from ...network import Network
    from ..runner import Inputs, Precision


#: How many numbers of a result are looked at before all of it is.
_ENOUGH = 64
#: Modules with fewer parameters are kept: a mistake is tried in one layer, and in all.
_SMALL = 10_000


@dataclass(frozen=True)
class Target:
    """What differs: the output of one layer, or of the network."""

    name: str
    port: Port
    expected: Array
    measure: Measure
    #: Whether it is in the form of ``activations``, not of ``predict``.
    is_activation: bool


class Run:
    """A network run once, layer by layer (of a list, one sequence), with every value kept."""

    def __init__(
        self, network: Network, inputs: Inputs, precision: Precision, sequence: int = 0
    ) -> None:
        import torch

        from ...execution.network import input_formats, input_tensors, network_inputs

        self.network, self.precision = network, precision
        self._built: dict[int, tuple[Variation, torch.nn.Module]] = {}
        self.inputs = network_inputs(network, inputs.X, inputs.data_format)
        self.formats = input_formats(network, self.inputs)
        self.plan: Plan = network.plan(self.formats)
        self.has_list = any(given.is_list for given in self.inputs)
        data = [i.observation(sequence) if i.is_list else i.data[0] for i in self.inputs]
        tensors = input_tensors(self.inputs, data, precision.device, precision.dtype)
        self.modules = self._modules()
        self.values: dict[Port, torch.Tensor] = {
            (name, -1): tensor for name, tensor in zip(self.plan.inputs, tensors, strict=True)
        }
        with torch.inference_mode():
            self.values = self.computed(self.plan.steps, self.modules, self.values)

    def _modules(self) -> dict[str, torch.nn.Module]:
        at = self.precision
        module = self.network.to_torch(at.device, at.dtype, formats=self.formats)
        attributes = {name: key for key, name in module.meta["layers"].items()}
        return {
            step.name: getattr(module, attributes[step.name])
            for step in self.plan.steps
            if not step.layer.is_output
        }

    def computed(
        self,
        steps: Sequence[Step],
        modules: Mapping[str, torch.nn.Module],
        values: Mapping[Port, torch.Tensor],
    ) -> dict[Port, torch.Tensor]:
        """The values, and those that these steps make of them."""
        from ...engine.precision import full_precision

        known = dict(values)
        with full_precision(self.precision.allow_tf32):
            for step in steps:
                inputs = [known[source] for source in step.sources]
                result = inputs[0] if step.layer.is_output else modules[step.name](*inputs)
                several = as_tuple(result)
                known.update({(step.name, i): value for i, value in enumerate(several)})
        return known

    def in_double(self, steps: Sequence[Step]) -> dict[str, torch.nn.Module]:
        """The modules of these layers in float64, in which solving loses fewer digits."""
        layers = (step for step in steps if not step.layer.is_output)
        at = self.precision.device
        return {s.name: s.layer.to_torch(at, "double", formats=s.formats).eval() for s in layers}

    @property
    def observations(self) -> int:
        """How many there are."""
        return min(int(self.values[name, -1].shape[0]) for name in self.plan.inputs)

    def size(self, step: Step) -> Size:
        """H,W of the layer's first input; the length of sequences without space."""
        labels = step.formats[0]
        moved = labels.count("S") or labels.count("T")
        return Size.of(self.values[step.sources[0]].shape[2 : 2 + moved], labels)

    def module(self, step: Step, variation: Variation) -> torch.nn.Module:
        """The module of a layer with a mistake.

        Raises
        ------
        ValueError
            There is no such layer.
        """
        if (known := self._built.get(id(variation))) is not None:
            return known[1]
        layer = variation.layer()
        if layer is None:
            raise ValueError(f"no layer {variation.text}")
        module = self.modules[step.name]
        if layer is not step.layer:
            at = self.precision
            module = layer.to_torch(at.device, at.dtype, formats=step.formats)
        made = (module if variation.change is None else variation.change(module)).eval()
        if layer is step.layer or sum(p.numel() for p in made.parameters()) < _SMALL:
            self._built[id(variation)] = variation, made  # which keeps the id its own
        return made

    def with_changes(
        self,
        changes: Mapping[str, Variation],
        target: Port,
        observations: int | None,
        sources: Mapping[str, tuple[Port, ...]] = MappingProxyType({}),
    ) -> torch.Tensor:
        """The value at ``target`` if these layers were others; of the first observations.

        ``sources`` are where layers get their inputs from instead.
        """
        import torch

        after = self.steps_between({*changes, *sources}, target)
        after = [replace(s, sources=sources[s.name]) if s.name in sources else s for s in after]
        modules = dict(self.modules)
        for step in after:
            if step.name in changes:
                modules[step.name] = self.module(step, changes[step.name])
        needed = {source for step in after for source in step.sources}
        values = {port: self.values[port][:observations] for port in needed if port in self.values}
        with torch.inference_mode():
            return self.computed(after, modules, values)[target]

    def own_output(
        self, step: Step, variation: Variation, observations: int | None
    ) -> torch.Tensor:
        """What the layer itself gives with a mistake, of the first observations."""
        import torch

        inputs = [self.values[source][:observations] for source in step.sources]
        values = dict(zip(step.sources, inputs, strict=True))
        with torch.inference_mode():
            module = {step.name: self.module(step, variation)}
            return self.computed([step], module, values)[step.name, 0]

    def after(self, step: Step, outputs: Sequence[torch.Tensor], target: Port) -> torch.Tensor:
        """The value at ``target`` for each of these outputs of a layer, run as one batch."""
        import torch

        known = {(step.name, 0): torch.cat(list(outputs))}
        later = [s for s in self.steps_between({step.name}, target) if s.name != step.name]
        count, n = len(outputs), outputs[0].shape[0]
        for port in {source for s in later for source in s.sources}:
            if port in self.values and port not in known:
                value = self.values[port][:n]
                known[port] = value.repeat(count, *(1,) * (value.ndim - 1))
        with torch.inference_mode():
            return self.computed(later, self.modules, known)[target]

    def steps_between(self, changed: set[str], target: Port) -> list[Step]:
        """The steps that the change reaches and that the target needs."""
        upstream = ancestors(self.plan, target[0])
        reached = set(changed)
        steps = []
        for step in self.plan.steps:
            if step.name in changed or any(source[0] in reached for source in step.sources):
                reached.add(step.name)
                if step.name in upstream:
                    steps.append(step)
        return steps

    def as_matlab(self, value: torch.Tensor, target: Target) -> Array:
        """A value in the form that it is compared in."""
        from ...data_format import dlarray
        from ...engine.arrays import array
        from ...execution.network import as_matlab

        labels, inside = self._batched(target), target.is_activation
        result = as_matlab(self.network, self.inputs, [array(value)], labels, is_activation=inside)
        result = result[0] if isinstance(result, list) else result
        return result.extractdata() if isinstance(result, dlarray) else result

    def wanted(self, target: Target) -> torch.Tensor | None:
        """The expected values in torch's order; None if their size is another."""
        import torch

        value = self.values[target.port]
        places = torch.arange(value.numel(), dtype=torch.float64).reshape(value.shape)
        index, expected = same_rank(self.as_matlab(places, target), target.expected)
        if index.shape != expected.shape or np.iscomplexobj(expected):
            return None
        flat = np.empty(value.numel())
        flat[index.astype(np.int64)] = expected
        return torch.from_numpy(flat).reshape(value.shape).to(value.device)

    def _batched(self, target: Target) -> str:
        """The labels of the value as the layers have them, with B."""
        name, port = target.port
        return next(s.output_formats[port] for s in self.plan.steps if s.name == name)

    def labels(self, target: Target) -> str:
        """What the dimensions are of :meth:`as_matlab`."""
        from ...execution.network import result_labels

        rank = self.actual(target).ndim
        return result_labels(
            self.inputs, self._batched(target), rank, is_activation=target.is_activation
        )

    def samples(
        self, target: Target, *, whole_batch: bool = False
    ) -> Iterator[tuple[int | None, Array]]:
        """What is expected of the first observations, then of all (None).

        As many as give enough numbers to tell mistakes apart.
        """
        axis = self._observations_axis(target)
        if axis is not None and axis < target.expected.ndim and not whole_batch:
            count = target.expected.shape[axis]
            few = max(1, -(-_ENOUGH * count // max(1, target.expected.size)))
            if few < count == self.observations:
                yield few, target.expected.take(range(few), axis)
        yield None, target.expected

    def _observations_axis(self, target: Target) -> int | None:
        """Where the observations are in what is expected; None if they cannot be told apart."""
        if self.has_list:
            return None
        from ...execution.network import observations_first

        labels, size = self._batched(target), self.values[target.port].shape
        if self.inputs[0].labelled:
            axis = labels.find("B")
        elif observations_first(self.network, labels, size) and not target.is_activation:
            axis = 0
        else:
            axis = -1
        return axis

    def actual(self, target: Target) -> Array:
        """What was computed without any mistake."""
        return self.as_matlab(self.values[target.port], target)


class LayerRun(Run):
    """A layer run on its own, as a network of one layer."""

    def __init__(
        self,
        layer: Layer,
        X: Sequence[Array],
        formats: Sequence[DataFormat],
        precision: Precision,
    ) -> None:
        import torch

        from ...engine.arrays import tensor

        self.precision, self.layer_formats = precision, formats
        self.inputs, self.has_list = [], False
        self._built = {}
        at = precision.device, precision.dtype
        labels = tuple(one.batched for one in formats)
        names = [(f"in{i}", -1) for i in range(1, len(X) + 1)]
        outputs = layer.output_formats(labels)
        name = layer.Name or type(layer).__name__
        step = Step(name, layer, tuple(names), labels, outputs)
        ends = {f"out{i}": ((name, i), o) for i, o in enumerate(outputs)}
        inputs = {name: label for (name, _), label in zip(names, labels, strict=True)}
        self.plan = Plan(inputs, (step,), ends)
        self.modules = {name: layer.to_torch(*at, formats=labels).eval()}
        given = zip(names, formats, X, strict=True)
        self.values = {port: tensor(one.to_torch(x), *at) for port, one, x in given}
        with torch.inference_mode():
            self.values = self.computed(self.plan.steps, self.modules, self.values)

    def as_matlab(self, value: torch.Tensor, target: Target) -> Array:
        """As the layer's ``predict`` gives it."""
        from ...engine.arrays import array

        return self.layer_formats[0].from_torch(array(value), self._batched(target))[0]

    def labels(self, target: Target) -> str:
        """In the order of the input's labels, where they are the same."""
        return self.layer_formats[0].of_output(self._batched(target))

    def _observations_axis(self, target: Target) -> int | None:
        axis = self.labels(target).find("B")
        alike = {one.labels.find("B") for one in self.layer_formats} == {axis}
        return axis if alike and axis >= 0 else None


def ancestors(plan: Plan, name: str) -> set[str]:
    """The layer and all that it depends on."""
    found = {name}
    for step in reversed(plan.steps):
        if step.name in found:
            found.update(source[0] for source in step.sources)
    return found
