"""JUnit XML, Markdown, HTML and text. Expected values: counted in the samples, which are made by
hand; the XML and HTML are read back by the parsers of the standard library.
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import xml.etree.ElementTree as ET
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from matlab_compat.pages.diagram import Box, Diagram
from matlab_compat.pages.markup import png
from matlab_compat.parity import compare, keeping_arrays
from matlab_compat.parity.report import Report
from matlab_compat.parity.reports import drawings
from matlab_compat.parity.reports.html import html_page
from matlab_compat.parity.reports.junit import junit
from matlab_compat.parity.reports.markdown import code, markdown
from matlab_compat.parity.reports.text import report_text
from tests.matlab_compat.parity.reports.samples import ENVIRONMENT, HOSTILE, comparison, report

LAYERS = (comparison("conv"), comparison("up", off=3.0), comparison("out", off=1.0))
FAILED = {"file": "bad.mat", "sha256": None, "options": {}, "exit_code": 2, "summary": "cut off"}


def record(made: Report, file: str = "net.mat") -> dict[str, Any]:
    return {"file": file, **made.to_json()}


def is_safe(text: str) -> bool:
    """No control characters but line ends, no overrides, no surrogates."""
    return all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in text)


class Page(HTMLParser):
    """The elements, texts and addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [v or "" for name, v in attrs if name in ("href", "src", "xlink:href")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def explained() -> Report:
    """All that a diagnosis may have; with it allowed for, nothing is left of the difference."""
    made = report(off=3.0)
    arrays = made.outputs[0].arrays
    assert arrays is not None
    found = replace(
        made.diagnoses[0],
        change="Stride [2 1] instead of [1 2]",
        repair="layer.stride = (1, 2)",
        alternatives=("conv: another Stride",),
        sides=(arrays.expected, arrays.expected),
    )
    return replace(made, diagnoses=(found,))


@pytest.mark.parametrize("form", ["text", "markdown", "junit", "html"])
def test_every_form_shows_the_change_and_the_line_that_repairs_it(form: str) -> None:
    made = explained()
    shown = {
        "text": lambda: report_text(made.to_json(), "net.mat"),
        "markdown": lambda: markdown([record(made)]).replace("\\", ""),
        "junit": lambda: junit([record(made)]),
        "html": lambda: html_page(made, "net.mat"),
    }[form]()
    for said in ("Stride [2 1] instead of [1 2]", "layer.stride = (1, 2)", "conv: another Stride"):
        assert said in shown


def test_the_page_shows_the_difference_before_and_after() -> None:
    made = explained()
    assert "once the mistake is allowed for" in html_page(made, "net.mat")
    bare = replace(made, diagnoses=(replace(made.diagnoses[0], sides=None),))
    assert "once the mistake is allowed for" not in html_page(bare, "net.mat")


# --- JUnit


def test_junit_has_a_case_for_each_layer_and_output() -> None:
    root = ET.fromstring(junit([record(report(off=2.0, layers=LAYERS)), FAILED]))
    assert [root.get(k) for k in ("tests", "failures", "errors")] == ["5", "3", "1"]
    good, bad = root
    cases = [(case.get("name"), case.find("failure") is not None) for case in good.iter("testcase")]
    assert cases == [("conv", False), ("up", True), ("out", True), ("Y", True)]
    error = bad.find("testcase/error")
    assert error is not None
    assert (error.get("type"), error.get("message")) == ("exit code 2", "cut off")


def test_a_diagnosis_of_a_layer_not_compared_stands_at_the_first_failure() -> None:
    document = record(report(off=2.0, layers=LAYERS))
    document["diagnoses"] = [
        {"name": "flip", "text": "kernel flipped", "residual": 0.5, "remedy": "", "where": "up2"}
    ]
    failures = ET.fromstring(junit([document])).findall(".//testcase[failure]")
    assert [case.get("name") for case in failures] == ["up", "out", "Y"]
    said = ["kernel flipped" in (case.findtext("failure") or "") for case in failures]
    assert said == [True, False, False]


def test_a_junit_failure_says_what_the_text_says() -> None:
    failure = ET.fromstring(junit([record(report(off=2.0))])).find(".//failure")
    assert failure is not None
    assert failure.get("message") == "1 of 24 elements are outside the bound"
    assert "Y(2,3,2,1) in MATLAB, Y[1, 2, 1, 0] in Python" in str(failure.text)
    assert "Y: Y was shifted" in str(failure.text)


# --- Markdown


def test_markdown_of_one_file_has_its_verdict_table_and_diagnosis() -> None:
    text = markdown([record(report(off=2.0, layers=LAYERS))])
    assert text.startswith("### ❌ different: `net.mat`")
    assert "The first layer that differs is `up`." in text
    rows = [line for line in text.splitlines() if re.match(r"\| `(conv|up|out|Y)` \|", line)]
    assert [row.split(" | ")[1] for row in rows] == ["✅ equal", *["❌ different"] * 3]
    assert "**Diagnosis** (looks like): `Y`: Y was shifted (residual 0.5)" in text
    assert "Remedy: shift Y back" in text


def test_markdown_of_several_files_lists_the_failures_first() -> None:
    text = markdown([record(report()), FAILED, record(report(off=1.0), "other.mat")])
    lines = text.splitlines()
    assert lines[0] == "### ❌ 1 of 3 equal"
    assert lines[4:] == [
        "| `bad.mat` | ⚠️ `cut off` |",
        "| `other.mat` | ❌ different |",
        "| `net.mat` | ✅ equal |",
    ]


def test_markdown_of_a_large_network_fits_a_comment() -> None:
    layers = tuple(comparison("x" * 3000 + str(i), off=float(i == 190)) for i in range(200))
    text = markdown([record(report(off=1.0, layers=layers))])
    assert len(text) < 65536
    assert "... and 151 more rows, none of them worse." in text
    assert text.count("❌ different |") == 2  # those that differ are among the rows shown


@pytest.mark.parametrize(
    ("name", "span"),
    [("a", "`a`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a|b", "`a\\|b`"), ("", "`   `")],
)
def test_a_name_is_a_code_span_whatever_it_holds(name: str, span: str) -> None:
    assert code(name) == span


# --- HTML


def test_the_page_has_verdict_figures_images_and_environment() -> None:
    page = Page(html_page(report(off=2.0, layers=LAYERS), "net.mat"))
    for said in (
        "✗ Different",
        "The first layer that differs is up.",
        "Y was shifted",
        "Remedy: shift Y back",
        "Along the network",
        "Y(:,:,2,1)",
        "1 of 24 elements",
        "computed 24, expected 22",
        "Environment",
    ):
        assert said in page.text, said
    assert page.tags.count("image") == 6  # three of the output, three of the first layer
    assert "script" not in page.tags


def test_beside_a_network_without_activations_stand_the_figures_of_its_output() -> None:
    drawn = Diagram((Box("conv"),), (), "The network")
    alone = html_page(replace(report(), pictures=(drawn,)), "net.mat")
    whole = html_page(replace(report(layers=LAYERS), pictures=(drawn,)), "net.mat")
    for page, place in ((alone, "beside"), (whole, "below")):
        beside = page.partition('<div class="along">')[2].partition("<h2>Environment")[0]
        assert ("All layers" in beside) == (place == "below")
        assert beside.count("</section>") >= 1
    assert "</section></div></div>" in alone
    assert "</section></div>" not in whole


def test_bars_too_narrow_for_their_numbers_have_none_and_every_few_a_decade() -> None:
    actual = 10.0 ** -np.arange(0.5, 300.5).reshape(-1, 1)
    with keeping_arrays():
        many = compare(np.repeat(actual, 99, 1), np.zeros((300, 99))).arrays
        few = compare(np.ones((2, 2)), np.zeros((2, 2))).arrays
    assert many is not None
    assert few is not None
    texts = re.findall(r'<text x="([\d.]+)" y="[\d.]+"[^>]*>([^<]+)<', drawings.histogram(many))
    decades = [(float(x), text) for x, text in texts if text.startswith("1e")]
    assert [text for _, text in texts if text == "99"] == []
    assert min(b - a for (a, _), (b, _) in pairwise(decades)) > 30
    assert ">4<" in drawings.histogram(few)


def test_a_page_asks_for_nothing_from_outside() -> None:
    page = html_page(report(off=2.0, layers=LAYERS), "net.mat")
    assert {link.partition(",")[0] for link in Page(page).links} == {"data:image/png;base64"}
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page.replace("url(#stripes)", "")


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (np.ones((2, 3)), np.ones((2, 4))),
        (np.full((2, 3), np.nan), np.ones((2, 3))),
        (np.array([[1.0, np.nan, np.inf]]), np.array([[1.0, np.nan, np.inf]])),
        (np.ones(5), np.ones(5)),
        (np.ones((2, 3, 4, 5, 2)), np.ones((2, 3, 4, 5, 2))),
        (np.zeros((1, 4)), np.array([[0.0, 0, 0, 1e-300]])),
        (np.array([[3.0]]), np.array([[1.0]])),
    ],
    ids=["sizes", "nan", "nan on both sides", "vector", "5-D", "tiny", "scalar"],
)
def test_every_kind_of_comparison_has_a_page(actual: Any, expected: Any) -> None:
    with keeping_arrays():
        found = compare(actual, expected, name="Z")
    page = Page(html_page(Report((found,), ENVIRONMENT, (found,)), "f"))
    assert f"Z {'✓ equal' if found.verdict == 'equal' else '✗ different'}" in page.text


def test_a_report_without_arrays_has_a_page_without_images() -> None:
    bare = Report((compare(np.ones((2, 2)), np.ones((2, 2))),), ENVIRONMENT)
    page = Page(html_page(bare, "f"))
    assert "✓ Equal" in page.text
    assert "svg" not in page.tags


def test_a_png_is_what_it_was_made_of() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 4)).astype(np.uint8)
    stream = io.BytesIO(png(pixels))
    assert stream.read(8) == b"\x89PNG\r\n\x1a\n"
    chunks = {}
    while head := stream.read(8):
        size, kind = struct.unpack(">I4s", head)
        chunks[kind] = stream.read(size)
        assert struct.unpack(">I", stream.read(4))[0] == zlib.crc32(kind + chunks[kind])
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (5, 3, 8, 6, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(3, 21)
    assert not rows[:, 0].any()
    assert np.array_equal(rows[:, 1:].reshape(3, 5, 4), pixels)


# --- Hostile names


@pytest.fixture(scope="module")
def hostile() -> Report:
    layers = (comparison(HOSTILE), comparison(HOSTILE + "2", off=1.0))
    made = report(HOSTILE, off=2.0, layers=layers)
    return Report(made.outputs, {**ENVIRONMENT, "file": HOSTILE}, layers, made.diagnoses)


def test_hostile_names_in_text(hostile: Report) -> None:
    text = report_text(hostile.to_json(), HOSTILE)
    assert is_safe(text)
    assert not [line for line in text.splitlines() if line.startswith("Y: equal")]


def test_hostile_names_in_markdown(hostile: Report) -> None:
    text = markdown([record(hostile, HOSTILE), {**FAILED, "summary": HOSTILE}])
    single = markdown([record(hostile, HOSTILE)])
    for shown in (text, single):
        assert is_safe(shown)
        outside = re.sub(r"(`+) .*? \1", "", shown).replace("<details><summary>", "")
        assert "<script" not in outside
        assert "@user" not in outside
    rows = [line for line in single.splitlines() if line.startswith("| ``")]
    assert len(rows) == 3
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


def test_hostile_names_in_junit(hostile: Report) -> None:
    xml = junit([record(hostile, HOSTILE), {**FAILED, "file": HOSTILE, "summary": HOSTILE}])
    assert xml.isascii()
    root = ET.fromstring(xml)
    assert len(root.findall(".//testcase")) == 4
    name = root.findall(".//testcase")[0].get("name")
    assert name is not None
    assert is_safe(name)
    assert name.startswith(r"<script>alert(1)</script>\x1b[31m\ud800\nY: equal\u202e\x00\uffff")


def test_hostile_names_in_a_page(hostile: Report) -> None:
    page = html_page(hostile, HOSTILE)
    assert is_safe(page)
    page.encode("utf-8")
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert r"<script>alert(1)</script>\x1b[31m\ud800\nY: equal" in parsed.text
