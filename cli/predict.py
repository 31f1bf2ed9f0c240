"""``matlab-compat predict``."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options, output


def command(
    file: options.File,
    input: Annotated[str, typer.Option(help="FILE[:VARIABLE] with the input, in MATLAB order.")],
    out: Annotated[str, typer.Option("-o", "--output", help="The MAT-file to write Y to.")],
    variable: options.Variable = None,
    layer: options.Layer = None,
    data_format: options.DataFormat = "SSCB",
    device: options.Device = "cpu",
    dtype: options.DType = "single",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    max_bytes: options.MaxBytes = options.DEFAULT_MAX_BYTES,
) -> None:
    """Run a layer on an input and save Y, in MATLAB order.

    Example: matlab-compat predict layer.mat --input X.mat:X -o Y.mat
    """
    from converters.predict import predict

    limits = options.limits(max_bytes)
    Y = predict(
        file,
        input,
        out,
        variable,
        layer,
        data_format=data_format,
        device=device,
        dtype=dtype,
        overwrite=force,
        limits=limits,
    )
    output.note(f"wrote Y, {'×'.join(map(str, Y.shape))} {Y.dtype.name}, to {out}")
