"""``matlab-compat matlab-helpers``. Expected values: the names of the documented functions."""

from __future__ import annotations

from pathlib import Path

from .command import run

FUNCTIONS = {"exportLayerForPython.m", "exportNetworkForPython.m", "importFromPython.m"}


def test_the_functions_are_written_to_a_new_folder(tmp_path: Path) -> None:
    done = run("matlab-helpers", tmp_path / "new" / "helpers")
    assert done.returncode == 0, done.stderr
    assert {file.name for file in (tmp_path / "new" / "helpers").glob("*.m")} == FUNCTIONS
    assert "wrote" in done.stdout


def test_existing_files_are_kept_unless_forced(tmp_path: Path) -> None:
    mine = tmp_path / "importFromPython.m"
    mine.write_text("mine")
    done = run("matlab-helpers", tmp_path)
    assert done.returncode == 2
    assert "importFromPython.m" in done.stderr
    assert "--force" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["importFromPython.m"]
    assert mine.read_text() == "mine"
    assert run("matlab-helpers", tmp_path, "--force").returncode == 0
    assert mine.read_text().startswith("function")


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("matlab-helpers", tmp_path / "file")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
