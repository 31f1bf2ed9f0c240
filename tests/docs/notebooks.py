"""The notebooks of ``docs/notebooks``, run from top to bottom.

``python -m tests.docs.notebooks`` runs them and keeps what they give: after a change of their code.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.docs.snippets import ROOT, figures_masked
from tests.patience import PATIENCE

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@contextlib.contextmanager
def kernel() -> Iterator[Callable[[Path], Any]]:
    """What runs notebooks and gives them with new outputs, in a folder where the fixtures are.

    It is one process, as torch takes seconds to be there; each notebook finds no name of another's.
    What a cell prints is one output, however often the kernel sends what it has: it does so by the
    clock, and a line may arrive before its end.
    """

    def executed(path: Path) -> Any:
        blank = new_notebook(cells=[new_code_cell("%reset -f")])
        for notebook in (blank, nbformat.read(path, as_version=4)):
            client.nb = notebook
            client.reset_execution_trackers()
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index, client.code_cells_executed + 1)
        return client.nb

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with TemporaryDirectory() as folder:
        Path(folder, "fixtures").symlink_to(ROOT / "fixtures")
        client = NotebookClient(
            new_notebook(),
            timeout=PATIENCE,
            resources={"metadata": {"path": folder}},
            coalesce_streams=True,
        )
        with client.setup_kernel(env=environment):
            yield executed


def texts(notebook: Any) -> list[str]:
    """What the cells print and show as text; what rounding may change is masked."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            shown = output.get("text") or output.get("data", {})
            is_text = isinstance(shown, str)
            text = figures_masked(shown if is_text else shown.get("text/plain", ""))
            found.append(re.sub(r"\d+ (of \d+ elements)|in \d+ runs", r"SOME \1", text))
    return found


def main() -> None:
    """Run all, and keep what they give."""
    for path in NOTEBOOKS:
        with kernel() as executed:
            notebook = executed(path)
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        nbformat.write(notebook, path)
        print(path)


if __name__ == "__main__":
    main()
