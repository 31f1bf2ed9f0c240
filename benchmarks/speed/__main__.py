"""Measure, print tables and goals, write JSON.

python -m benchmarks.speed [PART ...] [--complete] [--json FILE]

Parts are the modules of this folder that have a ``tables()``; all of them if none is named. Each
takes its share of ten minutes and leaves out what it has no time for, but with ``--complete``.
``growth`` is run where it is named. Nothing here fails because of a time: what is not met is said.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .timing import THREADS, Allowance, Table

#: The seconds of each, ten minutes without growth: the last case of each takes longer. In this
#: order, as Dask, in verify, leaves malloc another threshold in the environment of processes to
#: come, and the last two keep the memory of the process.
PARTS = {
    **{"startup": 20, "first": 20, "reading": 90, "verify": 30, "growth": 600, "networks": 230},
    **{"layer": 170, "training": 20},
}
PACKAGES = (
    *("torch", "onnxruntime", "openvino", "numpy", "scipy", "h5py"),
    *("mat-io", "pymatreader", "mat73"),
)


def main(arguments: list[str]) -> int:
    """Run the parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all but growth")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--complete", action="store_true", help="all cases, whatever time they take"
    )
    options = parser.parse_args(arguments)
    about = environment()
    print("  ".join(f"{name} {value}" for name, value in about.items()))
    start = time.perf_counter()
    found: dict[str, list[Table]] = {}
    wanted = options.parts or [part for part in PARTS if part != "growth"]
    for part in filter(wanted.__contains__, PARTS):
        found[part] = []
        began = time.perf_counter()
        Allowance.end = None if options.complete else began + PARTS[part]
        for table in importlib.import_module(f".{part}", __package__).tables():
            print(table, flush=True)
            found[part].append(table)
        print(f"({part}: {time.perf_counter() - began:.0f} s)", flush=True)
    if options.json:
        report = {"environment": about} | {
            part: [table.as_json() for table in tables] for part, tables in found.items()
        }
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    goals = [goal for tables in found.values() for table in tables for goal in table.goals]
    print(f"\n{time.perf_counter() - start:.0f} s; not met:")
    print(*(goal for goal in goals if not goal.met), sep="\n")
    print(f"goals met: {sum(goal.met for goal in goals)} of {len(goals)}")
    return 0


def environment() -> dict[str, Any]:
    """What the figures depend on."""
    about: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "threads": THREADS,
    }
    for package in PACKAGES:
        try:
            about[package] = version(package)
        except PackageNotFoundError:
            about[package] = "absent"
    return about


def _processor() -> str:
    """Its name, and what torch and oneDNN are allowed of it."""
    from matlab_compat.engine.fast.choice import processor  # imports torch, which reads THREADS

    about = dict(line.split(":", 1) for line in processor().splitlines() if ":" in line)
    names = {name.strip(): text.strip() for name, text in about.items()}
    name = names.get("model name", platform.processor() or platform.machine())
    limits = [os.environ.get(name, "") for name in ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")]
    return ", ".join([name, *filter(None, limits)])


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = str(THREADS)  # before any library reads it
    # What an earlier process found when the machine was busy is not believed.
    os.environ.setdefault("MATLAB_COMPAT_CHOICE", "unsaved")
    # Nor what torch.compile made under another processor setting: it crashes, or gives NaN.
    with TemporaryDirectory() as folder:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", folder)
        sys.exit(main(sys.argv[1:]))
