"""The MATLAB side: functions that MATLAB users run, packaged with this one (``matlab/*.m``)."""

from __future__ import annotations

from importlib.resources import files
from os import PathLike
from pathlib import Path

from .atomic import check_place, make_folder, new_files
from .endings import file_path


def helper_texts() -> dict[str, bytes]:
    """Every function's file by its path below the folder."""
    root = Path(str(files("converters") / "matlab"))
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.m"))}


def write_matlab_helpers(
    folder: str | PathLike[str], *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write exportLayerForPython.m, exportNetworkForPython.m, importFromPython.m and their parts.

    Raises ``UsageError``: one of the files exists and ``overwrite`` is not set; then none is
    written; ``FileAccessError``: the place cannot be written.
    """
    texts = {file_path(folder) / name: text for name, text in helper_texts().items()}
    for path in texts:
        check_place(path, overwrite=overwrite)
    for path in texts:
        make_folder(path.parent)
    with new_files(*texts, overwrite=overwrite) as new:
        for temporary, text in zip(new.temporary, texts.values(), strict=True):
            temporary.write_bytes(text)
    return tuple(texts)
