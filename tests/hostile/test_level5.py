"""Hostile level 5 files: each is refused with the right error, soon and in little memory.

The files come from :mod:`tests.hostile.level5_files`, which packs them by hand; what must
happen to each stands beside it there. They are read in a child process whose memory is
limited, so that a crash of the interpreter fails a test instead of ending the run. That it is
soon is counted: the steps for many small things grow as their number does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from converters.matfile import Limits, open_mat
from matlab_compat.errors import LimitExceededError, MatlabCompatWarning
from tests.hostile import level5_child
from tests.hostile import level5_files as files
from tests.hostile.reading import read_in_child
from tests.steps import growth

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
#: What is enormous is so only in the folder that is read.
CORPUS = {**files.corpus(), **files.enormous(1)}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What reading each file of the corpus did, by name; a crash leaves the rest out."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, (content, _) in {**CORPUS, **files.enormous()}.items():
        (folder / name).write_bytes(content)
    return {line["name"]: line for line in read_in_child(folder)}


@pytest.mark.parametrize("name", CORPUS)
def test_file_is_refused_with_the_right_error(outcomes: dict[str, dict], name: str) -> None:
    expected = CORPUS[name][1]
    met = set(outcomes[name]["errors"])

    if expected == {""}:
        assert not met
    else:
        assert met
        assert met <= expected


@pytest.mark.parametrize("name", files.enormous(1))
def test_twice_as_many_things_take_twice_as_many_steps(tmp_path: Path, name: str) -> None:
    def reading(count: int) -> Callable[[], object]:
        path = tmp_path / f"{count}.mat"
        path.write_bytes(files.enormous(count)[name][0])
        return lambda: level5_child.errors_of(path)

    assert growth(reading, 100) < 3


@pytest.mark.parametrize("name", CORPUS)
def test_messages_stay_short_whatever_the_names(outcomes: dict[str, dict], name: str) -> None:
    # A name on the way takes 400 characters at most, and the way 100 steps; these have few.
    assert outcomes[name]["longest"] < 5000


def test_bombs_beyond_the_memory_are_refused(tmp_path: Path) -> None:
    # 3.9 GB is within the default limit of 4 GiB, but not within the child's memory.
    files.write_bomb(tmp_path / "3.9 GB", 3_900_000_000)

    assert read_in_child(tmp_path)[0]["errors"] == ["LimitExceededError"]


def test_bomb_is_refused_before_it_is_inflated(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "bomb.mat"
    files.write_bomb(path, 1 << 28)

    def never(*_args: object) -> None:
        raise AssertionError("inflated")

    monkeypatch.setattr("converters.matfile.inflate.Inflater.read_into", never)
    with open_mat(path, limits=Limits(max_bytes=1 << 20)) as mat:
        with pytest.raises(LimitExceededError, match="max_bytes"):
            mat["x"]
        assert mat.variables[0].shape == (2, 1 << 27)


def test_last_of_two_variables_of_one_name_counts(tmp_path: Path) -> None:
    path = tmp_path / "twice.mat"
    path.write_bytes(CORPUS["duplicate names"][0])

    with pytest.warns(MatlabCompatWarning, match="same name"):
        mat = open_mat(path)

    with mat:
        assert mat["a"].item() == 2.0
        assert len(mat.variables) == 1
