"""What the figures show. Expected values: written out for arrays small enough to count."""

from __future__ import annotations

import numpy as np

from matlab_compat.parity import compare, keeping_arrays
from matlab_compat.parity.reports import shown
from tests.matlab_compat.parity.reports.samples import comparison


def test_arrays_are_kept_only_on_request() -> None:
    assert compare(np.ones((2, 2)), np.ones((2, 2))).arrays is None
    assert comparison().arrays is not None


def test_the_worst_slice_goes_through_the_worst_element_in_height_and_width() -> None:
    found = shown.worst_slice(comparison(off=7.0))
    assert found is not None
    assert found.name == "Y(:,:,2,1)"
    assert found.worst == (1, 2)
    assert found.expected.tolist() == [[13, 17, 21], [14, 18, 22], [15, 19, 23], [16, 20, 24]]
    assert found.actual[1, 2] == 22 + 7


def test_where_an_image_is_one_pixel_high_the_longest_dimensions_are_shown() -> None:
    values = np.arange(1.0, 16).reshape(1, 1, 5, 3)
    with keeping_arrays():
        found = shown.worst_slice(compare(values, values))
    assert found is not None
    assert found.name == "Y(1,1,:,:)"
    assert found.actual.shape == (5, 3)


def test_a_large_slice_keeps_the_worst_of_each_block() -> None:
    expected = np.ones((shown.MOST_PIXELS * 2, shown.MOST_PIXELS))
    actual = expected.copy()
    actual[7, 9] = 3.0
    with keeping_arrays():
        found = shown.worst_slice(compare(actual, expected))
    assert found is not None
    assert (found.step, found.worst) == (2, (3, 4))
    assert found.violation.shape == (shown.MOST_PIXELS, shown.MOST_PIXELS // 2)
    assert np.argwhere(found.violation).tolist() == [[3, 4]]


def test_sizes_that_differ_have_no_slice() -> None:
    with keeping_arrays():
        assert shown.worst_slice(compare(np.ones((2, 2)), np.ones((2, 3)))) is None


def test_decades_count_every_finite_difference() -> None:
    expected = np.ones((1, 6))
    actual = expected + np.array([[0, 0, 0.5, 5e-3, 2e-3, np.nan]])
    with keeping_arrays():
        arrays = compare(actual, expected).arrays
    assert arrays is not None
    bars = [(bar.exponent, bar.count) for bar in shown.decades(arrays)]
    assert bars == [(None, 2), (-3, 2), (-2, 0), (-1, 1)]


def test_the_scatter_has_the_elements_that_differ_and_says_which_are_outside() -> None:
    arrays = comparison(off=0.25).arrays
    assert arrays is not None
    found = shown.scatter(arrays)
    assert (found.magnitude.tolist(), found.difference.tolist()) == ([22.0], [0.25])
    assert found.outside.tolist() == [True]
    assert found.of == 24


def test_a_sample_of_many_points_has_the_largest_difference() -> None:
    expected = np.arange(1.0, 20001)
    actual = expected + 1e-3
    actual[12345] += 5
    with keeping_arrays():
        arrays = compare(actual.reshape(-1, 1), expected.reshape(-1, 1)).arrays
    assert arrays is not None
    found = shown.scatter(arrays)
    assert found.difference.size <= shown.MOST_POINTS + 1
    assert abs(found.difference.max() - 5.001) < 1e-9
