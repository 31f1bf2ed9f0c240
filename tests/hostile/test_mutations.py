"""Random damage: files with flipped bytes are read or refused, never with another error.

The seeds are packed by hand and inflated and deflated again around each change, so that the
damage gets past the checksum. All are read in one child process with little memory.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from matlab_compat import errors as all_errors
from tests.hostile import level5_files as files
from tests.hostile.reading import read_in_child

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MUTANTS_OF_EACH = 150


def seeds() -> dict[str, bytes]:
    """Small files that between them use every part of the format."""
    good = {name: data for name, (data, errors) in files.corpus().items() if errors == {""}}
    small = {name: data for name, data in good.items() if len(data) < 20_000 and data}
    text = files.array(files.CHAR, (1, 3), files.element(files.UTF8, b"abc"))
    handle = files.struct_array((1, 1), ["function"], text, width=16)
    parts = [
        text,
        files.array(
            files.MX_DOUBLE, (2, 1), files.doubles(1, 2), files.doubles(3, 4), flags=files.COMPLEX
        ),
        files.array(files.SPARSE, (2, 2), files.int32s(0), files.int32s(0, 1, 1), files.doubles(1)),
        files.array(files.FUNCTION, (1, 1), handle),
        files.struct_array((2, 1), ["a", "b"], *(files.scalar(n) for n in range(4))),
    ]
    cell = files.array(files.CELL, (1, len(parts)), *parts, name="x")
    small["all classes"] = files.file(cell)
    return small


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change a few bytes behind the header, often to values that make trouble."""
    mutant = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(100, len(mutant))
        mutant[place] = dice.choice([0, 1, 2, 14, 15, 127, 128, 255, dice.randrange(256)])
    return bytes(mutant)


def test_damaged_files_raise_only_this_projects_errors(tmp_path: Path) -> None:
    dice = random.Random(20240101)
    for name, data in seeds().items():
        for number in range(MUTANTS_OF_EACH):
            (tmp_path / f"{name} {number}").write_bytes(mutate(data, dice))

    lines = read_in_child(tmp_path)
    assert len(lines) == MUTANTS_OF_EACH * len(seeds())
    allowed = {name for name in vars(all_errors) if name.endswith("Error")}
    assert {error for line in lines for error in line["errors"]} <= allowed
    assert sum(bool(line["errors"]) for line in lines) > len(lines) / 4
