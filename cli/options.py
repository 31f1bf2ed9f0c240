"""Options that several commands share, alone and in records of what belongs together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from importlib.util import find_spec
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from matlab_compat.errors import UsageError

from .output import speak
from .reading import Reading, Text, one_of, whole
from .wording import option

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
    "The input, in MATLAB order: a MAT-file, a picture, .npy, .npz, .csv. Repeatable.",
    Text("FILE[:VARIABLE]"),
]
Variable = Annotated[str | None, "Look into this variable only; 's.net' looks deeper."]
Layer = Annotated[str | None, "The layer's name, or its number in the network."]
Class = Annotated[str | None, "Which layer loose weights belong to: convolution2d, lstm ..."]
IgnoreFields = Annotated[
    list[str] | None,
    "A saved field that nothing is known of here and that has no effect; repeatable.",
]
Code = Annotated[
    list[str] | None,
    "A folder with your MATLAB code: the classes of custom layers; repeatable.",
    Text("DIR"),
]
Function = Annotated[
    str | None,
    "A model function, model.m or train.m:model, for a file of its parameters.",
    Text("FILE.m"),
]
Arguments = Annotated[
    str | None, "Its arguments, data with labels: 'parameters, X:CB'.", Text("NAMES")
]
ReportFormat = Annotated[str, "How to report.", one_of("text", "json")]
DataFormat = Annotated[
    str | None,
    "Labels of the input's dimensions: S space, C channel, B batch, T time.",
    Text("LABELS"),
]
Device = Annotated[str, "cpu, cuda or auto."]
DType = Annotated[
    str | None,
    "The number format; half and bfloat16 have wider bounds. By default the model's: "
    "single, and double for shallow networks.",
    one_of("single", "double", "half", "bfloat16", also=("float16", "float32", "float64")),
]
Force = Annotated[bool, "Replace existing files."]
Encoding = Annotated[
    str | None, "Code page of text that is not UTF-8: cp1252 (default), gbk, cp1251 ..."
]


@dataclass(frozen=True)
class Voice:
    """How much is said on stderr; an option of every command."""

    verbose: Annotated[bool, "Say what is decided, on stderr.", "-v"] = False
    quiet: Annotated[bool, "Say nothing on stderr but errors.", "-q"] = False

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
        "A Python file that registers layers or formats: it is run. Repeatable.",
        Text("FILE.py"),
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
class Computing:
    """Where and how a model is run."""

    data_format: DataFormat = None
    device: Device = "cpu"
    dtype: DType = None

    def given(self, *, allow_tf32: bool = False) -> dict[str, Any]:
        """As the jobs of ``converters`` take it."""
        from matlab_compat.parity.runner import Precision

        precision = Precision(self.device, self.dtype, allow_tf32)
        return {"data_format": self.data_format, "precision": precision}


@dataclass(frozen=True)
class Fitting:
    """How pictures are made to fit, and tables read."""

    resize: Annotated[
        bool, "Resize pictures to InputSize, as imresize does; with --crop until they cover it."
    ] = False
    resize_mode: Annotated[
        str,
        "bilinear and bicubic are antialiased.",
        one_of("bilinear", "nearest", "bicubic"),
    ] = "bilinear"
    crop: Annotated[
        str | None, "Cut InputSize out of pictures: from this pixel.", Text("<centre|ROW,COLUMN>")
    ] = None
    colour: Annotated[
        str | None,
        "Make pictures rgb (of grey, of a palette) or grey (rgb2gray).",
        one_of("rgb", "grey"),
    ] = None
    rows: Annotated[
        str | None,
        "What a row of a .csv file is.",
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

    max_bytes: Annotated[int | None, "Bytes that one variable may decode to (4 GiB).", whole(1)] = (
        None
    )
    max_depth: Annotated[int | None, "Nesting of cells, structs and objects (100).", whole(1)] = (
        None
    )
    max_elements: Annotated[
        int | None, "Cells, struct fields and objects in one variable (5 million).", whole(1)
    ] = None

    code_limit: Annotated[
        list[str] | None,
        "What MATLAB code may use, steps=4000000 (docs/custom-code.md); repeatable.",
        Text("NAME=N"),
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


def _take_texts(parameters: Iterable[Any]) -> None:
    for one in parameters:
        vars(one)["_runtime_param"] = _Texts


class _Texts:
    """What typer makes of values, without pydantic, which takes 0.1 s to import: all are texts."""

    @staticmethod
    def coerce(value: Any, param: Any, ctx: Any) -> Any:
        """The text, or a list of texts."""
        if value is None and (param.multiple or param.nargs == -1):
            return []
        return list(value) if isinstance(value, tuple) else value


class Group(TyperGroup):
    """The commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer does; one whose parameters have no such attribute does not look at it."""
        _take_texts(self.get_params(ctx))
        return super().parse_args(ctx, args)


class Command(TyperCommand):
    """A command whose help has arguments by their names alone: FILE, and not FILE <list[str]>."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As :meth:`Group.parse_args`."""
        _take_texts(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """``FILE...`` is one or more, ``[INPUT]...`` any number."""
        pieces = [self.options_metavar or ""]
        for one in self._arguments(ctx):
            name = one.metavar if one.required else f"[{one.metavar}]"
            pieces.append(name if one.nargs == 1 else f"{name}...")
        return pieces

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The arguments, then the options."""
        arguments = self._arguments(ctx)
        options = [one for one in self.get_params(ctx) if one not in arguments]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(one.metavar, one.help) for one in arguments])
        with formatter.section("Options"):
            formatter.write_dl([one.get_help_record(ctx) for one in options])

    def _arguments(self, ctx: Any) -> list[Any]:
        return [one for one in self.get_params(ctx) if one.param_type_name == "argument"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command as typer takes it: records among its parameters, and values that are read here.

    Commands with many options say by records what belongs together, and pass it on as a whole;
    typer sees their fields. Of options with a :class:`Reading` it sees texts. Every one
    has a :class:`Voice`. A record's ``begin``, if it has one, is called before the command.
    """
    hints = {**get_type_hints(command, include_extras=True), "voice": Voice}
    records: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[Parameter] = []
    voice = Parameter("voice", Parameter.KEYWORD_ONLY)
    for name, parameter in {**signature(command).parameters, "voice": voice}.items():
        named = parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
        inner = get_type_hints(records[name], include_extras=True) if name in records else {}
        own = {f.name: f.default for f in fields(records[name])} if name in records else {}
        parameters += [
            named.replace(name=field, default=default, annotation=inner[field])
            for field, default in own.items()
        ] or [named]
    readings = {
        parameter.name: said
        for parameter in parameters
        for said in getattr(parameter.annotation, "__metadata__", ())
        if isinstance(said, Reading)
    }

    @wraps(command)
    def spread(**given: Any) -> None:
        for name, reading in readings.items():
            if given[name] is not None:
                given[name] = reading.read(name, given[name])
        for name, kind in records.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        given.pop("voice").begin()
        for name in records.keys() & given:
            if hasattr(given[name], "begin"):
                given[name].begin()
        command(**given)

    spread.__signature__ = Signature(list(map(_for_typer, parameters)))  # type: ignore[attr-defined]
    return spread


def _for_typer(parameter: Parameter) -> Parameter:
    """The parameter of an option as typer takes it; see :mod:`cli.reading`."""
    kind, *said = get_args(parameter.annotation)
    if not isinstance(said[0], str):
        return parameter  # an argument
    help, *more = said
    names = [option(parameter.name, None), *(one for one in more if isinstance(one, str))]
    if kind is bool and parameter.default:
        names = []  # with --no- before it too
    made = typer.Option(*names, help=help, metavar=None if kind is bool else "NAME")
    for one in more:
        if isinstance(one, Text | Reading):
            made.metavar = one.metavar
        if isinstance(one, Reading):
            made.autocompletion = one.complete if one.words else None
            kind = str | None
            if parameter.default is not None:
                parameter = parameter.replace(default=str(parameter.default))
    return parameter.replace(annotation=Annotated[kind, made])
