"""The MATLAB side: functions that MATLAB users run, packaged with this one (``matlab/*.m``)."""

from __future__ import annotations

from importlib.resources import files
from os import PathLike
from pathlib import Path

from matlab_compat.errors import FileAccessError, UsageError, locating
from matlab_compat.wording import argument

from .atomic import new_file


def helper_texts() -> dict[str, bytes]:
    """Every function's file by its path below the folder."""
    root = Path(str(files("converters") / "matlab"))
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.m"))}


def write_matlab_helpers(
    folder: str | PathLike[str], *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write exportLayerForPython.m, exportNetworkForPython.m, importFromPython.m and their parts.

    Raises
    ------
    UsageError
        One of the files exists and ``overwrite`` is not set; then none is written.
    FileAccessError
        The place cannot be written.
    """
    texts = {Path(folder) / name: text for name, text in helper_texts().items()}
    with locating(str(folder)):
        there = [path.name for path in texts if path.exists()]
        if there and not overwrite:
            raise UsageError(
                f"There is a file of that name: {', '.join(there)}.",
                remedy=f"give another folder, or pass {argument('overwrite', True)}.",
            )
        for path, text in texts.items():
            _write(path, text, overwrite)
    return tuple(texts)


def _write(path: Path, text: bytes, overwrite: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccessError(
            f"The folder cannot be made: {error.strerror or error}.",
            remedy="name a folder that can be written.",
        ) from error
    with new_file(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(text)
