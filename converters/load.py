"""From a path to a layer or network object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from matlab_compat.errors import (
    AmbiguousLayerError,
    LayerNotFoundError,
    UsageError,
    locating,
)
from matlab_compat.layers import Layer
from matlab_compat.network import CLASSIC, Network
from matlab_compat.wording import argument

from .find import Found, choose_layer, find_models, listed, refuse_nothing
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .networks import build_network
from .saved import SavedLayer, SavedNetwork

#: Networks that hold trained weights; they go before layer graphs and arrays beside them.
_TRAINED = (*CLASSIC, "dlnetwork")


def load(
    path: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    layer_class: str | None = None,
    ignore_fields: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Layer | Network:
    """The network, or the layer, in a MAT-file.

    Parameters
    ----------
    path:
        A MAT-file of level 4, 5, 6, 7 or 7.3 with a SeriesNetwork, DAGNetwork, dlnetwork, layer
        graph, layer array or layer as ``save`` writes it (anywhere in its variables), or with a
        layer as loose variables (``Weights``, ``Bias``, ``Stride``, ``CroppingSize`` ...) or as
        a struct or struct array of such fields (nested ones too), which name their class by
        ``Class``, ``Type``, or what only one class has, such as ``CroppingSize``. Or a ``.pt``
        or ``.safetensors`` file that ``matlab-compat convert`` wrote.
    variable:
        Look into this variable only; ``"s.net"`` looks deeper. An agent's networks go by their
        names: ``"agent.Actor"``, ``"agent.Critic(2)"``, or just ``"Critic(2)"``.
    layer:
        Give this one layer, by name or 1-based index.
    layer_class:
        The class of loose weights that do not name theirs: MATLAB's name for it, its constructor's
        or that without "Layer" (``"convolution2d"``).
    ignore_fields:
        Saved fields of layers that nothing is known of here, and that have no effect on results,
        as you state. Layers with others open, but are not run.
    limits:
        Bounds on what the file may make us do; on by default.

    Returns
    -------
    A :class:`~matlab_compat.network.Network` for a network, else the
    :class:`~matlab_compat.layers.base.Layer`. Where a file holds a network beside the layer array
    or layer graph it was made from, the network is meant.

    Raises
    ------
    FileAccessError, MatFileError
        The file cannot be read, or is no sound MAT-file.
    VariableNotFoundError, LayerNotFoundError, AmbiguousLayerError
        What was asked for is not there, or there is more than one; or there are weights of which
        nothing says which layer they belong to.
    UnsupportedModelError
        There is a model of a kind that is known but not run: a shallow network, one of MatConvNet
        or of another toolbox, a detector, the parameters of a custom training loop ...
    PropertyError
        The layer's fields contradict each other or MATLAB's rules.
    UsageError
        A field to ignore is in no layer, or is known to have an effect; ``layer_class`` is none,
        or not what the file says.
    UnsupportedLayerError
        The one layer asked for is of a class that this version does not build. (A network opens
        all the same, and says so when it is run or converted.)

    Examples
    --------
    >>> layer = load("fixtures/same_odd.v7.mat")
    >>> layer.FilterSize, layer.CroppingSize
    ((3, 3), (0, 1, 0, 1))
    """
    model = _loaded(path, variable, layer, layer_class, limits)
    with locating(str(path)):
        return model.ignore_fields(*ignore_fields)


def _loaded(
    path: str | PathLike[str],
    variable: str | None,
    layer: str | int | None,
    layer_class: str | None,
    limits: Limits,
) -> Layer | Network:
    suffix = Path(path).suffix.lower()
    if suffix in (".pt", ".pth", ".safetensors") and layer_class is not None:
        raise UsageError(
            f"A {suffix} file names the classes of its layers.",
            where=(str(path),),
            remedy=f"leave {argument('layer_class')} out: it is for weights that name no class.",
        )
    if suffix in (".pt", ".pth"):
        from .formats.torch_file import load_torch

        return load_torch(path)
    if suffix == ".safetensors":
        from .formats.safetensors import load_safetensors

        return load_safetensors(path)
    with open_mat(path, limits=limits) as mat:
        found = find_models(mat, variable, layer_class)
        refuse_nothing(mat, found, variable)
        if layer is None and any(isinstance(f.model, SavedNetwork) for f in found):
            chosen = choose_network(found, str(mat.path))
            with locating(str(mat.path)):
                return build_network(chosen)
        saved, _ = choose_layer(found, layer, str(mat.path))
        return build(mat, saved)


def load_network(
    path: str | PathLike[str],
    variable: str | None = None,
    *,
    ignore_fields: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Network:
    """As :func:`load`, for a file that must hold a network.

    Raises
    ------
    LayerNotFoundError
        It holds none.
    """
    loaded = load(path, variable, ignore_fields=ignore_fields, limits=limits)
    if not isinstance(loaded, Network):
        raise LayerNotFoundError("There is a layer but no network in it.", where=(str(path),))
    return loaded


def choose_network(found: list[Found], where: str) -> SavedNetwork:
    """The one network meant: a trained one goes before what it was made from.

    Raises
    ------
    AmbiguousLayerError
        There are several; they are listed by name.
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
