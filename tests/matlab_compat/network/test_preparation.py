"""Images made ready as MatConvNet does it.

Expected values: cubic and linear interpolation written out as sums over all pixels; the rules of
cnn_imagenet_minimal and getImageBatch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from matlab_compat.errors import DataFormatError, LimitExceededError, UnsupportedLayerError
from matlab_compat.network.preparation import ImagePreparation, resized

RANDOM = np.random.default_rng(2)
IMAGE = RANDOM.integers(0, 256, (13, 10, 3)).astype(np.uint8)


def cubic(x: float) -> float:
    """Keys' cubic convolution with a = -0.5."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def triangle(x: float) -> float:
    return max(0.0, 1 - abs(x))


def line(values: Any, size: int, kernel: Any) -> Any:
    """One dimension: the kernel, as wide as the line shrinks, at the centre of each new element."""
    scale = size / len(values)
    wide = min(1.0, scale)
    made = []
    for i in range(size):
        centre = (i + 0.5) / scale - 0.5
        total = weights = 0.0
        for at in range(math.floor(centre) - 40, math.ceil(centre) + 41):
            weight = kernel((centre - at) * wide)
            mirrored = at % (2 * len(values))
            inside = min(mirrored, 2 * len(values) - 1 - mirrored)
            total += weight * values[inside]
            weights += weight
        made.append(total / weights)
    return made


@pytest.mark.parametrize("size", [(13, 10), (6, 5), (4, 9), (20, 33), (1, 1)])
@pytest.mark.parametrize(("method", "kernel"), [("bicubic", cubic), ("bilinear", triangle)])
def test_resized(size: tuple[int, int], method: str, kernel: Any) -> None:
    found = resized(IMAGE.astype(float), size, method)
    expected = np.apply_along_axis(line, 0, IMAGE.astype(float), size[0], kernel)
    expected = np.apply_along_axis(line, 1, expected, size[1], kernel)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_average_image_is_subtracted() -> None:
    average = RANDOM.uniform(0, 255, (6, 5, 3))
    prepared = ImagePreparation((6, 5), average).prepared(IMAGE)
    expected = resized(IMAGE.astype(np.float32), (6, 5)) - average.astype(np.float32)
    assert prepared.dtype == np.float32
    np.testing.assert_array_equal(prepared, expected)


def test_an_average_for_each_channel_and_several_images() -> None:
    average = np.array([1.0, 2.0, 3.0]).reshape(1, 1, 3)
    images = np.stack([IMAGE, IMAGE[::-1]], axis=3)
    prepared = ImagePreparation((13, 10), average).prepared(images)
    assert prepared.shape == (13, 10, 3, 2)
    np.testing.assert_array_equal(prepared[..., 1], IMAGE[::-1] - np.float32([1, 2, 3]))


def test_the_middle_of_what_covers_image_and_border() -> None:
    ready = ImagePreparation((4, 6), border=(2, 4))
    whole = resized(IMAGE.astype(np.float32), (6, 10))
    np.testing.assert_array_equal(ready.prepared(IMAGE, crop=True), whole[1:5, 2:8])


def test_the_shorter_side_decides_where_the_aspect_is_kept() -> None:
    image = np.zeros((20, 40))
    ready = ImagePreparation((10, 10), keep_aspect=True)
    assert ready._resized_to(image.shape) == (10, 20)
    assert ready.prepared(image, crop=True).shape == (10, 10)


@pytest.mark.parametrize(
    ("ready", "said"),
    [
        (ImagePreparation((4, 6), border=(1, 0)), "no middle pixel"),
        (ImagePreparation((4, 6), border=(0.5, 0)), "4.50"),
        (ImagePreparation((8, 6), keep_aspect=True), "becomes"),
    ],
)
def test_a_rounding_that_nothing_settles_is_refused(ready: ImagePreparation, said: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=said):
        ready.prepared(IMAGE, crop=True)


def test_an_image_of_other_channels_than_the_average() -> None:
    ready = ImagePreparation((4, 4), np.zeros((1, 1, 3)))
    with pytest.raises(DataFormatError, match="average image is 1×1×3"):
        ready.prepared(np.zeros((8, 8)))


@pytest.mark.parametrize("image", [np.zeros(3), np.zeros((0, 3, 3))])
def test_what_is_no_image(image: Any) -> None:
    with pytest.raises(DataFormatError, match="An image is"):
        ImagePreparation((4, 4)).prepared(image)


@pytest.mark.parametrize("image", ["cat.png", None, [["a", "b"]]])
def test_what_holds_no_numbers_is_no_image(image: object) -> None:
    with pytest.raises(DataFormatError, match="H×W×C numbers"):
        ImagePreparation((4, 4)).prepared(image)


def test_a_size_beyond_any_image() -> None:
    with pytest.raises(LimitExceededError, match="No image is"):
        ImagePreparation((10**9, 4)).prepared(IMAGE)
