"""``matlab-compat predict``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matlab_compat.display import size_text
from matlab_compat.errors import MatlabCompatError, UsageError
from matlab_compat.wording import argument

from . import files, options, output
from .predictions import described, show
from .reading import one_of, whole

if TYPE_CHECKING:
    from converters.predict import Prediction, Predictor
    from matlab_compat.network.pictures import Fit


@dataclass(frozen=True)
class Pictures:
    """How pictures are made to fit, and tables read."""

    resize: Annotated[
        bool, typer.Option("--resize", help="Resize pictures to InputSize, as imresize does.")
    ] = False
    resize_mode: Annotated[
        str,
        typer.Option(help="bilinear and bicubic are antialiased."),
        one_of("bilinear", "nearest", "bicubic"),
    ] = "bilinear"
    crop: Annotated[
        str | None,
        typer.Option(
            metavar="<centre|ROW,COLUMN>", help="Cut InputSize out of pictures: from this pixel."
        ),
    ] = None
    colour: Annotated[
        str | None,
        typer.Option(help="Make pictures rgb (of grey, of a palette) or grey (rgb2gray)."),
        one_of("rgb", "grey"),
    ] = None

    def fit(self) -> Fit:
        """As the functions of ``converters`` take it."""
        from matlab_compat.network.pictures import Fit

        return Fit(self.resize, self.resize_mode, self.crop, self.colour)


@dataclass(frozen=True)
class Places:
    """Where outputs are written."""

    out: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", help="The file to write Y to: .mat, .npy, .npz, .csv or .json."
        ),
    ] = None
    output_dir: Annotated[
        str | None, typer.Option(help="The folder for a file of each input, under its name.")
    ] = None
    output_format: Annotated[
        str,
        typer.Option(help="What --output-dir writes."),
        one_of("mat", "npy", "npz", "csv", "json"),
    ] = "mat"


@options.grouped
def command(
    file: options.File,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pictures, .npy, .npz, .csv and MAT-files, folders of them, or patterns; each is "
            "run by itself.",
            show_default=False,
        ),
    ] = None,
    *,
    places: Places,
    input: options.Inputs = None,
    model: options.Model,
    top: Annotated[int, typer.Option(help="How many classes to show."), whole(1)] = 5,
    pictures: Pictures,
    rows: Annotated[
        str | None,
        typer.Option(help="What a row of a .csv file is."),
        one_of("time", "channels", "observations"),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Time steps of a network without inputs (a closed NAR)."),
        whole(0),
    ] = None,
    data_format: options.DataFormat = None,
    device: options.Device = "cpu",
    dtype: options.DType = None,
    format: options.ReportFormat = output.Format.text,
    force: options.Force = False,
    plugins: options.Plugins,
    bounds: options.Limits,
) -> None:
    """Run a network on pictures or arrays.

    Prints the best classes of a classifier, of others the size and range of Y.

    Example: matlab-compat predict net.mat cat.jpg
    """
    from converters.inputs import ENDINGS
    from converters.predict import Predictor, output_files
    from matlab_compat import keep_memory

    options.need_torch()
    keep_memory()
    many = bool(inputs) and files.is_many(inputs or [])
    runs = _runs(inputs or [], input or [], ENDINGS, file)
    _check(places, many, bool(inputs))
    written: list[str | None] = [places.out] * len(runs)
    if places.out is not None:
        _check_out(places.out, force)
    if places.output_dir is not None:
        names = [run[0] for run in runs]
        ending = f".{places.output_format}"
        written = [*output_files(names, places.output_dir, ending, model=file, overwrite=force)]
    predictor = Predictor(
        file,
        **model.given(),
        fit=pictures.fit(),
        rows=rows,
        steps=steps,
        data_format=data_format,
        device=device,
        dtype=dtype,
        limits=bounds.given(),
    )

    def work(run: tuple[str, ...], out: str | None) -> dict[str, Any]:
        done = _done(predictor, run, top, out, force)
        return {"file": run[0] if inputs else file, **described(done, out)}

    jobs = list(zip(runs, written, strict=True))
    records = _each(jobs, work) if many else iter([work(*jobs[0])])
    raise typer.Exit(show(records, len(jobs), file, format))


def _each(
    jobs: list[tuple[tuple[str, ...], str | None]],
    work: Callable[[tuple[str, ...], str | None], dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """What became of each input; an error of one does not stop the rest."""
    for run, out in jobs:
        try:
            yield work(run, out)
        except MatlabCompatError as error:
            yield {"file": run[0], "exit_code": error.exit_code, "error": str(error)}


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


def _check(places: Places, many: bool, alone: bool) -> None:
    if places.out is not None and places.output_dir is not None:
        raise UsageError(
            f"{argument('output')} names one file and {argument('output_dir')} a folder.",
            remedy="leave one of the two out.",
        )
    if places.out is not None and many:
        raise UsageError(
            f"{argument('output')} names one file, and here are several inputs.",
            remedy=f"name a folder: {argument('output_dir', 'outputs')}.",
        )
    if places.output_dir is not None and not alone:
        raise UsageError(
            f"{argument('output_dir')} is for inputs that are named alone.",
            remedy="matlab-compat predict NET.mat INPUT... --output-dir outputs",
        )


def _check_out(out: str, force: bool) -> None:
    from converters.atomic import check_place
    from converters.outputs import check_output

    check_output(out, ())
    check_place(out, overwrite=force)


def _done(
    predictor: Predictor, run: tuple[str, ...], top: int, out: str | None, force: bool
) -> Prediction:
    from converters.outputs import check_output, write_outputs

    predictor.check_count(len(run))
    if out is not None:
        check_output(out, predictor.model.OutputNames)
    found = predictor(*run, top=top)
    if out is not None:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        write_outputs(out, found.outputs, overwrite=force)
        for name, value in found.outputs.items():
            kind = "cell" if value.dtype == object else value.dtype.name
            output.note(f"wrote {name}, {size_text(value.shape)} {kind}, to {out}")
    return found
