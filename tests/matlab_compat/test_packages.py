"""Entry points are those of the installed packages, read again once something is installed.

The distributions are folders written by hand, as the specification of entry points describes them.
"""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest

from matlab_compat import packages

GROUP = "matlab_compat.tried"


def install(folder: Path, name: str) -> None:
    """A distribution with an entry point of its name, as pip leaves it."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}:made\n")
    os.utime(folder, ns=(0, 10**9 * len(list(folder.iterdir()))))  # as if a second had passed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Python's path where one package is installed."""
    install(tmp_path, "first")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_entry_points_are_found_by_group_and_by_name() -> None:
    assert packages.entry_points(group=GROUP).names == {"first"}
    (point,) = packages.entry_points(group=GROUP, name="first")
    assert point.value == "first:made"
    assert not packages.entry_points(group=GROUP, name="second")
    assert not packages.entry_points(group=f"{GROUP}.else")


@pytest.mark.usefixtures("folder")
def test_installed_packages_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = packages.entry_points(group=GROUP)
    monkeypatch.delattr(importlib.metadata, "entry_points")
    assert packages.entry_points(group=GROUP) is before


def test_a_package_that_is_installed_later_is_found(folder: Path) -> None:
    packages.entry_points(group=GROUP)
    install(folder, "second")
    assert packages.entry_points(group=GROUP).names == {"first", "second"}


def test_a_package_beyond_the_path_is_not_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.entry_points(group=GROUP)
    monkeypatch.setattr("sys.path", [str(folder / "absent")])
    assert not packages.entry_points(group=GROUP)
