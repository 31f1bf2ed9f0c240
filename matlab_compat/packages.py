"""Our own package's version, and what other packages add, by entry points."""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UsageError, cause_text

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints


@cache
def own_version() -> str:
    """The version of this package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("matlab-compat")
    except PackageNotFoundError:  # a checkout on the path, not installed
        return "0+unknown"


def entry_points(*, group: str, name: str | None = None) -> EntryPoints:
    """The entry points of a group, or those of one name, as ``importlib.metadata`` gives them.

    That reads a file of every installed package each time; here they are read again only where a
    folder of Python's path has changed since, as it does where a package is installed.
    """
    found = _read(group, tuple((folder, _changed(folder)) for folder in sys.path))
    return found if name is None else found.select(name=name)


@lru_cache(maxsize=8)
def _read(group: str, _: tuple[tuple[str, int], ...]) -> EntryPoints:
    from importlib.metadata import entry_points  # which takes longer than all else here

    return entry_points(group=group)


def _changed(folder: str) -> int:
    """When something was put into a folder or taken away, in nanoseconds; 0 if there is none."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


def added(point: EntryPoint, what: str, base: type | None = None) -> Any:
    """The class below ``base`` that another package names; without ``base`` what can be called.

    Raises ``UsageError``: it cannot be imported, or is something else.
    """
    try:
        found = point.load()
        if callable(found) if base is None else isinstance(found, type) and issubclass(found, base):
            return found
        wanted = "function" if base is None else f"{base.__module__}.{base.__name__}"
        why = f"{point.value} is no {wanted}"
    except Exception as error:  # other people's code
        why = f"{type(error).__name__}: {cause_text(error)}"
    raise UsageError(
        f"A package adds the {what} '{point.name}', which cannot be used: {why}.",
        remedy="bring that package up to date, or uninstall it.",
    )
