"""A browser for the pages that command lines write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser import Browser, browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser, for the pages of one module."""
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found
