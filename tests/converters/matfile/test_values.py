"""Neutral values as Python users take them: dictionaries, indices, time zones, markers of damage.

Expected values are spelled out here after what MATLAB's own indexing gives (``s.b``, ``e(2)``,
``[e.id]``, ``c{2,1}``); clocks of time zones are the legal ones of those days.
"""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from converters.matfile.datetimes import Datetime
from converters.matfile.values import (
    Categorical,
    Damaged,
    Map,
    MatObject,
    ObjectArray,
    SparseArray,
    StructArray,
    Table,
    mat_class,
    mat_shape,
    to_python,
)
from matlab_compat.data_format import dlarray
from matlab_compat.errors import CorruptFileError, FieldNotFoundError, UsageError

THREE = np.array([[3.0]])


def cell(*values: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """A cell array, filled column by column."""
    return np.fromiter(values, object, len(values)).reshape(shape or (1, -1), order="F")


def tree() -> StructArray:
    """top.b.c.d = 3; top.names = {'x' 'yy'}; top.mix = {1, struct('deep', 9)}."""
    return StructArray.scalar(
        b=StructArray.scalar(c=StructArray.scalar(d=THREE)),
        names=cell("x", "yy"),
        mix=cell(1.0, StructArray.scalar(deep=9.0)),
    )


EVENTS = StructArray((1, 3), {"id": [0, 1, 2], "trace": ["a", "b", "c"]})


class TestStructs:
    def test_dict_has_the_fields_with_their_values_as_they_are(self) -> None:
        top = tree()

        assert list(dict(top)) == ["b", "names", "mix"]
        assert dict(top)["b"] is top["b"]
        assert {**top}.keys() == top.keys()

    def test_to_dict_goes_all_the_way_down(self) -> None:
        assert tree().to_dict() == {
            "b": {"c": {"d": THREE}},
            "names": ["x", "yy"],
            "mix": [1.0, {"deep": 9.0}],
        }

    def test_to_dict_keeps_arrays_as_they_are(self) -> None:
        assert tree().to_dict()["b"]["c"]["d"] is THREE

    def test_struct_array_becomes_a_list_of_dicts(self) -> None:
        assert EVENTS.to_dict() == [
            {"id": 0, "trace": "a"},
            {"id": 1, "trace": "b"},
            {"id": 2, "trace": "c"},
        ]

    def test_struct_array_within_a_struct_becomes_a_list_of_dicts(self) -> None:
        assert StructArray.scalar(ev=EVENTS).to_dict()["ev"][2] == {"id": 2, "trace": "c"}

    def test_empty_struct_array_becomes_an_empty_list(self) -> None:
        assert StructArray((0, 0), {"a": []}).to_dict() == []

    def test_matrix_of_structs_becomes_nested_lists_by_rows(self) -> None:
        e = StructArray((2, 2), {"a": [1, 2, 3, 4]})  # a(1,1), a(2,1), a(1,2), a(2,2)

        assert e.to_dict() == [[{"a": 1}, {"a": 3}], [{"a": 2}, {"a": 4}]]

    def test_matrix_of_cells_becomes_nested_lists_by_rows(self) -> None:
        cells = cell("a", StructArray.scalar(f=1), "c", "d", shape=(2, 2))

        assert to_python(cells) == [["a", "c"], [{"f": 1}, "d"]]

    def test_map_becomes_a_plain_dict(self) -> None:
        made = to_python(StructArray.scalar(m=Map({"k": cell("v")})))

        assert made == {"m": {"k": ["v"]}}
        assert type(made["m"]) is dict

    def test_conversion_leaves_the_struct_unchanged(self) -> None:
        top = tree()
        top.to_dict()["b"]["c"]["d"] = "changed"

        assert top["b"]["c"]["d"] is THREE
        assert isinstance(top["mix"], np.ndarray)

    def test_a_thousand_levels_convert_without_recursion(self) -> None:
        value: Any = THREE
        for _ in range(5000):
            value = StructArray.scalar(a=value)

        made = value.to_dict()
        for _ in range(5000):
            made = made["a"]

        assert made is THREE

    def test_element_by_index_is_a_struct_of_one(self) -> None:
        assert EVENTS[1].shape == (1, 1)
        assert EVENTS[1]["id"] == 1
        assert EVENTS[-1]["trace"] == "c"
        assert EVENTS[0, 2]["id"] == 2

    def test_elements_count_column_by_column(self) -> None:
        e = StructArray((2, 2), {"a": [1, 2, 3, 4]})

        assert (e[1]["a"], e[1, 0]["a"], e[0, 1]["a"]) == (2, 2, 3)

    def test_field_of_a_struct_array_lists_the_values(self) -> None:
        assert EVENTS["id"] == [0, 1, 2]

    def test_iteration_goes_by_elements(self) -> None:
        assert [e["id"] for e in EVENTS] == [0, 1, 2]

    @pytest.mark.parametrize("key", [3, -4, (0, 3), (0, 0, 0), slice(1), None, 1.0])
    def test_no_such_element_says_what_there_is(self, key: Any) -> None:
        with pytest.raises(IndexError, match=r"1×3 struct array.*id, trace"):
            EVENTS[key]

    def test_no_such_field_names_the_close_ones(self) -> None:
        with pytest.raises(FieldNotFoundError, match="'trase'") as caught:
            EVENTS["trase"]

        assert isinstance(caught.value, KeyError)
        assert "did you mean trace?" in caught.value.remedy

    def test_fields_are_attributes_as_in_matlab(self) -> None:
        assert tree().b.c.d is THREE
        assert EVENTS.id == [0, 1, 2]

    def test_attribute_that_is_no_field_lists_the_fields(self) -> None:
        with pytest.raises(AttributeError, match=r"no field 'nope'\. It has: b, names"):
            _ = tree().nope

    def test_copies_and_pickles(self) -> None:
        for made in (copy.deepcopy(EVENTS), pickle.loads(pickle.dumps(EVENTS))):
            assert made.to_dict() == EVENTS.to_dict()

    def test_numpy_takes_a_struct_as_one_object(self) -> None:
        made = np.array([tree(), tree()], dtype=object)

        assert made.shape == (2,)
        assert isinstance(made[0], StructArray)


def berlin(text: str) -> Datetime:
    """A datetime of Europe/Berlin, from its time in UTC."""
    return Datetime(np.array([[text]], "datetime64[us]"), "Europe/Berlin")


class TestDatetimes:
    def test_zone_is_kept_and_its_clock_is_what_matlab_shows(self) -> None:
        t = berlin("2023-11-14T22:13:20")  # MATLAB shows 14-Nov-2023 23:13:20

        assert t.time_zone == "Europe/Berlin"
        assert t.local()[0, 0] == np.datetime64("2023-11-14T23:13:20")
        assert t.aware()[0, 0] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
        assert t.aware()[0, 0].utcoffset() == timedelta(hours=1)

    def test_summer_time_counts(self) -> None:
        assert berlin("2023-07-01T12:00").aware()[0, 0].utcoffset() == timedelta(hours=2)

    def test_microseconds_and_years_before_1970_stay(self) -> None:
        assert berlin("1960-01-01T00:00:00.000001").aware()[0, 0].microsecond == 1

    def test_not_a_time_is_none(self) -> None:
        t = berlin("NaT")

        assert t.aware()[0, 0] is None
        assert np.isnat(t.local()[0, 0])

    @pytest.mark.parametrize(
        ("zone", "hours"), [("+01:00", 1.0), ("-0330", -3.5), ("UTC", 0.0), ("Asia/Kolkata", 5.5)]
    )
    def test_offsets_and_names_of_zones(self, zone: str, hours: float) -> None:
        t = Datetime(np.array([["2024-01-01T00:00"]], "datetime64[us]"), zone)

        assert t.aware()[0, 0].utcoffset() == timedelta(hours=hours)

    def test_unknown_zone_says_what_to_install(self) -> None:
        t = Datetime(np.array([["2024-01-01T00:00"]], "datetime64[us]"), "Mars/Olympus")

        with pytest.raises(UsageError, match="Mars/Olympus") as caught:
            t.aware()
        assert "tzdata" in caught.value.remedy

    def test_year_that_python_lacks_is_refused(self) -> None:
        with pytest.raises(UsageError, match="1 to 9999"):
            berlin("20000-01-01T00:00").aware()

    def test_never_becomes_a_naive_array_by_itself(self) -> None:
        with pytest.raises(UsageError, match="Europe/Berlin"):
            np.asarray(berlin("2023-11-14T22:13:20"))

    def test_size_and_class(self) -> None:
        t = Datetime(np.zeros((2, 3), "datetime64[us]"), "UTC")

        assert (mat_shape(t), mat_class(t)) == ((2, 3), "datetime")


@pytest.mark.parametrize(
    ("value", "class_name", "shape"),
    [
        (Table({"a": np.zeros((3, 1)), "b": np.zeros((3, 2))}, []), "table", (3, 2)),
        (Table({"a": "text"}, []), "table", (1, 1)),
        (Table({}, [], height=4), "table", (4, 0)),
        (Table({"Time": np.zeros((3, 1)), "a": np.zeros((3, 1))}, [], "Time"), "timetable", (3, 1)),
        (Map({"a": 1, "b": 2}), "containers.Map", (2, 1)),
        (Map.of("dictionary", {"a": 1, "b": 2}), "dictionary", (1, 1)),
        (dlarray(np.zeros((4, 3)), "CB"), "dlarray", (4, 3)),
    ],
)
def test_class_and_size_are_those_that_matlab_says(
    value: Any, class_name: str, shape: tuple[int, ...]
) -> None:
    assert (mat_class(value), mat_shape(value)) == (class_name, shape)


DAMAGED = Damaged("double", CorruptFileError("40 bytes are not 9 numbers."))


@pytest.mark.parametrize(
    "use",
    [
        lambda d: d.get(),
        lambda d: np.asarray(d),
        lambda d: np.sum(d),
        lambda d: d[0],
        lambda d: len(d),
        lambda d: list(d),
        lambda d: bool(d),
        lambda d: float(d),
        lambda d: d == "on",
        lambda d: d != "on",
        lambda d: d + 1,
        lambda d: 2 * d,
        lambda d: np.eye(2) @ d,
        lambda d: "a" in d,
    ],
)
def test_using_what_is_damaged_raises_why(use: Any) -> None:
    with pytest.raises(CorruptFileError, match="40 bytes are not 9 numbers"):
        use(DAMAGED)


def test_what_is_damaged_can_be_shown_and_kept() -> None:
    assert repr(DAMAGED) == "<Damaged double: 40 bytes are not 9 numbers.>"
    assert StructArray.scalar(a=DAMAGED).to_dict()["a"] is DAMAGED
    assert {DAMAGED: 1}[DAMAGED] == 1


COLOURS = Categorical(np.array([[1, 1, 0]]), ["red", "blue"])
SPARSE = SparseArray((3, 4), np.ones(2), np.arange(2), np.arange(5))
RUNS = StructArray((1, 2), {"id": [1.0, np.zeros((40, 50))], "who": ["a", COLOURS]})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (tree(), "<1×1 struct with fields: b, names, mix>"),
        (RUNS, "<1×2 struct with fields: id, who>"),
        (StructArray.scalar(**dict.fromkeys("abcdefg", 1.0)),
         "<1×1 struct with fields: a, b, c, d, e, ...>"),
        (COLOURS, "<1×3 categorical: red, blue>"),
        (Table({"A": np.zeros((9, 1)), "B": np.zeros((9, 300))}, []), "<9×2 table: A, B>"),
        (SPARSE, "<3×4 sparse float64, 2 stored>"),
        (ObjectArray("my.Thing", (1, 2), []), "<1×2 my.Thing>"),
    ],
)  # fmt: skip
def test_a_prompt_shows_a_line(value: Any, text: str) -> None:
    assert repr(value) == text


@pytest.mark.parametrize(
    ("value", "cells"),
    [
        (tree(), ["b", "1×1", "struct"]),
        (StructArray.scalar(x=THREE, bad=DAMAGED), ["x", "1×1", "double", "3"]),
        (RUNS, ["40×50 double", "1×3 categorical"]),
        (COLOURS, ["red", "2", "&lt;undefined&gt;", "1"]),
        (Table({"A": np.zeros((9, 1))}, []), ["A", "9×1", "double"]),
        (MatObject("my.Thing", lambda: {"Name": "x<y"}), ["Name", "char", "&#x27;x&lt;y&#x27;"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_notebook_shows_names_sizes_and_classes(value: Any, cells: list[str]) -> None:
    shown = value._repr_html_()
    assert all(f">{cell}</t" in shown for cell in cells)


def test_a_damaged_object_is_shown_as_that() -> None:
    assert "40 bytes are not 9 numbers" in MatObject("my.Thing", DAMAGED.get)._repr_html_()


def test_an_object_is_copied_without_the_file_that_it_is_decoded_from() -> None:
    """Which may be a view of memory, that cannot be copied."""
    file, loaded = memoryview(b"abc"), []

    def load() -> dict[str, Any]:
        loaded.append(len(file))
        return {"Size": np.ones((1, 2))}

    made = MatObject("mine.Strategy", load)
    twin = copy.deepcopy(made)
    assert loaded == []
    twin.properties["Size"][0, 0] = 5
    for other in (copy.deepcopy(twin), pickle.loads(pickle.dumps(twin))):
        assert other.class_name == "mine.Strategy"
        np.testing.assert_array_equal(other.properties["Size"], [[5, 1]])
    np.testing.assert_array_equal(made.properties["Size"], [[1, 1]])
    unread = pickle.loads(pickle.dumps(MatObject("mine.Strategy", load)))
    np.testing.assert_array_equal(unread.properties["Size"], [[1, 1]])
