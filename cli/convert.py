"""``matlab-compat convert``."""

from __future__ import annotations

from typing import Annotated

import typer

from matlab_compat.errors import UsageError

from . import files, options, output, progress
from .many import Many
from .reading import Text, whole


@options.grouped
def command(
    file: Annotated[
        list[str],
        typer.Argument(
            help="MAT-files, folders of them, or patterns; or of PyTorch a state_dict (.pt, "
            ".safetensors, .npz), a .pt2 program, or package.module:function that gives a module.",
            show_default=False,
            metavar="FILE",
        ),
    ],
    *,
    out: Annotated[
        str,
        "What to write; its ending says the format: .pt, .safetensors, .pt2, .onnx, .mat, "
        ".m, or none for a folder of source.",
        Text("PATH"),
        "-o",
    ],
    model: options.Model,
    to: Annotated[
        str, "For many files: the ending to write them with, into the folder -o.", Text("ENDING")
    ] = ".pt",
    dtype: options.DType = None,
    stub: Annotated[bool, "Leave placeholders for layers that cannot be built."] = False,
    strip_normalization: Annotated[bool, "Leave out the normalization of the input."] = False,
    steps: Annotated[
        int,
        "Time steps of the sequence that is compared, or traced with.",
        whole(1),
    ] = 8,
    input_size: Annotated[
        list[str] | None,
        "Of a model of PyTorch: the size of an example, 1,3,224,224; one for each input.",
        Text("N,C,H,W"),
    ] = None,
    trust: Annotated[bool, "Open a .pt2 file, which may run code from it."] = False,
    check: Annotated[bool, "Compare the outputs before and after, on a seeded input."] = True,
    force: options.Force = False,
    format: options.ReportFormat = "text",
    many: Many,
    plugins: options.Plugins,
    bounds: options.Limits,
) -> None:
    """Convert networks from MATLAB and to it.

    What was written is run and compared before it gets its name.

    Example: matlab-compat convert net.mat -o net.pt
    """
    from converters.atomic import make_folder, places_in
    from converters.formats import Options, format_for
    from converters.jobs import ConvertJob
    from converters.said import conversion, conversion_notes

    options.need_torch()
    asked = model.asked(bounds)
    how = Options(dtype or "", stub, strip_normalization, steps)
    sizes = tuple(map(_size, input_size or ()))
    paths = files.expanded(file)
    places = [out]
    if files.is_many(file):
        to = f".{to.removeprefix('.')}" if to else ""
        format_for(f"net{to}")  # an ending that means nothing is said once, before any file
        places = places_in(out, paths, to)
        make_folder(out)
    todo = [
        ConvertJob(path, place, asked, how, check, force, sizes, trust)
        for path, place in zip(paths, places, strict=True)
    ]
    if many.asked(files.is_many(file)):
        records = list(many.records(todo, force=force))
        if format == "json":
            output.document({"schema": "matlab_compat.convert-many/1", "files": records})
            raise typer.Exit(max(record["exit_code"] for record in records))
        raise typer.Exit(files.summarize(files.outcome_of(one, conversion) for one in records))
    with progress.waiting(paths[0]):
        document = todo[0].document()
    if format == "json":
        output.document(document)
    else:
        output.data("\n".join([conversion(document), *conversion_notes(document)]))
    raise typer.Exit(document["exit_code"])


def _size(text: str) -> tuple[int, ...]:
    """Raises ``UsageError``: it is none."""
    try:
        size = tuple(int(part) for part in text.lower().replace("x", ",").split(","))
    except ValueError:
        size = ()
    if not size or min(size) < 1:
        raise UsageError(
            f"--input-size takes whole numbers from 1 on with commas between, not {text!r}.",
            remedy="for one picture of three channels: --input-size 1,3,224,224.",
        )
    return size
