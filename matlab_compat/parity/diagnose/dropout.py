"""Dropout that was active, shown by its own output or by that of linear layers after it.

Which elements were dropped is random, so that nobody can compute it again. It can be solved for
where at least as many numbers leave the linear layers as went in, and then be checked: with these
elements dropped, the network gives what was expected to the last rounding. Where fewer numbers come
out (a classifier's last layer), countless sets of elements would fit, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...layers.normalization import AnyDropoutLayer
from ...network.graph import Step
from ..axes import same_rank
from .linear import is_affine, least_squares
from .measure import Candidate, Side
from .patience import Patience

if TYPE_CHECKING:
    from torch import Tensor

    from .run import Run, Target


_REMEDY = "call model.eval() before comparing; in MATLAB use predict, not forward."
_FIRST: dict[str, Any] = {"rank": 0, "repair": "model.eval()"}
#: Elements that are solved for.
_MOST_ELEMENTS = 100_000


def dropouts(
    run: Run, target: Target, suspects: Sequence[Step], patience: Patience
) -> Iterator[Candidate]:
    """One candidate for every dropout among the layers that may be the cause."""
    for step in suspects:
        if isinstance(step.layer, AnyDropoutLayer):
            yield from _shown(run, target, step)
            yield from _solved(run, target, step, patience)


def _shown(run: Run, target: Target, step: Step) -> Iterator[Candidate]:
    """Elements are zero or have grown by the dropout's factor."""
    actual, expected = same_rank(run.actual(target), target.expected)
    keep = 1 - step.layer.values["Probability"]
    if actual.shape == expected.shape and keep:
        yield Candidate(
            "dropout active",
            f"{Side.EXPECTED} has elements dropped by '{step.name}': those that are "
            f"not zero are divided by {keep:g}",
            _REMEDY,
            np.where(expected == 0, 0, actual / keep),
            np.asarray(expected),
            **_FIRST,
        )


def _solved(run: Run, target: Target, step: Step, patience: Patience) -> Iterator[Candidate]:
    """The elements that were dropped, from what linear layers made of the others."""
    import torch

    before = run.values[step.sources[0]]
    wanted = run.wanted(target)
    after = [later for later in run.steps_between({step.name}, target.port) if later != step]
    keep = 1 - step.layer.values["Probability"]
    if wanted is None or not after or not keep:
        return
    alive = before != 0
    if int(alive.sum()) > min(wanted.numel(), _MOST_ELEMENTS):
        return
    with torch.inference_mode(False):
        modules = run.in_double(after)
        values = {port: value.double() for port, value in run.values.items()}
        scaled = before.double() / keep

        def of_output(output: Tensor) -> Tensor:
            known = run.computed(after, modules, {**values, (step.name, 0): output * alive})
            return known[target.port]

        if not is_affine(of_output, scaled):
            return
        solution = least_squares(of_output, wanted, scaled, patience)
        if patience.is_over():
            return
        kept = solution / scaled > 0.5
        result = of_output(scaled * kept).detach()
    actual, expected = same_rank(run.as_matlab(result, target), target.expected)
    dropped = int((alive & ~kept).sum())
    said = (
        f"{Side.EXPECTED} is what the network gives if '{step.name}' drops {dropped} "
        f"of its {int(alive.sum())} elements and divides the others by {keep:g}"
    )
    yield Candidate("dropout active", said, _REMEDY, actual, expected, **_FIRST)
