"""A network as engines take it: an ONNX file in memory, or a module of torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from matlab_compat.display import TIMES, size_text
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.network import Network

from ..formats.base import Options, Prepared
from ..formats.onnx import fixed_sizes, fixed_steps, onnx_model

if TYPE_CHECKING:
    from torch import nn


class Written:
    """A network as engines take it; whatever is first asked for is made then."""

    def __init__(self, network: Network, steps: int) -> None:
        self._prepared = Prepared(network, Options("single", steps=steps))
        self._fixed = False
        self._sizes: list[list[int | None]] = []

    @cached_property
    def onnx(self) -> bytes:
        """The ONNX file, of any number of observations."""
        model = onnx_model(self._prepared)
        self._fixed, self._sizes = bool(fixed_steps(model)), fixed_sizes(model)
        content: bytes = model.SerializeToString()
        return content

    @property
    def module(self) -> nn.Module:
        """The module of ``to_torch()``, for those who compile it."""
        return self._prepared.module()

    def check(self, sizes: Sequence[Sequence[int]]) -> None:
        """Raise ``UnsupportedLayerError`` where the file, if it was made, is of other sizes."""
        for have, want in zip(sizes, self._sizes, strict=False):
            if any(n not in (m, None) for m, n in zip(have, want, strict=True)):
                said = TIMES.join("n" if n is None else str(n) for n in want)
                raise UnsupportedLayerError(
                    f"the input is {size_text(tuple(have))} in torch's order, and the ONNX file "
                    f"takes {said}."
                )

    def takes(self, steps: int) -> bool:
        """Whether sequences may have so many time steps."""
        return not self._fixed or steps == self._prepared.options.steps
