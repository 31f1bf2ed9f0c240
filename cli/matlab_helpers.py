"""``matlab-compat matlab-helpers``."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options, output


@options.grouped
def command(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder to write to.")],
    *,
    format: options.ReportFormat = "text",
    force: options.Force = False,
) -> None:
    """Write MATLAB functions that export networks.

    Example: matlab-compat matlab-helpers helpers, then in MATLAB: addpath helpers
    """
    from converters.matlab_helpers import write_matlab_helpers

    written = [str(path) for path in write_matlab_helpers(folder, overwrite=force)]
    if format == "json":
        output.document({"schema": "matlab_compat.matlab-helpers/1", "written": written})
        return
    for path in written:
        output.data(f"wrote {path}")
