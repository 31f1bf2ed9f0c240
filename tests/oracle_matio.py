"""mat-io, the independent reader that tests compare with, imported without its warnings.

It sets a pandas option that pandas 3 deprecates; our tests turn warnings into errors.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from matio import load_from_mat

__all__ = ["load"]


def load(path: Path) -> dict[str, Any]:
    """Read every variable; objects keep their properties as they are in the file."""
    return dict(load_from_mat(str(path), raw_data=True, spmatrix=False))
