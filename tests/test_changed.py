"""Which tests ``make quick`` runs. Expected values: the folders of this repository, by hand."""

from __future__ import annotations

import pytest

from tests.changed import ROOT, areas_of, changed

IMPORTS = "tests/matlab_compat/test_imports.py"


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], ["tests"]),
        (["pyproject.toml"], ["tests"]),
        (["tests/conftest.py", "README.md"], ["tests"]),
        (["README.md"], ["tests/docs", IMPORTS]),
        (["docs/speed.md"], ["tests/docs", IMPORTS]),
        (["cli/verify.py"], ["tests/cli", IMPORTS]),
        (["matlab_compat/errors.py"], ["tests/matlab_compat"]),
        (
            ["converters/load.py", "converters/matfile/hdf5.py"],
            ["tests/converters", "tests/hostile", IMPORTS],
        ),
        (
            ["matlab_compat/engine/pooling.py"],
            ["tests/matlab_compat/engine", "tests/matlab_compat/layers", IMPORTS],
        ),
        (
            ["matlab_compat/parity/diagnose/layer.py"],
            ["tests/converters/test_verify.py", IMPORTS, "tests/matlab_compat/parity/diagnose"],
        ),
        (["tests/cli/test_main.py"], ["tests/cli/test_main.py", IMPORTS]),
        (["tests/cli/child.py"], ["tests/cli", IMPORTS]),
        (["tests/cli/test_that_was_removed.py"], ["tests/cli", IMPORTS]),
    ],
)
def test_the_areas_of_what_changed(paths: list[str], expected: list[str]) -> None:
    assert areas_of(paths) == sorted(expected)


def test_every_source_has_tests() -> None:
    sources = [p for f in ("matlab_compat", "converters", "cli") for p in (ROOT / f).rglob("*.py")]
    for path in sources:
        for name in areas_of([str(path.relative_to(ROOT))]):
            assert (ROOT / name).exists(), path


def test_what_git_says_is_relative_to_the_root() -> None:
    assert all(not path.startswith(("/", "..")) for path in changed())
