"""Ways to compute a whole network that take turns at the calls of whoever uses it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ...arrays import is_finite
from .choice import AWAKE, MORE, ROUNDS, WAKING, rest, rivals

#: What computes inputs, or gives ``NotImplemented`` where it is not for them.
AtOnce: TypeAlias = Callable[[Sequence[Any]], Any]
#: Is told the seconds of a call of each way, and says which is taken.
Decide: TypeAlias = Callable[[Mapping[str, float]], str]

#: The least seconds of the counted calls of a turn.
TURN = 0.02


@dataclass(frozen=True)
class Candidate:
    """What computes a network, by this name; ``run`` takes the tensors one by one."""

    name: str
    run: Callable[..., Any]
    at_once: AtOnce | None = None

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """As it is called in use."""
        found = NotImplemented if self.at_once is None else self.at_once(inputs)
        return self.run(*inputs) if found is NotImplemented else found


def are_finite(inputs: Sequence[Tensor]) -> bool:
    """Whether all elements are, found without waking torch's threads."""
    return all(is_finite(x.numpy(force=True)) for x in inputs)


class Trial:
    """Candidates, and the fastest of them once that is known.

    Each has a turn of some calls, of which those count that come when its threads are awake. So it
    costs no more than the slower ones take longer.
    """

    def __init__(self, candidates: Mapping[str, Candidate], decide: Decide) -> None:
        self.candidates = candidates
        self.winner: Candidate | None = None
        self._decide = decide
        self._turns: dict[str, list[float]] = {name: [] for name in candidates}
        self._rounds = 0
        alone = torch.get_num_threads() == 1
        self._clock = time.process_time if alone else time.perf_counter
        self._waking = 0.0 if alone else WAKING
        self._waiting = [*candidates]
        #: Of the turn: whether it begins, the seconds in which threads awake, and those that count,
        #: of so many calls.
        self._is_new, self._woken, self._counted, self._calls = True, 0.0, 0.0, 0
        if len(candidates) == 1:
            self.winner = next(iter(candidates.values()))

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """What the network gives for these inputs."""
        if self.winner is not None:
            return self.winner(inputs)
        if self._is_new and self._waking:
            rest()
        name = self._waiting[0]
        start = self._clock()
        found = self.candidates[name](inputs)
        seconds = self._clock() - start
        if seconds < AWAKE and (self._is_new or self._woken < self._waking):
            self._woken += seconds
        else:
            self._counted += seconds
            self._calls += 1
        self._is_new = False
        if self._calls and self._counted >= TURN:
            self._turns[name].append(self._counted / self._calls)
            self._waiting.pop(0)
            self._next()
        return found

    def _next(self) -> None:
        """The next turn, or round of turns; or nothing more, where it is decided."""
        self._is_new, self._woken, self._counted, self._calls = True, 0.0, 0.0, 0
        if self._waiting:
            return
        self._rounds += 1
        seconds = {name: median_low(each) for name, each in self._turns.items()}
        if self._rounds < ROUNDS + MORE:
            self._waiting = rivals(seconds, self._turns, self._rounds)
        if not self._waiting:
            # The best of now, should what asks about earlier trials fail.
            self.winner = self.candidates[min(seconds, key=seconds.__getitem__)]
            self.winner = self.candidates[self._decide(seconds)]
