"""A report as a figure for papers: images of the worst slice, decades, error against magnitude."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.display import one_line
from matlab_compat.errors import NothingToCompareError, UsageError
from matlab_compat.wording import argument

from ..compare import Arrays, Comparison
from . import shown

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from ..report import Report

_MOST_ROWS = 4
ENDINGS = (".png", ".pdf", ".svg")


def check_plot(path: Path) -> None:
    """Refuse early what could not be drawn: no matplotlib, or an ending that it does not know."""
    if path.suffix.lower() not in ENDINGS:
        what = f"A figure cannot be written as '{path.suffix}'."
        raise UsageError(what, where=(str(path),), remedy=f"use one of {', '.join(ENDINGS)}.")
    if find_spec("matplotlib") is None:
        what = "matplotlib, which draws the figure, is not installed."
        raise UsageError(what, remedy="pip install 'matlab-compat[plot]'")


def save_plot(report: Report, path: Path) -> None:
    """Draw the first layer that differs and the outputs, a row each; a file as ``path`` ends.

    Raises ``NothingToCompareError``: there are no arrays to draw: the sizes differ, or the report
    was not made inside :func:`~matlab_compat.parity.keeping_arrays`.
    """
    check_plot(path)
    from matplotlib.figure import Figure

    telling = shown.most_telling(report, _MOST_ROWS)
    drawn = [one for one in telling if shown.worst_slice(one) is not None]
    if not drawn:
        raise NothingToCompareError(
            "There is nothing to draw: the sizes differ, or the arrays were not kept.",
            remedy=f"{argument('report')} shows the figures as a page.",
        )
    figure = Figure(figsize=(15, 3.6 * len(drawn)), layout="constrained", dpi=150)
    parts = figure.subfigures(len(drawn), 1, squeeze=False)[:, 0]
    for part, one in zip(parts, drawn, strict=True):
        _row(part, one)
    figure.savefig(path)


def _row(part: SubFigure, one: Comparison) -> None:
    found, arrays = shown.worst_slice(one), one.arrays
    assert found is not None
    assert arrays is not None
    title = one_line(f"{found.name}: {one.verdict}, scaled error {one.scaled_error:.3g}")
    letters = title.encode("ascii", "backslashreplace").decode("ascii")  # those that fonts have
    part.suptitle(letters, parse_math=False)
    axes = part.subplots(1, 5)
    _image(part, axes[0], found.actual, "computed here", found.limits)
    _image(part, axes[1], found.expected, "expected", found.limits)
    _image(part, axes[2], found.violation, "difference / allowed", None)
    axes[2].plot(*found.worst[::-1], "rs", fillstyle="none")
    _histogram(axes[3], arrays)
    _scatter(axes[4], arrays)


def _image(
    part: SubFigure, axes: Any, values: Any, title: str, limits: Sequence[float] | None
) -> None:
    usable = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    low, high = limits or (0, None)
    drawn = axes.imshow(usable, vmin=low, vmax=high, interpolation="nearest", aspect="auto")
    part.colorbar(drawn, ax=axes)
    axes.set_title(title)


def _histogram(axes: Any, arrays: Arrays) -> None:
    bars = shown.decades(arrays)
    labels = ["0" if bar.exponent is None else f"1e{bar.exponent}" for bar in bars]
    axes.bar(range(len(bars)), [bar.count for bar in bars])
    axes.set_xticks(range(len(bars)), labels, rotation=45)
    axes.set_yscale("symlog")
    axes.set(title="elements by difference", xlabel="absolute difference")


def _scatter(axes: Any, arrays: Arrays) -> None:
    found = shown.scatter(arrays)
    axes.set(title="difference by magnitude", xlabel="|expected|", ylabel="|difference|")
    if not found.magnitude.size:
        return
    axes.set(xscale="log", yscale="log")
    for chosen, marker in ((~found.outside, "o"), (found.outside, "x")):
        axes.scatter(found.magnitude[chosen], found.difference[chosen], s=8, marker=marker)
