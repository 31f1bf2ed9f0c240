"""``start:step:stop``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import CodeError
from .indexing import index
from .limits import Budget
from .numeric import ONE, SYMBOLS, Numeric, cast, elements
from .operators import common_kind, known_scalar, numbers
from .values import Value


def make_range(parts: Sequence[Value], what: str, budget: Budget) -> Numeric:
    """``start:step:stop``, of the first elements; sizes that torch traces become fixed."""
    given = [numbers(one, "a range") for one in parts]
    if any(elements(one.shape) == 0 for one in given):
        return Numeric(np.zeros((1, 0)))
    first = [known_scalar(index(one, [ONE], budget), what) for one in given]
    start, step, stop = (
        float(int(one)) if isinstance(one, SYMBOLS) else float(one.real) for one in first
    )
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
    return Numeric(cast(data, common_kind(given, "a range")))
