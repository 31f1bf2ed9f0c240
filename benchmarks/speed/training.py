"""A training step of the transposed convolution, forward and backward, beside the hand port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn

from .layer import CASES, HAND, WORST, Case, HandPort, least, prepare
from .timing import THREADS, Allowance, Question, Row, Table, compared, row, settled


def tables() -> Iterator[Table]:
    """One row for each case of the layer's table."""
    torch.set_num_threads(THREADS)
    rows: list[Row] = []
    for one in Allowance.within(CASES):
        rows += settled(partial(_measured, one), lambda row: row.more["of best"] < WORST)
    yield Table(
        "Transposed convolution, forward and backward",
        rows,
        list(compared(rows, "to_torch()", [HAND], mean=1.0, worst=WORST)),
    )


def _measured(one: Case) -> list[Row]:
    case, layer, x = prepare(one)
    module = layer.to_torch()
    weight, bias = module.weight.detach(), module.bias.detach()  # type: ignore[operator]
    hand = HandPort(case, weight, bias)
    _check(module, hand, x)
    variants = {HAND: _step(hand, x), "to_torch()": _step(module, x)}
    question = Question("to_torch()", [HAND], WORST)
    return [row(str(case), variants, [question], least(case, layer, x, passes=3))]


def _step(module: nn.Module, x: Tensor) -> Callable[[], None]:
    def step() -> None:
        module.zero_grad()
        module(x).square().mean().backward()

    return step


def _check(module: nn.Module, hand: HandPort, x: Tensor) -> None:
    """Equal gradients."""
    for one in (module, hand):
        _step(one, x)()
    for ours, theirs in zip(module.parameters(), hand.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-4, rtol=1e-4)
