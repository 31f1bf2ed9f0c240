"""Bad input through the command line: one clear message, exit code 2, bounded memory.

What counts as clear: one line that begins with ``error:``, no traceback, nothing on stdout. The
hostile files are those of ``tests/hostile``; the other files are written by scipy, with one thing
wrong in each. All run in children with limited memory, so that a crash fails a test.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.command import FIXTURES, Outcome, run_many
from tests.converters.exports import fields, save, weights
from tests.hostile import level5_files, level73_files

pytestmark = pytest.mark.slow

GOOD = str(FIXTURES / "same_odd.v7.mat")
X = np.ones((2, 2, 4), np.float32)

CORPUS5 = level5_files.corpus()
HOSTILE = [*(f"5 {name}" for name in CORPUS5), *(f"73 {name}" for name in level73_files.FILES)]
#: Nothing is wrong with these but that there is no layer in them.
HARMLESS = {
    *(f"5 {name}" for name, (_, errors) in CORPUS5.items() if errors == {""}),
    *(f"73 {name}" for name, (_, error) in level73_files.FILES.items() if error is None),
}


def assert_refused(outcome: Outcome) -> None:
    assert outcome.code == 2, outcome
    assert outcome.stdout == ""
    assert_clear(outcome)


def assert_clear(outcome: Outcome) -> None:
    lines = outcome.stderr.splitlines()
    assert [line.startswith("error:") for line in lines].count(True) == (outcome.code != 0)
    assert "Traceback" not in outcome.stderr
    assert "internal error" not in outcome.stderr


# --- hostile files ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Outcome]:
    """(command, file) to what came of it."""
    folder = tmp_path_factory.mktemp("cli") / "files"
    folder.mkdir()
    for name, (content, _) in CORPUS5.items():
        (folder / f"5 {name}").write_bytes(content)
    for name, (make, _) in level73_files.FILES.items():
        make(folder / f"73 {name}")
    commands = {}
    for name in HOSTILE:
        path, out = str(folder / name), str(folder.parent / "y.mat")
        # By default five million elements are read; tests/hostile does so.
        more = ["--max-elements", "100000"] if name == "73 billion_laughs" else []
        commands["inspect", name] = ["inspect", path, *more]
        commands["verify", name] = ["verify", path, *more]
        commands["predict", name] = ["predict", GOOD, "--input", path, "-o", out, *more]
    # Less memory than the bombs inflate to.
    return dict(zip(commands, run_many(list(commands.values()), gibibytes=3), strict=True))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("command", ["verify", "predict"])
def test_a_hostile_file_is_refused(
    hostile: dict[tuple[str, str], Outcome], command: str, name: str
) -> None:
    assert_refused(hostile[command, name])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_inspected_or_refused(
    hostile: dict[tuple[str, str], Outcome], name: str
) -> None:
    outcome = hostile["inspect", name]
    assert outcome.code in ((0,) if name in HARMLESS else (0, 2))
    assert_clear(outcome)


def test_bytes_of_other_files_never_come_out(hostile: dict[tuple[str, str], Outcome]) -> None:
    secret = level73_files.SECRET.decode()
    assert not [key for key, o in hostile.items() if secret in o.stdout + o.stderr]


# --- files with one thing wrong -----------------------------------------------------------

#: name -> (variables of the file, more arguments, what the message must say)
WRONG: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "wrong variable": ({"s": fields(X=X, Y=X)}, ["--variable", "t"], ["'t'", "has: s"]),
    "wrong layer": ({"s": fields(X=X, Y=X)}, ["--layer", "t"], ["'t'", "'up'"]),
    "no layer inside": ({"a": 1.0}, [], ["no layer"]),
    "several layers": ({"s": [fields(Name="one"), fields(Name="two")]}, [], ["'one', 'two'"]),
    "missing Weights": ({"s": fields(Weights=None, X=X, Y=X)}, [], ["Weights is empty"]),
    "empty Weights": (
        {"s": fields(Weights=np.zeros((0, 0)), X=X, Y=X)},
        [],
        ["Weights is empty"],
    ),
    "Weights of another shape": (
        {"s": fields(Weights=weights()[:2], X=X, Y=X)},
        [],
        ["2×2×5×4", "FilterSize [3 2]"],
    ),
    "Bias of another shape": (
        {"s": fields(Bias=np.ones((1, 1, 4)), X=X, Y=X)},
        [],
        ["1×1×4", "NumFilters 5"],
    ),
    "text as Weights": ({"s": fields(Weights="text", X=X, Y=X)}, [], ["Weights must be"]),
    "text as Stride": ({"s": fields(Stride="text", X=X, Y=X)}, [], ["Stride must be", "'text'"]),
    "text as X": ({"s": fields(X="text", Y=X)}, [], ["numeric array", "char"]),
    "infinite Stride": ({"s": fields(Stride=np.inf, X=X, Y=X)}, [], ["Stride must be"]),
    "huge Stride": ({"s": fields(Stride=1e300, X=X, Y=X)}, [], ["Stride"]),
    "overflowing Stride": ({"s": fields(Stride=2e9, X=X, Y=X)}, [], ["--max-elements"]),
    "large Stride": ({"s": fields(Stride=1e7, X=X, Y=X)}, [], ["--max-elements"]),
    "huge crop": ({"s": fields(CroppingSize=1e9, X=X, Y=X)}, [], ["leaves nothing"]),
    "same with a small filter": (
        {"s": fields(CroppingMode="same", Stride=4.0, X=X, Y=X)},
        [],
        ["'same'", "FilterSize"],
    ),
    "X of other channels": (
        {"s": fields(X=X[:, :, :3], Y=X)},
        [],
        ["NumChannels", "4", "has 3"],
    ),
    "no X": ({"s": fields(Y=X)}, [], ["no input", "X"]),
    "no Y": ({"s": fields(X=X)}, [], ["no expected output", "Y"]),
    "empty Y": ({"s": fields(X=X, Y=np.zeros((0, 0)))}, [], ["Nothing to compare"]),
    "Y all NaN": ({"s": fields(X=X, Y=X * np.nan)}, [], ["all NaN"]),
    "unknown format": ({"s": fields(X=X, Y=X)}, ["--data-format", "SSQB"], ["'Q'"]),
    "unsupported format": ({"s": fields(X=X, Y=X)}, ["--data-format", "CB"], ["'CB'"]),
    "unknown dtype": ({"s": fields(X=X, Y=X)}, ["--dtype", "int8"], ["dtype"]),
    "unknown device": ({"s": fields(X=X, Y=X)}, ["--device", "abacus"], ["device"]),
    "no such input file": ({"s": fields(Y=X)}, ["--input", "/none.mat:X"], ["/none.mat"]),
    "beyond --max-bytes": ({"s": fields(X=X, Y=X)}, ["--max-bytes", "50"], ["--max-bytes"]),
}


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("wrong")
    commands = [
        ["verify", str(save(folder / f"{name}.mat", **variables)), *more]
        for name, (variables, more, _) in WRONG.items()
    ]
    return dict(zip(WRONG, run_many(commands), strict=True))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_and_told_why(wrong: dict[str, Outcome], name: str) -> None:
    assert_refused(wrong[name])
    for part in WRONG[name][2]:
        assert part in wrong[name].stderr


@pytest.mark.parametrize("name", [n for n in WRONG if n != "no such input file"])
def test_the_message_names_the_file(wrong: dict[str, Outcome], name: str) -> None:
    assert f"{name}.mat" in wrong[name].stderr or WRONG[name][1][:1] in (["--dtype"], ["--device"])


# --- paths --------------------------------------------------------------------------------


def test_paths_that_are_no_readable_file(tmp_path: Path) -> None:
    locked = tmp_path / "locked.mat"
    locked.write_bytes(Path(GOOD).read_bytes())
    locked.chmod(0)
    os.mkfifo(tmp_path / "pipe.mat")
    paths = {
        tmp_path / "none.mat": "No such file",
        tmp_path / ("a" * 5000): "too long",
        tmp_path / "pipe.mat": "not a regular file",
    }
    if not os.access(locked, os.R_OK):  # root may read everything
        paths[locked] = "ermission"
    commands = [[command, str(path)] for path in paths for command in ("inspect", "verify")]
    said = [part for part in paths.values() for _ in range(2)]
    for outcome, part in zip(run_many(commands), said, strict=True):
        assert_refused(outcome)
        assert part in outcome.stderr


def test_a_summary_names_the_layers_that_its_remedy_is_for(call: Any) -> None:
    said = call("inspect", FIXTURES / "code" / "network.mat", "--summary").out
    assert said.index("   not run: 'swish', 'blend', 'pool'\n") < said.index("   remedy: ")


def test_a_network_beyond_the_limit_is_not_called_damaged(call: Any) -> None:
    said = call("inspect", FIXTURES / "native" / "series_v7.mat", "--max-bytes", 10).out
    assert (
        "net: SeriesNetwork, not read: The variable inflates to 144 bytes; the limit is 10" in said
    )
    assert "remedy: if you trust the file, pass --max-bytes 144 or more" in said


def test_the_limit_is_lifted_by_max_bytes(tmp_path: Path) -> None:
    """A bomb of 30 MB in a file of 30 kB, a limit below it and one above."""
    path = tmp_path / "bomb.mat"
    level5_files.write_bomb(path, 30_000_000)
    command = ["predict", GOOD, "--input", str(path), "-o", str(tmp_path / "y.mat")]
    low, high = run_many([[*command, "--max-bytes", n] for n in ("1000000", "40000000")])
    assert_refused(low)
    assert "--max-bytes" in low.stderr
    assert_refused(high)  # it is no input for the layer all the same
    assert "--max-bytes" not in high.stderr


@pytest.mark.parametrize(
    ("option", "low", "high"),
    [("--max-depth", "50", "70"), ("--max-elements", "5", "500")],
)
def test_each_limit_has_its_option(tmp_path: Path, option: str, low: str, high: str) -> None:
    """60 cells within each other: 60 deep, 60 elements."""
    path = tmp_path / "deep.mat"
    path.write_bytes(level5_files.file(level5_files.nested_cells(60)))
    command = ["predict", GOOD, "--input", str(path), "-o", str(tmp_path / "y.mat"), option]
    too_low, enough = run_many([[*command, low], [*command, high]])
    assert_refused(too_low)
    assert option in too_low.stderr
    assert_refused(enough)  # it is no input for the layer all the same
    assert option not in enough.stderr
