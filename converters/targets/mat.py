"""``.mat``: a layer as a plain struct of its properties."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from matlab_compat.network import Network

from ..load import load
from ..save import save_layer
from .base import Array, Model, Options, Target, module_of, outputs_of

if TYPE_CHECKING:
    import torch


class MatStruct(Target):
    """A struct export that ``load`` and a MATLAB user can read."""

    name: ClassVar[str] = "MATLAB struct"
    suffixes: ClassVar[tuple[str, ...]] = (".mat",)

    def refusal(self, model: Model, options: Options) -> str:
        """Only layers, so far."""
        return "only single layers are written as .mat" if isinstance(model, Network) else ""

    def write(self, model: Model, path: Path, options: Options) -> None:
        """The struct ``layer``."""
        assert not isinstance(model, Network)
        save_layer(model, path)

    def run(
        self, path: Path, inputs: tuple[torch.Tensor, ...], options: Options
    ) -> tuple[Array, ...]:
        """The layer read back, run on torch."""
        return outputs_of(module_of(load(path), options), inputs)
