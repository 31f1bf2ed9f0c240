"""The one place that prints: data to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from enum import StrEnum
from typing import Any, TextIO


class Format(StrEnum):
    """How a command reports."""

    text = "text"
    json = "json"


def safe(text: str) -> str:
    """Text from a file made fit for a terminal: no control characters, no lone surrogates."""
    return "".join(c if c == "\n" or _printable(c) else _escaped(c) for c in text)


def lines_of_their_own(value: Any) -> Any:
    """A document whose texts, which come from a file, cannot break or forge lines of a report."""
    if isinstance(value, dict):
        return {lines_of_their_own(k): lines_of_their_own(v) for k, v in value.items()}
    if isinstance(value, list):
        return [lines_of_their_own(item) for item in value]
    return safe(value).replace("\n", "\\n") if isinstance(value, str) else value


def _printable(character: str) -> bool:
    # Cc control (terminal escapes), Cf format (right-to-left overrides), Cs lone surrogates.
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def data(text: str) -> None:
    """Print a result."""
    _print(safe(text), sys.stdout)


def document(record: dict[str, Any]) -> None:
    """Print a result as JSON (ASCII, so that no encoding can garble it)."""
    _print(json.dumps(record, indent=2, allow_nan=False), sys.stdout)


def note(text: str) -> None:
    """Print a remark: progress, warnings, what was written."""
    _print(safe(text), sys.stderr)


def error(text: str) -> None:
    """Print an error."""
    _print(_coloured("error: ", "31") + safe(text), sys.stderr)


def verdict(text: str, good: bool) -> None:
    """Print the line that matters, in colour on a terminal."""
    _print(_coloured(safe(text), "32" if good else "31", sys.stdout), sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    # A redirected stdout on Windows may be cp1252: the multiplication sign becomes an x.
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("×", "x").encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: no error, and no change of exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _coloured(text: str, code: str, stream: TextIO | None = None) -> str:
    stream = stream or sys.stderr
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"
