"""Seed mistakes that other people make, and print how often each is named first.

python -m benchmarks.diagnosis [--seeds 1] [--place layers] [--kind flipped] [--show]

A case is right if the first diagnosis names the mistake (and in a network the layer), wrong if it
names something else, none if nothing is said. What the data cannot show is left out.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.diagnosis.seeded import Case  # noqa: E402

_MODULES = {
    "layers": "layer_cases",
    "arrays": "array_cases",
    "networks": "network_cases",
    "real": "real_cases",
    "fresh": "fresh_layers",
    "fresh networks": "fresh_networks",
    "ported": "ported_layers",
    "ported networks": "ported_networks",
    "second": "ported_second",
    "third": "third_layers",
    "third networks": "third_networks",
    "random": "random_cases",
    "noise": "noise_cases",
}


def chosen(places: list[str], kind: str, how: str, seeds: int) -> Iterator[Case]:
    """The cases of these places whose kind has this text in it."""
    for place in places:
        module = import_module(f"benchmarks.diagnosis.{_MODULES[place]}")
        for seed in range(seeds):
            yield from (c for c in module.cases(seed) if kind in c.kind and how in c.how)


def main(places: list[str], kind: str, how: str, seeds: int, show: bool, progress: bool) -> int:
    """Print the table; 1 if a place misses what it must reach."""
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    times: dict[str, list[float]] = defaultdict(list)
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    judged: Counter[bool] = Counter()
    for case in chosen(places, kind, how, seeds):
        start = time.process_time()
        report = case.run()
        spent = time.process_time() - start
        verdict = case.verdict(report)
        if progress:
            print(f"{spent:6.2f} {verdict:6} {case.kind} {case.how}", file=sys.stderr, flush=True)
        rows[case.place, case.kind][verdict] += 1
        if report is not None and verdict == "right" and case.agrees is not None:
            judged[case.agrees(report.diagnoses[0])] += 1
        if verdict != "equal":
            times[case.place].append(spent)
        if report is not None and report.diagnoses and (verdict == "wrong" or show):
            first = report.diagnoses[0]
            said[case.place, case.kind].add(f"{first.where}: {first.text if show else first.name}")
    print(f"{'kind':<70} right wrong none equal  instead")
    for (place, name), counted in rows.items():
        figures = "".join(f"{counted[v]:>6}" for v in ("right", "wrong", "none", "equal"))
        print(f"{f'{place}: {name}':<69}{figures}  {'; '.join(sorted(said[place, name]))}")
    if judged:
        print(f"\nstricter judge of those right: {judged[True]} of {judged.total()}")
    good = not judged[False]
    print(
        f"\n{'place':<16} cases  right first  wrong first  none   median s  longest s (of one core)"
    )
    for place in dict.fromkeys(place for place, _ in rows):
        total: Counter[str] = sum((c for (p, _), c in rows.items() if p == place), Counter())
        count = total["right"] + total["wrong"] + total["none"]
        if not count:
            continue
        right, wrong, none = (100 * total[v] / count for v in ("right", "wrong", "none"))
        print(
            f"{place:<16}{count:>6}{right:>11.1f} %{wrong:>11.1f} %{none:>5.1f} %"
            f"{median(times[place]):>10.2f}{max(times[place]):>10.2f}"
        )
        needed = {"random": 90, "noise": 0, "third pairs": 60}.get(place, 95)
        good &= right >= needed and wrong <= (0 if place == "noise" else 1)
    return 0 if good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--place", action="append", choices=[*_MODULES])
    parser.add_argument("--kind", default="")
    parser.add_argument("--how", default="", help="'random', 'smooth', 'saved' activations")
    parser.add_argument("--show", action="store_true", help="what was said first, of all")
    parser.add_argument("--progress", action="store_true", help="a line for each case")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.exit(
        main(
            given.place or [*_MODULES],
            given.kind,
            given.how,
            given.seeds,
            given.show,
            given.progress,
        )
    )
