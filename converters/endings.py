"""Names of files: what can be one, and its ending, which says the format and is kept or refused."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path

from matlab_compat.display import enumerated
from matlab_compat.errors import FileAccessError, UsageError


def file_path(path: object) -> Path:
    """A path that somebody gives.

    Raises ``UsageError``: it is no text and no path; ``FileAccessError``: no file can have it.
    """
    if isinstance(path, str | PathLike) and isinstance(name := fspath(path), str):
        if "\0" in name:
            raise FileAccessError("No file can have a name with a null character.", where=(name,))
        return Path(name)
    raise UsageError(
        f"A path is a text or a pathlib.Path, not {type(path).__name__}.",
        remedy="os.fsdecode(path) is a text."
        if isinstance(path, bytes | PathLike)
        else "name the file: 'net.mat'.",
    )


def cannot_be_read(error: OSError, *where: str) -> FileAccessError:
    """The error for a file that is not there, or that the system does not let us read."""
    return FileAccessError(
        f"The file cannot be read: {error.strerror or error}.",
        where=where,
        remedy="check the spelling of the path and the permissions of the file.",
    )


def ending_of(path: str | PathLike[str], known: Sequence[str], what: str) -> str:
    """The ending of ``path`` in lower case, one of ``known``.

    ``what`` would be written, for the message: ``"A MAT-file"``. Raises ``UsageError``: the name
    ends in none of them.
    """
    path = file_path(path)
    ending = path.suffix.lower()
    if ending in known:
        return ending
    name = path.stem if ending and path.stem else path.name or "out"
    raise UsageError(
        f"{what} is not written as '{path.suffix}': no other format goes by a wrong name."
        if ending
        else f"{what} needs a name with an ending, which says the format.",
        where=(str(path),),
        remedy=f"name it {enumerated([f'{name}{end}' for end in known], 'or')}.",
    )
