"""The site in a browser, without a network. Expected values: a page written here."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.mark.browser
@pytest.mark.slow
def test_the_search_of_the_site_works_from_files(chromium: Browser, tmp_path: Path) -> None:
    build = pytest.importorskip("sphinx.cmd.build")
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    (source / "index.md").write_text("# First\n\nA transposed convolution.\n", encoding="utf-8")
    assert build.main(["-q", "-c", str(ROOT / "docs"), str(source), str(site)]) == 0
    chromium.open(site / "index.html")
    chromium.run("document.querySelector('input[name=q]').value = 'transposed'")
    chromium.follow("document.querySelector('input[name=q]').form.submit()")
    until = time.monotonic() + PATIENCE
    found: list[str] = []
    while not found and time.monotonic() < until:
        found = chromium.run("[...document.querySelectorAll('#search-results a')].map(a => a.text)")
    assert found == ["First"]
    assert chromium.said == []
    assert [url for url in chromium.asked if not url.startswith("file:")] == []
