"""The tests of what has changed: ``python -m tests.changed`` prints their folders and files.

Changed is what ``git`` says differs from the branch that this one will go to, committed or not.
Where nothing differs, or what concerns everything, all tests are named.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
EVERYTHING = "tests"
#: Source folder -> tests that run it, besides those in the folder of the same name; the first that
#: fits counts. The engine is tested through the layers that it computes.
ALSO = {
    "matlab_compat/engine": ["tests/matlab_compat/layers"],
    "matlab_compat/execution": ["tests/matlab_compat/network", "tests/matlab_compat/layers"],
    "matlab_compat/language": ["tests/matlab_compat/layers"],
    "matlab_compat/layers": ["tests/converters/test_save_network.py"],
    "matlab_compat/parity": ["tests/converters/test_verify.py"],
    "converters/formats": ["tests/converters"],
    "converters/matfile": ["tests/hostile"],
    "docs": ["tests/docs"],
    "README.md": ["tests/docs"],
    "LICENSE": ["tests/test_packaging.py"],
    "benchmarks": ["tests/test_packaging.py"],  # they have no tests of their own
}
#: Quick, and true of every change.
ALWAYS = ["tests/matlab_compat/test_imports.py"]


def changed() -> list[str]:
    """Paths that differ from the branch to go to, or are new; none where there is no git."""
    try:
        base = _git("merge-base", "HEAD", _target())[0]
        return [
            *_git("diff", "--name-only", base),
            *_git("ls-files", "--others", "--exclude-standard"),
        ]
    except (OSError, subprocess.CalledProcessError):
        return []


def _target() -> str:
    for name in ("@{upstream}", "origin/HEAD", "main"):
        try:
            _git("rev-parse", "--verify", "--quiet", name)
        except subprocess.CalledProcessError:
            continue
        return name
    return "HEAD"


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def areas_of(paths: Iterable[str]) -> list[str]:
    """The tests of these files, as few paths as name them all."""
    found = {name for path in paths for name in _of_one(PurePosixPath(path))}
    if not found or EVERYTHING in found:
        return [EVERYTHING]
    parts = {name: PurePosixPath(name) for name in {*found, *ALWAYS}}
    return sorted(
        name for name, path in parts.items() if not any(p in path.parents for p in parts.values())
    )


def _of_one(path: PurePosixPath) -> Iterator[str]:
    """Of one file; what is not known concerns everything."""
    also = next((also for key, also in ALSO.items() if path.is_relative_to(key)), None)
    if path.parts[0] == "tests":
        yield _own(path)
    elif path.parts[0] in ("matlab_compat", "converters", "cli", "fixtures"):
        yield from also or ()
        yield _mirror(path.parent)
    else:
        yield from also or (EVERYTHING,)


def _own(path: PurePosixPath) -> str:
    """A test module itself; of what tests share, all in its folder."""
    if path.name.startswith("test_") and (ROOT / path).exists():
        return str(path)
    return str(path.parent)


def _mirror(folder: PurePosixPath) -> str:
    """The nearest folder of tests with the name of a folder of sources."""
    mirrored = "tests" / folder
    while not (ROOT / mirrored).exists():
        mirrored = mirrored.parent
    return str(mirrored)


if __name__ == "__main__":
    print(*areas_of(changed()))
