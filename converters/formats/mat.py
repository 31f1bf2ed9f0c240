"""``.mat``: a layer or network as a plain struct of its properties."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from matlab_compat.errors import locating
from matlab_compat.layers import Layer
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network
from matlab_compat.shallow import ShallowNetwork

from ..choose import choose
from ..find import find_models
from ..identify.values import refuse_nothing
from ..matfile import open_mat
from ..write import write_mat
from .base import ANY, Asked, Model, Prepared, ReadableFormat
from .mat_struct import save_layer, save_network


class MatStruct(ReadableFormat, suffixes=(".mat",)):
    """A struct export that ``load`` and a MATLAB user can read: ``layer``, or ``net``."""

    name: ClassVar[str] = "MATLAB struct"
    holds_placeholders: ClassVar[bool] = True
    chooses: ClassVar[bool] = True

    def refusal(self, prepared: Prepared) -> str:
        """Layers that cannot be built, unless stubs are asked for."""
        return "" if prepared.options.stub else unbuilt(prepared.model)

    def write(self, prepared: Prepared, path: Path) -> None:
        """The struct, in the classes that the parameters have (``dtype`` is for running it)."""
        write_struct(prepared.model, path)

    def read(self, path: Path, asked: Asked = ANY) -> Model:
        """The model meant: native objects, structs, or loose variables of a layer."""
        with open_mat(path, limits=asked.limits) as mat:
            found = find_models(mat, asked.variable, asked.layer_class)
            refuse_nothing(mat, found, asked.variable)
            chosen = choose(found, asked.layer, str(mat.path))
            with locating(str(mat.path)):
                return chosen.build()


def unbuilt(model: Model) -> str:
    """The layers of a network that cannot be built, named; '' if all can be."""
    if isinstance(model, Network) and model.unsupported:
        layers = [f"'{name}' ({_why(layer)})" for name, layer in model.unsupported.items()]
        return f"there are layers that cannot be built: {', '.join(layers)}"
    return ""


def _why(layer: Layer) -> str:
    """The class, where nothing is registered for it; else what keeps the layer from being run."""
    if isinstance(layer, UnsupportedLayer):
        return layer.class_name
    refusal = layer.refusal()
    return refusal.what if refusal else ""


def write_struct(model: Model, path: Path) -> None:
    """The model as the one variable of a new MAT-file."""
    if isinstance(model, ShallowNetwork):
        write_mat(path, {"net": model.to_fields()})
    elif isinstance(model, Network):
        save_network(model, path)
    else:
        save_layer(model, path)
