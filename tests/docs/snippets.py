"""The commands and snippets of a document, run as a reader would: for the tests, and by itself.

``python -m tests.docs.snippets docs/migrating.md`` runs all of a document with what is installed,
which may be what ``make demo`` installs and no more.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: What puts the command on the path of a shell; what runs the blocks has it there already.
ACTIVATE = ". .venv/bin/activate"

#: What begins a program of Python within a shell block; END alone in a line ends it.
PYTHON = "python - <<'END'\n"

#: Runs the command with arguments, in a folder.
Runner = Callable[[list[str], Path], subprocess.CompletedProcess[str]]


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


def commands(document: Path) -> list[tuple[str, str | None]]:
    """The lines of the shell blocks; what is shown after a block is shown by its last line."""
    found: list[tuple[str, str | None]] = []
    for block in blocks(document):
        if block.language == "sh":
            lines = [
                line
                for line in re.findall(rf"{PYTHON}.*?^END$|[^\n]+", block.text, flags=re.S | re.M)
                if line.strip() not in ("", ACTIVATE)
            ]
            found += [(line, None) for line in lines[:-1]]
            found += [(line, block.shown) for line in lines[-1:]]
    return found


def figures_masked(text: str) -> str:
    """Floats, version numbers and the processor stand for themselves, integers stay."""
    text = re.sub(r"\(x86_64\)|\(aarch64\)|\(arm64\)|\(AMD64\)", "(CPU)", text)
    text = re.sub(r"\b(torch|matlab_compat) \d\S+", r"\1 VERSION", text)
    text = re.sub(r"worst element .*", "worst element", text)
    return re.sub(r"-?\d+\.\d+(e[+-]\d+)?|\d+e[+-]\d+", "FIGURE", text).strip()


def installed(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The installed command in a folder."""
    program = Path(sys.executable).with_name("matlab-compat")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8"
    )


def run_command(line: str, shown: str | None, folder: Path, run: Runner = installed) -> None:
    """Run one in a folder where the fixtures are, so that nothing is written into the checkout."""
    if not (folder / "fixtures").exists():
        (folder / "fixtures").symlink_to(ROOT / "fixtures")
    if line.startswith(PYTHON):
        with contextlib.chdir(folder):
            run_python(line.removeprefix(PYTHON).removesuffix("END"), shown, {})
        return
    words = shlex.split(line)
    assert words[0] == "matlab-compat", line
    done = run(words[1:], folder)
    assert done.returncode in (0, 1), f"{line}\n{done.stderr}"
    if shown is not None:
        assert figures_masked(done.stdout) == figures_masked(shown)


def run_snippets(document: Path) -> None:
    """Run the Python blocks one after the other, in the current folder, with the same names."""
    names: dict[str, object] = {"__name__": "snippet"}
    for block in blocks(document):
        if block.language == "python":
            run_python(block.text, block.shown, names)


def run_python(text: str, shown: str | None, names: dict[str, object]) -> None:
    """Run one snippet with names that it finds, and leaves."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "snippet", "exec"), names)
    if shown is not None:
        assert figures_masked(printed.getvalue()) == figures_masked(shown)


def main(document: Path) -> None:
    """Run everything, and say what."""
    with tempfile.TemporaryDirectory() as folder:
        for line, shown in commands(document):
            print(line, flush=True)
            run_command(line, shown, Path(folder))
    run_snippets(document)
    print(f"{document}: every command and snippet runs")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
