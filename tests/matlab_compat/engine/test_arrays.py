"""Arrays on the way into torch and back. Expected values: numpy; "no copy" is shared memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat.data_format import DataFormat
from matlab_compat.engine.arrays import array, as_data, map_spatial, tensor
from matlab_compat.errors import DataFormatError

from ..reference import Array


def numbers(*size: int) -> Array:
    return np.random.default_rng(0).standard_normal(size).astype(np.float32)


def shares(result: torch.Tensor, source: Array) -> bool:
    return np.shares_memory(result.numpy(), source)


def test_a_column_major_array_reversed_enters_without_a_copy() -> None:
    data = np.asfortranarray(numbers(4, 5, 3, 2))
    entered = tensor(data.T, None, None)
    assert entered.is_contiguous()
    assert shares(entered, data)


def test_a_strided_view_enters_without_a_copy() -> None:
    data = numbers(8, 6)
    assert shares(tensor(data[::2, 1:], None, None), data)


def read_only(data: Array) -> Array:
    data = data.copy()
    data.flags.writeable = False
    return data


@pytest.mark.parametrize(
    "change",
    [
        read_only,
        lambda data: data[::-1, ::-2],
        lambda data: data.astype(">f4"),
        lambda data: data.astype(np.longdouble),
        lambda data: np.broadcast_to(data[:1], (4, 6)),
        lambda data: data.astype([("a", "u1"), ("b", "f4")])["b"],
    ],
    ids=["read-only", "reversed", "big-endian", "long double", "broadcast", "record"],
)
def test_memory_that_torch_does_not_take_is_copied(change: Callable[[Array], Array]) -> None:
    data = change(numbers(4, 6))
    np.testing.assert_array_equal(tensor(data, None, "double").numpy(), data.astype(np.float64))


@pytest.mark.parametrize(
    ("dtype", "expected"), [(None, torch.float32), ("double", torch.float64), ("half", torch.half)]
)
def test_dtype(dtype: Any, expected: torch.dtype) -> None:
    assert tensor(numbers(2, 2), None, dtype).dtype == expected


def test_bfloat16_comes_back_as_single() -> None:
    back = array(torch.tensor([1.5], dtype=torch.bfloat16))
    assert back.dtype == np.float32
    assert back.tolist() == [1.5]


def test_results_that_require_gradients_come_back() -> None:
    assert array(torch.ones(2, requires_grad=True) * 2).tolist() == [2, 2]


@pytest.mark.parametrize("value", [[[1, 2]], np.ones((1, 2), bool), torch.ones(1, 2)])
def test_data_may_be_anything_that_is_an_array(value: object) -> None:
    assert as_data(value).shape == (1, 2)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((0, 4)), "The mask is empty \\(0×4\\)"),
        (1j, "The mask must be a real numeric array, not complex"),
        ("text", "The mask must be a real numeric array, not of class str\\."),
        (None, "The mask must be a real numeric array, not of class NoneType\\."),
        ([[1], [2, 3]], "The mask must be a real numeric array"),
    ],
)
def test_what_is_no_data_is_refused(value: object, said: str) -> None:
    with pytest.raises(DataFormatError, match=said):
        as_data(value, "mask")


@pytest.mark.parametrize(
    ("labels", "spatial", "size"),
    [
        ("SSCB", "SS", (4, 5, 3, 2)),
        ("SSC", "SS", (4, 5, 3, 1)),
        ("SSCBT", "SS", (4, 5, 3, 2 * 6)),
        ("SCBT", "ST", (4, 6, 3, 2)),
        ("SCT", "ST", (4, 6, 3, 1)),
        ("BTCS", "ST", (4, 6, 3, 2)),
        ("TBCSS", "SS", (4, 5, 3, 2 * 6)),
    ],
)
def test_the_function_sees_the_worked_dimensions_channel_and_all_others_in_one(
    labels: str, spatial: str, size: tuple[int, ...]
) -> None:
    seen = []

    def negative(folded: Array) -> Array:
        seen.append(folded.shape)
        return -folded

    sizes = {"S": [4, 5], "C": [3], "B": [2], "T": [6]}
    data = numbers(*(sizes[label].pop(0) for label in labels))
    result = map_spatial(data, DataFormat.parse(labels), spatial, negative)
    assert seen == [size]
    np.testing.assert_array_equal(result, -data)
