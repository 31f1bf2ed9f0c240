"""The check of data formats that layers share."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import DataFormatError


def require_format(given: str, allowed: Collection[str], remedy: str = "") -> None:
    """Refuse a format that a layer does not take.

    Raises ``DataFormatError``: naming the formats that it takes, or with the ``remedy`` of the
    layer.
    """
    if given not in allowed:
        names = " or ".join(f"'{name}'" for name in allowed)
        raise DataFormatError(
            f"The layer takes data labelled {names}, not '{given}'.",
            remedy=remedy or f"label or reshape the data as {names}.",
        )
