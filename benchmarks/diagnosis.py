"""Seed every mistake that verify can diagnose, and print how often it is named first.

python -m benchmarks.diagnosis [seeds]
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(seeds: int) -> int:
    """Print the table; 1 if a mistake is found too rarely or noise gets a diagnosis."""
    from tests.matlab_compat.parity.diagnose.cases import Case, Found, cases

    results: dict[str, list[tuple[Case, Found]]] = defaultdict(list)
    start = time.perf_counter()
    for seed in range(seeds):
        for case in cases(seed):
            results[case.mistake].append((case, case.run()))
    wide = max(map(len, results))
    print(f"{'mistake':<{wide}}  cases  first  among  others first")
    total = first = named = false = 0
    for mistake, rows in results.items():
        heads = [found[0].name if found else "-" for _, found in rows]
        hits = sum(
            head in (case.right or ("-",)) for head, (case, _) in zip(heads, rows, strict=True)
        )
        among = sum(any(d.name in case.right for d in found) for case, found in rows)
        others = {
            h for h, (case, _) in zip(heads, rows, strict=True) if h not in (case.right or "-")
        }
        print(
            f"{mistake:<{wide}}  {len(rows):>5}  {hits:>5}  {among:>5}  {', '.join(sorted(others))}"
        )
        if rows[0][0].right:
            total, first = total + len(rows), first + hits
            named += sum(head != "-" for head in heads)
        else:
            false += len(rows) - hits
    recall, precision = first / total, first / named
    print(f"\nright diagnosis first: {first} of {total} ({100 * recall:.1f} %, must be 95)")
    print(f"of the first diagnoses given, right: {100 * precision:.1f} %")
    print(f"diagnoses of noise: {false} (must be 0)")
    print(f"{time.perf_counter() - start:.0f} s")
    return 0 if recall >= 0.95 and false == 0 else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path as well
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
