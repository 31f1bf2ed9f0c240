"""Where the files lie that MATLAB wrote, and which of them hold transposed convolutions."""

from __future__ import annotations

from pathlib import Path

REAL = Path(__file__).parents[2] / "shared" / "real"

MAT_FILES = sorted(REAL.glob("*/*.mat"))


def file_id(path: Path) -> str:
    """A short name for a test case."""
    return f"{path.parent.name[:20]}/{path.name[-40:]}"
