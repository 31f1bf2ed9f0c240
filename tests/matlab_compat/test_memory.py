"""Memory kept: what the system says of the process (``getrusage``), in a child of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
import matlab_compat

if "keep" in sys.argv:
    assert matlab_compat.keep_memory()
def use():
    np.ones(16_000_000, np.float32)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*arguments: str) -> int:
    """Pages that the system had to give while an array of 64 MB was made ten times."""
    command = [sys.executable, "-c", FAULTS, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_used_again() -> None:
    assert faults("keep") < faults() / 10


def test_another_c_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    import matlab_compat

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert matlab_compat.keep_memory() is False
