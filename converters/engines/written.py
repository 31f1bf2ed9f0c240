"""A network as engines take it: an ONNX file in memory, or a module of torch."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from matlab_compat.network import Network

from ..formats.base import Options, Prepared
from ..formats.onnx import fixed_steps, onnx_model

if TYPE_CHECKING:
    from torch import nn


class Written:
    """A network as engines take it; whatever is first asked for is made then."""

    def __init__(self, network: Network, steps: int) -> None:
        self._prepared = Prepared(network, Options("single", steps=steps))
        self._fixed: bool = False

    @cached_property
    def onnx(self) -> bytes:
        """The ONNX file, of any number of observations."""
        model = onnx_model(self._prepared)
        self._fixed = bool(fixed_steps(model))
        content: bytes = model.SerializeToString()
        return content

    @property
    def module(self) -> nn.Module:
        """The module of ``to_torch()``, for those who compile it."""
        return self._prepared.module()

    def takes(self, steps: int) -> bool:
        """Whether sequences may have so many time steps."""
        return not self._fixed or steps == self._prepared.options.steps
