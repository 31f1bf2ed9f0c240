"""What ``make generate`` writes. Expected: what it would write now."""

from __future__ import annotations

from pathlib import Path

import pytest

from .generate import DERIVED


@pytest.mark.parametrize("path", DERIVED, ids=lambda path: path.name)
def test_what_is_generated_is_up_to_date(path: Path) -> None:
    assert path.read_text() == DERIVED[path](), "run: make generate"
