"""Texts, cells, structs, classes and functions. Sources: MATLAB's documentation of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays import NUMPY
from ...errors import CodeError, CodeSaidError, UnsupportedCodeError
from ..indexing import column, shaped
from ..joining import concatenated, joined
from ..numeric import EMPTY, Numeric, elements, logical, numeric, scalar
from ..operators import (
    as_texts,
    characters,
    class_name,
    field_name,
    is_traced,
    is_true,
    known_scalar,
    known_values,
    not_finite,
    number_text,
    numbers,
    paired,
    strings,
    text,
    whole,
)
from ..values import Cell, Chars, FunctionHandle, Member, Object, Struct, Structs, Value, structs
from .both import sizes
from .registry import Call, known


def texts_of(value: Value, what: str) -> list[str]:
    """The texts of a text, cell or array of strings."""
    if not isinstance(value, Chars | Cell):
        raise CodeError(f"{what} needs texts, not a {class_name(value)}.")
    return as_texts(value)[1]


def _each_text(value: Value, change: Any) -> Value:
    if isinstance(value, Chars):
        return Chars(change(value.value), value.is_string)
    if isinstance(value, Cell):
        items = tuple(_each_text(one, change) for one in value.items)
        return Cell(value.shape, items, value.is_string)
    raise CodeError(f"A text is needed, not a {class_name(value)}.")


# --- texts ------------------------------------------------------------------------------


@known("strcmp", "strcmpi", "strncmp", "strncmpi")
def _strcmp(call: Call, a: Value, b: Value, count: Value | None = None) -> Numeric:
    """MATLAB's documentation of strcmp, strcmpi, strncmp, strncmpi; false for what is no text."""
    n = None if count is None else int(whole(count, "the number of characters"))
    if (n is None) == call.name.startswith("strn"):
        raise CodeError(f"{call.name} is called with the wrong number of inputs.")

    def same(x: Value, y: Value) -> bool:
        if not (isinstance(x, Chars) and isinstance(y, Chars)):
            return False
        one, other = x.value, y.value
        if call.name.endswith("i"):
            one, other = one.lower(), other.lower()
        if n is not None:
            return len(one) >= n and len(other) >= n and one[:n] == other[:n]
        return one == other

    x, y = (one if isinstance(one, Cell) else Cell((1, 1), (one,)) for one in (a, b))
    size, pairs = paired((x.shape, list(x.items)), (y.shape, list(y.items)))
    found = [same(one, two) for one, two in pairs]
    return logical(np.array(found, bool).reshape(size, order="F"))


@known("lower", "upper", "strtrim", "strip", "deblank")
def _case(call: Call, x: Value) -> Value:
    """MATLAB's documentation of lower, upper, strtrim, strip and deblank."""
    changes = {"lower": str.lower, "upper": str.upper, "deblank": str.rstrip}
    return _each_text(x, changes.get(call.name, str.strip))


@known("strrep", "replace")
def _strrep(call: Call, x: Value, old: Value, new: Value) -> Value:
    """MATLAB's documentation of strrep and replace."""
    a, b = text(old, "the text to replace"), text(new, "the new text")
    if len(b) > 1000:
        raise UnsupportedCodeError("A replacement of more than 1000 characters is not supported.")
    return _each_text(x, lambda one: _bounded(one.replace(a, b) if a else one))


def _bounded(value: str) -> str:
    if len(value) > 1_000_000:
        raise CodeError("A text of more than 1000000 characters.")
    return value


@known("strcat")
def _strcat(call: Call, *parts: Value) -> Value:
    """MATLAB's documentation of strcat: spaces at the end of characters go."""
    if any(isinstance(one, Cell) and not one.is_string for one in parts):
        raise UnsupportedCodeError("strcat of cells is not supported.")
    is_string = any(isinstance(one, Chars) and one.is_string for one in parts)
    found = []
    for one in parts:
        said = text(one, "a part of strcat")
        found.append(said if isinstance(one, Chars) and one.is_string else said.rstrip(" \t\n"))
    return Chars(_bounded("".join(found)), is_string)


@known("contains", "startsWith", "endsWith")
def _contains(call: Call, x: Value, pattern: Value) -> Numeric:
    """MATLAB's documentation of contains, startsWith and endsWith."""
    patterns = texts_of(pattern, call.name)

    def holds(one: str) -> bool:
        if call.name == "contains":
            return any(p in one for p in patterns)
        if call.name == "startsWith":
            return one.startswith(tuple(patterns))
        return one.endswith(tuple(patterns))

    return logical(_of_texts(call, x, holds))


def _of_texts(call: Call, x: Value, function: Callable[[str], float]) -> np.ndarray[Any, Any]:
    """A number or truth of each text."""
    found = np.array([function(one) for one in texts_of(x, call.name)])
    return found.reshape((1, 1) if isinstance(x, Chars) else x.shape, order="F")


@known("extractBefore", "extractAfter")
def _extracted(call: Call, x: Value, mark: Value) -> Value:
    """MATLAB's documentation of extractBefore and extractAfter: of the first place of a text."""
    said = text(mark, "the text that is looked for")
    at = 0 if call.name == "extractBefore" else 2
    if not all(said in one for one in texts_of(x, call.name)):
        raise CodeError(f"There is no {said!r} in it.")
    return _each_text(x, lambda one: one.partition(said)[at])


@known("strfind")
def _strfind(call: Call, said: Value, pattern: Value) -> Numeric:
    """MATLAB's documentation of strfind: where a pattern begins."""
    whole_text, part = text(said, "the text"), text(pattern, "the pattern")
    size = len(part)
    at = [n + 1 for n in range(len(whole_text)) if size and whole_text[n : n + size] == part]
    return Numeric(np.array(at, np.float64).reshape((1, -1) if at else (0, 0)))


@known("isspace", "isletter")
def _isspace(call: Call, said: Value) -> Numeric:
    """MATLAB's documentation of isspace and isletter: of each character."""
    is_so = str.isspace if call.name == "isspace" else str.isalpha
    return logical(np.array([[is_so(one) for one in text(said, "the text")]], bool))


@known("strsplit", "split")
def _split(call: Call, x: Value, delimiter: Value | None = None) -> Value:
    """MATLAB's documentation of strsplit (a row of characters) and split (a column of strings)."""
    said = text(x, "the text")
    by = None if delimiter is None else text(delimiter, "the delimiter")
    parts = re.split(r"\s+", said) if by is None else said.split(by) if by else [said]
    if call.name == "strsplit" and by is not None:
        parts = [one for at, one in enumerate(parts) if one or at in (0, len(parts) - 1)]
    is_string = isinstance(x, Chars) and x.is_string
    items = tuple(Chars(one, is_string) for one in parts)
    shape = (1, len(items)) if call.name == "strsplit" else (len(items), 1)
    return Cell(shape, items, is_string)


@known("strjoin", "join")
def _strjoin(call: Call, x: Value, delimiter: Value | None = None) -> Value:
    """MATLAB's documentation of strjoin and join: with a space by default."""
    by = " " if delimiter is None else text(delimiter, "the delimiter")
    is_string = isinstance(x, Cell) and x.is_string
    return Chars(_bounded(by.join(texts_of(x, call.name))), is_string)


@known("num2str", "int2str", "string", "char", "str2double", "str2num")
def _convert(call: Call, x: Value, form: Value | None = None) -> Value:
    """MATLAB's documentation of num2str, int2str, string, char and str2double."""
    name = call.name
    if name in ("str2double", "str2num"):
        said = x.value.strip() if isinstance(x, Chars) else ""
        fits = re.fullmatch(r"[-+]?(\d+\.?\d*([eEdD][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|Inf|NaN)", said)
        if fits is None and name == "str2num":
            raise UnsupportedCodeError("str2num evaluates its text: only a number is supported.")
        return scalar(float(said.lower().replace("d", "e")) if fits else float("nan"))
    if isinstance(x, Member) and name in ("string", "char"):
        x = Chars(x.name)
    if isinstance(x, Chars):
        return Chars(x.value, name == "string")
    if name == "string":
        return strings(*as_texts(x))
    if name == "char":
        return characters(numbers(x, name))
    if form is not None:
        if isinstance(form, Chars):
            return Chars(formatted(form.value, [x]))
        digits = int(whole(form, "the digits"))
        if not 0 < digits < 60:
            raise CodeError("num2str takes 1 to 59 digits.")
        return Chars(_general(float(known_scalar(x, "num2str")), digits))
    if elements(x.shape) != 1:
        raise UnsupportedCodeError(f"{name} of arrays is not supported.")
    number = known_scalar(x, name)
    if isinstance(number, complex | np.complexfloating):
        raise UnsupportedCodeError(f"{name} of complex numbers is not supported.")
    value = float(number)
    if said := not_finite(value):
        return Chars(said)
    if name == "int2str" or value == int(value):
        whole_number = np.trunc(value + np.copysign(0.5, value))
        return Chars(str(int(whole_number)))
    digits = max(int(np.floor(np.log10(abs(value)))), 0) + 5
    return Chars(_general(value, min(digits, 16)))


@known("mat2str")
def _mat2str(call: Call, x: Value, digits: Value | None = None) -> Value:
    """MATLAB's documentation of mat2str: a matrix as code, of 15 digits or so many."""
    data = known_values(x, "a matrix that becomes text")
    count = 15 if digits is None else whole(digits, "the number of digits")
    if data.ndim != 2 or data.dtype.kind not in "fb" or isinstance(x, Chars):
        raise UnsupportedCodeError("mat2str takes a matrix of doubles or logicals.")

    def said(value: Any) -> str:
        if data.dtype.kind == "b":
            return "true" if value else "false"
        return not_finite(value) or _general(float(value), count)

    found = ";".join(" ".join(map(said, one)) for one in data)
    if data.size == 0:
        found = f"zeros({data.shape[0]},{data.shape[1]})"
    return Chars(found if data.size == 1 or data.size == 0 else f"[{found}]")


def _general(value: float, digits: int) -> str:
    """C's %g."""
    return f"%.{digits}g" % value


_DIRECTIVE = re.compile(r"%(%|[-+ 0#]*(\d+|\*)?(\.(\d+|\*)?)?([a-zA-Z]))|\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def formatted(form: str, values: Sequence[Value]) -> str:
    """MATLAB's sprintf: the format is used again while there are values."""
    flat: list[Any] = []
    for one in values:
        if isinstance(one, Chars):
            flat.append(one.value)
        else:
            data = known_values(one, "a number that becomes text")
            flat += list(data.reshape(-1, order="F"))
    pieces: list[str] = []
    used = 0
    while True:
        started = used
        at = 0
        for match in _DIRECTIVE.finditer(form):
            pieces.append(form[at : match.start()])
            at = match.end()
            if match[6] is not None:
                pieces.append(_ESCAPES.get(match[6], match[6]))
            elif match[1] == "%":
                pieces.append("%")
            elif used < len(flat):
                pieces.append(_one(match[0], flat[used]))
                used += 1
            elif flat:
                return "".join(pieces)
            else:
                pieces.append("")
        pieces.append(form[at:])
        if used >= len(flat) or used == started:
            return _bounded("".join(pieces))
        _bounded("".join(pieces[-100:]))


def _one(directive: str, value: Any) -> str:
    kind = directive[-1]
    if "*" in directive or kind not in "dioufeEgGsxXc":
        raise UnsupportedCodeError(f"The format {directive} is not supported.")
    width = re.search(r"(\d+)", directive)
    if width is not None and int(width[1]) > 500:
        raise CodeError("A format is wider than 500 characters.")
    if kind in "sc":
        if not isinstance(value, str):
            number = float(value)
            value = number_text(scalar(number)) if kind == "s" else chr(int(number))
        return str(directive % value if kind == "s" else value)
    if isinstance(value, str):
        return (directive[:-1] + "s") % value
    number = float(value)
    if kind in "diuxXo":
        if said := not_finite(number):
            return said
        if number != int(number):
            return (directive[:-1] + "e") % number
        return directive % int(number)
    return directive % number


@known("sprintf", "compose")
def _sprintf(call: Call, form: Value, *values: Value) -> Value:
    """MATLAB's documentation of sprintf."""
    if call.name == "compose" and len(values) > 1:
        raise UnsupportedCodeError("compose of several arrays is not supported.")
    is_string = isinstance(form, Chars) and form.is_string
    return Chars(formatted(text(form, "the format"), values), is_string)


@known("blanks")
def _blanks(call: Call, count: Value) -> Value:
    """MATLAB's documentation of blanks."""
    n = int(whole(count, "the number of spaces"))
    if not 0 <= n <= 10_000:
        raise CodeError("blanks makes up to 10000 spaces.")
    return Chars(" " * n)


@known("validatestring")
def _validatestring(call: Call, said: Value, options: Value, *rest: Value) -> Value:
    """MATLAB's documentation of validatestring: the only option that begins so."""
    value = text(said, "the text").lower()
    found = [one for one in texts_of(options, "validatestring") if one.lower().startswith(value)]
    exact = [one for one in found if one.lower() == value]
    if len(exact) != 1 and len(found) != 1:
        raise CodeError(f"'{value}' is none of the texts that are allowed.")
    return Chars((exact or found)[0])


# --- what a value is --------------------------------------------------------------------


@known("class")
def _class(call: Call, x: Value) -> Value:
    """MATLAB's documentation of class."""
    return Chars(class_name(x))


@known("underlyingType", "classUnderlying")
def _underlying(call: Call, x: Value) -> Value:
    """MATLAB's documentation of underlyingType; classUnderlying is its older name."""
    return Chars(x.kind if isinstance(x, Numeric) else class_name(x))


@known("isa")
def _isa(call: Call, x: Value, kind: Value) -> Numeric:
    """MATLAB's documentation of isa: with "numeric", "float" and "integer"."""
    return logical([[is_a(x, text(kind, "the class"))]])


def is_a(x: Value, name: str) -> bool:
    """Whether a value is of a class, or of a group of them."""
    if isinstance(x, Object):
        return name in (x.definition.name, *x.definition.superclasses)
    own = class_name(x)
    groups = {
        "numeric": own in NUMPY and own != "logical",
        "float": own in ("double", "single"),
        "integer": "int" in own and own in NUMPY,
    }
    return groups.get(name, own == name)


@known(
    "isnumeric", "islogical", "isfloat", "isinteger", "isreal", "ischar", "isstring", "iscell",
    "isstruct", "iscellstr", "isobject", "isdlarray", "isgpuarray", "isStringScalar", "issparse",
)  # fmt: skip
def _is(call: Call, x: Value) -> Numeric:
    """MATLAB's documentation of isnumeric, islogical, isfloat, isinteger, isreal, ischar ..."""
    kind = x.kind if isinstance(x, Numeric) else ""
    is_number = bool(kind) and kind != "logical"
    answers = {
        "isnumeric": is_number,
        "islogical": kind == "logical",
        "isfloat": kind in ("double", "single"),
        "isinteger": "int" in kind,
        "isreal": isinstance(x, Chars) or (isinstance(x, Numeric) and not x.is_complex),
        "ischar": isinstance(x, Chars) and not x.is_string,
        "isstring": isinstance(x, Chars | Cell) and x.is_string,
        "iscell": isinstance(x, Cell) and not x.is_string,
        "isstruct": isinstance(x, Struct | Structs),
        "iscellstr": isinstance(x, Cell)
        and not x.is_string
        and all(isinstance(one, Chars) and not one.is_string for one in x.items),
        "isobject": isinstance(x, Object),
        "isdlarray": isinstance(x, Numeric) and x.is_dlarray,
        "isgpuarray": False,
        "issparse": False,
        "isStringScalar": isinstance(x, Chars) and x.is_string,
    }
    return logical([[answers[call.name]]])


# --- structs and cells ------------------------------------------------------------------


@known("struct")
def _struct(call: Call, *pairs: Value) -> Value:
    """MATLAB's documentation of struct: cells give each element of an array its value."""
    if len(pairs) == 1 and isinstance(pairs[0], Numeric) and elements(pairs[0].shape) == 0:
        return Structs((0, 0), (), ())
    if len(pairs) % 2:
        raise CodeError("struct takes names with values.")
    cells: dict[str, Cell] = {}
    for name, value in zip(map(field_name, pairs[::2]), pairs[1::2], strict=True):
        if not isinstance(value, Cell) or value.is_string:
            value = Cell((1, 1), (value,))
        cells[name] = value
    several = [one for one in cells.values() if len(one.items) != 1]
    shape = several[0].shape if several else (1, 1)
    if any(one.shape != shape for one in several):
        raise CodeError("The cells of struct have different sizes.")
    count = len(several[0].items) if several else 1
    every = {n: one.items * (count if len(one.items) == 1 else 1) for n, one in cells.items()}
    items = [Struct({n: of[at] for n, of in every.items()}) for at in range(count)]
    return structs(shape, items, cells)


def _fields(value: Value, what: str) -> dict[str, Value]:
    if isinstance(value, Struct):
        return dict(value.fields)
    if isinstance(value, Structs) and what == "fieldnames":
        return dict.fromkeys(value.names, EMPTY)
    if isinstance(value, Object):
        return dict(value.properties)
    raise CodeError(f"{what} needs a struct, not a {class_name(value)}.")


@known("fieldnames", "properties")
def _fieldnames(call: Call, x: Value) -> Value:
    """MATLAB's documentation of fieldnames: a column of texts, in order."""
    names = list(_fields(x, call.name))
    return Cell((len(names), 1), tuple(Chars(one) for one in names))


@known("isfield", "isprop")
def _isfield(call: Call, x: Value, name: Value) -> Numeric:
    """MATLAB's documentation of isfield and isprop."""
    kind = Struct | Structs if call.name == "isfield" else Object
    has = _fields(x, "fieldnames") if isinstance(x, kind) else {}
    names = name if isinstance(name, Cell) else Cell((1, 1), (name,))
    found = [isinstance(one, Chars) and one.value in has for one in names.items]
    return logical(np.array(found, bool).reshape(names.shape, order="F"))


@known("getfield")
def _getfield(call: Call, x: Value, name: Value) -> Value:
    """MATLAB's documentation of getfield."""
    fields, said = _fields(x, "getfield"), text(name, "the name of a field")
    if said not in fields:
        raise CodeError(f"There is no field '{said}'.")
    return fields[said]


@known("setfield")
def _setfield(call: Call, x: Value, name: Value, value: Value) -> Value:
    """MATLAB's documentation of setfield."""
    return Struct({**_fields(x, "setfield"), field_name(name): value})


@known("rmfield")
def _rmfield(call: Call, x: Value, name: Value) -> Value:
    """MATLAB's documentation of rmfield."""
    fields = _fields(x, "rmfield")
    for said in texts_of(name, "rmfield"):
        if said not in fields:
            raise CodeError(f"There is no field '{said}'.")
        del fields[said]
    return Struct(fields)


@known("cell2struct")
def _cell2struct(call: Call, x: Value, names: Value, axis: Value | None = None) -> Value:
    """MATLAB's documentation of cell2struct: of a row or column, one struct."""
    fields = texts_of(names, "cell2struct")
    along = 1 if axis is None else whole(axis, "the dimension")
    if not isinstance(x, Cell) or x.shape != ((len(fields), 1) if along == 1 else (1, len(fields))):
        raise UnsupportedCodeError("cell2struct is supported for one value for each name.")
    return Struct({field_name(Chars(n)): v for n, v in zip(fields, x.items, strict=True)})


@known("orderfields")
def _orderfields(call: Call, x: Value) -> Value:
    """MATLAB's documentation of orderfields: by their names, large letters first."""
    return Struct(dict(sorted(_fields(x, "orderfields").items())))


@known("strlength")
def _strlength(call: Call, x: Value) -> Numeric:
    """MATLAB's documentation of strlength."""
    return Numeric(_of_texts(call, x, len).astype(np.float64))


@known("struct2cell")
def _struct2cell(call: Call, x: Value) -> Value:
    """MATLAB's documentation of struct2cell: a column."""
    values = tuple(_fields(x, "struct2cell").values())
    return Cell((len(values), 1), values)


@known("cell")
def _cell(call: Call, *arguments: Value) -> Value:
    """MATLAB's documentation of cell."""
    size, _ = sizes("cell", arguments)
    size = [int(n) for n in size]
    if not arguments:
        size = [0, 0]
    call.budget.made(size)
    return Cell(tuple(size), (EMPTY,) * int(np.prod(size)))


@known("num2cell")
def _num2cell(call: Call, x: Numeric) -> Value:
    """MATLAB's documentation of num2cell."""
    return Cell(x.shape, tuple(Numeric(one.reshape(1, 1)) for one in column(x.data)))


@known("cell2mat")
def _cell2mat(call: Call, x: Value) -> Value:
    """MATLAB's documentation of cell2mat: rows side by side, then below each other."""
    if not isinstance(x, Cell) or len(x.shape) != 2:
        raise CodeError("cell2mat needs a cell with rows and columns.")
    rows, columns = x.shape
    parts = [[x.items[i + j * rows] for j in range(columns)] for i in range(rows)]
    return joined(parts, call.budget)


# --- functions --------------------------------------------------------------------------


@known("cellfun", "arrayfun", "structfun")
def _map(call: Call, function: Value, *arguments: Value) -> Any:
    """MATLAB's documentation of cellfun, arrayfun and structfun, with 'UniformOutput'."""
    given = list(arguments)
    is_uniform = True
    while len(given) >= 2 and isinstance(given[-2], Chars):
        name = given[-2].value.lower()
        if name not in ("uniformoutput", "un", "uniform"):
            if call.name == "cellfun":
                raise UnsupportedCodeError(
                    f"{call.name} with '{given[-2].value}' is not supported."
                )
            break
        is_uniform = bool(known_scalar(given[-1], "UniformOutput"))
        given = given[:-2]
    function = call.handle(function)
    if not given:
        raise CodeError(f"{call.name} needs an array.")
    lists = [items_of(call.name, one) for one in given]
    size = given[0].shape
    if call.name == "structfun":
        size = (len(lists[0]), 1)
    if any(len(one) != len(lists[0]) for one in lists):
        raise CodeError(f"The arrays of {call.name} have different sizes.")
    call.budget.repeats(len(lists[0]))
    outputs = call.outputs
    results = [
        call.interpreter.call_value(function, one, outputs) for one in zip(*lists, strict=True)
    ]
    columns = [[one[k] for one in results] for k in range(max(outputs, 1) if results else 0)]
    if not outputs and any(not one for one in results):
        return ()
    if not columns:
        columns = [[] for _ in range(max(outputs, 1))]
    if not is_uniform and call.name == "structfun":
        names = _fields(given[0], call.name)
        return tuple(Struct(dict(zip(names, one, strict=True))) for one in columns)
    if not is_uniform:
        return tuple(Cell(tuple(size), tuple(one)) for one in columns)
    return tuple(uniform(call, one, tuple(size)) for one in columns)


def uniform(call: Call, values: list[Value], size: tuple[Any, ...]) -> Value:
    """Single numbers as one array.

    Raises ``CodeError``: they are something else.
    """
    if not values:
        return Numeric(np.zeros(size))
    if all(isinstance(one, Chars) and len(one.value) == 1 for one in values):
        raise UnsupportedCodeError(f"{call.name} with characters is not supported.")
    if any(not isinstance(one, Numeric) or elements(one.shape) != 1 for one in values):
        raise CodeError(
            f"{call.name} gives values that are no single numbers.",
            remedy="write 'UniformOutput', false.",
        )
    row = concatenated([numbers(one, call.name) for one in values], 1, call.budget)
    return numeric(shaped(column(row.data), size), "", row.is_dlarray)


def items_of(name: str, value: Value) -> list[Value]:
    """What cellfun, arrayfun or structfun calls a function for, of one value."""
    if name == "structfun":
        return list(_fields(value, name).values())
    if name == "cellfun":
        if not isinstance(value, Cell):
            raise CodeError(f"cellfun needs a cell, not a {class_name(value)}.")
        return list(value.items)
    if isinstance(value, Numeric):
        return [Numeric(one.reshape(1, 1), "", value.is_dlarray) for one in column(value.data)]
    if isinstance(value, Chars) and not value.is_string:
        return [Chars(one) for one in value.value]
    if isinstance(value, Structs):
        return list(value.items)
    if isinstance(value, Cell):
        return [one if value.is_string else Cell((1, 1), (one,)) for one in value.items]
    return [value]


@known("feval")
def _feval(call: Call, function: Value, *arguments: Value) -> Any:
    """MATLAB's documentation of feval: of a handle, or of a function's name."""
    return call.interpreter.call_value(call.handle(function), arguments, call.outputs)


@known("str2func")
def _str2func(call: Call, said: Value) -> Value:
    """MATLAB's documentation of str2func: of a function's name.

    Anonymous functions in quotes are read with the file that has them.
    """
    if not isinstance(said, Chars):
        raise CodeError(f"str2func needs a text, not a {class_name(said)}.")
    return call.handle(said)


@known("deal")
def _deal(call: Call, *values: Value) -> Any:
    """MATLAB's documentation of deal."""
    if len(values) == 1:
        return values * max(call.outputs, 1)
    if len(values) != max(call.outputs, 1):
        raise CodeError(f"deal has {len(values)} values for {call.outputs} outputs.")
    return values


@known("error", "rethrow")
def _error(call: Call, form: Value, *values: Value) -> Any:
    """MATLAB's documentation of error and rethrow: the code says that something is wrong."""
    if isinstance(form, Struct):
        said, identifier = (
            one.value if isinstance(one := form.fields.get(name), Chars) else ""
            for name in ("message", "identifier")
        )
        raise CodeSaidError(said, identifier)
    said, identifier = text(form, "the message"), ""
    if values and re.fullmatch(r"\w+(:[\w-]+)+", said):
        said, identifier, values = text(values[0], "the message"), said, values[1:]
    shown = formatted(said, [one for one in values if isinstance(one, Chars | Numeric)])
    raise CodeSaidError(shown, identifier)


@known("assert")
def _assert(call: Call, condition: Value, *message: Value) -> Any:
    """MATLAB's documentation of assert."""
    if is_traced() and isinstance(condition, Numeric) and not condition.is_known:
        return ()
    if not is_true(condition, "the assertion"):
        if message:
            _error(call, *message)
        raise CodeSaidError("Assertion failed.")
    return ()


@known("tic", "toc")
def _timed(call: Call, *values: Value) -> Any:
    """MATLAB's documentation of tic and toc: no time passes here."""
    return scalar(0) if call.outputs else ()


@known("warning", "disp", "fprintf", "display", "clc", "drawnow", "rng")
def _shown(call: Call, *values: Value) -> Any:
    """MATLAB's documentation of warning, disp, rng ...: nothing is shown or seeded here.

    Random numbers are torch's: those of a seed cannot be MATLAB's.
    """
    return ()


@known("narginchk", "nargoutchk", "validateattributes")
def _checked(call: Call, *values: Value) -> Any:
    """MATLAB's documentation of narginchk, nargoutchk and validateattributes: not checked."""
    if call.name == "narginchk" and len(values) == 2:
        least, most = (float(known_scalar(one, "narginchk")) for one in values)
        if not least <= call.frame.inputs <= most:
            raise CodeError(f"The function is called with {call.frame.inputs} inputs.")
    return ()


@known("func2str")
def _func2str(call: Call, x: Value) -> Value:
    """MATLAB's documentation of func2str: of handles of names."""
    if not isinstance(x, FunctionHandle) or x.text.startswith("@"):
        raise UnsupportedCodeError("func2str of anonymous functions is not supported.")
    return Chars(x.text)


@known("canUseGPU")
def _can_use_gpu(call: Call) -> Numeric:
    """MATLAB's documentation of canUseGPU: torch's device is chosen outside."""
    return logical([[False]])


@known("gpuArray", "gather", "dlaccelerate")
def _itself(call: Call, x: Value) -> Value:
    """MATLAB's documentation of gpuArray, gather and dlaccelerate, which change no value.

    Torch's device is chosen outside; a function stays the same with a cache of its traces.
    """
    return x
