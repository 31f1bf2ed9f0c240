"""What runs in the processes of :mod:`tests.cli.command`."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import resource
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cli.main import main
from converters import batch


def printing_to(out: Path, err: Path, target: Callable[..., None], *arguments: Any) -> None:
    """Call ``target(*arguments)`` with the standard streams in files, as C code sees them too."""
    for stream, file in ((sys.stdout, out), (sys.stderr, err)):
        with file.open("wb") as opened:
            os.dup2(opened.fileno(), stream.fileno())
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    target(*arguments)


def run_one(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Be the command in a folder."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["matlab-compat", *arguments]
    main()


def run_for_nobody(arguments: list[str]) -> None:
    """Be the command whose reader has left."""
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, sys.stdout.fileno())
    sys.argv = ["matlab-compat", *arguments]
    main()


def run_beside_forks(arguments: list[str]) -> None:
    """Be the command whose workers need not import torch, interrupted as in the foreground."""
    batch.multiprocessing = SimpleNamespace(  # type: ignore[assignment]
        get_context=lambda _: multiprocessing.get_context("fork")
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["matlab-compat", *arguments]
    main()


def run_code(code: str, arguments: list[str]) -> None:
    """Be ``python -c`` that has imported torch but nothing of this project."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("matlab_compat", "converters", "cli"):
            del sys.modules[name]
    sys.argv = ["-c", *arguments]
    exec(code, {"__name__": "__main__"})


def run_script(path: str) -> None:
    """Be ``python path`` that has imported torch and all of this project."""
    sys.argv = [path]
    sys.path.insert(0, str(Path(path).parent))
    runpy.run_path(path, run_name="__main__")


def run_many(commands: list[list[str]], gibibytes: int) -> None:
    """Print one JSON line for each command: exit code, stdout and stderr."""
    limit = gibibytes << 30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for arguments in commands:
        print(json.dumps(_outcome(arguments)), flush=True)


def _outcome(arguments: list[str]) -> dict[str, object]:
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["matlab-compat", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code: object = 0
        except SystemExit as leave:
            code = leave.code or 0
    return {"code": code, "stdout": out.getvalue(), "stderr": err.getvalue()}
