"""The comparison of two arrays. Expected values: by hand, on arrays small enough for it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from matlab_compat.errors import NothingToCompareError, UsageError
from matlab_compat.parity import Tolerance, compare
from matlab_compat.parity.compare import EPS, LAYER_BOUND

Array = NDArray[Any]
NAN, INF = math.nan, math.inf


def row(*values: float) -> Array:
    return np.array([values], np.float64)


def test_every_field() -> None:
    # Differences 0, 0, 0.5, 0; eps * magnitude = 0.25 * [1 2 4 8] = [.25 .5 1 2].
    found = compare(
        np.array([[1, 2, 3, 4]], np.float32),
        row(1, 2, 3.5, 4),
        name="Z",
        eps=0.25,
        magnitude=row(1, 2, 4, 8),
        bound=0.4,
        oracle=row(1, 2, 3.25, 2),
    )
    assert found.name == "Z"
    assert found.verdict == "different"
    assert found.reason == "1 of 4 elements are outside the bound"
    assert found.shape == found.expected_shape == (1, 4)
    assert found.dtype == "float32"
    assert found.max_abs == 0.5
    assert found.mean_abs == 0.125
    assert found.rel_l2 == pytest.approx(0.5 / math.sqrt(1 + 4 + 12.25 + 16))
    assert found.snr_db == pytest.approx(20 * math.log10(math.sqrt(33.25) / 0.5))
    assert found.scaled_error == 0.5
    assert found.bound == 0.4
    assert found.outside == 1
    assert found.elements == 4
    assert found.worst is not None
    assert (found.worst.index, found.worst.actual, found.worst.expected) == ((0, 2), 3, 3.5)
    assert found.nan_actual == found.nan_expected == found.inf_actual == found.inf_expected == 0
    assert found.oracle_actual == 1  # |4 - 2| / 2
    assert found.oracle_expected == 1


def test_within_the_bound() -> None:
    found = compare(row(1, 3), row(1, 3.5), eps=0.25, magnitude=row(1, 4), bound=0.5)
    assert found.verdict == "equal"
    assert found.outside == 0
    assert found.reason == "every element is within the bound"


def test_equal_arrays() -> None:
    found = compare(row(1, 0), row(1, 0))
    assert (found.verdict, found.max_abs, found.rel_l2, found.scaled_error) == ("equal", 0, 0, 0)
    assert found.snr_db == INF


def test_without_magnitude_the_largest_expected_value_stands_in() -> None:
    assert compare(row(1, 8.5), row(1, -8), eps=1, bound=100).scaled_error == 16.5 / 8


def test_the_defaults_are_16_roundings_in_single() -> None:
    assert (LAYER_BOUND, EPS["single"]) == (16, 2**-23)
    one_and = row(1, 1 + 16 * 2**-23)
    assert compare(row(1, 1), one_and, magnitude=row(1, 1)).verdict == "equal"
    one_and = row(1, 1 + 17 * 2**-23)
    assert compare(row(1, 1), one_and, magnitude=row(1, 1)).verdict == "different"


def test_a_difference_where_no_magnitude_allows_one() -> None:
    found = compare(row(1e-30, 1), row(0, 1), magnitude=row(0, 1))
    assert (found.verdict, found.outside, found.scaled_error) == ("different", 1, INF)


@pytest.mark.parametrize("unusable", [NAN, INF, -1])
def test_a_magnitude_that_is_no_number_allows_nothing(unusable: float) -> None:
    assert compare(row(1, 2), row(1, 1), magnitude=row(1, unusable)).verdict == "different"


# --- the worst element ------------------------------------------------------------------


def test_worst_index_in_both_countings() -> None:
    expected = np.ones((12, 7, 3, 2))
    actual = expected.copy()
    actual[11, 6, 2, 0] = 2
    actual[0, 0, 0, 0] = 1.5
    worst = compare(actual, expected).worst
    assert worst is not None
    assert worst.matlab("Y") == "Y(12,7,3,1)"
    assert worst.python("Y") == "Y[11, 6, 2, 0]"


def test_worst_is_the_farthest_by_the_rule_not_by_the_difference() -> None:
    found = compare(row(101, 1.5), row(100, 1), magnitude=row(1000, 1))
    assert found.worst is not None
    assert found.worst.index == (0, 1)


def test_worst_is_a_nan_on_one_side() -> None:
    found = compare(row(5, NAN), row(1, 1))
    assert found.worst is not None
    assert found.worst.index == (0, 1)
    assert math.isnan(found.worst.actual.real)


# --- tolerances -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("atol", "rtol", "verdict"),
    [(0.5, 0, "equal"), (0.49, 0, "different"), (0, 0.125, "equal"), (0.1, 0.1, "equal")],
)
def test_a_tolerance_replaces_the_bound(atol: float, rtol: float, verdict: str) -> None:
    # |3.5 - 4| = 0.5 against atol + rtol * 4
    assert compare(row(1, 3.5), row(1, 4), tolerance=Tolerance(atol, rtol)).verdict == verdict


def test_a_tolerance_of_0_allows_nothing_but_equality() -> None:
    assert compare(row(1, 2), row(1, 2), tolerance=Tolerance()).verdict == "equal"
    assert compare(row(1, 2 + 1e-15), row(1, 2), tolerance=Tolerance()).verdict == "different"


@pytest.mark.parametrize("value", [-1, NAN, INF])
def test_a_tolerance_that_would_allow_anything_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="atol and rtol"):
        Tolerance(atol=value)
    with pytest.raises(UsageError, match="atol and rtol"):
        Tolerance(rtol=value)


# --- NaN and Inf ------------------------------------------------------------------------


def test_nan_and_inf_are_counted_apart() -> None:
    found = compare(row(1, NAN, NAN, INF, -INF), row(1, NAN, 3, INF, INF))
    assert (found.nan_actual, found.nan_expected) == (2, 1)
    assert (found.inf_actual, found.inf_expected) == (2, 2)
    assert found.outside == 2  # NaN against 3, -Inf against Inf
    assert found.reason.endswith("2 of them NaN or Inf on one side only")
    assert found.verdict == "different"


def test_nan_and_inf_on_both_sides_are_alike() -> None:
    found = compare(row(1, NAN, INF, -INF), row(1, NAN, INF, -INF))
    assert (found.verdict, found.max_abs) == ("equal", 0)


@pytest.mark.parametrize(("actual", "expected"), [(NAN, 1), (1, NAN), (INF, 1), (1, INF)])
def test_nan_or_inf_on_one_side_is_different(actual: float, expected: float) -> None:
    assert compare(row(2, actual), row(2, expected)).verdict == "different"
    loose = Tolerance(atol=1e300)
    assert compare(row(2, actual), row(2, expected), tolerance=loose).verdict == "different"


def test_distances_are_over_what_is_finite_on_both_sides() -> None:
    found = compare(row(1, 3, NAN, INF), row(1, 4, NAN, INF))
    assert found.max_abs == 1
    assert found.mean_abs == 0.5
    assert found.rel_l2 == pytest.approx(1 / math.sqrt(17))


def test_there_is_no_distance_where_nothing_is_finite_on_both_sides() -> None:
    found = compare(row(NAN, NAN), row(1, 2))
    assert found.verdict == "different"
    assert math.isnan(found.max_abs)
    assert math.isnan(found.mean_abs)
    assert math.isnan(found.rel_l2)


# --- vacuous comparisons ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (np.zeros((0, 3)), np.ones((1, 3))),
        (np.ones((1, 3)), np.zeros((3, 0))),
        (np.zeros((0, 0)), np.zeros((0, 0))),
        (row(1, 2), row(NAN, NAN)),
        (row(NAN, NAN), row(NAN, NAN)),
        (row(INF, NAN), row(INF, NAN)),
        (row(0, 0), row(0, 0)),
    ],
    ids=["nothing here", "nothing there", "nothing", "NaN there", "NaN", "Inf", "zero"],
)
def test_a_vacuous_comparison_is_refused(actual: Array, expected: Array) -> None:
    with pytest.raises(NothingToCompareError, match="Nothing to compare"):
        compare(actual, expected)


def test_zero_against_something_is_no_vacuous_comparison() -> None:
    assert compare(row(0, 0), row(0, 1)).verdict == "different"
    assert compare(row(0, 1), row(0, 0)).verdict == "different"


# --- shapes -----------------------------------------------------------------------------


def test_shapes_that_differ() -> None:
    found = compare(np.ones((2, 3)), np.ones((3, 2)))
    assert found.verdict == "different"
    assert found.reason == "the computed output is 2×3, the expected one 3×2"
    assert (found.shape, found.expected_shape) == ((2, 3), (3, 2))
    assert found.worst is None
    assert found.max_abs == INF


def test_dropped_trailing_dimensions_are_the_same_shape() -> None:
    found = compare(np.ones((2, 3, 1, 1)), np.ones((2, 3)))
    assert (found.verdict, found.shape) == ("equal", (2, 3, 1, 1))


def test_nothing_else_is_reshaped() -> None:
    assert compare(np.ones((1, 6)), np.ones((6, 1))).verdict == "different"
    assert compare(np.ones((1, 2, 3)), np.ones((2, 3))).verdict == "different"


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.uint8, bool])
def test_any_class_can_be_compared(kind: type) -> None:
    assert compare(np.ones((1, 2), kind), row(1, 1)).verdict == "equal"
    assert compare(row(1, 0), np.ones((1, 2), kind)).verdict == "different"


def test_memory_order_does_not_matter() -> None:
    array = np.random.default_rng(0).standard_normal((3, 4, 5))
    assert compare(np.asfortranarray(array), array[::-1][::-1]).verdict == "equal"


def test_inputs_are_not_changed() -> None:
    actual, expected = row(1, NAN, 3), row(1, NAN, 4)
    compare(actual, expected)
    np.testing.assert_array_equal(actual, row(1, NAN, 3))
    np.testing.assert_array_equal(expected, row(1, NAN, 4))


# --- JSON -------------------------------------------------------------------------------


def test_json_has_the_fields_and_no_infinities() -> None:
    found = compare(row(1, INF), row(1, 2)).to_json()
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    assert found["shape"] == [1, 2]
    assert found["verdict"] == "different"
    assert found["worst"] == {
        "index": [0, 1],
        "actual": "Infinity",
        "expected": 2,
        "matlab_index": [1, 2],
        "matlab": "Y(1,2)",
        "python": "Y[0, 1]",
    }


def test_json_of_shapes_that_differ() -> None:
    found = compare(row(1, 2), row(1)).to_json()
    json.dumps(found, allow_nan=False)
    assert found["max_abs"] == "Infinity"
    assert found["snr_db"] == "-Infinity"
    assert found["worst"] is None
