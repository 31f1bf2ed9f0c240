"""How the layers of a network hang together: ports, order, formats. Knows nothing of torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..errors import MatlabCompatError, UsageError, locating
from ..execution import described
from ..execution.described import Port
from ..layers.base import Layer
from ..plain_text import plain_text

Step: TypeAlias = described.Step[Layer]
Plan: TypeAlias = described.Plan[Layer]


class Graph:
    """Layers by name and the connections between their ports.

    Parameters
    ----------
    layers:
        Name to layer, in the network's own order.
    connections:
        (source, destination), each a layer's name or ``name/port``.

    Raises
    ------
    UsageError
        A connection names a layer or port that does not exist, or an input is connected twice.
    """

    def __init__(self, layers: Mapping[str, Layer], connections: Sequence[tuple[str, str]]) -> None:
        self.layers = dict(layers)
        self.sources: dict[Port, Port] = {}
        #: (source, destination) as MATLAB writes them, with the port where there are several.
        self.connections: list[tuple[str, str]] = []
        for source, destination in connections:
            source, destination = plain_text(source), plain_text(destination)
            start = self._port(source, outgoing=True)
            end = self._port(destination, outgoing=False)
            if end in self.sources:
                raise UsageError(f"The input '{destination}' is connected twice.")
            self.sources[end] = start
            self.connections.append((self._port_text(start), self._input_text(end)))

    def _port(self, text: str, outgoing: bool) -> Port:
        """``"add/in2"`` as ("add", 1); a layer's own name may contain a slash."""
        name, port = (text, "") if text in self.layers else text.rpartition("/")[::2]
        if name not in self.layers:
            raise UsageError(f"A connection names '{text}', but there is no such layer.")
        layer = self.layers[name]
        ports = layer.OutputNames if outgoing else layer.InputNames
        if not port:
            return name, 0
        if port not in ports:
            raise UsageError(
                f"Layer '{name}' has no {'output' if outgoing else 'input'} '{port}'; "
                f"it has {', '.join(ports) or 'none'}."
            )
        return name, ports.index(port)

    def order(self) -> list[str]:
        """Layer names such that every layer comes after what feeds it; circles are refused."""
        waiting = {
            name: {own for own, port in self._sources(name) if port >= 0} for name in self.layers
        }
        fed_by: dict[str, list[str]] = {name: [] for name in self.layers}
        for name, feeders in waiting.items():
            for feeder in feeders:
                fed_by[feeder].append(name)
        ready = deque(name for name, feeders in waiting.items() if not feeders)
        ordered: list[str] = []
        while ready:
            name = ready.popleft()
            ordered.append(name)
            for after in fed_by[name]:
                waiting[after].discard(name)
                if not waiting[after]:
                    ready.append(after)
        if len(ordered) < len(self.layers):
            stuck = sorted(set(self.layers) - set(ordered))
            raise UsageError(f"The connections go in a circle through {', '.join(stuck[:5])}.")
        return ordered

    def plan(
        self, formats: Mapping[str, str] | None = None, outputs: Sequence[str] | None = None
    ) -> Plan:
        """The order of computation, with the format of every value.

        Parameters
        ----------
        formats:
            Labels of network inputs that no input layer labels, by input name.
        outputs:
            Names of the network's outputs (``name`` or ``name/port``); by default every output
            that feeds nothing.
        """
        inputs: dict[str, str] = {}
        known: dict[Port, str] = {}
        unsure: set[str] = set()
        steps = []
        for name in self.order():
            layer = self.layers[name]
            sources = self._sources(name)
            for own, port in sources:
                if port < 0:
                    labels = layer.input_format() or (formats or {}).get(own, layer.default_format)
                    inputs[own] = known[own, port] = labels
            given = tuple(known[source] for source in sources)
            if layer.reason or any(s in unsure for s, _ in sources):
                unsure.add(name)
            try:
                with locating(f"layer '{name}'"):
                    produced = layer.output_formats(given)
            except MatlabCompatError:
                if name not in unsure:
                    raise
                # A layer that cannot be built is taken to keep the labels of its input.
                produced = (given[0],) * len(layer.OutputNames)
            known.update({(name, i): labels for i, labels in enumerate(produced)})
            steps.append(Step(name, layer, sources, given, produced))
        ends = self._chosen_ends(outputs)
        names = {self._port_text(port): (port, known[port]) for port in ends}
        return Plan(inputs, tuple(steps), names)

    def input_names(self) -> list[str]:
        """Names of the inputs, as in :meth:`plan`, also where the layers do not fit each other."""
        return [own for name in self.order() for own, port in self._sources(name) if port < 0]

    def output_names(self, outputs: Sequence[str] | None = None) -> list[str]:
        """Names of the outputs, as in :meth:`plan`, also where the layers do not fit each other."""
        return [self._port_text(port) for port in self._chosen_ends(outputs)]

    def _chosen_ends(self, outputs: Sequence[str] | None) -> list[Port]:
        return [self._port(text, outgoing=True) for text in outputs] if outputs else self._ends()

    def _sources(self, name: str) -> tuple[Port, ...]:
        """What feeds each input of a layer; unconnected inputs are inputs of the network."""
        ports = ((name, port) for port in range(len(self.layers[name].InputNames)))
        return tuple(self.sources.get(port, (self._input_text(port), -1)) for port in ports)

    def last(self) -> list[str]:
        """The layers none of whose outputs feeds another."""
        feeding = {name for name, _ in self.sources.values()}
        return [name for name in self.layers if name not in feeding]

    def _ends(self) -> list[Port]:
        used = set(self.sources.values())
        return [
            (name, port)
            for name, layer in self.layers.items()
            for port in range(len(layer.OutputNames))
            if (name, port) not in used
        ]

    def _port_text(self, port: Port) -> str:
        return _text(port, self.layers[port[0]].OutputNames)

    def _input_text(self, port: Port) -> str:
        return _text(port, self.layers[port[0]].InputNames)


def _text(port: Port, names: Sequence[str]) -> str:
    """``conv``, or ``add/in2`` for a layer of several ports."""
    return port[0] if len(names) <= 1 else f"{port[0]}/{names[port[1]]}"
