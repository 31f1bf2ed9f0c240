"""``.mat``: a layer or network as a plain struct of its properties."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from matlab_compat.arrays import Array
from matlab_compat.layers import Layer
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network

from ..load import load
from .base import Format, Model, Options, module_of, outputs_of, source_of
from .mat_struct import save_layer, save_network

if TYPE_CHECKING:
    import torch


class MatStruct(Format):
    """A struct export that ``load`` and a MATLAB user can read: ``layer``, or ``net``."""

    name: ClassVar[str] = "MATLAB struct"
    suffixes: ClassVar[tuple[str, ...]] = (".mat",)

    def refusal(self, model: Model, options: Options) -> str:
        """Layers that cannot be built, unless stubs are asked for."""
        return unbuilt(model, options)

    def write(self, model: Model, path: Path, options: Options) -> None:
        """The struct, in the classes that the parameters have (``dtype`` is for running it)."""
        write_struct(model, path, options)

    def run(
        self, path: Path, inputs: tuple[torch.Tensor, ...], options: Options
    ) -> tuple[Array, ...]:
        """The model read back, run on torch."""
        return outputs_of(module_of(load(path), options), inputs)


def unbuilt(model: Model, options: Options) -> str:
    """Names the layers that cannot be built, unless stubs are asked for."""
    if isinstance(model, Network) and model.unsupported and not options.stub:
        layers = [f"'{name}' ({_why(layer)})" for name, layer in model.unsupported.items()]
        return f"there are layers that cannot be built: {', '.join(layers)}"
    return ""


def _why(layer: Layer) -> str:
    """The class, where nothing is registered for it; else what keeps the layer from being run."""
    if isinstance(layer, UnsupportedLayer):
        return layer.class_name
    refusal = layer.refusal()
    return refusal.what if refusal else ""


def write_struct(model: Model, path: Path, options: Options) -> None:
    """The model as the one variable of a new MAT-file."""
    source = source_of(model, options)
    if isinstance(source, Network):
        save_network(source, path)
    else:
        save_layer(source, path)
