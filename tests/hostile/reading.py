"""Reads files in a child process with little memory, which may crash without harm."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def read_in_child(folder: Path) -> list[dict[str, Any]]:
    """What ``level5_child`` says of each file."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.hostile.level5_child", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PATH": ""},
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, f"died after {lines[-1:]}: {child.stderr[-2000:]}"
    return lines
