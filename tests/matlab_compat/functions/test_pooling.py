"""``maxpool``, ``avgpool``, ``maxunpool``.

Expected values: windows cut out in numpy one by one; the indices of MATLAB's own example (a 6×6
array on the page of ``maxunpool``); places found by numpy's argmax.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError

from ..filter_reference import normal, same_pairs

Array = NDArray[Any]


def windows(
    X: Array,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    pairs: Any,
    function: Callable[..., Any],
) -> Array:
    """``function`` of every window of the leading dimensions; padding is NaN."""
    d = len(size)
    X = np.pad(X, [*pairs, *[(0, 0)] * (X.ndim - d)], constant_values=np.nan)
    out = [(n - k) // s + 1 for n, k, s in zip(X.shape, size, stride, strict=False)]
    Y = np.zeros((*out, *X.shape[d:]))
    for at in itertools.product(*map(range, out)):
        cut = tuple(slice(a * s, a * s + k) for a, s, k in zip(at, stride, size, strict=True))
        Y[at] = function(X[cut], axis=tuple(range(d)))
    return Y


def zero_mean(X: Array, axis: Any) -> Any:
    return np.nan_to_num(X).mean(axis)


CASES: list[tuple[int, Any, Any, Any]] = [
    (1, (3,), (1,), ((0, 0),)),
    (1, (3,), (2,), ((1, 2),)),
    (2, (2, 3), (2, 1), ((1, 0), (0, 2))),
    (3, (2, 2, 1), (1, 2, 1), ((0, 0),) * 3),
]


@pytest.mark.parametrize(("dims", "size", "stride", "pairs"), CASES)
@pytest.mark.parametrize("kind", ["max", "zeros", "mean"])
def test_pooling_is_the_windows_one_by_one(
    kind: str, dims: int, size: Any, stride: Any, pairs: Any
) -> None:
    X = normal(*(7, 6, 4)[:dims], 3, 2, dtype=np.float64)
    padding = [[before for before, _ in pairs], [after for _, after in pairs]]
    options = {"DataFormat": "S" * dims + "CB", "Stride": stride, "Padding": padding}
    if kind == "max":
        Y = mc.maxpool(X, size, **options)
        expected = windows(X, size, stride, pairs, np.nanmax)
    else:
        Y = mc.avgpool(X, size, PaddingValue=0 if kind == "zeros" else "mean", **options)
        function = zero_mean if kind == "zeros" else np.nanmean
        expected = windows(X, size, stride, pairs, function)
    np.testing.assert_allclose(Y, expected, rtol=1e-12)


def test_padding_same() -> None:
    X = normal(7, 6, 2, 1, dtype=np.float64)
    pairs = same_pairs((7, 6), (3, 2), (2, 2))
    expected = windows(X, (3, 2), (2, 2), pairs, np.nanmax)
    Y = mc.maxpool(X, [3, 2], Stride=2, Padding="same", DataFormat="SSCB")
    np.testing.assert_array_equal(Y, expected)


def test_pooling_over_time() -> None:
    X = normal(3, 2, 8, dtype=np.float64)
    expected = windows(X.transpose(2, 0, 1), (2,), (2,), ((0, 0),), np.nanmax).transpose(1, 2, 0)
    Y = mc.maxpool(mc.dlarray(X, "CBT"), 2, PoolFormat="T", Stride=2)
    assert Y.dims() == "CBT"
    np.testing.assert_array_equal(Y.extractdata(), expected)


def test_time_beside_space_is_passed_step_by_step() -> None:
    X = normal(4, 4, 2, 3, 5, dtype=np.float64)
    Y = mc.avgpool(X, 2, DataFormat="SSCBT")
    np.testing.assert_array_equal(Y[..., 3], mc.avgpool(X[..., 3], 2, DataFormat="SSCB"))


def test_global_pooling_keeps_sizes_of_1() -> None:
    X = normal(4, 5, 2, 3, dtype=np.float64)
    np.testing.assert_array_equal(
        mc.maxpool(X, "global", DataFormat="SSCB"), X.max((0, 1), keepdims=True)
    )
    np.testing.assert_allclose(
        mc.avgpool(X, "GLOBAL", DataFormat="SSCB"), X.mean((0, 1), keepdims=True), rtol=1e-13
    )


# --- indices ------------------------------------------------------------------------------------

#: X and indx of the example on the page of maxunpool.
PAGE = np.array(
    [
        [0.8206, 0.5945, 0.6960, 0.1508, 0.9857, 0.0168],
        [0.9171, 0.7565, 0.9339, 0.0515, 0.0900, 0.2920],
        [0.9295, 0.7223, 0.4381, 0.4417, 0.2460, 0.9403],
        [0.6107, 0.9710, 0.4156, 0.2089, 0.1359, 0.7609],
        [0.3046, 0.4560, 0.4689, 0.5395, 0.3991, 0.6321],
        [0.8533, 0.4369, 0.2349, 0.7844, 0.7390, 0.5615],
    ]
)


def test_the_example_of_MATLABs_page() -> None:
    X = mc.dlarray(PAGE[..., None, None], "SSCB")
    Y, indx, size = mc.maxpool(X, 2, Stride=2, nargout=3)
    assert Y.extractdata()[..., 0, 0].tolist() == [
        [0.9171, 0.9339, 0.9857],
        [0.9710, 0.4417, 0.9403],
        [0.8533, 0.7844, 0.7390],
    ]
    assert indx.extractdata()[..., 0, 0].tolist() == [[2, 14, 25], [10, 21, 33], [6, 24, 30]]
    assert size == [6, 6, 1, 1]


@pytest.mark.parametrize("form", ["SSCB", "BCSS", "SCSB", "SSSCB", "SCB"])
def test_indices_are_linear_in_the_whole_of_X(form: str) -> None:
    X = normal(*(7, 5, 4, 6, 3)[: len(form)], dtype=np.float64)
    Y, indx = mc.maxpool(X, 2, Stride=2, Padding=1, DataFormat=form, nargout=2)
    np.testing.assert_array_equal(X.ravel(order="F")[indx.astype(int) - 1], Y)


def test_unpooling_puts_elements_back() -> None:
    X = normal(6, 4, 3, 2, dtype=np.float64)
    Y, indx, size = mc.maxpool(X, 2, Stride=2, DataFormat="SSCB", nargout=3)
    back = mc.maxunpool(Y, indx, size, DataFormat="SSCB")
    largest = np.kron(Y.transpose(2, 3, 0, 1), np.ones((2, 2))).transpose(2, 3, 0, 1)
    np.testing.assert_array_equal(back, np.where(largest == X, X, 0))


def test_unpooling_over_time_of_a_dlarray() -> None:
    X = mc.dlarray(normal(3, 2, 8, dtype=np.float64), "CBT")
    Y, indx, size = mc.maxpool(X, 4, PoolFormat="T", Stride=4, nargout=3)
    back = mc.maxunpool(Y, indx, size)
    assert back.dims() == "CBT"
    kept = back.extractdata().reshape(3, 2, 2, 4)
    np.testing.assert_array_equal(kept.sum(3), Y.extractdata())
    np.testing.assert_array_equal(kept, np.where(kept == 0, 0, X.extractdata().reshape(3, 2, 2, 4)))


# --- refusals -----------------------------------------------------------------------------------


def test_pooling_refuses() -> None:
    X = normal(4, 4, 2, 1)
    with pytest.raises(PropertyError, match="no indices with 'global'"):
        mc.maxpool(X, "global", DataFormat="SSCB", nargout=2)
    with pytest.raises(PropertyError, match="poolsize must be a vector of two positive integers"):
        mc.maxpool(X, [1, 2, 3], DataFormat="SSCB")
    with pytest.raises(DataFormatError, match="smaller than the window"):
        mc.maxpool(X, 5, DataFormat="SSCB")
    with pytest.raises(DataFormatError, match="0 dimensions to filter") as caught:
        mc.maxpool(X, 2, DataFormat="CBTU")
    assert 'PoolFormat="T"' in caught.value.remedy
    with pytest.raises(PropertyError, match="PaddingValue must be 0 or 'mean'"):
        mc.avgpool(X, 2, DataFormat="SSCB", PaddingValue=1)


def test_unpooling_refuses_places_that_are_not_there() -> None:
    with pytest.raises(DataFormatError, match="places outside 1 to 3"):
        mc.maxunpool([[7.0]], [[4]], [3, 1], DataFormat="SC")
    with pytest.raises(DataFormatError, match="X is 1×1, but indx is 2×1"):
        mc.maxunpool([[7.0]], [[1], [2]], [3, 1], DataFormat="SC")
