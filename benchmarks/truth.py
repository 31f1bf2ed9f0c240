"""Print how far the results of real networks are from what others computed.

python -m benchmarks.truth [../shared/real]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(real: Path) -> int:
    """Print the table; 1 if a difference is larger than is allowed."""
    from tests.truth.cases import CASES

    measured = [m for case in CASES.values() for m in case(real)]
    wide = max(len(m.case) for m in measured)
    print(f"{'case':<{wide}}  {'measured':>9}  {'allowed':>8}      compared with")
    for m in measured:
        verdict = "ok" if m.holds else "OFF"
        print(f"{m.case:<{wide}}  {m.value:>9.2g}  {m.allowed:>8.2g}  {verdict:<3} {m.quantity}")
    return 0 if all(m.holds for m in measured) else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path as well
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "real"
    sys.exit(main(folder))
