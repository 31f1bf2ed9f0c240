"""Which of several ways to compute a layer is taken: the one that was fastest here.

The ways are measured when a size of input first comes, and what came out is kept: in this process,
and in a file of the user's cache, of one processor, torch and number of threads. It may be deleted
at any time. Whoever asks a minute later or more measures them once more, three times in all, and
the median of these counts: a shared machine has minutes in which two threads take twice as long,
and one does not. ``MATLAB_COMPAT_CHOICE`` in the environment says otherwise:

``measured``     this; the default.
``unsaved``      measured by every process for itself, no file is read or written.
``direct``       nothing is measured: the first way of each layer, so that the same input gives the
                 same bits in every call and process of one processor, torch and number of threads.
                 The name of another way takes that one where there is one.
``PLAN.json``    a file of one's own instead of the cache's, for any processor: what stands in it
                 is taken, what does not is measured, once, and added.

Results of different ways differ by rounding.
"""

from __future__ import annotations

import json
import math
import os
import platform
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from statistics import median_low
from typing import TypedDict

import torch
from torch import Tensor

from ...errors import UsageError, warn

VARIABLE = "MATLAB_COMPAT_CHOICE"
#: The name of the first way of every layer.
DIRECT = "direct"
#: All ways of all layers, which may be asked for by name.
WAYS = (
    *(DIRECT, "packed", "columns"),  # convolution, fully connected
    *("subpixel", "windows", "single", "plain"),  # transposed convolution
    "separable",  # pooling
)
#: Prefix of the keys of whole networks, for which an engine is chosen; other keys are layers'.
WHOLE = "network "
#: Whether the time of a thread is told exactly.
EXACT = time.get_clock_info("thread_time").resolution < 1e-5
#: Seconds beyond which a first call counts, whatever the libraries had to make ready for it.
LONG = 0.02
#: Rounds in which each way has its turn, and as many as there is time for until near ones are told
#: apart; and the least seconds of a turn.
ROUNDS, MORE, TURN = 4, 15, 2e-4
#: How many times as long as the best a way may take, in its best turn, and still have another: in
#: the rounds of all, as a turn may be disturbed; in as many that follow; and where only near ones
#: are left. Below a tie either will do.
EARLY, HOPELESS, NEAR, TIE = 3, 1.5, 1.1, 1.01
#: Seconds after which threads that slept compute (OpenVINO's: two first calls of 28 ms, then 16),
#: and those of a call that counts whatever came before it.
WAKING, AWAKE = 0.06, 0.5
#: The most seconds for which threads may spin, and those in which they are seen not to.
SPINNING, STILL = 0.1, 0.002
#: Relative distance between results beyond which a way computes something else.
WRONG = 1e-3
#: About as many numbers of two results are compared.
SAMPLE = 2**14
#: How often all is measured, and after how many seconds at least once more.
LOOKS, LATER = 3, 60


class Look(TypedDict):
    """What was measured so far: the last time, in seconds since 1970, and each time by way."""

    times: int
    last: float
    seconds: dict[str, list[float]]


#: By layer and size, the way that is taken, or what was measured before it is to be done again.
Choices = dict[str, dict[str, str | Look]]


class Budget:
    """Seconds that may be spent on measuring; a part of them for each layer to come."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.layers = 1
        self._begun = False

    def begin(self, call: Callable[[], object]) -> None:
        """Before anything is measured: other libraries' threads come to rest, torch's awake."""
        if not self._begun:
            start = time.perf_counter()
            rest()
            wake(call)
            self.seconds -= time.perf_counter() - start
        self._begun = True

    def half(self) -> Budget:
        """Of one more size of inputs, which leaves the others half, however many there are."""
        self.seconds /= 2
        return Budget(self.seconds)

    def part(self) -> float:
        """For the layer that is next."""
        part = self.seconds / max(1, self.layers)
        self.layers -= 1
        return part


def choose(
    layer: str, size: Sequence[object], ways: Mapping[str, Callable[[], Tensor]], budget: Budget
) -> str:
    """The name of the way to take for this layer and size of input.

    Calling a way computes the layer; the first is :data:`DIRECT` and always possible. Where the
    budget is not enough to try all, what won for the most similar size that was measured is taken,
    and nothing is kept, so that it is measured when there is time.
    """
    known = remembered(layer, size, ways)
    if known is None and budget.seconds > 0:
        budget.begin(next(iter(ways.values())))
    part = budget.part()
    if known is None and part <= 0:
        known = remembered(layer, size, ways, nearest=True)
    if known:
        return known
    start = clock()
    turn = part / len(ways) / (ROUNDS + MORE) / 2  # which begins with another call
    seconds = measured(ways, start + part, turn=max(TURN, turn))
    budget.seconds -= clock() - start
    if len(seconds) < len(ways) and clock() - start > part:  # there was no time for all of them
        known = remembered(layer, size, ways, nearest=True)
        return known or min(seconds, key=seconds.__getitem__)
    return remember(layer, size, seconds)


def remembered(
    layer: str, size: Sequence[object], ways: Collection[str], *, nearest: bool = False
) -> str | None:
    """Which of the ways needs no measuring: the only one, one that is asked for, or known.

    The ``nearest`` may be one that should be measured once more and, where none of this size is
    known, one of the most similar, in the same layout.
    """
    wanted = setting()
    if len(ways) == 1 or wanted in WAYS:
        return wanted if wanted in ways else next(iter(ways))
    kept, key = Kept.at(wanted), _key(size)
    found = kept.choices.get(layer, {})
    if not (nearest or kept.is_plan) and key in found and _is_due(found[key]):
        return None
    now = [*found.items()]  # other threads add to it
    known = {other: way for other, one in now if (way := _way(one, ways))}
    alike = [other for other in known if _layout(other) == _layout(key)]
    if nearest and alike and key not in known:
        key = min(alike, key=lambda other: (_apart(key, other), known[other]))
    return known.get(key)


def _is_due(found: str | Look) -> bool:
    """Whether it is time to measure once more."""
    return not isinstance(found, str) and not 0 <= time.time() - found["last"] < LATER


def _way(found: str | Look, ways: Collection[str]) -> str | None:
    """The fastest of these ways, as far as is known."""
    seconds = {found: [0.0]} if isinstance(found, str) else found["seconds"]
    # Not the mean, as a way may be disturbed; nor the least, as some are fast in some minutes only.
    known = {name: median_low(each) for name, each in seconds.items() if name in ways}
    return min(known, key=known.__getitem__, default=None)


def _times(found: str | Look) -> int:
    return LOOKS if isinstance(found, str) else found["times"]


def remember(layer: str, size: Sequence[object], seconds: Mapping[str, float]) -> str:
    """The fastest of those that were measured, now or before, which is kept."""
    if setting() in WAYS:  # since what was measured began
        return min(seconds, key=seconds.__getitem__)
    kept, key = Kept.at(setting()), _key(size)
    kept.refresh()
    before = kept.choices.get(layer, {}).get(key, "")
    now = {way: [one] for way, one in seconds.items()}
    if isinstance(before, str):
        look = Look(times=1, last=time.time(), seconds=now)
    elif _is_due(before):
        known = before["seconds"]
        both = {way: [*known.get(way, ()), *now.get(way, ())] for way in now | known}
        look = Look(times=before["times"] + 1, last=time.time(), seconds=both)
    else:  # somebody else measured a moment ago
        look = Look(times=before["times"], last=before["last"], seconds=now | before["seconds"])
    way = _way(look, seconds)
    assert way is not None
    kept.add(layer, key, way if kept.is_plan or look["times"] >= LOOKS else look)
    return way


def _key(size: Sequence[object]) -> str:
    return " ".join(map(str, size))


def _layout(key: str) -> list[str]:
    """What a size says besides numbers."""
    return [word for word in key.split() if not word.isdigit()]


def _apart(one: str, other: str) -> float:
    """How different in size two inputs are."""
    sizes = [math.prod(int(n) for n in key.split() if n.isdigit()) for key in (one, other)]
    return abs(math.log((sizes[0] + 1) / (sizes[1] + 1)))


def clock() -> float:
    """Seconds: of this thread where it is alone, so that other programs count little.

    Of several threads this one may sleep while the others compute.
    """
    alone = EXACT and torch.get_num_threads() == 1
    return time.thread_time() if alone else time.perf_counter()


def measured(
    ways: Mapping[str, Callable[[], Tensor]],
    end: float,
    clock: Callable[[], float] = clock,
    *,
    turn: float = TURN,
    rest: Callable[[], None] | None = None,
) -> dict[str, float]:
    """The seconds of a call of each way that could be tried until ``end``, the median of its turns.

    Not the least: what disturbs a way in some of its turns, as threads of another library that it
    calls first, disturbs it in use.

    Parameters
    ----------
    end:
        A time of the clock.
    clock:
        For ways that compute in other threads, one that counts these.
    turn:
        The least seconds of a turn.
    rest:
        What comes before each turn, so that the threads of the last way do not disturb the next,
        whose threads are then woken by a few calls. Without one, each turn begins with one call, as
        a way follows itself in use: it finds its memory cleared.
    """
    best: dict[str, float] = {}
    turns: dict[str, list[float]] = {name: [] for name in ways}
    expected: Tensor | None = None

    def take(name: str) -> None:
        """One more turn."""
        if rest is not None:
            rest()
        if best[name] < AWAKE:
            wake(ways[name], 0 if rest is None else WAKING)
        repeats = max(1, round(turn / max(best[name], 1e-9)))
        start = clock()
        for _ in range(repeats):
            ways[name]()
        turns[name].append((clock() - start) / repeats)
        best[name] = median_low(turns[name])

    for name, call in ways.items():
        if best and clock() > end:
            break
        start = clock()
        try:
            found = call()
        except RuntimeError:
            if not best:
                raise
            continue  # a kernel that this size is not for
        seconds, some = clock() - start, _sample(found)
        expected = some if expected is None else expected
        numbers = expected[expected.isfinite()]
        scale = float(numbers.abs().max()) if numbers.numel() else 0.0
        if torch.allclose(some, expected, rtol=0, atol=WRONG * scale, equal_nan=True):
            best[name] = seconds
            if rest is not None:
                take(name)
            elif seconds < LONG:
                start = clock()
                call()
                best[name] = clock() - start
    for past in range(ROUNDS + MORE):
        for name in rivals(best, turns, past):
            if clock() > end:
                return best
            take(name)
    return best


def rivals(best: Mapping[str, float], turns: Mapping[str, Sequence[float]], past: int) -> list[str]:
    """Who has a turn in the next round, after so many: nobody where it is decided."""
    least = min(best.values())
    limit = EARLY if past < ROUNDS else HOPELESS if past < 2 * ROUNDS else NEAR
    found = [name for name, each in best.items() if min(turns[name], default=each) <= limit * least]
    tied = past >= ROUNDS and max(best[name] for name in found) <= TIE * least
    return [] if len(found) == 1 or tied else found


def rest() -> None:
    """Wait until no thread of this process computes: some go on spinning after their work."""
    end = time.perf_counter() + SPINNING
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(STILL)
        if time.process_time() - before < STILL / 4:
            break


def wake(call: Callable[[], object], seconds: float = WAKING) -> None:
    """Call it for so long, once at least."""
    end = time.perf_counter() + seconds
    call()
    while time.perf_counter() < end:
        call()


def _sample(found: Tensor) -> Tensor:
    """A copy of some of the last observation, which is enough to see another result."""
    step = max(1, found[-1:].numel() // SAMPLE)
    return found[-1:, ..., ::step].clone()


def setting() -> str:
    """What the environment says; raises :class:`UsageError` for what it cannot mean."""
    value = os.environ.get(VARIABLE, "") or "measured"
    if value in ("measured", "unsaved", *WAYS) or value.endswith(".json"):
        return value
    raise UsageError(
        f"{VARIABLE} is {value!r}, which is neither a way to choose nor a file *.json.",
        remedy=f"unset {VARIABLE}, or use measured, unsaved, direct or PLAN.json (docs/speed.md).",
    )


class Kept:
    """Choices by layer and size, and the file that they come from and go to."""

    def __init__(self, path: Path | None, is_plan: bool = False) -> None:
        self.path, self.is_plan = path, is_plan
        self.choices: Choices = read(path) if path else {}

    @staticmethod
    def at(setting: str) -> Kept:
        """The choices that a setting of the environment means, read once."""
        if setting == "unsaved":
            return _kept(None, environment())
        if setting == "measured":
            return _kept(cache_file(), "")
        return _kept(Path(setting), "", is_plan=True)

    def refresh(self) -> None:
        """Take over what other processes added meanwhile, or measured more often."""
        for layer, sizes in read(self.path).items() if self.path else ():
            own = self.choices.setdefault(layer, {})
            for size, one in sizes.items():
                if size not in own or _times(one) > _times(own[size]):
                    own[size] = one

    def add(self, layer: str, size: str, found: str | Look) -> None:
        """Keep one more."""
        self.choices.setdefault(layer, {})[size] = found
        if self.path is None:
            return
        try:
            write(self.path, self.choices)
        except OSError as error:
            _note(self.path, f"cannot be written ({error.strerror})")
            self.path = None


@cache
def _kept(path: Path | None, _: str, is_plan: bool = False) -> Kept:
    return Kept(path, is_plan)


def _note(path: Path, what: str) -> None:
    warn(
        f"The file of measured choices {what}.",
        where=(str(path),),
        remedy=f"delete it, or set {VARIABLE}=unsaved to do without.",
    )


def read(path: Path) -> Choices:
    """The choices of a file; none, with a warning, where it is not what :func:`write` writes.

    Ways that this version does not have are measured anew.
    """
    try:
        found = json.loads(path.read_bytes())
        return {
            layer: {size: one for size, one in sizes.items() if _is_known(layer, one)}
            for layer, sizes in found.items()
        }
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        _note(path, f"is ignored, it cannot be read: {error}")
        return {}


def _is_known(layer: str, found: object) -> bool:
    """Whether this version can do with what stands in a file."""
    if not isinstance(found, dict):
        return found in WAYS or (layer.startswith(WHOLE) and isinstance(found, str))
    seconds = found.get("seconds")
    if not (isinstance(seconds, dict) and seconds):
        return False
    if not all(isinstance(each, list) and each for each in seconds.values()):
        return False
    numbers = (found.get("times"), found.get("last"), *chain(*seconds.values()))
    known = all(_is_known(layer, way) for way in seconds)
    return known and all(isinstance(x, int | float) for x in numbers)


def write(path: Path, choices: Choices) -> None:
    """All at once: whoever reads meanwhile finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=path.name) as folder:
        part = Path(folder) / path.name
        part.write_text(json.dumps(choices, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(path)


def cache_file() -> Path:
    """Where choices for this processor, torch and number of threads are kept."""
    import platformdirs

    digest = sha256(environment().encode()).hexdigest()[:12]
    return platformdirs.user_cache_path("matlab_compat") / "choices" / f"{digest}.json"


def environment() -> str:
    """What the speed of a way depends on."""
    isa = torch.backends.cpu.get_cpu_capability(), os.environ.get("ONEDNN_MAX_CPU_ISA")
    return f"{processor()}, torch {torch.__version__}, {torch.get_num_threads()} threads, {isa}"


@cache
def processor() -> str:
    """Which processor this is, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    # Lines that differ from core to core, or change with time, do not identify the processor.
    changing = ("processor", "cpu MHz", "bogomips", "BogoMIPS", "core id", "apicid", "initial")
    return "\n".join(line for line in lines if not line.startswith(changing))
