"""Plain values from objects of MATLAB's own value classes (string, table, datetime ...).

How these classes save themselves is not documented; the layouts were learned from files.
Row times of a timetable become its first column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
import numpy.typing as npt

from matlab_compat.arrays import Array
from matlab_compat.data_format import dlarray
from matlab_compat.errors import DataFormatError, UnsupportedFileError

from .datetimes import Datetime
from .faults import corrupt, unsupported
from .text import join_units
from .values import Categorical, Map, SparseArray, StructArray, Table, Value, mat_class, sound

_Properties = Mapping[str, Value]
_MISSING_STRING = (1 << 64) - 1
_STRING_VERSION = 1
_LATEST_MS = 2**63 / 1000  # what datetime64[us] can hold, about the year 294 000


def to_plain(class_name: str, properties: _Properties, byte_order: str) -> Value:
    """The plain value of an object of one of ``CONVERTERS``; text is packed in ``byte_order``."""
    if class_name == "string":
        return _string(properties, byte_order)
    return CONVERTERS[class_name](properties)


def _string(properties: _Properties, byte_order: str = "<") -> Value:
    """Packed as 64-bit words: version, dimensions, sizes, lengths, then the UTF-16 text."""
    words = _array(properties.get("any", np.empty((0, 0))), "any").ravel(order="F")
    if not words.size:
        return np.empty((0, 0), _string_dtype())
    words = _array(words, "any", np.uint64)
    if words[0] != _STRING_VERSION:
        raise unsupported(f"A string of version {words[0]} is not known.")
    start = 2 + int(words[1]) if len(words) > 1 else len(words) + 1
    shape = tuple(words[2:start].tolist())
    count = math.prod(shape)
    if start + count > len(words):
        raise corrupt(f"A string array of {count} strings is cut short.")
    lengths = words[start : start + count].tolist()
    packed = words[start + count :].astype(f"{byte_order}u8").tobytes()
    units = np.frombuffer(packed, f"{byte_order}u2").astype(np.uint16)
    texts = _split(units, lengths)
    if len(texts) == 1 and texts[0] is not None:
        return texts[0]
    # numpy keeps strings as UTF-8, which has no unpaired surrogates.
    safe = [
        np.nan if t is None else t.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for t in texts
    ]
    return np.array(safe, dtype=_string_dtype()).reshape(shape, order="F")


def _split(units: npt.NDArray[np.uint16], lengths: list[int]) -> list[str | None]:
    texts: list[str | None] = []
    position = 0
    for length in lengths:
        if length == _MISSING_STRING:
            texts.append(None)
            continue
        if position + length > len(units):
            raise corrupt("The text of a string is cut short.")
        texts.append(join_units(units[position : position + length]))
        position += length
    return texts


def _string_dtype() -> np.dtypes.StringDType:
    return np.dtypes.StringDType(na_object=np.nan)  # type: ignore[arg-type] # numpy's stub errs


def _categorical(properties: _Properties) -> Categorical:
    codes = _array(_need(properties, "codes"), "codes")
    names = _texts(_need(properties, "categoryNames"), "categoryNames")
    if codes.dtype.kind not in "ui" or (codes.size and codes.max() > len(names)):
        raise corrupt(f"The codes of a categorical go beyond its {len(names)} categories.")
    return Categorical(codes, names, _flag(properties.get("isOrdinal")))


def _table(properties: _Properties) -> Table:
    extra = properties.get("props")
    names = _need(properties, "varnames")
    if isinstance(extra, StructArray) and extra.shape == (1, 1):
        # Names that are no identifiers, or long ones, are kept beside valid stand-ins.
        names = _names(extra, names, "VariableNames2048", "VariableNamesOriginal")
    rows = properties.get("rownames")
    return Table(
        _columns(_texts(names, "varnames"), _cells(_need(properties, "data"), "data")),
        [] if rows is None else _texts(rows, "rownames"),
        height=_count(properties.get("nrows")),
    )


def _timetable(properties: _Properties) -> Table:
    fields = _struct(_need(properties, "any"), "any")
    names = _names(fields, fields["varNames"], "varNames2048", "varNamesOrig")
    columns = _columns(_texts(names, "varNames"), _cells(fields["data"], "data"))
    time = _texts(fields["dimNames"], "dimNames")[0]
    height = _count(fields["numRows"]) if "numRows" in fields else None
    return Table({time: fields["rowTimes"], **columns}, [], times=time, height=height)


def _names(fields: StructArray, valid: Value, *others: str) -> Value:
    """The valid names, or the first of other fields that a flag says to use."""
    flags = {name: f"use{name[0].upper()}{name[1:]}" for name in others}
    used = (fields[name] for name in others if _flag(fields.fields.get(flags[name], [None])[0]))
    return next(used, valid)


def _columns(names: list[str], values: list[Value]) -> dict[str, Value]:
    if len(set(names)) != len(names) or len(names) != len(values):
        raise corrupt(f"A table has {len(values)} columns but {len(set(names))} names.")
    return dict(zip(names, values, strict=True))


def _map(properties: _Properties) -> Map:
    if "serialization" not in properties:
        return Map()
    fields = _struct(properties["serialization"], "serialization")
    return Map(_dict(_elements(fields["keys"]), _elements(fields["values"])))


def _dictionary(properties: _Properties) -> Map:
    fields = _struct(_need(properties, "data"), "data")
    if "Key" not in fields or "Value" not in fields:
        return Map.of("dictionary", {})
    return Map.of("dictionary", _dict(_elements(fields["Key"]), _elements(fields["Value"])))


def _dict(keys: list[Value], values: list[Value]) -> dict[Value, Value]:
    if len(keys) != len(values):
        raise corrupt(f"A map has {len(keys)} keys but {len(values)} values.")
    scalars = [key.item() if isinstance(key, np.ndarray) and key.size == 1 else key for key in keys]
    for key in scalars:
        if not isinstance(key, str | int | float):
            raise UnsupportedFileError(
                f"A map has a key of class {mat_class(key)}; text and numbers can be keys here.",
                remedy="save the keys and values of the map as cell arrays instead.",
            )
    return dict(zip(scalars, values, strict=True))


def _elements(value: Value) -> list[Value]:
    """The elements of an array as values of their own; anything else is one element."""
    if not isinstance(value, np.ndarray):
        return [value]
    flat = value.ravel(order="F")
    if value.dtype == object:
        return list(flat)
    if value.dtype.kind == "T":
        return [str(text) for text in flat]
    return [flat[i : i + 1].reshape(1, 1) for i in range(len(flat))]


def _datetime(properties: _Properties) -> Array | Datetime:
    """Milliseconds since 1970; the imaginary part is what a double cannot hold.

    Of a datetime with a TimeZone they count in UTC, of one without by the clock on the wall.
    """
    data = _array(_need(properties, "data"), "data")
    moments = _microseconds(data, "datetime64")
    zone = _text(properties.get("tz", ""))
    if zone is None:
        raise corrupt("The time zone of a datetime is no text.")
    if zone == "UTCLeapSeconds":
        what = "Datetimes that count leap seconds (TimeZone 'UTCLeapSeconds') are not read."
        raise UnsupportedFileError(what, remedy="in MATLAB: t.TimeZone = 'UTC'; then save again.")
    return Datetime(moments, zone) if zone else moments


def _microseconds(millis: Array, kind: str) -> Array:
    finite = np.isfinite(millis)
    safe = np.where(finite, millis, 0)
    if (np.abs(safe.real) >= _LATEST_MS).any():
        raise unsupported("A time lies too far from today.")
    whole = np.trunc(safe.real)
    micros = whole.astype(np.int64) * 1000
    micros += np.rint((safe.real - whole + safe.imag) * 1000).astype(np.int64)
    return np.where(finite, micros.view(f"{kind}[us]"), np.array("NaT", f"{kind}[us]"))


def _gpu_array(properties: _Properties) -> Array | SparseArray:
    """The array that ``gather`` gives: in a cell with the number 1 before it."""
    data = _need(properties, "any")
    if isinstance(data, np.ndarray) and data.dtype == object and data.size == 2:
        data = data.ravel(order="F")[1]
    return data if isinstance(data, SparseArray) else _array(data, "The data of a gpuArray")


def _dlarray(properties: _Properties) -> Array | dlarray:
    """The numbers (of a gpuArray, too) and their labels, in the order they are labelled in.

    Source: 1000 values of 14 files of the releases from 2020 to 2025: ``any`` is a struct with
    ``Data``, ``DimensionTypes``, ``ViewPermutation`` (always empty) and, later, ``IsBlank``.
    """
    saved = properties.get("any")
    fields = saved if isinstance(saved, StructArray) else StructArray.scalar(**properties)
    fields = _struct(fields, "The data of a dlarray")
    data = _array(_need(fields, "Data"), "The data of a dlarray")
    if "ViewPermutation" in fields and _array(fields["ViewPermutation"], "ViewPermutation").size:
        raise _unknown_dlarray("is stored as a permuted view (ViewPermutation)")
    if "IsBlank" in fields and _array(fields["IsBlank"], "IsBlank").any():
        raise _unknown_dlarray("is blank (IsBlank)")
    labels = _text(next((fields[n] for n in ("DimensionTypes", "Format") if n in fields), ""))
    if labels is None:
        raise corrupt("The labels of a dlarray are no text.")
    if not labels:
        return data
    try:  # MATLAB labels two dimensions at least; it leaves trailing U and sizes of 1 away
        return dlarray(data, labels.ljust(2, "U"))
    except DataFormatError as error:
        raise corrupt(f"A dlarray is labelled wrongly: {error.what}") from error


def _unknown_dlarray(how: str) -> UnsupportedFileError:
    return UnsupportedFileError(
        f"The dlarray {how}, and no known file shows what its numbers mean then.",
        remedy="in MATLAB: X = dlarray(extractdata(X), dims(X)); then save again.",
    )


# -- checks of what the properties hold ----------------------------------------------------


def _need(properties: _Properties | StructArray, name: str) -> Value:
    if name not in properties:
        raise corrupt(f"The property {name} is missing.")
    return properties[name]


def _array(value: Value, name: str, dtype: type[np.generic] | None = None) -> Array:
    value = sound(value)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "buifc":
        raise corrupt(f"{name} is not an array of numbers.")
    if dtype is not None and value.dtype != dtype:
        raise corrupt(f"{name} is {mat_class(value)}, not {dtype.__name__}.")
    return value


def _struct(value: Value, name: str) -> StructArray:
    value = sound(value)
    if not isinstance(value, StructArray) or value.shape != (1, 1):
        raise corrupt(f"{name} is not a 1 x 1 struct.")
    return value


def _cells(value: Value, name: str) -> list[Value]:
    value = sound(value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return list(value.ravel(order="F"))
    if isinstance(value, np.ndarray) and not value.size:
        return []
    raise corrupt(f"{name} is not a cell array.")


def _texts(value: Value, name: str) -> list[str]:
    texts = [_text(cell) for cell in _cells(value, name)]
    if None in texts:
        raise corrupt(f"{name} is not a cell array of text.")
    return cast(list[str], texts)


def _text(value: Value) -> str | None:
    value = sound(value)
    if isinstance(value, np.ndarray) and not value.size:
        return ""
    return value if isinstance(value, str) else None


def _count(value: Value) -> int | None:
    if not isinstance(value, np.ndarray) or value.size != 1 or value.dtype.kind not in "uif":
        return None
    return int(value.item()) if 0 <= value.item() < np.inf else None


def _flag(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.size == 1 and bool(value.item())


#: What makes a plain value of the properties, by class name.
CONVERTERS: dict[str, Callable[[_Properties], Value]] = {
    "string": _string,
    "categorical": _categorical,
    "table": _table,
    "timetable": _timetable,
    "containers.Map": _map,
    "dictionary": _dictionary,
    "datetime": _datetime,
    "duration": lambda given: _microseconds(
        _array(_need(given, "millis"), "millis"), "timedelta64"
    ),
    "dlarray": _dlarray,
    "gpuArray": _gpu_array,
}
