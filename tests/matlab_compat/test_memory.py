"""Memory kept: what the system says of the process (``/proc``), in a child of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

#: Sizes of address space do not depend on the size of pages, or on what else the machine does.
KEPT = """
import sys
from pathlib import Path
import numpy as np
import matlab_compat

def size():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))

if "keep" in sys.argv:
    assert matlab_compat.keep_memory()
before = size()
np.ones(16_000_000, np.float32)
print(size() - before)
"""


def kept(*arguments: str) -> int:
    """Kilobytes that the process has left of an array of 64 MB which it made and freed."""
    command = [sys.executable, "-c", KEPT, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept() -> None:
    assert kept() < 6_000
    assert kept("keep") > 60_000


def test_another_c_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    import matlab_compat

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert matlab_compat.keep_memory() is False
