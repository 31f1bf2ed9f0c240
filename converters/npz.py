"""Archives of NumPy arrays."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.errors import CorruptFileError, LimitExceededError

from .matfile import Limits


def write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """As numpy's ``savez``, which takes some names of arrays for arguments of its own."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def read_npz(path: Path, limits: Limits) -> dict[str, Array]:
    """All arrays of an archive that unpacks to ``limits.max_bytes`` at most.

    Raises ``LimitExceededError``: it is larger; ``CorruptFileError``: it is no archive of arrays of
    numbers; ``OSError``: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
        limits.check("max_bytes", size, f"The arrays take {size} bytes")
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except LimitExceededError:
        raise
    except (ValueError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise CorruptFileError(
            f"The file is no archive of arrays of numbers, or damaged: {error}."
        ) from None
