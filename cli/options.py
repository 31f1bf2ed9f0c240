"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .output import Format

if TYPE_CHECKING:
    from converters.matfile.limits import Limits

File = Annotated[str, typer.Argument(help="A MAT-file (level 4, 5, 6, 7 or 7.3).")]
Files = Annotated[
    list[str], typer.Argument(help="MAT-files, folders of them, or patterns.", show_default=False)
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", help="FILE[:VARIABLE] with the input, in MATLAB order; repeatable."),
]
Variable = Annotated[
    str | None, typer.Option(help="Look into this variable only; 's.net' looks deeper.")
]
Layer = Annotated[str | None, typer.Option(help="The layer's name, or its number in the network.")]
Class = Annotated[
    str | None,
    typer.Option("--class", help="Which layer loose weights belong to: convolution2d, lstm ..."),
]
IgnoreFields = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore-field",
        help="A saved field that nothing is known of here and that has no effect; repeatable.",
    ),
]
ReportFormat = Annotated[Format, typer.Option("--format", help="How to report.")]
DataFormat = Annotated[
    str | None,
    typer.Option(help="Labels of the input's dimensions: S space, C channel, B batch, T time."),
]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.")]
DType = Annotated[str, typer.Option(help="single or double; half and bfloat16 have wider bounds.")]
Encoding = Annotated[
    str | None,
    typer.Option(help="Code page of text that is not UTF-8: cp1252 (default), gbk, cp1251 ..."),
]
MaxBytes = Annotated[
    int | None, typer.Option(help="Bytes that one variable may decode to (4 GiB).", min=1)
]
MaxDepth = Annotated[
    int | None, typer.Option(help="Nesting of cells, structs and objects (100).", min=1)
]
MaxElements = Annotated[
    int | None,
    typer.Option(help="Cells, struct fields and objects in one variable (5 million).", min=1),
]


def limits(max_bytes: int | None, max_depth: int | None, max_elements: int | None) -> Limits:
    """The limits that the options ask for; those not given keep their defaults."""
    from converters.matfile.limits import Limits

    asked = {"max_bytes": max_bytes, "max_depth": max_depth, "max_elements": max_elements}
    return Limits(**{name: value for name, value in asked.items() if value is not None})
