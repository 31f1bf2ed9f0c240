"""The drawings of the HTML page, as SVG that works in light and dark and without colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...arrays import Array
from ...pages.markup import Markup, data_uri, element, png, svg
from ..compare import Arrays, Comparison
from . import shown
from .text import figure

#: Colours from dark to light, evenly; grey prints keep the order (after matplotlib's viridis).
_COLOURS = np.array(
    [
        (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141),
        (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37),
    ]
)  # fmt: skip
#: Behind the images, so that it shows where there is no number.
_STRIPES = Markup(
    '<defs><pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect width="6" height="6" fill="#fff"/>'
    '<path d="M-1 1l2-2M0 6l6-6M5 7l2-2" stroke="#c00" stroke-width="1.5"/></pattern></defs>'
)
#: A heat map shows so many decades below the worst difference.
_HEAT_DECADES = 4
_WIDTH, _HEIGHT = 460, 240
#: How wide a letter is, with room beside it.
_LETTER = 7.5
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 14, 40


def images(comparison: Comparison) -> list[Markup]:
    """Computed, expected and the heat map of the differences, for the worst slice."""
    found = shown.worst_slice(comparison)
    if found is None:
        return []
    low, high = found.limits
    values = f"{figure(low)} (dark) to {figure(high)} (light)"
    worst, heat = _heat(found.violation)
    range_ = f"{figure(worst / 10**_HEAT_DECADES)} (dark) to {figure(worst)} (light) × allowed"
    pictures = (
        ("Computed here", _linear(found.actual, low, high), values),
        ("Expected", _linear(found.expected, low, high), values),
        ("Difference", heat, range_ if worst else "no difference"),
    )
    return [_image(title, part, legend, found) for title, part, legend in pictures]


def heat_maps(titles: Sequence[str], found: Sequence[shown.Slice]) -> list[Markup]:
    """Absolute differences, by the logarithmic scale of the first of them."""
    first = found[0].violation
    worst = float(first[np.isfinite(first)].max(initial=0.0))
    low, high = figure(worst / 10**_HEAT_DECADES), figure(worst)
    legend = f"{low} (dark) to {high} (light)"
    return [
        _image(title, _heat(one.violation, worst)[1], legend, one)
        for title, one in zip(titles, found, strict=True)
    ]


def _linear(values: Array, low: float, high: float) -> Array:
    """Values as parts of the way from ``low`` to ``high``; NaN where they are no numbers."""
    part = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    return np.where(np.isfinite(part), part, np.nan)


def _heat(violation: Array, worst: float | None = None) -> tuple[float, Array]:
    """The largest finite violation (or another), and all on a logarithmic scale below it."""
    finite = violation[np.isfinite(violation)]
    worst = float(finite.max(initial=0.0)) if worst is None else worst
    if not worst:
        return 0.0, np.where(np.isfinite(violation), 0.0, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = 1 + np.log10(violation / worst) / _HEAT_DECADES
    return worst, np.where(np.isfinite(violation), np.maximum(part, 0), np.nan)


def _image(title: str, part: Array, legend: str, found: shown.Slice) -> Markup:
    rows, columns = part.shape
    scale = 240 / max(rows, columns)
    width, height = max(columns * scale, 24), max(rows * scale, 24)
    row, column = found.worst
    mark: dict[str, Any] = {
        "x": f"{column / columns * width:g}",
        "y": f"{row / rows * height:g}",
        "width": f"{width / columns:g}",
        "height": f"{height / rows:g}",
    }
    drawing = svg(
        width,
        height,
        f"{title}: {found.name}, {legend}",
        _STRIPES,
        element("rect", width=width, height=height, class_="nothing"),
        element(
            "image",
            href=data_uri(png(_coloured(part))),
            width=f"{width:g}",
            height=f"{height:g}",
            preserveAspectRatio="none",
        ),
        element("rect", class_="halo", **mark),
        element("rect", class_="mark", **mark),
        style=f"width:{width:g}px",
        class_="image",
    )
    caption = element("figcaption", element("b", title), " ", legend)
    return element("figure", drawing, caption)


def _coloured(part: Array) -> npt.NDArray[np.uint8]:
    usable = np.isfinite(part)
    at = np.clip(np.where(usable, part, 0), 0, 1) * (len(_COLOURS) - 1)
    known = np.arange(len(_COLOURS))
    channels = [np.interp(at, known, _COLOURS[:, i]) for i in range(3)]
    return np.stack([*channels, np.where(usable, 255, 0)], axis=-1).astype(np.uint8)


def histogram(arrays: Arrays) -> Markup:
    """How many elements differ by how much, in decades; with numbers where they have room."""
    bars = shown.decades(arrays)
    most = math.log10(1 + max(bar.count for bar in bars))
    step = (_WIDTH - 24) / len(bars)
    floor = _HEIGHT - _BOTTOM
    parts = [element("line", x1=12, x2=_WIDTH - 12, y1=floor, y2=floor, class_="axis")]
    labels = [str(bar.count) if bar.count else "" for bar in bars]
    decades = ["0" if bar.exponent is None else f"1e{bar.exponent}" for bar in bars]
    numbered = max(map(len, labels)) * _LETTER < step
    every = math.ceil(max(map(len, decades)) * _LETTER / step)
    for i, bar in enumerate(bars):
        height = (floor - 30) * math.log10(1 + bar.count) / most if most else 0
        x = 12 + i * step
        parts += [
            element(
                "rect", x=f"{x + step * 0.12:.1f}", y=f"{floor - height:.1f}",
                width=f"{step * 0.76:.1f}", height=f"{height:.1f}", class_="bar",
            ),
            _text(x + step / 2, floor - height - 5, labels[i] if numbered else ""),
            _text(x + step / 2, floor + 15, "" if (len(bars) - 1 - i) % every else decades[i]),
        ]  # fmt: skip
    parts.append(_text(_WIDTH / 2, _HEIGHT - 6, "absolute difference, from ... up to ten times"))
    return svg(_WIDTH, _HEIGHT, "Number of elements by decade of their difference", *parts)


class _Axis:
    """A logarithmic axis from one decade to another, along so many units of the drawing."""

    def __init__(self, values: Sequence[float] | Array, start: float, end: float) -> None:
        logs = np.log10(np.asarray(values, np.float64))
        self.low = math.floor(logs.min())
        self.high = max(math.ceil(logs.max()), self.low + 1)
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return float(self.start + part * (self.end - self.start))

    def ticks(self) -> list[int]:
        step = -(-(self.high - self.low) // 6)
        return list(range(self.low, self.high + 1, step))


def scatter(arrays: Arrays) -> Markup | None:
    """Difference against magnitude; elements outside the bound are crosses."""
    found = shown.scatter(arrays)
    if not found.magnitude.size:
        return None
    x = _Axis(found.magnitude, _LEFT, _WIDTH - _RIGHT)
    y = _Axis(found.difference, _HEIGHT - _BOTTOM, _TOP)
    points = [
        _point(x.at(m), y.at(d), bool(out))
        for m, d, out in zip(found.magnitude, found.difference, found.outside, strict=True)
    ]
    label = f"Difference against magnitude, {len(points)} of {found.of} elements"
    names = [
        _text(_WIDTH / 2, _HEIGHT - 6, "magnitude of the expected value"),
        _text(0, 0, "difference", transform=f"translate(12 {_HEIGHT / 2}) rotate(-90)"),
    ]
    return svg(_WIDTH, _HEIGHT, label, *_grid(x, True), *_grid(y, False), *points, *names)


def layers(activations: Sequence[Comparison]) -> Markup:
    """The scaled error along the network; a layer outside its bound is a cross."""
    width = max(_WIDTH * 2, 14 * len(activations))
    errors = [a.scaled_error / a.bound for a in activations]
    above = [e for e in errors if 0 < e < math.inf]
    y = _Axis([*above, 1.0], _HEIGHT - _BOTTOM, _TOP)
    step = (width - _LEFT - _RIGHT) / len(activations)
    places = [
        (_LEFT + (i + 0.5) * step, y.at(min(max(error, 10.0**y.low), 10.0**y.high)))
        for i, error in enumerate(errors)
    ]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
    every = -(-len(places) // 40)
    parts = [
        element("polyline", points=path, class_="path"),
        *(
            _point(px, py, layer.verdict == "different", layer.name)
            for (px, py), layer in zip(places, activations, strict=True)
        ),
        *(_text(places[i][0], _HEIGHT - 24, str(i + 1)) for i in range(0, len(places), every)),
        _text(_LEFT - 4, _HEIGHT - 6, "layer, in the order of computation", anchor="start"),
        element("line", x1=_LEFT, x2=width, y1=y.at(1), y2=y.at(1), class_="bound"),
        _text(width - 4, y.at(1) - 4, "allowed", anchor="end"),
    ]
    label = "Error of each layer, in units of what is allowed"
    return svg(
        width, _HEIGHT, label, *_grid(y, False, width), *parts, style=f"min-width:{width / 2}px"
    )


def _point(x: float, y: float, outside: bool, name: str = "") -> Markup:
    title = [element("title", name)] if name else []
    if outside:
        cross = f"M{x - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6"
        return element("path", *title, d=cross, class_="outside")
    return element("circle", *title, cx=f"{x:.1f}", cy=f"{y:.1f}", r=2.5, class_="inside")


def _grid(axis: _Axis, across: bool, width: float = _WIDTH) -> list[Markup]:
    """A line and a number for each tick of a horizontal (``across``) or vertical axis."""
    found = []
    for tick in axis.ticks():
        at, label = f"{axis.at(10.0**tick):.1f}", f"1e{tick}"
        floor = _HEIGHT - _BOTTOM
        if across:
            ends = {"x1": at, "x2": at, "y1": _TOP, "y2": floor}
            number = _text(float(at), floor + 15, label)
        else:
            ends = {"x1": _LEFT, "x2": width - _RIGHT, "y1": at, "y2": at}
            number = _text(_LEFT - 6, float(at) + 4, label, anchor="end")
        found += [element("line", **ends, class_="grid"), number]
    return found


def _text(x: float, y: float, text: str, *, anchor: str = "middle", **attributes: object) -> Markup:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, **attributes)
