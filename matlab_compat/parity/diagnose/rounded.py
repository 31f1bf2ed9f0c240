"""A network whose products were made of rounded numbers: TF32, or automatic casts.

Nobody can compute it again to the last rounding: where two sums differ in their last digit, a
number is rounded to its other neighbour now and then, and the layers after it go on from there.
But weights and inputs are rounded alike on both sides. Rounding them here as well must take away
most of the difference, which it does of no other difference: noise would only grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Array
from ...network.graph import Step
from ..axes import same_rank
from ..compare import EPS
from .layer import COARSE, rounded_operands
from .measure import Candidate, Measure
from .mistakes import Variation
from .patience import Patience
from .values import has_digits_of

if TYPE_CHECKING:
    from .run import Run, Target


#: What may be left of the difference (root mean square), and in how many elements it must show:
#: of as many elements of noise, not one set in 100 000 would come so near by chance.
_LEFT = 0.5
_FEWEST = 16


def rounded_networks(
    run: Run, target: Target, suspects: Sequence[Step], patience: Patience
) -> Iterator[Candidate]:
    """The network with the operands of all suspected layers in half precision, or bfloat16."""
    if target.expected.size < _FEWEST:
        return
    largest = float(np.abs(target.expected).max())
    every = {step.name: list(rounded_operands(step.layer)) for step in suspects}
    having = {name: variations for name, variations in every.items() if variations}
    which = f"layer '{next(iter(having))}'" if len(having) == 1 else f"{len(having)} layers"
    for precision, *variations in zip(COARSE, *having.values(), strict=False):
        if has_digits_of(precision, target.expected):
            continue  # all of it was computed or saved so: see :mod:`.values`
        layers = dict(zip(having, variations, strict=True))
        result = _fitting(run, target, layers, patience) if layers else None
        if result is None:
            continue
        yield Candidate(
            variations[0].name,
            f"most of the difference goes with the weights and inputs of {which} rounded to "
            f"{COARSE[precision]}",
            variations[0].remedy,
            *same_rank(result, target.expected),
            rank=variations[0].rank,
            measure=Measure(EPS[precision], largest, target.measure.bound),
            spread=1.0,
        )


def _fitting(
    run: Run, target: Target, layers: Mapping[str, Variation], patience: Patience
) -> Array | None:
    """The result with these layers, if it explains the first observation, and then all."""
    for observations, expected in run.samples(target):
        if patience.is_over():
            return None
        values = (run.with_changes(layers, target.port, observations), run.values[target.port])
        result, actual = (run.as_matlab(value[:observations], target) for value in values)
        if not _explains(result, actual, expected):
            return None
    return result


def _explains(result: Array, actual: Array, expected: Array) -> bool:
    result, truth = same_rank(result, expected)
    actual, _ = same_rank(actual, truth)
    if result.shape != truth.shape or actual.shape != truth.shape:
        return False
    left, before = (np.linalg.norm((side - truth).ravel()) for side in (result, actual))
    return bool(left <= _LEFT * before)  # not where there is NaN
