"""verify's reports as files, end to end. Expected values: the fixtures as Octave made them; what
conv and numpy say of them; Chromium, an independent reader of the page.
"""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from matlab_compat.pages.diagram import Box, Diagram
from matlab_compat.parity.reports.html import html_page
from tests.browser import Browser
from tests.cli import child
from tests.cli.command import FIXTURES, forked
from tests.matlab_compat.parity.reports.samples import HOSTILE, comparison, report

pytestmark = pytest.mark.slow

GOOD = FIXTURES / "same_odd.v7.mat"
WRONG = FIXTURES / "wrong_by_one_pixel.v7.mat"


def test_all_files_are_written_and_the_verdict_stays(call: Any, tmp_path: Path) -> None:
    names = {"--report": "r.html", "--plot": "p.png", "--save-reference": "r.mat"}
    options = [part for o, name in names.items() for part in (o, tmp_path / name)]
    done = call("verify", WRONG, *options)
    assert done.code == 1
    assert done.err.splitlines() == [f"wrote {tmp_path / name}" for name in names.values()]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names.values())
    assert "✗ Different" in (tmp_path / "r.html").read_text()


ENDINGS = {"--report": ".html", "--plot": ".png", "--save-reference": ".mat", "--gen-script": ".py"}


@pytest.mark.parametrize("option", ENDINGS)
@pytest.mark.parametrize("name", ["out.csv", "out"])
def test_a_report_by_a_name_of_another_format_is_refused(
    call: Any, tmp_path: Path, option: str, name: str
) -> None:
    done = call("verify", GOOD, option, tmp_path / name)
    assert (done.code, done.out) == (2, "")
    assert ENDINGS[option] in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ENDINGS)
def test_a_file_is_replaced_only_with_force(call: Any, tmp_path: Path, option: str) -> None:
    place = tmp_path / f"out{ENDINGS[option]}"
    place.write_text("mine")
    done = call("verify", GOOD, option, place)
    assert (done.code, done.out) == (2, "")
    assert "--force" in done.err
    assert place.read_text() == "mine"
    assert call("verify", GOOD, option, place, "--force").code == 0
    assert place.read_bytes() != b"mine"


def test_two_reports_of_one_name_are_refused(call: Any, tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    done = call("verify", GOOD, "--report", place, "--plot", place)
    assert (done.code, list(tmp_path.iterdir())) == (2, [])


def test_of_many_files_each_has_a_page_and_a_table_leads_to_them(call: Any, tmp_path: Path) -> None:
    place, results = tmp_path / "all.html", tmp_path / "all.jsonl"
    bad = tmp_path / "bad.mat"
    bad.write_bytes(b"no MAT-file")
    done = call("verify", GOOD, WRONG, bad, "--report", place, "--results", results)
    assert (done.code, done.err) == (2, f"wrote {place} and 2 pages in {tmp_path / 'all_files'}\n")
    text = place.read_text(encoding="utf-8")
    for page, said in (("0001-same_odd.v7", "Equal"), ("0002-wrong_by_one_pixel.v7", "Different")):
        assert f'href="all_files/{page}.html"' in text
        assert said in (tmp_path / "all_files" / f"{page}.html").read_text(encoding="utf-8")
    assert "html" not in results.read_text()
    again = tmp_path / "all_files" / "0002-wrong_by_one_pixel.v7.html"
    again.unlink()
    done = call("verify", GOOD, WRONG, "--report", place, "--results", results, "--resume")
    assert (done.code, "and 2 pages" in done.err, again.exists()) == (1, True, True)


def test_other_reports_about_many_files_are_refused(call: Any, tmp_path: Path) -> None:
    done = call("verify", GOOD, WRONG, "--plot", tmp_path / "r.png")
    assert done.code == 2
    assert "is about one file" in done.err


def test_the_reference_holds_what_was_computed_and_the_oracle(call: Any, tmp_path: Path) -> None:
    place = tmp_path / "r.mat"
    call("verify", GOOD, "--save-reference", place)
    saved, truth = scipy.io.loadmat(place), scipy.io.loadmat(GOOD)["Y"]
    assert (saved["Y"].dtype, saved["Y_float64"].dtype) == (np.float32, np.float64)
    for name in ("Y", "Y_float64"):
        np.testing.assert_allclose(saved[name].reshape(truth.shape), truth, atol=1e-5)
    assert call("verify", GOOD, "--expected", f"{place}:Y").code == 0


def test_the_script_runs_on_its_own_and_finds_the_same_figures(call: Any, tmp_path: Path) -> None:
    place = tmp_path / "again.py"
    found = json.loads(call("verify", WRONG, "--gen-script", place, "--format", "json").out)
    done = forked(child.run_script, str(place))
    assert done.returncode == 0, done.stderr
    (output,) = found["outputs"]
    assert f"max abs {output['max_abs']:.3g}, relative L2 {output['rel_l2']:.3g}" in done.stdout
    assert f"worst at {[3, 1, 0, 0]}" in done.stdout


def test_a_script_for_a_hostile_name_is_only_that(call: Any, tmp_path: Path) -> None:
    file = tmp_path / 'a"""\nprint(1)\n\u202e\'.mat'
    file.write_bytes(GOOD.read_bytes())
    place = tmp_path / "again.py"
    assert call("verify", file, "--gen-script", place).code == 0
    assert place.read_text().isascii()
    done = forked(child.run_script, str(place))
    assert done.returncode == 0
    assert re.fullmatch(r"'Y' \(10, 8, 3, 1\): .*\n  from float64: .*\n", done.stdout)


def test_junit_and_markdown_of_one_file(call: Any) -> None:
    done = call("verify", WRONG, "--format", "junit")
    assert (done.code, ET.fromstring(done.out).get("failures")) == (1, "1")
    done = call("verify", GOOD, "--format", "markdown")
    assert done.code == 0
    assert done.out.startswith(f"### ✅ equal: `{GOOD}`\n")


def test_junit_and_markdown_of_many_files_tell_errors_from_differences(
    call: Any, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mat"
    bad.write_bytes(b"no MAT-file")
    done = call("verify", GOOD, WRONG, bad, "--format", "junit")
    root = ET.fromstring(done.out)
    assert [root.get(key) for key in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert done.code == 2
    done = call("verify", GOOD, WRONG, bad, "--format", "markdown")
    assert done.out.startswith("### ❌ 1 of 3 equal\n")


# --- In a browser


@pytest.mark.browser
@pytest.mark.parametrize("name", ["Y", HOSTILE], ids=["plain", "hostile"])
def test_a_browser_shows_the_page_and_asks_for_nothing(
    chromium: Browser, tmp_path: Path, name: str
) -> None:
    page = tmp_path / "page.html"
    layers = (comparison("conv"), comparison(name, off=1.0))
    made = report(name, off=2.0, layers=layers)
    drawn = Diagram((Box("conv"), Box(name, mark="different")), ((0, 1),), name)
    page.write_text(html_page(replace(made, pictures=(drawn,)), name), encoding="utf-8")
    for width in (1200, 420):
        chromium.open(page, width)
        assert (chromium.said, chromium.asked) == ([], [page.as_uri()])
        assert chromium.run("document.documentElement.scrollWidth") <= width
    shown = chromium.run("document.body.innerText")
    for said in ("✗ Different", "Along the network", "Environment"):
        assert said in shown
    assert chromium.run("document.scripts.length") == 0
    assert chromium.run("document.querySelector('.image image').href.baseVal").startswith("data:")


@pytest.mark.browser
def test_a_request_of_a_page_would_be_seen(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<img src='http://example.invalid/a.png'>")
    chromium.open(page)
    assert chromium.asked == [page.as_uri(), "http://example.invalid/a.png"]
    assert chromium.said


@pytest.mark.browser
def test_the_page_is_light_or_dark_as_the_reader_wants(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(html_page(report(), "f"), encoding="utf-8")
    pictures = []
    for dark in (True, False):
        chromium.open(page, dark=dark)
        pictures.append(mean_brightness(chromium.screenshot()))
    assert pictures[0] < 80 < 180 < pictures[1]


def mean_brightness(shot: bytes) -> float:
    from matplotlib.image import imread

    return float(imread(io.BytesIO(shot))[..., :3].mean() * 255)
