"""What the operating system is asked to open, by Python or by HDF5's C code: the file alone.

strace writes down every attempt of a child that reads the hostile level 7.3 files and mutants of
them, many of which point at other files. Expected: no path but the files read, Python's own
modules, the plug-in folders of the HDF5 installation, where it looks for help with what it cannot
open, and a setting of the system that malloc reads. The second test shows that an open by HDF5
itself would be seen.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.harness import Corpus
from tests.fuzz.seeds import all_seeds
from tests.hostile.level73_files import FILES
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
MUTANTS = 300

_TRACE = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2,creat"]


def _can_trace() -> bool:
    """strace may be absent, and a container may forbid it."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*_TRACE, "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _can_trace(), reason="strace is absent or may not trace")

#: Where several threads allocate, glibc's malloc reads this before it gives memory back.
_OF_MALLOC = '"/proc/sys/vm/overcommit_memory", O_RDONLY|O_CLOEXEC'


def opened(log: Path, first: str, *command: str) -> list[str]:
    """The paths that a child tried to open, from ``first`` on: before it, libraries are loaded."""
    subprocess.run(
        [*_TRACE, "-o", str(log), sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    lines = log.read_text(errors="replace").splitlines()
    calls = [line for line in lines if "open" in line and _OF_MALLOC not in line]
    paths = [found[1] for line in calls if (found := re.search(r'"((?:[^"\\]|\\.)*)"', line))]
    return paths[paths.index(first) :]


#: Compiled into HDF5; a file cannot change them.
_PLUGINS = ("/usr/local/lib/plugin", "/usr/local/hdf5/lib/plugin")


def is_code(path: str) -> bool:
    """Modules that are imported when first needed, and the folders that code is looked for in."""
    if path.endswith((".py", ".pyc", ".so", "entry_points.txt")):
        return True
    return path in (*sys.path, *_PLUGINS) or Path(path, "__init__.py").is_file()


@pytest.mark.slow
def test_no_other_file_is_opened_even_by_hdf5(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, (make, _) in FILES.items():
        make(folder / name)
    seeds = all_seeds(tmp_path, real=False)
    (folder / "0 healthy").write_bytes(next(s.data for s in seeds if s.level == "7.3"))
    corpus = Corpus(seeds, 2026, ("7.3",))
    for number in range(MUTANTS):
        (folder / f"mutant {number}").write_bytes(corpus.make(number)[1])
    _, *files = sorted(map(str, folder.iterdir()))

    # By default five million elements are read of one of them, which opens nothing either.
    child = ("-m", "tests.hostile.level5_child", str(folder), "100000")
    paths = opened(tmp_path / "log", files[0], *child)

    assert len(set(paths) & set(files)) == len(files)
    assert {path for path in paths if not is_code(path)} - set(files) == set()


def test_an_open_by_hdf5_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "external_link"
    FILES["external_link"][0](path)
    follow = "import h5py, sys\nwith h5py.File(sys.argv[1]) as f: [f.get(name) for name in f]"

    paths = opened(tmp_path / "log", str(path), "-c", follow, str(path))

    assert {p for p in paths if not is_code(p)} > {str(path)}
