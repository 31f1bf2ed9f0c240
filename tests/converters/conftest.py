"""What the tests of converting share."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import pytest

import converters.formats.source


def _python(program: str, folder: Path, *arguments: str, may_differ: bool = False) -> str:
    printed = io.StringIO()
    names = {path.stem for path in folder.glob("*.py")}
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.syspath_prepend(str(folder))
        patch.setattr(sys, "argv", ["-c", str(folder), *arguments])
        for name in names:
            patch.delitem(sys.modules, name, raising=False)
        try:
            with contextlib.suppress(SystemExit):
                exec(f"import sys\n{program}", {"__name__": "__main__"})
        finally:
            for name in names & sys.modules.keys():
                del sys.modules[name]
    return printed.getvalue().strip()


@pytest.fixture
def packages_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages of source are run in this process, not in one of their own, which takes seconds.

    That they need nothing of this project is shown in ``formats/test_source.py``.
    """
    monkeypatch.setattr(converters.formats.source, "_python", _python)
