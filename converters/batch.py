"""Many files: in this process, in several, or on the machines of a dask cluster.

Each file becomes one record, whatever happens to it: the document of what was done with it, with
``file``, ``sha256`` and ``options``, or instead of the document ``exit_code``, ``outcome`` (a word
or two), ``summary`` and ``error``, the whole message. :mod:`.jobs` says what can be done.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import multiprocessing
import os
import signal
import sys
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import lru_cache
from importlib import import_module
from math import inf
from multiprocessing import connection, current_process, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from threading import local
from time import monotonic
from typing import Any

from matlab_compat.display import safe_text
from matlab_compat.errors import FileAccessError, MatlabCompatError, UsageError, cause_text
from matlab_compat.wording import Wording, argument, worded, wording

from .atomic import check_place
from .endings import ending_of
from .plugins import load_plugin, loaded_plugins, plugin_contents
from .verify import sha256

Record = dict[str, Any]

_INTERNAL_ERROR = 4


@dataclass(frozen=True)
class Job(ABC):
    """One file, and what is done with it; it can be sent to another process or machine."""

    path: str

    def chosen(self) -> dict[str, object]:
        """What the result depends on besides the file."""
        return dict(_not_by_default(self))

    @abstractmethod
    def document(self) -> Record:
        """Do it; what there is to say of it, with ``exit_code``."""

    @property
    def source(self) -> str:
        """The file whose bytes the result depends on."""
        return self.path

    def places(self, exit_code: int) -> tuple[str, ...]:
        """What was written where it ended so: without that it is not done."""
        return ()

    def about(self) -> Record:
        """Which file this is about, and how it is done: the same again gives the same."""
        given = self.chosen()
        if loaded_plugins():
            given["plugin"] = hashlib.sha256(plugin_contents()).hexdigest()
        options = {name: str(value) for name, value in sorted(given.items())}
        return {"file": self.path, "sha256": digest(self.source), "options": options}


#: Fields of jobs that change nothing in what comes out.
_WITHOUT_EFFECT = ("path", "page", "overwrite")


def _not_by_default(record: Any) -> Iterator[tuple[str, object]]:
    """The fields of a record that were chosen, and those of the records in it."""
    for one in fields(record):
        value = getattr(record, one.name)
        default = one.default if one.default_factory is MISSING else one.default_factory()
        if is_dataclass(value) and default is not None:
            yield from _not_by_default(value)
        elif value != default and one.name not in _WITHOUT_EFFECT:
            yield one.name, value


def digest(path: str) -> str | None:
    """The SHA-256 of a file; ``None`` where it cannot be read."""
    try:
        at = Path(path).stat()
        return _digest(path, at.st_mtime_ns, at.st_size)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=64)
def _digest(path: str, changed: int, size: int) -> str:
    return sha256(path)


def record_of(job: Job) -> Record:
    """Do one job; any error becomes part of the record."""
    try:
        return {**job.about(), **job.document()}
    except MatlabCompatError as error:
        return failed(job, error.exit_code, error.what, error.outcome, str(error))
    except Exception as error:
        said = f"internal error: {type(error).__name__}: {error}"
        return failed(job, _INTERNAL_ERROR, said)


def failed(
    job: Job, exit_code: int, summary: str, outcome: str = "internal error", error: str = ""
) -> Record:
    """The record of a file with which it could not be done; ``error`` is the whole message."""
    said = {"outcome": outcome, "summary": summary, "error": error or summary}
    return {**job.about(), "exit_code": exit_code, **said}


# --- Where the work is done


def in_processes(jobs: Sequence[Job], count: int, seconds: float | None = None) -> Iterator[Record]:
    """Several at a time, each in a process of its own; records come as they are finished.

    One thread does it all: nothing is left that could write to a pipe after an interruption. What
    takes longer than ``seconds`` is ended.
    """
    waiting = deque(jobs)
    workers: list[_Worker] = []
    try:
        for _ in range(min(count, len(jobs))):
            workers.append(_Worker(count, Here()))
        busy = list(workers)
        for worker in workers:
            worker.begin(waiting.popleft())
        while busy:
            for worker, record in _heard(busy, seconds):
                yield record
                if waiting:
                    worker.begin(waiting.popleft())
                else:
                    busy.remove(worker)
    finally:
        for worker in workers:
            worker.end()


def _heard(workers: Sequence[_Worker], seconds: float | None) -> list[tuple[_Worker, Record]]:
    """Wait for any of them, and give the records of those that are done, or late."""
    soonest = min(one.left(seconds) for one in workers)
    most = None if soonest == inf else max(0.0, soonest)
    ready = connection.wait([one.connection for one in workers], most)
    late = [one for one in workers if one.connection not in ready and one.left(seconds) <= 0]
    heard = [(one, one.finish()) for one in workers if one.connection in ready]
    return [(one, record) for one, record in heard if record is not None] + [
        (one, one.stop(seconds)) for one in late
    ]


class _Worker:
    """One process, replaced when it dies, so that only the file that killed it is lost.

    (A pool of several could not tell which file that was, and would lose all that it had begun.)
    """

    def __init__(self, count: int, here: Here) -> None:
        self._count, self.here = count, here
        self._job: Job | None = None
        #: When the process began with the job; ``None`` while it starts.
        self.began: float | None = None
        self._start()

    def _start(self) -> None:
        if current_process().daemon:  # as dask's are: those may have no processes of their own
            current_process().daemon = False
        context = multiprocessing.get_context("spawn")  # not fork: torch's threads do not survive
        self.connection, theirs = context.Pipe()
        serving = (theirs, self._count, self.here)
        self._process = context.Process(target=_serve, args=serving, daemon=True)
        with _without_interrupts():
            self._process.start()
        theirs.close()  # ours of it: when the process dies, the pipe ends

    def begin(self, job: Job) -> None:
        """Send a file to the process."""
        self._job, self.began = job, None
        if not self._process.is_alive():
            self._replace()
        with contextlib.suppress(BrokenPipeError, ConnectionError):  # it has died: finish says so
            self.connection.send(job)

    def finish(self) -> Record | None:
        """The record of the file begun last; ``None`` where the process only begins with it."""
        try:
            record: Record | None = self.connection.recv()
        except (EOFError, OSError):
            return self._lost("the process died (out of memory, or a crash in a library)")
        self.began = monotonic() if record is None else None
        return record

    def left(self, seconds: float | None) -> float:
        """Seconds until the file takes too long."""
        if seconds is None or self.began is None:
            return inf
        return self.began + seconds - monotonic()

    def stop(self, seconds: float | None) -> Record:
        """End what takes too long."""
        said = f"not done within {seconds:g} s ({argument('time_limit')})"
        return self._lost(said, 2, "too long")

    def _lost(self, said: str, exit_code: int = _INTERNAL_ERROR, *outcome: str) -> Record:
        self._replace()
        assert self._job is not None
        return failed(self._job, exit_code, said, *outcome)

    def _replace(self) -> None:
        self.end()
        self._start()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self.connection.close()


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Put off Ctrl-C; a process started inside never gets it, and leaves it to the one it is for.

    (A process that starts would print a traceback of its own imports; half started, it would miss
    the end of what it is told.)
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows: from :func:`_serve` on
        yield
        return
    resource_tracker.ensure_running()  # a process of the library's, whose start would end this
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True)
class Here:
    """What other processes do their work with as this one does."""

    plugins: tuple[Path, ...] = field(default_factory=loaded_plugins)
    words: Wording = field(default_factory=wording)
    #: From which level on it says what it does.
    level: int = field(default_factory=lambda: logging.getLogger(__name__).getEffectiveLevel())

    def record_of(self, job: Job, seconds: float | None = None) -> Record:
        """:func:`record_of`, in another process, which is ended after so many ``seconds``."""
        with worded(self.words):
            if seconds is not None:
                return _limited(self, job, seconds)
            try:
                for path in self.plugins:
                    load_plugin(path)
            except MatlabCompatError as error:
                return failed(job, error.exit_code, error.what, error.outcome, str(error))
            return record_of(job)


#: A process of each thread of a dask worker: a file that takes too long ends it, not the worker.
_own = local()


def _limited(here: Here, job: Job, seconds: float) -> Record:
    worker: _Worker | None = vars(_own).pop("worker", None)  # an interruption leaves none behind
    if worker is not None and worker.here != here:
        worker.end()
        worker = None
    worker = worker or _Worker(1, here)
    worker.begin(job)
    while not (heard := _heard([worker], seconds)):
        pass
    _own.worker = worker
    return heard[0][1]


def _serve(jobs: Connection, count: int, here: Here) -> None:
    """What each process does: a record for each job, until there is no-one to take it.

    Before it begins with one it says so by a ``None``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(format="%(name)s: %(message)s")
    for package in ("matlab_compat", "converters"):
        logging.getLogger(package).setLevel(here.level)
    silent = here.level >= logging.ERROR
    warnings.showwarning = (lambda *_, **__: None) if silent else _show_warning
    import torch

    # A share of the processors.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 1) // count)))
    with contextlib.suppress(EOFError, OSError):
        while True:
            job = jobs.recv()
            jobs.send(None)
            jobs.send(here.record_of(job))


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"warning: {safe_text(str(message))}", file=sys.stderr)


def on_cluster(jobs: Sequence[Job], address: str, seconds: float | None = None) -> Iterator[Record]:
    """On the workers of a dask cluster, which must see the files under the same names.

    With a limit of ``seconds`` each worker has a process that does its files, and can be ended.

    Raises ``UsageError``: dask.distributed is not installed, or nothing answers at ``address``.
    """
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError:
        raise UsageError(
            "dask.distributed is not installed.", remedy="pip install 'matlab-compat[cluster]'"
        ) from None
    try:
        _check_address(address)
        client = distributed.Client(address, timeout=20, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"No dask scheduler answers at {address}: {cause_text(error)}.",
            remedy="start one with `dask scheduler`, and name it, e.g. "
            f"{argument('dask', 'tcp://host:8786')}.",
        ) from None
    with client:
        # Not pure: a file may have changed since dask last saw the same call.
        submit, here = client.submit, Here()
        futures = {submit(here.record_of, job, seconds, pure=False, retries=0): job for job in jobs}
        for future in distributed.as_completed(list(futures), loop=client.loop):
            broken = future.exception()
            job = futures.pop(future)
            yield failed(job, _INTERNAL_ERROR, str(broken)) if broken else future.result()


def _check_address(address: str) -> None:
    """Raise ``ValueError`` for none: a client that is half made prints a traceback at its end."""
    addressing: Any = import_module("distributed.comm.addressing")
    whole = addressing.normalize_address(address)
    if not whole.startswith("inproc://"):
        addressing.get_address_host_port(whole, strict=True)


# --- The file of results


class Results:
    """A JSON-lines file that grows by one record at a time, and can be gone on with.

    Raises ``UsageError``: the file exists and neither ``resume`` nor ``overwrite`` is set, or it is
    none of ours, or its name ends in neither ``.jsonl`` nor ``.ndjson``; ``FileAccessError``: it
    cannot be read or written.
    """

    def __init__(self, path: str, *, resume: bool = False, overwrite: bool = False) -> None:
        ending_of(path, (".jsonl", ".ndjson"), "A file of results")
        self.path = Path(path)
        #: What an interrupted run has left, by file.
        self.records: dict[str, Record] = {}
        try:
            if resume and self.path.exists():
                self._read()
            else:
                remedy = f"pass {argument('resume', True)} to go on with it, or "
                remedy += f"{argument('overwrite', True)} to replace it."
                check_place(path, overwrite=overwrite, remedy=remedy)
                self.path.write_bytes(b"")
        except OSError as error:
            raise self._unusable(error) from error

    def _read(self) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]  # the last line may have been cut off
        for number, line in enumerate(whole.splitlines(), 1):
            record = _record(line)
            if record is None:
                raise UsageError(
                    f"Line {number} is no record of a file.",
                    where=(str(self.path),),
                    remedy=f"name another file with {argument('results')}.",
                )
            self.records[record["file"]] = record
        if whole != content:
            with self.path.open("r+b") as file:
                file.truncate(len(whole))

    def has(self, job: Job) -> bool:
        """Whether just this was done, with the same bytes, and what was written is there."""
        record = self.records.get(job.path)
        if record is None or record["sha256"] is None:
            return False
        if not all(Path(place).exists() for place in job.places(record["exit_code"])):
            return False
        about = job.about()
        return {key: record[key] for key in about} == about

    def add(self, record: Record) -> None:
        """Write one record, so that it is there whatever happens next."""
        self.records[record["file"]] = record
        try:
            with self.path.open("a", encoding="ascii") as file:
                file.write(json.dumps(record, allow_nan=False) + "\n")
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> FileAccessError:
        return FileAccessError(
            f"The file of results cannot be written: {error.strerror or error}.",
            where=(str(self.path),),
            remedy="check that the folder exists, may be written and has room.",
        )


def _record(line: bytes) -> Record | None:
    with contextlib.suppress(ValueError):
        record = json.loads(line)
        if isinstance(record, dict) and {"file", "sha256", "options", "exit_code"} <= record.keys():
            return record
    return None
