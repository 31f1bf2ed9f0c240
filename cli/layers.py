"""``matlab-compat layers``."""

from __future__ import annotations

from typing import Annotated

import typer

from matlab_compat.display import lines_of_their_own

from . import options, output
from .reading import Text


@options.grouped
def command(
    *,
    unsupported: Annotated[
        str | None, "Those of this file that are not run, and why.", Text("FILE")
    ] = None,
    code: options.Code = None,
    format: options.ReportFormat = "text",
    plugins: options.Plugins,
) -> None:
    """List the layers that this version runs.

    With --unsupported those of a file that it does not: the exit code is 3 where there are any.

    Example: matlab-compat layers --unsupported net.mat
    """
    from matlab_compat.support import support_table

    from . import text

    if unsupported is not None:
        raise typer.Exit(_unsupported(unsupported, code, format))
    table = support_table()
    if format == "json":
        rows = [dict(zip(table.columns, row, strict=True)) for row in table]
        output.document({"schema": "matlab_compat.layers/1", "layers": rows})
    else:
        output.data(text.support(table, output.width()))


def _unsupported(path: str, code: list[str] | None, format: str) -> int:
    from converters.load import load
    from matlab_compat.layers import Layer
    from matlab_compat.network import Network

    model = load(path, code=code or ())
    alone = {model.Name: model} if isinstance(model, Layer) else {}
    every = dict(model.all_layers()) if isinstance(model, Network) else alone
    refused = {n: (one, why) for n, one in every.items() if (why := one.refusal()) is not None}
    rows = [
        {"name": name, "class": layer.class_name, "reason": layer.reason or refusal.what}
        for name, (layer, refusal) in refused.items()
    ]
    if format == "json":
        schema = "matlab_compat.unsupported/1"
        output.document({"schema": schema, "file": path, "layers": rows})
        return 3 if rows else 0
    for row in rows:
        output.data("{class}: '{name}': {reason}".format(**lines_of_their_own(row)))
    if not rows:
        output.data("every layer can be run")
        return 0
    for remedy in [why.remedy for _, why in refused.values() if why.remedy][:1]:
        output.note(f"remedy: {remedy}")
    return 3
