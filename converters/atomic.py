"""Files that appear whole or not at all: written under another name, then given their own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matlab_compat.errors import FileAccessError, UsageError, locating
from matlab_compat.wording import argument


@contextmanager
def new_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """A temporary file in the target's folder, which becomes ``path`` if the block succeeds.

    If anything fails, nothing is left behind and an existing file stays as it was.

    Raises
    ------
    UsageError
        ``path`` exists and ``overwrite`` is not set.
    FileAccessError
        It is a folder, or cannot be written.
    """
    check_place(path, overwrite=overwrite)
    target = Path(os.path.realpath(path))
    with locating(str(path)), _temporary(target) as temporary:
        yield temporary
        _check_target(target, overwrite)
        _give_name(temporary, target)


def check_place(path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Say early, before there is anything to write, that a file of that name is in the way.

    Raises
    ------
    UsageError, FileAccessError
        As :func:`new_file`.
    """
    with locating(str(path)):
        _check_target(Path(os.path.realpath(path)), overwrite)


def _check_target(target: Path, overwrite: bool) -> None:
    if target.is_dir():
        raise FileAccessError("There is a folder of that name.", remedy="give the name of a file")
    if target.exists() and not overwrite:
        raise UsageError(
            "There is a file of that name.",
            remedy=f"give another name, or pass {argument('overwrite', True)}.",
        )


@contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """A new file beside the target, gone at the end whatever happens."""
    # The ending stays the last: some writers choose their format by it.
    temporary = target.with_name(f".{target.stem[:80]}.{secrets.token_hex(6)}.part{target.suffix}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
    except OSError as error:
        if isinstance(error, FileAccessError):
            raise
        raise FileAccessError(
            f"The file cannot be written: {error.strerror or error}.",
            remedy="check that the folder exists, may be written and has room",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _give_name(temporary: Path, target: Path) -> None:
    if target.exists():
        shutil.copymode(target, temporary)
    _sync(temporary)
    temporary.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    """Make sure that what was written survives a power cut, where the system can."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
