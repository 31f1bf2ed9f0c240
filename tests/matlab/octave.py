"""Runs Octave."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE

STAND_INS = Path(__file__).parent / "stand_ins"

needs_octave = pytest.mark.skipif(shutil.which("octave") is None, reason="GNU Octave is absent")


def octave(code: str, *folders: Path) -> str:
    """What ``code`` prints, with ``folders`` on the path; an error of Octave's fails the test."""
    path = "".join(f"addpath('{folder}'); " for folder in folders)
    done = subprocess.run(
        ["octave", "--norc", "--quiet", "--no-gui", "--eval", path + code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
