"""The command as users have it, in a process of its own.

:func:`installed` starts the installed script. To start Python and import torch takes seconds, so
:func:`run` and :func:`run_many` fork their processes from a server that has done so once.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli import child
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
COMMAND = Path(sysconfig.get_path("scripts")) / "matlab-compat"

#: Starts processes that have imported torch and all of ours.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["torch._dynamo", "tests.cli.preloaded"])

Done = subprocess.CompletedProcess[str]


def _environment(**more: str) -> dict[str, str]:
    """One thread, and messages as wide as on a terminal."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", **more}


def installed(*arguments: object, **environment: str) -> Done:
    """Run the installed script outside the checkout, so that what is installed is what runs."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd="/",
        env=_environment(**environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def run(*arguments: object, folder: Path = Path("/"), **environment: str) -> Done:
    """Run ``matlab-compat`` as :func:`installed` does, but for the start of Python."""
    return forked(child.run_one, list(map(str, arguments)), folder, _environment(**environment))


def forked(target: Callable[..., None], *arguments: Any) -> Done:
    """What ``target(*arguments)`` printed in a process of its own, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = FORKS.Process(target=child.printing_to, args=(out, err, target, *arguments))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired([target.__name__, *arguments], PATIENCE)
        said = (file.read_text(encoding="utf-8") for file in (out, err))
        return subprocess.CompletedProcess(arguments, process.exitcode, *said)


@dataclass
class Outcome:
    """What one command line did."""

    code: int
    stdout: str
    stderr: str


def run_many(commands: list[list[str]], gibibytes: int = 4) -> list[Outcome]:
    """Many command lines one after the other in one child with limited memory.

    A crash of the interpreter leaves outcomes out, which the caller's test then misses.
    """
    done = forked(child.run_many, commands, gibibytes)
    outcomes = [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]
    count = len(outcomes)
    assert count == len(commands), f"died at {commands[count]}: {done.stderr[-2000:]}"
    return outcomes
