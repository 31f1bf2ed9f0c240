"""A network kept in the memory of an engine, for one prediction after the other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, fx, get_num_threads

from matlab_compat.arrays import Array, as_tuple
from matlab_compat.engine.arrays import array, as_data, tensor
from matlab_compat.engine.fast.optimize import optimized
from matlab_compat.engine.fast.phases import is_finite
from matlab_compat.engine.fast.run import InferenceModule
from matlab_compat.errors import UnsupportedLayerError, place, warn
from matlab_compat.execution.described import LayerLike, Plan, RunOptions
from matlab_compat.execution.module import run_network
from matlab_compat.execution.network import (
    NetworkInput,
    answer,
    check_number,
    input_formats,
    network_inputs,
    run_plan,
)
from matlab_compat.layers.value import same_value
from matlab_compat.network import Network
from matlab_compat.network.picture_inputs import pictures_as_arrays
from matlab_compat.network.pictures import Fit

from . import FASTEST, TORCH, check_engine
from .base import Compute
from .fastest import Fastest, Way
from .loaded import Run, contiguous
from .proof import MANY, prove

#: numpy's only one of its own byte order.
SINGLE = np.dtype(np.float32)


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
        self._fastest = Fastest(self.network, seconds)
        self.loaded = self._fastest.loaded
        self._how = RunOptions(data_format, engine=self.compute)
        self._runs: dict[object, tuple[str, Way]] = {}
        #: The sizes, the threads and what computes them, where :meth:`run` may go straight on.
        self._direct: tuple[list[tuple[int, ...]], int, Compute] | None = None
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
        if (ready := self._ready) is not None and _are_like(X, ready[1]):
            plan, before = ready
            inputs = [replace(one, data=[as_data(x)]) for one, x in zip(before, X, strict=True)]
        else:
            arrays = pictures_as_arrays(self.network, X, Fit())
            inputs = network_inputs(self.network, arrays, self._how.data_format)
            plan = self.network.plan(input_formats(self.network, inputs))
            self._ready = plan, inputs
        return answer(run_plan(self.network, plan, inputs, self._how))

    def run(self, *arrays: Array | Tensor) -> Any:
        """The outputs in torch's layouts, for arrays or tensors in the layouts of ``to_torch()``.

        One array of numpy's in single, or a tuple. The shortest way is for arrays in single that
        are contiguous and of the sizes of those before.
        """
        if (direct := self._direct) is not None:
            shapes, threads, compute = direct
            sizes = [x.shape if _is_plain(x) else None for x in arrays]
            if sizes == shapes and get_num_threads() == threads:
                outputs = compute(cast(tuple[Array, ...], arrays))
                return outputs[0] if len(outputs) == 1 else tuple(outputs)
        check_number(arrays, self.loaded.labels)
        tensors = tuple(tensor(as_data(x), None, None) for x in arrays)
        with torch.inference_mode():
            found = self.compute(self.loaded.labels, tensors)
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
        if known is None and self._asked == FASTEST and not all(map(is_finite, tensors)):
            self.engine = TORCH  # such inputs say nothing about others of their size
            return _by_torch(self._module(labels, tensors), tensors)
        if known is None:
            if len(self._runs) >= MANY:
                self._runs.clear()
            known = self._runs[key] = self._made(labels, tensors)
        self.engine, run = known
        self._direct = None
        found: tuple[Array, ...] = run(tensors)
        if isinstance(run, Run):
            shapes = [tuple(x.shape) for x in tensors]
            self._direct = shapes, torch.get_num_threads(), run.compute
        return found

    # --- who computes -------------------------------------------------------------------

    def _made(self, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> tuple[str, Way]:
        """The name of what computes inputs like these, and what does."""
        try:
            if self._asked == FASTEST and _is_single(tensors):
                return self._measured(labels, tensors)
            if self._asked not in (FASTEST, TORCH):
                run = self._checked(self._asked, labels, tensors)
                return self._asked, run.guarded(partial(self._plainly, labels))
        except UnsupportedLayerError as error:
            refused = error.what
        module = self._module(labels, tensors)
        if self._asked not in (FASTEST, TORCH):
            warn(f"torch computes instead of {self._asked}: {refused}", where=place())
        return TORCH, partial(_by_torch, module)

    def _measured(self, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> tuple[str, Run]:
        """The fastest for arrays of these sizes."""
        own = partial(self._checked, TORCH, labels, tensors)
        plain = partial(_plain, self._module(labels, tensors))
        arrays = [contiguous(x) for x in tensors]

        def ready(name: str, way: Way) -> Run:
            run = cast(Run, way)
            return run if name == TORCH else run.guarded(plain, tensors)

        def in_use(name: str, way: Way) -> Callable[[], Any]:
            return partial(ready(name, way).compute, arrays)

        name, way = self._fastest.chosen(labels, tensors, own, in_use)
        return name, ready(name, way)

    def _module(self, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> fx.GraphModule:
        return self.network.to_torch(tensors[0].device, tensors[0].dtype, formats=labels)

    def _plainly(self, labels: Mapping[str, str], arrays: Sequence[Array]) -> tuple[Array, ...]:
        return _plain(self.network.to_torch(formats=labels), arrays)

    def _checked(self, name: str, labels: Mapping[str, str], tensors: tuple[Tensor, ...]) -> Run:
        """What an engine makes of the inputs, or torch at its fastest, proved.

        Raises ``UnsupportedLayerError``: it cannot, or gives something else than the oracle.
        """
        if name != TORCH:
            return self.loaded.proved(name, labels, tensors)
        run = Run(partial(_optimized, optimized(self._module(labels, tensors))))
        prove(self.network, TORCH, run, labels, tensors)
        return run


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


def _is_plain(x: Array | Tensor) -> bool:
    """Whether an engine takes it as it is."""
    return type(x) is np.ndarray and x.dtype is SINGLE and x.flags.carray


def _is_single(tensors: Sequence[Tensor]) -> bool:
    """Whether there is a choice among engines."""
    return all(x.is_cpu and x.dtype == torch.float32 for x in tensors)


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
def _plain(module: fx.GraphModule, arrays: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(array(y) for y in as_tuple(module(*map(torch.from_numpy, arrays))))


def _optimized(module: InferenceModule, arrays: Sequence[Array]) -> tuple[Array, ...]:
    found = module.compute([torch.from_numpy(x) for x in arrays])
    return tuple([array(y) for y in found]) if isinstance(found, tuple) else (array(found),)
