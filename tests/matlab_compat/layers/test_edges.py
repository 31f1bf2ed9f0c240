"""Padding and cropping as MATLAB writes them; expected values: the table of the module."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matlab_compat.errors import PropertyError
from matlab_compat.layers.edges import (
    edge_pairs,
    edge_properties,
    edge_sizes,
    edge_text,
    edges_of,
)

SIDES = st.tuples(st.integers(0, 9), st.integers(0, 9))


@given(st.lists(SIDES, min_size=1, max_size=3).map(tuple))
def test_pairs_and_sizes_are_inverse(pairs: tuple[tuple[int, int], ...]) -> None:
    assert edge_pairs(edges_of(pairs), len(pairs)) == pairs


@pytest.mark.parametrize(
    ("sizes", "pairs"),
    [
        ((1, 2), ((1, 2),)),
        ((1, 2, 3, 4), ((1, 2), (3, 4))),
        (((1, 2, 3), (4, 5, 6)), ((1, 4), (2, 5), (3, 6))),
    ],
)
def test_order_of_the_edges(sizes: Any, pairs: Any) -> None:
    assert edge_pairs(sizes, len(pairs)) == pairs


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_not_set_is_nothing(dims: int) -> None:
    assert edge_sizes(dims)(np.zeros((0, 0))) is None
    assert edge_pairs(None, dims) == ((0, 0),) * dims


@pytest.mark.parametrize(
    "value",
    [np.ones((3, 2)), [1, 0, 0, 0, 0, 0], [1, 2, 3], "same", -1, [[1, 2, 3], [4, 5, 0.5]]],
)
def test_a_matrix_property_refuses(value: object) -> None:
    with pytest.raises(ValueError, match="must be a 2×3 matrix"):
        edge_sizes(3)(value)


@pytest.mark.parametrize(
    ("row", "pairs"),
    [
        ([1, 1, 1, 1, 1, 1], ((1, 1), (1, 1), (1, 1))),
        ([1, 1, 0, 0, 2, 2], ((1, 1), (0, 0), (2, 2))),  # only [t b l r f k] has equal opposites
        ([1, 0, 2, 1, 0, 2], ((1, 1), (0, 0), (2, 2))),  # only [t l f b r k]
    ],
)
@pytest.mark.parametrize("shape", [(6,), (1, 6), (6, 1)])
def test_six_numbers_in_a_row_are_read_where_opposite_edges_are_alike(
    row: list[int], pairs: Any, shape: tuple[int, ...]
) -> None:
    """The rule is settled by that alone: no real file with unequal edges is known."""
    assert edge_pairs(edge_sizes(3)(np.reshape(np.float64(row), shape)), 3) == pairs


@pytest.mark.parametrize("row", [[0, 1, 0, 1, 0, 1], [1, 2, 3, 3, 2, 1], [1, 1, 1, 0, 0, 0]])
def test_six_numbers_of_an_unknown_order_are_refused(row: list[int]) -> None:
    with pytest.raises(ValueError, match="not known which edge each is for"):
        edge_sizes(3)(np.float64([row]))


def test_the_argument_takes_no_six_numbers_in_a_row() -> None:
    with pytest.raises(PropertyError, match=r"\[t l f; b r k\]; got \[1, 1, 1, 1, 1, 1\]"):
        edge_properties("Padding", 3, [1, 1, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("sizes", "text"),
    [((0, 1), "[0  1]"), (((1, 1, 1), (0, 0, 2)), "[1  1  1; 0  0  2]"), (None, "[]")],
)
def test_text_in_a_row(sizes: Any, text: str) -> None:
    assert edge_text(sizes) == text


@pytest.mark.parametrize("modes", [("same",), ("same", "causal")])
def test_an_unknown_mode_names_the_known_ones(modes: tuple[str, ...]) -> None:
    with pytest.raises(PropertyError) as caught:
        edge_properties("Padding", 1, "valid", modes)
    for mode in modes:
        assert f"'{mode}'" in caught.value.what
