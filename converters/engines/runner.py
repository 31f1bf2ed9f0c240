"""An engine as a runner: what ``verify --against NAME`` compares with."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from torch import Tensor

from matlab_compat.arrays import Array
from matlab_compat.errors import UnsupportedLayerError, UsageError
from matlab_compat.execution.described import By, RunOptions
from matlab_compat.network import Network
from matlab_compat.parity.runner import Inputs, Results, Runner, SavedRunner, Wanted, named
from matlab_compat.shallow import ShallowNetwork

from . import engine_named, installed
from .loaded import Loaded

log = logging.getLogger(__name__)


class ComputedRunner(Runner):
    """A network whose outputs something else than torch computes, in torch's order."""

    def __init__(self, network: Network, label: str, by: By) -> None:
        self.network, self.label, self.by = network, label, by

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The outputs, in MATLAB's order."""
        done = self.network.computed(inputs.X, RunOptions(inputs.data_format, engine=self.by))
        return Results(named(self.network, done.outputs))


class EngineRunner(ComputedRunner):
    """An engine that computes what a network does, in single.

    Raises ``UsageError``: there is no such engine, it is not installed, or runs no such network.
    """

    def __init__(self, name: str, network: Network | ShallowNetwork) -> None:
        if isinstance(network, ShallowNetwork):
            raise UsageError(
                f"The engine '{name}' runs networks of layers, and this is a shallow network.",
                remedy="convert it to ONNX and name that file.",
            )
        self.kind, self.loaded, self.name = engine_named(name), Loaded(network), name
        super().__init__(network, self.kind.label, self._computed)

    def _computed(
        self, labels: Mapping[str, str], tensors: tuple[Tensor, ...]
    ) -> tuple[Array, ...]:
        return self.loaded.run(self.name, labels, tensors)(tensors)

    def facts(self) -> dict[str, str]:
        """Its version."""
        return self.kind.facts()

    def others(self, inputs: Inputs) -> Iterator[Runner]:
        """What the other engines that are quickly made ready give, to be shown side by side."""
        for name, kind in installed().items():
            if name == self.name or kind.patience:
                continue
            other = EngineRunner(name, self.network)
            other.loaded = self.loaded
            try:
                yield SavedRunner(other.run(inputs, Wanted()).outputs, label=other.label)
            except UnsupportedLayerError as error:
                log.info("%s is not shown beside it: %s", other.label, error.what)
