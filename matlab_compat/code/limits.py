"""What one call may use: steps, elements of an array, elements altogether."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ..display import size_text
from ..errors import CodeLimitError
from ..language.source import CodeLimits, to_raise


class Budget:
    """Counts against :class:`CodeLimits`."""

    def __init__(self, limits: CodeLimits) -> None:
        self.limits = limits
        self.steps = 0
        self.elements = 0

    def step(self) -> None:
        """One statement or operation."""
        self.steps += 1
        if self.steps > self.limits.steps:
            raise self._over("steps", "The code takes", "steps")

    def made(self, size: Sequence[Any], work: Any = 1) -> None:
        """An array of that size is about to be made; ``work`` is what each element costs.

        Raises ``CodeLimitError``: it is too large, or all together are.
        """
        if not all(isinstance(n, int) for n in (*size, work)):
            return  # sizes that torch traces
        count = prod(size)
        if count > self.limits.elements:
            raise self._over("elements", f"An array of {size_text(size)} has", "elements")
        self.elements += count * max(int(work), 1)
        if self.elements > self.limits.work:
            raise self._over("work", "The code makes", "elements altogether")

    def repeats(self, count: int) -> None:
        """A loop that has turned so often.

        Raises ``CodeLimitError``: too often.
        """
        if count > self.limits.iterations:
            raise self._over("iterations", "A loop takes", "turns")

    def _over(self, limit: str, who: str, what: str) -> CodeLimitError:
        most = getattr(self.limits, limit)
        return CodeLimitError(f"{who} more than {most} {what}.", remedy=to_raise(limit))
