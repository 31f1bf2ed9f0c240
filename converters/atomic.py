"""Files and folders that appear whole or not at all: written elsewhere, then given their names.

And which names they get, where something is made of each of many.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matlab_compat.errors import FileAccessError, UsageError, locating
from matlab_compat.wording import argument

from .endings import file_path

#: What a folder of an earlier conversion holds; no other folder is replaced.
_OURS = "model.py"


@contextmanager
def new_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """A place to write a file to, which becomes ``path`` if the block succeeds.

    If anything fails, nothing is left behind and an existing file stays as it was.

    Raises ``UsageError``: ``path`` exists and ``overwrite`` is not set; ``FileAccessError``: it is
    a folder, or cannot be written.
    """
    check_place(path, overwrite=overwrite)
    with new_files(path, overwrite=overwrite) as new:
        yield new.temporary[0]


def write_text(place: str | os.PathLike[str], text: str, *, overwrite: bool = False) -> None:
    """Write a page or a script as a :func:`new_file`, in UTF-8 and alike on all systems."""
    with new_file(place, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


@dataclass
class NewFiles:
    """Where to write, and the names that everything gets together in the end."""

    #: Places to write to, in a folder of their own, under the names asked for.
    temporary: tuple[Path, ...]
    #: The name that each gets; the block may choose others.
    places: tuple[Path, ...]


@contextmanager
def new_files(*paths: str | os.PathLike[str], overwrite: bool = False) -> Iterator[NewFiles]:
    """:func:`new_file` for several files or folders, which get their names all or none.

    The first of ``paths`` is the one that is asked for, the others lie beside it. ``overwrite``
    replaces files, and folders that are empty or hold a ``model.py``.

    Raises ``UsageError``: one of them exists and may not be replaced; ``FileAccessError``: one of
    them cannot be written.
    """
    for path in paths:
        check_place(path, overwrite=overwrite, folder=True)
    places = tuple(Path(os.path.realpath(path)) for path in paths)
    first = places[0]
    workshop = first.with_name(f".{first.stem[:80]}.{os.urandom(6).hex()}.part")
    with locating(str(paths[0])), _writing():
        try:
            workshop.mkdir()
            new = NewFiles(tuple(workshop / Path(path).name for path in paths), places)
            yield new
            for place in new.places:  # something may have come there meanwhile
                _check(place, overwrite or new.places != places, folder=True)
            _give_names(new)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


@contextmanager
def _writing() -> Iterator[None]:
    """What the system refuses, in our words: a full disk, a name that is too long."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileAccessError):
            raise
        raise FileAccessError(
            f"It cannot be written: {error.strerror or error}.",
            remedy="give a shorter name."
            if error.errno == errno.ENAMETOOLONG
            else "check that the folder exists, may be written and has room.",
        ) from error


def check_place(
    path: str | os.PathLike[str], *, overwrite: bool = False, folder: bool = False, remedy: str = ""
) -> None:
    """Say early, before there is anything to write, that something of that name is in the way.

    ``folder``: a folder may be what is written. ``remedy``: what to do where it exists; by default
    to give another name, or to overwrite it. Raises as :func:`new_file` and :func:`new_files`.
    """
    place = file_path(path)
    with locating(str(path)), _writing():
        _check(place, overwrite, folder, remedy)


def _check(place: Path, overwrite: bool, folder: bool, remedy: str = "") -> None:
    is_folder = place.is_dir()
    if is_folder and not folder:
        raise FileAccessError("There is a folder of that name.", remedy="give the name of a file.")
    if place.exists() and not overwrite:
        raise UsageError(
            f"There is a {'folder' if is_folder else 'file'} of that name.",
            remedy=remedy or f"give another name, or pass {argument('overwrite', True)}.",
        )
    if is_folder and any(place.iterdir()) and not (place / _OURS).exists():
        raise UsageError(
            "The folder holds something else than an earlier conversion.",
            remedy=f"give another name; a folder is replaced only if it holds a {_OURS}.",
        )


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder to write into, and those that it lies in, unless it is there.

    Raises ``FileAccessError``.
    """
    try:
        file_path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccessError(
            "Files are written into a folder, and this is none."
            if isinstance(error, FileExistsError | NotADirectoryError)
            else f"The folder cannot be made: {error.strerror or error}.",
            where=(str(path),),
            remedy="name another; it is made if it is not there.",
        ) from error


def places_in(
    folder: str, sources: Sequence[str], ending: str, *, kept: Sequence[str] = ()
) -> list[str]:
    """A place in the folder for what is made of each file, under its name.

    Raises ``UsageError``, before anything is done: two would have one name, or one is that of a
    source, or of another file that is to be ``kept``.
    """
    places = [Path(folder, Path(source).stem + ending) for source in sources]
    first: dict[Path, str] = {}
    read = {Path(source).resolve() for source in (*sources, *kept)}
    for place, source in zip(places, sources, strict=True):
        if first.setdefault(place, source) != source:
            raise UsageError(
                f"What is made of {first[place]} and of {source} would both be {place}.",
                remedy="leave one of them out, and give it a folder of its own.",
            )
        if place.resolve() in read:
            raise UsageError(
                f"What is made of {source} would replace {place}, which is an input.",
                remedy="name another folder.",
            )
    return [str(place) for place in places]


def _give_names(new: NewFiles) -> None:
    """All that was written gets its name, or nothing does; what was asked for comes last."""
    pairs = list(zip(new.temporary, new.places, strict=True))
    for temporary, place in pairs:
        if place.exists() and place.is_dir() != temporary.is_dir():
            kind = "folder" if place.is_dir() else "file"
            raise FileAccessError(
                f"It cannot be written: there is a {kind} of that name.",
                remedy="give another name.",
            )
        if place.is_file():
            shutil.copymode(place, temporary)
        for inner in (*temporary.rglob("*"), temporary):
            _sync(inner)
    undo: list[tuple[Path, Path, bool]] = []
    try:
        for temporary, place in reversed(pairs):
            old = temporary.with_name(f"old.{temporary.name}")
            undo.append((place, old, place.exists()))
            # The file asked for takes the place of another in one step: no moment is without it.
            if place.exists() and (place.is_dir() or temporary != new.temporary[0]):
                place.replace(old)
            temporary.replace(place)
    except BaseException:
        for place, old, existed in reversed(undo):
            if old.exists() or not existed:
                shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
            if old.exists():
                old.replace(place)
        raise
    for folder in {place.parent for _, place in pairs}:
        _sync(folder)


def _sync(path: Path) -> None:
    """Make sure that what was written survives a power cut, where the system can."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
