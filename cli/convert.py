"""``matlab-compat convert``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matlab_compat.errors import FileAccessError, cause_text

from . import files, options, output
from .reading import whole

if TYPE_CHECKING:
    from converters.convert import Converted


@options.grouped
def command(
    file: options.Files,
    *,
    out: Annotated[
        str, typer.Option("-o", "--output", help="What to write; its ending says the format.")
    ],
    model: options.Model,
    to: Annotated[
        str, typer.Option(help="For many files: the ending to write them with, into the folder -o.")
    ] = ".pt",
    dtype: options.DType = None,
    stub: Annotated[
        bool, typer.Option("--stub", help="Leave placeholders for layers that cannot be built.")
    ] = False,
    strip_normalization: Annotated[
        bool,
        typer.Option("--strip-normalization", help="Leave out the normalization of the input."),
    ] = False,
    steps: Annotated[
        int,
        typer.Option(help="Time steps of the sequence that is compared, or traced with."),
        whole(1),
    ] = 8,
    check: Annotated[
        bool, typer.Option(help="Compare the outputs before and after, on a seeded input.")
    ] = True,
    force: options.Force = False,
    format: options.ReportFormat = output.Format.text,
    plugins: options.Plugins,
    bounds: options.Limits,
) -> None:
    """Convert networks from MATLAB and to it.

    What was written is run and compared before it gets its name.

    Example: matlab-compat convert net.mat -o net.pt
    """
    from converters.convert import convert
    from converters.formats import Options, format_for

    options.need_torch()

    def work(path: str) -> files.Outcome:
        done = convert(
            path,
            Path(out) / f"{Path(path).stem}{to}" if many else out,
            **model.given(),
            options=Options(dtype or "", stub, strip_normalization, steps),
            check=check,
            overwrite=force,
            limits=bounds.given(),
        )
        results.append(done)
        return files.Outcome(path, done.exit_code, _said(done))

    results: list[Converted] = []
    many = files.is_many(file)
    paths = files.expanded(file)
    if many:
        format_for(f"net{to}")  # an ending that means nothing is said once, before any file
        _make_folder(out)
        raise typer.Exit(files.summarize(files.each(paths, work)))
    outcome = work(paths[0])
    if format is output.Format.json:
        output.document(_document(results[0]))
    else:
        output.data(outcome.summary)
    raise typer.Exit(outcome.exit_code)


def _make_folder(path: str) -> None:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        raise FileAccessError(
            "Several files are written into a folder, and this is none."
            if is_file
            else f"The folder cannot be made: {cause_text(error)}.",
            where=(path,),
            remedy="name a folder after -o; it is made if it is not there.",
        ) from error


def _said(done: Converted) -> str:
    text = f"wrote {done.path}: {done.target}"
    if done.layers:
        text += f", {done.layers} layer{'s' * (done.layers != 1)}"
    return "\n".join([f"{text}; {_outputs(done)}", *_notes(done)])


def _outputs(done: Converted) -> str:
    if not done.outputs:
        return f"outputs not compared: {done.unchecked}"
    worst = max(done.outputs, key=lambda output: output.scaled_error)
    verdict = "DIFFERENT" if done.exit_code else "equal"
    return (
        f"outputs before and after are {verdict}: max abs {worst.max_abs:.3g}, "
        f"scaled error {worst.scaled_error:.3g} of {worst.bound:g}"
    )


def _notes(done: Converted) -> Iterator[str]:
    """What else there is to say, a line each."""
    for cost in done.costs:
        if cost.dtype not in ("single", "double"):  # of which there is nothing to fear
            yield (
                f"  {cost.name}: {cost.dtype} costs {cost.times_single:.3g}x single: relative "
                f"error {cost.written:.2g}, in single {cost.single:.2g}"
            )
    yield from (f"  wrote {path} beside it" for path in done.beside)
    yield from (f"  note: {remark}" for remark in done.remarks)


def _document(done: Converted) -> dict[str, Any]:
    from matlab_compat.finite_json import finite_json

    return {
        "schema": "matlab_compat.convert/1",
        "path": done.path,
        "target": done.target,
        "layers": done.layers,
        "exit_code": done.exit_code,
        "outputs": [compared.to_json() for compared in done.outputs],
        "unchecked": done.unchecked,
        "costs": [finite_json(asdict(cost)) for cost in done.costs],
        "beside": list(done.beside),
        "remarks": list(done.remarks),
    }
