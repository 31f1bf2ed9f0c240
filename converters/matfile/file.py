"""A MAT-file of any level as a mapping from variable name to value."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from matlab_compat.display import size_text
from matlab_compat.errors import (
    CorruptFileError,
    MatFileError,
    MatlabCompatWarning,
    VariableNotFoundError,
    locating,
)
from matlab_compat.pages.notebook import listing

from ..endings import file_path
from ..identify.files import not_a_mat_file
from .faults import cut_short
from .level4 import Level4Reader, looks_like_level4
from .level5 import Level5Reader
from .limits import DEFAULT_LIMITS, Limits
from .reader import Header, MatReader, VariableInfo, only_matfile_errors
from .source import Source
from .text import CodePage
from .threads import WORTH_THREADS, pool
from .values import Value

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LEVEL5_HEADER = 128


def open_mat(
    path: str | os.PathLike[str],
    *,
    limits: Limits = DEFAULT_LIMITS,
    skip_objects: bool = False,
    encoding: str | None = None,
) -> MatFile:
    """Open a MAT-file of level 4, 5 (``-v6``, ``-v7``) or 7.3 and list its variables.

    Parameters
    ----------
    path:
        The file.
    limits:
        Bounds on what the file may make us do.
    skip_objects:
        Leave objects undecoded (they come out as ``Damaged``), so that the rest of a file
        whose objects make trouble stays readable.
    encoding:
        The code page of text that is not in UTF-8 or UTF-16 (old or other writers), by Python's
        name ("cp1252", "cp1251", "gbk" ...). By default Windows-1252, with a warning.

    Returns
    -------
    MatFile
        A context manager: use it in a ``with`` statement, or close it.

    Raises
    ------
    FileAccessError
        The file is missing, a folder, or unreadable.
    MatFileError
        Or one of its kinds: it is no MAT-file, is cut short, or contradicts itself.
    UsageError
        ``encoding`` is none.

    Examples
    --------
    >>> with open_mat("fixtures/same_odd.v7.mat") as file:
    ...     file["X"].shape
    (5, 4, 2)
    """
    path, page = file_path(path), CodePage(encoding)
    with locating(str(path)), only_matfile_errors("the file"):
        source = Source(path)
        try:
            return MatFile(path, _reader_for(source, limits, page, skip_objects))
        except BaseException:
            source.close()
            raise


def _reader_for(source: Source, limits: Limits, page: CodePage, skip_objects: bool) -> MatReader:
    """The reader of the level that the first bytes tell; it closes the source."""
    if _is_hdf5(source):
        from .level73 import Level73Reader  # h5py takes 0.2 s to import

        source.close()
        return Level73Reader(source.path, limits=limits, skip_objects=skip_objects)
    beginning = source.read(0, min(_LEVEL5_HEADER, source.size))
    if beginning[126:128] in (b"IM", b"MI"):
        return Level5Reader(source, limits, page, skip_objects=skip_objects)
    if looks_like_level4(beginning):
        return Level4Reader(source, limits, page)
    raise _no_mat_file(source.path, beginning)


def _is_hdf5(source: Source) -> bool:
    """HDF5 allows its signature at 0, 512, 1024, 2048 ...; MATLAB writes it at 512."""
    if source.size >= _LEVEL5_HEADER and source.read(0, 10) == b"MATLAB 7.3":
        return True
    offset = 0
    while offset + len(_HDF5_SIGNATURE) <= source.size:
        if source.read(offset, len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE:
            return True
        offset = 2 * offset or 512
    return False


def _no_mat_file(path: Path, beginning: bytes) -> MatFileError:
    if beginning.startswith(b"MATLAB ") and len(beginning) < _LEVEL5_HEADER:
        return cut_short(f"The file ends after {len(beginning)} bytes, within its header.")
    if beginning.startswith(b"MATLAB 5.0 MAT-file"):
        return CorruptFileError(
            "The header is that of a MAT-file, but 'IM' or 'MI', the order of the bytes, is not at "
            f"its end: {beginning[126:128]!r} is.",
            remedy="copy or download the file again, as binary: an editor or a transfer as text "
            "changes bytes.",
        )
    return not_a_mat_file(path, beginning)


class MatFile(Mapping[str, Value]):
    """An open MAT-file; each access decodes the variable anew.

    Made by :func:`open_mat`. Of variables with the same name the last counts, as in MATLAB.
    """

    def __init__(self, path: Path, reader: MatReader) -> None:
        self.path = path
        self._reader = reader
        self._index = {info.name: i for i, info in enumerate(reader.variables)}
        if len(self._index) < len(reader.variables):
            warnings.warn(
                f"{path}: several variables have the same name; the last of each counts.",
                MatlabCompatWarning,
                stacklevel=3,
            )

    @property
    def level(self) -> str:
        """``"4"``, ``"6"`` (level 5 without compression), ``"7"`` (with) or ``"7.3"``."""
        return self._reader.level

    @property
    def header(self) -> Header:
        """The text at the start of the file: platform and date."""
        return self._reader.header

    @property
    def variables(self) -> tuple[VariableInfo, ...]:
        """Name, class, size ... of each variable, in the order of the file."""
        return tuple(self._reader.variables[i] for i in self._index.values())

    def __getitem__(self, name: str) -> Value:
        if name not in self._index:
            raise self.not_found(name)
        with locating(str(self.path), name), only_matfile_errors(f"the variable {name}"):
            return self._reader.read(self._index[name])

    def read(self, names: Iterable[str] | None = None) -> dict[str, Value]:
        """Several variables, or all; large ones of level 7 are inflated in threads, one a core.

        Raises
        ------
        MatFileError
            What ``mat[name]`` raises for the first of them that cannot be decoded.
        """
        chosen = list(self if names is None else names)
        sizes = {info.name: info.nbytes for info in self.variables}
        large = [name for name in chosen if sizes.get(name, 0) >= WORTH_THREADS]
        # Where nothing is inflated, threads would only wait for memory and for each other.
        if self.level != "7" or len(large) < 2:
            return {name: self[name] for name in chosen}
        with pool() as threads:
            found = dict(zip(large, threads.map(self.__getitem__, large), strict=True))
        return {name: found[name] if name in found else self[name] for name in chosen}

    def not_found(self, name: str) -> VariableNotFoundError:
        """The error for a variable that the file does not have."""
        close = difflib.get_close_matches(name, self._index, n=3)
        names = ", ".join(self._index) or "none at all"
        return VariableNotFoundError(
            f"There is no variable {name!r} in the file.",
            where=(str(self.path),),
            remedy=f"the file has: {names}"
            + (f"; did you mean {' or '.join(close)}?" if close else "."),
        )

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"<MatFile {str(self.path)!r}, level {self.level}, {len(self)} variables>"

    def _repr_html_(self) -> str:
        rows = (
            [one.name, size_text(one.shape), f"{one.nbytes:,}", one.class_name]
            for one in self.variables
        )
        heading = f"{self.path.name}: MAT-file level {self.level}"
        return listing(heading, ("Name", "Size", "Bytes", "Class"), rows, len(self))

    def close(self) -> None:
        """Close the file; values that were handed out stay valid."""
        self._reader.close()

    def __enter__(self) -> MatFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
