"""Pictures as MATLAB's ``imread`` gives them, and made to fit a network.

Semantics: the pages of ``imread`` (class, indices and maps, first of several), ``rgb2gray`` (its
weights) and ``imresize`` (see :mod:`.preparation`). Knows Pillow's images by their attributes, and
imports nothing of it. What the pages leave open is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np

from ..arrays import Array
from ..display import counted, size_text
from ..errors import DataFormatError, UnsupportedFileError, UsageError
from ..wording import argument
from .preparation import as_class, resized

#: The weights of red, green and blue in grey (``rgb2gray``).
GREY = (0.298936021293776, 0.587043074451121, 0.114020904255103)

RESIZE_MODES = ("bilinear", "nearest", "bicubic")
COLOURS = ("rgb", "grey")

#: Where Pillow's own name of how numbers are stored says that it keeps them all.
_WHOLE_FLOATS = ("F", "F;32F", "F;32BF", "F;32NF")
#: The tag of a camera's note on orientation.
_ORIENTATION = 274
#: By orientation: undoes the turn that Pillow made for it.
_BACK: dict[int, Callable[[Array], Array]] = {
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: np.rot90(x, -1),
}

_WORDS = {1: "grey", 3: "of three channels (RGB)"}


@dataclass(frozen=True)
class Picture:
    """What ``imread`` gives."""

    #: H×W or H×W×3: uint8, uint16, single or logical.
    array: Array
    #: What there is to know of it.
    notes: tuple[str, ...] = ()


class Fitting(TypedDict, total=False):
    """The parameters of :class:`Fit`, as functions that take pictures have them as keywords."""

    resize: bool
    resize_mode: str
    crop: str | None
    colour: str | None


@dataclass(frozen=True)
class Fit:
    """How a picture is made to fit a network; by default not at all."""

    #: ``imresize`` to InputSize, whatever the aspect. With ``crop`` to the least size of the
    #: picture's own aspect that covers InputSize, sides rounded up: ``imresize(I, [rows cols])``.
    resize: bool = False
    #: "bilinear" or "bicubic", both with antialiasing, or "nearest" without, as there.
    resize_mode: str = "bilinear"
    #: Cut a part of InputSize out: "centre", or "ROW,COLUMN" of its first pixel, from 1.
    crop: str | None = None
    #: "rgb": three equal channels of a grey picture, and a palette's colours; "grey": ``rgb2gray``.
    colour: str | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("resize_mode", RESIZE_MODES), ("colour", COLOURS)):
            value = getattr(self, name)
            if value not in (*allowed, *((None,) if name == "colour" else ())):
                raise UsageError(f"{argument(name)} is {' or '.join(allowed)}, not {value!r}.")
        if self.resize_mode != "bilinear" and not self.resize:
            raise UsageError(
                f"{argument('resize_mode')} says how to resize, and nothing is to be resized.",
                remedy=f"add {argument('resize', True)}.",
            )
        if self.crop is not None:
            self._first()

    def is_any(self) -> bool:
        """Whether anything was asked for."""
        return self != Fit()

    def _first(self) -> tuple[int, int] | None:
        """The first pixel [row column] of a crop, from 0; None for the centre."""
        assert self.crop is not None
        if self.crop == "centre":
            return None
        try:
            row, column = (int(text) - 1 for text in self.crop.split(","))
        except ValueError:
            row = column = -1
        if min(row, column) < 0:
            raise UsageError(
                f"{argument('crop')} is 'centre', or the row and column of the first pixel, from "
                f"1, with a comma between; not {self.crop!r}."
            )
        return row, column

    def fitted(self, picture: Array, size: Sequence[int]) -> Array:
        """A picture in the size [h w c] of an input, where -1 is any.

        Raises ``DataFormatError``: it is of another size or other channels, and nothing was asked
        for that changes it.
        """
        found = _coloured(picture, self.colour)
        channels = found.shape[2] if found.ndim > 2 else 1
        if size[-1] not in (-1, channels):
            words, wanted = (_WORDS.get(n, f"of {n} channels") for n in (channels, size[-1]))
            ways = {3: "rgb", 1: "grey"}
            offer = argument("colour", ways[size[-1]]) if size[-1] in ways else ""
            raise DataFormatError(
                f"The picture is {words}, and the network takes pictures that are {wanted}.",
                remedy=f"pass {offer}, or give another picture." if offer else "give another one.",
            )
        have = found.shape[:2]
        height, width = (n if n != -1 else own for n, own in zip(size, have, strict=False))
        if have == (height, width):
            return found
        if self.resize:
            size = (height, width) if self.crop is None else _covering(have, (height, width))
            found = _resized(found, size, self.resize_mode)
        if self.crop is not None:
            return self._cropped(found, (height, width))
        if self.resize:
            return found
        ways_out = [f"{argument('resize', True)} (imresize: bilinear, antialiased)"]
        if have[0] >= height and have[1] >= width:
            ways_out.append(f"{argument('crop', 'centre')} to cut out the middle")
        raise DataFormatError(
            f"The picture is {size_text(have)}, the network takes {size_text((height, width))}.",
            remedy=f"pass {', or '.join(ways_out)}: as those did who trained it.",
        )

    def _cropped(self, picture: Array, size: tuple[int, int]) -> Array:
        have = (picture.shape[0], picture.shape[1])
        over = [own - n for own, n in zip(have, size, strict=True)]
        first = self._first()
        if first is None and min(over) >= 0 and any(n % 2 for n in over):
            row, column = (n // 2 + 1 for n in over)
            raise DataFormatError(
                f"{size_text(size)} of {size_text(have)} has no middle: one row or column is over, "
                "and which side MATLAB cuts it from depends on the function.",
                remedy=f"name the first pixel: {argument('crop', f'{row},{column}')}.",
            )
        top, left = (n // 2 for n in over) if first is None else first
        if min(over) < 0 or top > over[0] or left > over[1]:
            whole, part = size_text(have), size_text(size)
            raise DataFormatError(
                f"The picture, {whole}, is smaller than {part}."
                if min(over) < 0
                else f"A part of {part} from pixel ({top + 1}, {left + 1}) on does not lie in a "
                f"picture of {whole}.",
                remedy=f"pass {argument('resize', True)} instead." if min(over) < 0 else "",
            )
        return picture[top : top + size[0], left : left + size[1]]


def as_imread(image: Any, colour: str | None = None) -> Picture:
    """A picture of Pillow as ``imread`` gives it from the same file.

    Rows and columns as they are stored: a camera's note on orientation turns nothing.

    Raises ``UnsupportedFileError``: a palette without ``colour``, transparency, CMYK, more bits
    than Pillow keeps.

    Parameters
    ----------
    image:
        A ``PIL.Image.Image``; best as ``PIL.Image.open`` gives it, with how its numbers are stored.
    colour:
        "rgb" or "grey" takes the colours of a palette instead of refusing it.
    """
    notes = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        notes.append(f"the first of {counted(frames, 'picture')} in the file")
    # To ask a PNG decodes it, after which Pillow no longer says how it was stored; a TIFF is turned
    # when it is decoded, and no longer says that.
    turned = image.getexif().get(_ORIENTATION) if image.format == "TIFF" else None
    picture = _plain(image, colour)
    left = image.getexif().get(_ORIENTATION)
    if turned in _BACK and left not in _BACK:
        picture = replace(picture, array=_BACK[turned](picture.array))
    if turned in _BACK or left in _BACK:
        notes.append("stored turned, and taken as it is stored, as imread does")
    return replace(picture, notes=(*notes, *picture.notes))


def picture_size(network: Any, index: int) -> tuple[int, ...] | None:
    """[h w c] of the pictures that one input of a network takes, -1 for any.

    ``None`` where no input layer says it.

    Raises ``DataFormatError``: it takes something else; or the file says how pictures are made
    ready for it.
    """
    if network.preparation is not None:
        raise DataFormatError(
            "The file says how pictures are made ready for this network, which predict never does "
            "by itself.",
            remedy="in Python: net.predict(net.preprocess(image)), with image[:, :, :] from 0 to "
            "255.",
        )
    name = network.InputNames[index]
    labels = list(network.plan().inputs.values())[index]
    if labels and labels.replace("B", "") != "SSC":
        raise DataFormatError(
            f"The input '{name}' is labelled '{labels}': it takes no pictures.",
            remedy="give it what it takes: matlab-compat inspect shows the layers.",
        )
    size: tuple[int, ...] | None = (
        network.layer(name).input_size() if name in network.names else None
    )
    return size


def _plain(image: Any, colour: str | None) -> Picture:
    mode, raw = image.mode, _stored(image)
    alone = None if "transparency" in image.info else mode
    if alone is None or mode in ("LA", "La", "RGBA", "RGBa", "PA"):
        opaque = mode in ("LA", "RGBA") and np.asarray(image)[..., -1].min(initial=255) == 255
        if alone is None or not opaque:
            raise UnsupportedFileError(
                "The picture is transparent in places: imread puts it on a background that the "
                "file or the caller says.",
                remedy="save it without transparency: imwrite(imread(FILE), 'opaque.png') in "
                "MATLAB.",
            )
        array = np.asarray(image)[..., :-1]
        whole = array[..., 0] if mode == "LA" else array
        return Picture(whole, ("it has an alpha channel, opaque everywhere: left out",))
    if mode == "P":
        if colour is None:
            raise UnsupportedFileError(
                "The picture has a palette: imread gives indices and a map, [X, map], and indices "
                "are no colours.",
                remedy=f"pass {argument('colour', 'rgb')} for im2uint8(ind2rgb(X, map)).",
            )
        return Picture(np.asarray(image.convert("RGB")), ("its palette's colours were taken",))
    _check_depth(mode, raw)
    array = np.asarray(image)
    if mode.startswith("I"):
        array = array.astype(np.uint16)
    return Picture(array)


def _stored(image: Any) -> str:
    """Pillow's name of how the numbers lie in the file; "" where it does not say."""
    for tile in getattr(image, "tile", ()) or ():
        arguments = tile[3]
        first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
        return first if isinstance(first, str) else ""
    return ""


def _check_depth(mode: str, raw: str) -> None:
    what = ""
    if mode == "RGB" and (";16" in raw or ";15" in raw):
        what = f"Its channels are stored in 16 bits ('{raw}'), of which Pillow gives 8."
    elif mode in ("L", "1") and (raw.endswith(("I", "IR")) or raw in ("L;2", "L;4")):
        what = f"How imread reads grey that is stored as '{raw}' is not settled here."
    elif mode == "I" and not raw.startswith("I;16"):
        what = "It holds whole numbers of 32 bits."
    elif mode == "F" and raw and raw not in _WHOLE_FLOATS:
        what = f"It holds numbers stored as '{raw}', which Pillow makes single."
    elif mode not in ("1", "L", "RGB", "I", "F") and not mode.startswith("I;16"):
        what = f"Its colours are {mode}, not grey or RGB."
    if what:
        raise UnsupportedFileError(
            f"The picture is not read as imread does. {what}",
            remedy="in MATLAB: I = imread(FILE); save('I.mat', 'I'), and give I.mat.",
        )


def _coloured(picture: Array, colour: str | None) -> Array:
    channels = picture.shape[2] if picture.ndim > 2 else 1
    if colour == "rgb" and channels == 1:
        grey = picture if picture.ndim == 2 else picture[..., 0]
        return np.stack([grey] * 3, axis=2)
    if colour == "grey" and channels == 3:
        return as_class(picture.astype(np.float64) @ np.array(GREY), picture.dtype)
    return picture


def _covering(have: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
    """The least size of one aspect, up to rounding up, that no side of another is larger than."""
    rows, columns = have
    height, width = size
    if height * columns >= width * rows:
        return height, -(-columns * height // rows)
    return -(-rows * width // columns), width


def _resized(picture: Array, size: tuple[int, int], mode: str) -> Array:
    if picture.dtype == np.bool_ and mode != "nearest":
        raise DataFormatError(
            "The picture is black and white (logical): between the two there is nothing.",
            remedy=f"pass {argument('resize_mode', 'nearest')}, or give a grey picture.",
        )
    return resized(picture, size, mode)
