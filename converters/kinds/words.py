"""How messages count and list."""

from __future__ import annotations

#: How many things a message lists.
LISTED = 4


def listed(texts: list[str], most: int = LISTED) -> str:
    """The first texts, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
