"""Many files verified: in this process, in several, or on the machines of a dask cluster.

Each file becomes one record, whatever happens to it: the ``matlab_compat.verify/1`` document with
``file``, ``sha256`` and ``options``, or instead of the document ``exit_code``, ``outcome`` (a word
or two) and ``summary``.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from matlab_compat.display import safe_text
from matlab_compat.errors import FileAccessError, MatlabCompatError, UsageError, cause_text
from matlab_compat.parity.runner import Precision
from matlab_compat.wording import argument

from .atomic import check_place
from .endings import ending_of
from .matfile import DEFAULT_LIMITS, Limits
from .verify import sha256, verify

if TYPE_CHECKING:
    from matlab_compat.parity import Tolerance
    from matlab_compat.parity.report import Report

Record = dict[str, Any]

_INTERNAL_ERROR = 4


@dataclass(frozen=True)
class Chosen:
    """What of a file is compared; see :func:`converters.verify`."""

    variable: str | None = None
    layer: str | int | None = None
    layer_class: str | None = None
    ignore_fields: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    function: str | None = None
    arguments: str | None = None
    input: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    data_format: str | None = None


@dataclass(frozen=True)
class Job:
    """One file to verify; it can be sent to another process or machine."""

    path: str
    chosen: Chosen = Chosen()
    precision: Precision = field(default_factory=Precision)
    tolerance: Tolerance | None = None
    limits: Limits = DEFAULT_LIMITS
    #: What else to compare with than what MATLAB saved; see :func:`.runners.runner_named`.
    against: str | None = None
    #: The seed of the random input then.
    seed: int = 0

    def options(self) -> dict[str, str]:
        """What the result depends on besides the file."""
        chosen: dict[str, object] = {
            **vars(self.chosen),
            "device": self.precision.device,
            "dtype": self.precision.dtype,
            "allow_tf32": self.precision.allow_tf32 or None,
            "tolerance": self.tolerance,
            "limits": self.limits,
        }
        if self.against is not None:
            chosen |= {"against": self.against, "seed": self.seed}
        given = {name: value for name, value in chosen.items() if value not in (None, ())}
        return {name: str(value) for name, value in sorted(given.items())}

    def report(self) -> Report:
        """Verify the file."""
        chosen = self.chosen
        common: dict[str, Any] = {
            "ignore_fields": chosen.ignore_fields,
            "code": chosen.code,
            "input": chosen.input,
            **vars(self.precision),
            "tolerance": self.tolerance,
            "limits": self.limits,
        }
        if self.against is not None:
            from .against import verify_against

            self._refuse_parts()
            return verify_against(
                self.path, self.against, chosen.variable, seed=self.seed, **common
            )
        return verify(
            self.path,
            chosen.variable,
            chosen.layer,
            layer_class=chosen.layer_class,
            function=chosen.function,
            arguments=chosen.arguments,
            expected=chosen.expected,
            data_format=chosen.data_format,
            **common,
        )

    def _refuse_parts(self) -> None:
        """A whole network is run by something else, on inputs of its own: nothing to choose."""
        for name in ("layer", "layer_class", "function", "expected", "data_format"):
            if getattr(self.chosen, name):
                raise UsageError(
                    f"{argument(name)} has no meaning beside {argument('against')}, which runs a "
                    "whole network.",
                    where=(self.path,),
                    remedy="leave one of the two out.",
                )


def record_of(job: Job) -> Record:
    """Verify one file; any error becomes part of the record."""
    try:
        return {**_about(job), **job.report().to_json()}
    except MatlabCompatError as error:
        return failed(job, error.exit_code, error.what, error.outcome)
    except Exception as error:
        said = f"internal error: {type(error).__name__}: {error}"
        return failed(job, _INTERNAL_ERROR, said)


def failed(job: Job, exit_code: int, summary: str, outcome: str = "internal error") -> Record:
    """The record of a file that could not be verified."""
    return {**_about(job), "exit_code": exit_code, "outcome": outcome, "summary": summary}


def _about(job: Job) -> Record:
    try:
        digest: str | None = sha256(job.path)
    except (OSError, ValueError):
        digest = None
    return {"file": job.path, "sha256": digest, "options": job.options()}


# --- Where the work is done


def in_this_process(jobs: Sequence[Job]) -> Iterator[Record]:
    """One after the other."""
    return map(record_of, jobs)


def in_processes(jobs: Sequence[Job], count: int) -> Iterator[Record]:
    """Several at a time, each in a process of its own; records come as they are finished.

    One thread does it all: nothing is left that could write to a pipe after an interruption.
    """
    waiting = deque(jobs)
    workers: list[_Worker] = []
    try:
        for _ in range(min(count, len(jobs))):
            workers.append(_Worker(count))
        busy = {worker.connection: worker for worker in workers}
        for worker in workers:
            worker.begin(waiting.popleft())
        while busy:
            for ready in connection.wait(list(busy)):
                worker = busy.pop(cast(Connection, ready))
                yield worker.finish()
                if waiting:
                    worker.begin(waiting.popleft())
                    busy[worker.connection] = worker
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """One process, replaced when it dies, so that only the file that killed it is lost.

    (A pool of several could not tell which file that was, and would lose all that it had begun.)
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._job = Job("")
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # not fork: torch's threads do not survive
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._count), daemon=True)
        with _without_interrupts():
            self._process.start()
        theirs.close()  # ours of it: when the process dies, the pipe ends

    def begin(self, job: Job) -> None:
        """Send a file to the process."""
        self._job = job
        if not self._process.is_alive():
            self._replace()
        with contextlib.suppress(BrokenPipeError, ConnectionError):  # it has died: finish says so
            self.connection.send(job)

    def finish(self) -> Record:
        """The record of the file begun last."""
        try:
            record: Record = self.connection.recv()
        except (EOFError, OSError):
            self._replace()
            said = "the process that verified it died (out of memory, or a crash in a library)"
            return failed(self._job, _INTERNAL_ERROR, said)
        return record

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


def _serve(jobs: Connection, count: int) -> None:
    """What each process does: a record for each job, until there is no-one to take it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.showwarning = _show_warning
    import torch

    # A share of the processors.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 1) // count)))
    with contextlib.suppress(EOFError, OSError):
        while True:
            jobs.send(record_of(jobs.recv()))


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"warning: {safe_text(str(message))}", file=sys.stderr)


def on_cluster(jobs: Sequence[Job], address: str) -> Iterator[Record]:
    """On the workers of a dask cluster, which must see the files under the same names.

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
        futures = {client.submit(record_of, job, pure=False, retries=0): job for job in jobs}
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
                    f"Line {number} is no record of a verified file.",
                    where=(str(self.path),),
                    remedy=f"name another file with {argument('results')}.",
                )
            self.records[record["file"]] = record
        if whole != content:
            with self.path.open("r+b") as file:
                file.truncate(len(whole))

    def has(self, job: Job) -> bool:
        """Whether the file was verified in just this way, and has the same bytes since."""
        record = self.records.get(job.path)
        if record is None or record["sha256"] is None:
            return False
        return {key: record[key] for key in ("file", "sha256", "options")} == _about(job)

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
