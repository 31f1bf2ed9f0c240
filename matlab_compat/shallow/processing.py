"""What processing functions do with their settings: scale rows, leave rows out, project them.

One form for all releases, taken from settings that were saved in different ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias, TypeVar

import numpy as np

from ..arrays import Array
from ..display import counted
from .parts import Fields, Settings, Steps, as_numbers


@dataclass(frozen=True)
class Scaling:
    """``(x - xoffset) .* gain + ymin``, a value for each row."""

    xoffset: Array
    gain: Array
    ymin: Array


@dataclass(frozen=True)
class Selection:
    """Rows that stay and rows that go (from 0), and what those are in reverse."""

    keep: Array
    remove: Array
    constants: Array


@dataclass(frozen=True)
class Projection:
    """``transform * x``; its inverse where that was saved."""

    transform: Array
    inverse: Array | None


#: The steps of an input or an output.
S = TypeVar("S", bound=Steps)
Resolved: TypeAlias = Scaling | Selection | Projection


class UnsettledError(ValueError):
    """Settings that are missing, contradict each other, or whose meaning is not certain."""


def resolve(steps: Steps, rows: int, where: str) -> tuple[list[tuple[str, Resolved]], int]:
    """What each function does, by name, and how many rows are left of ``rows``.

    Functions that change nothing are left out.

    Raises ``UnsettledError`` or ``PropertyError``: what a function does cannot be told.
    """
    found: list[tuple[str, Resolved]] = []
    for name, settings in zip(steps.processFcns, steps.processSettings, strict=True):
        if name == "lvqoutputs":
            continue
        if not settings:
            raise UnsettledError(f"{where}.processFcns names {name} but has no settings")
        one = _RESOLVE[name](Fields(settings, f"{where}.processSettings of {name}"), rows)
        if one is not None:
            found.append((name, one))
            if isinstance(one, Selection | Projection):
                rows = one.keep.size if isinstance(one, Selection) else one.transform.shape[0]
    return found, rows


def _vector(fields: Fields, name: str, rows: int) -> Array:
    """One finite number for each row; one for all is repeated."""
    if name not in fields:
        raise UnsettledError(f"{fields.where} lacks {name}")
    values = as_numbers(fields.values[name], fields.at(name)).ravel(order="F")
    if values.size == 1:
        values = np.repeat(values, rows)
    if values.size != rows:
        raise UnsettledError(
            f"{fields.at(name)} has {counted(values.size, 'value')} for {counted(rows, 'row')}"
        )
    if values.dtype.kind == "c" or not np.isfinite(values).all():
        raise UnsettledError(f"{fields.at(name)} holds values that are not finite and real")
    return values


def _no_change(fields: Fields) -> bool:
    return bool(fields.number("no_change"))


#: The settings that each function saves: those of x, then those of y.
_SCALES = {
    "mapminmax": ("xmin", "xmax", "ymin", "ymax"),
    "mapstd": ("xmean", "xstd", "ymean", "ystd"),
}


def _scaling(name: str, fields: Fields, rows: int) -> Scaling:
    """As saved; the gain is Inf for a row that was constant, where the release saved no gain."""
    low, high, *of_y = _SCALES[name]
    lowest = _vector(fields, of_y[0], rows)
    if "gain" in fields:
        return Scaling(_vector(fields, "xoffset", rows), _vector(fields, "gain", rows), lowest)
    offset, size, top = (_vector(fields, one, rows) for one in (low, high, of_y[1]))
    if name == "mapminmax":  # ends of ranges, where mapstd has their sizes
        size, top = size - offset, top - lowest
    with np.errstate(divide="ignore", invalid="ignore"):
        return Scaling(offset, np.where(size == 0, np.inf, top / size), lowest)


def _scale(name: str, fields: Fields, rows: int) -> Scaling | None:
    """``None`` where MATLAB says that nothing changes, and nothing does."""
    scaling = _scaling(name, fields, rows)
    if np.isinf(scaling.gain).any():
        row = int(np.flatnonzero(np.isinf(scaling.gain))[0]) + 1
        raise UnsettledError(
            f"{fields.where}: row {row} was constant in training, and it is not certain what this "
            "release of MATLAB makes of such a row (net.constant_rows('unchanged') or "
            "net.constant_rows('mapped') states it)"
        )
    if (scaling.gain == 0).any():  # which cannot be reversed
        raise UnsettledError(f"{fields.at('gain')} holds zeros")
    if not _no_change(fields):
        return scaling
    if (scaling.gain != 1).any() or (scaling.xoffset != scaling.ymin).any():
        raise UnsettledError(f"{fields.at('no_change')} is true, but the settings do change values")
    return None


def with_constant_rows(steps: S, rows: int, *, mapped: bool) -> S:
    """The same with a gain saved for the rows that were constant.

    Raises ``UnsettledError`` or ``PropertyError``: what a function does cannot be told for other
    reasons.
    """
    made: list[Settings] = []
    for name, settings in zip(steps.processFcns, steps.processSettings, strict=True):
        if name in _SCALES and settings:
            one = _scaling(name, Fields(settings, f"processSettings of {name}"), rows)
            constant = np.isinf(one.gain)
            offset = np.where(constant & (not mapped), one.ymin, one.xoffset)
            gain = np.where(constant, 1.0, one.gain)
            settings = {**settings, "xoffset": offset.reshape(-1, 1), "gain": gain.reshape(-1, 1)}
        made.append(settings)
        _, rows = resolve(Steps((name,), (settings,)), rows, "")
    return replace(steps, processSettings=tuple(made))


def _rows_of(fields: Fields, names: tuple[str, ...], rows: int) -> Array | None:
    for name in names:
        if name in fields:
            found = np.array(fields.numbers(name), int) - 1
            if ((found < 0) | (found >= rows)).any() or np.unique(found).size != found.size:
                raise UnsettledError(f"{fields.at(name)} must be different rows from 1 to {rows}")
            return found
    return None


def _selection(fields: Fields, rows: int, constants: Array | None) -> Selection | None:
    remove = _rows_of(fields, ("remove", "remove_ind"), rows)
    keep = _rows_of(fields, ("keep", "keep_ind"), rows)
    if remove is None:
        remove = np.zeros(0, int) if keep is None else np.setdiff1d(np.arange(rows), keep)
    if keep is None:
        keep = np.setdiff1d(np.arange(rows), remove)
    if not remove.size:
        return None
    if keep.size + remove.size != rows or np.intersect1d(keep, remove).size or not keep.size:
        raise UnsettledError(
            f"{fields.where}: keep and remove do not make up {counted(rows, 'row')}"
        )
    if _no_change(fields):
        raise UnsettledError(f"{fields.at('no_change')} is true, but rows are to be removed")
    given = np.full(remove.size, np.nan) if constants is None else constants
    if given.size != remove.size:
        raise UnsettledError(
            f"{fields.where}: {counted(given.size, 'constant')} for {counted(remove.size, 'row')}"
        )
    return Selection(keep, remove, given)


def _removeconstantrows(fields: Fields, rows: int) -> Selection | None:
    name = "constants" if "constants" in fields else "value"
    values = as_numbers(fields.values[name], fields.at(name)) if name in fields else np.zeros(0)
    return _selection(fields, rows, values.ravel(order="F"))


def _processpca(fields: Fields, rows: int) -> Projection | None:
    def matrix(name: str) -> Array | None:
        if name not in fields:
            return None
        return as_numbers(fields.values[name], fields.at(name))

    transform, inverse = matrix("transform"), matrix("inverseTransform")
    if transform is None:
        raise UnsettledError(f"{fields.where} lacks transform")
    if transform.ndim != 2 or transform.shape[1] != rows or transform.dtype.kind == "c":
        raise UnsettledError(f"{fields.at('transform')} does not fit {counted(rows, 'row')}")
    if inverse is not None and inverse.shape != transform.shape[::-1]:
        raise UnsettledError(f"{fields.at('inverseTransform')} does not fit the transform")
    return None if _no_change(fields) else Projection(transform, inverse)


def _fixunknowns(fields: Fields, rows: int) -> None:
    if "unknown" in fields and len(fields.numbers("unknown")):
        raise UnsettledError(f"{fields.where}: rows with unknown values are not supported")


_RESOLVE: dict[str, Callable[[Fields, int], Resolved | None]] = {
    "fixunknowns": _fixunknowns,
    **{name: partial(_scale, name) for name in _SCALES},
    "processpca": _processpca,
    "removeconstantrows": _removeconstantrows,
    "removerows": partial(_selection, constants=None),
}
