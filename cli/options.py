"""Options that several commands share, alone and in records of what belongs together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from importlib.util import find_spec
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from matlab_compat.errors import UsageError

from .output import Format, speak
from .reading import Reading, member, one_of, whole

if TYPE_CHECKING:
    from converters.formats import Asked
    from converters.matfile import limits
    from matlab_compat.language.source import CodeLimits

File = Annotated[str, typer.Argument(help="A MAT-file (level 4, 5, 6, 7 or 7.3).", metavar="FILE")]
Files = Annotated[
    list[str],
    typer.Argument(
        help="MAT-files, folders of them, or patterns.", show_default=False, metavar="FILE"
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        help="The input, in MATLAB order: a MAT-file, a picture, .npy, .npz, .csv. Repeatable.",
        metavar="FILE[:VARIABLE]",
    ),
]
Variable = Annotated[
    str | None,
    typer.Option(help="Look into this variable only; 's.net' looks deeper.", metavar="NAME"),
]
Layer = Annotated[
    str | None,
    typer.Option(help="The layer's name, or its number in the network.", metavar="NAME"),
]
Class = Annotated[
    str | None,
    typer.Option(
        "--class",
        help="Which layer loose weights belong to: convolution2d, lstm ...",
        metavar="NAME",
    ),
]
IgnoreFields = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore-field",
        help="A saved field that nothing is known of here and that has no effect; repeatable.",
        metavar="NAME",
    ),
]
Code = Annotated[
    list[str] | None,
    typer.Option(
        "--code",
        help="A folder with your MATLAB code: the classes of custom layers; repeatable.",
        metavar="DIR",
    ),
]
Function = Annotated[
    str | None,
    typer.Option(
        help="A model function, model.m or train.m:model, for a file of its parameters.",
        metavar="FILE.m",
    ),
]
Arguments = Annotated[
    str | None,
    typer.Option(help="Its arguments, data with labels: 'parameters, X:CB'.", metavar="NAMES"),
]
ReportFormat = Annotated[Format, typer.Option("--format", help="How to report."), member(Format)]
DataFormat = Annotated[
    str | None,
    typer.Option(
        help="Labels of the input's dimensions: S space, C channel, B batch, T time.",
        metavar="LABELS",
    ),
]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.", metavar="NAME")]
DType = Annotated[
    str | None,
    typer.Option(
        help="The number format; half and bfloat16 have wider bounds. By default the model's: "
        "single, and double for shallow networks."
    ),
    one_of("single", "double", "half", "bfloat16", also=("float16", "float32", "float64")),
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files.")]
Encoding = Annotated[
    str | None,
    typer.Option(
        help="Code page of text that is not UTF-8: cp1252 (default), gbk, cp1251 ...",
        metavar="NAME",
    ),
]


@dataclass(frozen=True)
class Voice:
    """How much is said on stderr; an option of every command."""

    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what is decided, on stderr.")
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")
    ] = False

    def begin(self) -> None:
        """Speak so from now on."""
        if self.verbose and self.quiet:
            raise UsageError("--verbose and --quiet are opposites.", remedy="leave one out.")
        speak(verbose=self.verbose, quiet=self.quiet)


@dataclass(frozen=True)
class Plugins:
    """Python files that bring layers and formats; an option of what reads networks."""

    plugin: Annotated[
        list[str] | None,
        typer.Option(
            help="A Python file that registers layers or formats: it is run. Repeatable.",
            metavar="FILE.py",
        ),
    ] = None

    def begin(self) -> None:
        """Run them, here and in the processes that this one starts."""
        from converters.plugins import load_plugin

        for path in self.plugin or ():
            load_plugin(path)


@dataclass(frozen=True)
class Model:
    """Which of the models in a file is meant, and how it is read."""

    variable: Variable = None
    layer: Layer = None
    layer_class: Class = None
    ignore_fields: IgnoreFields = None
    code: Code = None
    function: Function = None
    arguments: Arguments = None

    def asked(self, bounds: Limits) -> Asked:
        """As the functions of ``converters`` take it, with the bounds on the file."""
        from converters.formats import Asked

        lists = {"ignore_fields": self.ignore_fields, "code": self.code}
        given = {**vars(self), **{name: tuple(given or ()) for name, given in lists.items()}}
        return Asked(**given, limits=bounds.given())


@dataclass(frozen=True)
class Fitting:
    """How pictures are made to fit, and tables read."""

    resize: Annotated[
        bool,
        typer.Option(
            "--resize",
            help="Resize pictures to InputSize, as imresize does; with --crop until they cover it.",
        ),
    ] = False
    resize_mode: Annotated[
        str,
        typer.Option(help="bilinear and bicubic are antialiased."),
        one_of("bilinear", "nearest", "bicubic"),
    ] = "bilinear"
    crop: Annotated[
        str | None,
        typer.Option(
            metavar="<centre|ROW,COLUMN>", help="Cut InputSize out of pictures: from this pixel."
        ),
    ] = None
    colour: Annotated[
        str | None,
        typer.Option(help="Make pictures rgb (of grey, of a palette) or grey (rgb2gray)."),
        one_of("rgb", "grey"),
    ] = None
    rows: Annotated[
        str | None,
        typer.Option(help="What a row of a .csv file is."),
        one_of("time", "channels", "observations"),
    ] = None

    def given(self) -> dict[str, Any]:
        """As the functions of ``converters`` take it."""
        from matlab_compat.network.pictures import Fit

        fit = Fit(self.resize, self.resize_mode, self.crop, self.colour)
        return {"fit": fit, "rows": self.rows}


@dataclass(frozen=True)
class Limits:
    """Bounds on what a file may make us do."""

    max_bytes: Annotated[
        int | None, typer.Option(help="Bytes that one variable may decode to (4 GiB)."), whole(1)
    ] = None
    max_depth: Annotated[
        int | None, typer.Option(help="Nesting of cells, structs and objects (100)."), whole(1)
    ] = None
    max_elements: Annotated[
        int | None,
        typer.Option(help="Cells, struct fields and objects in one variable (5 million)."),
        whole(1),
    ] = None

    code_limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=N",
            help="What MATLAB code may use, steps=4000000 (docs/custom-code.md); repeatable.",
        ),
    ] = None

    def given(self) -> limits.Limits:
        """The limits asked for; those not given keep their defaults."""
        from converters.matfile.limits import Limits

        asked = {name: value for name, value in vars(self).items() if value is not None}
        if texts := asked.pop("code_limit", None):
            asked["code"] = _code_limits(texts)
        return Limits(**asked)


def _code_limits(texts: Sequence[str]) -> CodeLimits:
    from matlab_compat.language.source import CodeLimits

    names = [one.name for one in fields(CodeLimits)]
    found: dict[str, Any] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in names or not number.isdecimal() or int(number) < 1:
            raise UsageError(
                f"--code-limit {text}: NAME=N with a whole number from 1 is needed.",
                remedy=f"the names are {', '.join(names)}: --code-limit steps=4000000.",
            )
        found[name] = int(number)
    return CodeLimits(**found)


def need_torch() -> None:
    """Refuse what runs a model where torch is not installed; raises ``UsageError``."""
    if find_spec("torch") is None:
        raise UsageError(
            "This needs torch, which is not installed.",
            remedy="pip install torch; on Linux, without gigabytes for GPUs: pip install torch "
            "--index-url https://download.pytorch.org/whl/cpu",
        )


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command as typer takes it: records among its parameters, and values that are read here.

    Commands with many options say by records what belongs together, and pass it on as a whole;
    typer sees their fields. Of options with a :class:`Reading` it sees texts. Every one
    has a :class:`Voice`. A record's ``begin``, if it has one, is called before the command.
    """
    hints = {**get_type_hints(command, include_extras=True), "voice": Voice}
    records: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[Parameter] = []
    readings: dict[str, Reading] = {}
    voice = Parameter("voice", Parameter.KEYWORD_ONLY)
    for name, parameter in {**signature(command).parameters, "voice": voice}.items():
        named = parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
        inner = get_type_hints(records[name], include_extras=True) if name in records else {}
        own = {f.name: f.default for f in fields(records[name])} if name in records else {}
        parameters += [
            named.replace(name=field, default=default, annotation=inner[field])
            for field, default in own.items()
        ] or [named]
    for i, parameter in enumerate(parameters):
        for reading in getattr(parameter.annotation, "__metadata__", ()):
            if isinstance(reading, Reading):
                readings[parameter.name] = reading
                parameters[i] = _as_text(parameter, reading)

    @wraps(command)
    def spread(**given: Any) -> None:
        for name, reading in readings.items():
            if given[name] is not None:
                given[name] = reading.read(name, given[name])
        for name, kind in records.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        given.pop("voice").begin()
        for name in records.keys() & given:
            getattr(given[name], "begin", _nothing)()
        command(**given)

    spread.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return spread


def _nothing() -> None:
    """What a record without a beginning does."""


def _as_text(parameter: Parameter, reading: Reading) -> Parameter:
    """The parameter of an option with a text, and its default as one."""
    option = copy(parameter.annotation.__metadata__[0])
    option.metavar = reading.metavar
    option.autocompletion = reading.complete if reading.words else None
    if parameter.default is None:
        return parameter.replace(annotation=Annotated[str | None, option])
    return parameter.replace(annotation=Annotated[str, option], default=str(parameter.default))
