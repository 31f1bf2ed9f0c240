"""Python files of the user's on the command line. Expected values: written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from converters import plugins
from converters.plugins import load_plugin
from matlab_compat import layer_class
from matlab_compat.errors import FileAccessError, MatlabCompatWarning, UsageError

LAYER = """
import matlab_compat
from torch import nn

@matlab_compat.register("mine.FancyLayer")
class FancyLayer(matlab_compat.Layer):
    matlab_class = "mine.FancyLayer"

    def _build(self, formats):
        return nn.Identity()
"""

#: Leaves a mark each time that it runs.
COUNTED = """
with open({!r}, "a") as file:
    file.write("x")
"""


@pytest.fixture(autouse=True)
def alone(own_registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of the test's own, and no plug-in loaded."""
    monkeypatch.setattr(plugins, "_loaded", {})


def written(place: Path, text: str = LAYER) -> Path:
    place.write_text(text)
    return place


def test_what_it_registers_is_known(tmp_path: Path) -> None:
    load_plugin(written(tmp_path / "mine.py"))
    assert layer_class("mine.FancyLayer") is not None


def test_it_is_run_once(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", LAYER + COUNTED.format(str(tmp_path / "runs")))
    load_plugin(file)
    load_plugin(str(file))
    assert (tmp_path / "runs").read_text() == "x"


def test_it_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    written(tmp_path / "beside_of_the_plugin.py")
    with pytest.warns(MatlabCompatWarning, match="registers no layer"):
        load_plugin(written(tmp_path / "plain.py", "x = 1"))
    load_plugin(written(tmp_path / "mine.py", "import beside_of_the_plugin"))


def test_what_it_prints_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_plugin(written(tmp_path / "mine.py", LAYER + "print('loading')"))
    assert tuple(capsys.readouterr()) == ("", "loading\n")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\ny = 1 / 0", "line 2", "ZeroDivisionError: division by zero"),
        ("x = (", "line 1", "SyntaxError: '(' was never closed"),
        ("raise SystemExit(0)", "line 1", "SystemExit: 0"),
    ],
)
def test_an_error_in_it_has_its_line(tmp_path: Path, text: str, line: str, said: str) -> None:
    with pytest.raises(UsageError, match="cannot be run") as caught:
        load_plugin(written(tmp_path / "bad.py", text))
    assert caught.value.where == (str(tmp_path / "bad.py"), line)
    assert said in caught.value.what


@pytest.mark.parametrize(("name", "kind"), [("absent.py", FileAccessError), ("x.txt", UsageError)])
def test_what_is_no_file_of_python_is_refused(tmp_path: Path, name: str, kind: Any) -> None:
    with pytest.raises(kind):
        load_plugin(tmp_path / name)
