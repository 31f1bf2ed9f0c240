"""What one call may use: steps, elements of an array, elements altogether."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

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
            raise CodeLimitError(
                f"The code takes more than {self.limits.steps} steps.",
                remedy=to_raise("steps"),
            )

    def made(self, size: Sequence[Any], work: Any = 1) -> None:
        """An array of that size is about to be made; ``work`` is what each element costs.

        Raises ``CodeLimitError``: it is too large, or all together are.
        """
        if not all(isinstance(n, int) for n in (*size, work)):
            return  # sizes that torch traces
        count = prod(size)
        if count > self.limits.elements:
            raise CodeLimitError(
                f"An array of {'×'.join(map(str, size))} has more than "
                f"{self.limits.elements} elements.",
                remedy=to_raise("elements"),
            )
        self.elements += count * max(int(work), 1)
        if self.elements > self.limits.work:
            raise CodeLimitError(
                f"The code makes more than {self.limits.work} elements altogether.",
                remedy=to_raise("work"),
            )

    def repeats(self, count: int) -> None:
        """A loop that has turned so often.

        Raises ``CodeLimitError``: too often.
        """
        if count > self.limits.iterations:
            raise CodeLimitError(
                f"A loop takes more than {self.limits.iterations} turns.",
                remedy=to_raise("iterations"),
            )
