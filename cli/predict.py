"""``matlab-compat predict``."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options, output


@options.grouped
def command(
    file: options.File,
    *,
    out: Annotated[
        str,
        typer.Option(
            "-o", "--output", help="The file to write Y to: .mat, .npy, .npz, .csv or .json."
        ),
    ],
    input: options.Inputs = None,
    model: options.Model,
    data_format: options.DataFormat = None,
    device: options.Device = "cpu",
    dtype: options.DType = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    bounds: options.Limits,
) -> None:
    """Run a layer or network on an input and save Y, in MATLAB order.

    Example: matlab-compat predict net.mat --input X.mat:X -o Y.mat
    """
    from converters.predict import predict
    from matlab_compat import keep_memory
    from matlab_compat.display import size_text

    keep_memory()
    written = predict(
        file,
        input or [],
        out,
        **model.given(),
        data_format=data_format,
        device=device,
        dtype=dtype,
        overwrite=force,
        limits=bounds.given(),
    )
    for name, value in written.items():
        kind = "cell" if value.dtype == object else value.dtype.name
        output.note(f"wrote {name}, {size_text(value.shape)} {kind}, to {out}")
