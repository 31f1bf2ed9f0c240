"""The command as users have it: the installed script, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
COMMAND = Path(sysconfig.get_path("scripts")) / "matlab-compat"


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``matlab-compat`` outside the checkout, so that what is installed is what runs."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd="/",
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass
class Outcome:
    """What one command line did."""

    code: int
    stdout: str
    stderr: str
    seconds: float


def run_many(commands: list[list[str]], gibibytes: int = 4) -> list[Outcome]:
    """Many command lines one after the other in one child with limited memory.

    A crash of the interpreter leaves outcomes out, which the caller's test then misses.
    """
    child = subprocess.run(
        [sys.executable, "-m", "tests.cli.child", str(gibibytes)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    outcomes = [Outcome(**json.loads(line)) for line in child.stdout.splitlines()]
    done = len(outcomes)
    assert done == len(commands), f"died at {commands[done]}: {child.stderr[-2000:]}"
    return outcomes
