"""``matlab-compat predict``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matlab_compat.display import lines_of_their_own, size_text
from matlab_compat.errors import UsageError
from matlab_compat.wording import argument

from . import files, options, output, progress
from .many import Many
from .reading import Text, one_of, whole

if TYPE_CHECKING:
    from converters.batch import Record
    from converters.jobs import PredictJob


Engine = Annotated[
    str | None,
    "Who computes: torch (default), onnxruntime, openvino, compiled, the engine of another "
    "package, or the fastest of those that are installed, measured here.",
]


@dataclass(frozen=True)
class Places:
    """Where outputs are written."""

    out: Annotated[
        str | None,
        "The file to write Y to: .mat, .npy, .npz, .csv or .json.",
        Text("FILE"),
        "-o",
    ] = None
    output_dir: Annotated[
        str | None, "The folder for a file of each input, under its name.", Text("DIR")
    ] = None
    output_format: Annotated[
        str,
        "What --output-dir writes.",
        one_of("mat", "npy", "npz", "csv", "json"),
    ] = "mat"

    def of(
        self, runs: Sequence[tuple[str, ...]], model: str, several: bool, alone: bool
    ) -> Sequence[str | None]:
        """The file of each run, whose inputs were named ``alone`` or not; ``None`` for none.

        Raises ``UsageError``: they make no sense.
        """
        from converters.atomic import places_in
        from converters.data import split_argument

        if self.out is not None and self.output_dir is not None:
            raise UsageError(
                f"{argument('output')} names one file and {argument('output_dir')} a folder.",
                remedy="leave one of the two out.",
            )
        if self.out is not None and several:
            raise UsageError(
                f"{argument('output')} names one file, and here are several inputs.",
                remedy=f"name a folder: {argument('output_dir', 'outputs')}.",
            )
        if self.output_dir is None:
            return [self.out] * len(runs)
        if not alone:
            raise UsageError(
                f"{argument('output_dir')} is for inputs that are named alone.",
                remedy="matlab-compat predict NET.mat INPUT... --output-dir outputs",
            )
        sources = [split_argument(run[0])[0] for run in runs]
        return places_in(self.output_dir, sources, f".{self.output_format}", kept=[model])


@options.grouped
def command(
    file: options.File,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pictures, .npy, .npz, .csv and MAT-files, folders of them, or patterns; each is "
            "run by itself.",
            show_default=False,
            metavar="INPUT",
        ),
    ] = None,
    *,
    places: Places,
    input: options.Inputs = None,
    model: options.Model,
    top: Annotated[int, "How many classes to show.", whole(1)] = 5,
    fitting: options.Fitting,
    classes: Annotated[
        str | None,
        "Names of classes, in the scores' order, for a network that has none: .txt, "
        ".csv, .json, .mat.",
        Text("FILE[:VARIABLE]"),
    ] = None,
    steps: Annotated[
        int | None, "Time steps of a network without inputs (a closed NAR).", whole(0)
    ] = None,
    engine: Engine = None,
    computing: options.Computing,
    format: options.ReportFormat = "text",
    many: Many,
    force: options.Force = False,
    plugins: options.Plugins,
    bounds: options.Limits,
) -> None:
    """Run a network on pictures or arrays.

    Prints the best classes of a classifier, of others the size and range of Y.

    Example: matlab-compat predict net.mat cat.jpg
    """
    from converters.inputs import ENDINGS
    from converters.jobs import PredictJob, Running
    from matlab_compat.memory import keep_memory

    options.need_torch()
    keep_memory()
    runs = _runs(inputs or [], input or [], ENDINGS, file)
    several = many.asked(bool(inputs) and files.is_many(inputs or []))
    how = Running(
        file,
        model.asked(bounds),
        steps=steps,
        classes=classes,
        engine=engine,
        **computing.given(),
        **fitting.given(),
    )
    todo = [
        PredictJob(run[0] if inputs else file, how, run, place, top, force)
        for run, place in zip(runs, places.of(runs, file, several, bool(inputs)), strict=True)
    ]
    if not many.resume:
        _check_places(todo, force)
    with progress.waiting(file):
        how.opened()
    records = many.records(todo, force=force) if several else _alone(todo[0])
    raise typer.Exit(_show(records, len(todo), file, format))


def _alone(job: PredictJob) -> Iterator[Record]:
    """What comes of the one input that there is: what goes wrong with it is an error."""
    with progress.waiting(job.path):
        document = job.document()
    yield {"file": job.path, **document}


def _check_places(todo: Sequence[PredictJob], force: bool) -> None:
    from converters.atomic import check_place
    from converters.outputs import check_output

    for place in (job.output for job in todo if job.output is not None):
        check_output(place, ())
        check_place(place, overwrite=force)


def _runs(
    inputs: list[str], each_input: list[str], endings: tuple[str, ...], model: str
) -> list[tuple[str, ...]]:
    """The inputs of each run: one of those named alone, or one for each input of the model."""
    if inputs and each_input:
        raise UsageError(
            f"Inputs were named both alone and with {argument('input')}.",
            remedy=f"use {argument('input')} for models of several inputs, once for each.",
        )
    if inputs:
        found = files.expanded(inputs, endings, "file of an input")
        # In a folder, the model beside its inputs is none of them.
        return [(one,) for one in found if one in inputs or Path(one) != Path(model)]
    return [tuple(each_input)]


#: What ``--format json`` has of one input.
_SHOWN = ("file", "exit_code", "top", "outputs", "notes", "written", "earlier_run", "error")


def _show(records: Iterator[Record], count: int, model: str, format: str) -> int:
    """Print each as it comes, or all as one document; the worst exit code."""
    codes, kept = [], []
    for record in records:
        codes.append(record["exit_code"])
        if format == "json":
            kept.append({name: record[name] for name in _SHOWN if name in record})
        elif "error" in record:
            output.error(record["error"])
        elif "top" in record or not record["written"]:  # else the note on what was written says it
            output.data(_text(record))
        for note in record.get("notes", ()):
            output.note(f"note: {record['file']}: {note}")
        if record.get("written"):
            for name, value in record["outputs"].items():
                said = f"{name}, {size_text(tuple(value['size']))} {value['class']}"
                wrote = "an earlier run wrote" if "earlier_run" in record else "wrote"
                output.note(f"{wrote} {said}, to {record['written']}")
    if format == "json":
        output.document({"schema": "matlab_compat.predictions/1", "model": model, "files": kept})
    elif count > 1 and any(codes):
        output.note(f"{codes.count(0)} of {count} ok")
    return max(codes, default=0)


def _text(record: dict[str, Any]) -> str:
    from converters.said import prediction

    file, blocks = lines_of_their_own(record["file"]), prediction(record)
    lines = []
    for i, block in enumerate(blocks, 1):
        lines.append(f"{file} ({i})" if len(blocks) > 1 else file)
        lines += [f"  {line}" for line in block]
    return "\n".join(lines)
