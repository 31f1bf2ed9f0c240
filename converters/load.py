"""From a path to a layer or network object."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Unpack

from matlab_compat.errors import LayerNotFoundError, UsageError, locating
from matlab_compat.layers import Layer
from matlab_compat.network import Network
from matlab_compat.shallow import ShallowNetwork
from matlab_compat.wording import argument

from .code import Code, using
from .endings import file_path
from .formats import Asked, Opening, reader_for
from .matfile import DEFAULT_LIMITS, Limits
from .model_functions import load_asked


def load(
    path: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    layer_class: str | None = None,
    ignore_fields: Sequence[str] = (),
    code: Code = (),
    function: str | None = None,
    arguments: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Layer | Network | ShallowNetwork:
    """The network, or the layer, in a MAT-file.

    Parameters
    ----------
    path:
        A MAT-file of level 4, 5, 6, 7 or 7.3 with a SeriesNetwork, DAGNetwork, dlnetwork, layer
        graph, layer array or layer as ``save`` writes it (anywhere in its variables), a SimpleNN or
        DagNN of MatConvNet (which may be the fields as variables of the file), or with a layer as
        loose variables (``Weights``, ``Bias``, ``Stride``, ``CroppingSize`` ...) or as a struct or
        struct array of such fields (nested ones too), which name their class by ``Class``,
        ``Type``, or what only one class has, such as ``CroppingSize``. Or a ``.pt`` or
        ``.safetensors`` file that ``matlab-compat convert`` wrote, or a file of another
        :class:`~converters.formats.ReadableFormat`: by its ending.
    variable:
        Look into this variable only; ``"s.net"`` looks deeper. An agent's networks go by their
        names: ``"agent.Actor"``, ``"agent.Critic(2)"``, or just ``"Critic(2)"``. A variable of a
        network of MatConvNet (``"net.output"``) gives what that one needs.
    layer:
        Give this one layer, by name or 1-based index.
    layer_class:
        The class of loose weights that do not name theirs: MATLAB's name for it, its constructor's
        or that without "Layer" (``"convolution2d"``).
    ignore_fields:
        Saved fields of layers that nothing is known of here, and that have no effect on results,
        as you state. Layers with others open, but are not run.
    code:
        Folders with the user's MATLAB code: where the classes of custom layers, and the functions
        that function layers name, are looked for. The code is read, never executed by anything but
        this project (see docs/custom-code.md).
    function, arguments:
        A model function and its arguments, for a file of its parameters: see
        :func:`converters.load_model`.
    limits:
        Bounds on what the file may make us do; on by default.

    Returns
    -------
    A :class:`~matlab_compat.network.Network` for a network, a
    :class:`~matlab_compat.shallow.ShallowNetwork` for a ``network`` object, else the
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
        There is a model of a kind that is known but not run: one of another
        toolbox, a detector, the parameters of a custom training loop ...
    PropertyError
        The layer's fields contradict each other or MATLAB's rules.
    UsageError
        A field to ignore is in no layer, or is known to have an effect; ``layer_class`` is none,
        or not what the file says; a choice of ``variable`` or ``layer`` in a file of one model.
    UnsupportedLayerError
        The one layer asked for is of a class that this version does not build. (A network opens
        all the same, and says so when it is run or converted.)

    Examples
    --------
    >>> layer = load("fixtures/same_odd.v7.mat")
    >>> layer.FilterSize, layer.CroppingSize
    ((3, 3), (0, 1, 0, 1))
    """
    asked = Asked(variable, layer, layer_class, limits, ignore_fields, code, function, arguments)
    if asked.names_function:
        return load_asked(path, asked)
    place = file_path(path)
    reader = reader_for(place)
    with locating(str(path)):
        if not reader.chooses:
            _refuse_choice(asked, place.suffix.lower())
    with using(code, limits.code):
        model = reader.read(place, asked)
    with locating(str(path)):
        return model.ignore_fields(*ignore_fields)


def _refuse_choice(asked: Asked, suffix: str) -> None:
    if asked.layer_class is not None:
        raise UsageError(
            f"A {suffix} file names the classes of its layers.",
            remedy=f"leave {argument('layer_class')} out: it is for weights that name no class.",
        )
    for name in ("variable", "layer"):
        if getattr(asked, name) is not None:
            raise UsageError(
                f"A {suffix} file holds one model, which is opened whole.",
                remedy=f"leave {argument(name)} out.",
            )


def load_network(
    path: str | PathLike[str],
    variable: str | None = None,
    *,
    ignore_fields: Sequence[str] = (),
    code: Code = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Network:
    """As :func:`load`, for a file that must hold a network.

    Parameters
    ----------
    path, variable, ignore_fields, code, limits:
        As for :func:`load`.

    Raises
    ------
    LayerNotFoundError
        It holds none.

    Examples
    --------
    >>> load_network("fixtures/code/network.mat", code=["fixtures/code/layers"]).OutputNames
    ['scores']
    """
    loaded = load_runnable(path, variable, ignore_fields=ignore_fields, code=code, limits=limits)
    if not isinstance(loaded, Network):
        raise LayerNotFoundError(
            "There is a shallow network in it, and no network of layers.",
            where=(str(path),),
            remedy="open it by converters.load.",
        )
    return loaded


def load_runnable(
    path: str | PathLike[str], variable: str | None = None, **opening: Unpack[Opening]
) -> Network | ShallowNetwork:
    """As :func:`load_network`, for networks of either kind."""
    loaded = load(path, variable, **opening)
    if not isinstance(loaded, Network | ShallowNetwork):
        raise LayerNotFoundError("There is a layer but no network in it.", where=(str(path),))
    return loaded
