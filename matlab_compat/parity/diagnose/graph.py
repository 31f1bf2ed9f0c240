"""What goes wrong between the layers of a network: orders, connections, weights of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ...display import matlab_text
from ...execution.described import Port
from ...layers.base import Layer
from ...layers.convolution import ConvolutionLayer
from ...layers.learnables import Parameter
from ...layers.normalization import BatchNormalizationLayer
from ...layers.pooling import PoolingLayer
from ...network.graph import Step
from .altered import inputs_changed, instead, left_out, of_module
from .layer import Pairs, manual, padding_of
from .mistakes import Variation, altered

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .run import Run


#: How many layers away parameters may have come from: the length of a block of layers.
_MOST_SHIFTED = 8
#: How many layers with the same mistake are named.
_NAMED = 4


@dataclass(frozen=True)
class Suspicion:
    """Layers with a mistake in them, or with other inputs."""

    variation: Variation
    changes: Mapping[str, Variation]
    where: str
    #: Where layers get their inputs from instead.
    sources: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    #: The same mistake in several layers.
    is_common: bool = False
    #: Whether two layers are changed, each of which is tried alone as well.
    is_pair: bool = False

    @classmethod
    def of(cls, variation: Variation, name: str, where: str = "") -> Suspicion:
        """Of one layer."""
        return cls(variation, {name: variation}, where or name)

    @property
    def touched(self) -> frozenset[str]:
        """The layers that are not as described."""
        return frozenset({*self.changes, *self.sources})

    @property
    def said(self) -> str:
        """Who gives the result, for the text of a diagnosis."""
        if len(self.touched) == 1:
            return f"layer '{self.where}' gives"
        if not self.is_common:
            return f"the network gives with its {self.where},"
        names = [f"'{name}'" for name in reversed([*self.changes])]
        shown = ", ".join([*names[:_NAMED], *(["..."] if len(names) > _NAMED else [])])
        return f"the network gives with its {self.where} ({shown}),"


def connected_otherwise(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """Every mistake that is not one of a layer alone."""
    if len(run.plan.steps) < 2:
        yield from _moved_statistics(run, suspects)
        return
    yield from _folded(run, suspects)
    yield from _exchanged_order(run, suspects)
    yield from _before_joining(run, suspects)
    yield from _miswired(run, suspects)
    yield from _moved_statistics(run, suspects)
    yield from _weights_of_others(run, suspects)
    yield from _loaded_in_another_order(run, suspects)
    yield from _padded_before(run, suspects)


def _consumers(run: Run) -> dict[Port, list[str]]:
    found: dict[Port, list[str]] = {}
    for step in run.plan.steps:
        for source in step.sources:
            found.setdefault(source, []).append(step.name)
    return found


def _chains(run: Run, suspects: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """Neighbours of which the second alone takes what the first gives; one is suspected."""
    by_name = {step.name: step for step in run.plan.steps}
    suspected = {step.name for step in suspects}
    for port, names in _consumers(run).items():
        first, second = by_name.get(port[0]), by_name.get(names[0])
        if first is None or second is None or len(names) > 1:
            continue
        if not suspected & {first.name, second.name}:
            continue
        if len(first.sources) == len(second.sources) == 1 and not second.layer.is_output:
            yield first, second


def _exchanged_order(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    suspected = {step.name for step in suspects}
    everywhere: dict[tuple[type[Layer], type[Layer]], dict[str, Variation]] = {}
    for first, second in _chains(run, suspects):
        if first.layer.input_format() is not None or first.name not in suspected:
            continue
        if type(first.layer) is type(second.layer):
            continue  # their parameters exchanged, see below
        a, b = first.name, second.name
        text = f"in the other order: '{b}' before '{a}'"
        remedy = f"run '{a}' first, then '{b}'."

        name = "layers in another order"
        changes = {}
        for step, other in ((first, second), (second, first)):
            if step.name in suspected:
                (changes[step.name],) = altered(
                    step.layer, name, remedy, {text: instead(run.modules[other.name])}, key="order"
                )
        if b in suspected:
            kinds = type(first.layer), type(second.layer)
            everywhere.setdefault(kinds, {}).update(changes)
        yield Suspicion(changes[a], changes, f"layers '{a}' and '{b}'")
        before = Variation(
            name,
            f"with '{b}' before it instead of after it",
            remedy,
            first.layer,
            rank=2 if b in suspected else 1,
            change=inputs_changed(run.modules[b]),
            key=f"before {type(second.layer).__name__}",
            diff=f"'{b}' before '{a}'",
        )
        yield Suspicion.of(before, a)
    for kinds, changes in everywhere.items():
        if len(changes) > 2:
            a, b = (kind.type_text or kind.__name__ for kind in kinds)
            one = replace(next(iter(changes.values())), text=f"in the other order: {b} first")
            yield Suspicion(one, changes, f"{len(changes)} layers {a} and {b}", {}, True)


def _before_joining(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """What comes after a sum (or concatenation) done to one of its inputs, or to each, instead."""
    by_name = {step.name: step for step in run.plan.steps}
    everywhere: dict[tuple[str, type[Layer]], dict[str, Variation]] = {}
    for port, names in _consumers(run).items():
        join, after = by_name.get(port[0]), by_name.get(names[0])
        if join is None or after is None or len(names) > 1 or join not in suspects:
            continue
        if len(join.sources) < 2 or len(after.sources) != 1 or after.layer.is_output:
            continue
        inputs = join.layer.InputNames
        every = tuple(range(len(inputs)))
        remedy = f"join first, then run '{after.name}'."
        for which in (*((i,) for i in every), every):
            said = "each of its inputs" if which == every else f"its input {inputs[which[0]]}"
            text = f"with '{after.name}' before it, on {said}, instead of after it"
            change = {text: of_module(partial(_joining, run.modules[after.name], which))}
            (before,) = altered(join.layer, "layer before a join", remedy, change)
            changes = {join.name: before}
            if after in suspects:
                changes[after.name] = replace(before, original=after.layer, change=left_out)
            yield Suspicion(before, changes, join.name)
            everywhere.setdefault((said, type(after.layer)), {}).update(changes)
    for (said, kind), changes in everywhere.items():
        joins = [name for name in changes if len(by_name[name].sources) > 1]
        if len(joins) > 1:
            what = kind.type_text or kind.__name__
            text = f"with the {what} after them before them, on {said}"
            one = replace(changes[joins[0]], text=text)
            yield Suspicion(one, changes, f"{len(joins)} joins", is_common=True)


def _joining(after: nn.Module, which: tuple[int, ...], module: nn.Module, *x: Tensor) -> Tensor:
    result: Tensor = module(*(after(one) if i in which else one for i, one in enumerate(x)))
    return result


def _folded(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """Batch normalization folded into the weights before it, but their bias left as it was."""
    for first, second in _chains(run, suspects):
        bias, layer = first.layer.values.get("Bias"), second.layer
        if second not in suspects or not isinstance(layer, BatchNormalizationLayer):
            continue
        if bias is None or not np.any(bias) or bias.size != layer.Offset.size:
            continue
        plain = bias.ravel(order="F")
        scale = layer.Scale.ravel() / np.sqrt(layer.TrainedVariance.ravel() + layer.Epsilon)
        moved = layer.Offset.ravel() + plain - scale * plain
        one = Variation(
            "batch normalization folded wrongly",
            f"folded into '{first.name}' without scaling its bias",
            f"the bias of '{first.name}' is scaled too: (Bias - mean)*scale + Offset.",
            layer,
            {"Offset": moved.reshape(layer.Offset.shape).astype(layer.Offset.dtype)},
            1,
            key="folded",
            diff="Bias not scaled",
        )
        yield Suspicion.of(one, second.name)


def _miswired(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    order = {step.name: i for i, step in enumerate(run.plan.steps)}
    consumers = _consumers(run)
    for step in suspects:
        if step.layer.is_output:
            continue
        several = len(step.sources) > 1
        for i, source in enumerate(step.sources):
            shape = run.values[source].shape
            for other, value in run.values.items():
                earlier = order.get(other[0], -1) < order[step.name]
                if other == source or not earlier or value.shape != shape:
                    continue
                if not several and source[0] in order:
                    before = run.plan.steps[order[source[0]]]
                    if before.sources == (other,) and len(consumers[source]) == 1:
                        continue  # the layer between left out
                sources = (*step.sources[:i], other, *step.sources[i + 1 :])
                port = f" {step.layer.InputNames[i]}" if several else ""
                said = f"with its input{port} from '{other[0]}' instead of '{source[0]}'"
                remedy, rank = f"connect '{source[0]}' to '{step.name}'.", 1 if several else 3
                one = Variation("connected to another layer", said, remedy, step.layer, rank=rank)
                yield Suspicion(one, {}, step.name, {step.name: sources})


def _arrays(layer: Layer) -> dict[str, Any]:
    return {
        name: layer.values[name]
        for name, declared in layer.properties.items()
        if isinstance(declared, Parameter) and layer.values[name].size
    }


def _kind(layer: Layer) -> tuple[Any, ...]:
    """What is the same of layers that take each other's parameters; () for one without any."""
    shapes = {name: value.shape for name, value in _arrays(layer).items()}
    return (type(layer), *shapes.items()) if shapes else ()


_BY_NAME = "copy the parameters by the names of the layers."


def _weights_of_others(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """Those of any layer of the same kind and size, whether it is suspected itself or not."""
    kinds: dict[tuple[Any, ...], list[Step]] = {}
    for step in run.plan.steps:
        if kind := _kind(step.layer):
            kinds.setdefault(kind, []).append(step)
    for alike in kinds.values():
        for one, other in combinations(alike, 2):
            pairs = [(a, b) for a, b in ((one, other), (other, one)) if a in suspects]
            if pairs:
                yield from _weights_of(pairs)


def _loaded_in_another_order(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """The parameters of all layers, or of all of a class, read in another order than the layers'.

    As names are sorted as text (c1, c10, c2), backwards, or from so many layers before or after.
    """
    having = {step.name: step.layer for step in run.plan.steps if _arrays(step.layer)}
    suspected = {step.name for step in suspects}
    seen: list[dict[str, str]] = []
    for said, order in _reading_orders(having):
        taken = {
            name: other
            for name, other in order.items()
            if name != other and name in suspected and _kind(having[name]) == _kind(having[other])
        }
        if len({*taken, *taken.values()}) < 3 or taken in seen:  # two are exchanged, as said above
            continue
        seen.append(taken)
        examples = [f"'{name}' has those of '{other}'" for name, other in taken.items()]
        changes = {
            name: Variation(
                "parameters in another order",
                f"with the parameters read {said}",
                _BY_NAME,
                having[name],
                _arrays(having[other]),
                2,
                diff=f"parameters read {said}: {', '.join(examples[:_NAMED])}",
            )
            for name, other in taken.items()
        }
        one = next(iter(changes.values()))
        yield Suspicion(one, changes, f"{len(changes)} layers", is_common=True)


def _reading_orders(layers: Mapping[str, Layer]) -> Iterator[tuple[str, dict[str, str]]]:
    """From which layer each has its parameters then."""
    classes: dict[type[Layer], list[str]] = {}
    for name, layer in layers.items():
        classes.setdefault(type(layer), []).append(name)
    every, groups = list(layers), list(classes.values())
    for many in (groups, *([names] for names in groups)):
        ordered = [name for names in many for name in names]
        by_name = [name for names in many for name in sorted(names)]
        turned = [name for names in many for name in reversed(names)]
        yield (
            "in the alphabetical order of the layers' names (c1, c10, c2)",
            dict(zip(ordered, by_name, strict=True)),
        )
        yield "from the last layer to the first", dict(zip(ordered, turned, strict=True))
    for names, most in ((every, _MOST_SHIFTED), *((names, 2) for names in groups)):
        for by in range(1, min(most + 1, len(names))):
            count = "layer" if by == 1 else "layers"
            yield f"from {by} {count} before", dict(zip(names[by:], names[:-by], strict=True))
            yield f"from {by} {count} after", dict(zip(names[:-by], names[by:], strict=True))


def _weights_of(pairs: Sequence[tuple[Step, Step]]) -> Iterator[Suspicion]:
    """The first of each pair with parameters of the second."""
    name = "parameters of another layer"
    how = "used twice" if len(pairs) == 2 else "exchanged, or used twice"
    alone = {
        to.name: Variation(
            name,
            f"with the parameters of '{source.name}' ({how})",
            _BY_NAME,
            to.layer,
            _arrays(source.layer),
            2,
            diff=f"parameters of '{source.name}' in '{to.name}'",
        )
        for to, source in pairs
    }
    for layer, variation in alone.items():
        yield Suspicion.of(variation, layer)
    one, other = pairs[0]
    if len(pairs) == 2:
        both = replace(
            alone[one.name],
            name="parameters exchanged between layers",
            text="their parameters exchanged",
        )
        yield Suspicion(both, alone, f"layers '{one.name}' and '{other.name}'", is_pair=True)
    arrays = _arrays(one.layer)
    for array in arrays if len(arrays) > 1 else ():
        for to, source in pairs:
            said, value = f"{array} of '{source.name}'", {array: source.layer.values[array]}
            one_array = Variation(name, f"with the {said}", _BY_NAME, to.layer, value, 3, diff=said)
            yield Suspicion.of(one_array, to.name)


def _padded_before(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """The data padded before the layer in front of a convolution or pooling, not after it."""
    for first, second in _chains(run, suspects):
        if second not in suspects or not isinstance(second.layer, ConvolutionLayer | PoolingLayer):
            continue
        pairs = padding_of(second.layer, run.size(second))
        value = run.values[first.sources[0]]
        if not any(map(any, pairs)) or value.shape != run.values[first.name, 0].shape:
            continue
        remedy = f"run '{first.name}' first, then pad"
        if isinstance(second.layer, ConvolutionLayer):
            remedy += f" with {matlab_text(second.layer.PaddingValue)}"
        text = f"with its input padded before '{first.name}' instead of after it"
        change = {text: of_module(partial(_of_padded, run.modules[first.name], pairs))}
        name, values = "padded before the layer in front", manual("Padding", ((0, 0),) * len(pairs))
        more = {"values": values, "key": "padded before"}
        (one,) = altered(second.layer, name, f"{remedy}.", change, 2, **more)
        yield Suspicion(one, {second.name: one}, second.name, {second.name: first.sources})


def _of_padded(before: nn.Module, pairs: Pairs, module: nn.Module, x: Tensor) -> Tensor:
    from ...engine.padding import pad

    result: Tensor = module(before(pad(x, pairs)))
    return result


def _moved_statistics(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """Running statistics that moved in one pass in training before they were used."""
    import copy

    import torch

    steps = [step for step in suspects if isinstance(step.layer, BatchNormalizationLayer)]
    if not steps:
        return
    training = {
        name: copy.deepcopy(module).train() if any(s.name == name for s in steps) else module
        for name, module in run.modules.items()
    }
    given = {port: value for port, value in run.values.items() if port[1] == -1}
    with torch.no_grad():
        values = run.computed(run.plan.steps, training, given)
    for momentum, whose in ((0.1, "torch's"), (0.01, "Keras'"), (0.001, "TensorFlow's")):
        for unbiased in (True, False):
            changes = {}
            for step in steps:
                x = values[step.sources[0]]
                over = [0, *range(2, x.ndim)]
                variance, mean = torch.var_mean(x.double(), over, unbiased=unbiased)
                moved = {}
                for name, value in (("TrainedMean", mean), ("TrainedVariance", variance)):
                    old = step.layer.values[name]
                    new = old + momentum * (value.cpu().numpy().reshape(old.shape) - old)
                    moved[name] = new.astype(old.dtype)
                changes[step.name] = Variation(
                    "running statistics moved",
                    f"with running statistics that moved once towards those of this batch, by "
                    f"{momentum:g} ({whose} momentum{'' if unbiased else ', biased variance'})",
                    "call model.eval() before anything is run: a pass in training moves them.",
                    step.layer,
                    moved,
                    1,
                    diff="TrainedMean and TrainedVariance moved towards those of the batch",
                )
            names = list(changes)
            where = names[0] if len(names) == 1 else f"{len(names)} batch normalization layers"
            yield Suspicion(changes[names[0]], changes, where)
