"""Model functions: ``Y = model(parameters, X)`` with the parameters of a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import cell_array
from matlab_compat.data_format import DataFormat, dlarray
from matlab_compat.display import listed
from matlab_compat.errors import UnsupportedCodeError, UsageError, locating
from matlab_compat.plain_text import plain_text
from matlab_compat.wording import argument

from .code import Code, program_of
from .formats import Asked
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import Damaged, MatObject, StructArray, Value

if TYPE_CHECKING:
    from matlab_compat.code.definitions import FunctionDefinition
    from matlab_compat.code.models import Argument, FunctionModel
    from matlab_compat.code.program import Program

_DATA = re.compile(r"([A-Za-z]\w*):([A-Za-z]+)(:plain)?")
_STEPS = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*")


def load_model(
    path: str | PathLike[str],
    *,
    function: str | PathLike[str],
    arguments: str | Sequence[str],
    outputs: int = 1,
    code: Code = (),
    limits: Limits = DEFAULT_LIMITS,
) -> FunctionModel:
    """A model function of MATLAB code with the parameters in a MAT-file.

    Which struct is given to which function is not in any file: you say it, as MATLAB's call does.

    Parameters
    ----------
    path:
        The MAT-file with the parameters.
    function:
        The file of the function, ``"model.m"``; ``"train.m:model"`` for a function within a file.
    arguments:
        All arguments, separated by commas (or a list): variables of the file (``parameters``,
        ``s.parameters``), numbers and quoted texts, and the data, a name with its labels,
        ``"X:CB"``. With ``"X:CB:plain"`` the function gets the data as an array without labels.
        The arrays in the first struct or cell become the parameters.
    outputs:
        How many of its outputs are asked for.
    code:
        Folders with other functions that it calls; its own folder is looked into first.
    limits:
        Bounds on what the file may make us do; on by default.

    Returns
    -------
    A model that is used as a layer is: ``predict``, ``to_torch``, ``converters.save``. Its
    parameters are called as in MATLAB, ``fc1.Weights``.

    Raises
    ------
    FileAccessError, MatFileError, VariableNotFoundError
        A file or variable cannot be read, or is not there.
    UsageError
        The arguments are no list as above, or not those of the function.
    UnsupportedCodeError
        The code uses what is not known here: all of it is named, with file and line.
    CodeError
        The code is none that MATLAB would take.

    Examples
    --------
    >>> model = load_model("fixtures/code/parameters.mat",
    ...     function="fixtures/code/model.m", arguments="parameters, X:CB")
    >>> list(model.learnables())[:2]
    ['fc1.Weights', 'fc1.Bias']
    >>> model.predict(np.zeros((4, 5))).shape
    (2, 5)
    """
    from matlab_compat.code.models import function_model

    if isinstance(arguments, str):  # the parts between commas, but for those within quotes
        arguments = re.findall(r"""(?:'[^']*'|"[^"]*"|[^,'"])+""", plain_text(arguments))
    file, _, name = fspath(function).partition(".m:")
    file = f"{file}.m" if name else file
    with locating(str(path)), open_mat(path, limits=limits) as mat:
        given = _arguments(mat, [plain_text(one.strip()) for one in arguments])
    folders = [code] if isinstance(code, str | PathLike) else code
    program = program_of([Path(file).parent, *folders], limits.code)
    called = _function(program, Path(file), name)
    inputs = called.said.inputs
    if len(given) > len(inputs) and "varargin" not in inputs:
        takes = f"{called.name}({', '.join(inputs)}) takes {len(inputs)}"
        raise UsageError(f"{len(given)} arguments were given; {takes}.", where=(called.where,))
    return function_model(program, called, given, outputs)


def load_asked(path: str | PathLike[str], asked: Asked) -> FunctionModel:
    """The model function that is asked for, as :func:`load_model`.

    Raises ``UsageError``: the function has no arguments, or there are other choices beside it;
    ``MatlabCompatError``: as :func:`load_model`.
    """
    if not asked.function or not asked.arguments:
        raise UsageError(
            "A model function needs its file and its arguments.",
            where=(str(path),),
            remedy=f"pass both: {argument('function', 'model.m')} "
            f"{argument('arguments', 'parameters, X:CB')}.",
        )
    for name in ("variable", "layer", "layer_class"):
        if getattr(asked, name) is not None:
            raise UsageError(
                f"{argument(name)} has no meaning beside {argument('function')}.",
                where=(str(path),),
                remedy=f"name the variable in {argument('arguments')}: s.parameters.",
            )
    return load_model(
        path,
        function=asked.function,
        arguments=asked.arguments,
        code=asked.code,
        limits=asked.limits,
    )


def _function(program: Program, file: Path, name: str) -> FunctionDefinition:
    from matlab_compat.code.definitions import FunctionDefinition

    wanted = name or file.stem
    for source in program.sources.find(file.stem):
        place = Path(source.path)
        is_it = place.name == source.path or place.resolve() == file.resolve()
        if place.name != file.name or not is_it:
            continue
        parsed = program.file(source)
        found = parsed.function(wanted) or (parsed.functions[0] if not name else None)
        if found is not None:
            return FunctionDefinition(found, parsed)
        names = ", ".join(one.name for one in parsed.functions)
        raise UnsupportedCodeError(
            f"There is no function {wanted!r} in it; it has {names or 'none'}.",
            where=(str(file),),
            remedy="give the function after the file: 'train.m:model'.",
        )
    raise UsageError("There is no such file of MATLAB code.", where=(str(file),))


def _arguments(mat: MatFile, texts: Sequence[str]) -> list[Argument]:
    from matlab_compat.code.definitions import Elements
    from matlab_compat.code.models import Argument

    found: list[Argument] = []
    for text in texts:
        data = _DATA.fullmatch(text)
        if data is not None:
            labels = DataFormat.parse(data[2]).canonical
            if "B" not in labels:
                raise UsageError(
                    f"The data {data[1]} has no dimension of observations among '{data[2]}'.",
                    remedy="label it B, also where there is one observation: X:CB.",
                )
            found.append(Argument(data[1], labels, is_plain=bool(data[3])))
        elif _STEPS.fullmatch(text):
            value = code_value(_value(mat, text))
            is_first = not any(one.is_learnable for one in found)
            is_struct = isinstance(value, dict | Elements) or (
                isinstance(value, np.ndarray) and value.dtype.kind == "O"
            )
            found.append(Argument(text, value=value, is_learnable=is_first and is_struct))
        else:
            found.append(Argument(text, value=_literal(text)))
    if not any(one.labels for one in found):
        raise UsageError(
            "None of the arguments is data.",
            where=(", ".join(texts),),
            remedy=f"label the data: {argument('arguments', 'parameters, X:CB')}.",
        )
    return found


def _literal(text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return value
    raise UsageError(
        f"{text!r} is no argument.",
        remedy="an argument is a variable of the file (parameters, s.parameters), a number, a "
        "quoted text, or data with its labels (X:CB).",
    )


def _value(mat: MatFile, text: str) -> Value:
    """The variable, or a field in it."""
    root, *steps = text.split(".")
    if root not in mat:
        structs = [v.name for v in mat.variables if v.class_name in ("struct", "cell")]
        raise UsageError(
            f"There is no variable {root!r} in the file; its structs are "
            f"{listed(structs) or 'none'}.",
            remedy=f"data is an argument with labels, {root}:CB; what the file lacks can be given "
            "as a number or a quoted text.",
        )
    value = mat[root]
    for step in steps:
        fields = value.fields if isinstance(value, StructArray) and value.shape == (1, 1) else {}
        if step not in fields:
            raise UsageError(f"There is no {text!r} in the file.")
        value = fields[step][0]
    return value


def code_value(value: Value) -> Any:
    """A value of a file as the code gets it: structs are dicts, cells arrays of values.

    Arrays of structs are :class:`~matlab_compat.code.definitions.Elements`.

    Raises ``MatFileError``: it is damaged.
    """
    if isinstance(value, Damaged):
        value.get()
    if isinstance(value, StructArray) and value.shape == (1, 1):
        return {name: code_value(item) for name, (item,) in value.fields.items()}
    if isinstance(value, StructArray):
        from matlab_compat.code.definitions import Elements

        fields = {name: [code_value(one) for one in items] for name, items in value.fields.items()}
        count = int(np.prod(value.shape))
        items = [{name: ones[at] for name, ones in fields.items()} for at in range(count)]
        return Elements(tuple(value.shape), tuple(items))
    if isinstance(value, MatObject):
        from matlab_compat.code.definitions import Properties

        found = {name: code_value(item) for name, item in value.properties.items()}
        return Properties(value.class_name, found)
    if isinstance(value, dict):
        return {name: code_value(item) for name, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return cell_array(map(code_value, value.ravel(order="F")), value.shape)
    return value if isinstance(value, dlarray) else plain_text(value)
