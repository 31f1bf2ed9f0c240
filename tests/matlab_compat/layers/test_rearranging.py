"""Permute, reshape, complex and real.

Expected values: numpy's transpose and column-major reshape on arrays in MATLAB's order; parts of
complex numbers interleaved by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError, UnsupportedLayerError

from ..filter_reference import normal


def test_permute_exchanges_height_and_width() -> None:
    X = normal(3, 4, 2, 5)
    np.testing.assert_array_equal(mc.permuteLayer([2, 1]).predict(X), X.transpose(1, 0, 2, 3))


def test_permute_of_three_spatial_dimensions_leaves_the_rest() -> None:
    X = normal(3, 4, 5, 2, 6)
    Y = mc.permuteLayer([3, 1, 2]).predict(X, "SSSCB")
    np.testing.assert_array_equal(Y, X.transpose(2, 0, 1, 3, 4))
    again = mc.permuteLayer([3, 1, 2, 4, 5]).predict(X, "SSSCB")
    np.testing.assert_array_equal(again, Y)


@pytest.mark.parametrize(
    ("order", "form"), [([3, 2, 1], "SSCB"), ([2, 1], "CBT"), ([1, 3, 2], "SCBT")]
)
def test_permute_refuses_what_moves_labels(order: list[int], form: str) -> None:
    with pytest.raises(UnsupportedLayerError, match="how MATLAB labels the result"):
        mc.permuteLayer(order).predict(normal(*(3, 4, 2, 5)[: len(form)]), form)


@pytest.mark.parametrize("order", [[1, 1], [0, 1], [2, 3], [], "ab"])
def test_permute_takes_permutations_alone(order: object) -> None:
    with pytest.raises(PropertyError, match="permutation of the integers from 1 on"):
        mc.permuteLayer(order)


def test_permute_refuses_more_dimensions_than_there_are() -> None:
    with pytest.raises(DataFormatError, match="does not fit data labelled 'CB'"):
        mc.permuteLayer([1, 2, 3]).predict(normal(2, 3), "CB")


# --- reshape ------------------------------------------------------------------------------------

SPATIAL = {"OperationDimension": "spatial-channel"}


@pytest.mark.parametrize("size", [(6, 2, 4), (6, [], 4), ([], 2, 4), (6, 2, [])])
def test_reshape_is_column_major_for_each_observation(size: Any) -> None:
    X = normal(3, 4, 4, 5)
    Y = mc.reshapeLayer(size, **SPATIAL).predict(X)
    np.testing.assert_array_equal(Y, X.reshape(6, 2, 4, 5, order="F"))


def test_reshape_of_each_time_step() -> None:
    X = normal(6, 4, 3, 5)
    Y = mc.reshapeLayer([8, 3], **SPATIAL).predict(X, "SCBT")
    np.testing.assert_array_equal(Y, X.reshape(8, 3, 3, 5, order="F"))


def test_reshape_refuses_what_is_not_documented() -> None:
    with pytest.raises(UnsupportedLayerError, match="without OperationDimension is not known"):
        mc.reshapeLayer([6, 2, 4]).predict(normal(3, 4, 4, 5))
    with pytest.raises(UnsupportedLayerError, match="2 numbers for the 3 dimensions of space"):
        mc.reshapeLayer([12, 4], **SPATIAL).predict(normal(3, 4, 4, 5))


def test_reshape_refuses_other_numbers_of_elements() -> None:
    with pytest.raises(DataFormatError, match=r"48 elements cannot be reshaped to 5×2×\[\]"):
        mc.reshapeLayer([5, 2, []], **SPATIAL).predict(normal(3, 4, 4, 5))


@pytest.mark.parametrize("size", [[[], [], 3], [0, 2], [1.5], []])
def test_sizes_of_reshape(size: object) -> None:
    with pytest.raises(PropertyError, match="positive integers, at most one of them"):
        mc.reshapeLayer(size, **SPATIAL)


# --- complex and real ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["SSCB", "CBT", "CB"])
def test_real_channels_alternate_real_and_imaginary_parts(form: str) -> None:
    X = normal(*{"SSCB": (3, 4, 6, 2), "CBT": (6, 2, 5), "CB": (6, 2)}[form])
    axis = form.index("C")
    re, im = (X.take(range(start, 6, 2), axis) for start in (0, 1))
    np.testing.assert_array_equal(mc.realToComplexLayer().predict(X, form), re + 1j * im)


def test_a_network_goes_to_complex_and_back() -> None:
    layers = [mc.featureInputLayer(6), mc.realToComplexLayer(), mc.complexToRealLayer()]
    X = normal(6, 3)
    network = mc.dlnetwork(layers)
    np.testing.assert_array_equal(network.predict(X, data_format="CB"), X.T)
    parts = network.activations(X, "realtocomplex", data_format="CB")
    np.testing.assert_array_equal(parts, X[::2] + 1j * X[1::2])


def test_real_data_has_imaginary_parts_of_zero() -> None:
    Y = mc.complexToRealLayer().predict(normal(2, 3), "CB")
    np.testing.assert_array_equal(Y[1::2], 0)
    np.testing.assert_array_equal(Y[::2], normal(2, 3))


def complex_numbers(*size: int) -> Any:
    return normal(*size) + 1j * normal(*size)


def test_complex_channels_become_real_and_imaginary_parts_in_turn() -> None:
    X = complex_numbers(2, 3)
    Y = mc.complexToRealLayer().predict(X, "CB", dtype="double")
    np.testing.assert_array_equal(Y, [X[0].real, X[0].imag, X[1].real, X[1].imag])


def test_a_network_that_begins_with_making_real_takes_complex_data() -> None:
    layers = [mc.sequenceInputLayer(2), mc.complexToRealLayer(), mc.reluLayer()]
    X = [complex_numbers(2, steps) for steps in (4, 5)]
    for given, found in zip(X, mc.Network(layers).predict(X, dtype="double"), strict=True):
        parts = np.stack([given.real, given.imag], 1).reshape(4, -1)
        np.testing.assert_array_equal(found, np.maximum(parts, 0))


@pytest.mark.parametrize(
    "layers",
    [
        [mc.featureInputLayer(2), mc.reluLayer(), mc.complexToRealLayer()],
        [mc.featureInputLayer(2)],
        [
            mc.featureInputLayer(2, Normalization="zerocenter", Mean=[1, 2]),
            mc.complexToRealLayer(),
        ],
    ],
    ids=["another layer first", "no layer", "normalization"],
)
def test_other_networks_take_real_data_alone(layers: list[mc.Layer]) -> None:
    with pytest.raises(DataFormatError, match="must be a real numeric array, not complex"):
        mc.Network(layers, kind="dlnetwork").predict(complex_numbers(3, 2))


def test_an_odd_number_of_channels_is_no_pairs() -> None:
    with pytest.raises(DataFormatError, match="no pairs of real and imaginary parts"):
        mc.realToComplexLayer().predict(normal(3, 2), "CB")
