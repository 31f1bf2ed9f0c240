"""Command lines run in this process, and a browser for the pages that they write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

import cli.main
from tests.browser import Browser, browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser, for the pages of one module."""
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


class Result:
    """What a command line did in this process."""

    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line in this process: ten times as fast as the installed command."""

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["matlab-compat", *map(str, arguments)])
        code: object = 0
        try:
            cli.main.main()
        except SystemExit as left:
            code = left.code or 0
        return Result(code, *capsys.readouterr())

    return call
