"""The time that a search for mistakes may take."""

from __future__ import annotations

import time

from ..diagnosis_types import SECONDS


class Patience:
    """Ends a search in time, also where one more try as long as the longest would be too long.

    What was found until then is reported.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.end = time.monotonic() + seconds
        self.last: float | None = None
        self.longest = 0.0

    def is_over(self) -> bool:
        """Asked before every try."""
        now = time.monotonic()
        self.longest = max(self.longest, now - (self.last or now))
        self.last = now
        return now + self.longest > self.end
