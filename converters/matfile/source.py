"""Bounds-checked random access to the bytes of a file.

Not a memory map: a file that is cut short under a mapping kills the interpreter.
"""

from __future__ import annotations

import io
import os
import stat
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matlab_compat.errors import CorruptFileError, FileAccessError, NotAMatFileError

from .faults import corrupt, cut_short


class Source:
    """An open file that is known not to have changed since it was opened.

    Safe to use from several threads and forked processes. Raises ``FileAccessError`` or
    ``NotAMatFileError`` (for an empty file) on construction.
    """

    _fd: int | None = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            # Not blocking: opening a named pipe would otherwise wait for ever.
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            self._fd = os.open(self.path, flags)
            status = os.fstat(self._fd)
            self._refuse_unless_file(status)
            self._stream = io.FileIO(self._fd, closefd=False)
        except (FileAccessError, NotAMatFileError):
            self.close()
            raise
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            self.close()
            raise FileAccessError(
                f"{self.path} cannot be opened: {getattr(error, 'strerror', None) or error}.",
                remedy="check the spelling of the path and the permissions of the file.",
            ) from error
        self.size = status.st_size
        self._identity = _identity(status)

    def _refuse_unless_file(self, status: os.stat_result) -> None:
        if stat.S_ISDIR(status.st_mode):
            raise FileAccessError(
                f"{self.path} is a folder, not a MAT-file.", remedy="name a file inside it."
            )
        if not stat.S_ISREG(status.st_mode):
            what = f"{self.path} is not a regular file."
            raise FileAccessError(what, remedy="copy the data to a file on disk and name that.")
        if status.st_size == 0:
            raise NotAMatFileError(
                f"{self.path} is empty (0 bytes).", remedy="copy or download the file again."
            )

    def read(self, offset: int, count: int) -> bytes:
        """Exactly ``count`` bytes from ``offset``, or ``TruncatedFileError``."""
        return self.read_array(offset, count).tobytes()

    def read_array(self, offset: int, count: int) -> npt.NDArray[np.uint8]:
        """The same as a fresh ``uint8`` array, read to where it stays."""
        self._refuse_past_end(offset, count)
        data = np.empty(count, np.uint8)
        self.read_into(offset, data)
        return data

    def read_into(self, offset: int, data: npt.NDArray[np.uint8]) -> None:
        """Fill ``data`` with the bytes from ``offset``, or ``TruncatedFileError``."""
        self._refuse_past_end(offset, len(data))
        fd, done = self._descriptor(), 0
        try:
            if _identity(os.fstat(fd)) != self._identity:
                raise self._changed()
            while done < len(data):
                if not (got := self._read_some(fd, data.data[done:], offset + done)):
                    raise self._changed()
                done += got
        except OSError as error:
            what = f"{self.path} cannot be read: {error.strerror or error}."
            remedy = "copy the file to a local disk and read that."
            raise FileAccessError(what, remedy=remedy) from error

    def _refuse_past_end(self, offset: int, count: int) -> None:
        if offset < 0 or count < 0:
            raise corrupt("The file names a negative position.", offset)
        if offset + count > self.size:
            raise cut_short(
                f"The file ends at byte {self.size}, but {count} bytes are announced "
                f"from byte {offset}.",
                offset,
            )

    def _read_some(self, fd: int, view: memoryview, offset: int) -> int:
        if hasattr(os, "preadv"):  # forked processes share the position of a file
            return os.preadv(fd, [view], offset)
        with self._lock:
            self._stream.seek(offset)
            return self._stream.readinto(view) or 0

    def _changed(self) -> CorruptFileError:
        what = f"{self.path} was changed while it was being read."
        return CorruptFileError(what, remedy="open it again once it is no longer being written.")

    def _descriptor(self) -> int:
        if self._fd is None:
            raise FileAccessError(
                f"{self.path} is closed.", remedy="read values while the file is open."
            )
        return self._fd

    def close(self) -> None:
        """Close the file; harmless if it is closed."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return (status.st_size, status.st_mtime_ns, status.st_ino)
