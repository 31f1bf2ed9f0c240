"""The learning rates that an optimizer has, step after step."""

from __future__ import annotations

from typing import Any


def rates(optimizer: Any, schedule: Any, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found
