"""Boxes out of a detector's map.

Expected values: GNU Octave's, which computed the convolution, the boxes and their suppression one
number at a time (``fixtures/octave/make_kinds.m``); overlaps and resized boxes worked out by hand.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

import converters
from matlab_compat.detectors import Detector, as_image, overlaps, rounded, scaled, strongest
from matlab_compat.errors import DataFormatError, UnsupportedModelError, UsageError

KINDS = Path(__file__).parents[2] / "fixtures" / "kinds"
TRUTH: dict[str, Any] = scipy.io.loadmat(KINDS / "yolov2_truth.mat")
IMAGE = TRUTH["image"]
NAMES = ("cup", "plate")


@pytest.fixture(scope="module")
def detector() -> Detector:
    return converters.load_detector(KINDS / "yolov2.mat")


@pytest.mark.parametrize(("suppressed", "expected"), [(True, "strongest"), (False, "all_boxes")])
def test_boxes_scores_and_labels_are_those_that_octave_computed(
    detector: Detector, suppressed: bool, expected: str
) -> None:
    found = detector.detect(IMAGE, Threshold=0.3, SelectStrongest=suppressed)
    truth = TRUTH[expected]
    assert len(found) == len(truth) > 5
    np.testing.assert_allclose(found.boxes, truth[:, :4], rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.scores, truth[:, 4], rtol=0, atol=1e-6)
    assert found.labels == [NAMES[int(k) - 1] for k in truth[:, 5]]
    assert found.scores.dtype == np.float32


def test_boxes_of_more_than_the_threshold_are_left(detector: Detector) -> None:
    every = detector.detect(IMAGE, Threshold=0.3).scores
    least = float(every[4])
    assert len(detector.detect(IMAGE, Threshold=least)) == 5
    assert len(detector.detect(IMAGE, Threshold=1)) == 0


def test_nothing_found_is_a_matrix_of_no_rows(detector: Detector) -> None:
    found = detector.detect(IMAGE, Threshold=1)
    assert found.boxes.shape == (0, 4)
    assert found.labels == []


def test_boxes_of_other_sizes_are_left_out(detector: Detector) -> None:
    boxes = detector.detect(IMAGE, Threshold=0.3, SelectStrongest=False).boxes
    low, high = np.median(boxes[:, 3]), np.median(boxes[:, 2])
    kept = detector.detect(
        IMAGE, Threshold=0.3, SelectStrongest=False, MinSize=(low, 1), MaxSize=(6, high)
    )
    expected = ((boxes[:, 3] >= low) & (boxes[:, 2] <= high) & (boxes[:, 3] <= 6)).sum()
    assert 0 < len(kept) == expected < len(boxes)


# --- suppression ------------------------------------------------------------------------------

BOX = np.array([0.0, 0, 4, 4])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 0, 4, 4), 1),
        ((2, 0, 4, 4), 8 / 24),
        ((2, 2, 4, 4), 4 / 28),
        ((1, 1, 2, 2), 4 / 16),
        ((4, 0, 4, 4), 0),
        ((9, 9, 1, 1), 0),
        ((1, 1, 0, 0), 0),
    ],
)
def test_overlap_is_the_intersection_over_the_union(
    other: tuple[int, ...], expected: float
) -> None:
    assert overlaps(BOX, np.array([other], float))[0] == pytest.approx(expected, abs=1e-15)


def test_boxes_without_area_do_not_overlap() -> None:
    assert overlaps(np.zeros(4), np.zeros((1, 4)))[0] == 0


def test_a_weaker_box_of_the_same_class_goes_and_one_of_another_stays() -> None:
    boxes = np.array([BOX, [0, 0, 4, 4.5], [1, 0, 4, 4], [9, 9, 2, 2]])
    assert strongest(boxes, np.array([0, 0, 1, 0])).tolist() == [0, 2, 3]


def test_what_overlaps_by_just_half_stays() -> None:
    boxes = np.array([[0.0, 0, 4, 4], [0, 0, 4, 2]])
    assert overlaps(boxes[0], boxes[1:])[0] == 0.5
    assert strongest(boxes, np.array([0, 0])).tolist() == [0, 1]


def test_a_suppressed_box_suppresses_none() -> None:
    """A chain: the second overlaps both, and goes; the third does not overlap the first."""
    boxes = np.array([[0.0, 0, 10, 1], [3, 0, 10, 1], [6, 0, 10, 1]])
    assert strongest(boxes, np.zeros(3)).tolist() == [0, 2]


# --- images -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "largest"), [(np.uint8, 255), (np.uint16, 65535)])
def test_whole_numbers_are_scaled_to_one(kind: type, largest: int) -> None:
    image = as_image(np.full((2, 3, 3), largest, kind))
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, 1)


def test_an_image_of_one_channel_gets_a_third_dimension() -> None:
    assert as_image(np.zeros((2, 3))).shape == (2, 3, 1)


@pytest.mark.parametrize(
    "image",
    [
        np.full((6, 8, 3), 255.0),
        np.full((6, 8, 3), -0.1),
        np.full((6, 8, 3), np.nan),
        np.zeros((6, 8, 3), np.int32),
        np.zeros((6, 8, 3), bool),
        np.zeros((6, 8, 3), complex),
    ],
    ids=["0 to 255", "negative", "NaN", "int32", "logical", "complex"],
)
def test_numbers_that_are_no_image_are_refused(detector: Detector, image: Any) -> None:
    with pytest.raises(UsageError):
        detector.detect(image)


@pytest.mark.parametrize("shape", [(6,), (6, 8, 3, 2), (6, 8, 1), (6, 8), (8, 6, 3), (0, 0, 3)])
def test_an_image_of_another_shape_is_refused(detector: Detector, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataFormatError):
        detector.detect(np.zeros(shape))


def test_another_size_is_resized_only_if_asked_and_says_so(detector: Detector) -> None:
    image = np.kron(IMAGE, np.ones((2, 3, 1), np.float32))
    with pytest.raises(
        DataFormatError, match="The image is 12×24, the network takes 6×8"
    ) as caught:
        detector.detect(image)
    assert "resize=True" in caught.value.remedy
    found = detector.detect(image, Threshold=0.3, resize=True)
    assert any("resized from 12×24 to 6×8" in note for note in found.notes)
    assert len(found) > 0


def test_an_even_image_resized_gives_the_boxes_scaled(detector: Detector) -> None:
    """Of one colour, every size of it is the same image."""
    small = detector.detect(np.full((6, 8, 3), 0.5), Threshold=0.1, MaxSize=(99, 99))
    large = detector.detect(np.full((18, 16, 3), 0.5), Threshold=0.1, resize=True, MaxSize=(99, 99))
    assert len(small) == len(large) > 0
    factor = np.array([2, 3, 2, 3])
    expected = small.boxes * factor + np.array([-0.5, -1, 0, 0])
    np.testing.assert_allclose(large.boxes, expected, atol=1e-5)


def test_boxes_go_back_from_pixel_centre_to_pixel_centre() -> None:
    box = np.array([[1.0, 1, 2, 2], [0.5, 0.5, 8, 6]])
    back = scaled(box, (6, 8), (12, 32))
    np.testing.assert_allclose(back, [[2.5, 1.5, 8, 4], [0.5, 0.5, 32, 12]])


@pytest.mark.parametrize(
    ("how", "expected"), [("floor", [[2, 1, 3, 5], [1, 1, 8, 6]]), ("nearest", [[3, 1, 4, 6]])]
)
def test_whole_pixels_lie_within_the_image(how: str, expected: list[list[int]]) -> None:
    boxes = np.array([[2.6, -3.0, 3.7, 9.5], [-9, -9, 99, 99]])
    whole = rounded(boxes, how, (6, 8))
    assert (whole[:, :2] >= 1).all()
    assert (whole[:, :2] + whole[:, 2:] - 1 <= [8, 6]).all()
    assert (whole == np.round(whole)).all()
    np.testing.assert_array_equal(whole[: len(expected), 0], [one[0] for one in expected])


def test_it_is_said_that_boxes_are_not_rounded(detector: Detector) -> None:
    assert any("rounds boxes" in note for note in detector.detect(IMAGE).notes)
    assert not any("rounds" in note for note in detector.detect(IMAGE, whole="floor").notes)


# --- what is not known ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"Threshold": 2}, {"Threshold": -1}, {"Threshold": np.nan}, {"whole": "up"}]
)
def test_options_that_mean_nothing_are_refused(detector: Detector, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        detector.detect(IMAGE, **options)


def test_what_is_not_verified_is_refused_and_the_map_is_left(detector: Detector) -> None:
    other = replace(detector, class_name="yolov4ObjectDetector", refusal="not verified")
    with pytest.raises(UnsupportedModelError, match="yolov4ObjectDetector: not verified") as caught:
        other.detect(IMAGE)
    assert "detector.predict(image)" in caught.value.remedy
    assert other.predict(IMAGE).shape == (3, 4, 21, 1)


def test_several_sizes_of_training_ask_which(detector: Detector) -> None:
    several = replace(detector, TrainingImageSize=((6, 8), (12, 16)))
    with pytest.raises(UsageError, match="6×8, 12×16") as caught:
        several.detect(IMAGE)
    assert "size=(6, 8)" in caught.value.remedy
    assert len(several.detect(IMAGE, size=(6, 8), Threshold=0.3)) == len(TRUTH["strongest"])


def test_a_map_of_other_classes_is_refused(detector: Detector) -> None:
    with pytest.raises(DataFormatError, match="21 channels"):
        replace(detector, ClassNames=("cup",)).detect(IMAGE)


@pytest.mark.parametrize("image", ["photo.png", None])
def test_what_is_no_image_is_said(image: object) -> None:
    with pytest.raises(DataFormatError, match="An image is an array of real numbers"):
        as_image(image)
