"""Pictures as ``imread`` gives them. Expected values: the numbers that each file was made of.

PNG files are packed by hand where Pillow would not write them so.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters.images import read_image
from converters.matfile import Limits
from matlab_compat.errors import (
    CorruptFileError,
    FileAccessError,
    LimitExceededError,
    UnsupportedFileError,
    UsageError,
)

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (4, 6, 3), np.uint8)
GREY = RGB[..., 0].copy()
DEEP = RNG.integers(0, 65536, (4, 6), np.uint16)


def png(path: Path, depth: int, colour: int, rows: bytes, width: int, height: int) -> str:
    """A PNG file, packed by hand: depth in bits, colour type 0 grey or 2 RGB."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return str(path)


def saved(path: Path, array: np.ndarray, **options: object) -> str:
    Image.fromarray(array).save(path, **options)
    return str(path)


@pytest.mark.parametrize("array", [RGB, GREY, GREY > 99], ids=["rgb", "grey", "logical"])
@pytest.mark.parametrize("ending", [".png", ".tif", ".bmp"])
def test_a_picture_comes_as_it_was_stored(tmp_path: Path, array: np.ndarray, ending: str) -> None:
    found = read_image(saved(tmp_path / f"a{ending}", array)).array
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_grey_of_16_bits_is_uint16(tmp_path: Path, ending: str) -> None:
    found = read_image(saved(tmp_path / f"a{ending}", DEEP)).array
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, DEEP)


def test_a_tiff_of_single_stays_single(tmp_path: Path) -> None:
    values = np.float32([[0.25, 1e-9], [3e8, -1]])
    np.testing.assert_array_equal(read_image(saved(tmp_path / "a.tif", values)).array, values)


def test_a_jpeg_is_uint8_and_close(tmp_path: Path) -> None:
    flat = np.full((16, 16, 3), (200, 30, 40), np.uint8)
    found = read_image(saved(tmp_path / "a.jpg", flat, quality=95)).array
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - flat).max() <= 4


@pytest.mark.parametrize("ending", [".jpg", ".tif", ".png"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_note_on_orientation_turns_nothing(tmp_path: Path, ending: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    plain = read_image(saved(tmp_path / f"plain{ending}", RGB)).array
    found = read_image(saved(tmp_path / f"a{ending}", RGB, exif=exif))
    np.testing.assert_array_equal(found.array, plain)
    assert "turned" in found.notes[0]


def test_of_several_pictures_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(GREY).save(path, save_all=True, append_images=[Image.fromarray(255 - GREY)])
    found = read_image(str(path))
    np.testing.assert_array_equal(found.array, GREY)
    assert found.notes == ("the first of 2 pictures in the file",)


def test_a_palette_is_refused_unless_its_colours_are_asked_for(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    image.save(path := tmp_path / "a.png")
    with pytest.raises(UnsupportedFileError, match="indices") as caught:
        read_image(str(path))
    assert "colour='rgb'" in caught.value.remedy
    found = read_image(str(path), colour="rgb").array
    np.testing.assert_array_equal(found, [[[10, 20, 30], [200, 100, 50]]])


def test_an_opaque_alpha_channel_is_left_out_and_said(tmp_path: Path) -> None:
    opaque = np.dstack([RGB, np.full(GREY.shape, 255, np.uint8)])
    found = read_image(saved(tmp_path / "a.png", opaque))
    np.testing.assert_array_equal(found.array, RGB)
    assert "alpha" in found.notes[0]


def test_transparency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFileError, match="transparent"):
        read_image(saved(tmp_path / "a.png", np.dstack([RGB, GREY])))


def test_colours_of_16_bits_which_pillow_would_halve_are_refused(tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", 16, 2, b"\0" + bytes(range(12)), 2, 1)
    with pytest.raises(UnsupportedFileError, match="16 bits") as caught:
        read_image(path)
    assert "imread" in caught.value.remedy


def test_grey_of_4_bits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFileError, match="not settled"):
        read_image(png(tmp_path / "a.png", 4, 0, b"\0\x12", 2, 1))


def test_cmyk_is_refused(tmp_path: Path) -> None:
    Image.new("CMYK", (2, 2)).save(path := tmp_path / "a.jpg")
    with pytest.raises(UnsupportedFileError, match="CMYK"):
        read_image(str(path))


def test_a_damaged_picture_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = Path(saved(tmp_path / "a.png", RNG.integers(0, 256, (64, 64, 3), np.uint8)))
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(CorruptFileError, match="damaged"):
        read_image(str(path))


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(CorruptFileError, match="no picture"):
        read_image(str(tmp_path / "a.png"))
    with pytest.raises(FileAccessError):
        read_image(str(tmp_path / "b.png"))


def test_a_picture_beyond_the_limit_is_not_decoded(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="4×6"):
        read_image(saved(tmp_path / "a.png", RGB), Limits(max_bytes=100))
    huge = png(tmp_path / "huge.png", 8, 2, b"", 2**30, 2**30)
    with pytest.raises(LimitExceededError):
        read_image(huge)


def test_without_pillow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        read_image(str(tmp_path / "a.png"))
    assert caught.value.remedy == "pip install 'matlab-compat[images]'"
