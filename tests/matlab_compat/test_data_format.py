"""Dimension labels. Expected values: MATLAB's order of labels (S, C, B, T, U), by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matlab_compat.data_format import DataFormat, dlarray
from matlab_compat.errors import DataFormatError

FORMATS = st.sampled_from(["SSCB", "SSC", "SSCBT", "SCBT", "CBT", "CB", "SSSCB", "UU", "SSCU"])


@pytest.mark.parametrize("text", ["sscb", "SSCB", "SsCb"])
def test_case_does_not_matter(text: str) -> None:
    assert DataFormat.parse(text).labels == "SSCB"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be text such as 'SSCB'"),
        (None, "must be text such as 'SSCB', not None"),
        (4, "not 4"),
        ("SSQB", "unknown label 'Q'"),
        ("SS CB", "unknown label ' '"),
        ("SSCC", "'C' more than once"),
        ("BSSCB", "'B' more than once"),
        ("CTT", "'T' more than once"),
    ],
)
def test_refused_with_a_remedy(text: object, said: str) -> None:
    with pytest.raises(DataFormatError, match=said) as caught:
        DataFormat.parse(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("labels", "canonical", "order"),
    [
        ("SSCB", "SSCB", (0, 1, 2, 3)),
        ("BCSS", "SSCB", (2, 3, 1, 0)),
        ("TBSC", "SCBT", (2, 3, 1, 0)),
        ("UCS", "SCU", (2, 1, 0)),
    ],
)
def test_canonical_order(labels: str, canonical: str, order: tuple[int, ...]) -> None:
    form = DataFormat.parse(labels)
    assert form.canonical == canonical
    assert form.order == order


def test_dropped_dimensions_are_put_back() -> None:
    form = DataFormat.parse("SSCB")
    assert form.expanded(np.ones((4, 5))).shape == (4, 5, 1, 1)
    assert form.expanded(np.float32(3)).shape == (1, 1, 1, 1)  # type: ignore[arg-type]


def test_surplus_dimensions_of_size_1_are_dropped() -> None:
    assert DataFormat.parse("CB").expanded(np.ones((4, 5, 1, 1))).shape == (4, 5)


def test_more_dimensions_than_labels_are_refused() -> None:
    with pytest.raises(DataFormatError, match=r"4×5×3×2 but the format 'SSC' labels 3 dim"):
        DataFormat.parse("SSC").expanded(np.ones((4, 5, 3, 2)))


def test_one_label_is_one_dimension() -> None:
    with pytest.raises(DataFormatError, match="labels 1 dimension"):
        DataFormat.parse("C").expanded(np.ones((4, 5)))


def test_to_canonical_is_a_view_of_the_same_elements() -> None:
    data = np.arange(24).reshape(2, 3, 4)  # T, C, S
    moved = DataFormat.parse("TCS").to_canonical(data)  # S, C, T
    assert moved.shape == (4, 3, 2)
    assert np.shares_memory(moved, data)
    assert moved[3, 1, 0] == data[0, 1, 3]


@given(FORMATS.flatmap(st.permutations))
def test_from_canonical_undoes_to_canonical(labels: list[str]) -> None:
    form = DataFormat.parse("".join(labels))
    sizes = (3, 2, 4, 5, 6)[: len(labels)]
    data = np.arange(math.prod(sizes)).reshape(sizes)
    np.testing.assert_array_equal(form.from_canonical(form.to_canonical(data)), data)


def test_torch_order_is_batch_channel_space_time() -> None:
    data = np.arange(120).reshape(2, 3, 4, 5)  # S, S, C, B
    moved = DataFormat.parse("SSCB").to_torch(data)
    assert moved.shape == (5, 4, 2, 3)
    assert moved[4, 3, 1, 2] == data[1, 2, 3, 4]


def test_torch_data_always_has_a_batch() -> None:
    assert DataFormat.parse("SSC").to_torch(np.ones((2, 3, 4))).shape == (1, 4, 2, 3)


@given(FORMATS.filter(lambda labels: "U" not in labels).flatmap(st.permutations))
def test_from_torch_undoes_to_torch(labels: list[str]) -> None:
    form = DataFormat.parse("".join(labels))
    sizes = (3, 2, 4, 5, 6)[: len(labels)]
    data = np.arange(math.prod(sizes)).reshape(sizes)
    back, named = form.from_torch(form.to_torch(data), form.batched)
    assert named == form.labels
    np.testing.assert_array_equal(back, data)


def test_dlarray_keeps_data_in_the_order_of_matlab() -> None:
    data = np.arange(24).reshape(2, 3, 4)
    labelled = dlarray(data, "CBS")
    assert labelled.dims() == "SCB"
    assert labelled.shape == (4, 2, 3)
    np.testing.assert_array_equal(labelled.extractdata(), data.transpose(2, 0, 1))
    np.testing.assert_array_equal(np.asarray(labelled), data.transpose(2, 0, 1))
