"""The notebooks of ``docs/notebooks``, run from top to bottom.

``python -m tests.docs.notebooks`` runs them and keeps what they give: after a change of their code.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

from tests.docs.snippets import ROOT, figures_masked
from tests.patience import PATIENCE

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def executed(path: Path) -> Any:
    """The notebook with new outputs; it ran in a folder where the fixtures are."""
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with TemporaryDirectory() as folder:
        Path(folder, "fixtures").symlink_to(ROOT / "fixtures")
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=PATIENCE, resources=resources).execute(env=environment)
    return notebook


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
        notebook = executed(path)
        notebook.metadata.pop("widgets", None)
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        nbformat.write(notebook, path)
        print(path)


if __name__ == "__main__":
    main()
