"""Runs a reader on many mutants in forked children; nothing they do can end the run.

A child says over a pipe which mutant it begins and what came of it, so that a crash or a hang is
known by its mutant. Mutant number i of a seed is always the same bytes, in any run.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import selectors
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutations import mutant
from tests.fuzz.readers import OURS, READERS
from tests.fuzz.seeds import GOOD, Seed

_BATCH = 250
_TIME_LIMIT = 10.0
_MEMORY = 3 << 29
#: How often each level is drawn.
_SHARE = {"4": 0.04, "6": 0.3, "7": 0.36, "7.3": 0.3}
#: What a reader of files must never do, by the name of Python's audit event.
_FORBIDDEN = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen"),
    *("socket.connect", "socket.bind", "ctypes.dlopen", "pickle.find_class"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"),
)
#: How the names of what Python reads itself end.
_CODE = (".py", ".pyc", ".so", "entry_points.txt", "METADATA")
ACCEPTABLE = ("values", "error", "same", "refused", "unread", "peer crash")


@dataclass(frozen=True)
class Finding:
    """One mutant that did what none may do."""

    number: int
    kind: str
    detail: str


@dataclass
class Summary:
    """What came of a run. ``kinds`` counts by (level, outcome)."""

    reader: str
    seed: int
    mutants: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    details: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """How many mutants of all levels ended so."""
        return sum(count for (_, k), count in self.kinds.items() if k == kind)

    def note(self, number: int, level: str, kind: str, detail: str, seconds: float) -> None:
        """Count one mutant."""
        self.mutants += 1
        self.slowest = max(self.slowest, seconds)
        self.kinds[level, kind] += 1
        self.details[f"{kind}: {detail}" if detail else kind] += 1
        if kind not in ACCEPTABLE and self.reader not in ("scipy", "mat-io"):
            self.findings.append(Finding(number, kind, detail))
            print(f"mutant {number} (level {level}): {kind} {detail}", file=sys.stderr, flush=True)


class Corpus:
    """The seeds by level, and mutant number i of them."""

    def __init__(
        self, seeds: list[Seed], seed: int, levels: tuple[str, ...] = tuple(_SHARE)
    ) -> None:
        self.seed = seed
        self._levels = [level for level in levels if any(s.level == level for s in seeds)]
        self._seeds = {level: [s for s in seeds if s.level == level] for level in self._levels}
        # Seeds that take long are drawn less often, so that the time goes round.
        self._weights = {
            level: [1 / max(100, s.parts) for s in g] for level, g in self._seeds.items()
        }

    def make(self, number: int) -> tuple[Seed, bytes]:
        """The seed and the bytes of one mutant."""
        dice = random.Random(f"{self.seed}:{number}")
        level = dice.choices(self._levels, [_SHARE[level] for level in self._levels])[0]
        (seed,) = dice.choices(self._seeds[level], self._weights[level])
        return seed, mutant(seed, self._seeds[level], dice)


def run(
    corpus: Corpus,
    reader: str,
    folder: Path,
    *,
    jobs: int = 1,
    seconds: float = 1e9,
    mutants: int = sys.maxsize,
    first: int = 0,
) -> Summary:
    """Read mutants ``first`` ... until the time is up or there are enough."""
    summary = Summary(reader, corpus.seed)
    began = time.monotonic()
    batches = _batches(first, first + mutants)
    with selectors.DefaultSelector() as selector:
        children: list[_Child] = []
        while True:
            in_time = time.monotonic() - began < seconds
            while in_time and len(children) < jobs and (batch := next(batches, None)):
                children.append(_Child(corpus, reader, folder, batch, selector))
            if not children:
                break
            for key, _ in selector.select(timeout=0.5):
                key.data.receive(summary)
            for child in [c for c in children if c.check(summary)]:
                children.remove(child)
                rest = child.rest()
                if rest and time.monotonic() - began < seconds:
                    children.append(_Child(corpus, reader, folder, rest, selector))
    summary.seconds = time.monotonic() - began
    return summary


def _batches(first: int, end: int) -> Iterator[range]:
    for start in range(first, end, _BATCH):
        yield range(start, min(start + _BATCH, end))


class _Child:
    """One forked process and what it has said so far."""

    def __init__(
        self,
        corpus: Corpus,
        reader: str,
        folder: Path,
        batch: range,
        selector: selectors.BaseSelector,
    ) -> None:
        self._batch, self._current, self._level = batch, batch.start - 1, "?"
        self._since = time.monotonic()
        self._text, self._ended = "", False
        self._selector = selector
        self._pipe, write = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._pipe)
            _child(corpus, reader, folder, batch, write)
        os.close(write)
        selector.register(self._pipe, selectors.EVENT_READ, self)

    def receive(self, summary: Summary) -> None:
        """Take in what the child has said."""
        data = os.read(self._pipe, 1 << 16)
        if not data:
            self._ended = True
        *lines, self._text = (self._text + data.decode()).split("\n")
        for line in lines:
            word, number, *rest = line.split("\t")
            if word == "begin":
                self._current, self._level, self._since = int(number), rest[0], time.monotonic()
            else:
                kind, detail, took = rest
                summary.note(int(number), self._level, kind, detail, float(took))
                self._level = "?"

    def check(self, summary: Summary) -> bool:
        """Whether the child has ended (or hung, and was ended); counts what it did last."""
        hung = not self._ended and time.monotonic() - self._since > _TIME_LIMIT
        if not hung and not self._ended:
            return False
        if hung:
            os.kill(self._pid, signal.SIGKILL)
        self._selector.unregister(self._pipe)
        os.close(self._pipe)
        _, status = os.waitpid(self._pid, 0)
        if hung:
            summary.note(self._current, self._level, "hang", "", _TIME_LIMIT)
        elif status:
            # Where readers are compared, the peers go first: it is one of them that crashed.
            kind = "peer crash" if summary.reader == "differential" else "crash"
            summary.note(self._current, self._level, kind, _how(status), 0.0)
        return True

    def rest(self) -> range:
        """The mutants that the child did not come to."""
        return range(self._current + 1, self._batch.stop)


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit {os.waitstatus_to_exitcode(status)}"


# --- within the child ---------------------------------------------------------------------


def _child(corpus: Corpus, reader: str, folder: Path, batch: range, pipe: int) -> None:
    """Never returns."""
    try:
        _limit_memory()
        _compute_in_one_thread()
        warnings.simplefilter("ignore")
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        watch = _Watch() if reader in OURS else None
        for number in batch:
            seed, data = corpus.make(number)
            _say(pipe, "begin", number, seed.level)
            began = time.monotonic()
            kind, detail = _outcome(READERS[reader], data, folder / f"mutant{number}.mat", watch)
            _say(pipe, "end", number, kind, detail, f"{time.monotonic() - began:.3f}")
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        os._exit(3)
    os._exit(0)


def _say(pipe: int, *words: object) -> None:
    os.write(pipe, ("\t".join(str(word) for word in words) + "\n").encode())


def _outcome(
    read: Callable[[Path], str], data: bytes, path: Path, watch: _Watch | None
) -> tuple[str, str]:
    path.write_bytes(data)
    try:
        with watch.watching(path) if watch else contextlib.nullcontext():
            said = read(path)
    except Exception as error:
        return "foreign", _described(error)
    finally:
        path.unlink()
    if watch and watch.events:
        return "other file", watch.events[0]
    return (said, "") if said in ACCEPTABLE else ("error", said)


def _described(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:120]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {text}"


def _limit_memory() -> None:
    """Some more address space than there is in use already."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _compute_in_one_thread() -> None:
    """OpenMP waits for ever for the threads of a parent that has computed in several."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


class _Watch:
    """Python's audit events: files opened other than the mutant, programs started ..."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._path: Path | None = None
        self._outputs = ""
        sys.addaudithook(self._hook)

    @contextlib.contextmanager
    def watching(self, path: Path) -> Iterator[None]:
        """Note what is done meanwhile; commands may write below ``mutant1.out``."""
        self._path, self._outputs, self.events = path, str(path.with_suffix(".out")), []
        try:
            yield
        finally:
            self._path = None

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._path is None:
            return
        if event == "open":
            fine = self._may_open(*arguments[:3])
        else:
            itself = event == "ctypes.dlopen" and arguments[0] is None  # the process, no file
            fine = itself or event not in _FORBIDDEN or self._is_output(arguments[0])
        if not fine:
            self.events.append(f"{event} {str(arguments[0])[:100]}")

    def _may_open(self, path: object, mode: object, flags: object) -> bool:
        """The mutant, for reading; and modules, which Python imports when first needed."""
        if isinstance(path, int):  # open already
            return True
        name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
        if self._is_output(name):
            return True
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes:
            return False
        is_code = name in sys.path or name.endswith(_CODE)
        return is_code or name in (str(self._path), str(GOOD))

    def _is_output(self, path: object) -> bool:
        return str(path) == self._outputs or str(path).startswith(self._outputs + os.sep)
