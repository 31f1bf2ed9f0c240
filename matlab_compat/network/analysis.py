"""What ``analyzeNetwork`` tells of a network, as one record: sizes, learnables, work, warnings.

Computed from sizes alone: no value of a weight is read, nothing is initialized or run, torch is not
needed; but for :func:`table`, which runs the layers on tensors without data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..display import counted, size_text
from ..errors import MatlabCompatError
from ..execution.described import CLASSIC, Port
from ..layers.nested import NetworkLayer
from ..layers.sizes import Activation
from ..table import Table
from .graph import Graph, Plan, Step

#: The size of each output of some layers.
Known = Mapping[str, tuple[Activation | None, ...]]

#: Kinds in which each input of a layer must be connected; a dlnetwork has them as its inputs.
_CONNECTED = (*CLASSIC, "LayerGraph", "Layer array")


@dataclass(frozen=True)
class LayerAnalysis:
    """One layer of an :class:`Analysis`."""

    name: str
    class_name: str
    #: What MATLAB calls its kind.
    type: str
    #: The size of each output for one observation (and one time step, or the least that the
    #: network takes); ``None`` where it is not known.
    activations: tuple[Activation | None, ...]
    #: MATLAB's size of each learnable.
    learnables: dict[str, tuple[int, ...]]
    #: How many numbers these are; ``None`` where that depends on a size that is not known.
    parameters: int | None
    #: For one observation; ``None`` where it is not known.
    multiply_adds: int | None
    #: Bytes of the learnables and states that have values.
    parameter_bytes: int
    #: Why it cannot be built or run; '' if it can.
    problem: str

    @property
    def activation_bytes(self) -> int | None:
        """Bytes of the outputs in single."""
        if None in self.activations:
            return None
        return 4 * sum(a.elements for a in self.activations if a is not None)


@dataclass(frozen=True)
class Finding:
    """Something that MATLAB's Network Analyzer would warn of."""

    #: The layer.
    where: str
    text: str


@dataclass(frozen=True)
class Analysis:
    """All layers of a network in its own order, and what is wrong with it."""

    layers: tuple[LayerAnalysis, ...]
    warnings: tuple[Finding, ...]
    #: Learnables that several layers share are counted once; ``None`` where some are not known.
    parameters: int | None
    #: Bytes of all learnables and states that have values; shared ones are counted once.
    parameter_bytes: int

    def __repr__(self) -> str:
        parts = counted(len(self.layers), "layer"), counted(len(self.warnings), "warning")
        return f"<Analysis of {', '.join(parts)}>"

    @property
    def multiply_adds(self) -> int | None:
        """The sum over the layers whose number is known; ``None`` if there are none."""
        known = [n for layer in self.layers if (n := layer.multiply_adds) is not None]
        return sum(known) if known else None

    @property
    def uncounted(self) -> tuple[str, ...]:
        """The layers whose multiply-adds are not known."""
        return tuple(layer.name for layer in self.layers if layer.multiply_adds is None)


def analysis(
    graph: Graph,
    kind: str,
    plan: Plan,
    sizes: Sequence[Sequence[int]] = (),
    found: Known | None = None,
) -> Analysis:
    """The record of a network.

    Parameters
    ----------
    graph, kind, plan:
        The network's layers and connections, what it is, and its order of computation.
    sizes:
        MATLAB sizes of the inputs, without batch and time, that no input layer says.
    found:
        The sizes of the outputs of layers that have been run.
    """
    findings: list[Finding] = []
    rows = {row.name: row for row in _rows(plan, _inputs(plan, sizes), findings, found or {})}
    layers = tuple(rows[name] for name in graph.layers)
    findings = [*_unconnected(graph, kind, plan), *findings]
    counts = [row.parameters for row in layers]
    repeated = (port for group in plan.shared for port in group[1:])
    again = [(rows[name], learnable) for name, learnable in repeated if name in rows]
    numbers = sum(math.prod(row.learnables.get(learnable, (0,))) for row, learnable in again)
    whole = None if None in counts else sum(n for n in counts if n is not None) - numbers
    steps = {step.name: step.layer for step in plan.steps}
    values = [getattr(steps[row.name], learnable) for row, learnable in again]
    held = sum(row.parameter_bytes for row in layers) - sum(
        v.nbytes for v in values if v is not None
    )
    return Analysis(layers, tuple(findings), whole, held)


def table(graph: Graph, kind: str, plan: Plan, sizes: Sequence[Sequence[int]]) -> Table:
    """The table of ``analyzeNetwork``; layers are run without data, and initialized on the way.

    Parameters and errors are as for :func:`analysis` and :func:`.propagate.walk`.
    """
    from ..engine.initializers import generator
    from ..execution.propagate import walk

    found = {
        step.name: tuple(map(Activation.of_torch, shapes, step.output_formats))
        for step, shapes in walk(plan, sizes, generator(0))
    }
    rows = []
    for row in analysis(graph, kind, plan, sizes, found).layers:
        own = graph.layers[row.name].learnables()
        learnables = "  ".join(f"{name} {size_text(array.shape)}" for name, array in own.items())
        activations = "  ".join(map(str, row.activations))
        rows.append((row.name, row.type, activations, learnables, row.parameters))
    return Table.from_rows(("Name", "Type", "Activations", "Learnables", "Total"), rows)


def _inputs(plan: Plan, sizes: Sequence[Sequence[int]]) -> list[Activation | None]:
    """The size of each input for one observation, where it is known."""
    given = dict(zip(plan.inputs, sizes, strict=False))
    layers = {step.name: step.layer for step in plan.steps}
    found: list[Activation | None] = []
    for name, labels in plan.inputs.items():
        layer = layers.get(name)
        size = given.get(name, layer.input_size() if layer else None)
        free = sum(label not in "BT" for label in labels)
        if size is None or len(size) != free or any(int(n) < 1 for n in size):
            found.append(None)
            continue
        rest = iter(int(n) for n in size)
        ones = {"B": 1, "T": layer.least_steps() if layer else 1}
        found.append(Activation(tuple(ones.get(c) or next(rest) for c in labels), labels))
    return found


def _rows(
    plan: Plan, inputs: Sequence[Activation | None], findings: list[Finding], found: Known
) -> Iterator[LayerAnalysis]:
    values: dict[Port, Activation | None] = {
        (name, -1): given for name, given in zip(plan.inputs, inputs, strict=True)
    }
    for step in plan.steps:
        given = [values[source] for source in step.sources]
        row = _row(step, given, findings, found.get(step.name))
        values.update({(step.name, port): a for port, a in enumerate(row.activations)})
        yield row


def _row(
    step: Step,
    inputs: Sequence[Activation | None],
    findings: list[Finding],
    run: tuple[Activation | None, ...] | None,
) -> LayerAnalysis:
    layer = step.layer
    known = [x for x in inputs if x is not None]
    outputs = run or (None,) * len(step.output_formats)
    learnables = layer.learnable_sizes()
    inner: Inner | None = None
    refusal = layer.refusal()
    if refusal is not None:
        findings.append(Finding(step.name, refusal.what))
    elif isinstance(layer, NetworkLayer):
        inner = _inner(step, inputs, findings)
        outputs, learnables = run or inner.outputs, inner.learnables
    elif len(known) == len(inputs) and known:
        try:
            outputs = run or tuple(layer.output_sizes(known, step.output_formats))
        except MatlabCompatError as error:
            findings.append(Finding(step.name, error.what))
        else:
            labels = known[0].labels
            channels = layer.channels_of(known[0].size, labels) if "C" in labels else None
            learnables = layer.learnable_sizes(channels)
    sized = [a for a in outputs if a is not None]
    work = inner.multiply_adds if inner else None
    if inner is None and refusal is None and len(known) == len(inputs) and known and sized:
        work = layer.count_multiply_adds(learnables, known, sized)
    complete = inner.complete if inner else not set(layer.missing_learnables()) - set(learnables)
    values: Sequence[Any] = inner.values if inner else layer.parameter_values()
    return LayerAnalysis(
        name=step.name,
        class_name=layer.class_name,
        type=layer.type_name,
        activations=outputs,
        learnables=learnables,
        parameters=sum(map(math.prod, learnables.values())) if complete else None,
        multiply_adds=work,
        parameter_bytes=sum(value.nbytes for value in values),
        problem=refusal.what if refusal is not None else "",
    )


@dataclass(frozen=True)
class Inner:
    """What is known of a layer that is a network."""

    outputs: tuple[Activation | None, ...]
    learnables: dict[str, tuple[int, ...]]
    complete: bool
    multiply_adds: int | None
    values: list[Any]


def _inner(step: Step, inputs: Sequence[Activation | None], findings: list[Finding]) -> Inner:
    layer: Any = step.layer
    plan: Plan = layer.inner_plan(step.formats)
    own: list[Finding] = []
    rows = {row.name: row for row in _rows(plan, inputs, own, {})}
    findings += [Finding(f"{step.name}/{one.where}", one.text) for one in own]
    outputs = tuple(rows[name].activations[port] for (name, port), _ in plan.outputs.values())
    learnables = {
        f"{name}/{learnable}": size
        for name, row in rows.items()
        for learnable, size in row.learnables.items()
    }
    work = [row.multiply_adds for row in rows.values()]
    return Inner(
        outputs,
        learnables,
        all(row.parameters is not None for row in rows.values()),
        None if None in work else sum(n for n in work if n is not None),
        [value for _, part in layer.Network.all_layers() for value in part.parameter_values()],
    )


def _unconnected(graph: Graph, kind: str, plan: Plan) -> Iterator[Finding]:
    """Ports that MATLAB would want connected."""
    if kind not in _CONNECTED:
        return
    used = set(graph.sources.values())
    for step in plan.steps:
        layer = step.layer
        if layer.input_format() is None:
            for port, (_, number) in zip(layer.InputNames, step.sources, strict=True):
                if number < 0:
                    yield Finding(step.name, f"Its input '{port}' is not connected.")
        outputs = [] if layer.is_output or kind == "Layer array" else layer.OutputNames
        for i, port in enumerate(outputs):
            if (step.name, i) not in used:
                yield Finding(step.name, f"Its output '{port}' is not connected.")
