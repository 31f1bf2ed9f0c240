"""The notebooks run, and give what they show.

Expected values: the outputs that they are kept with.
"""

from __future__ import annotations

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

from tests.docs.notebooks import NOTEBOOKS, executed, texts  # noqa: E402  needs both


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:(jupyter|nbclient|zmq)")
def test_a_notebook_gives_what_it_shows(path: Path) -> None:
    shown = texts(nbformat.read(path, as_version=4))
    assert shown
    assert texts(executed(path)) == shown
