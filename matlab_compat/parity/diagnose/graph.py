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
from ...layers.edges import edges_of
from ...layers.learnables import Parameter
from ...layers.normalization import BatchNormalizationLayer
from ...layers.pooling import PoolingLayer
from ...network.graph import Step
from .altered import function_module, inputs_changed, left_out, of_module
from .layer import Pairs, padding_of
from .mistakes import Variation

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

        def taken(step: Step, other: str, text: str = text, remedy: str = remedy) -> Variation:
            module = run.modules[other]
            return Variation(
                "layers in another order",
                text,
                remedy,
                step.layer,
                rank=1,
                change=lambda _: function_module(lambda *x: module(*x)),
                key="order",
            )

        changes = {a: taken(first, b)}
        if b in suspected:
            changes[b] = taken(second, a)
            kinds = type(first.layer), type(second.layer)
            everywhere.setdefault(kinds, {}).update(changes)
        yield Suspicion(changes[a], changes, f"layers '{a}' and '{b}'")
        module = run.modules[b]
        before = Variation(
            "layers in another order",
            f"with '{b}' before it instead of after it",
            remedy,
            first.layer,
            rank=2 if b in suspected else 1,
            change=inputs_changed(module),
            key=f"before {type(second.layer).__name__}",
            diff=f"'{b}' before '{a}'",
        )
        yield Suspicion(before, {a: before}, a)
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
        for which in (*((i,) for i in every), every):
            said = "each of its inputs" if which == every else f"its input {inputs[which[0]]}"
            text = f"with '{after.name}' before it, on {said}, instead of after it"
            before = Variation(
                "layer before a join",
                text,
                f"join first, then run '{after.name}'.",
                join.layer,
                rank=1,
                change=of_module(partial(_joining, run.modules[after.name], which)),
            )
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
        bias = first.layer.values.get("Bias")
        layer = second.layer
        if (
            second not in suspects
            or bias is None
            or not np.any(bias)
            or not isinstance(layer, BatchNormalizationLayer)
        ):
            continue
        plain = bias.ravel(order="F")
        scale = layer.Scale.ravel() / np.sqrt(layer.TrainedVariance.ravel() + layer.Epsilon)
        offset = layer.Offset.ravel()
        if plain.size != offset.size:
            continue
        moved = offset + plain - scale * plain
        remedy = f"the bias of '{first.name}' is scaled too: (Bias - mean)*scale + Offset."
        one = Variation(
            "batch normalization folded wrongly",
            f"folded into '{first.name}' without scaling its bias",
            remedy,
            layer,
            {"Offset": moved.reshape(layer.Offset.shape).astype(layer.Offset.dtype)},
            1,
            key="folded",
            diff="Bias not scaled",
        )
        yield Suspicion(one, {second.name: one}, second.name)


def _miswired(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """An input taken from another layer before it, of the same size."""
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
                one = Variation(
                    "connected to another layer",
                    said,
                    f"connect '{source[0]}' to '{step.name}'.",
                    step.layer,
                    rank=1 if several else 3,
                )
                yield Suspicion(one, {}, step.name, {step.name: sources})


def _arrays(layer: Layer) -> dict[str, Any]:
    return {
        name: layer.values[name]
        for name, declared in layer.properties.items()
        if isinstance(declared, Parameter) and layer.values[name].size
    }


def _weights_of_others(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """Those of any layer of the same kind and size, whether it is suspected itself or not."""
    kinds: dict[tuple[Any, ...], list[Step]] = {}
    for step in run.plan.steps:
        sizes = {name: value.shape for name, value in _arrays(step.layer).items()}
        if sizes:
            kind = (type(step.layer), tuple(sizes.items()))
            kinds.setdefault(kind, []).append(step)
    for alike in kinds.values():
        for one, other in combinations(alike, 2):
            changed = [step for step in (one, other) if step in suspects]
            if changed:
                yield from _weights_of(one, other, changed)


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
            if name != other and name in suspected and _alike(having[name], having[other])
        }
        if len({*taken, *taken.values()}) < 3 or taken in seen:  # two are exchanged, as said above
            continue
        seen.append(taken)
        examples = [f"'{name}' has those of '{other}'" for name, other in taken.items()]
        changes = {
            name: Variation(
                "parameters in another order",
                f"with the parameters read {said}",
                "copy the parameters by the names of the layers.",
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


def _alike(one: Layer, other: Layer) -> bool:
    """Whether the parameters of one go into the other."""
    a, b = _arrays(one), _arrays(other)
    return type(one) is type(other) and {n: v.shape for n, v in a.items()} == {
        n: v.shape for n, v in b.items()
    }


def _weights_of(one: Step, other: Step, changed: Sequence[Step]) -> Iterator[Suspicion]:
    pairs = [(to, source) for to, source in ((one, other), (other, one)) if to in changed]
    how = "used twice" if len(pairs) == 2 else "exchanged, or used twice"
    alone = {
        to.name: Variation(
            "parameters of another layer",
            f"with the parameters of '{source.name}' ({how})",
            "copy the parameters by the names of the layers.",
            to.layer,
            _arrays(source.layer),
            2,
            diff=f"parameters of '{source.name}' in '{to.name}'",
        )
        for to, source in pairs
    }
    for name, variation in alone.items():
        yield Suspicion(variation, {name: variation}, name)
    if len(pairs) == 2:
        both = replace(
            alone[one.name],
            name="parameters exchanged between layers",
            text="their parameters exchanged",
        )
        yield Suspicion(both, alone, f"layers '{one.name}' and '{other.name}'", is_pair=True)
    for name in _arrays(one.layer) if len(_arrays(one.layer)) > 1 else ():
        for to, source in pairs:
            variation = Variation(
                "parameters of another layer",
                f"with the {name} of '{source.name}'",
                "copy the parameters by the names of the layers.",
                to.layer,
                {name: source.layer.values[name]},
                3,
                diff=f"{name} of '{source.name}'",
            )
            yield Suspicion(variation, {to.name: variation}, to.name)


def _padded_before(run: Run, suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """The data padded before the layer in front of a convolution or pooling, not after it."""
    for first, second in _chains(run, suspects):
        if second not in suspects or not isinstance(second.layer, ConvolutionLayer | PoolingLayer):
            continue
        pairs = padding_of(second.layer, run.size(second))
        value = run.values[first.sources[0]]
        if not any(map(any, pairs)) or value.shape != run.values[first.name, 0].shape:
            continue
        text = f"with its input padded before '{first.name}' instead of after it"
        one = Variation(
            "padded before the layer in front",
            text,
            f"run '{first.name}' first, then pad with {matlab_text(second.layer.PaddingValue)}."
            if isinstance(second.layer, ConvolutionLayer)
            else f"run '{first.name}' first, then pad.",
            second.layer,
            {"PaddingMode": "manual", "PaddingSize": edges_of(((0, 0),) * len(pairs))},
            2,
            change=of_module(partial(_of_padded, run.modules[first.name], pairs)),
            key="padded before",
            diff=text.removeprefix("with its "),
        )
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
                moved = {
                    name: (old + momentum * (new.numpy().reshape(old.shape) - old)).astype(
                        old.dtype
                    )
                    for name, old, new in (
                        ("TrainedMean", step.layer.values["TrainedMean"], mean.cpu()),
                        ("TrainedVariance", step.layer.values["TrainedVariance"], variance.cpu()),
                    )
                }
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
