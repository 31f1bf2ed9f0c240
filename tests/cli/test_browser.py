"""The pages in a browser. Expected values: what Chromium, which knows nothing of us, shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from matlab_compat import Network, dlnetwork, fullyConnectedLayer, networkLayer, reluLayer
from matlab_compat.network.page import Entry, html_page
from matlab_compat.pages.diagram import STYLE, Box, Diagram
from matlab_compat.pages.many import Row, many_page
from matlab_compat.pages.markup import element
from matlab_compat.pages.notebook import fragment
from tests.browser import Browser
from tests.matlab_compat.parity.reports.samples import HOSTILE

pytestmark = pytest.mark.browser


def network_page() -> str:
    inner = dlnetwork([fullyConnectedLayer(2, Name="inner")])
    layers = [reluLayer(Name=f"relu_{i}") for i in range(40)]
    net = Network([*layers, reluLayer(Name=HOSTILE), networkLayer(inner, Name="block")])
    return html_page("x" * 80 + ".mat", [Entry("net", "dlnetwork", net)], {"File": HOSTILE})


def files_page() -> str:
    rows = [
        Row("x" * 200, "equal", True, "y " * 150, "a/b c.html"),
        Row(HOSTILE, "unsupported", False, "two:\n  lines"),
    ]
    return many_page("Files", rows)


PAGES = {"network": network_page, "files": files_page}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_asks_for_nothing_and_fits(
    chromium: Browser, tmp_path: Path, name: str
) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGES[name](), encoding="utf-8")
    for width in (1200, 420):
        chromium.open(page, width)
        assert chromium.said == []
        assert chromium.asked == [page.as_uri()]
        assert chromium.run("document.documentElement.scrollWidth") <= width
        hidden = (
            "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth)"
        )
        assert chromium.run(f"{hidden}.map(e => e.textContent)") == []


def test_a_notebooks_own_theme_is_followed_whatever_the_system_has(
    chromium: Browser, tmp_path: Path
) -> None:
    drawn = Diagram((Box("in"),), (), "One box")
    shown = fragment("net", element("p", "equal", class_="good"), drawn.pane(), style=STYLE)
    themes = 'class="vscode-dark"', 'data-jp-theme-light="false"'
    themes += 'class="vscode-light"', 'data-jp-theme-light="true"'
    page = tmp_path / "page.html"
    parts = "".join(f"<div {theme}>{shown}</div>" for theme in themes)
    page.write_text(f"<!DOCTYPE html><body>{parts}</body>", encoding="utf-8")
    colours = "[...document.querySelectorAll('{}')].map(e => getComputedStyle(e).{})"
    for dark in (False, True):
        chromium.open(page, dark=dark)
        in_dark, in_light = ["rgb(111, 207, 151)"] * 2, ["rgb(23, 104, 58)"] * 2
        assert chromium.run(colours.format("p.good", "color")) == in_dark + in_light
        in_dark, in_light = ["rgb(230, 233, 236)"] * 2, ["rgb(28, 32, 36)"] * 2
        assert chromium.run(colours.format(".name", "fill")) == in_dark + in_light


def test_search_and_arrow_keys_find_layers(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(network_page(), encoding="utf-8")
    chromium.open(page)
    chromium.press("/")
    chromium.run("document.activeElement.value = 'relu_39'")
    chromium.run("document.activeElement.dispatchEvent(new Event('input'))")
    assert chromium.run("document.querySelector('#found').textContent") == "1 layer"
    assert chromium.run("document.querySelectorAll('.layers tbody tr:not([hidden])').length") == 1
    chromium.run("document.querySelector('.diagram a').focus()")
    chromium.press("ArrowDown")
    assert chromium.run("document.activeElement.id") == "box-2"
    chromium.run("document.querySelectorAll('th button')[0].click()")
    first = "document.querySelector('.layers tbody tr').id"
    assert (chromium.run(first), chromium.said) == ("layer-42", [])
