"""``matlab-compat verify``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from matlab_compat.errors import UsageError

from . import files, options, output, progress, reports
from .many import Many
from .pages import Pages
from .reading import Text, number, one_of, whole

if TYPE_CHECKING:
    from converters.formats import Asked
    from converters.jobs import VerifyJob


@options.grouped
def command(
    file: options.Files,
    *,
    model: options.Model,
    input: options.Inputs = None,
    expected: Annotated[
        list[str] | None,
        "MATLAB's output: a MAT-file, .npy, .npz, .csv. Repeatable.",
        Text("FILE[:VARIABLE]"),
    ] = None,
    against: Annotated[
        str | None,
        "What to compare with instead: an ONNX file, another MAT-file, float64, an engine "
        "(onnxruntime, openvino), another runner's name.",
        Text("FILE|NAME"),
    ] = None,
    octave: Annotated[
        bool, "Run the code of custom layers in GNU Octave instead, which executes it."
    ] = False,
    seed: Annotated[int, "Seed of the random input of --against.", whole(0)] = 0,
    fitting: options.Fitting,
    computing: options.Computing,
    allow_tf32: Annotated[
        bool, "Let a GPU round single to TF32, by a bound of its own; no effect on a CPU."
    ] = False,
    atol: Annotated[
        float | None, "Absolute tolerance, instead of the default bound.", number(0)
    ] = None,
    rtol: Annotated[
        float | None, "Relative tolerance, instead of the default bound.", number(0)
    ] = None,
    diagnosis_seconds: Annotated[
        float | None,
        "How long to look for what was done wrong, at most (20); 0: not at all.",
        number(0),
    ] = None,
    format: Annotated[str, "How to report.", one_of("text", "json", "junit", "markdown")] = "text",
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
    from converters.jobs import VerifyJob
    from matlab_compat.memory import keep_memory
    from matlab_compat.parity import Tolerance
    from matlab_compat.parity.runner import Precision

    options.need_torch()
    keep_memory()
    given = atol is not None or rtol is not None
    job = VerifyJob(
        path="",
        asked=model.asked(bounds),
        input=tuple(input or ()),
        expected=tuple(expected or ()),
        **fitting.given(),
        **computing.given(allow_tf32=allow_tf32),
        tolerance=Tolerance(atol or 0.0, rtol or 0.0) if given else None,
        against=against,
        seed=seed,
    )
    if diagnosis_seconds is not None:
        job = replace(job, diagnosis_seconds=diagnosis_seconds)
    todo = [replace(job, path=path) for path in files.expanded(file)]
    if octave:
        plain = VerifyJob(path="", asked=job.asked, precision=Precision("cpu"))
        alone = job == plain and not asked.wanted()
        if len(todo) != 1 or not alone or many.asked(files.is_many(file)):
            raise UsageError(
                "--octave is about the code of one file, on random arrays, in double.",
                remedy="name one file, with --code, --layer, --function and the like alone.",
            )
        raise typer.Exit(_with_octave(todo[0].path, job.asked, format))
    if not many.asked(files.is_many(file)):
        raise typer.Exit(_one(todo[0], asked, force, format))
    others = [place for place in asked.wanted() if place != asked.report]
    if others:
        what = f"The report {others[0]} is about one file, and here are several."
        raise UsageError(what, remedy="name one file.")
    pages = None
    if asked.report is not None:
        pages = Pages(asked.report, overwrite=force or many.resume)
        todo = [replace(one, page=str(pages.place_of(one.path))) for one in todo]
    records = list(many.records(todo, force=force))
    code = reports.show_many(records, format)
    if pages is not None:
        pages.finish("Compared with MATLAB", [reports.outcome(record) for record in records])
    raise typer.Exit(code)


def _with_octave(path: str, asked: Asked, format: str) -> int:
    import converters
    from converters.octave import check_with_octave
    from matlab_compat.errors import NothingToCompareError

    if format not in ("text", "json"):
        raise UsageError("--octave reports as text or json.", remedy="--format json.")
    found = check_with_octave(converters.load(path, **vars(asked)))
    compared = [one for one in found if one.compared]
    if format == "json":
        layers = [
            {**vars(one), "difference": one.difference if one.compared else None} for one in found
        ]
        output.document({"schema": "matlab_compat.octave/1", "layers": layers})
    else:
        output.data("\n".join(one.text for one in found))
    if not compared:
        raise NothingToCompareError("Octave could compare none of them.", where=(path,))
    equal = sum(one.agrees for one in compared)
    text = f"{path}: GNU Octave agrees on {equal} of {len(found)} layers of MATLAB code"
    if format != "json":
        output.verdict(text, good=equal == len(compared))
    return int(equal < len(compared))


def _one(job: VerifyJob, asked: reports.Files, force: bool, format: str) -> int:
    from matlab_compat.parity import keeping_arrays

    if not asked.wanted():
        with progress.waiting(job.path):
            done = job.report()
    else:
        if job.against is not None and asked.gen_script:
            why = "would compare with what MATLAB saved, not with --against"
            what = f"The report {asked.gen_script} {why}."
            raise UsageError(what, remedy="leave one of the two out.")
        asked.check(overwrite=force)
        with keeping_arrays(), progress.waiting(job.path):
            done = job.report()
        asked.write(done, job.path, _script(job), overwrite=force)
    reports.show({"file": job.path, **done.to_json()}, format)
    return done.exit_code


def _script(job: VerifyJob) -> str:
    from matlab_compat.parity.reports.script import script

    where = {**vars(job.asked), "input": job.input, "expected": job.expected}
    del where["limits"]
    precision = {**vars(job.precision), "allow_tf32": job.precision.allow_tf32 or None}
    return script(job.path, where, {"data_format": job.data_format, **precision})
