"""A network kept in the memory of an engine, for one prediction after the other."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, fx

from matlab_compat.arrays import Array, as_tuple
from matlab_compat.engine.arrays import array, as_data, tensor
from matlab_compat.engine.fast.choice import WHOLE, Budget, measured, remember, remembered
from matlab_compat.errors import (
    NothingToCompareError,
    UnsupportedLayerError,
    place,
    warn,
)
from matlab_compat.execution.described import LayerLike, Plan, RunOptions
from matlab_compat.execution.module import run_network
from matlab_compat.execution.network import (
    NetworkInput,
    answer,
    input_formats,
    network_inputs,
    run_plan,
)
from matlab_compat.layers.base import same_value
from matlab_compat.network import Network
from matlab_compat.network.picture_inputs import pictures_as_arrays
from matlab_compat.network.pictures import Fit
from matlab_compat.parity.rule import ModelRule
from matlab_compat.parity.runner import Inputs, OracleRunner, Precision
from matlab_compat.parity.verify import verify

from ..inputs import labelled
from . import FASTEST, TORCH, check_engine, engine_named, installed
from .base import Compute
from .loaded import Loaded, Run
from .runner import ComputedRunner

log = logging.getLogger(__name__)

#: Outputs for tensors of one size.
Sized: TypeAlias = Callable[[Sequence[Tensor]], tuple[Array, ...]]

#: Sizes of inputs for which a session keeps what computes them.
MANY = 64
#: Seconds that may be spent on measuring, all sizes of a network together.
MEASURING = 3.0
#: Calls of each that are measured at least, however long they take.
LEAST = 4
#: The least seconds of a turn, of which the first call may find threads asleep.
TURN = 0.02
#: Seconds for which the threads of an engine may go on spinning.
SPINNING = 0.1


class Session:
    """A network as it is now, in the memory of the engine that runs it.

    Made by :func:`converters.session`. It is called as :meth:`Network.predict
    <matlab_compat.network.Network.predict>` is, and gives the same; results are the caller's own.
    What is changed in the network later is not in it.
    """

    def __init__(
        self,
        network: Network,
        engine: str = FASTEST,
        seconds: float = 0,
        data_format: str | Sequence[str] | None = None,
    ) -> None:
        check_engine(engine)
        self.network = copy.deepcopy(network)
        own = (value for _, value in _values(self.network))
        #: What the results depend on: arrays as they were, all else as it is in ``network``.
        self._values = [
            (name, kept if isinstance(kept, np.ndarray) else value)
            for (name, value), kept in zip(_values(network), own, strict=True)
        ]
        self._asked, self._seconds = engine, seconds
        self._loaded = Loaded(self.network)
        self._how = RunOptions(data_format, engine=self.compute)
        self._budget = Budget(MEASURING)
        self._runs: dict[object, tuple[str, Sized]] = {}
        #: The size, the threads and what computes it, where :meth:`run` may go straight on.
        self._direct: tuple[tuple[int, ...], int, Compute] | None = None
        self._ready: tuple[Plan[LayerLike], list[NetworkInput]] | None = None
        #: The name of what computed last: "torch", "onnxruntime", "openvino" ...
        self.engine = ""

    def __repr__(self) -> str:
        return f"<Session of {self.network!r} by {self.engine or self._asked}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or what comes out of a pickle, makes ready again what it is first asked for."""
        return Session, (self.network, self._asked, self._seconds, self._how.data_format)

    def __call__(self, *X: object) -> Any:
        """What the network's ``predict`` gives for these inputs.

        Raises
        ------
        DataFormatError
            An input does not fit the network.
        """
        if self._ready is not None and _are_like(X, self._ready[1]):
            plan, before = self._ready
            inputs = [replace(one, data=[as_data(x)]) for one, x in zip(before, X, strict=True)]
        else:
            arrays = pictures_as_arrays(self.network, X, Fit())
            inputs = network_inputs(self.network, arrays, self._how.data_format)
            plan = self.network.plan(input_formats(self.network, inputs))
            self._ready = plan, inputs
        return answer(run_plan(self.network, plan, inputs, self._how))

    def run(self, *arrays: Array | Tensor) -> Any:
        """The outputs in torch's layouts, for arrays or tensors in the layouts of ``to_torch()``.

        One array of numpy's in single, or a tuple. The shortest way is for one array in single that
        is contiguous and of the size of the one before.
        """
        if len(arrays) == 1 and self._direct is not None:
            (x,), (shape, threads, compute) = arrays, self._direct
            if (
                isinstance(x, np.ndarray)
                and x.shape == shape
                and x.dtype == np.float32
                and x.flags.carray
                and torch.get_num_threads() == threads
            ):
                outputs = compute((x,))
                return outputs[0] if len(outputs) == 1 else tuple(outputs)
        tensors = tuple(tensor(as_data(x), None, None) for x in arrays)
        with torch.inference_mode():
            found = self.compute(self._loaded.labels, tensors)
        return found[0] if len(found) == 1 else found

    def is_of(self, network: Network) -> bool:
        """Whether the network is still what it was."""
        now = list(_values(network))
        return len(now) == len(self._values) and all(
            name == before and (value is kept or same_value(value, kept))
            for (name, value), (before, kept) in zip(now, self._values, strict=True)
        )

    def compute(self, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> tuple[Array, ...]:
        """The outputs in torch's order, for :class:`RunOptions`."""
        sizes = [(x.shape, x.dtype, x.device) for x in tensors]
        key = (torch.get_num_threads(), *labels.values(), *sizes)
        known = self._runs.get(key)
        if known is None:
            if len(self._runs) >= MANY:
                self._runs.clear()
            known = self._runs[key] = self._made(labels, tensors)
        self.engine, run = known
        self._direct = None
        found = run(tensors)
        if len(tensors) == 1 and isinstance(run, Run):
            self._direct = tuple(tensors[0].shape), torch.get_num_threads(), run.compute
        return found

    # --- who computes -------------------------------------------------------------------

    def _made(self, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> tuple[str, Sized]:
        """The name of what computes inputs like these, and what does."""
        if self._asked == FASTEST:
            return self._fastest(labels, tensors)
        if self._asked != TORCH:
            try:
                return self._asked, self._checked(self._asked, labels, tensors)
            except UnsupportedLayerError as error:
                refused = error.what
        module = self._module(labels, tensors)
        if self._asked != TORCH:
            warn(f"torch computes instead of {self._asked}: {refused}", where=place())
        return TORCH, partial(_by_torch, module)

    def _fastest(self, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> tuple[str, Sized]:
        kinds = {n: kind for n, kind in installed().items() if kind.patience <= self._seconds}
        names = [TORCH, *sorted(kinds, key=lambda name: kinds[name].spins)]
        versions = {fact: text for kind in kinds.values() for fact, text in kind.facts().items()}
        layer = f"{WHOLE}{_digest(self.network)} {versions}"
        size = [n for x in tensors for n in x.shape]
        known = remembered(layer, size, names, nearest=self._budget.seconds <= 0)
        if known is not None:
            names = list(dict.fromkeys((known, TORCH)))
        runs: dict[str, Run] = {}
        for name in names:
            try:
                runs[name] = self._checked(name, labels, tensors)
            except UnsupportedLayerError as error:
                log.info("%s is not asked: %s", name, error.what)
            if name == known and name in runs:
                break
        if not runs:
            return TORCH, partial(_by_torch, self._module(labels, tensors))
        if known is None and len(runs) > 1:
            spinning = any(kinds[name].spins for name in runs if name != TORCH)
            known = remember(layer, size, self._measured(runs, tensors, spinning))
        name = known if known in runs else next(iter(runs))
        log.info("%s computes inputs of torch size %s", name, size)
        return name, runs[name]

    def _measured(
        self, runs: Mapping[str, Run], tensors: tuple[Tensor, ...], spinning: bool
    ) -> dict[str, float]:
        """The seconds of each: of one thread what it computed, of several those on the wall."""
        alone = torch.get_num_threads() == 1
        clock = time.process_time if alone else time.perf_counter
        rest = partial(time.sleep, SPINNING) if spinning and not alone else None
        calls = {name: partial(_first, run, tensors) for name, run in runs.items()}
        start = clock()
        for call in calls.values():
            call()
        begin = clock()
        end = begin + max(self._budget.part(), LEAST * (begin - start))
        seconds = measured(calls, end, clock, turn=TURN, rest=rest)
        self._budget.seconds -= clock() - start
        for name, taken in seconds.items():
            log.info("%s takes %.3g ms", name, 1e3 * taken)
        return seconds

    def _module(
        self, labels: Mapping[str, str], tensors: tuple[Tensor, ...], *, optimize: bool = False
    ) -> fx.GraphModule:
        at = tensors[0].device, tensors[0].dtype
        return self.network.to_torch(*at, formats=labels, optimize=optimize)

    def _checked(self, name: str, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> Run:
        """What an engine, or torch at its fastest, makes of the inputs, proved.

        Raises ``UnsupportedLayerError``: it cannot, or gives something else than the oracle.
        """
        if name == TORCH:
            module = self._module(labels, tensors, optimize=True)
            label, run = "torch", Run(partial(_optimized, module))
        else:
            label, run = engine_named(name).label, self._loaded.run(name, labels, tensors)
        random = torch.Generator().manual_seed(0)
        made_up = [torch.randn(x.shape, generator=random).to(x) for x in tensors]
        why = ""
        for given in (tensors, made_up):
            inputs = Inputs(labelled([x.cpu() for x in given], labels.values()))
            try:
                difference = self._difference(label, run, inputs, tensors[0].dtype)
            except NothingToCompareError as error:
                why = error.what
                continue
            if difference:
                raise UnsupportedLayerError(difference)
            return run
        raise UnsupportedLayerError(f"what {label} gives cannot be checked: {why}")

    def _difference(self, label: str, run: Run, inputs: Inputs, dtype: torch.dtype) -> str:
        """How far it is from the float64 oracle, where that is more than rounding."""
        oracle = OracleRunner(self.network)
        candidate = ComputedRunner(self.network, label, lambda _, tensors: run(tensors))
        rule = ModelRule.of(self.network, Precision(dtype=dtype))
        report = verify(candidate, oracle, inputs, rule, explain=False)
        if report.verdict == "equal":
            return ""
        worst = max(report.outputs, key=lambda one: one.scaled_error)
        return (
            f"{label} gives something else than the float64 oracle, by {worst.scaled_error:.3g} "
            f"roundings in {worst.name}."
        )


#: The sessions that ``net.predict`` made, by engine.
_kept: WeakKeyDictionary[Network, dict[str, Session]] = WeakKeyDictionary()


def kept(network: Network, engine: str) -> Session:
    """The session of a network for an engine; a new one where something has changed.

    Raises ``UsageError``: there is no such engine, or it is not installed.
    """
    sessions = _kept.setdefault(network, {})
    found = sessions.get(engine)
    if found is None or not found.is_of(network):
        found = sessions[engine] = Session(network, engine)
    return found


def _values(network: Network) -> Iterator[tuple[str, Any]]:
    """All that the results of a network depend on, by name."""
    yield "kind", network.kind
    yield "connections", tuple(map(tuple, network.graph.connections))
    yield "outputs", tuple(network.OutputNames)
    yield "shared", network.shared
    for name, layer in network.all_layers():
        yield name, type(layer)
        yield from ((f"{name}.{key}", value) for key, value in layer.values.items())


def _digest(network: Network) -> str:
    """What the speed of a network depends on: its layers, sizes and connections."""
    texts = [*map(str, network.graph.connections), *(str(x) for _, x in network.all_layers())]
    return sha256("\n".join(texts).encode()).hexdigest()[:12]


def _are_like(X: Sequence[object], inputs: Sequence[NetworkInput]) -> bool:
    """Whether inputs are arrays of the sizes of those before, and read in the same way."""
    return len(X) == len(inputs) and all(
        isinstance(x, np.ndarray)
        and x.dtype.kind in "fiub"
        and not (one.is_list or one.labelled)
        and x.shape == one.data[0].shape
        for x, one in zip(X, inputs, strict=True)
    )


def _by_torch(module: fx.GraphModule, tensors: Sequence[Tensor]) -> tuple[Array, ...]:
    return tuple(array(y) for y in run_network(module, tuple(tensors)))


@torch.inference_mode()
def _optimized(module: fx.GraphModule, arrays: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(array(y) for y in as_tuple(module(*map(torch.from_numpy, arrays))))


def _first(run: Run, tensors: Sequence[Tensor]) -> Tensor:
    """The first output, for the measuring."""
    return torch.from_numpy(run(tensors)[0])
