"""The command line on one file: what users would type, run in this process, and judged.

Exit code 0 to 3; from 2 on one message that begins with ``error:`` and nothing on stdout; never a
traceback; output that is safe and sound in each format.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shutil
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import cli.main
from converters.formats import source
from tests.cli import safe
from tests.fuzz.seeds import GOOD, SENTINEL, Seed
from tests.hostile import level73_files

_SECRETS = (SENTINEL.decode(), level73_files.SECRET.decode())

_CHECKS: dict[str, Callable[[str], object]] = {
    "json": safe.check_json,
    "junit": safe.check_junit,
    "markdown": safe.check_text,
    "text": safe.check_text,
}


class CommandFaultError(Exception):
    """The command line did what it never may."""


@dataclass(frozen=True)
class Done:
    """What one command line did."""

    line: list[str]
    code: object
    out: str
    err: str


def command_line(path: Path) -> str:
    """Four commands about ``path``, chosen by its bytes; "values", or their exit codes."""
    out = outputs_of(path)
    out.mkdir()
    try:
        with _in_sight():
            codes = [checked(run(line)) for line in chosen(path, out)]
        for page in out.glob("*.html"):
            safe.check_html(page.read_text(encoding="utf-8"))
        for module in out.glob("source/*.py"):
            compile(module.read_text(encoding="utf-8"), module.name, "exec")
    except (AssertionError, SyntaxError) as error:
        raise CommandFaultError(str(error)) from error
    finally:
        with _in_sight():
            shutil.rmtree(out)
    return "values" if set(codes) <= {0, 1} else "exit codes " + " ".join(map(str, codes))


@contextlib.contextmanager
def _in_sight() -> Iterator[None]:
    """Nothing runs in other processes, and what rmtree removes is audited by its whole name."""
    with (
        mock.patch.object(source, "_python", return_value=""),
        mock.patch.object(shutil, "_use_fd_functions", False),
    ):
        yield


def outputs_of(path: Path) -> Path:
    """The one folder that commands about ``path`` write to."""
    return path.with_name(path.stem + ".out")


def chosen(path: Path, out: Path) -> Iterator[list[str]]:
    """One way to inspect, to verify, to predict and to convert; the bytes say which."""
    number = zlib.crc32(path.read_bytes())
    for ways in _ways(str(path), out):
        yield ways[number % len(ways)]
        number //= len(ways)


def warm_up(seeds: list[Seed], path: Path) -> None:
    """Every way on some healthy files, so that nothing is left to import or look up later."""
    for data in (GOOD.read_bytes(), *(seed.data for seed in seeds[-2:])):
        path.write_bytes(data)
        out = outputs_of(path)
        out.mkdir()
        with _in_sight():
            for line in itertools.chain.from_iterable(_ways(str(path), out)):
                checked(run(line))
        shutil.rmtree(out)


def _ways(path: str, out: Path) -> list[list[list[str]]]:
    good, report, Y = str(GOOD), str(out / "report.html"), str(out / "Y.mat")
    formats = [["--format", name] for name in _CHECKS]
    written = ("a.pt", "a.safetensors", "a.m", "a.mat")
    return [
        [["inspect", path, "--format", name] for name in ("json", "text")]
        + [["inspect", path, path]],
        [["verify", path, *rest] for rest in (*formats, ["--report", report, "--force"])]
        + [["verify", path, good, "--format", name] for name in ("markdown", "junit")],
        [["predict", model, "--input", path, "-o", Y, "--force"] for model in (path, good)]
        + [["verify", good, "--expected", path]],
        [["convert", path, "-o", str(out / name), "--force"] for name in written]
        + [["convert", path, "-o", str(out / "s.m"), "--stub", "--format", "json", "--force"]]
        # What is written there is compiled but not run.
        + [["convert", path, "-o", str(out / "source"), "--no-check", "--force"]],
    ]


def run(line: list[str]) -> Done:
    """One command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["matlab-compat", *line]),
        mock.patch.dict(os.environ, MATLAB_COMPAT_DEBUG="1", COLUMNS="100"),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.resetwarnings()
        warnings.simplefilter("default")
        try:
            cli.main.main()
        except SystemExit as left:
            code = left.code or 0
    return Done(line, code, out.getvalue(), err.getvalue())


def checked(done: Done) -> int:
    """The exit code of a command line that behaved."""
    said = done.err.splitlines()
    errors = [line for line in said if line.startswith("error:")]
    of_many = not done.line[2].startswith("-")  # these list their errors on stdout
    with _about(done):
        assert done.code in (0, 1, 2, 3), _origin(said)
        assert "Traceback" not in done.err, f"traceback: {_origin(said)}"
        safe.check_text(done.err)
        leaks = [secret for secret in _SECRETS if secret in done.out + done.err]
        assert not leaks, leaks
        assert len(errors) == (done.code in (2, 3) and not of_many), said[:5]
        assert not (errors and done.out), "error and output"
        if done.out:
            _CHECKS[_format(done.line)](done.out)
    assert isinstance(done.code, int)
    return done.code


@contextlib.contextmanager
def _about(done: Done) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        command = " ".join(word for word in done.line if os.sep not in word)
        raise CommandFaultError(f"{command}: {error}") from error


def _origin(said: list[str]) -> str:
    """What was raised and where, from a traceback."""
    places = [line.split("/")[-1] for line in said if line.startswith("  File ")]
    errors = [line for line in said if line.startswith("error:")]
    return f"{errors[:1]} {places[-1:]}"


def _format(line: list[str]) -> str:
    return line[line.index("--format") + 1] if "--format" in line else "text"
