"""Fair timing: all variants in turn, correct before they are timed, medians, and tables of them.

Beside each time stands the peak of memory: by how much the process grows during one call.

The machines this runs on are shared, so that a second here is not a second there: only the ratios
of what was measured in turn, in one process, mean anything.
"""

from __future__ import annotations

import ctypes
import math
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

#: Rounds of all variants; the most that follow of those between whom it is not decided, for so many
#: seconds.
ROUNDS, MORE, SECONDS = 3, 20, 4.0
#: Seconds of the counted calls of a turn.
TURN = 0.03
#: Other engines, and ours, which may be either of the two.
SPINNING, OPENVINO = "ONNX Runtime", "OpenVINO"
FASTEST, OPTIMIZED = "fastest", "optimized"
#: The column of the least milliseconds that the machine can take, and that of the noise of a ratio.
LIMIT, NOISE = "limit", "±"
#: A peer may be the best one that takes so many times as long as the one that seems to be.
NEAR = 1.1
#: The relative error that each round has at least, however alike the few; that of a median which
#: is asked for where no ratio is; and up to which a row is shown.
SURE, STILL, QUIET = 0.03, 0.03, 0.1
#: The share of the time that is for the first measurement of all cases, before some are repeated.
FIRST = 0.7
#: Threads of torch, other engines and OpenMP. ``BENCH_THREADS=1`` is for a busy machine, where two
#: threads wait for each other: the parts layer, training and networks then count the thread's own
#: processor time.
THREADS = int(os.environ.get("BENCH_THREADS", "2"))
CLOCK = time.thread_time if THREADS == 1 else time.perf_counter


T = TypeVar("T")


class Times(dict[str, float]):
    """Median seconds by variant; ``turns`` are those of each round in which it had one."""

    def __init__(self, turns: Mapping[str, Mapping[int, float]]) -> None:
        super().__init__({name: statistics.median(each.values()) for name, each in turns.items()})
        self.turns = turns
        #: The relative error of each median.
        self.errors = {name: _error([*each.values()]) for name, each in turns.items()}

    @property
    def noise(self) -> float:
        """That of the worst."""
        return max(self.errors.values())

    def ratio(self, ours: str, peer: str) -> tuple[float, float]:
        """How many times as fast as a peer ours is, and the relative error of that.

        The median of the rounds in which both had a turn: what slows a round down does so to both.
        """
        mine, other = self.turns[ours], self.turns[peer]
        ratios = [other[past] / seconds for past, seconds in mine.items() if past in other]
        return statistics.median(ratios), _error(ratios)


def _error(values: Sequence[float]) -> float:
    """Of a median, relative: from the quartiles, as single disturbances count little."""
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return max(SURE, 0.93 * (high - low) / middle) / math.sqrt(len(values))


@dataclass(frozen=True)
class Question:
    """Whether ``ours`` is at least ``goal`` times as fast as the best of the peers."""

    ours: str
    peers: Sequence[str]
    goal: float

    def rivals(self, times: Times) -> list[str]:
        """Ours, and the peers that may be the best; nothing where one side was not measured."""
        known = [peer for peer in self.peers if peer in times]
        if not known or self.ours not in times:
            return []
        most = NEAR * min(times[peer] for peer in known)
        return [self.ours, *(peer for peer in known if times[peer] <= most)]

    def answer(self, times: Times) -> tuple[float, float]:
        """How many times as fast as the best peer ours is, and the relative error of that."""
        _, *rivals = self.rivals(times)
        return min(times.ratio(self.ours, peer) for peer in rivals)

    def is_decided(self, times: Times) -> bool:
        """Whether the answer is away from the goal by more than its error."""
        if not self.rivals(times):
            return True
        ratio, error = self.answer(times)
        return abs(ratio / self.goal - 1) > 2 * error


class Allowance:
    """The time that a part may take; without an end it takes what it needs."""

    end: float | None = None

    @classmethod
    def within(
        cls, cases: Iterable[T], share: float = 1, least: int = 1, what: str = "cases"
    ) -> Iterator[T]:
        """As many of the cases as there is time for, and the least; it says where some are left.

        Of the time that is left they take a share.
        """
        begin = time.perf_counter()
        for done, case in enumerate(cases):
            end = None if cls.end is None else begin + (cls.end - begin) * share
            if done >= least and end is not None and time.perf_counter() > end:
                print(f"(the time was up after {done} {what})", flush=True)
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
        noise = self.more.get(NOISE, getattr(self.seconds, "noise", 0.0))
        return bool(noise <= QUIET)

    def as_json(self) -> dict[str, Any]:
        """For the JSON file."""
        return {
            **vars(self),
            "seconds": dict(self.seconds),
            "turns": getattr(self.seconds, "turns", {}),
        }

    def ratio(self, variant: str, peer: str) -> float:
        """How many times faster ``variant`` is than ``peer``."""
        if isinstance(self.seconds, Times):
            return self.seconds.ratio(variant, peer)[0]
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
        return {"title": self.title, "rows": [row.as_json() for row in self.rows], "goals": goals}

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
    questions: Sequence[Question] = (),
) -> Times:
    """Median seconds of one call of every variant: all in turn, after a warm-up.

    ``clock`` may be ``time.process_time``, for the CPU time of all threads of this process.

    Short calls are repeated so that a turn lasts. The order is another in every round. More rounds
    follow of the variants between whom a question is not decided, or without one of those whose
    times are disturbed.
    """
    once = {name: _once(call) for name, call in variants.items()}
    turns: dict[str, dict[int, float]] = {name: {} for name in variants}
    order = random.Random(0)
    end = math.inf
    for past in range(rounds + MORE):
        names = list(variants)
        if past == rounds:
            end = time.perf_counter() + SECONDS
        if past >= rounds:
            if time.perf_counter() > end:
                break
            times = Times(turns)
            open_ = [question for question in questions if not question.is_decided(times)]
            names = list(dict.fromkeys(name for one in open_ for name in one.rivals(times)))
            if not questions:
                names = [name for name, error in times.errors.items() if error > STILL]
        for name in order.sample(names, len(names)):
            turns[name][past] = turn(variants[name], once[name], clock)
    return Times(turns)


def turn(call: Callable[[], object], once: float, clock: Callable[[], float]) -> float:
    """Seconds of one call, once the threads of others rest and its own are awake.

    ONNX Runtime's and OpenMP's spin for a while after their work.
    """
    from matlab_compat.engine.fast.choice import AWAKE, rest, wake  # imports torch: reads THREADS

    rest()
    if once < AWAKE:
        wake(call)
    repeats = max(1, round(TURN / max(once, 1e-7)))
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats


def _once(call: Callable[[], object]) -> float:
    """About the seconds of a call, which is warm then."""
    taken: list[float] = []
    while len(taken) < 3 and sum(taken) < TURN:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


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
    questions: Sequence[Question],
    limit: float,
    **more: Any,
) -> Row:
    """All variants measured; ours by the best peer, and the machine's limit.

    The first question is the row's, whose goal and noise are shown.
    """
    times = interleaved(variants, questions=questions)
    made = Row(case, times, peak=peaks(variants))
    first, *others = questions
    ratio, error = first.answer(times)
    known: dict[str, Any] = {"of best": ratio, NOISE: error, "goal": first.goal}
    known[LIMIT] = 1e3 * limit
    for one in others:
        ratio, error = one.answer(times)
        known |= {f"{one.ours} of best": ratio, f"its {NOISE}": error}
    return replace(made, more={**known, **more})


#: What measures the rows of a case, with all variants made anew.
Measure: TypeAlias = Callable[[], Iterable[Row]]


def settled(cases: Iterable[Measure], margin: Callable[[Row], float]) -> list[list[Row]]:
    """The rows of each case: measured once, or the median of three measurements, or of five.

    A case is measured twice more where one of its rows misses its goal or was disturbed, and again
    where the median still does, as far as there is time. ``margin`` is what came out, as part of
    what is wanted, of that goal of a row which is the furthest from being met. All variants are
    made anew: where in memory the weights come to lie, or on which core a thread, makes up to a
    tenth and stays as it is as long as they live. This comes after all other cases, as on a shared
    machine what disturbs one lasts for minutes; our choice among ways may be measured once more
    then, as it is by whoever uses the network later. A row that would miss its goal in half of all
    measurements is shown to do so in five of sixteen runs.
    """
    found: list[tuple[Measure | None, list[list[Row]]]] = []
    for measure in cases:
        rows = [*measure()]
        found.append((measure if _is_open(rows, margin) else None, [rows]))
    for _ in range(2):
        again = [
            (measure, times)
            for measure, times in found
            if measure is not None and _is_open(_median(times, margin), margin)
        ]
        for measure, times in Allowance.within(2 * again, least=0, what="repeats"):
            times.append([*measure()])
    return [_median(times, margin) for _, times in found]


def _is_open(rows: Iterable[Row], margin: Callable[[Row], float]) -> bool:
    """Whether one of the rows misses its goal, or was disturbed."""
    return any(margin(row) < 1 or not row.is_quiet for row in rows)


def _median(found: Sequence[Sequence[Row]], margin: Callable[[Row], float]) -> list[Row]:
    """The median of each row, among the measurements of the same variants as the first."""
    kinds = [[row.seconds.keys() for row in rows] for rows in found]
    alike = [rows for rows, kind in zip(found, kinds, strict=True) if kind == kinds[0]]
    return [sorted(rows, key=margin)[(len(rows) - 1) // 2] for rows in zip(*alike, strict=True)]


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
    question, quiet = Question(variant, peers, worst), []
    for row in rows:
        times = row.seconds
        if isinstance(times, Times) and question.rivals(times):
            ratio, error = question.answer(times)
            if error <= QUIET:
                quiet.append((ratio, row))
    if not quiet:
        return
    what, best = what or variant, peers[0] if len(peers) == 1 else "the best peer"
    if mean:
        text = f"{what}: times as fast as {best}, geometric mean"
        yield Goal(text, mean, geomean(ratio for ratio, _ in quiet))
    if worst:
        least, case = min((ratio, row.case) for ratio, row in quiet)
        yield Goal(f"{what}: times as fast as {best}, worst case ({case})", worst, least)
    if limit:
        shares = [row.more[LIMIT] / 1e3 / row.seconds[variant] for _, row in quiet]
        yield Goal(f"{what}: of the machine's limit, mean", limit, statistics.mean(shares))
