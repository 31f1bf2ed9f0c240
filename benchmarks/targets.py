"""Print which networks of a folder convert to which formats, and how far their outputs are apart.

python -m benchmarks.targets [../shared/real] [.onnx ...]

Every cell is written, read afresh, run on random inputs, and removed. A number is the scaled error
(at most 16 counts as equal), "-" a refusal, "?" something written that nothing could be compared
with; the reasons are below the table.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]


def main(real: Path, endings: tuple[str, ...]) -> int:
    """Print the matrix; 1 if an output differs."""
    from tests.converters.formats.matrix import SUFFIXES, rows

    print("".join(f"{ending or 'folder':>14}" for ending in endings or SUFFIXES), " network")
    reasons: dict[str, list[str]] = {}
    different = 0
    with TemporaryDirectory() as folder:
        for where, _, cells in rows(real, Path(folder), endings or SUFFIXES):
            print("".join(f"{cell.text:>14}" for cell in cells.values()), "", where, flush=True)
            different += sum(cell.exit_code for cell in cells.values())
            for ending, cell in cells.items():
                if cell.reason:
                    reasons.setdefault(f"{where}: {cell.reason}", []).append(ending or "folder")
    print()
    for reason, where_to in reasons.items():
        print(f"{reason} ({' '.join(where_to)})")
    print(f"\n{different} of these outputs differ")
    return int(bool(different))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path as well
    arguments = sys.argv[1:]
    folders = [Path(a) for a in arguments if not a.startswith(".") or a.startswith("..")]
    chosen = tuple(a for a in arguments if a.startswith(".") and not a.startswith(".."))
    sys.exit(main(folders[0] if folders else ROOT.parent / "shared" / "real", chosen))
