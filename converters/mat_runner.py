"""Another version of a network: what ``verify --against OTHER.mat`` compares with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Self

from matlab_compat.errors import locating
from matlab_compat.network import Network
from matlab_compat.parity.runner import Inputs, OracleRunner, Results, Wanted
from matlab_compat.shallow import ShallowNetwork


@dataclass
class MatRunner(OracleRunner):
    """A network in float64, and of its layers those that the one in question has as well."""

    layers: tuple[str, ...] = ()

    @classmethod
    def of(cls, other: Network | ShallowNetwork, network: Network | ShallowNetwork) -> Self:
        """The runner of ``other``, which is compared with ``network``."""
        both = [one.names if isinstance(one, Network) else [] for one in (network, other)]
        return cls(other, layers=tuple(name for name in both[0] if name in both[1]))

    def __post_init__(self) -> None:
        self.label = "the other MAT-file"

    def facts(self) -> dict[str, str]:
        """Nothing: what a result depends on is the other side's."""
        return {}

    def offers(self) -> Wanted:
        """Its outputs, and the activations of the layers that both have."""
        return Wanted(layers=self.layers)

    def run(
        self, inputs: Inputs, wanted: Wanted, inside: AbstractContextManager[Any] | None = None
    ) -> Results:
        """As of any network; what it refuses, the other file's network refuses."""
        with locating(self.label):
            return super().run(inputs, wanted, inside)
