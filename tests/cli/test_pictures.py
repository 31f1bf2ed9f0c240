"""``inspect --report`` and ``--plot``. Expected values: the networks as the fixtures' READMEs have
them, and an XML parser.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import FIXTURES

NETWORK = FIXTURES / "shallow" / "feedforward.v7.mat"
LAYER = FIXTURES / "same_odd.v7.mat"


def names(svg: str) -> list[str]:
    root = ET.fromstring(svg)
    return [text.text or "" for text in root.iter() if text.get("class") == "name"]


def test_a_page_and_a_picture_are_written_beside_the_text(call: Any, tmp_path: Path) -> None:
    page, picture = tmp_path / "net.html", tmp_path / "net.svg"
    done = call("inspect", NETWORK, "--report", page, "--plot", picture)
    assert (done.code, done.err) == (0, f"wrote {page}\nwrote {picture}\n")
    assert "tansig(IW{1,1}*x1 + b{1})" in done.out
    assert "<!DOCTYPE html>" in page.read_text(encoding="utf-8")
    assert names(picture.read_text(encoding="utf-8")) == ["x1", "a1", "a2", "y1"]


def test_json_goes_to_stdout_alone(call: Any, tmp_path: Path) -> None:
    done = call("inspect", LAYER, "--report", tmp_path / "a.html", "--format", "json")
    assert done.code == 0
    assert done.out.startswith("{")


@pytest.mark.parametrize(
    ("option", "name"), [("--report", "a.pdf"), ("--plot", "a.gif"), ("--plot", "a")]
)
def test_another_ending_is_refused_before_anything_is_read(
    call: Any, tmp_path: Path, option: str, name: str
) -> None:
    done = call("inspect", tmp_path / "absent.mat", option, tmp_path / name)
    assert (done.code, done.out) == (2, "")
    assert "absent" not in done.err


@pytest.mark.parametrize(("option", "name"), [("--report", "a.html"), ("--plot", "a.svg")])
def test_a_file_is_replaced_only_with_force(
    call: Any, tmp_path: Path, option: str, name: str
) -> None:
    place = tmp_path / name
    place.write_text("mine")
    done = call("inspect", NETWORK, option, place)
    assert (done.code, place.read_text()) == (2, "mine")
    assert "--force" in done.err
    assert call("inspect", NETWORK, option, place, "--force").code == 0
    assert place.read_text() != "mine"


def test_without_matplotlib_png_names_the_command(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("matlab_compat.pages.diagram.find_spec", lambda name: None)
    done = call("inspect", NETWORK, "--plot", tmp_path / "net.png")
    assert (done.code, done.out) == (2, "")
    assert "pip install 'matlab-compat[plot]'" in done.err


def test_a_layer_has_no_picture_and_no_page_is_half_written(call: Any, tmp_path: Path) -> None:
    done = call("inspect", LAYER, "--plot", tmp_path / "a.svg")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert "no network" in done.err


def test_of_many_files_each_has_a_page_and_a_table_leads_to_them(call: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad & worse.mat"
    bad.write_bytes(b"no MAT-file")
    place = tmp_path / "all.html"
    done = call("inspect", NETWORK, bad, LAYER, "--report", place)
    assert done.code == 2
    assert done.err == f"wrote {place} and 2 pages in {tmp_path / 'all_files'}\n"
    text = place.read_text(encoding="utf-8")
    assert "2 of 3 ok" in text
    assert text.index("bad &amp; worse.mat") < text.index("feedforward")  # what is wrong goes first
    pages = sorted(page.name for page in (tmp_path / "all_files").iterdir())
    assert pages == ["0001-feedforward.v7.html", "0002-same_odd.v7.html"]
    assert all(f'href="all_files/{page}"' in text for page in pages)


def test_pages_of_an_earlier_report_are_kept(call: Any, tmp_path: Path) -> None:
    (tmp_path / "all_files").mkdir()
    done = call("inspect", NETWORK, LAYER, "--report", tmp_path / "all.html")
    assert (done.code, done.out) == (2, "")
    assert "all_files" in done.err
    assert call("inspect", NETWORK, LAYER, "--report", tmp_path / "all.html", "--force").code == 0


def test_a_picture_of_many_files_is_refused(call: Any, tmp_path: Path) -> None:
    done = call("inspect", NETWORK, LAYER, "--plot", tmp_path / "a.svg")
    assert (done.code, done.out) == (2, "")
