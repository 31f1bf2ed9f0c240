"""The tolerances that a user may choose in place of the bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import UsageError


@dataclass(frozen=True)
class Tolerance:
    """An explicit rule: ``|actual - expected| <= atol + rtol*|expected|``."""

    atol: float = 0.0
    rtol: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 <= value < math.inf for value in (self.atol, self.rtol)):
            raise UsageError("atol and rtol must be finite and not negative.")
