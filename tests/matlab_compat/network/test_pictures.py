"""Pictures made to fit. Expected values: written out by hand, and scipy's filters.

The bilinear rule: with s = out/in < 1 each output pixel i (from 1) is at u = i/s + (1 - 1/s)/2, and
takes the pixels around it in proportion to 1 - s*|u - x|, of a picture mirrored at its edges
(MATLAB's page of imresize: "bilinear", antialiasing). Halving by that is the filter [1 3 3 1]/8.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

import matlab_compat as mc
from converters import load
from matlab_compat.errors import (
    DataFormatError,
    MatlabCompatWarning,
    UnsupportedFileError,
    UsageError,
)
from matlab_compat.network.pictures import Fit

GREY = np.random.default_rng(0).integers(0, 256, (8, 12), np.uint8)


def resize(x: Any, size: tuple[int, int], mode: str = "bilinear") -> Any:
    x = np.asarray(x)
    return Fit(resize=True, resize_mode=mode).fitted(x, (*size, 1 if x.ndim == 2 else x.shape[2]))


def test_halving_written_out() -> None:
    # (1*a + 3*a + 3*b + 1*c) / 8 of [0 80 160 40], mirrored: [0 0 | 80 160], [80 160 | 40 40]
    assert resize(np.uint8([[0, 80, 160, 40]]), (1, 2)).tolist() == [[50, 90]]


def test_halving_is_the_filter_that_scipy_applies() -> None:
    kernel = np.array([1, 3, 3, 1]) / 8
    X = GREY.astype(np.float64)
    for axis in (0, 1):
        full = scipy.ndimage.correlate1d(X, kernel, axis=axis, mode="reflect", origin=-1)
        X = full[::2] if axis == 0 else full[:, ::2]
    np.testing.assert_allclose(resize(GREY.astype(np.float64), (4, 6)), X, atol=1e-12)


def test_doubling_is_a_quarter_and_three_quarters() -> None:
    assert resize(np.uint8([[0, 100]]), (1, 4)).tolist() == [[0, 25, 75, 100]]


def test_whole_numbers_are_rounded_after_each_dimension() -> None:
    # Of rows first: (1+2)/2 = 1.5 is 2, (0+0)/2 is 0; then of columns (2+0)/2 is 1, not 0.75 -> 1;
    # and 0.5, 0 give 1, 0, whose mean 0.5 is 1, where 0.25 would be 0.
    assert resize(np.uint8([[1, 0], [0, 0]]), (1, 1)).tolist() == [[1]]


def test_nearest_copies_pixels() -> None:
    assert resize(np.uint8([[1, 2, 3, 4]]), (1, 2), "nearest").tolist() == [[2, 4]]
    assert resize(np.uint8([[1, 2]]), (1, 4), "nearest").tolist() == [[1, 1, 2, 2]]
    assert resize(np.array([[True, False]]), (1, 4), "nearest").tolist() == [
        [True] * 2 + [False] * 2
    ]


def test_bicubic_weights_of_doubling_written_out() -> None:
    # Keys' kernel, a = -0.5, at 0.25, 0.75, 1.25, 1.75: 0.8672 0.2266 -0.0703 -0.0234
    found = resize(np.array([[0.0, 0, 0, 128, 0, 0, 0]]), (1, 14), "bicubic")
    expected = [-3, -9, 29, 111, 111, 29, -9, -3]
    np.testing.assert_allclose(found[0, 3:11], expected, atol=1e-9)


def test_a_picture_of_the_size_is_left_alone() -> None:
    assert Fit().fitted(GREY, (8, 12, 1)) is GREY


def test_another_size_is_an_error_that_offers_resize_and_crop() -> None:
    with pytest.raises(DataFormatError, match=r"8×12.*4×6") as caught:
        Fit().fitted(GREY, (4, 6, 1))
    assert "resize=True" in caught.value.remedy
    assert "crop='centre'" in caught.value.remedy
    with pytest.raises(DataFormatError) as caught:
        Fit().fitted(GREY, (9, 6, 1))
    assert "crop" not in caught.value.remedy


def test_the_middle_is_cut_out_where_there_is_one() -> None:
    np.testing.assert_array_equal(Fit(crop="centre").fitted(GREY, (4, 6, 1)), GREY[2:6, 3:9])
    with pytest.raises(DataFormatError, match="no middle") as caught:
        Fit(crop="centre").fitted(GREY, (5, 6, 1))
    assert "crop='2,4'" in caught.value.remedy


def test_a_crop_begins_at_the_pixel_that_is_named() -> None:
    np.testing.assert_array_equal(Fit(crop="2,4").fitted(GREY, (5, 6, 1)), GREY[1:6, 3:9])
    with pytest.raises(DataFormatError, match="does not lie"):
        Fit(crop="5,1").fitted(GREY, (5, 6, 1))
    with pytest.raises(DataFormatError, match="smaller"):
        Fit(crop="centre").fitted(GREY, (9, 6, 1))


@pytest.mark.parametrize("crop", ["middle", "0,1", "1", "a,b", "1,2,3"])
def test_another_crop_means_nothing(crop: str) -> None:
    with pytest.raises(UsageError, match="first pixel"):
        Fit(crop=crop)


@pytest.mark.parametrize(
    ("want", "covering", "first"),
    [
        # 8×12 with 4 rows has 6 columns; with 4 columns 8/12*4 = 2.67 rows are too few.
        ((4, 4), (4, 6), (0, 1)),
        # 6 columns are too few for 8: 8 columns have 8/12*8 = 5.33 rows, rounded up.
        ((4, 8), (6, 8), (1, 0)),
        ((8, 8), (8, 12), (0, 2)),
    ],
)
def test_resized_until_it_covers_and_then_cut(
    want: tuple[int, int], covering: tuple[int, int], first: tuple[int, int]
) -> None:
    found = Fit(resize=True, crop="centre").fitted(GREY, (*want, 1))
    whole = resize(GREY, covering) if covering != GREY.shape else GREY
    (top, left), (height, width) = first, want
    np.testing.assert_array_equal(found, whole[top : top + height, left : left + width])


def test_a_picture_of_pillow_says_what_it_was() -> None:
    picture = Image.new("RGBA", (16, 16), (200, 30, 30, 255))
    with pytest.warns(MatlabCompatWarning, match="alpha channel, opaque everywhere"):
        load("fixtures/pictures/colours.mat").predict(picture)


def test_options_that_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="nothing is to be resized"):
        Fit(resize_mode="nearest")


def test_grey_becomes_rgb_only_when_told() -> None:
    with pytest.raises(DataFormatError, match=r"is grey.*RGB") as caught:
        Fit().fitted(GREY, (8, 12, 3))
    assert "colour='rgb'" in caught.value.remedy
    found = Fit(colour="rgb").fitted(GREY, (8, 12, 3))
    np.testing.assert_array_equal(found, np.dstack([GREY] * 3))


def test_rgb_becomes_grey_only_when_told_by_the_weights_of_rgb2gray() -> None:
    X = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]]], np.uint8)
    with pytest.raises(DataFormatError) as caught:
        Fit().fitted(X, (1, 4, 1))
    assert "colour='grey'" in caught.value.remedy
    # 255 * 0.2989, 0.5870, 0.1140; 0.2989*10 + 0.5870*20 + 0.1140*30 = 18.15
    assert Fit(colour="grey").fitted(X, (1, 4, 1)).tolist() == [[76, 150, 29, 18]]


def test_black_and_white_has_nothing_between() -> None:
    with pytest.raises(DataFormatError, match="logical") as caught:
        resize(np.array([[True, False]]), (1, 4))
    assert "nearest" in caught.value.remedy


def test_a_network_takes_an_image_of_pillow_as_its_array() -> None:
    X = np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8)
    net = mc.dlnetwork([mc.imageInputLayer([8, 12, 3], Normalization="none"), mc.reluLayer()])
    np.testing.assert_array_equal(net.predict(Image.fromarray(X))[..., 0], X)
    with pytest.raises(DataFormatError, match=r"9×12.*8×12"):
        net.predict(Image.new("RGB", (12, 9)))
    with pytest.raises(UnsupportedFileError, match="transparent"):
        net.predict(Image.new("RGBA", (12, 8)))


def test_the_best_classes_of_an_image() -> None:
    folder = Path(__file__).parents[3] / "fixtures" / "pictures"
    net = load(folder / "colours.mat")
    (best,) = net.classify(Image.open(folder / "apple.png"), top=2)
    assert [name for name, _ in best] == ["apple", "banana"]
    assert best[0][1] > best[1][1]
    for top in (0, 2.5, "five"):
        with pytest.raises(UsageError, match="from 1 on"):
            net.classify(np.zeros((16, 16, 3)), top=top)


def test_a_list_of_pictures_is_one_observation_each() -> None:
    folder = Path(__file__).parents[3] / "fixtures" / "pictures"
    net = load(folder / "colours.mat")
    apple = folder / "apple.png"
    assert net.classify([apple, str(apple), Image.open(apple)]) == ["apple"] * 3
    large = Image.open(apple).resize((40, 30))
    assert len(net.classify([apple, large], top=1, resize=True)) == 2
    with pytest.raises(DataFormatError, match="The picture is 30×40"):
        net.classify([apple, large])


def test_a_path_names_a_picture(tmp_path: Path) -> None:
    X = np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(X).save(tmp_path / "x.png")
    net = mc.dlnetwork([mc.imageInputLayer([8, 12, 3], Normalization="none"), mc.reluLayer()])
    for path in (tmp_path / "x.png", str(tmp_path / "x.png")):
        np.testing.assert_array_equal(net.predict(path)[..., 0], X)
    with pytest.raises(UsageError, match="names a picture"):
        net.predict(tmp_path / "x.npy")


def test_a_picture_is_made_to_fit_as_the_remedy_says() -> None:
    image = Image.fromarray(GREY)
    net = mc.dlnetwork([mc.imageInputLayer([4, 6, 1], Normalization="none"), mc.reluLayer()])
    with pytest.raises(DataFormatError) as caught:
        net.predict(image)
    assert "resize=True" in caught.value.remedy
    assert "crop='centre'" in caught.value.remedy
    small = resize(GREY, (4, 6))
    np.testing.assert_array_equal(net.predict(image, resize=True)[..., 0, 0], small)
    np.testing.assert_array_equal(net.predict(image, crop="centre")[..., 0, 0], GREY[2:6, 3:9])
    with pytest.raises(UsageError, match="about pictures"):
        net.predict(small, resize=True)
