"""A network as a diagram: a box for each layer."""

from __future__ import annotations

from collections.abc import Mapping

from ..display import size_text
from ..layers.nested import NetworkLayer
from ..pages.diagram import Box, Diagram
from .analysis import Analysis, LayerAnalysis
from .graph import Graph


def picture(
    graph: Graph,
    label: str,
    found: Analysis | None,
    *,
    marks: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    sizes: Mapping[str, str] | None = None,
    numbers: Mapping[str, int] | None = None,
) -> Diagram:
    """The diagram of a graph.

    Parameters
    ----------
    label:
        What it is, for those who do not see it.
    found:
        The sizes, where they are known.
    marks, notes, sizes:
        By layer: one of :data:`..pages.diagram.MARKS` (by default "warning" for a layer that is not
        run), what to say of it besides, and what stands in the place of its size.
    numbers:
        By layer, the number of its row ``layer-1`` on the page, to which its box ``box-1`` leads.
    """
    rows = {row.name: row for row in found.layers} if found else {}
    boxes = []
    for name, layer in graph.layers.items():
        row = rows.get(name)
        problem = layer.refusal()
        sized = [str(one) for one in row.activations if one] if row else []
        said = [name, layer.class_name, *sized, (notes or {}).get(name, "")]
        is_network = isinstance(layer, NetworkLayer)
        box = Box(
            name,
            f"▸ {layer.description()}" if is_network else layer.type_name,
            (sizes or {}).get(name, _size(row)),
            # The module that its class is in: those of a kind are together.
            family="problem" if problem else type(layer).__module__.rpartition(".")[2],
            about=" · ".join(filter(None, [*said, problem.what if problem else ""])),
            mark=(marks or {}).get(name, "warning" if problem else ""),
            link=f"#layer-{numbers[name]}" if numbers else "",
            anchor=f"box-{numbers[name]}" if numbers else "",
        )
        boxes.append(box)
    number = {name: i for i, name in enumerate(graph.layers)}
    # Several ports of one layer may feed one other: that is one wire.
    wires = dict.fromkeys(
        (number[start], number[end]) for (end, _), (start, _) in graph.sources.items()
    )
    return Diagram(tuple(boxes), tuple(wires), label)


def _size(row: LayerAnalysis | None) -> str:
    """The size of the first output, of one observation and time step."""
    first = row.activations[0] if row and row.activations else None
    if first is None:
        return ""
    pairs = zip(first.size, first.labels, strict=True)
    return size_text([n for n, label in pairs if label not in "BT"])
