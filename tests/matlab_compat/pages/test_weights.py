"""Statistics of arrays. Expected values: numpy's functions, in double."""

from __future__ import annotations

import numpy as np
import pytest

from matlab_compat.pages import weights
from matlab_compat.pages.weights import histogram, statistics


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, bool])
def test_statistics_are_those_of_all_elements(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_CHUNK", 100)
    x = (np.random.default_rng(0).standard_normal((30, 41)) * 3).astype(dtype)
    wide = x.astype(np.float64)
    found = statistics(x)
    assert (found.least, found.most) == (wide.min(), wide.max())
    assert [found.mean, found.deviation] == pytest.approx([wide.mean(), wide.std()])
    assert found.zeros == (wide == 0).sum()
    assert sum(found.counts) == x.size
    assert list(found.counts) == list(np.histogram(wide, 24)[0])


def test_what_is_not_finite_is_counted_apart() -> None:
    found = statistics(np.array([1, np.nan, 3, -np.inf]))
    assert (found.least, found.mean, found.most, found.not_finite) == (1, 2, 3, 2)


@pytest.mark.parametrize("x", [np.full(3, np.nan), np.empty((0, 3))])
def test_of_nothing_there_is_nothing_to_draw(x: np.ndarray) -> None:
    assert np.isnan(statistics(x).mean)
    assert histogram(statistics(x)) == ""


@pytest.mark.parametrize("x", [np.full(5, 2.0), np.array([-1.7e308, 1.7e308])])
def test_a_spread_that_cannot_be_divided_is_one_bar(x: np.ndarray) -> None:
    assert sum(count > 0 for count in statistics(x).counts) == 1
    assert "<path" in histogram(statistics(x))


def test_complex_numbers_count_by_their_magnitudes() -> None:
    assert statistics(np.array([3 + 4j, 0])).most == 5
