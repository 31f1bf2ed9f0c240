"""What other packages add, by entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from .errors import UsageError, cause_text


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
