"""A network in the memory of engines: written once, opened once by each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np
import torch
from torch import Tensor

from matlab_compat.arrays import Array, is_finite
from matlab_compat.data_format import torch_axes
from matlab_compat.engine.fast.trial import AtOnce
from matlab_compat.errors import UnsupportedLayerError, cause_text, place, warn
from matlab_compat.network import Network

from ..formats.base import Options
from . import engine_named
from .base import Compute, Engine, Lost
from .written import Written, free_sizes


@dataclass(frozen=True)
class Run:
    """What computes the outputs of arrays, for tensors; all in torch's order.

    ``watched`` does so and raises :class:`.base.Lost`. ``place_matters``: NaN or Inf may be lost at
    some places of an input only, as in max pooling.
    """

    compute: Compute
    watched: Compute | None = None
    place_matters: bool = False

    def __call__(self, tensors: Sequence[Tensor]) -> tuple[Array, ...]:
        """The outputs, which are the caller's own."""
        return tuple(self.compute([contiguous(x) for x in tensors]))

    def guarded(self, otherwise: Compute, like: Sequence[Tensor] | None = None) -> Run:
        """The same, but ``otherwise`` where the engine fails, with a warning.

        Where inputs ``like`` these are given, also for those that are not finite, if that differs:
        engines may lose NaN in an activation. Whether this one does is tried on such inputs, unless
        the place matters.
        """
        compute, keeps = self.compute, True
        if like is not None:
            compute = self.watched or compute
            told = self.watched is not None or not self.place_matters
            keeps = told and all(_agree(compute, otherwise, like, x) for x in (nan, inf))

        def run(arrays: Sequence[Array]) -> Sequence[Any]:
            if not (keeps or all(map(is_finite, arrays))):
                return otherwise(arrays)
            try:
                return compute(arrays)
            except Lost:
                return otherwise(arrays)
            except Exception as error:  # each engine has its own classes
                warn(
                    f"torch computes, as the engine failed: {cause_text(error)}",
                    where=place(),
                    remedy="make the session or module anew if that goes on.",
                )
                return otherwise(arrays)

        return Run(run)

    def of_tensors(self, like: Sequence[Tensor]) -> Callable[..., Any]:
        """For tensors one by one, which lie in memory as these do; gives what a module gives."""
        compute = self.compute
        plain = all(x.is_contiguous() for x in like)

        def run(*tensors: Tensor) -> Any:
            # Forced: of gradients, or with torch's negative bit.
            arrays = [x.numpy(force=True) if plain else contiguous(x) for x in tensors]
            return _as_tensors(compute(arrays))

        return run

    def at_once(self, like: Sequence[Tensor]) -> AtOnce | None:
        """The same for a sequence of any tensors; gives ``NotImplemented`` where they are others.

        Asks nothing of torch but the arrays, for networks that take a few microseconds. None where
        they have to be copied.
        """
        if not all(x.is_contiguous() for x in like):
            return None
        compute, kinds = self.compute, [Tensor] * len(like)
        expected = [(x.shape, x.strides, x.dtype) for x in map(contiguous, like)]

        def run(tensors: Sequence[Any]) -> Any:
            if [*map(type, tensors)] != kinds:
                return NotImplemented
            try:
                arrays = [x.numpy() for x in tensors]
            except (RuntimeError, TypeError):  # of gradients, on a GPU, mapped over ...
                return NotImplemented
            if [(x.shape, x.strides, x.dtype) for x in arrays] != expected:
                return NotImplemented
            return _as_tensors(compute(arrays))

        return run


def _as_tensors(outputs: Sequence[Array]) -> Any:
    """What a module gives."""
    if len(outputs) == 1:
        return torch.from_numpy(outputs[0])
    return tuple(map(torch.from_numpy, outputs))


def _agree(compute: Compute, otherwise: Compute, like: Sequence[Tensor], value: float) -> bool:
    try:
        return _spoiled(compute, like, value) == _spoiled(otherwise, like, value)
    except Lost:
        return True
    except Exception:  # one refuses such inputs, as layers that take indices do
        return False


def _spoiled(compute: Compute, like: Sequence[Tensor], value: float) -> list[bytes]:
    """Where results are not finite, for inputs of which the element in the middle is not."""
    arrays = [np.array(x.numpy(), order="C") for x in like]
    for x in arrays:
        x.flat[x.size // 2] = value
    return [np.isfinite(y).tobytes() for y in compute(arrays)]


def contiguous(x: Tensor) -> Array:
    """A tensor as an array in C order, copied if need be: by numpy, in this thread.

    Torch's threads go on spinning beside the engine's, which then takes twice as long.
    """
    return np.ascontiguousarray(x.numpy(force=True))


def _may_pool(layer: object) -> bool:
    """Whether it may take the largest of several: max pooling, and what is none of our layers."""
    kind = type(layer)
    ours = kind.__module__.startswith("matlab_compat.layers.")
    return not ours or "MaxPooling" in kind.__name__ or "Function" in kind.__name__


class Loaded:
    """A network that does not change any more, in the memory of the engines that were asked."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.labels = network.plan().inputs
        self._pools = any(_may_pool(layer) for _, layer in network.all_layers())
        #: What engines were last given.
        self.written: Written | None = None
        self._engines: dict[tuple[str, int], tuple[Written, Engine]] = {}

    def run(
        self,
        name: str,
        labels: Mapping[str, str],
        tensors: Sequence[Tensor],
        threads: int | None = None,
    ) -> Run:
        """What an engine makes of inputs like these, and of these labels.

        In torch's threads, or so many.

        Raises ``UnsupportedLayerError``: the network cannot be written for it, or it refuses it.
        """
        kind = engine_named(name)
        if labels != self.labels:
            have, want = (
                ", ".join(f"'{x}'" for x in each.values()) for each in (labels, self.labels)
            )
            raise UnsupportedLayerError(
                f"the input is labelled {have}, and what {kind.label} runs is written for {want}."
            )
        if not all(x.numel() for x in tensors):
            raise UnsupportedLayerError("an input is empty.")
        if any(x.device.type != "cpu" or x.dtype != torch.float32 for x in tensors):
            raise UnsupportedLayerError(f"{kind.label} computes in single, on a CPU.")
        try:
            sizes = [tuple(x.shape) for x in tensors]
            engine = self._engine(name, kind, self._steps(tensors), sizes, threads)
            compute, watched = engine.sized(sizes), engine.watched(sizes)
        except UnsupportedLayerError:
            raise
        except Exception as error:  # each engine has its own classes, without another base
            raise UnsupportedLayerError(
                f"{kind.label} does not take the network: {cause_text(error)}"
            ) from error
        return Run(compute, watched, self._pools or kind.place_matters)

    def _steps(self, tensors: Sequence[Tensor]) -> int:
        """The time steps of the first sequence; the default of the writer where there is none."""
        for labels, x in zip(self.labels.values(), tensors, strict=True):
            if "T" in labels:
                order = [labels[axis] for axis in torch_axes(labels)]
                return int(x.shape[order.index("T")])
        return Options().steps

    def _engine(
        self,
        name: str,
        kind: type[Engine],
        steps: int,
        sizes: Sequence[Sequence[int]],
        threads: int | None,
    ) -> Engine:
        threads = threads or torch.get_num_threads()
        only = free_sizes(self.network, sizes)
        written, engine = self._engines.get((name, threads), (None, None))
        if engine is not None and written is not None and written.takes(steps, only):
            return engine
        if self.written is None or not self.written.takes(steps, only):
            self.written = Written(self.network, steps, sizes)
        engine = kind(self.written, threads)
        self._engines[name, threads] = self.written, engine
        return engine
