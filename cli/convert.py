"""``matlab-compat convert``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import files, options, output

if TYPE_CHECKING:
    from converters.convert import Converted

#: Above this difference of the outputs the file read back is not what went in.
MAX_DIFFERENCE = 0.0


def command(
    file: options.Files,
    out: Annotated[
        str, typer.Option("-o", "--output", help="The file to write (.pt); a folder for many.")
    ],
    variable: options.Variable = None,
    layer: options.Layer = None,
    stub: Annotated[
        bool, typer.Option("--stub", help="Leave placeholders for layers that cannot be built.")
    ] = False,
    check: Annotated[
        bool, typer.Option(help="Compare the outputs before and after, on a seeded input.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    format: options.ReportFormat = output.Format.text,
    max_bytes: options.MaxBytes = options.DEFAULT_MAX_BYTES,
) -> None:
    """Convert a network or layer to torch: state_dict and architecture in one .pt file.

    Example: matlab-compat convert net.mat -o net.pt
    """
    from converters.convert import convert

    def work(path: str) -> files.Outcome:
        target = Path(out) / f"{Path(path).stem}.pt" if many else Path(out)
        done = convert(
            path,
            target,
            variable,
            layer,
            check=check,
            stub=stub,
            overwrite=force,
            limits=options.limits(max_bytes),
        )
        results.append(done)
        code = int(done.difference is not None and not done.difference <= MAX_DIFFERENCE)
        return files.Outcome(path, code, _said(done))

    results: list[Converted] = []
    many = files.is_many(file)
    paths = files.expanded(file)
    if many:
        Path(out).mkdir(parents=True, exist_ok=True)
        raise typer.Exit(files.summarize(files.each(paths, work)))
    outcome = work(paths[0])
    if format is output.Format.json:
        output.document({"schema": "matlab_compat.convert/1", **vars(results[0])})
    else:
        output.data(outcome.summary)
    raise typer.Exit(outcome.exit_code)


def _said(done: Converted) -> str:
    text = f"wrote {done.path} ({done.layers} layer{'s' * (done.layers != 1)})"
    if done.difference is None:
        return f"{text}; outputs not compared{done.why_not_checked and ': '}{done.why_not_checked}"
    return f"{text}; outputs before and after differ by {done.difference:g}"
