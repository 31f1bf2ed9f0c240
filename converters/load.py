"""From a path to a layer object."""

from __future__ import annotations

from os import PathLike

from matlab_compat.layers import Layer

from .find import Found, choose_layer, find_models
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .saved import SavedLayer


def load(
    path: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> Layer:
    """The layer in a MAT-file.

    Parameters
    ----------
    path:
        A MAT-file of level 4, 5, 6, 7 or 7.3 with the layer as loose variables (``Weights``,
        ``Bias``, ``Stride``, ``CroppingSize`` ...), as a struct or struct array of such fields
        (nested ones too), or as a native object: a layer, or a layer inside a network, layer
        graph or layer array.
    variable:
        Look into this variable only; ``"s.net"`` looks deeper.
    layer:
        The layer's name, or its 1-based index; not needed where there is only one.
    limits:
        Bounds on what the file may make us do; on by default.

    Raises
    ------
    FileAccessError, MatFileError
        The file cannot be read, or is no sound MAT-file.
    VariableNotFoundError, LayerNotFoundError, AmbiguousLayerError
        What was asked for is not there, or there is more than one.
    PropertyError
        The layer's fields contradict each other or MATLAB's rules.
    UnsupportedLayerError
        The layer is of a class that this version does not build.

    Examples
    --------
    >>> layer = load("fixtures/same_odd.v7.mat")
    >>> layer.FilterSize, layer.CroppingSize
    ((3, 3), (0, 1, 0, 1))
    """
    with open_mat(path, limits=limits) as mat:
        saved, _ = find_layer(mat, variable, layer)
        return build(mat, saved)


def find_layer(
    mat: MatFile, variable: str | None, layer: str | int | None
) -> tuple[SavedLayer, Found]:
    """The layer meant, as it is saved, and what lies beside it."""
    return choose_layer(find_models(mat, variable), layer, str(mat.path))


def build(mat: MatFile, saved: SavedLayer) -> Layer:
    """The layer object; errors name the file first."""
    from matlab_compat.errors import locating

    with locating(str(mat.path)):
        return saved.build()
