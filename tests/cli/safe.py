"""What any output must be, whatever a file holds: plain text, strict JSON, sound XML, tame HTML.

Each function raises AssertionError. Read by the parsers of the standard library; what is allowed
is written out here, from the Unicode categories and from what the reports are meant to hold.
"""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

#: Control, format (overrides of the direction), surrogate, ends of lines other than LF.
_UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")


def _words(text: str) -> set[str]:
    return set(text.split())


#: All that a page of ours may be made of.
_ELEMENTS = _words(
    "html head meta title style body header section h1 h2 h3 p b code span div table thead tbody "
    "tr th td figure figcaption details summary svg g defs pattern rect line path polyline circle "
    "text image"
)
_ATTRIBUTES = _words(
    "lang charset name content http-equiv class id scope role viewbox width height x y x1 y1 x2 y2 "
    "cx cy r d fill points href transform text-anchor patternunits patterntransform stroke "
    "stroke-width preserveaspectratio style dominant-baseline tabindex aria-label xmlns rx"
)
_EMPTY = {"meta"}


def check_text(text: str) -> None:
    """No control characters but line ends, no overrides of the direction, no surrogates."""
    unsafe = {c for c in set(text) - {"\n"} if unicodedata.category(c) in _UNSAFE}
    assert not unsafe, f"unsafe characters: {sorted(map(ascii, unsafe))}"


def check_json(text: str) -> Any:
    """One strict document, in ASCII; NaN and Infinity are no tokens of JSON."""
    assert text.isascii()
    check_text(text)

    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is no JSON")

    return json.loads(text, parse_constant=refuse)


def check_junit(text: str) -> ET.Element:
    """Well-formed XML whose elements are JUnit's."""
    check_text(text)
    root = ET.fromstring(text)
    known = _words("testsuites testsuite properties property testcase failure error")
    assert {element.tag for element in root.iter()} <= known
    return root


def check_markdown(text: str) -> str:
    """As HTML, by markdown-it, with none of its elements made by data."""
    from markdown_it import MarkdownIt

    check_text(text)
    page: str = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tags = re.findall(r"<(\w+)", page)
    known = _words("h3 p code strong em br table thead tbody tr th td details summary")
    assert set(tags) <= known, set(tags) - known
    assert tags.count("details") <= 1
    assert "</table>" in page
    return page


def check_html(text: str) -> Page:
    """Elements and attributes of ours alone, each closed; no address but of images within."""
    check_text(text)
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open, f"not closed: {page.open}"
    return page


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; refuse what is none of ours."""
        assert tag in _ELEMENTS, f"<{tag}>"
        for name, value in attrs:
            assert name in _ATTRIBUTES, f"<{tag} {name}>"
            assert name != "href" or (value or "").startswith("data:image/png;base64,"), value
        self.elements.append(tag)
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Elements are closed in the order in which they were opened."""
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text is only gathered."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """The pages have no comments."""
        raise AssertionError(f"comment: {data}")
