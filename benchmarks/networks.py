"""Print every model of a folder: its kind, whether it converts or why not, and the truth it meets.

python -m benchmarks.networks [../shared/real]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(real: Path) -> int:
    """Print the table; 1 if a model differs from the truth or from what was written of it."""
    from tests.truth.models import models

    counts: Counter[str] = Counter()
    off = 0
    print(f"{'kind':<24}{'verdict':<10}model, and why; how far from what others computed")
    for model in models(real):
        counts[model.verdict] += 1
        print(f"{model.kind:<24}{model.verdict:<10}{model.where}", flush=True)
        for reason in model.reasons:
            print(f"{'':<34}{reason}")
        for one in model.truth:
            verdict = "ok" if one.holds else "OFF"
            print(f"{'':<34}{verdict} {one.value:.2g} of {one.allowed:.2g}, {one.quantity}")
        off += model.verdict == "differs" or not all(one.holds for one in model.truth)
    print(", ".join(f"{verdict}: {count}" for verdict, count in sorted(counts.items())))
    return int(off > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path as well
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "real"))
