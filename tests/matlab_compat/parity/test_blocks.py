"""Comparisons in blocks. Expected values: numpy on the whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matlab_compat.parity import Tolerance, blocks, compare, keeping_arrays
from matlab_compat.parity.blocks import Blocks, Farthest, places

Array = NDArray[Any]
SHAPE = (9, 8, 7, 2)
EPS = 2.0**-23


@given(st.lists(st.integers(1, 6), max_size=4).map(tuple), st.integers(1, 50))
def test_every_element_is_in_one_block_and_none_is_too_large(
    shape: tuple[int, ...], most: int
) -> None:
    seen = np.zeros(shape, int)
    for place in places(shape, most):
        assert np.size(seen[place]) <= most
        seen[place] += 1
    assert (seen == 1).all()


@given(
    st.lists(st.integers(1, 5), max_size=4).map(tuple),
    st.permutations(range(4)),
    st.integers(0, 2**32 - 1),
)
def test_the_farthest_is_the_first_that_numpy_finds(
    shape: tuple[int, ...], order: list[int], seed: int
) -> None:
    axes = [axis for axis in order if axis < len(shape)]
    values = np.random.default_rng(seed).integers(0, 3, [shape[axis] for axis in axes])
    values = values.transpose(np.argsort(axes)) if axes else values  # any order of memory
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 7)
        whole = Blocks(values)
        farthest = Farthest(whole)
        for place, (block,) in whole:
            farthest.see(place, block)
    assert farthest.value == values.max()
    assert farthest.index == np.unravel_index(values.argmax(), shape)


def sides(order: str) -> tuple[Array, Array, Array]:
    """Actual and expected, single, and the oracle: apart by some roundings."""
    random = np.random.default_rng(5)
    oracle = random.standard_normal(SHAPE)
    actual = oracle + EPS * random.standard_normal(SHAPE)
    expected = oracle + 5 * EPS * random.standard_normal(SHAPE)
    arranged = np.asarray(actual, np.float32, order=order)  # type: ignore[call-overload]
    return arranged, np.asfortranarray(expected, np.float32), oracle


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("bound", [100.0, 2.0])  # all within; many outside
@pytest.mark.parametrize("each", [False, True])
def test_figures_are_those_of_the_whole_arrays(
    monkeypatch: pytest.MonkeyPatch, order: str, bound: float, each: bool
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 50)
    actual, expected, oracle = sides(order)
    magnitude: Any = 1 + np.abs(oracle) if each else 2.5
    found = compare(actual, expected, oracle=oracle, magnitude=magnitude, bound=bound)
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    off = np.abs(a - e)
    assert found.max_abs == off.max()
    assert found.mean_abs == pytest.approx(off.mean(), rel=1e-12)
    relative = np.linalg.norm(off) / np.linalg.norm(e)
    assert found.rel_l2 == pytest.approx(relative, rel=1e-12)
    scaled = off / (EPS * magnitude)
    assert found.scaled_error == scaled.max()
    assert found.outside == (scaled > bound).sum()
    assert found.worst is not None
    assert found.worst.index == np.unravel_index(scaled.argmax(), SHAPE)
    assert found.oracle_actual == (np.abs(a - oracle) / (EPS * magnitude)).max()
    assert found.oracle_expected == (np.abs(e - oracle) / (EPS * magnitude)).max()


def test_a_tolerance_and_what_is_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 50)
    actual, expected, _ = sides("C")
    actual[3, 2, 1, 0] = expected[3, 2, 1, 0] = np.nan
    actual[0, 0, 5, 1] = np.inf
    found = compare(actual, expected, tolerance=Tolerance(atol=5 * EPS))
    off = np.abs(actual.astype(np.float64) - expected)
    finite = off[np.isfinite(off)]
    assert found.max_abs == finite.max()
    assert found.mean_abs == pytest.approx(finite.mean(), rel=1e-12)
    assert found.outside == (finite > 5 * EPS).sum() + 1
    assert found.worst is not None
    assert found.worst.index == (0, 0, 5, 1)
    assert (found.nan_actual, found.nan_expected, found.inf_actual) == (1, 1, 1)


def test_what_is_kept_for_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 50)
    actual, expected, _ = sides("C")
    with keeping_arrays():
        found = compare(actual, expected, magnitude=2.5, bound=2).arrays
    assert found is not None
    off = np.abs(actual.astype(np.float64) - expected)
    np.testing.assert_array_equal(found.violation, off / (EPS * 2.5) / 2)
    assert found.actual.flags.f_contiguous  # as writers want them
    np.testing.assert_array_equal(found.actual, actual)
