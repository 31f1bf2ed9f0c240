"""Run random transposed convolutions against their definition in float64.

python -m benchmarks.endurance 10000 [SEED]

Prints the seed of every configuration that is outside the bound (8 roundings of the sum of
magnitudes), and 1 is returned if there is one.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(count: int, first: int) -> int:
    """Run configurations ``first`` ... and print what came of them."""
    from tests.matlab_compat.test_endurance import excess

    worst, outside = 0.0, []
    for seed in range(first, first + count):
        used = excess(seed)
        worst = max(worst, used)
        if not used <= 1:
            outside.append(seed)
            print(f"seed {seed}: {used:.3g} times the bound")
    print(
        f"{count} configurations, seeds {first} to {first + count - 1}: {len(outside)} outside "
        f"the bound, the worst uses {worst:.2g} of it"
    )
    return 1 if outside else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # run by its path as well
    arguments = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(arguments + [10_000, 0][len(arguments) :])))
