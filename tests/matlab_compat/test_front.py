"""``matlab_compat.load`` and its like, and the command line from below.

Expected values: the functions of ``converters``; files with names that others have, made here.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import converters
import matlab_compat as mc
from matlab_compat import front
from matlab_compat.errors import UsageError
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", front.__all__)
def test_the_front_is_that_of_converters(name: str) -> None:
    assert getattr(mc, name) is getattr(converters, name)
    assert name in dir(mc)


def test_the_module_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "matlab_compat", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.startswith("matlab-compat ")


@pytest.mark.parametrize("name", ["converters", "cli"])
def test_a_file_that_comes_before_ours_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / f"{name}.py"
    other.write_text("x = 1")
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=f"Another module is called '{name}'") as caught:
        front.check_packages(name)
    assert caught.value.where == (str(other),)
    with pytest.raises(SystemExit) as left:
        front.main()
    assert left.value.code == 2
    assert str(other) in capsys.readouterr().err
