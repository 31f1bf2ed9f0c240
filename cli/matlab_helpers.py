"""``matlab-compat matlab-helpers``."""

from __future__ import annotations

from typing import Annotated

import typer

from . import output


def command(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder to write to.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write the MATLAB functions that export layers and networks, and import them again.

    Example: matlab-compat matlab-helpers helpers, then in MATLAB: addpath helpers
    """
    from converters.matlab_helpers import write_matlab_helpers

    for path in write_matlab_helpers(folder, overwrite=force):
        output.data(f"wrote {path}")
