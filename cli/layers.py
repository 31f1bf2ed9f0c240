"""``matlab-compat layers``."""

from __future__ import annotations

from . import options, output


@options.grouped
def command(format: options.ReportFormat = output.Format.text) -> None:
    """List the MATLAB layer classes that can be read, run and converted."""
    from matlab_compat.support import support_table

    table = support_table()
    if format is output.Format.json:
        rows = [dict(zip(table.columns, row, strict=True)) for row in table]
        output.document({"schema": "matlab_compat.layers/1", "layers": rows})
    else:
        output.data(str(table))
