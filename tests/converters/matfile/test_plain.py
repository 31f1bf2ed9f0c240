"""Plain values from MATLAB's own value classes.

Expected values are mat-io's: it writes the properties as MATLAB does (``*_to_mat``), or the
layout is spelled out here. Real tables, strings and categoricals are in ``test_real``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converters.matfile.plain import to_plain
from converters.matfile.values import Categorical, StructArray, Table
from matlab_compat.errors import CorruptFileError, MatFileError, UnsupportedFileError

MISSING = (1 << 64) - 1


def convert(class_name: str, **properties: Any) -> Any:
    """The plain value of an object with these properties."""
    return to_plain(class_name, properties, "<")


def cell(*values: Any, shape: tuple[int, int] | None = None) -> np.ndarray:
    """A cell array."""
    return np.fromiter(values, object, len(values)).reshape(shape or (1, -1), order="F")


def packed(*texts: str | None, shape: tuple[int, ...]) -> np.ndarray:
    """Strings as MATLAB packs them: version, sizes, lengths, then UTF-16 in 64-bit words."""
    units = b"".join(text.encode("utf-16-le") for text in texts if text is not None)
    lengths = [MISSING if text is None else len(text.encode("utf-16-le")) // 2 for text in texts]
    words = np.array([1, len(shape), *shape, *lengths], np.uint64)
    tail = np.frombuffer(units + bytes(-len(units) % 8), np.uint64)
    return np.concatenate([words, tail]).reshape(1, -1)


def test_scalar_string_is_str() -> None:
    assert convert("string", any=packed("häßlich 😀", shape=(1, 1))) == "häßlich 😀"


def test_string_array_keeps_shape_order_and_missing() -> None:
    value = convert("string", any=packed("a", "bc", "", None, shape=(2, 2)))

    assert value.dtype.kind == "T"
    assert value[:, 0].tolist() == ["a", "bc"]
    assert value[0, 1] == ""
    assert value[1, 1] is np.nan


def test_string_in_big_endian_words() -> None:
    little = packed("text", shape=(1, 1))
    # A big-endian machine packs its own UTF-16 into its own words.
    big = little.copy()
    big[0, -1] = int.from_bytes("text".encode("utf-16-be"), "big")

    assert to_plain("string", {"any": big}, ">") == "text"


@pytest.mark.parametrize(
    "words", [[1], [1, 2], [1, 2, 1, 1], [1, 2, 1, 1, 99, 0], [1, 2**63, 1], [1, 2, 2**62, 2**62]]
)
def test_cut_strings_are_refused(words: list[int]) -> None:
    with pytest.raises(CorruptFileError):
        convert("string", any=np.array([words], np.uint64))


def test_string_of_another_version_is_refused() -> None:
    with pytest.raises(UnsupportedFileError):
        convert("string", any=np.array([[9, 2, 1, 1, 0]], np.uint64))


def test_categorical() -> None:
    value = convert(
        "categorical",
        codes=np.array([[1], [0], [2]], np.uint8),
        categoryNames=cell("red", "blue"),
        isOrdinal=np.array([[True]]),
    )

    assert isinstance(value, Categorical)
    assert value.labels() == ["red", None, "blue"]
    assert value.ordinal


def test_categorical_codes_beyond_the_categories_are_refused() -> None:
    with pytest.raises(CorruptFileError, match="categories"):
        convert("categorical", codes=np.array([[3]], np.uint8), categoryNames=cell("a", "b"))


def test_table_with_original_names() -> None:
    extra = StructArray.scalar(
        useVariableNamesOriginal=np.array([[True]]), VariableNamesOriginal=cell("a b", "c")
    )

    value = convert(
        "table",
        data=cell(np.ones((2, 1)), np.zeros((2, 1))),
        varnames=cell("aB", "c"),
        rownames=cell("r1", "r2"),
        props=extra,
    )

    assert isinstance(value, Table)
    assert list(value.columns) == ["a b", "c"]
    assert value.row_names == ["r1", "r2"]


def test_timetable_has_its_times_in_the_first_column() -> None:
    times = np.array([[0], [1]], "timedelta64[us]")
    fields = StructArray.scalar(
        data=cell(np.ones((2, 1))), varNames=cell("v"), dimNames=cell("Time", "Variables"),
        rowTimes=times,
    )  # fmt: skip

    value = convert("timetable", any=fields)

    assert list(value.columns) == ["Time", "v"]
    assert value.columns["Time"] is times


def test_map_with_text_and_with_numbers_as_keys() -> None:
    text = StructArray.scalar(keys=cell("a", "b"), values=cell("x", np.eye(2)))
    numbers = StructArray.scalar(keys=cell(np.array([[1.0]])), values=cell("one"))

    assert convert("containers.Map", serialization=text)["a"] == "x"
    assert convert("containers.Map", serialization=numbers) == {1.0: "one"}


def test_map_of_unequal_keys_and_values_is_refused() -> None:
    fields = StructArray.scalar(keys=cell("a", "b"), values=cell("x"))

    with pytest.raises(CorruptFileError, match="2 keys but 1 value"):
        convert("containers.Map", serialization=fields)


def test_dictionary_with_combined_keys_and_values() -> None:
    keys = np.array([["a"], ["b"]], np.dtypes.StringDType())
    data = StructArray.scalar(Key=keys, Value=np.array([[1.0], [2.0]]))

    value = convert("dictionary", data=data)

    assert {key: item.item() for key, item in value.items()} == {"a": 1.0, "b": 2.0}


def test_datetime_is_milliseconds_since_1970() -> None:
    # 2024-01-01 00:00:00.0005 UTC; the imaginary part is what does not fit into a double.
    millis = np.array([[1_704_067_200_000 + 0.5j, np.nan]])

    value = convert("datetime", data=millis)

    assert value[0, 0] == np.datetime64("2024-01-01T00:00:00.000500")
    assert np.isnat(value[0, 1])
    assert value.dtype == "datetime64[us]"


def test_duration_is_milliseconds() -> None:
    value = convert("duration", millis=np.array([[1.5, -2000.0]]))

    assert value.tolist() == np.array([[1500, -2_000_000]], "timedelta64[us]").tolist()


@pytest.mark.parametrize(
    "class_name", ["categorical", "table", "timetable", "dictionary", "datetime", "duration"]
)
def test_missing_properties_are_named(class_name: str) -> None:
    with pytest.raises(CorruptFileError, match="missing"):
        convert(class_name)


@pytest.mark.parametrize(
    "wrong", [None, "text", np.zeros((2, 2)), cell("a"), StructArray((2, 1), {})]
)
@pytest.mark.parametrize(
    "class_name",
    ["string", "categorical", "table", "timetable", "containers.Map", "dictionary", "datetime"],
)
def test_wrong_properties_never_raise_anything_else(class_name: str, wrong: Any) -> None:
    names = ("any", "codes", "categoryNames", "data", "varnames", "serialization", "rownames")

    try:
        convert(class_name, **dict.fromkeys(names, wrong))
    except MatFileError as error:
        assert error.what  # noqa: PT017 - some wrong values are right for some classes
