"""Files of other formats on the command line: one message that says what they are, exit code 2.

The files, and what is to be said of them, are those of ``tests/converters/identify``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.converters.identify.test_files import FILES


@pytest.mark.parametrize("kind", FILES)
def test_the_command_line_says_so_in_one_message(call: Any, tmp_path: Path, kind: str) -> None:
    make, name, remedy = FILES[kind]
    path = tmp_path / "net.mat"
    path.write_bytes(make())
    done = call("convert", path, "-o", tmp_path / "net.pt")
    assert (done.code, done.out) == (2, "")
    assert name in done.err
    assert remedy in done.err
    assert "\x1b" not in done.err
