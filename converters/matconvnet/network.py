"""The parts of a network of MatConvNet as a saved network of ours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from matlab_compat.arrays import cell_array
from matlab_compat.display import counted
from matlab_compat.errors import CorruptFileError, LayerNotFoundError, UnsupportedLayerError, warn
from matlab_compat.execution.described import Shared
from matlab_compat.network import Network
from matlab_compat.network.preparation import ImagePreparation
from matlab_compat.plain_text import unused

from ..networks import build_network
from ..saved import SavedLayer, SavedNetwork
from .layers import Translated, translated
from .layout import (
    About,
    Fields,
    Part,
    dagnn_parts,
    is_dagnn,
    is_simplenn,
    simplenn_parts,
)

_INPUT = "nnet.cnn.layer.InputLayer"
#: Where saved objects of custom layers name their ports.
_PORTS = ("nnet.layer.Layer.PrivateInputs", "nnet.layer.Layer.PrivateOutputs")


@dataclass(frozen=True, eq=False)
class MatConvNetNetwork(SavedNetwork):
    """A network of MatConvNet, and what its file says beside the layers."""

    classes: list[str] | None = None
    preparation: ImagePreparation | None = None
    shared: tuple[Shared, ...] = ()
    #: What is not in it, and why, in sentences.
    notes: tuple[str, ...] = ()
    #: How many layers the file has, and of how many of them the outputs are those of ours.
    count: int = 0
    comparable: int = 0
    #: What it was made of.
    source: Fields = field(default_factory=dict)

    def part(self, output: str) -> MatConvNetNetwork:
        """What one variable, or the output of one layer, needs."""
        return saved_network(self.source, self.where, output)

    def build(self) -> Network:
        """The network object; what was left out is said as a warning."""
        for note in self.notes:
            warn(note, where=self.where)
        network = build_network(self)
        network.classes, network.preparation = self.classes, self.preparation
        network.shared = self.shared
        return network


def is_network(fields: Fields) -> bool:
    """Whether fields are those of a SimpleNN or a DagNN."""
    layers = fields.get("layers")
    return is_simplenn(layers) or is_dagnn(layers)


def saved_network(
    fields: Fields, where: tuple[str, ...], output: str | None = None
) -> MatConvNetNetwork:
    """The network that fields describe (see :func:`is_network`).

    Raises ``CorruptFileError``: its layers do not hang together; ``LayerNotFoundError``: there is
    no such variable or layer.

    Parameters
    ----------
    output:
        Only what this variable, or layer, needs; it becomes the output.
    """
    about = About(fields)
    if is_simplenn(fields["layers"]):
        kind, parts = "SimpleNN", simplenn_parts(fields["layers"])
        last, kept, notes = parts[-1], parts, list[str]()
        if last.kind == "softmaxloss":
            how = "at prediction it is a softmax, as which it is read."
            notes = [f"{last.said} is for training; {how}"]
        elif last.is_loss:
            kept, notes = parts[:-1], _left_out([last])
    else:
        kind, parts = "DagNN", dagnn_parts(fields)
        kept = [part for part in parts if not part.is_loss]
        notes = _left_out([part for part in parts if part.is_loss])
    if output is not None:
        kept = _needed(kept, output, where)
    made = _Made(kind, kept, about, where)
    if output is not None:
        made.outputs = [made.of_variable[kept[-1].outputs[0]]]
    comparable = sum(part.kind != "softmaxloss" for part in kept)
    return replace(made.network(notes), count=len(parts), comparable=comparable)


def _left_out(parts: Sequence[Part]) -> list[str]:
    if not parts:
        return []
    names = ", ".join(part.said for part in parts)
    return [f"Left out, because only training uses it: {names}."]


def _needed(parts: list[Part], output: str, where: tuple[str, ...]) -> list[Part]:
    """What one variable, or the output of one layer, needs; its layer is the last."""
    makers = {variable: part for part in parts for variable in part.outputs}
    by_name = {part.name: part for part in parts}
    end = makers.get(output) or by_name.get(output)
    if end is None:
        names = [part.name for part in parts]
        raise LayerNotFoundError(
            f"There is no variable or layer '{output}' in it.",
            where=where,
            remedy=f"its layers are {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}.",
        )
    needed, waiting = {end.name}, [end]
    while waiting:
        for variable in waiting.pop().inputs:
            maker = makers.get(variable)
            if maker is not None and maker.name not in needed:
                needed.add(maker.name)
                waiting.append(maker)
    return [*(part for part in parts if part.name in needed and part is not end), end]


def _ordered(parts: Sequence[Part]) -> list[Part]:
    """The layers such that each comes after what makes its inputs.

    Raises ``CorruptFileError``: two layers make one variable, or they feed each other in a circle.
    """
    makers: dict[str, int] = {}
    for i, part in enumerate(parts):
        for variable in part.outputs:
            if variable in makers:
                raise CorruptFileError(f"Two layers of the network make the variable '{variable}'.")
            makers[variable] = i
    sorter = TopologicalSorter[int](dict.fromkeys(range(len(parts)), ()))  # in the file's order
    for i, part in enumerate(parts):
        sorter.add(i, *{makers[variable] for variable in part.inputs if variable in makers})
    try:
        return [parts[i] for i in sorter.static_order()]
    except CycleError as error:
        circle = ", ".join(parts[i].name for i in error.args[1][1:])
        raise CorruptFileError(f"The layers feed each other in a circle: {circle[:200]}.") from None


class _Made:
    """The layers and connections that come of the parts, one after the other."""

    def __init__(
        self, kind: str, parts: Sequence[Part], about: About, where: tuple[str, ...]
    ) -> None:
        self.kind, self.about, self.where = kind, about, where
        self.layers: list[SavedLayer] = []
        self.connections: list[tuple[str, str]] = []
        #: The port that gives a variable, and its channels.
        self.of_variable: dict[str, str] = {}
        self.channels: dict[str, int | None] = {}
        #: The learnables that a parameter of a DagNN has become.
        self.learnables: dict[str, list[tuple[str, str]]] = {}
        self.outputs: list[str] = []
        self.taken = {part.name for part in parts}
        self.names: set[str] = set()
        ordered = _ordered(parts)
        used = dict.fromkeys(variable for part in parts for variable in part.inputs)
        made = {variable for part in parts for variable in part.outputs}
        for variable in used:
            if variable not in made:
                self._add_input(variable, parts)
        for part in ordered:
            self._add(part)
        self.ends = [v for part in parts for v in part.outputs if v not in used]

    def _add_input(self, variable: str, parts: Sequence[Part]) -> None:
        """An input layer of any size, called as the variable is."""
        name = "input" if self.kind == "SimpleNN" else variable
        if name in self.taken:
            name = unused(f"{name}_variable", self.taken)
        channels = self._input_channels(variable, parts)
        self.names.add(name)
        size = (np.nan, np.nan, channels or np.nan, np.nan)
        if any(part.kind == "roipooling" and variable in part.inputs[1:] for part in parts):
            size = (5, np.nan, 1, np.nan)
        fields = {"Name": name, "InputSize": size, "InputFormat": "SSCB"}
        self.layers.append(SavedLayer((*self.where, variable), _INPUT, fields))
        self.of_variable[variable], self.channels[variable] = name, channels

    def _input_channels(self, variable: str, parts: Sequence[Part]) -> int | None:
        """Those of the filters that read it, or as many more as meta says: they come in groups."""
        for part in parts:
            if variable in part.inputs and part.kind in ("conv", "convt") and part.weights:
                shape = getattr(part.weights[0], "shape", ())
                if not shape or 0 in shape:
                    return None  # the layer says so itself
                axis = 2 if part.kind == "conv" else 3
                each = shape[axis] if len(shape) > axis else 1
                said = self.about.channels or 0
                return said if part.kind == "conv" and said and said % each == 0 else each
        return None

    def _add(self, part: Part) -> None:
        name = unused(part.name, self.names)
        inputs = [self.channels.get(variable) for variable in part.inputs]
        where = (*self.where, part.at)
        try:
            made = translated(part, inputs)
        except UnsupportedLayerError as error:
            self._refuse(part, name, where, error.what)
            return
        for i, variable in enumerate(part.inputs):
            to = f"{name}/{made.ports[i]}" if made.ports else name
            self.connections.append((self.of_variable[variable], to))
        while True:
            fields = {"Name": name, **_factors(part, made), **made.fields}
            self.layers.append(SavedLayer(where, made.class_name, fields))
            for parameter, learnable in zip(part.params, made.learnables, strict=False):
                if np.size(made.fields.get(learnable, ())):
                    self.learnables.setdefault(parameter, []).append((name, learnable))
            if made.then is None:
                break
            self.connections.append((name, name := unused(f"{name}_bias", self.names)))
            made = made.then
        self._give(part, [name], made.channels)

    def _refuse(self, part: Part, name: str, where: tuple[str, ...], reason: str) -> None:
        """A layer that keeps its place, with ports as many as it has variables."""
        many = [f"in{i}" for i in range(1, len(part.inputs) + 1)]
        outs = [f"out{i}" for i in range(1, len(part.outputs) + 1)]
        ports = dict(zip(_PORTS, (cell_array(many), cell_array(outs)), strict=True))
        own = {key: value for key, value in part.fields.items() if key not in ("name", "type")}
        fields = {**own, "weights": cell_array(part.weights), "Name": name, **ports}
        self.layers.append(SavedLayer(where, part.type, fields, refused=reason))
        for port, variable in zip(many, part.inputs, strict=True):
            to = name if len(many) == 1 else f"{name}/{port}"
            self.connections.append((self.of_variable[variable], to))
        self._give(part, [name] if len(outs) == 1 else [f"{name}/{out}" for out in outs], None)

    def _give(self, part: Part, ports: Collection[str], channels: int | None) -> None:
        for variable, port in zip(part.outputs, ports, strict=True):
            self.of_variable[variable], self.channels[variable] = port, channels

    def network(self, notes: Sequence[str]) -> MatConvNetNetwork:
        """All of it as a saved network."""
        outputs = self.outputs or [self.of_variable[v] for v in self.ends]
        said = [*notes]
        classes = self.about.classes
        counts = {n for v in self.ends if (n := self.channels.get(v)) is not None}
        if classes is not None and counts and counts != {len(classes)}:
            said.append(
                f"The names of {counted(len(classes), 'class')} are not used: the outputs have "
                f"{' or '.join(map(str, sorted(counts)))} channels."
            )
            classes = None
        shared = [tuple(group) for group in self.learnables.values() if len(group) > 1]
        fields: dict[str, Any] = {"OutputNames": cell_array(outputs)}
        return MatConvNetNetwork(
            self.where,
            self.kind,
            self.layers,
            self.connections,
            fields,
            classes=classes,
            preparation=self.about.preparation,
            shared=tuple(shared),
            notes=tuple(said),
            source=self.about.network,
        )


def _factors(part: Part, made: Translated) -> dict[str, float]:
    """Learning rate and weight decay, under the names that the layer has for them."""
    found: dict[str, float] = {}
    for ending, factors in {"LearnRateFactor": part.rates, "L2Factor": part.decays}.items():
        for learnable, factor in zip(made.learnables, factors, strict=False):
            if factor >= 0:
                found[{"Weights": "Weight"}.get(learnable, learnable) + ending] = factor
    return found
