"""The command line before it does anything: CPU time of child processes, and what they import."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .timing import ROUNDS, Goal, Row, Table

ROOT = Path(__file__).parents[2]
FILE = ROOT / "fixtures" / "native" / "series_v7.mat"
OURS = "from cli.main import main; main()"
#: A typer app that does nothing: as typer is by default, and without what ours switches off.
BARE = """
import typer
app = typer.Typer({})
@app.command()
def one(file: str) -> None: print(file)
@app.command()
def two(file: str) -> None: print(file)
app()
"""
LEAN = "add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False"
_MODULES = """
import json, sys
try: exec(sys.argv.pop(1))
except SystemExit: pass
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def tables() -> Iterable[Table]:
    """``--help``, ``--version``, ``inspect``."""
    bare, lean = BARE.format(""), BARE.format(LEAN)
    seconds, peak = _cpu(
        {
            "python": ["pass"],
            "bare typer, lean": [lean, "--help"],
            "bare typer": [bare, "--help"],
            "--help": [OURS, "--help"],
            "--version": [OURS, "--version"],
            "bare typer, argument": [lean, "one", "x"],
            "inspect": [OURS, "inspect", str(FILE)],
        }
    )
    goals = [
        Goal(f"{name} / bare typer app", 1.3, seconds[name] / seconds["bare typer"], at_least=False)
        for name in ("--help", "--version")
    ]
    goals.append(Goal("inspect, seconds of CPU", 0.35, seconds["inspect"], at_least=False))
    heavy = {"torch", "scipy"} & _modules([OURS, "inspect", str(FILE)])
    goals.append(Goal("inspect imports torch or scipy", 0, len(heavy), at_least=False))
    yield Table("start-up, CPU time of the process", [Row("CPU time", seconds, peak=peak)], goals)


def _cpu(programs: Mapping[str, Sequence[str]]) -> tuple[dict[str, float], dict[str, int]]:
    """Median CPU seconds of each program (user and system), all in turn, and bytes at the peak.

    A child begins as a copy of this process, so the peak is never less than this process has.
    """
    taken: dict[str, list[float]] = {name: [] for name in programs}
    peak = {}
    for _ in range(ROUNDS + 1):  # the first is a warm-up
        for name, program in programs.items():
            used = _one(program)
            taken[name].append(used.ru_utime + used.ru_stime)
            peak[name] = 1024 * used.ru_maxrss
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}, peak


def _one(program: Sequence[str]) -> resource.struct_rusage:
    # As a user has it: what was compiled once is kept.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", *program]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=kept)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert not child.returncode
    return used


def _modules(program: Sequence[str]) -> set[str]:
    """The packages that a program has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _MODULES, *program], cwd=ROOT, check=True, capture_output=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))
