"""``matlab-compat inspect``."""

from __future__ import annotations

from . import options, output, text


def command(
    file: options.File,
    variable: options.Variable = None,
    format: options.ReportFormat = output.Format.text,
    max_bytes: options.MaxBytes = options.DEFAULT_MAX_BYTES,
) -> None:
    """List what is in a MAT-file: variables, and layers as MATLAB prints them.

    Example: matlab-compat inspect net.mat
    """
    from converters.inspect import inspect

    document = inspect(file, variable, limits=options.limits(max_bytes))
    if format is output.Format.json:
        output.document(document)
    else:
        output.data(text.inspection(output.lines_of_their_own(document)))
