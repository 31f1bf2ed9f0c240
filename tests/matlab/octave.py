"""Runs Octave."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE

STAND_INS = Path(__file__).parent / "stand_ins"

needs_octave = pytest.mark.skipif(shutil.which("octave") is None, reason="GNU Octave is absent")


_COMMAND = ["octave", "--norc", "--quiet", "--no-gui"]

#: Ends what one line of a session printed; an error's message comes before it.
_END = "\x01"


def _on_path(folders: tuple[Path, ...]) -> str:
    return "".join(f"addpath('{folder}'); " for folder in folders)


def octave(code: str, *folders: Path) -> str:
    """What ``code`` prints, with ``folders`` on the path; an error of Octave's fails the test."""
    done = subprocess.run(
        [*_COMMAND, "--eval", _on_path(folders) + code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def session() -> Iterator[Callable[..., str]]:
    """:func:`octave` for many lines in one process, each with nothing of those before it."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        _COMMAND, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        asked, answered = process.stdin, process.stdout
        assert asked is not None
        assert answered is not None

        def printed() -> str:
            said = ""
            while not said.endswith(_END):
                said += answered.read(1) or pytest.fail(f"Octave ended after {said!r}")
            return said.removesuffix(_END)

        def run(code: str, *folders: Path) -> str:
            left = _on_path(folders).replace("addpath", "rmpath")
            asked.write(
                f"try, {_on_path(folders)}{code} printf('{_END}'); "
                f"catch e, printf('{_END}%s', e.message); end; printf('{_END}'); "
                f"{left}clear -all\n"
            )
            asked.flush()
            said, error = printed(), printed()
            assert not error, error
            return said

        yield run
