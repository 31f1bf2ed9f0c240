"""Fair timing: all variants in turn, correct before they are timed, medians, and tables of them.

Beside each time stands the peak of memory: by how much the process grows during one call.

The machines this runs on are shared, so that a second here is not a second there: only the ratios
of what was measured in turn, in one process, mean anything.
"""

from __future__ import annotations

import ctypes
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

#: Rounds that count, and the least time one counted round of a variant takes (calls are repeated).
ROUNDS = 7
ROUND_SECONDS = 0.02
WARM_UP = 2
#: The peer whose threads spin for a tenth of a second after their work (more slowly without), and
#: would slow down whoever comes next: it comes last in every round, and a pause follows.
SPINNING = "ONNX Runtime"
#: The other engine of others.
OPENVINO = "OpenVINO"
#: Ours, which may be either of the two.
FASTEST, OPTIMIZED = "fastest", "optimized"
PAUSE, LONG_PAUSE = 0.005, 0.1
#: The column of the least milliseconds that the machine can take.
LIMIT = "limit"
#: The largest median of a variant's rounds, by their least, that counts as quiet; and how often a
#: case is measured again that is not. What never was quiet is not shown.
QUIET, AGAIN = 1.3, 2
#: Threads of torch, other engines and OpenMP. ``BENCH_THREADS=1`` is for a busy machine, where two
#: threads wait for each other: the parts layer, training and networks then count the thread's own
#: processor time.
THREADS = int(os.environ.get("BENCH_THREADS", "2"))
CLOCK = time.thread_time if THREADS == 1 else time.perf_counter


T = TypeVar("T")


class Times(dict[str, float]):
    """Seconds by variant, and how disturbed they were: see :data:`QUIET`."""

    noise: float = 1.0


class Allowance:
    """The time that a part may take; without an end it takes what it needs."""

    end: float | None = None

    @classmethod
    def within(cls, cases: Iterable[T], tables: int = 1) -> Iterator[T]:
        """As many of the cases as there is time for, at least one; it says where some are left.

        The time is for so many tables, this one and those to come.
        """
        begin = time.perf_counter()
        end = None if cls.end is None else begin + (cls.end - begin) / tables
        for done, case in enumerate(cases):
            if done and end is not None and time.perf_counter() > end:
                print(f"(the time was up after {done} cases)", flush=True)
                return
            yield case


@dataclass(frozen=True)
class Row:
    """One case: seconds by variant, bytes at the peak, and what else was measured."""

    case: str
    seconds: Mapping[str, float]
    more: Mapping[str, Any] = field(default_factory=dict)
    peak: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_quiet(self) -> bool:
        """Whether its times are worth showing."""
        return getattr(self.seconds, "noise", 1.0) <= QUIET

    def ratio(self, variant: str, peer: str) -> float:
        """How many times faster ``variant`` is than ``peer``."""
        return self.seconds[peer] / self.seconds[variant]

    def best(self, peers: Sequence[str]) -> float:
        """The seconds of the fastest of those that there are."""
        return min(self.seconds[peer] for peer in peers if peer in self.seconds)


@dataclass(frozen=True)
class Goal:
    """One line of what is asked for, and what came out; less is better unless ``at_least``."""

    text: str
    wanted: float
    measured: float
    at_least: bool = True

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "met" if self.met else "NOT met"
        return f"{verdict:8}{self.measured:8.2f}  {sign} {self.wanted:g}  {self.text}"

    @property
    def met(self) -> bool:
        """Whether it holds."""
        more = self.measured >= self.wanted
        return more if self.at_least else self.measured <= self.wanted


@dataclass(frozen=True)
class Table:
    """The rows of one question, and the goals that they answer."""

    title: str
    rows: Sequence[Row]
    goals: Sequence[Goal] = ()

    def as_json(self) -> dict[str, Any]:
        """For the JSON file."""
        goals = [asdict(goal) | {"met": goal.met} for goal in self.goals]
        return {"title": self.title, "rows": [asdict(row) for row in self.rows], "goals": goals}

    def __str__(self) -> str:
        """Milliseconds by case and variant, with megabytes where they were measured."""
        shown = [row for row in self.rows if row.is_quiet]
        names = list(dict.fromkeys(name for row in shown for name in row.seconds))
        extras = list(dict.fromkeys(name for row in shown for name in row.more))
        heads = ["ms (MB)" if any(row.peak for row in shown) else "ms", *names, *extras]
        body = [
            [
                row.case,
                *(_cell(row, name) for name in names),
                *(_short(row.more.get(n, "")) for n in extras),
            ]
            for row in shown
        ]
        wide = [max(len(line[i]) for line in [heads, *body]) for i in range(len(heads))]
        lines = [
            "  ".join([line[0].ljust(wide[0]), *map(str.rjust, line[1:], wide[1:])])
            for line in [heads, *body]
        ]
        if len(shown) < len(self.rows):
            lines.append(f"(disturbed each time, and not shown: {len(self.rows) - len(shown)})")
        return "\n".join([f"\n== {self.title}", *lines, *map(str, self.goals)])


def _cell(row: Row, name: str) -> str:
    if name not in row.seconds:
        return ""
    memory = f" ({row.peak[name] / 1e6:.3g})" if name in row.peak else ""
    return f"{1e3 * row.seconds[name]:.3g}{memory}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def interleaved(
    variants: Mapping[str, Callable[[], object]],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = CLOCK,
) -> Times:
    """Median seconds of one call of every variant: all in turn, after a warm-up.

    ``clock`` may be ``time.process_time``, for the CPU time of all threads of this process.

    A case that others disturbed is measured again, and the quietest time counts. Short calls are
    repeated so that a round lasts. The order is another in every round, but for those whose
    threads spin; a pause precedes each turn, for OpenMP's threads spin for a while as well.
    """
    repeats = {name: _repeats(call) for name, call in variants.items()}
    found = []
    for _ in range(1 + AGAIN):
        taken = _rounds(variants, repeats, rounds, clock)
        times = Times({name: statistics.median(s) for name, s in taken.items()})
        times.noise = max(times[name] / min(seconds) for name, seconds in taken.items())
        found.append(times)
        if times.noise <= QUIET:
            break
    return min(found, key=lambda times: times.noise)


def _rounds(
    variants: Mapping[str, Callable[[], object]],
    repeats: Mapping[str, int],
    rounds: int,
    clock: Callable[[], float],
) -> dict[str, list[float]]:
    """The seconds of a call of each variant, in each round."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    spinning = [name for name in (OPTIMIZED, FASTEST, SPINNING) if name in variants]
    others = [name for name in variants if name not in spinning]
    order = random.Random(0)
    for _ in range(rounds):
        for name in order.sample(others, len(others)) + spinning:
            time.sleep(PAUSE)
            if repeats[name] > 1:
                variants[name]()
            start = clock()
            for _ in range(repeats[name]):
                variants[name]()
            taken[name].append((clock() - start) / repeats[name])
            if name in spinning and THREADS > 1:
                time.sleep(LONG_PAUSE)
    return taken


def _repeats(call: Callable[[], object]) -> int:
    for _ in range(WARM_UP):
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        if once > 0.5:
            break  # long calls are warm after one
    return max(1, round(ROUND_SECONDS / max(once, 1e-7)))


def processor_time(call: Callable[[], object], rounds: int = 5) -> float:
    """Seconds of this thread for one call, the median of rounds of some milliseconds each."""
    start = time.perf_counter()
    call()
    repeats = max(1, int(0.004 / (time.perf_counter() - start)))
    taken = []
    for _ in range(rounds):
        start = time.thread_time()
        for _ in range(repeats):
            call()
        taken.append((time.thread_time() - start) / repeats)
    return statistics.median(taken)


def peaks(variants: Mapping[str, Callable[[], object]]) -> dict[str, int]:
    """Bytes by which the process grows at most during one call of each variant.

    From the high-water mark that Linux keeps; nothing elsewhere. What a variant keeps from one call
    to the next (ONNX Runtime's arena, arranged weights) is not in it.
    """
    return {name: grown for name, call in variants.items() if (grown := _grown(call)) is not None}


def _grown(call: Callable[[], object]) -> int | None:
    try:
        ctypes.CDLL(None).malloc_trim(0)  # or freed memory would be used again
        Path("/proc/self/clear_refs").write_text("5")
        before = _status("VmRSS")
        call()
        return max(0, _status("VmHWM") - before)
    except (OSError, AttributeError):
        return None


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


def geomean(values: Iterable[float]) -> float:
    """Geometric mean."""
    return statistics.geometric_mean(list(values))


def row(
    case: str,
    variants: Mapping[str, Callable[[], object]],
    ours: str,
    peers: Sequence[str],
    limit: float,
    goal: Callable[[Row], float],
    **more: Any,
) -> Row:
    """All variants measured; ours by the best peer, its goal, and the machine's limit."""
    made = Row(case, interleaved(variants), peak=peaks(variants))
    share = made.best(peers) / made.seconds[ours]
    known = {"of best": share, "goal": goal(made), LIMIT: 1e3 * limit, **more}
    return replace(made, more=known)


def compared(
    rows: Sequence[Row],
    variant: str,
    peers: Sequence[str],
    *,
    mean: float = 0,
    worst: float = 0,
    limit: float = 0,
    what: str = "",
) -> Iterator[Goal]:
    """How ``variant`` does beside the best peer of each case; a goal for each number wanted.

    ``limit`` is wanted of what the machine can do at most, where rows have that as ``more``.
    """
    known = [
        row for row in rows if row.is_quiet and variant in row.seconds and {*peers} & {*row.seconds}
    ]
    ratios = {row.case: row.best(peers) / row.seconds[variant] for row in known}
    what, best = what or variant, peers[0] if len(peers) == 1 else "the best peer"
    if mean and ratios:
        text = f"{what}: times as fast as {best}, geometric mean"
        yield Goal(text, mean, geomean(ratios.values()))
    if worst and ratios:
        case = min(ratios, key=ratios.__getitem__)
        yield Goal(f"{what}: times as fast as {best}, worst case ({case})", worst, ratios[case])
    if limit and known:
        shares = [row.more[LIMIT] / 1e3 / row.seconds[variant] for row in known]
        yield Goal(f"{what}: of the machine's limit, mean", limit, statistics.mean(shares))
