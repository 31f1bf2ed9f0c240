"""Where what is made of files goes: into a folder, each under its name."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from matlab_compat.errors import FileAccessError, UsageError

from .endings import file_path


def make_folder(path: str | PathLike[str]) -> None:
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
