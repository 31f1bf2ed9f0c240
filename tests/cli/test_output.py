"""What is printed, where, and in which colour. Expected values: written out by hand."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest

from cli import output
from matlab_compat.display import lines_of_their_own, safe_text
from matlab_compat.errors import FileAccessError

#: A file that has no room for anything.
FULL = Path("/dev/full")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_a_verdict_is_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    output.verdict("equal", good=True)
    output.verdict("different", good=False)
    assert terminal.getvalue() == "\x1b[32mequal\x1b[0m\n\x1b[31mdifferent\x1b[0m\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    terminal = use_terminal(monkeypatch)
    monkeypatch.setenv(name, value)
    output.verdict("equal", good=True)
    assert terminal.getvalue() == "equal\n"


def test_no_colour_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    output.verdict("equal", good=True)
    output.error("wrong")
    assert tuple(capsys.readouterr()) == ("equal\n", "error: wrong\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain × text\n", "plain × text\n"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb\x00\x9b", r"a\rb\x00\x9b"),
        ("left\u202eright", r"left\u202eright"),
        ("\ud800", r"\ud800"),
    ],
)
def test_text_from_files_is_made_fit_for_a_terminal(text: str, shown: str) -> None:
    assert safe_text(text) == shown


def test_texts_of_a_document_cannot_break_lines() -> None:
    document = {"a\nb": ["x\ny", 1, None, {"c": "\x1b"}]}
    assert lines_of_their_own(document) == {"a\\nb": ["x\\ny", 1, None, {"c": "\\x1b"}]}


def test_an_encoding_without_the_multiplication_sign_gets_an_x(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.data("3×3 ü")
    assert raw.getvalue() == b"3x3 \\xfc\n"


def test_documents_are_ascii_json_and_refuse_nan(capsys: pytest.CaptureFixture[str]) -> None:
    output.document({"name": "ü\x1b"})
    assert capsys.readouterr().out == '{\n  "name": "\\u00fc\\u001b"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        output.document({"value": float("nan")})


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_said_and_is_no_internal_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FULL.open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(FileAccessError, match="The results cannot be printed: No space left"):
            output.data("equal")
        output.data("nothing more is tried")


def test_streams_that_were_closed_take_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sys.stdout", "sys.stderr"):
        monkeypatch.setattr(name, None)
    output.open_streams()
    with sys.stdout, sys.stderr:
        output.verdict("equal", good=True)
        output.error("wrong")


def test_quiet_leaves_errors_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    output.speak(quiet=True)
    output.note("a remark")
    output.data("a result")
    output.error("wrong")
    output.speak()
    output.note("another")
    assert tuple(capsys.readouterr()) == ("a result\n", "error: wrong\nanother\n")


def test_verbose_shows_what_the_packages_log(capsys: pytest.CaptureFixture[str]) -> None:
    output.speak(verbose=True)
    logging.getLogger("converters.somewhere").info("took %s", "net")
    output.speak()
    logging.getLogger("converters.somewhere").info("not shown")
    assert tuple(capsys.readouterr()) == ("", "converters.somewhere: took net\n")
