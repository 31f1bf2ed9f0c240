"""Options that several commands share, alone and in records of what belongs together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from .output import Format

if TYPE_CHECKING:
    from converters.matfile import limits

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


@dataclass(frozen=True)
class Model:
    """Which of the models in a file is meant, and how it is read."""

    variable: Variable = None
    layer: Layer = None
    layer_class: Class = None
    ignore_fields: IgnoreFields = None

    def given(self) -> dict[str, Any]:
        """As the functions of ``converters`` take it."""
        return {**vars(self), "ignore_fields": tuple(self.ignore_fields or ())}


@dataclass(frozen=True)
class Limits:
    """Bounds on what a file may make us do."""

    max_bytes: Annotated[
        int | None, typer.Option(help="Bytes that one variable may decode to (4 GiB).", min=1)
    ] = None
    max_depth: Annotated[
        int | None, typer.Option(help="Nesting of cells, structs and objects (100).", min=1)
    ] = None
    max_elements: Annotated[
        int | None,
        typer.Option(help="Cells, struct fields and objects in one variable (5 million).", min=1),
    ] = None

    def given(self) -> limits.Limits:
        """The limits asked for; those not given keep their defaults."""
        from converters.matfile.limits import Limits

        return Limits(**{name: value for name, value in vars(self).items() if value is not None})


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command with records among its parameters, as typer takes it: with their fields instead.

    Commands with many options say so what belongs together, and pass it on as a whole.
    """
    hints = get_type_hints(command, include_extras=True)
    records: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        named = parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
        inner = get_type_hints(records[name], include_extras=True) if name in records else {}
        own = {f.name: f.default for f in fields(records[name])} if name in records else {}
        parameters += [
            named.replace(name=field, default=default, annotation=inner[field])
            for field, default in own.items()
        ] or [named]

    @wraps(command)
    def spread(**given: Any) -> None:
        for name, kind in records.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        command(**given)

    spread.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return spread
