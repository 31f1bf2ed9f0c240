"""The ``.m`` files below the folders that the user named: the only files that code can reach."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from matlab_compat.errors import CodeLimitError, FileAccessError
from matlab_compat.language.source import CodeLimits, Source, normalized

from .endings import cannot_be_read

#: Files and folders that are looked at in search of .m files.
_MOST_ENTRIES = 100_000


class CodeFolders:
    """Folders, and files, of MATLAB code.

    Names are looked up among the files that are there; no name ever becomes a path. Links lead
    nowhere outside: a file counts where it really is.

    Parameters
    ----------
    places:
        Folders, with all folders in them, or single ``.m`` files.
    limits:
        How large a file may be.

    Raises
    ------
    FileAccessError
        One is not there.
    """

    def __init__(
        self, places: Sequence[str | os.PathLike[str]], limits: CodeLimits | None = None
    ) -> None:
        self.limits = limits or CodeLimits()
        self._entries = 0
        #: Files by name with package; those of a ``private`` folder by "name in folder".
        self._files: dict[str, list[Path]] = {}
        self._read: dict[Path, Source] = {}
        for one in places:
            place = Path(one)
            if not place.exists():
                raise FileAccessError(
                    "There is no such folder or file of MATLAB code.",
                    where=(str(place),),
                    remedy="check its spelling: it is the folder with the classes of your layers.",
                )
            root = place.resolve()
            for path in [root] if root.is_file() else self._below(root):
                self._add(path, root if root.is_dir() else root.parent)

    def _below(self, folder: Path) -> Iterator[Path]:
        for current, folders, names in os.walk(folder, followlinks=False):
            folders[:] = sorted(one for one in folders if not one.startswith("."))
            self._entries += len(folders) + len(names)
            if self._entries > _MOST_ENTRIES:
                raise CodeLimitError(
                    f"There are more than {_MOST_ENTRIES} files in it.",
                    where=(str(folder),),
                    remedy="name the folder of the code itself.",
                )
            yield from (Path(current) / name for name in sorted(names) if name.endswith(".m"))

    def _add(self, path: Path, root: Path) -> None:
        real = path.resolve()
        if not real.is_relative_to(root) or not real.is_file() or path.suffix != ".m":
            return
        parts = path.relative_to(root).parts[:-1]
        packages = [part[1:] for part in (*root.parts, *parts) if part.startswith("+")]
        name = ".".join([*packages, path.stem])
        inner = parts[-1] if parts else root.name
        if inner == "private":
            name = f"{path.stem} in {path.parent}"
        elif inner.startswith("@"):
            name = ".".join([*packages, inner[1:]])
            if path.stem != inner[1:]:
                name = f"{name}/{path.stem}"
        found = self._files.setdefault(name, [])
        if real not in found:
            found.append(real)

    def find(self, name: str, near: str = "") -> Sequence[Source]:
        """The files that define a name: the one in ``private`` or beside ``near``, else all.

        Raises ``FileAccessError``: a file cannot be read.
        """
        found = self._files.get(name, [])
        if near:
            folder = Path(near).parent
            private = self._files.get(f"{name} in {folder / 'private'}")
            if private is None and folder.name == "private":
                private = self._files.get(f"{name} in {folder}")
            beside = [one for one in found if one.parent == folder]
            found = private or beside or found
        return [self._source(name, path) for path in found]

    def _source(self, name: str, path: Path) -> Source:
        if path not in self._read:
            try:
                with path.open("rb") as file:
                    data = file.read(self.limits.file_bytes + 1)
            except OSError as error:
                raise cannot_be_read(error, str(path)) from None
            self._read[path] = Source(name, str(path), normalized(data, str(path), self.limits))
        return self._read[path]
