"""The one place that prints: data to stdout, everything else to stderr."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any, TextIO

from matlab_compat.display import safe_text
from matlab_compat.errors import FileAccessError

from . import progress

#: Whether stderr gets errors alone.
_quiet = False


class _Decisions(logging.Handler):
    """What the packages decide, as they tell ``logging``."""

    def emit(self, record: logging.LogRecord) -> None:
        note(f"{record.name}: {record.getMessage()}")


def speak(*, verbose: bool = False, quiet: bool = False) -> None:
    """How much stderr gets from now on: decisions too, or errors alone."""
    global _quiet  # there is one stderr
    _quiet = quiet
    progress.wanted = not quiet
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.NOTSET
    for package in ("matlab_compat", "converters"):
        logger = logging.getLogger(package)
        logger.handlers = [_Decisions()] if verbose else []
        logger.propagate = not verbose
        logger.setLevel(level)


def open_streams() -> None:
    """What was closed before we came (``>&-``) takes what we print, and shows it to nobody."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
            setattr(sys, name, null)


def data(text: str) -> None:
    """Print a result."""
    _print(safe_text(text), sys.stdout)


def width() -> int | None:
    """The width of the terminal that results go to; ``None`` where they go elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def document(record: dict[str, Any]) -> None:
    """Print a result as JSON (ASCII, so that no encoding can garble it)."""
    _print(json.dumps(record, indent=2, allow_nan=False), sys.stdout)


def note(text: str) -> None:
    """Print a remark: warnings, what was written."""
    if not _quiet:
        _print(safe_text(text), sys.stderr)


def error(text: str) -> None:
    """Print an error."""
    _print(_coloured("error: ", "31") + safe_text(text), sys.stderr)


def verdict(text: str, good: bool) -> None:
    """Print the line that matters, in colour on a terminal."""
    _print(_coloured(safe_text(text), "32" if good else "31", sys.stdout), sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    # A redirected stdout on Windows may be cp1252: the multiplication sign becomes an x.
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("×", "x").encode(encoding, "backslashreplace").decode(encoding)
    try:
        with progress.out_of_the_way():
            print(text, file=stream, flush=True)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: no error, and no change of exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError as error:
        if stream is sys.stderr:
            return  # there is nobody left to tell
        # Python would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise FileAccessError(
            f"The results cannot be printed: {error.strerror or error}.",
            remedy="make room where stdout goes, or send it elsewhere.",
        ) from error


def _coloured(text: str, code: str, stream: TextIO | None = None) -> str:
    stream = stream or sys.stderr
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"
