"""Pictures among the inputs of a network: images of Pillow's, and files that paths name."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ..errors import UsageError, locating, warn
from ..wording import argument
from .pictures import Fit, Picture, as_imread, picture_size


def pictures_as_arrays(network: Any, X: Sequence[object], fit: Fit) -> tuple[object, ...]:
    """The inputs of a network, with arrays of its size in the place of pictures.

    Raises
    ------
    UsageError
        ``fit`` asks for something, and there is no picture; a path names a file of arrays.
    MatlabCompatError
        A picture cannot be read, or is not what the network takes.
    """
    found = tuple(_array(network, i, x, fit) for i, x in enumerate(X))
    if fit.is_any() and all(new is old for new, old in zip(found, X, strict=True)):
        raise UsageError(
            f"{argument('resize')}, {argument('crop')} and {argument('colour')} are about pictures "
            "of Pillow's or in files, and this is none.",
            remedy="give it in the size of the network's input.",
        )
    return found


def _array(network: Any, index: int, x: object, fit: Fit) -> object:
    if isinstance(x, list) and x and all(map(_is_picture, x)):
        return [_array(network, index, one, fit) for one in x]
    if not _is_picture(x):
        return x
    is_path = isinstance(x, str | PathLike)
    if index >= len(network.InputNames):
        return x  # one too many, which predict says
    name = f"input '{network.InputNames[index]}'"
    where = str(fspath(x)) if is_path else name  # type: ignore[call-overload]
    picture = _read(where, fit) if is_path else as_imread(x, fit.colour)
    for note in picture.notes:
        warn(f"{note[:1].upper()}{note[1:]}.", where=(where,))
    with locating(where):
        size = picture_size(network, index)
        return fit.fitted(picture.array, size) if size else picture.array


def _is_picture(x: object) -> bool:
    """A path, or an image of Pillow's, which is not imported for it."""
    return isinstance(x, str | PathLike) or (hasattr(x, "getexif") and hasattr(x, "mode"))


def _read(path: str, fit: Fit) -> Picture:
    from converters.images import read_image

    if Path(path).suffix.lower() in (".npy", ".npz", ".csv", ".mat"):
        raise UsageError(
            "A path that is given as an input names a picture, and this is a file of arrays.",
            where=(path,),
            remedy="give the array: numpy.load(path), converters.open_mat(path)['X']; or let "
            "converters.predict(NET, path) read it.",
        )
    return read_image(path, colour=fit.colour)
