"""The formats that models are written in and read from, by the ending of the file's name.

Each module here is one format (its helpers are beside it in a package of its own, or in modules
without a format), and is enough for it to be known. Other packages add formats by an entry point in
the group ``matlab_compat.formats``: its name is the ending, its object the class (see
:class:`.base.Format`).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from os import PathLike
from pathlib import Path
from pkgutil import iter_modules

from matlab_compat.errors import UsageError
from matlab_compat.packages import added, entry_points

from .base import ANY, Asked, Format, Opening, Options, Prepared, ReadableFormat

GROUP = "matlab_compat.formats"


def format_for(path: str | PathLike[str]) -> Format:
    """The format that the ending of ``path`` names.

    Raises ``UsageError``: there is none of that ending; those there are are listed.
    """
    suffix = Path(path).suffix.lower()
    kind = _of(suffix)
    if kind is None:
        near = get_close_matches(suffix, suffixes(), 1)
        raise UsageError(
            f"There is no target '{suffix}'{f'; did you mean {near[0]}?' if near else '.'}",
            where=(str(path),),
            remedy=f"use one of {', '.join(filter(None, suffixes()))}; or none, for a folder.",
        )
    return kind()


def reader_for(path: str | PathLike[str]) -> ReadableFormat:
    """What reads the file: the format of its ending, if it can be read, else that of MAT-files.

    MAT-files have any ending; of other files their reader says what they are.
    """
    kind = _of(Path(path).suffix.lower() or ".mat")
    if kind is None or not issubclass(kind, ReadableFormat):
        kind = _own()[".mat"]
    assert issubclass(kind, ReadableFormat)
    return kind()


def suffixes() -> tuple[str, ...]:
    """The endings of all formats, sorted; '' stands for a folder and is the last."""
    others = (point.name for point in entry_points(group=GROUP))
    return tuple(sorted({*_own(), *others}, key=lambda suffix: (suffix == "", suffix)))


def _of(suffix: str) -> type[Format] | None:
    points = entry_points(group=GROUP, name=suffix) if suffix not in _own() else ()
    return _own().get(suffix) or next((added(point, "format", Format) for point in points), None)


@cache
def _own() -> dict[str, type[Format]]:
    """The formats in this package, and those made in this process."""
    for module in iter_modules(__path__):  # none of them imports torch before it is needed
        import_module(f".{module.name}", __name__)
    return Format.registered


__all__ = [
    "ANY",
    "Asked",
    "Format",
    "Opening",
    "Options",
    "Prepared",
    "ReadableFormat",
    "format_for",
    "reader_for",
    "suffixes",
]
