"""The choice among torch and the engines that are installed: measured, for each size of inputs."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from math import inf
from threading import Lock
from typing import Any, TypeAlias

import torch
from torch import Tensor

from matlab_compat.arrays import Array, as_tuple
from matlab_compat.engine.fast.choice import (
    WAYS,
    WHOLE,
    Budget,
    measured,
    remember,
    remembered,
    rest,
    setting,
    wake,
)
from matlab_compat.engine.fast.trial import TURN, Candidate, Trial
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.network import Network

from . import TORCH, installed
from .loaded import Run
from .proof import MANY, Proving

log = logging.getLogger(__name__)

#: The outputs for inputs in torch's order, as arrays or tensors.
Way: TypeAlias = Callable[[Sequence[Tensor]], Any]
#: What a choice is of: the network, and the sizes of the inputs.
_Case: TypeAlias = tuple[str, list[int | str]]
#: A call of a way, given its name, as it will be called in use: for what is measured.
InUse: TypeAlias = Callable[[str, Way], Callable[[], Any]]

#: Seconds that may be spent on measuring the first size of inputs, half as many for each that
#: follows, and below which nothing is measured.
MEASURING, SHORT = 4.5, 0.2
#: Calls of each that there is time for at least, however long they take.
LEAST = 8
#: After the name of an engine: in one thread, where torch has several; and the seconds of a call
#: beyond which that is not tried.
IN_ONE, SMALL = " in one thread", 1e-3


class Fastest:
    """A network that does not change any more, and what computes it fastest.

    Parameters
    ----------
    seconds:
        How long an engine may take to be made ready, where that is known to be long.
    """

    def __init__(self, network: Network, seconds: float = 0) -> None:
        self.kinds = {n: kind for n, kind in installed().items() if kind.patience <= seconds}
        self.network, self.loaded = network, Proving(network)
        self._budget = Budget(2 * MEASURING)
        self._runs: dict[object, tuple[str, Way]] = {}
        self._lock = Lock()  # threads measure, and an engine is made, one after the other

    @classmethod
    def of_tensors(cls, network: Network) -> Fastest | None:
        """For the network as it is now; None where there is nothing to choose."""
        if setting() in WAYS or not installed():
            return None
        return cls(copy.deepcopy(network))

    def __deepcopy__(self, memo: object) -> Fastest:
        return self  # nothing in it changes but what it knows

    def of_module(
        self,
        inputs: Sequence[Tensor],
        own: Callable[..., Any],
        plain: Callable[..., Any],
    ) -> Trial:
        """For :class:`~.run.InferenceModule`: torch and the engines, or the fastest if known.

        ``own`` is torch's way, which takes the tensors one by one, as ``plain`` does for what the
        engine cannot compute.
        """

        def otherwise(arrays: Sequence[Array]) -> Sequence[Array]:
            return [y.numpy(force=True) for y in as_tuple(plain(*map(torch.from_numpy, arrays)))]

        inputs = [x.detach() for x in inputs]

        def candidate(name: str, way: Way) -> Candidate:
            if not isinstance(way, Run):
                return Candidate(TORCH, own)
            run = way.guarded(otherwise, inputs)
            engine = name.partition(IN_ONE)[0]
            return Candidate(engine, run.of_tensors(inputs), run.at_once(inputs))

        with self._lock:
            case = self._case(inputs, "tensors")
            ways = self._candidates(case, self.loaded.labels, inputs, lambda: own)
            if len(ways) > 1:
                self._budget.half()
            made = {name: candidate(name, way) for name, way in ways.items()}
            return Trial(made, partial(self._remember, case))

    def chosen(
        self,
        labels: Mapping[str, str],
        tensors: Sequence[Tensor],
        by_torch: Callable[[], Way],
        in_use: InUse,
    ) -> tuple[str, Way]:
        """The name of the fastest for arrays of this size and these labels, and its way.

        Parameters
        ----------
        by_torch:
            Makes torch's way where that is a candidate.
        in_use:
            What is measured. Around a call of a few microseconds are as many of ours.
        """
        case = self._case(tensors, "arrays")
        key = (torch.get_num_threads(), *labels.values(), *case[1])
        with self._lock:
            if key in self._runs:
                return self._runs[key]
            ways = self._candidates(case, labels, tensors, by_torch)
            name = next(iter(ways))
            if len(ways) > 1:
                calls = {name: in_use(name, way) for name, way in ways.items()}
                name = self._remember(case, self._measured(calls))
            found = name.partition(IN_ONE)[0], ways[name]
            if len(self._runs) >= MANY:
                self._runs.clear()
            self._runs[key] = found
            return found

    def _case(self, tensors: Sequence[Tensor], what: str) -> _Case:
        """``what`` is given in use, "arrays" or "tensors"; others are the calls around a few us."""
        layouts = ["" if x.is_contiguous() else "last" for x in tensors]
        size = [n for x, layout in zip(tensors, layouts, strict=True) for n in (*x.shape, layout)]
        kinds = self.kinds.values()
        versions = {fact: text for kind in kinds for fact, text in kind.facts().items()}
        return f"{WHOLE}{_digest(self.network)} {versions}", [*size, what]

    def _remember(self, case: _Case, seconds: Mapping[str, float]) -> str:
        """The fastest, now and before."""
        name = remember(*case, seconds)
        for each, taken in seconds.items():
            log.info("%s takes %.3g ms", each, 1e3 * taken)
        log.info("%s computes inputs of torch size %s", name, case[1])
        return name

    def _candidates(
        self,
        case: _Case,
        labels: Mapping[str, str],
        tensors: Sequence[Tensor],
        by_torch: Callable[[], Way],
    ) -> dict[str, Way]:
        """All ways by name, or only the fastest if that is known."""
        in_one = [name + IN_ONE for name, kind in self.kinds.items() if kind.one_thread]
        names = [TORCH, *self.kinds, *in_one]
        known = winner = remembered(*case, names)
        asked = [known, TORCH] if known else names
        if known is None and self._budget.seconds < SHORT:
            winner = remembered(*case, names, nearest=True)
            if winner is not None:  # in one thread only if this size takes as little
                asked = [winner.partition(IN_ONE)[0], winner, TORCH]
        ways: dict[str, Way] = {}
        for name in dict.fromkeys(asked):
            engine, one, _ = name.partition(IN_ONE)
            if one and known is None and not _is_small(ways.get(engine), tensors):
                continue
            if name == TORCH and winner and ways:
                break
            try:
                ways[name] = (
                    by_torch()
                    if name == TORCH
                    else self.loaded.proved(engine, labels, tensors, 1 if one else None)
                )
            except UnsupportedLayerError as error:
                log.info("%s is not asked: %s", name, error.what)
        if not ways:
            raise UnsupportedLayerError("what torch and the engines give is not the network's.")
        if winner is None:
            return ways
        name = winner if winner in ways else next(iter(ways))
        log.info("%s computes inputs of torch size %s", name, case[1])
        return {name: ways[name]}

    def _measured(self, ways: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
        """The seconds of each: of one thread what it computed, of several those on the wall."""
        alone = torch.get_num_threads() == 1
        clock = time.process_time if alone else time.perf_counter
        calls = {name: partial(_first, way) for name, way in ways.items()}
        start = clock()
        for call in calls.values():
            call()
        begin = clock()
        end = begin + max(self._budget.half().seconds, LEAST * (begin - start))
        return measured(calls, end, clock, turn=TURN, rest=None if alone else rest)


@torch.inference_mode()
def _first(way: Callable[[], Any]) -> Tensor:
    """The first output, for the measuring."""
    found = way()
    return torch.as_tensor(found[0] if isinstance(found, tuple | list) else found)


def _is_small(way: Way | None, tensors: Sequence[Tensor]) -> bool:
    """Whether torch has several threads, and a call takes so little that they may cost more."""
    if way is None or torch.get_num_threads() == 1:
        return False
    rest()  # threads of what came before look for work, and take the processors from its own
    wake(partial(way, tensors))
    least = inf
    for _ in range(3):
        start = time.perf_counter()
        way(tensors)
        least = min(least, time.perf_counter() - start)
    return least <= SMALL


def _digest(network: Network) -> str:
    """What the speed of a network depends on: its layers, sizes and connections."""
    texts = [*map(str, network.graph.connections), *(str(x) for _, x in network.all_layers())]
    return sha256("\n".join(texts).encode()).hexdigest()[:12]
