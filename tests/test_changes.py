"""Every note in ``changes/`` will stand in the change log.

Expected values: the texts of the notes themselves, looked for in what towncrier would write.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]


def test_every_note_comes_into_the_change_log() -> None:
    pytest.importorskip("towncrier")
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next"]
    log = subprocess.run(
        command, cwd=ROOT, check=True, timeout=PATIENCE, capture_output=True, text=True
    ).stdout
    missing = [
        note.name
        for note in (ROOT / "changes").iterdir()
        if note.name != ".gitignore" and " ".join(note.read_text().split()) not in log
    ]
    assert not missing, "the name ends in none of towncrier's types"
