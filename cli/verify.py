"""``matlab-compat verify``."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options, output, text


def command(
    file: options.File,
    variable: options.Variable = None,
    layer: options.Layer = None,
    input: Annotated[str | None, typer.Option(help="FILE[:VARIABLE] with the input.")] = None,
    expected: Annotated[
        str | None, typer.Option(help="FILE[:VARIABLE] with MATLAB's output.")
    ] = None,
    data_format: options.DataFormat = "SSCB",
    device: options.Device = "cpu",
    dtype: options.DType = "single",
    atol: Annotated[
        float | None, typer.Option(help="Absolute tolerance, instead of the default bound.", min=0)
    ] = None,
    rtol: Annotated[
        float | None, typer.Option(help="Relative tolerance, instead of the default bound.", min=0)
    ] = None,
    format: options.ReportFormat = output.Format.text,
    max_bytes: options.MaxBytes = options.DEFAULT_MAX_BYTES,
) -> None:
    """Run a layer and compare with what MATLAB saved. Exit code 0 if equal, 1 if different.

    Takes X (or input) and Y (or output, expected) from beside the layer unless told otherwise.

    Example: matlab-compat verify layer.mat
    """
    from converters.verify import verify
    from matlab_compat.parity import Tolerance

    given = atol is not None or rtol is not None
    report = verify(
        file,
        variable,
        layer,
        input=input,
        expected=expected,
        data_format=data_format,
        device=device,
        dtype=dtype,
        tolerance=Tolerance(atol or 0.0, rtol or 0.0) if given else None,
        limits=options.limits(max_bytes),
    )
    document = report.to_json()
    if format is output.Format.json:
        output.document(document)
    else:
        for compared in document["outputs"]:
            output.data(text.comparison(compared))
        output.data(text.environment(document["environment"]))
        output.verdict(f"{file}: {report.verdict}", good=report.exit_code == 0)
    raise typer.Exit(report.exit_code)
