"""A shallow network as text, what each layer makes of what, and as a diagram of it."""

from __future__ import annotations

from collections.abc import Iterator

from ..display import one_line
from ..pages.diagram import Box, Diagram
from .description import Description
from .parts import Steps, Weight


def view(net: Description) -> str:
    """A line for each input, layer and output.

    Examples
    --------
    >>> import numpy as np
    >>> from .network import ShallowNetwork
    >>> made = ShallowNetwork.feedforward([np.ones((2, 3))], [np.zeros(2)], ["tansig"])
    >>> print(made.view())
    Feed-Forward Neural Network
      x1 (3)
      a1 (2) = tansig(IW{1,1}*x1 + b{1})
      y1 (2) = a1
    """
    return "\n".join([one_line(net.name) or "network", *(f"  {line}" for line in _lines(net))])


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


def _lines(net: Description) -> Iterator[str]:
    for j, one in enumerate(net.inputs, 1):
        feedback = f", feedback of a{one.feedbackOutput}" if one.feedbackOutput else ""
        yield f"x{j} ({one.size}{feedback}){_processed(one)}"
    for i, layer in enumerate(net.layers, 1):
        terms = [
            _term(f"{side.name}{{{i},{j + 1}}}", f"{side.letter}{j + 1}", weight)
            for side in net.sides
            for (to, j), weight in sorted(side.weights.items())
            if to == i - 1
        ]
        terms += [f"b{{{i}}}"] if net.b[i - 1] is not None else []
        joined = {"netsum": " + ", "netprod": " .* "}.get(layer.netInputFcn)
        inner = joined.join(terms) if joined else f"{layer.netInputFcn}({', '.join(terms)})"
        name = f"  '{one_line(layer.name)}'" if layer.name not in ("", "Layer") else ""
        yield f"a{i} ({layer.size}) = {layer.transferFcn}({inner}){name}"
    for k, i in enumerate(net.output_layers, 1):
        output = net.outputs[i]
        assert output is not None
        mode = "" if output.feedbackMode == "none" else f", {output.feedbackMode} loop"
        yield f"y{k} ({output.size}{mode}) = a{i + 1}{_processed(output)}"


def _term(name: str, source: str, weight: Weight) -> str:
    if weight.delays != (0,):
        shown = [f"t-{d}" if d else "t" for d in weight.delays]
        few = shown if len(shown) < 6 else [*shown[:2], "...", shown[-1]]
        source = f"{source}({', '.join(few)})"
    if weight.weightFcn == "dotprod":
        return f"{name}*{source}"
    return f"{weight.weightFcn}({name}, {source})"


def _processed(steps: Steps) -> str:
    return f"  by {', '.join(steps.processFcns)}" if steps.processFcns else ""
