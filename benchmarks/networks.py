"""Print every network of a folder: its kind, its layers, and whether it converts or why not.

python -m benchmarks.networks [../shared/real]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(real: Path) -> int:
    """Print the table."""
    from tests.truth.networks import rows

    print(f"{'kind':<14}{'layers':>6}  {'batch':>7}  {'verdict':<8} network, and why")
    for row in rows(real):
        apart = "" if row.apart is None else f"{row.apart:.1g}"
        print(
            f"{row.network.kind:<14}{len(row.network.Layers):>6}  {apart:>7}  {row.verdict:<8} "
            f"{row.where}"
        )
        for reason in row.reasons:
            print(f"{'':<41}{reason}")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path as well
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "real"))
