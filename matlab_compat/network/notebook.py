"""A network as a part of a notebook: what it is, its picture, its layers, what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from ..display import counted, thousands
from ..errors import MatlabCompatError
from ..pages import diagram, notebook
from ..pages.markup import element, table
from .analysis import Analysis
from .graph import Graph
from .picture import picture

#: Networks of more layers are drawn by ``plot()`` only: a notebook keeps all that it shows.
_MOST_DRAWN = 300


def network_html(
    heading: str,
    graph: Graph,
    outputs: Sequence[str] | None,
    classes: Sequence[str] | None,
    found: Analysis | MatlabCompatError,
) -> str:
    """What a notebook shows of a network.

    Parameters
    ----------
    heading:
        What it is.
    graph, outputs, classes:
        Its layers, the names of its outputs where the file says them, and of its classes.
    found:
        Its sizes, or why they cannot be worked out.
    """
    sized = found if isinstance(found, Analysis) else None
    if isinstance(found, Analysis):
        said = [f"{one.where}: {one.text}" if one.where else one.text for one in found.warnings]
    else:
        said = [found.what]
    warnings = [element("li", f"! {one}", class_="bad") for one in said[: notebook.MOST_ROWS]]
    if len(graph.layers) > _MOST_DRAWN:
        drawn = element("p", "net.plot() draws it.")
    else:
        drawn = picture(graph, f"Picture of the {heading}", sized).pane()
    rows, count = _rows(graph, sized), len(graph.layers)
    listed = notebook.rows_of(("", "Name", "Type", "Activations", "Parameters"), rows, count)
    return notebook.fragment(
        heading,
        table([], [list(one) for one in totals(graph, outputs, classes, sized)]),
        *([element("ul", *warnings)] if warnings else []),
        drawn,
        element("details", element("summary", counted(count, "layer")), *listed),
        style=diagram.STYLE,
    )


def _rows(graph: Graph, found: Analysis | None) -> list[list[str]]:
    sized = {row.name: row for row in found.layers} if found else {}
    rows = []
    for i, (name, layer) in enumerate(graph.layers.items(), 1):
        row = sized.get(name)
        activations = [str(one) if one else "-" for one in row.activations] if row else []
        parameters = thousands(row.parameters if row else None)
        rows.append([str(i), name, layer.type_name, ", ".join(activations), parameters])
    return rows


def totals(
    graph: Graph,
    outputs: Sequence[str] | None,
    classes: Sequence[str] | None,
    found: Analysis | None,
) -> list[tuple[str, str, str]]:
    """What there is to say of a network: names, values, and what else to know of each."""
    rows = [("Layers", f"{len(graph.layers)}", counted(len(graph.connections), "connection"))]
    if found is not None:
        ends = f"{', '.join(graph.input_names())} → {', '.join(graph.output_names(outputs))}"
        filled = f"{bytes_text(found.parameter_bytes)} with states"
        memory = filled if found.parameter_bytes else "not initialized"
        rows += [("Parameters", thousands(found.parameters), memory), _work(found), _memory(found)]
        rows.append(("Inputs and outputs", ends, ""))
    if classes:
        few = ", ".join(classes[:10]) + (" ..." if len(classes) > 10 else "")
        rows.append(("Classes", f"{len(classes)}", few))
    return rows


def _work(found: Analysis) -> tuple[str, str, str]:
    if found.multiply_adds is None:
        return "Multiply-adds", "not known", ""
    left_out = len(found.uncounted)
    but = f"; {counted(left_out, 'layer')} not counted" if left_out else ""
    return "Multiply-adds", f"{found.multiply_adds:,}", f"for one observation{but}"


def _memory(found: Analysis) -> tuple[str, str, str]:
    known = [n for layer in found.layers if (n := layer.activation_bytes) is not None]
    if not known:
        return "Activations", "not known", "nothing says the size of the input"
    of = "all layers" if len(known) == len(found.layers) else "the layers of known sizes"
    return "Activations", bytes_text(sum(known)), f"in single, {of}"


def bytes_text(number: int) -> str:
    """``1.5 MB``."""
    size = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.3g} {unit}" if unit != "bytes" else f"{number} bytes"
