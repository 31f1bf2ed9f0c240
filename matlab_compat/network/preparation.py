"""Images made ready for a network as the file says: resized, and less an average image.

Semantics: MatConvNet's cnn_imagenet_minimal and getImageBatch; ``imresize`` of MATLAB (its page,
and the algorithm as it is published: cubic convolution with a = -0.5, a wider kernel where the
image shrinks, mirrored edges).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Array
from ..display import size_text
from ..errors import DataFormatError, LimitExceededError, UnsupportedLayerError

#: The longest side of an image.
_LARGEST = 2**16


@dataclass(frozen=True, eq=False)
class ImagePreparation:
    """What MatConvNet keeps in ``net.meta.normalization``."""

    #: Height and width.
    image_size: tuple[int, int]
    #: What is subtracted: H×W×C, 1×1×C, or empty.
    average: Array = field(default_factory=lambda: np.zeros(0))
    #: "bicubic" or "bilinear".
    interpolation: str = "bicubic"
    #: What was cut off around the images in training, [h w].
    border: tuple[float, float] = (0, 0)
    #: Whether training resized the shorter side, and both sides alike.
    keep_aspect: bool = False

    def prepared(self, image: object, *, crop: bool = False) -> Array:
        """The image in single, resized, less the average.

        Parameters
        ----------
        image:
            H×W×C (or H×W×C×N) in MATLAB's order, RGB from 0 to 255, of any class.
        crop:
            As in training: resize so that the image covers ``image_size + border``, and cut the
            middle out. Without it, as MatConvNet's example does: resize to ``image_size``,
            whatever the aspect.

        Raises
        ------
        DataFormatError
            The image holds no numbers, has no two dimensions, or other channels than the average.
        LimitExceededError
            The size is beyond any image.
        UnsupportedLayerError
            Which pixel the middle begins at depends on a rounding that nothing settles.
        """
        given = np.asarray(image)
        if given.dtype.kind not in "buif":
            raise DataFormatError(
                f"An image is H×W×C numbers, not {type(image).__name__}.",
                remedy="pass what imread gives, e.g. np.asarray(PIL.Image.open(path)).",
            )
        X: Array = given.astype(np.float32)
        if X.ndim < 2 or not X.size:
            raise DataFormatError(f"An image is H×W×C, not {size_text(X.shape)}.")
        size = self._resized_to((X.shape[0], X.shape[1])) if crop else self.image_size
        X = resized(X, size, self.interpolation)
        if crop:
            X = self._middle(X)
        if not self.average.size:
            return X
        with np.errstate(over="ignore"):
            average = self.average.astype(np.float32)
        whole = X if X.ndim > 2 else X[:, :, np.newaxis]
        average = average.reshape(average.shape + (1,) * (whole.ndim - average.ndim))
        try:
            if np.broadcast_shapes(whole.shape, average.shape) == whole.shape:
                return np.asfortranarray(whole - average)
        except ValueError:
            pass
        raise DataFormatError(
            f"The average image is {size_text(self.average.shape)}, the resized image "
            f"{size_text(X.shape)}.",
            remedy="give an image of three channels, RGB from 0 to 255.",
        )

    def _resized_to(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size of which the middle is cut."""
        whole = [float(n + b) for n, b in zip(self.image_size, self.border, strict=True)]
        factor = max(n / have for n, have in zip(whole, size, strict=True))
        found = [have * factor for have in size] if self.keep_aspect else whole
        if any(abs(n - round(n)) > 1e-9 for n in found):
            raise self._unsettled(f"{size_text(size)} becomes {found[0]:.2f}×{found[1]:.2f}")
        return round(found[0]), round(found[1])

    def _middle(self, X: Array) -> Array:
        over = [have - n for have, n in zip(X.shape, self.image_size, strict=False)]
        if any(n % 2 for n in over):
            raise self._unsettled(
                f"{size_text(self.image_size)} of {size_text(X.shape[:2])} has no middle pixel"
            )
        (h, w), (top, left) = self.image_size, (n // 2 for n in over)
        return X[top : top + h, left : left + w]

    @staticmethod
    def _unsettled(what: str) -> UnsupportedLayerError:
        return UnsupportedLayerError(
            f"{what}, and how MatConvNet rounds that is not settled here.",
            remedy="resize and crop the image yourself, or leave crop out.",
        )


def resized(X: Array, size: Sequence[int], interpolation: str = "bicubic") -> Array:
    """MATLAB's ``imresize(X, size, interpolation)``, antialiased but for "nearest".

    The dimension that shrinks most goes first, as there, and unsigned integers are whole numbers
    after each (halves up), as the algorithm that is published gives every dimension the class of
    the image.
    """
    if max(size) > _LARGEST:
        asked = size_text(tuple(size))
        raise LimitExceededError(f"No image is {asked}; the limit is {_LARGEST} a side.")
    scales = {axis: size[axis] / X.shape[axis] for axis in (0, 1)}
    for axis in sorted(scales, key=lambda axis: scales[axis]):
        if size[axis] != X.shape[axis]:
            weights = _weights(X.shape[axis], size[axis], interpolation)
            moved = np.tensordot(weights, X.astype(np.float64), axes=(1, axis))
            X = as_class(np.moveaxis(moved, 0, axis), X.dtype)
    return np.asfortranarray(X)


def as_class(values: Array, dtype: np.dtype[Any]) -> Array:
    """Doubles in the class of an image: whole numbers are rounded, halves up, kept in range."""
    if dtype.kind != "u":
        return values.astype(dtype)
    return np.floor(values + 0.5).clip(0, np.iinfo(dtype).max).astype(dtype)


def _weights(size: int, out: int, interpolation: str) -> Array:
    """out×size: what each element of one dimension takes from each."""
    scale = out / size
    kernel, width = _KERNELS[interpolation]
    stretch = 1.0 if interpolation == "nearest" else min(scale, 1.0)
    width /= stretch
    centre = (np.arange(1, out + 1)) / scale + 0.5 * (1 - 1 / scale)
    count = math.ceil(width) + 2
    at = np.floor(centre - width / 2)[:, np.newaxis] + np.arange(count)
    weight = kernel(stretch * (centre[:, np.newaxis] - at))
    weight /= weight.sum(1, keepdims=True)
    mirrored = np.concatenate([np.arange(size), np.arange(size)[::-1]])
    index = mirrored[(at.astype(np.int64) - 1) % (2 * size)]
    found = np.zeros((out, size))
    np.add.at(found, (np.arange(out)[:, np.newaxis], index), weight)
    return found


def _cubic(x: Array) -> Array:
    x = np.abs(x)
    near: Array = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _triangle(x: Array) -> Array:
    return (1 - np.abs(x)).clip(0.0)


def _box(x: Array) -> Array:
    return ((x >= -0.5) & (x < 0.5)).astype(np.float64)


#: Kernel and its width by the name of the method.
_KERNELS = {"bicubic": (_cubic, 4.0), "bilinear": (_triangle, 2.0), "nearest": (_box, 1.0)}
