"""Every command and snippet of the README and of docs/ is run, and shows what they say it shows.

Expected values: the text blocks that follow the commands in the documents themselves. Figures that
rounding, torch's version or the processor may change are compared as "a figure".
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from converters import batch
from tests.cli.command import FORKS
from tests.docs.snippets import ROOT, Runner, commands, run_command, run_snippets

DOCUMENTS = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG")),
    *sorted((ROOT / "docs").glob("*.md")),
]


COMMANDS = [
    pytest.param(line, shown, id=f"{document.name}: {line.splitlines()[0]}")
    for document in DOCUMENTS
    for line, shown in commands(document)
]


@pytest.fixture
def run_here(
    call: Any, monkeypatch: pytest.MonkeyPatch, forked_packages: None, own_registry: None
) -> Runner:
    """Run a command in this process, and what it starts in processes that have imported torch."""
    monkeypatch.setattr(batch, "multiprocessing", SimpleNamespace(get_context=lambda _: FORKS))
    monkeypatch.setenv("COLUMNS", "100")

    def run_here(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(folder)
        done = call(*words)
        return subprocess.CompletedProcess(words, done.code, done.out, done.err)

    return run_here


@pytest.mark.slow
@pytest.mark.parametrize(("line", "shown"), COMMANDS)
def test_a_command_shows_what_the_document_says(
    line: str, shown: str | None, tmp_path: Path, run_here: Runner
) -> None:
    if line == "make test":
        pytest.skip("this is that run")
    if line == "make demo":  # .ci/run runs it as it stands; here the command that it ends with
        makefile = (ROOT / "Makefile").read_text()
        found = re.search(r"^demo:.*\n\t\$\(BIN\)/(.*)$", makefile, flags=re.M)
        assert found is not None
        line = found.group(1)
    run_command(line, shown, tmp_path, run_here)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_snippets_run_in_order_and_print_what_they_say(
    document: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_registry: None
) -> None:  # snippets register layers
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")  # so that nothing is written into ROOT
    monkeypatch.chdir(tmp_path)
    run_snippets(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target
