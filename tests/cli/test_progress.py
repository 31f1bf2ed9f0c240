"""What a terminal shows of long work. Expected values: written out; no test waits."""

from __future__ import annotations

import pytest

from cli import output, progress
from tests.cli.test_output import Terminal


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return stream


def shown() -> None:
    """Put it on the terminal, as the timer will in the end."""
    display = progress._display
    assert display is not None
    display.timer.cancel()
    display.show()


def test_how_many_of_how_many_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    work = progress.along("abc", 3, "files")
    next(work)
    shown()
    next(work)
    list(work)
    said = terminal.getvalue()
    assert "files" in said
    assert "1/3" in said
    assert said.endswith("\x1b[2K")  # and nothing of it is left


def test_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    with progress.waiting("net.mat [bold]"):
        shown()
    assert "net.mat [bold]" in terminal.getvalue()


def test_a_message_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    with progress.waiting("net.mat"):
        shown()
        output.note("a remark")
    before, _, _ = terminal.getvalue().partition("a remark\n")
    assert before.endswith("\x1b[2K")


def test_nothing_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    with progress.waiting("net.mat"):
        pass
    assert terminal.getvalue() == ""


def test_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.waiting("net.mat"):
        assert progress._display is None
    assert tuple(capsys.readouterr()) == ("", "")


def test_nothing_where_it_is_to_be_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    use_terminal(monkeypatch)
    output.speak(quiet=True)
    with progress.waiting("net.mat"):
        assert progress._display is None
    output.speak()
