"""Layouts of parameters, and dimensions that MATLAB dropped. Expected values: by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matlab_compat import Layer
from matlab_compat.arrays import as_vector, restored
from matlab_compat.errors import PropertyError, UsageError
from matlab_compat.layers.learnables import Layout, Learnable, fitted

SIZES = st.lists(st.integers(1, 4), min_size=4, max_size=4).map(tuple)


@given(SIZES, st.permutations(range(4)))
def test_from_torch_undoes_to_torch(size: tuple[int, ...], axes: list[int]) -> None:
    layout = Layout("weight", f"a b c d -> {' '.join('abcd'[axis] for axis in axes)}")
    array = np.asfortranarray(np.arange(math.prod(size)).reshape(size))
    there = layout.to_torch(array)
    back = layout.from_torch(there, size)
    assert there.flags.c_contiguous
    assert back.flags.f_contiguous
    assert there.shape == tuple(size[a] for a in axes)
    np.testing.assert_array_equal(back, array)


@given(SIZES)
def test_flat_layout_is_column_major(size: tuple[int, ...]) -> None:
    layout = Layout("bias")
    array = np.asfortranarray(np.arange(math.prod(size)).reshape(size))
    there = layout.to_torch(array)
    assert there.tolist() == array.flatten(order="F").tolist()
    np.testing.assert_array_equal(layout.from_torch(there, size), array)


def test_where_each_element_goes() -> None:
    array = np.arange(120).reshape(2, 3, 4, 5)
    there = Layout("weight", "h w C F -> F C h w").to_torch(array)
    assert there[4, 3, 1, 2] == array[1, 2, 3, 4]


def test_joined_dimensions_come_apart_again_the_first_slowest() -> None:
    layout = Layout("weight", "h w C F G -> (G F) C h w")
    array = np.asfortranarray(np.arange(720).reshape(3, 2, 5, 4, 6))
    there = layout.to_torch(array)
    assert there.shape == (24, 5, 3, 2)
    assert there[2 * 4 + 3, 4, 1, 0] == array[1, 0, 4, 3, 2]
    np.testing.assert_array_equal(layout.from_torch(there, array.shape), array)


def test_a_layout_reads_as_its_sizes() -> None:
    assert str(Layout("weight", "h  w C F G->(G F) C h w")) == (
        "MATLAB's h×w×C×F×G is torch's weight, (G×F)×C×h×w"
    )
    assert str(Layout("bias")) == "A vector, torch's bias"


@pytest.mark.parametrize(
    "axes",
    ["h w", "h w -> h", "h w -> w h h", "h h -> h h", "h w -> (w h", "h w -> w h)", "-> h"],
)
def test_a_layout_names_each_dimension_once_on_both_sides(axes: str) -> None:
    with pytest.raises(UsageError, match="is no layout"):
        Layout("weight", axes)


@given(SIZES)
def test_trailing_dimensions_that_matlab_dropped_come_back(size: tuple[int, ...]) -> None:
    kept = size
    while len(kept) > 2 and kept[-1] == 1:
        kept = kept[:-1]
    array = np.arange(math.prod(size)).reshape(kept)
    full = restored(array, (*size[:3], None))
    assert full is not None
    np.testing.assert_array_equal(full, array.reshape(size))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((6,), (2, 3)), ((3, 2), (2, 3)), ((2, 3), (2, 3, 4)), ((2, 3, 4), (2, 3)), ((), (2,))],
)
def test_nothing_else_is_reshaped(size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    assert restored(np.ones(size), wanted) is None


@pytest.mark.parametrize("size", [(3,), (1, 3), (3, 1), (1, 1, 3), (1, 3, 1, 1)])
def test_a_vector_of_any_orientation(size: tuple[int, ...]) -> None:
    vector = as_vector(np.arange(3).reshape(size), (1, 1, 3))
    assert vector is not None
    assert vector.shape == (1, 1, 3)
    assert vector.ravel().tolist() == [0, 1, 2]


@pytest.mark.parametrize("size", [(2, 2), (3,), (5,)])
def test_no_such_vector(size: tuple[int, ...]) -> None:
    assert as_vector(np.ones(size), (1, 1, 4)) is None


@pytest.mark.parametrize(
    ("dims", "axes"), [(1, "k C F -> F C k"), (2, "h w C F -> F C h w"), (3, "h w d C -> C h w d")]
)
def test_dots_of_a_layout_are_the_dimensions_of_the_class(dims: int, axes: str) -> None:
    class Filters(Layer, dims=dims):
        """Filters."""

        Weights = Learnable(
            "Weight", Layout("weight", "... C F -> F C ..." if dims < 3 else "... C -> C ...")
        )

    assert Filters.parameters()["Weights"].layout == Layout("weight", axes)


def test_a_parameter_gets_back_the_dimensions_that_matlab_drops() -> None:
    assert fitted("Weights", np.ones((3, 2)), (3, None, 1), "this needs").shape == (3, 2, 1)


def test_a_vector_fits_in_any_orientation() -> None:
    assert fitted("Bias", np.ones((1, 4)), (None, 1), "this needs", vector=True).shape == (4, 1)


def test_a_parameter_of_another_size_is_refused() -> None:
    with pytest.raises(PropertyError, match="Weights is 3×2, but OutputSize 4 needs 4×C") as caught:
        fitted("Weights", np.ones((3, 2)), (4, None), "OutputSize 4 needs", unknown="C", remedy="r")
    assert (caught.value.where, caught.value.remedy) == (("Weights",), "r")
