"""``matlab-compat verify``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from matlab_compat.errors import UsageError

from . import files, options, output, progress, reports
from .reading import member, number, whole

if TYPE_CHECKING:
    from converters.batch import Job, Record


@dataclass(frozen=True)
class Many:
    """How many files are done, and where their records go."""

    jobs: Annotated[int, typer.Option(help="Processes for many files."), whole(1)] = 1
    dask: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler whose workers do the files.")
    ] = None
    results: Annotated[
        str | None, typer.Option(help="JSON-lines file that gets each file's record at once.")
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with --results where an earlier run stopped.")
    ] = False


@options.grouped
def command(
    file: options.Files,
    *,
    model: options.Model,
    input: options.Inputs = None,
    expected: Annotated[
        list[str] | None, typer.Option(help="FILE[:VARIABLE] with MATLAB's output; repeatable.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="What to compare with instead: an ONNX file, float64, a runner's name."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random input of --against."), whole(0)] = 0,
    data_format: options.DataFormat = None,
    device: options.Device = "cpu",
    dtype: options.DType = None,
    allow_tf32: Annotated[
        bool,
        typer.Option(
            "--allow-tf32",
            help="Let a GPU round single to TF32, by a bound of its own; no effect on a CPU.",
        ),
    ] = False,
    atol: Annotated[
        float | None,
        typer.Option(help="Absolute tolerance, instead of the default bound."),
        number(0),
    ] = None,
    rtol: Annotated[
        float | None,
        typer.Option(help="Relative tolerance, instead of the default bound."),
        number(0),
    ] = None,
    format: Annotated[
        output.ReportFormat,
        typer.Option("--format", help="How to report."),
        member(output.ReportFormat),
    ] = output.ReportFormat.text,
    asked: reports.Files,
    many: Many,
    force: options.Force = False,
    plugins: options.Plugins,
    bounds: options.Limits,
) -> None:
    """Compare a network with what MATLAB saved.

    The exit code is 0 if they are equal, 1 if different.

    Takes X (or input) and Y (or output, expected) from beside it unless told otherwise.

    Example: matlab-compat verify layer.mat
    """
    from converters.batch import Chosen, Job
    from matlab_compat import keep_memory
    from matlab_compat.parity import Tolerance
    from matlab_compat.parity.runner import Precision

    options.need_torch()
    keep_memory()
    given = atol is not None or rtol is not None
    job = Job(
        path="",
        chosen=Chosen(
            **model.given(),
            input=tuple(input or ()),
            expected=tuple(expected or ()),
            data_format=data_format,
        ),
        precision=Precision(device, dtype, allow_tf32),
        tolerance=Tolerance(atol or 0.0, rtol or 0.0) if given else None,
        limits=bounds.given(),
        against=against,
        seed=seed,
    )
    todo = [replace(job, path=path) for path in files.expanded(file)]
    if files.is_many(file) or many.results is not None or many.dask is not None:
        _refuse(asked.wanted(), "is about one file, and here are several", "name one file.")
        if many.resume and many.results is None:
            raise UsageError("--resume needs to know of what.", remedy="add --results FILE.")
        raise typer.Exit(reports.show_many(_records(todo, many, force), format))
    if many.resume:
        raise UsageError("--resume is for many files.", remedy="add --results FILE.")
    raise typer.Exit(_one(todo[0], asked, force, format))


def _refuse(wanted: Sequence[str], why: str, remedy: str) -> None:
    if wanted:
        raise UsageError(f"The report {wanted[0]} {why}.", remedy=remedy)


def _one(job: Job, asked: reports.Files, force: bool, format: output.ReportFormat) -> int:
    """One file: what is printed, and the files asked for."""
    from matlab_compat.parity import keeping_arrays

    if not asked.wanted():
        done = job.report()
    else:
        if job.against is not None:
            why = "would compare with what MATLAB saved, not with --against"
            _refuse(
                [asked.gen_script] if asked.gen_script else [], why, "leave one of the two out."
            )
        asked.check(overwrite=force)
        with keeping_arrays():
            done = job.report()
        asked.write(done, job.path, _script(job), overwrite=force)
    reports.show({"file": job.path, **done.to_json()}, format)
    return done.exit_code


def _script(job: Job) -> str:
    from matlab_compat.parity.reports.script import script

    where = vars(job.chosen).copy()
    labels = where.pop("data_format")
    precision = {**vars(job.precision), "allow_tf32": job.precision.allow_tf32 or None}
    return script(job.path, where, {"data_format": labels, **precision})


def _records(todo: list[Job], how: Many, force: bool) -> list[Record]:
    """The records of all files, in their order; those of an earlier run are not made again."""
    from converters.batch import Results

    kept = None
    if how.results is not None:
        kept = Results(how.results, resume=how.resume, overwrite=force)
    known = (
        {} if kept is None else {job.path: kept.records[job.path] for job in todo if kept.has(job)}
    )
    left = [job for job in todo if job.path not in known]
    for record in progress.along(_run(left, how.jobs, how.dask), len(left), "files"):
        known[record["file"]] = record
        if kept is not None:
            kept.add(record)
    return [known[job.path] for job in todo]


def _run(left: list[Job], jobs: int, dask: str | None) -> Iterator[Record]:
    from converters.batch import in_processes, in_this_process, on_cluster

    if dask is not None:
        return on_cluster(left, dask)
    return in_this_process(left) if jobs == 1 else in_processes(left, jobs)
