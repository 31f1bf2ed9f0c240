"""mat-io, the independent reader and writer that tests compare with, imported without its warnings.

It sets a pandas option that pandas 3 deprecates; our tests turn warnings into errors.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from matio import load_from_mat, save_to_mat

__all__ = ["load", "save"]


def load(path: Path) -> dict[str, Any]:
    """Read every variable; objects keep their properties as they are in the file."""
    return dict(load_from_mat(str(path), raw_data=True, spmatrix=False))


def save(path: Path, values: dict[str, Any]) -> None:
    """Write a file of level 7; pandas' categoricals become MATLAB's."""
    save_to_mat(str(path), values, version="v7")
