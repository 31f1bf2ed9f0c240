"""Fuzz the readers for a while and print what came of it.

python -m tests.fuzz --minutes 30 --jobs 2 --seed 7 [--peers] [--differential] [--through cli]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.harness import Corpus, Summary, run
from tests.fuzz.readers import LEVELS, READERS
from tests.fuzz.seeds import all_seeds, model_seeds

_KINDS = ("values", "error", "crash", "hang", "foreign", "other file")
_COMPARED = ("same", "refused", "unread", "peer crash", "foreign", "hang")


def main() -> int:
    """Run as the command line asks; 1 if there is a finding in our reader."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as name:
        folder = Path(name)
        seeds = all_seeds(folder, real=not asked.no_real)
        for seed in seeds:  # so that nothing is left to import or look up in the children
            (folder / "healthy.mat").write_bytes(seed.data)
            READERS["matlab_compat"](folder / "healthy.mat")
        if asked.through == "cli":
            from tests.fuzz.commands import warm_up

            seeds += model_seeds(folder)
            warm_up(seeds, folder / "healthy.mat")
        print(f"{len(seeds)} seeds, seed {asked.seed}, {time.strftime('%Y-%m-%d %H:%M')}")
        findings = 0
        for reader in _readers(asked):
            corpus = Corpus(seeds, asked.seed, tuple(asked.levels or LEVELS[reader]))
            summary = run(
                corpus,
                reader,
                folder,
                jobs=asked.jobs,
                seconds=asked.minutes * 60,
                mutants=asked.mutants or 1 << 60,
                first=asked.first,
            )
            show(summary, corpus, Path(asked.findings))
            findings += len(summary.findings)
    return 1 if findings else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="for each reader")
    parser.add_argument("--mutants", type=int, default=0, help="end after so many")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--levels", nargs="*", choices=LEVELS["matlab_compat"])
    parser.add_argument("--peers", action="store_true", help="scipy and mat-io as well")
    parser.add_argument("--differential", action="store_true", help="compare with both instead")
    parser.add_argument("--through", choices=["cli"], help="commands instead of the readers")
    parser.add_argument("--no-real", action="store_true", help="leave ../shared/real alone")
    parser.add_argument("--findings", default="findings", help="folder for mutants that did harm")
    return parser.parse_args()


def _readers(asked: argparse.Namespace) -> list[str]:
    if asked.differential:
        return ["differential"]
    if asked.through == "cli":
        return ["command line"]
    return ["matlab_compat", *(["scipy", "mat-io"] if asked.peers else [])]


def _fast_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def show(summary: Summary, corpus: Corpus, folder: Path) -> None:
    """Print the counts by level, then each finding; the mutants go to a folder."""
    kinds = _COMPARED if summary.reader == "differential" else _KINDS
    print(
        f"\n{summary.reader}: {summary.mutants} mutants in {summary.seconds:.0f} s, "
        f"slowest {summary.slowest:.1f} s, seed {summary.seed}"
    )
    print("level   mutants" + "".join(f"{kind:>12}" for kind in kinds))
    levels = sorted({level for level, _ in summary.kinds})
    for level in [*levels, "all"]:
        counts = [
            summary.count(kind) if level == "all" else summary.kinds[level, kind] for kind in kinds
        ]
        total = sum(count for (at, _), count in summary.kinds.items() if level in (at, "all"))
        print(f"{level:<5}{total:>10}" + "".join(f"{count:>12}" for count in counts))
    for detail, count in _by_type(summary).most_common(40):
        print(f"  {count:>8}  {detail}")
    _keep(summary, corpus, folder)


def _by_type(summary: Summary) -> Counter[str]:
    """Outcomes without the place and text of each exception: those are for findings."""
    types: Counter[str] = Counter()
    for detail, count in summary.details.items():
        types[detail.partition(" at ")[0]] += count
    return types


def _keep(summary: Summary, corpus: Corpus, folder: Path) -> None:
    met: set[tuple[str, str]] = set()
    for finding in summary.findings:
        if (finding.kind, finding.detail) in met and finding.detail:
            continue
        met.add((finding.kind, finding.detail))
        seed, data = corpus.make(finding.number)
        folder.mkdir(exist_ok=True)
        path = folder / f"{summary.reader}-{summary.seed}-{finding.number}.mat"
        path.write_bytes(data)
        print(f"{finding.kind} {finding.detail}: {path}, from {seed.name}")


if __name__ == "__main__":
    raise SystemExit(main())
