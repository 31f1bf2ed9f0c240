"""A network run once with everything kept, to be run again with other layers in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...arrays import Array, as_tuple
from ...execution.described import Port
from ...network.graph import Plan, Step
from .measure import Measure
from .mistakes import Variation

if TYPE_CHECKING:
    import torch

    from ...network import Network
    from ..runner import Inputs, Precision


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

    @property
    def observations(self) -> int:
        """How many there are."""
        return min(int(self.values[name, -1].shape[0]) for name in self.plan.inputs)

    def spatial_size(self, step: Step) -> tuple[int, ...]:
        """H,W of the layer's first input; the length of sequences without space."""
        labels = step.formats[0]
        moved = labels.count("S") or labels.count("T")
        return tuple(self.values[step.sources[0]].shape[2 : 2 + moved])

    def with_changes(
        self, changes: Mapping[str, Variation], target: Port, observations: int | None
    ) -> torch.Tensor:
        """The value at ``target`` if these layers were others; of the first observations."""
        import torch

        after = self.steps_between(set(changes), target)
        modules = dict(self.modules)
        for step in after:
            if step.name in changes:
                layer, change = changes[step.name].layer, changes[step.name].change
                at = self.precision
                built = layer.to_torch(at.device, at.dtype, formats=step.formats)
                modules[step.name] = (built if change is None else change(built)).eval()
        needed = {source for step in after for source in step.sources}
        values = {port: self.values[port][:observations] for port in needed if port in self.values}
        with torch.inference_mode():
            return self.computed(after, modules, values)[target]

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
        from ...execution.network import as_activation, as_matlab

        convert = as_activation if target.is_activation else as_matlab
        result = convert(self.network, self.inputs, [array(value)], self._batched(target))
        result = result[0] if isinstance(result, list) else result
        return result.extractdata() if isinstance(result, dlarray) else result

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
        """What is expected of the first observation, then of all (None)."""
        if not (whole_batch or self.observations == 1 or self.has_list):
            yield 1, self._first(target)
        yield None, target.expected

    def _first(self, target: Target) -> Array:
        from ...execution.network import observations_first

        labels, size = self._batched(target), self.values[target.port].shape
        if self.inputs[0].labelled:
            axis = labels.find("B")
        elif observations_first(self.network, labels, size) and not target.is_activation:
            axis = 0
        else:
            axis = -1
        return target.expected.take([0], axis)

    def actual(self, target: Target) -> Array:
        """What was computed without any mistake."""
        return self.as_matlab(self.values[target.port], target)


def ancestors(plan: Plan, name: str) -> set[str]:
    """The layer and all that it depends on."""
    found = {name}
    for step in reversed(plan.steps):
        if step.name in found:
            found.update(source[0] for source in step.sources)
    return found
