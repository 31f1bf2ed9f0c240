"""The notebooks run, and give what they show.

Expected values: the outputs that they are kept with, and what is printed, written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

from nbformat.v4 import new_code_cell, new_notebook  # noqa: E402  needs nbformat

from tests.docs.notebooks import NOTEBOOKS, kernel, texts  # noqa: E402  needs both

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(jupyter|nbclient|zmq)"),
]


@pytest.fixture(scope="module")
def executed() -> Iterator[Callable[[Path], Any]]:
    """What runs a notebook."""
    with kernel() as found:
        yield found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_gives_what_it_shows(path: Path, executed: Callable[[Path], Any]) -> None:
    shown = texts(nbformat.read(path, as_version=4))
    assert shown
    assert texts(executed(path)) == shown


def test_a_line_that_arrives_in_two_pieces_is_one_output(
    executed: Callable[[Path], Any], tmp_path: Path
) -> None:
    printed = "import sys\nprint('one', end='')\nsys.stdout.flush()\nprint(' line')"
    path = tmp_path / "pieces.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(printed)]), path)
    assert texts(executed(path)) == ["one line"]
