"""Networks as a page to look at: what ``analyzeNetwork`` shows, and the weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from ..display import counted, size_text, thousands
from ..errors import MatlabCompatError
from ..layers.base import Layer
from ..layers.nested import NetworkLayer
from ..pages import diagram, page
from ..pages.diagram import Diagram
from ..pages.markup import Markup, element, preformatted
from ..pages.weights import histogram, statistics
from ..shallow import ShallowNetwork
from .analysis import Analysis, LayerAnalysis
from .network import Network
from .notebook import bytes_text, totals
from .picture import picture

#: The most layers of nested networks that are shown.
_MOST_INNER = 5000
#: Pictures up to this width stand beside the table.
_NARROW = 480


@dataclass(frozen=True)
class Entry:
    """A model that a page shows, or why it cannot be shown."""

    #: Where it is: ``net``, ``agent.Actor``; "" where the variables of a file make it up.
    name: str
    class_name: str
    model: Network | ShallowNetwork | Layer | MatlabCompatError


def html_page(
    heading: str, entries: Sequence[Entry], facts: Mapping[str, str], *after: Markup
) -> str:
    """The page about models, such as those of a file, as text to be written in UTF-8.

    Parameters
    ----------
    heading:
        What it is about: the name of a file.
    entries:
        The models.
    facts:
        What else there is to know of the file.
    after:
        What stands at the end.
    """
    writer = _Writer()
    known = [element("span", f"{name}: ", element("code", text)) for name, text in facts.items()]
    sections = [section for entry in entries for section in writer.entry(entry)]
    nothing = [] if entries else [element("p", "There is no network and no layer in it.")]
    return page.page(
        heading,
        element("header", element("h1", heading), element("p", *known, class_="facts")),
        *([_TOOLS] if writer.layers else []),
        element("main", *nothing, *sections),
        *after,
        style=diagram.STYLE + _own("page.css"),
        script=_own("page.js"),
    )


def _own(name: str) -> str:
    """The text of a file beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


_TOOLS = element(
    "div",
    element(
        "label",
        "Search layers (key /) ",
        element("input", id="search", type="search", autocomplete="off"),
    ),
    element("span", id="found", role="status"),
    class_="tools",
    data_script="",
    hidden="",
)


@dataclass
class _Writer:
    """The sections of one page, whose layers are numbered throughout."""

    layers: int = 0
    inner: int = 0
    shown: set[int] = field(default_factory=set)

    def entry(self, entry: Entry) -> Iterator[Markup]:
        """The section of one model."""
        model = entry.model
        kind = model.kind if isinstance(model, Network) else entry.class_name
        short = kind.rpartition(".")[2]
        yield element("h2", *([element("code", entry.name), ": "] if entry.name else []), short)
        if isinstance(model, MatlabCompatError):
            yield _warnings([("", model.what), *([("", model.remedy)] if model.remedy else [])], {})
        elif isinstance(model, Network):
            yield from self.network(model, entry.name or short)
        elif isinstance(model, ShallowNetwork):
            yield from self.shallow(model, entry.name or short)
        else:
            yield preformatted(str(model))
            yield from _weights(
                [("", name, value) for name, value in model.filled_parameters()], {}
            )

    # --- networks of layers

    def network(
        self,
        net: Network,
        name: str,
        sizes: Sequence[Sequence[int]] = (),
        formats: Mapping[str, str] | None = None,
    ) -> Iterator[Markup]:
        """Totals, warnings, picture and tables of a network, and the networks in it, folded."""
        warnings: list[tuple[str, str]] = []
        found: Analysis | None = None
        try:
            found = net.analysis(*sizes, formats=formats)
            warnings += [(one.where, one.text) for one in found.warnings]
        except MatlabCompatError as error:
            warnings.append(("", f"{error.what} {error.remedy}".strip()))
            warnings += [
                (at, refused.what)
                for at, layer in net.graph.layers.items()
                if (refused := layer.refusal()) is not None
            ]
        numbers = {own: self.layers + i for i, own in enumerate(net.graph.layers, 1)}
        self.layers += len(numbers)
        rows = {row.name: row for row in found.layers} if found else {}
        yield _tiles(totals(net.graph, net.output_names, net.Classes, found))
        yield _warnings(warnings, numbers)
        said = {where: text for where, text in warnings}
        marks = {where: "warning" for where in said if where in numbers}
        drawn = picture(
            net.graph, f"Picture of {name}", found, marks=marks, notes=said, numbers=numbers
        )
        listed = [
            _row(place, numbers[own], own, layer, rows.get(own))
            for place, (own, layer) in enumerate(net.graph.layers.items(), 1)
        ]
        beside = "both" if drawn.size[0] <= _NARROW else ""
        parts = _figure(drawn), _table(_COLUMNS, listed, "layers")
        yield element("div", *parts, class_=beside)
        values = [
            (own, parameter, value)
            for own, layer in net.graph.layers.items()
            for parameter, value in layer.filled_parameters()
        ]
        yield from _weights(values, numbers)
        for own, layer in net.graph.layers.items():
            if isinstance(layer, NetworkLayer):
                yield from self._nested(net, own, layer, rows)

    def _nested(
        self, net: Network, name: str, layer: NetworkLayer, rows: Mapping[str, LayerAnalysis]
    ) -> Iterator[Markup]:
        """The network that a layer is; each is shown once, as few objects can be any number."""
        inner: Network = layer.Network
        if id(inner) in self.shown or self.inner + len(inner.Layers) > _MOST_INNER:
            why = "It is shown above." if id(inner) in self.shown else "There are too many layers."
            yield element("p", "The network in ", element("code", name), f": {why}")
            return
        self.shown.add(id(inner))
        self.inner += len(inner.Layers)
        given = []
        for port in range(len(layer.InputNames)):
            start, at = net.graph.sources.get((name, port), ("", 0))
            given.append(rows[start].activations[at] if start in rows else None)
        sizes, formats = [], {}
        if all(given):
            sizes = [
                [n for n, label in zip(one.size, one.labels, strict=True) if label not in "BT"]
                for one in given
                if one
            ]
            labels = [one.labels for one in given if one]
            formats = dict(zip(inner.InputNames, labels, strict=True))
        heading = element("summary", element("code", name), f": {layer.description()}")
        yield element("details", heading, *self.network(inner, name, sizes, formats))

    # --- shallow networks

    def shallow(self, net: ShallowNetwork, name: str) -> Iterator[Markup]:
        """What its layers make of what, its picture and its weights."""
        problems = [("", f"It cannot be run: {one}") for one in net.problems()]
        yield _warnings([*problems, *(("", one) for one in net.remarks())], {})
        yield element("div", _figure(net.plot()), preformatted(net.view()), class_="both")
        arrays = [
            (f"a{i + 1}", f"{label}{{{i + 1},{j + 1}}}", one)
            for label, matrices in (("IW", net.IW), ("LW", net.LW))
            for i, row in enumerate(matrices)
            for j, one in enumerate(row)
            if one is not None
        ]
        arrays += [(f"a{i}", f"b{{{i}}}", one) for i, one in enumerate(net.b, 1) if one is not None]
        yield from _weights(arrays, {})


def _tiles(rows: Iterable[tuple[str, str, str]]) -> Markup:
    """Names, values, and what else there is to know of each."""
    tiles = (
        element(
            "div",
            element("dt", name),
            element("dd", element("b", value), *([element("small", more)] if more else [])),
        )
        for name, value, more in rows
    )
    return element("dl", *tiles, class_="tiles")


def _warnings(found: Sequence[tuple[str, str]], numbers: Mapping[str, int]) -> Markup:
    if not found:
        return element("p", "✓ No warnings.", class_="good")
    items = []
    for where, text in found:
        at: list[str] = []
        if where in numbers:
            at = [element("a", where, href=f"#layer-{numbers[where]}"), ": "]
        elif where:
            at = [element("code", where), ": "]
        items.append(element("li", *at, text))
    heading = element("b", f"! {counted(len(found), 'warning')}", class_="bad")
    return element("div", heading, element("ul", *items), class_="warnings")


def _figure(drawn: Diagram) -> Markup:
    """A picture in a pane of its own, with buttons where there is a script."""
    words = (("in", "+", "larger"), ("out", "−", "smaller"), ("fit", "↔", "as wide as its pane"))
    buttons = [
        element("button", sign, type="button", data_zoom=zoom, aria_label=f"Picture {said}")
        for zoom, sign, said in (*words, ("whole", "⤢", "whole"))
    ]
    return element(
        "figure",
        element("div", *buttons, class_="zoom", data_script="", hidden=""),
        drawn.pane(),
    )


#: Headings, and whether rows can be sorted by them.
_COLUMNS = (
    ("", True), ("Layer", False), ("Type", False), ("Activations", True), ("Parameters", True),
    ("Multiply-adds", True), ("Memory", True),
)  # fmt: skip
_OF_WEIGHTS = (
    ("Layer", False), ("Values", False), ("Size", True), ("Least", True), ("Mean", True),
    ("Most", True), ("Deviation", True), ("Zeros", True), ("Spread", False),
)  # fmt: skip


def _table(columns: Sequence[tuple[str, bool]], rows: Sequence[Markup], class_: str) -> Markup:
    buttons = {
        name: element("button", name or "#", type="button") for name, sorts in columns if sorts
    }
    head = (element("th", buttons.get(name, name), scope="col") for name, _ in columns)
    parts = element("thead", element("tr", *head)), element("tbody", *rows)
    return element("div", element("table", *parts, class_=class_), class_="wide")


def _row(place: int, number: int, name: str, layer: Layer, row: LayerAnalysis | None) -> Markup:
    """A layer, by its place in its network, and its number on the page."""
    kind = layer.type_name
    described = layer.description()
    more = (
        [element("small", described)] if described.casefold() not in ("", kind.casefold()) else []
    )
    problem = layer.refusal()
    refused = [element("small", f"! {problem.what}", class_="bad")] if problem else []
    outputs = row.activations if row else ()
    sizes = [str(one) if one else "-" for one in outputs]
    elements = sum(one.elements for one in outputs if one)
    learnables = row.learnables if row else layer.learnable_sizes()
    shapes = [f"{own} {size_text(shape)}" for own, shape in learnables.items()]
    parameters, work = (row.parameters, row.multiply_adds) if row else (None, None)
    memory = row.activation_bytes if row else None
    return element(
        "tr",
        _cell(str(place), value=place),
        element("th", element("a", name, href=f"#box-{number}"), scope="row"),
        element("td", kind, *more, *refused),
        _cell(*(element("div", size) for size in sizes), value=elements, class_=""),
        _cell(
            thousands(parameters),
            *(element("small", shape) for shape in shapes),
            value=-1 if parameters is None else parameters,
        ),
        _cell(thousands(work), value=-1 if work is None else work),
        _cell(
            "-" if memory is None else bytes_text(memory), value=-1 if memory is None else memory
        ),
        id=f"layer-{number}",
        data_name=f"{name} {kind}",
        data_layer="",
    )


def _cell(*children: str, value: float = 0, class_: str = "number") -> Markup:
    return element("td", *children, data_value=value, class_=class_)


def _weights(
    values: Sequence[tuple[str, str, Any]], numbers: Mapping[str, int]
) -> Iterator[Markup]:
    """Statistics and histogram of each array."""
    if not values:
        return
    rows = []
    for layer, name, value in values:
        found = statistics(value)
        four = (found.least, found.mean, found.most, found.deviation)
        bad = f", {found.not_finite} NaN or Inf" if found.not_finite else ""
        link = f"#layer-{numbers[layer]}" if layer in numbers else ""
        at = element("a", layer, href=link) if link else element("span", layer)
        rows.append(
            element(
                "tr",
                element("th", at, scope="row"),
                element("td", name),
                _cell(size_text(value.shape), value=value.size, class_=""),
                *(_cell(f"{one:.3g}", value=one) for one in four),
                _cell(f"{found.zeros}{bad}", value=found.zeros),
                element("td", histogram(found)),
                data_name=f"{layer} {name}",
            )
        )
    heading = element("summary", f"Weights: {counted(len(rows), 'array')}")
    yield element("details", heading, _table(_OF_WEIGHTS, rows, "weights"), open="")
