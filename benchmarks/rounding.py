"""Print how far right results of real networks are from each other, in roundings of 16 allowed.

python -m benchmarks.rounding [../shared/real]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(real: Path) -> int:
    """Print the table; 1 if an element is outside."""
    from tests.truth.roundings import WAYS, rounded

    heads = "".join(f"{way:>17}" for way in WAYS)
    print(f"{'layers':>6}{'elements':>10}{'runs':>6}{'price':>7}{heads}  network")
    outside = 0
    for row in (row for folder in sorted(real.iterdir()) for row in rounded(folder, WAYS)):
        far = "".join(f"{row.ways[w][1]:>17.3g}" if w in row.ways else f"{'':>17}" for w in WAYS)
        size = f"{len(row.network.Layers):>6}{row.elements:>10}"
        print(f"{size}{row.runs:>6}{row.price:>7.1f}{far}  {row.where}", flush=True)
        outside += sum(count for count, _ in row.ways.values())
    print(f"{outside} elements are outside")
    return int(outside > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path as well
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "real"
    sys.exit(main(folder))
