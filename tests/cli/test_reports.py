"""verify's reports as files, end to end. Expected values: the fixtures as Octave made them; what
conv and numpy say of them; Chromium, an independent reader of the page.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from matlab_compat.parity.reports.html import html_page
from tests.cli.command import FIXTURES
from tests.matlab_compat.parity.reports.samples import HOSTILE, comparison, report
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

GOOD = FIXTURES / "same_odd.v7.mat"
WRONG = FIXTURES / "wrong_by_one_pixel.v7.mat"
CHROMIUM = "/usr/bin/chromium"


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


def test_a_page_about_many_files_is_refused(call: Any, tmp_path: Path) -> None:
    done = call("verify", GOOD, WRONG, "--report", tmp_path / "r.html")
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
    done = subprocess.run(
        [sys.executable, place],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    (output,) = found["outputs"]
    assert f"max abs {output['max_abs']:.3g}, relative L2 {output['rel_l2']:.3g}" in done.stdout
    assert f"worst at {[3, 1, 0, 0]}" in done.stdout


def test_a_script_for_a_hostile_name_is_only_that(call: Any, tmp_path: Path) -> None:
    file = tmp_path / 'a"""\nprint(1)\n\u202e\'.mat'
    file.write_bytes(GOOD.read_bytes())
    place = tmp_path / "again.py"
    assert call("verify", file, "--gen-script", place).code == 0
    assert place.read_text().isascii()
    done = subprocess.run(
        [sys.executable, place], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
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


def chromium(page: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND",  # nor may the browser itself
            f"--user-data-dir={page.parent / 'profile'}", *flags, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("name", ["Y", HOSTILE], ids=["plain", "hostile"])
def test_a_browser_shows_the_page_and_asks_for_nothing(tmp_path: Path, name: str) -> None:
    page, log = tmp_path / "page.html", tmp_path / "net.json"
    layers = (comparison("conv"), comparison(name, off=1.0))
    page.write_text(html_page(report(name, off=2.0, layers=layers), name), encoding="utf-8")
    done = chromium(page, "--enable-logging=stderr", "--dump-dom", f"--log-net-log={log}")
    assert "CONSOLE" not in done.stderr
    for said in ("✗ Different", "Along the network", "Environment", "data:image/png;base64,"):
        assert said in done.stdout
    assert "<script" not in done.stdout
    assert requests_of_the_page(log) == []


@pytest.mark.browser
def test_a_request_of_a_page_would_be_seen(tmp_path: Path) -> None:
    page, log = tmp_path / "page.html", tmp_path / "net.json"
    page.write_text("<img src='http://example.invalid/a.png'>")
    chromium(page, "--dump-dom", f"--log-net-log={log}")
    assert requests_of_the_page(log) == ["http://example.invalid/a.png"]


def requests_of_the_page(log: Path) -> list[str]:
    """The addresses asked for by a page: the browser's own requests have no origin."""
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    asked = {e["url"] for e in events if "url" in e and e.get("initiator", "not") == "null"}
    return sorted(url for url in asked if not url.startswith(("data:", "file:")))


@pytest.mark.browser
def test_the_page_is_light_or_dark_as_the_reader_wants(tmp_path: Path) -> None:
    pictures = []
    for scheme in (0, 1):  # dark, light
        page, shot = tmp_path / f"{scheme}.html", tmp_path / f"{scheme}.png"
        page.write_text(html_page(report(), "f"), encoding="utf-8")
        chromium(page, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={shot}")
        pictures.append(mean_brightness(shot))
    assert pictures[0] < 80 < 180 < pictures[1]


def mean_brightness(shot: Path) -> float:
    from matplotlib.image import imread

    return float(imread(shot)[..., :3].mean() * 255)
