"""Several files and folders that get their names together, or not at all.

Expected values: what the tests themselves wrote, and what lay in the folder before.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from converters import atomic
from converters.atomic import new_file, new_files
from matlab_compat.errors import FileAccessError, UsageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(folder: Path, overwrite: bool = False) -> None:
    with new_files(folder / "a", folder / "b", overwrite=overwrite) as new:
        for place in new.temporary:
            place.write_text(f"new {place.name}")


def test_all_appear_when_the_block_ends(tmp_path: Path) -> None:
    with new_files(tmp_path / "a", tmp_path / "b") as new:
        for place in new.temporary:
            place.write_text(place.name)
        assert not (tmp_path / "a").exists()
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "b").read_text() == "b"


def test_one_that_exists_keeps_all_from_being_written(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(UsageError, match="a file of that name"):
        write(tmp_path)
    assert names(tmp_path) == ["b"]


def test_one_that_comes_meanwhile_stays(tmp_path: Path) -> None:
    def too_late() -> None:
        with new_file(tmp_path / "a") as place:
            place.write_text("new")
            (tmp_path / "a").write_text("mine")

    with pytest.raises(UsageError, match="a file of that name"):
        too_late()
    assert (tmp_path / "a").read_text() == "mine"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("fails_at", ["a", "b"])
def test_where_one_cannot_get_its_name_the_old_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    for name in "ab":
        (tmp_path / name).write_text(f"old {name}")
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target == tmp_path / fails_at and not self.name.startswith("old."):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(FileAccessError, match="No space left"):
        write(tmp_path, overwrite=True)
    assert [(tmp_path / name).read_text() for name in "ab"] == ["old a", "old b"]
    assert names(tmp_path) == ["a", "b"]


def test_where_there_was_none_none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target == tmp_path / "a":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path)
    assert names(tmp_path) == []


def test_everything_is_on_the_disk_before_anything_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def recorded(path: Path) -> None:
        synced.append((path.name, names(tmp_path)[-1:] == ["package"]))

    monkeypatch.setattr(atomic, "_sync", recorded)
    with new_files(tmp_path / "package") as new:
        new.temporary[0].mkdir()
        (new.temporary[0] / "model.py").write_text("")
    assert synced == [("model.py", False), ("package", False), (tmp_path.name, True)]


def folder(path: Path, file: str) -> Path:
    path.mkdir()
    (path / file).write_text("old")
    return path


def write_package(path: Path) -> None:
    with new_files(path, overwrite=True) as new:
        new.temporary[0].mkdir()
        (new.temporary[0] / "model.py").write_text("new")


def test_a_folder_of_an_earlier_conversion_is_replaced_whole(tmp_path: Path) -> None:
    old = folder(tmp_path / "package", "model.py")
    (old / "weights").write_text("old")
    write_package(old)
    assert names(old) == ["model.py"]
    assert (old / "model.py").read_text() == "new"
    assert names(tmp_path) == ["package"]


def test_any_other_folder_stays(tmp_path: Path) -> None:
    mine = folder(tmp_path / "package", "thesis.tex")
    with pytest.raises(UsageError, match="something else than an earlier conversion"):
        write_package(mine)
    assert names(mine) == ["thesis.tex"]


def test_a_folder_of_the_users_stays_where_another_name_is_chosen(tmp_path: Path) -> None:
    mine = folder(tmp_path / "other", "thesis.tex")

    def under_another_name() -> None:
        with new_files(tmp_path / "package", overwrite=True) as new:
            new.temporary[0].mkdir()
            new.places = (mine,)

    with pytest.raises(UsageError, match="something else than an earlier conversion"):
        under_another_name()
    assert names(tmp_path) == ["other"]
    assert names(mine) == ["thesis.tex"]


def test_a_folder_does_not_take_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "package").write_text("mine")
    with pytest.raises(FileAccessError, match="there is a file of that name"):
        write_package(tmp_path / "package")
    assert (tmp_path / "package").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_what_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with new_file(tmp_path / "link", overwrite=True) as place:
        place.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
