"""Another input, which a linear layer or network shows: what was done to it is seen in itself.

Where as many numbers come out as go in, the input that gives what is expected can be solved for.
What was done to it is then looked for as in an output, and run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...data_format import matlab_axes
from ..axes import same_rank
from ..compare import EPS
from .linear import is_affine
from .measure import Candidate, Measure, Side
from .output import changes
from .run import ancestors

if TYPE_CHECKING:
    from torch import Tensor

    from .run import Run, Target

#: The most numbers of an observation that is solved for, and of any value for each of them.
_MOST, _MOST_ELEMENTS = 3_000, 10_000_000
#: How well it is known, in roundings of what solving loses: running it shows it all.
_BOUND = 16.0
#: What the sides are called here.
_CALLED = {
    Side.EXPECTED: "the other input",
    Side.EXPECTED_ONE: "the other one",
    Side.ACTUAL: "the given input",
    Side.ACTUAL_ONE: "the given one",
}


def other_inputs(run: Run, target: Target) -> Iterator[Candidate]:
    """The input changed in a way that gives what is expected."""
    import torch

    wanted = run.wanted(target)
    if len(run.plan.inputs) != 1 or wanted is None or not torch.isfinite(wanted).all():
        return
    ((name, labels),) = run.plan.inputs.items()
    given = run.values[name, -1]
    widest = max(value[0].numel() for value in run.values.values())
    each = given[0].numel()
    if not 1 < given.numel() <= wanted.numel() or each > _MOST or each * widest > _MOST_ELEMENTS:
        return
    needed = ancestors(run.plan, target.port[0])
    steps = [step for step in run.plan.steps if step.name in needed]
    with torch.inference_mode():
        modules = run.in_double(steps)
        x = given.clone().double()

        def output(change: Tensor) -> Tensor:
            return run.computed(steps, modules, {(name, -1): x + change})[target.port]

        if not is_affine(output, x) or len(wanted) != len(x):
            return
        # Observations do not depend on each other: each number changed alone, as one batch.
        every = torch.eye(x[0].numel()).to(x).reshape(-1, *x.shape[1:])
        column = run.computed(steps, modules, {(name, -1): torch.cat([0 * x[:1], every])})
        none, *columns = column[target.port].flatten(1)
        slopes = (torch.stack(columns) - none).T.cpu().numpy()
        rest = (wanted.to(x) - output(0 * x)).flatten(1).T.cpu().numpy()
        change, _, rank, sizes = np.linalg.lstsq(slopes, rest, rcond=None)
        if rank < len(columns):
            return
        other = x.cpu().numpy() + change.T.reshape(x.shape)
        order = matlab_axes(labels)
        before, after = (y.transpose(order) for y in (x.cpu().numpy(), other))
        lost = EPS["single"] * float(wanted.abs().max()) / sizes[-1]
        measure = Measure(EPS["single"], lost / EPS["single"] + np.abs(after).max(), _BOUND)
        for one in changes(before, after, measure, labels):
            own = one.measure or measure
            if one.actual.shape != after.shape or own.distance(one.actual, after) > own.bound:
                continue
            changed = torch.from_numpy(one.actual.transpose(np.argsort(order)).copy())
            result = run.as_matlab(output(changed.to(x) - x), target)
            said, todo = one.text, one.remedy
            for side, called in _CALLED.items():
                said, todo = said.replace(side, called), todo.replace(side, called)
            yield Candidate(
                f"input: {one.name}",
                f"{Side.EXPECTED} is that for another input: {said}",
                f"give both sides the same data: {todo}",
                *same_rank(result, target.expected),
                rank=one.rank,
                diff=f"another input: {said}",
            )
