"""A network as a layer of another one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from ..errors import PropertyError
from .base import Layer
from .properties import Property, anything

if TYPE_CHECKING:
    from torch import nn

    from ..execution.described import Plan


class NetworkLayer(Layer, type_text="Network"):
    """A nested dlnetwork (``networkLayer``, since R2024a); its learnables are "outer/inner".

    With one input (output) the port is 'in' ('out'); with several they have the inner network's
    names. Source: the class's documentation page.

    Examples
    --------
    >>> from matlab_compat import dlnetwork
    >>> inner = dlnetwork([fullyConnectedLayer(8, Name="fc"), reluLayer(Name="relu")])
    >>> networkLayer(inner, Name="block").description()
    'Network with 2 layers'
    """

    Network = Property(anything, read_only=True)

    def _validate(self) -> None:
        if not hasattr(self.Network, "plan"):
            raise PropertyError("Network must be a network.", where=("Network",))

    # Asked for at every step of a plan: worked out anew each time, they would cost several times
    # as much with every level of nesting.
    @cached_property
    def _ports(self) -> tuple[list[str], list[str]]:
        return self.Network.InputNames, self.Network.OutputNames

    @property
    def InputNames(self) -> list[str]:
        """'in', or the names of the inner network's inputs."""
        names = self._ports[0]
        return ["in"] if len(names) == 1 else list(names)

    @property
    def OutputNames(self) -> list[str]:
        """'out', or the names of the inner network's outputs."""
        names = self._ports[1]
        return ["out"] if len(names) == 1 else list(names)

    def description(self) -> str:
        """How many layers it has."""
        return f"Network with {len(self.Network.Layers)} layers"

    def networks(self) -> dict[str, Any]:
        """The inner network, whose layers need no name between."""
        return {"": self.Network}

    def inner_plan(self, formats: Sequence[str]) -> Plan[Layer]:
        """The inner network's order of computation, for inputs of these formats."""
        names = self._ports[0]
        plan: Plan[Layer] = self.Network.plan(dict(zip(names, formats, strict=True)))
        return plan

    def output_formats(self, formats: Any) -> tuple[str, ...]:
        """The labels of the inner network's outputs."""
        return tuple(labels for _, labels in self.inner_plan(formats).outputs.values())

    def assign_from_torch(self, module: nn.Module) -> Self:
        """Take over the parameters of the inner network."""
        self.Network.assign_from_torch(module)
        return self

    def _filled(self, formats: tuple[str, ...], device: Any, dtype: Any) -> nn.Module:
        from ..execution.module import build_graph

        return build_graph(self.inner_plan(formats), device, dtype)
