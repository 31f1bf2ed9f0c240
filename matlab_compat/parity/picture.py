"""A network with what a comparison found at each of its layers."""

from __future__ import annotations

from ..network import Network
from ..network.picture import picture
from ..pages.diagram import Diagram
from .compare import Comparison
from .report import Report


def along(network: Network, report: Report) -> tuple[Diagram, ...]:
    """The picture of a network: each layer that was compared has its verdict and its error.

    Empty where no layer can be told: labels, or another number of outputs.
    """
    found: dict[str, list[Comparison]] = {}
    for one in report.activations:
        found.setdefault(_layer(one.name, network), []).append(one)
    ends = [name.rpartition("/")[0] or name for name in network.OutputNames]
    if len(report.outputs) == len(ends):
        for name, one in zip(ends, report.outputs, strict=True):
            found.setdefault(name, []).append(one)
    marks = {
        name: "different" if any(one.verdict == "different" for one in compared) else "equal"
        for name, compared in found.items()
    }
    errors = {
        name: max(one.scaled_error / one.bound for one in compared)
        for name, compared in found.items()
    }
    notes = {name: f"{error:.3g} of what is allowed" for name, error in errors.items()}
    shown = {name: f"{error:.2g}\N{MULTIPLICATION SIGN} allowed" for name, error in errors.items()}
    label = f"The network, {len(found)} of its {len(network.Layers)} layers compared"
    drawn = picture(network.graph, label, None, marks=marks, notes=notes, sizes=shown)
    return (drawn,) if marks.keys() <= network.graph.layers.keys() else ()


def _layer(name: str, network: Network) -> str:
    """The layer of a comparison, which may be of one sequence of a batch: ``lstm{2}``."""
    return name if name in network.graph.layers else name.rpartition("{")[0]
