"""mat-io, the independent reader and writer that tests compare with; skipped where it is absent.

It is imported without its warnings: it sets a pandas option that pandas 3 deprecates.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest


def load(path: Path) -> dict[str, Any]:
    """Read every variable; objects keep their properties as they are in the file."""
    return dict(_matio().load_from_mat(str(path), raw_data=True, spmatrix=False))


def save(path: Path, values: dict[str, Any]) -> None:
    """Write a file of level 7; pandas' categoricals become MATLAB's."""
    _matio().save_to_mat(str(path), values, version="v7")


def _matio() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("matio")
