"""``dlresize``, ``depthToSpace`` and ``spaceToDepth``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from ..engine.resampling import DepthToSpace, Resize, SpaceToDepth
from ..errors import DataFormatError, PropertyError
from ..layers.properties import one_of, optional, positive_integers
from ..layers.resampling import scales
from .labelled import Labelled, folded, need_channels, on_arrays, option
from .windows import worked_labels


@on_arrays
def dlresize(
    X: Labelled,
    *,
    Scale: object = None,
    OutputSize: object = None,
    DataFormat: object = None,
    Method: object = "nearest",
    GeometricTransformMode: object = "half-pixel",
    NearestRoundingMode: object = "round",
) -> Labelled:
    """X with its spatial dimensions resized.

    Parameters
    ----------
    X:
        A ``dlarray`` with S, or an array with ``DataFormat``.
    Scale, OutputSize:
        One of them: a number, or one for every S.
    Method:
        'nearest' (default) or 'linear'.
    GeometricTransformMode:
        'half-pixel' (default) or 'asymmetric'.
    NearestRoundingMode:
        'round' (default) or 'floor'; 'onnx-10' is not documented well enough and is refused.
    DataFormat:
        Labels of the dimensions of an array.

    Raises
    ------
    PropertyError
        Both or neither of Scale and OutputSize, or a value that MATLAB would refuse.
    UnsupportedLayerError
        Scale makes sizes that are not whole: how MATLAB rounds them is not documented.

    Examples
    --------
    >>> dlresize([[1.0], [2.0]], Scale=2, DataFormat="SC")
    array([[1.],
           [1.],
           [2.],
           [2.]])
    """
    worked = worked_labels(X.labels)
    scale = option("Scale", scales(len(worked)), Scale)
    size = option("OutputSize", optional(positive_integers(len(worked))), OutputSize)
    if (scale is None) == (size is None):
        raise PropertyError("dlresize takes one of Scale and OutputSize.", where=("Scale",))
    method = option("Method", one_of("nearest", "linear"), Method)
    modes = one_of("half-pixel", "asymmetric")
    rounding = option(
        "NearestRoundingMode", one_of("round", "floor", "onnx-10"), NearestRoundingMode
    )
    if method == "nearest" and rounding == "onnx-10":
        raise PropertyError(
            "NearestRoundingMode 'onnx-10' is not documented well enough to be reproduced.",
            where=("NearestRoundingMode",),
            remedy="use 'round' or 'floor'.",
        )
    resize = Resize(
        len(worked),
        size,
        scale,
        linear=method == "linear",
        half_pixel=option("GeometricTransformMode", modes, GeometricTransformMode) == "half-pixel",
        floor=rounding == "floor",
    )
    return folded(X, worked, resize)


@on_arrays
def depthToSpace(
    X: Labelled, blockSize: object, *, DataFormat: object = None, Mode: object = "dcr"
) -> Labelled:
    """Channels to blocks of space: H×W×C to H*h×W*w×C/(h*w).

    Parameters
    ----------
    X:
        A ``dlarray`` with two S and C, or an array with ``DataFormat``.
    blockSize:
        [h w], or a number for both.
    Mode:
        'dcr' (default), the channels of the result running fastest, or 'crd'.
    DataFormat:
        Labels of the dimensions of an array.

    Raises
    ------
    DataFormatError
        The channels do not divide into blocks, or the labels have not two S and C.

    Examples
    --------
    >>> depthToSpace([[[1.0, 2.0, 3.0, 4.0]]], 2, DataFormat="SSC")[..., 0]
    array([[1., 2.],
           [3., 4.]])
    """
    _need_images(X)
    mode = option("Mode", one_of("dcr", "crd"), Mode)
    return folded(X, "SS", DepthToSpace(option("blockSize", positive_integers(2), blockSize), mode))


@on_arrays
def spaceToDepth(X: Labelled, blockSize: object, *, DataFormat: object = None) -> Labelled:
    """Blocks of space to channels: H×W×C to floor(H/h)×floor(W/w)×h*w*C.

    The way back from :func:`depthToSpace` in mode 'dcr'. Rows and columns at the end that fill no
    block are left out.

    Parameters
    ----------
    X, blockSize, DataFormat:
        As for :func:`depthToSpace`.

    Raises
    ------
    DataFormatError
        X is smaller than a block, or the labels have not two S and C.

    Examples
    --------
    >>> spaceToDepth([[[1.0], [2.0]], [[3.0], [4.0]]], 2, DataFormat="SSC")
    array([[[1., 2., 3., 4.]]])
    """
    _need_images(X)
    return folded(X, "SS", SpaceToDepth(option("blockSize", positive_integers(2), blockSize)))


def _need_images(X: Labelled) -> None:
    need_channels(X)
    if X.labels.count("S") != 2:
        raise DataFormatError(f"Images have two dimensions labelled S, and '{X.labels}' has not.")
