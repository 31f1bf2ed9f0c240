"""One function while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from .definitions import FunctionDefinition
from .values import Value


@dataclass
class Frame:
    """Its variables, and what it was called with."""

    function: FunctionDefinition | None
    variables: dict[str, Value]
    inputs: int = 0
    outputs: int = 1
    #: Values that are being indexed, for ``end``: value, place, number of places.
    ends: list[tuple[Value, int, int]] = field(default_factory=list)
    #: The function around a nested one, whose variables it shares.
    around: Frame | None = None

    @property
    def path(self) -> str:
        """The file."""
        return self.function.file.path if self.function else ""
