"""Boxes and wires as SVG, in light and dark; or as PNG or PDF, by matplotlib."""

from __future__ import annotations

import math
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..display import one_line
from ..errors import FileAccessError, UsageError
from .layout import Layout, Point, layout
from .markup import PALETTE, Markup, element, svg, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".svg", ".png", ".pdf")

#: The colour at the left of a box, by what it is; what is not here is grey.
COLOURS = {
    "attention": "#b5487f",
    "activations": "#c77d1e",
    "convolution": "#3b74b8",
    "embedding": "#2f8f8a",
    "fully_connected": "#5b5fc7",
    "nested": "#a38a12",
    "normalization": "#8e5bb5",
    "pooling": "#3c8f4d",
    "recurrent": "#b5487f",
    "resampling": "#2f8f8a",
    "structure": "#8a6d4b",
    "transposed_convolution": "#1f8ca8",
    "problem": "#c0362c",
}
_GREY = "#75808a"

#: What else is coloured; and in light, as in files that matplotlib draws.
_OTHERS = {name: PALETTE[name] for name in PALETTE if name != "bar"}
_OTHERS["line"] = ("#9aa5b0", "#5b6671")
_LIGHT = {name: light for name, (light, _) in _OTHERS.items()}

STYLE = (
    themed(".diagram", _OTHERS)
    + """
.diagram { font: 11px ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
.diagram .back { fill: var(--back); }
.diagram text { fill: var(--text); font: inherit; }
.diagram .name { font: 600 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.diagram .more, .diagram .stub { fill: var(--quiet); font-size: 10px; }
.diagram .box { fill: var(--box); stroke: var(--line); }
.diagram .wire { fill: none; stroke: var(--line); stroke-width: 1.4; }
.diagram .tip { fill: var(--line); }
.diagram .equal .box { stroke: var(--good); } .diagram .equal .sign { fill: var(--good); }
.diagram .different .box, .diagram .warning .box { stroke: var(--bad); stroke-width: 2.5; }
.diagram .different .sign, .diagram .warning .sign { fill: var(--bad); }
.diagram .different .box { stroke-dasharray: 6 3; }
.diagram .sign { font-weight: 700; }
.diagram a:focus-visible .box, .diagram .found .box { stroke: #2f7de1; stroke-width: 4; }
.diagram a { cursor: pointer; outline: none; }
.pane { overflow: auto; max-height: 85vh; border: 1px solid var(--line); border-radius: 6px; }
.pane .diagram { max-width: none; margin: 0 auto; }
@media print { .pane { max-height: none; overflow: visible; } .pane .diagram { max-width: 100%; } }
"""
    + "".join(f".diagram .{name} .side {{ fill: {colour}; }}\n" for name, colour in COLOURS.items())
    + f".diagram .side {{ fill: {_GREY}; }}\n"
)

#: The sign at the right of the first line, by verdict.
MARKS = {"equal": "✓", "different": "✗", "warning": "!"}

_HEIGHT, _NARROWEST, _WIDEST = 36.0, 120.0, 300.0
#: How wide a letter of each line is.
_NAME, _MORE = 7.5, 6.05
_MARGIN = 8.0
#: The most pixels of a picture, along a side and in all.
_LONGEST_SIDE, _MOST_PIXELS = 32_000, 60e6
#: Letters drawn smaller than this part of their size cannot be read.
_LEAST_SCALE = 0.5


@dataclass(frozen=True)
class Box:
    """One box: a name, and below it what it is and what size it gives."""

    name: str
    kind: str = ""
    size: str = ""
    #: One of ``COLOURS``, or another word.
    family: str = ""
    #: What is said of it to those who point at it.
    about: str = ""
    #: One of ``MARKS``, or none.
    mark: str = ""
    #: Where it leads, ``#layer-7``, and the name by which others lead to it, ``box-7``.
    link: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Diagram:
    """Boxes and the wires between them; a notebook shows it.

    Examples
    --------
    >>> found = Diagram((Box("in", "Image Input", "28×28×1"), Box("fc")), ((0, 1),), "A network")
    >>> found
    <Diagram: A network, 2 boxes>
    >>> found.svg()[:4]
    '<svg'
    """

    boxes: tuple[Box, ...]
    #: Pairs of numbers of boxes, from 0.
    wires: tuple[tuple[int, int], ...]
    #: What it shows, for those who do not see it.
    label: str

    @cached_property
    def _width(self) -> float:
        """The width of every box: what the longest text needs, within limits."""
        needed = max((_needed(box) for box in self.boxes), default=0.0)
        return min(max(needed, _NARROWEST), _WIDEST)

    @cached_property
    def _layout(self) -> Layout:
        return layout(len(self.boxes), self.wires, self._width, _HEIGHT)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, with the margin."""
        sides = (self._layout.width, self._layout.height)
        width, height = (math.ceil(side + 2 * _MARGIN) for side in sides)
        return width, height

    # --- as SVG

    def svg(self, *, alone: bool = True) -> Markup:
        """The drawing.

        Parameters
        ----------
        alone:
            With its style and background; otherwise it is for a page that has ``STYLE``.
        """
        width, height = self.size
        style = [element("style", Markup(STYLE))] if alone else []
        back = [element("rect", width="100%", height="100%", class_="back")] if alone else []
        inner = element(
            "g",
            *self._wires(),
            *(self._box(i, box) for i, box in enumerate(self.boxes)),
            transform=f"translate({_MARGIN:g} {_MARGIN:g})",
        )
        return svg(
            width,
            height,
            self.label,
            *style,
            *back,
            inner,
            xmlns="http://www.w3.org/2000/svg",
            width=width,
            height=height,
            class_="diagram",
            # To a screen reader there is nothing within an image; links are to be found.
            role="group" if any(box.link for box in self.boxes) else "img",
        )

    def pane(self) -> Markup:
        """The drawing in a part of a page of its own that scrolls; the page has ``STYLE``."""
        return element(
            "div",
            self.svg(alone=False),
            class_="pane",
            tabindex=0,
            role="region",
            aria_label=self.label,
        )

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<Diagram: {self.label}, {len(self.boxes)} boxes>"

    def _wires(self) -> Iterator[Markup]:
        tips = []
        for corners in self._layout.wires:
            if corners:
                yield element("path", d=_curve(corners), class_="wire")
                points = "L".join(f"{_n(x)} {_n(y)}" for x, y in _triangle(corners))
                tips.append(f"M{points}z")
        yield element("path", d="".join(tips), class_="tip")
        for x, y, anchor, text in self._stubs():
            yield element("text", text, x=_n(x), y=_n(y), text_anchor=anchor, class_="stub")

    def _stubs(self) -> Iterator[tuple[float, float, str, str]]:
        """What wires that are not drawn are written as, at the box that they enter."""
        given: dict[int, list[str]] = {}
        for (start, end), corners in zip(self.wires, self._layout.wires, strict=True):
            if not corners:
                given.setdefault(end, []).append(
                    "itself" if start == end else self.boxes[start].name
                )
        for end, names in given.items():
            x, y = self._layout.centres[end]
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            text = f"from {_shortened(names[0], 24)}{more}"
            yield x + self._width / 2, y - _HEIGHT / 2 - 3, "end", text

    def _box(self, number: int, box: Box) -> Markup:
        x, y = self._layout.centres[number]
        name, kind, size = self._texts(box)
        width = self._width
        parts = [
            element("title", box.about or box.name),
            element("rect", width=_n(width), height=_n(_HEIGHT), rx=4, class_="box"),
            element("rect", x=1, y=1, width=5, height=_n(_HEIGHT - 2), rx=2, class_="side"),
            element("text", name, x=12, y=15, class_="name"),
            element("text", kind, x=12, y=29, class_="more"),
        ]
        if size:
            end = _n(width - 7)
            parts.append(element("text", size, x=end, y=29, text_anchor="end", class_="more"))
        if box.mark:
            sign, end = MARKS[box.mark], _n(width - 7)
            parts.append(element("text", sign, x=end, y=15, text_anchor="end", class_="sign"))
        at = f"translate({_n(x - width / 2)} {_n(y - _HEIGHT / 2)})"
        family = box.family if box.family in COLOURS else ""
        drawn = element("g", *parts, transform=at, class_=f"{family} {box.mark}".strip())
        if not box.link:
            return drawn
        about = {"id": box.anchor, "data_name": f"{box.name} {box.kind}"}
        return element("a", drawn, href=box.link, tabindex=-1, **about)

    def _texts(self, box: Box) -> tuple[str, str, str]:
        room = self._width - 20
        size = _shortened(box.size, int(room / _MORE))
        left = room - _MORE * (_letters(size) + bool(size))
        name = _shortened(box.name, int((room - 14 * bool(box.mark)) / _NAME))
        return name, _shortened(box.kind, int(left / _MORE)), size

    # --- as a file

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing: ``.svg``; or ``.png`` or ``.pdf``, which needs matplotlib.

        An existing file is replaced.

        Raises
        ------
        UsageError
            The name has another ending, or matplotlib is not installed; or the drawing is so large
            that nothing in a ``.png`` of it could be read.
        FileAccessError
            It cannot be written.
        """
        place = Path(fspath(path))
        check_ending(place)
        try:
            if place.suffix.lower() == ".svg":
                place.write_text(self.svg(), encoding="utf-8", newline="\n")
            else:
                self._draw(place)
        except OSError as error:
            raise FileAccessError(
                f"It cannot be written: {error.strerror or error}.",
                where=(str(place),),
                remedy="check that the folder exists, may be written and has room.",
            ) from error

    def _draw(self, place: Path) -> None:
        from matplotlib.figure import Figure

        width, height = self.size
        scale = min(2.0, _LONGEST_SIDE / max(width, height), (_MOST_PIXELS / width / height) ** 0.5)
        if scale < _LEAST_SCALE and place.suffix.lower() == ".png":
            raise UsageError(
                f"The picture is {width:,} by {height:,} pixels: in a .png file its letters could "
                "not be read.",
                where=(str(place),),
                remedy="name it .svg or .pdf, whose letters can be enlarged.",
            )
        figure = Figure(figsize=(width / 72, height / 72), dpi=72 * scale)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(-_MARGIN, width - _MARGIN)
        axes.set_ylim(height - _MARGIN, -_MARGIN)
        self._draw_wires(axes)
        for box, centre in zip(self.boxes, self._layout.centres, strict=True):
            self._draw_box(axes, box, centre)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # letters that no font here has
            figure.savefig(place)

    def _draw_wires(self, axes: Axes) -> None:
        from matplotlib.collections import PathCollection, PolyCollection
        from matplotlib.path import Path as Curve

        drawn, line = [corners for corners in self._layout.wires if corners], _LIGHT["line"]
        curves = []
        for corners in drawn:
            points, codes = [corners[0]], [Curve.MOVETO]
            for (x0, y0), (x1, y1) in pairwise(corners):
                points += [(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (x1, y1)]
                codes += [Curve.CURVE4] * 3
            curves.append(Curve(points, codes))
        axes.add_collection(PathCollection(curves, facecolors="none", edgecolors=line))
        axes.add_collection(PolyCollection([_triangle(c) for c in drawn], facecolors=line))
        for x, y, anchor, text in self._stubs():
            _write(axes, x, y, text, anchor == "end", size=7.5, color=_LIGHT["quiet"])

    def _draw_box(self, axes: Axes, box: Box, centre: Point) -> None:
        from matplotlib.patches import Rectangle

        x, y = centre[0] - self._width / 2, centre[1] - _HEIGHT / 2
        marked = _LIGHT["good" if box.mark == "equal" else "bad"]
        name, kind, size = self._texts(box)
        line: dict[str, Any] = {
            "edgecolor": marked if box.mark else _LIGHT["line"],
            "linewidth": 2 if box.mark else 1,
        }
        axes.add_artist(Rectangle((x, y), self._width, _HEIGHT, facecolor=_LIGHT["box"], **line))
        side = COLOURS.get(box.family, _GREY)
        axes.add_artist(Rectangle((x + 1, y + 1), 5, _HEIGHT - 2, facecolor=side))
        _write(axes, x + 12, y + 15, name, size=9.5, weight="bold")
        end, quiet = x + self._width - 7, _LIGHT["quiet"]
        for at, text, right in ((x + 12, kind, False), (end, size, True)):
            _write(axes, at, y + 29, text, right, size=8, family="monospace", color=quiet)
        if box.mark:
            _write(axes, end, y + 15, MARKS[box.mark], True, size=9.5, color=marked)


def check_ending(path: Path) -> None:
    """Refuse early what could not be drawn: an ending that is not known, or no matplotlib."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        what = f"A diagram cannot be written as '{path.suffix}'."
        raise UsageError(what, where=(str(path),), remedy=f"use one of {', '.join(ENDINGS)}.")
    if ending != ".svg" and find_spec("matplotlib") is None:
        raise UsageError(
            f"matplotlib, which draws {ending} files, is not installed.",
            remedy="pip install 'matlab-compat[plot]', or name it .svg, which needs nothing.",
        )


def _write(axes: Axes, x: float, y: float, text: str, right: bool = False, **how: Any) -> None:
    axes.text(x, y, one_line(text), ha="right" if right else "left", parse_math=False, **how)


def _needed(box: Box) -> float:
    """The width of a box in which everything can be read."""
    second = _letters(box.kind) + _letters(box.size) + bool(box.size)
    return 22 + max(_NAME * _letters(box.name) + 14 * bool(box.mark), _MORE * second)


def _letters(text: str) -> int:
    """How many letters wide a text is; those of Chinese and Japanese are two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _shortened(text: str, most: int) -> str:
    """The text, or its beginning and end, in so many letters."""
    if _letters(text) <= most:
        return text
    half = max((most - 1) // 2, 1)
    start = _upto(text, half)
    return f"{start}…{_upto(text[::-1], half)[::-1]}"


def _upto(text: str, most: int) -> str:
    width = 0
    for i, letter in enumerate(text):
        width += _letters(letter)
        if width > most:
            return text[:i]
    return text


def _curve(corners: tuple[Point, ...]) -> str:
    """A path through the corners that leaves and enters each row upright."""
    x, y = corners[0]
    parts = [f"M{_n(x)} {_n(y)}"]
    for to_x, to_y in corners[1:]:
        middle = _n((y + to_y) / 2)
        if abs(x - to_x) < 0.05:
            parts.append(f"V{_n(to_y)}")
        else:
            parts.append(f"C{_n(x)} {middle} {_n(to_x)} {middle} {_n(to_x)} {_n(to_y)}")
        x, y = to_x, to_y
    return "".join(parts)


def _triangle(corners: tuple[Point, ...]) -> list[Point]:
    """The tip of an arrow at the last corner."""
    x, y = corners[-1]
    back = -6 if y > corners[-2][1] else 6
    return [(x, y), (x - 3.5, y + back), (x + 3.5, y + back)]


def _n(number: float) -> str:
    """A coordinate with one decimal, where it has any."""
    return f"{number:.1f}".removesuffix(".0")
