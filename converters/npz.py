"""Archives of NumPy arrays."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from matlab_compat.arrays import Array


def write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """As numpy's ``savez``, which takes some names of arrays for arguments of its own."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
