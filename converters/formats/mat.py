"""``.mat``: a layer or network as a plain struct of its properties."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from matlab_compat.errors import AmbiguousLayerError, locating
from matlab_compat.layers import Layer
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import CLASSIC, Network
from matlab_compat.wording import argument

from ..find import Found, choose_layer, find_models, listed, refuse_nothing
from ..matfile import MatFile, open_mat
from ..networks import build_network
from ..saved import SavedLayer, SavedNetwork
from .base import ANY, Asked, Model, Prepared, ReadableFormat
from .mat_struct import save_layer, save_network

if TYPE_CHECKING:
    pass


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
            if asked.layer is None and any(isinstance(f.model, SavedNetwork) for f in found):
                chosen = choose_network(found, str(mat.path))
                with locating(str(mat.path)):
                    return build_network(chosen)
            saved, _ = choose_layer(found, asked.layer, str(mat.path))
            return build(mat, saved)


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
    if isinstance(model, Network):
        save_network(model, path)
    else:
        save_layer(model, path)


# --- which one is meant ------------------------------------------------------------------

#: Networks that hold trained weights; they go before layer graphs and arrays beside them.
_TRAINED = (*CLASSIC, "dlnetwork")


def choose_network(found: list[Found], where: str) -> SavedNetwork:
    """The one network meant: a trained one goes before what it was made from.

    Raises ``AmbiguousLayerError``: there are several; they are listed by name.
    """
    networks = [f for f in found if isinstance(f.model, SavedNetwork)]
    candidates = [f for f in networks if f.model.class_name in _TRAINED]
    # The actor of an agent says nothing about its critics, which may be of another class.
    decided = {_group(f) for f in candidates}
    candidates = [f for f in networks if f in candidates or _group(f) not in decided]
    if len(candidates) > 1:
        counts = Counter(f.name for f in candidates)
        names = [f.name if counts[f.name] == 1 else f.path for f in candidates]
        pairs = zip(names, candidates, strict=True)
        raise AmbiguousLayerError(
            f"There are {len(names)} networks in it: "
            + listed([f"{name} ({f.model.class_name})" for name, f in pairs])
            + ".",
            where=(where,),
            remedy=f"choose one: {argument('variable', names[0])}.",
        )
    model = candidates[0].model
    assert isinstance(model, SavedNetwork)
    return model


def _group(found: Found) -> str:
    """What one network is meant for: the role of an agent's, or '' for the file as a whole."""
    return found.name if found.role else ""


def build(mat: MatFile, saved: SavedLayer) -> Layer:
    """The layer object; errors name the file first."""
    with locating(str(mat.path)):
        return saved.build()
