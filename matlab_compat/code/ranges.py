"""``start:step:stop``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import CodeError
from .limits import Budget
from .numeric import SYMBOLS, Numeric, cast


def make_range(start: Any, step: Any, stop: Any, kinds: Sequence[str], budget: Budget) -> Numeric:
    """``start:step:stop``; sizes that torch traces become fixed."""
    start, step, stop = (
        float(int(one)) if isinstance(one, SYMBOLS) else one for one in (start, step, stop)
    )
    start, step, stop = float(start.real), float(step.real), float(stop.real)
    if np.isnan([start, step, stop]).any():
        raise CodeError("A range has no NaN.")
    if step == 0 or (step > 0 and start > stop) or (step < 0 and start < stop):
        return Numeric(np.zeros((1, 0)))
    if not np.isfinite([start, step, stop]).all():
        raise CodeError("A range must be finite.")
    count = (stop - start) / step
    count = int(np.floor(count * (1 + 4e-16) + 1e-10)) + 1 if count < 2**53 else 2**53
    budget.made((1, count))
    data = (start + step * np.arange(count)).reshape(1, count)
    kind = "single" if "single" in kinds else "double"
    integers = [one for one in kinds if "int" in one]
    return Numeric(np.asarray(cast(data, integers[0] if integers else kind)))
