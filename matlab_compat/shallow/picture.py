"""A shallow network as a diagram: its inputs, layers and outputs, as ``view(net)`` draws them."""

from __future__ import annotations

from ..pages.diagram import Box, Diagram
from .description import Description
from .view import view


def picture(net: Description, label: str) -> Diagram:
    """The diagram; what each layer makes of what is said where one points at it."""
    lines = [line.strip() for line in view(net).splitlines()[1:]]
    parts = [
        *((f"x{j}", "Input", one.size, "") for j, one in enumerate(net.inputs, 1)),
        *(
            (f"a{i}", layer.transferFcn, layer.size, "fully_connected")
            for i, layer in enumerate(net.layers, 1)
        ),
        *(
            (f"y{k}", "Output", output.size, "")
            for k, output in enumerate(filter(None, net.outputs), 1)
        ),
    ]
    boxes = [
        Box(name, kind, str(size), family, line)
        for (name, kind, size, family), line in zip(parts, lines, strict=True)
    ]
    first = len(net.inputs)
    last = first + len(net.layers)
    wires = [
        *((int(j), first + int(i)) for i, j in net.inputWeights),
        *((first + int(j), first + int(i)) for i, j in net.layerWeights),
        *((first + i, last + k) for k, i in enumerate(net.output_layers)),
    ]
    return Diagram(tuple(boxes), tuple(wires), label)
