"""What commands that take many files have in common: where they are done, and their records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from matlab_compat.display import counted
from matlab_compat.errors import UsageError

from . import output, progress
from .reading import Text, number, whole

if TYPE_CHECKING:
    from converters.batch import Job, Record


Seconds = Annotated[
    float | None, "Seconds for each of many files; what takes longer is ended.", number(0.001)
]


@dataclass(frozen=True)
class Many:
    """How many files are done, and where their records go."""

    jobs: Annotated[int, "Processes for many files.", whole(1)] = 1
    dask: Annotated[
        str | None, "Address of a dask scheduler whose workers do the files.", Text("ADDRESS")
    ] = None
    time_limit: Seconds = None
    results: Annotated[
        str | None, "JSON-lines file that gets each file's record at once.", Text("FILE.jsonl")
    ] = None
    resume: Annotated[bool, "Go on with --results where an earlier run stopped."] = False

    def asked(self, many: bool) -> bool:
        """Whether files are done as many are, be it one.

        Raises ``UsageError``: options that contradict each other.
        """
        if self.resume and self.results is None:
            raise UsageError("--resume needs to know of what.", remedy="add --results FILE.")
        given = (self.dask, self.time_limit, self.results)
        return many or any(value is not None for value in given)

    def records(self, todo: Sequence[Job], *, force: bool) -> Iterator[Record]:
        """The records in the files' order; those of an earlier run, which say so, stay."""
        from converters.batch import Results

        kept = None
        known: dict[str, Record] = {}
        if self.results is not None:
            kept = Results(self.results, resume=self.resume, overwrite=force)
            earlier = {job.path: kept.records[job.path] for job in todo if kept.has(job)}
            known = {path: {**record, "earlier_run": True} for path, record in earlier.items()}
        if known:
            output.note(f"done by an earlier run: {len(known)} of {counted(len(todo), 'file')}")
        left = list({job.path: job for job in todo if job.path not in known}.values())
        with closing(progress.along(self._run(left), len(left), "files")) as done:
            for job in todo:
                while job.path not in known:
                    record = next(done)
                    known[record["file"]] = record
                    if kept is not None:
                        kept.add(record)
                yield known[job.path]

    def _run(self, left: Sequence[Job]) -> Iterator[Record]:
        from converters.batch import in_processes, on_cluster, record_of

        if self.dask is not None:
            return on_cluster(left, self.dask, self.time_limit)
        if self.jobs == 1 and self.time_limit is None:
            return map(record_of, left)
        return in_processes(left, self.jobs, self.time_limit)
