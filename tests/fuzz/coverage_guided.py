"""Coverage-guided fuzzing of the readers of level 4 to 7, by atheris (``pip install atheris``).

python -m tests.fuzz.coverage_guided CORPUS -max_total_time=600 -rss_limit_mb=4096

CORPUS is a folder for what libFuzzer finds worth keeping; healthy files are put into it first.
Level 7.3 is HDF5's own code, which gives no coverage to follow: ``python -m tests.fuzz``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["converters.matfile"]):
    from converters.matfile import Limits, open_mat
    from matlab_compat.errors import MatFileError
    from tests.hostile.level5_child import visit

_LIMITS = Limits(max_bytes=1 << 26, max_elements=100_000)
_HDF5 = b"\x89HDF"
_PATH = Path(tempfile.mkdtemp()) / "input.mat"


def one_input(data: bytes) -> None:
    """Read one file; anything but values and a ``MatFileError`` is a finding."""
    if not data or _HDF5 in data or data.startswith(b"MATLAB 7.3"):
        return
    _PATH.write_bytes(data)
    found: list[BaseException] = []
    try:
        with open_mat(_PATH, limits=_LIMITS) as mat:
            for name in mat:
                try:
                    visit(mat[name], found)
                except MatFileError:
                    continue
    except MatFileError:
        return
    for error in found:
        if not isinstance(error, MatFileError):
            raise error


def main() -> None:
    """Write the healthy files to the corpus, then let libFuzzer go on from them."""
    from tests.fuzz.seeds import all_seeds

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        for number, seed in enumerate(all_seeds(Path(made), real=False)):
            if seed.level != "7.3" and len(seed.data) < 4096:
                (folder / f"seed{number}").write_bytes(seed.data)
    warnings.simplefilter("ignore")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
