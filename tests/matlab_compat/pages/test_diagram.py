"""Boxes and wires as files. Expected values: an XML parser, and matplotlib as a reader of PNG."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from matlab_compat.errors import FileAccessError, UsageError
from matlab_compat.pages.diagram import Box, Diagram
from tests.matlab_compat.parity.reports.samples import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"
SMALL = Diagram((Box("in", "Image Input", "28×28×1"), Box("fc", mark="different")), ((0, 1),), "A")


def texts(diagram: Diagram) -> list[str]:
    return [text.text or "" for text in ET.fromstring(diagram.svg()).iter(f"{SVG}text")]


def test_a_picture_says_names_kinds_sizes_and_marks() -> None:
    assert texts(SMALL) == ["in", "Image Input", "28×28×1", "fc", "", "✗"]


def test_a_notebook_gets_the_svg_and_a_terminal_a_line() -> None:
    assert SMALL._repr_svg_().startswith("<svg")
    assert repr(SMALL) == "<Diagram: A, 2 boxes>"


def test_names_from_files_are_only_text() -> None:
    hostile = Diagram((Box(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, "", HOSTILE),), (), HOSTILE)
    root = ET.fromstring(hostile.svg())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "style", "rect", "g", "a", "path", "text",
    }  # fmt: skip


def test_long_names_are_shortened_in_the_middle_and_whole_where_one_points() -> None:
    name = "a" * 200 + "b" * 200
    diagram = Diagram((Box(name),), (), "")
    shown = texts(diagram)[0]
    assert len(shown) < 50
    assert shown.startswith("aaa")
    assert shown.endswith("bbb")
    assert f"<title>{name}</title>" in diagram.svg()


def test_wide_letters_take_two_places() -> None:
    assert len(texts(Diagram((Box("画" * 100),), (), ""))[0]) < 25


def test_wires_that_are_not_drawn_are_written() -> None:
    assert "from itself" in texts(Diagram((Box("a1"),), ((0, 0),), ""))


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_a_picture_is_saved_as_its_ending_says(tmp_path: Path, ending: str) -> None:
    place = tmp_path / f"net{ending}"
    Diagram((Box(HOSTILE), Box("画")), ((0, 1), (1, 1)), "").save(place)
    begins = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF"}
    assert place.read_bytes().startswith(begins[ending])


def test_a_png_has_twice_the_pixels_that_the_svg_has(tmp_path: Path) -> None:
    from matplotlib.image import imread

    SMALL.save(tmp_path / "net.png")
    height, width, _ = imread(tmp_path / "net.png").shape
    assert (width, height) == pytest.approx([2 * n for n in SMALL.size], abs=2)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="No such file or directory"):
        SMALL.save(tmp_path / "absent" / "net.svg")


def test_links_can_be_found_by_a_screen_reader() -> None:
    linked = Diagram((Box("in", link="#layer-1", anchor="box-1"),), (), "A")
    roles = [ET.fromstring(one.svg()).get("role") for one in (SMALL, linked)]
    assert roles == ["img", "group"]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.gif") as error:
        SMALL.save(tmp_path / "net.gif")
    assert ".svg, .png, .pdf" in error.value.remedy


def test_a_png_in_which_nothing_could_be_read_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    chain = Diagram((Box("x"),) * 2000, tuple((i, i + 1) for i in range(1999)), "long")
    with pytest.raises(UsageError, match="letters could not be read") as caught:
        chain.save(tmp_path / "net.png")
    assert "svg" in caught.value.remedy


def test_without_matplotlib_png_names_the_command_and_svg_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("matlab_compat.pages.diagram.find_spec", lambda name: None)
    with pytest.raises(UsageError) as error:
        SMALL.save(tmp_path / "net.png")
    assert "pip install 'matlab-compat[plot]'" in error.value.remedy
    SMALL.save(tmp_path / "net.svg")
