"""Every command and snippet of the README and of docs/ is run, and shows what they say it shows.

Expected values: the text blocks that follow the commands in the documents themselves. Figures that
rounding, torch's version or the processor may change are compared as "a figure".
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from matlab_compat.layers import registry
from matlab_compat.support import support_markdown

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block, and the text block right after it, if there is one."""

    language: str
    text: str
    shown: str | None


def blocks(document: Path) -> list[Block]:
    found = re.findall(r"^```(\w+)\n(.*?)^```$", document.read_text(), flags=re.S | re.M)
    after = [*found[1:], ("", "")]
    return [
        Block(language, text, following if kind == "text" else None)
        for (language, text), (kind, following) in zip(found, after, strict=False)
    ]


def figures_masked(text: str) -> str:
    """Floats, version numbers and the processor stand for themselves, integers stay."""
    text = re.sub(r"\(x86_64\)|\(aarch64\)|\(arm64\)|\(AMD64\)", "(CPU)", text)
    text = re.sub(r"torch \S+", "torch VERSION", text)
    text = re.sub(r"worst element .*", "worst element", text)
    return re.sub(r"-?\d+\.\d+(e[+-]\d+)?|\d+e[+-]\d+", "FIGURE", text).strip()


def commands(document: Path) -> list[tuple[str, str | None]]:
    """The lines of the shell blocks, each with what is shown after it."""
    shell = [block for block in blocks(document) if block.language == "sh"]
    return [(line, b.shown) for b in shell for line in b.text.splitlines() if line.strip()]


COMMANDS = [
    pytest.param(line, shown, id=f"{document.name}: {line}")
    for document in DOCUMENTS
    for line, shown in commands(document)
]


@pytest.mark.parametrize(("line", "shown"), COMMANDS)
def test_a_command_shows_what_the_document_says(
    line: str, shown: str | None, tmp_path: Path
) -> None:
    if line == "make test":
        pytest.skip("this is that run")
    if line == "make demo":  # .ci/run runs it as it stands; here the command that it ends with
        makefile = (ROOT / "Makefile").read_text()
        found = re.search(r"^demo:.*\n\t\$\(BIN\)/(.*)$", makefile, flags=re.M)
        assert found is not None
        line = found.group(1)
    words = shlex.split(line)
    assert words[0] == "matlab-compat"
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")  # so that nothing is written into ROOT
    program = Path(sys.executable).with_name("matlab-compat")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [program, *words[1:]], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode in (0, 1), done.stderr
    if shown is not None:
        assert figures_masked(done.stdout) == figures_masked(shown)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_snippets_run_in_order_and_print_what_they_say(
    document: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")  # so that nothing is written into ROOT
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_CLASSES", dict(registry._CLASSES))  # snippets register layers
    names: dict[str, object] = {"__name__": "snippet"}
    for block in blocks(document):
        if block.language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(block.text, str(document), "exec"), names)
            if block.shown is not None:
                assert figures_masked(printed.getvalue()) == figures_masked(block.shown)


def test_the_table_of_layers_is_the_registry_s() -> None:
    assert support_markdown() in (ROOT / "docs" / "layers.md").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target
