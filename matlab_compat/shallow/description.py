"""What a shallow network is: inputs, layers, outputs, and the weights between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..arrays import Array
from ..display import counted, size_text
from ..errors import PropertyError
from .parts import (
    Fields,
    Input,
    Layer,
    Output,
    Weight,
    as_numbers,
    as_struct,
    read_input,
    read_layer,
    read_output,
    read_weight,
)
from .registry import DISTANCES

#: The fields by which a ``network`` is known, also as a plain struct.
KNOWN_BY = frozenset(("IW", "LW", "b", "inputWeights", "layerWeights", "numLayers"))

#: What is read of one; the rest is about training and display, and may be anything.
FIELDS = (
    *("name", "numInputs", "numLayers", "inputs", "layers", "biases", "outputs"),
    *("inputWeights", "layerWeights", "IW", "LW", "b"),
    *("biasConnect", "inputConnect", "layerConnect", "outputConnect"),
)


@dataclass(frozen=True, eq=False)
class Side:
    """The weights that inputs have, or layers have, on their way to layers."""

    #: "IW" or "LW", and what its sources are called: "x" or "a".
    name: str
    letter: str
    sources: Sequence[Input | Layer]
    #: By (to, from), from 0.
    weights: Mapping[tuple[int, int], Weight]
    matrices: Array

    @property
    def delays(self) -> int:
        """The longest delay."""
        return max((max(one.delays) for one in self.weights.values()), default=0)

    @property
    def delayed(self) -> list[int]:
        """The sources of which what was before counts."""
        return sorted({j for (_, j), one in self.weights.items() if one.delays != (0,)})


@dataclass(eq=False, repr=False)
class Description:
    """The parts of a ``network`` object: see :class:`~.network.ShallowNetwork`."""

    inputs: list[Input]
    layers: list[Layer]
    outputs: list[Output | None]
    inputWeights: dict[tuple[int, int], Weight]
    layerWeights: dict[tuple[int, int], Weight]
    IW: Array
    LW: Array
    b: list[Array | None]
    name: str = ""

    @classmethod
    def from_fields(cls, values: Mapping[str, Any]) -> Self:
        """The network of the fields of MATLAB's object.

        Parameters
        ----------
        values:
            Structs as mappings, cells as arrays of objects; :data:`FIELDS` are read.

        Raises
        ------
        PropertyError
            A field is not what it is in a network. (What cannot be computed is no such error: see
            :meth:`problems`.)
        """
        fields = Fields(values)
        inputs = [read_input(one) for one in fields.structs("inputs")]
        layers = [read_layer(one) for one in fields.structs("layers")]
        n, count = len(inputs), len(layers)
        given = fields.structs("outputs", count)
        has_output = _connect(fields, "outputConnect", [[one.values or None for one in given]])[0]
        for one, on in zip(given, has_output, strict=True):
            if on and not one.values:
                raise PropertyError(f"{one.where} is empty, but it is connected.")
        biases = fields.cell("b", count, 1)
        has_bias = _connect(fields, "biasConnect", biases)[:, 0]
        inputWeights, IW = _weights(fields, "inputWeights", "IW", "inputConnect", (count, n))
        layerWeights, LW = _weights(fields, "layerWeights", "LW", "layerConnect", (count, count))
        return cls(
            inputs,
            layers,
            [
                read_output(one, layer.size) if on else None
                for one, layer, on in zip(given, layers, has_output, strict=True)
            ],
            inputWeights,
            layerWeights,
            IW,
            LW,
            [
                _matrix(np.zeros((0, 1)) if bias is None else bias, f"b{{{i}}}") if on else None
                for i, (bias, on) in enumerate(zip(biases[:, 0], has_bias, strict=True), 1)
            ],
            fields.text("name"),
        )

    def to_fields(self) -> dict[str, Any]:
        """The fields of MATLAB's object: what :meth:`from_fields` reads, in the same form."""

        def cell(rows: int, columns: int, items: Mapping[tuple[int, int], Any]) -> Array:
            made = np.empty((rows, columns), object)
            for place in np.ndindex(rows, columns):
                made[place] = items.get(place, np.zeros((0, 0)))
            return made

        def connected(rows: int, columns: int, places: Collection[tuple[int, int]]) -> Array:
            return np.array([[(i, j) in places for j in range(columns)] for i in range(rows)], bool)

        n, count = self.numInputs, self.numLayers
        outputs = {(0, i): self.outputs[i] for i in self.output_layers}
        b = {(i, 0): one for i, one in enumerate(self.b) if one is not None}
        fields: dict[str, Any] = {
            "name": self.name,
            "numInputs": n,
            "numLayers": count,
            "numOutputs": self.numOutputs,
            "numInputDelays": self.numInputDelays,
            "numLayerDelays": self.numLayerDelays,
            "biasConnect": connected(count, 1, b),
            "outputConnect": connected(1, count, outputs),
            "inputs": cell(n, 1, {(j, 0): as_struct(one) for j, one in enumerate(self.inputs)}),
            "layers": cell(count, 1, {(i, 0): as_struct(one) for i, one in enumerate(self.layers)}),
            "outputs": cell(1, count, {place: as_struct(one) for place, one in outputs.items()}),
            "b": cell(count, 1, b),
        }
        for side, source in zip(self.sides, ("input", "layer"), strict=True):
            columns, parts = len(side.sources), side.weights
            fields[f"{source}Connect"] = connected(count, columns, parts)
            structs = {place: as_struct(one) for place, one in parts.items()}
            fields[f"{source}Weights"] = cell(count, columns, structs)
            fields[side.name] = cell(count, columns, {p: side.matrices[p] for p in parts})
        return fields

    # --- what it is ---------------------------------------------------------------------------

    @property
    def sides(self) -> tuple[Side, Side]:
        """The weights from inputs, and those from layers."""
        return (
            Side("IW", "x", self.inputs, self.inputWeights, self.IW),
            Side("LW", "a", self.layers, self.layerWeights, self.LW),
        )

    def weights(self) -> list[tuple[Side, tuple[int, int], Weight]]:
        """All weights, each after its side and (to, from)."""
        return [(side, at, one) for side in self.sides for at, one in side.weights.items()]

    @property
    def numInputs(self) -> int:
        """How many inputs it has."""
        return len(self.inputs)

    @property
    def numLayers(self) -> int:
        """How many layers it has."""
        return len(self.layers)

    @property
    def numOutputs(self) -> int:
        """How many outputs it has."""
        return len(self.output_layers)

    @property
    def output_layers(self) -> list[int]:
        """The layers, from 0, whose results are outputs."""
        return [i for i, output in enumerate(self.outputs) if output is not None]

    @property
    def numInputDelays(self) -> int:
        """The longest delay of an input."""
        return self.sides[0].delays

    @property
    def numLayerDelays(self) -> int:
        """The longest delay of a layer's result."""
        return self.sides[1].delays

    @property
    def numFeedbackDelays(self) -> int:
        """The longest delay with which an output comes back."""
        return max((o.feedbackDelay for o in self.outputs if o is not None), default=0)

    @property
    def numWeightElements(self) -> int:
        """How many weights and biases there are."""
        arrays = [*self.IW.flat, *self.LW.flat, *self.b]
        return sum(array.size for array in arrays if array is not None)

    def ranges(self) -> list[tuple[Array, Array]]:
        """The least and the largest value of each row of each input, as far as they are known.

        By ``range`` of the settings of mapminmax, else by the centres of distances, else -1 to 1.
        """
        found = []
        for j, one in enumerate(self.inputs):
            low, high = -np.ones(one.size), np.ones(one.size)
            for (i, source), weight in self.inputWeights.items():
                if source == j and weight.weightFcn in DISTANCES and not one.processFcns:
                    centres = self.IW[i, j].reshape(-1, one.size)
                    low, high = centres.min(0), centres.max(0)
            for settings in one.processSettings:
                limits = [np.ravel(settings.get(name, ())) for name in ("xmin", "xmax")]
                if all(limit.shape == low.shape for limit in limits):
                    low, high = limits
                    break
            found.append((low, high))
        return found

    @property
    def is_dynamic(self) -> bool:
        """Whether it has delays: its inputs then are sequences."""
        return any(side.delayed for side in self.sides)


def _weights(
    fields: Fields, name: str, values: str, connect: str, size: tuple[int, int]
) -> tuple[dict[tuple[int, int], Weight], Array]:
    """The weights from one side, and their matrices."""
    given, known = fields.cell(values, *size), fields.cell(name, *size)
    matrices, weights = np.empty(size, object), {}
    for place in map(tuple, np.argwhere(_connect(fields, connect, given))):
        at = "{" + ",".join(str(i + 1) for i in place) + "}"
        if known[place] is None and name in fields.values:
            raise PropertyError(f"{fields.at(name)}{at} is empty, but it is connected.")
        weights[place] = read_weight(fields.of(known[place], name + at))
        matrices[place] = _matrix(given[place], values + at)
    return weights, matrices


def _connect(fields: Fields, name: str, there: Any) -> Array:
    """Which connections there are; where MATLAB's matrix of them is missing, what has a value."""
    size = np.shape(there)
    if name not in fields:
        return np.array([x is not None for row in there for x in row], bool).reshape(size)
    given = as_numbers(fields.values[name], fields.at(name))
    if given.size != np.prod(size):
        raise PropertyError(
            f"{fields.at(name)} has {counted(given.size, 'value')}, not {size_text(size)}."
        )
    return np.asarray(given.reshape(size, order="F") != 0)


def _matrix(value: Any, where: str) -> Array | None:
    """A weight; ``None`` where it is empty."""
    if value is None:
        return None
    found = as_numbers(value, f"net.{where}")
    return found if found.ndim == 2 else found.reshape(found.shape[0], -1)
