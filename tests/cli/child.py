"""Runs command lines in this process, under a limit of memory.

Called as ``python -m tests.cli.child GIBIBYTES`` with a JSON list of argument lists on stdin;
prints one JSON line for each: exit code, stdout, stderr and seconds.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time

from cli.main import main


def run(arguments: list[str]) -> dict[str, object]:
    out, err = io.StringIO(), io.StringIO()
    began = time.monotonic()
    sys.argv = ["matlab-compat", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code: object = 0
        except SystemExit as leave:
            code = leave.code or 0
    return {
        "code": code,
        "stdout": out.getvalue(),
        "stderr": err.getvalue(),
        "seconds": time.monotonic() - began,
    }


if __name__ == "__main__":
    limit = int(sys.argv[1]) << 30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for arguments in json.load(sys.stdin):
        line = json.dumps(run(arguments))
        print(line, file=sys.__stdout__, flush=True)
