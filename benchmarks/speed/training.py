"""A training step of the transposed convolution, forward and backward, beside the hand port.

The process keeps its memory, as for the layer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle

import torch
from torch import Tensor, nn

from matlab_compat import keep_memory

from .layer import CASES, HAND, WORST, Case, HandPort, least, prepare
from .timing import FIRST, THREADS, Allowance, Question, Row, Table, compared, row, settled

#: Modules of each kind, which take turns: where weights and gradients come to lie in memory makes
#: up to a tenth, and stays as it is as long as a module lives.
MODULES = 8


def tables() -> Iterator[Table]:
    """One row for each case of the layer's table."""
    torch.set_num_threads(THREADS)
    keep_memory()
    measures = (partial(_measured, one) for one in Allowance.within(CASES, FIRST))
    rows = [made for found in settled(measures, _margin) for made in found]
    yield Table(
        "Transposed convolution, forward and backward",
        rows,
        list(compared(rows, "to_torch()", [HAND], mean=1.0, worst=WORST)),
    )


def _margin(row: Row) -> float:
    return float(row.more["of best"]) / WORST


def _measured(one: Case) -> Iterator[Row]:
    case, layer, x = prepare(one)
    hands: list[nn.Module] = []
    ours: list[nn.Module] = []
    for _ in range(MODULES):
        ours.append(layer.to_torch())
        weight, bias = (value.detach() for value in ours[-1].parameters())
        hands.append(HandPort(case, weight, bias))
    _check(ours[0], hands[0], x)
    variants = {HAND: _step(hands, x), "to_torch()": _step(ours, x)}
    question = Question("to_torch()", [HAND], WORST)
    yield row(str(case), variants, [question], least(case, layer, x, passes=3))


def _step(modules: Sequence[nn.Module], x: Tensor) -> Callable[[], None]:
    turns = cycle(modules)

    def step() -> None:
        module = next(turns)
        module.zero_grad()
        module(x).square().mean().backward()

    return step


def _check(module: nn.Module, hand: nn.Module, x: Tensor) -> None:
    """Equal gradients."""
    for one in (module, hand):
        _step([one], x)()
    for ours, theirs in zip(module.parameters(), hand.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-4, rtol=1e-4)
