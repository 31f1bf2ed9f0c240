"""Many files in one command: directories, patterns, a progress bar, one summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from matlab_compat.display import lines_of_their_own
from matlab_compat.errors import MatlabCompatError, UsageError

from . import output, progress

#: What became of one file: ``file``, ``exit_code``, a ``summary`` in a line, and ``outcome``, a
#: word or two where the exit code says too little.
Outcome = Mapping[str, Any]

_WORDS = {0: "ok", 1: "different", 2: "refused", 3: "unsupported", 4: "internal error"}


def word(outcome: Outcome) -> str:
    """What became of it, in a word or two."""
    return str(outcome["outcome"] or _WORDS[outcome["exit_code"]])


def outcome_of(record: Mapping[str, Any], line: Callable[[Mapping[str, Any]], str]) -> Outcome:
    """What a record of :mod:`converters.batch` says; ``line``: of a file that could be done."""
    said = str(record["summary"]) if "summary" in record else line(record)
    return _outcome(record["file"], record["exit_code"], said, record.get("outcome", ""))


def _outcome(file: str, exit_code: int, summary: str, outcome: str = "") -> Outcome:
    return {"file": file, "exit_code": exit_code, "summary": summary, "outcome": outcome}


def expanded(
    arguments: Sequence[str], endings: Sequence[str] = (".mat",), what: str = "MAT-file"
) -> list[str]:
    """The files that paths, folders (all below with one of the endings) and patterns name.

    Raises ``UsageError``: a folder or pattern without such a file; ``what`` is its name.
    """
    files: list[str] = []
    for argument in arguments:
        if is_folder(argument):
            found = sorted(str(p) for p in Path(argument).rglob("*") if _is_one(p, endings))
        elif is_pattern(argument):
            found = sorted(glob(argument, recursive=True))  # noqa: PTH207  # Path.glob is relative
        else:
            found = [argument]
        if not found:
            raise UsageError(f"There is no {what} in {argument}.", where=(argument,))
        files += found
    return files


def _is_one(path: Path, endings: Sequence[str]) -> bool:
    """Whether it is a file of one of the endings, of pictures also in capitals: IMG_1.JPG."""
    ending = path.suffix if len(endings) == 1 else path.suffix.lower()
    return ending in endings and path.is_file()


def is_many(arguments: Sequence[str]) -> bool:
    """Whether the arguments ask for a summary rather than one report."""
    return len(arguments) != 1 or is_folder(arguments[0]) or is_pattern(arguments[0])


# os.path, unlike pathlib, takes a name that no file can have for one that does not exist.


def is_folder(argument: str) -> bool:
    """Whether there is a folder of that name."""
    return os.path.isdir(argument)  # noqa: PTH112


def is_pattern(argument: str) -> bool:
    """Whether it is a pattern such as ``nets/*.mat`` and no file of just that name."""
    return has_magic(argument) and not os.path.exists(argument)  # noqa: PTH110


def each(files: Sequence[str], work: Callable[[str], str]) -> list[Outcome]:
    """Do ``work``, which gives a line, on every file; an error of one does not stop the rest."""
    outcomes = []
    for file in progress.along(files, len(files), "files"):
        try:
            outcomes.append(_outcome(file, 0, work(file)))
        except MatlabCompatError as error:
            outcomes.append(_outcome(file, error.exit_code, error.what, error.outcome))
    return outcomes


def summarize(outcomes: Iterable[Outcome]) -> int:
    """Print one line for each file and give the worst exit code."""
    rows = list(outcomes)
    width = max(len(word(row)) for row in rows)
    for row in rows:
        line = lines_of_their_own(row["summary"].partition("\n")[0].removesuffix(":"))
        output.data(f"{word(row):<{width}}  {row['file']}  {line}")
    codes: list[int] = [row["exit_code"] for row in rows]
    output.data(f"{codes.count(0)} of {len(rows)} ok")
    return max(codes)
