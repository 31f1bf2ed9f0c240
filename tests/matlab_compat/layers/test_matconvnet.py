"""Layers of MatConvNet's.

Expected values: its definitions written out in float64; what Octave makes of them is compared in
``tests/converters/matconvnet``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat import (
    Convolution2DLayer,
    CrossChannelNormalizationLayer,
    MatConvNetBatchNormLayer,
    MatConvNetConvTransposeLayer,
    MatConvNetLRNLayer,
    MatConvNetROIPoolingLayer,
    MatConvNetScaleLayer,
    TransposedConvolution2DLayer,
)
from matlab_compat.errors import PropertyError

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (5, 6, 4, 2))


def numbers(*size: int) -> Any:
    return RANDOM.uniform(0.5, 1.5, size)


def batch_norm(**changes: Any) -> MatConvNetBatchNormLayer:
    own = {"Scale": numbers(4, 1), "Offset": numbers(4, 1), "Moments": numbers(4, 2)}
    return MatConvNetBatchNormLayer(**{**own, **changes})


def test_batch_normalization_divides_by_the_deviation_that_is_saved() -> None:
    layer = batch_norm()
    expected = (X - layer.Moments[:, 0, None]) / layer.Moments[:, 1, None]
    expected = layer.Scale * expected + layer.Offset
    np.testing.assert_allclose(layer.predict(X, dtype="double"), expected, rtol=1e-12)


def test_batch_normalization_in_training_takes_the_batch() -> None:
    layer = batch_norm(Epsilon=0.01, MomentsRate=0.25)
    module = layer.to_torch(dtype="double").train()
    y = module(torch.from_numpy(X.transpose(3, 2, 0, 1).copy()))
    mean = X.mean((0, 1, 3))
    deviation = np.sqrt(X.var((0, 1, 3)) + 0.01)
    each = (slice(None), None, None)
    centred = (X.transpose(3, 2, 0, 1) - mean[each]) / deviation[each]
    expected = layer.Scale[:, :, None] * centred + layer.Offset[:, :, None]
    np.testing.assert_allclose(y.detach(), expected, rtol=1e-9)


def test_moments_move_by_the_rate() -> None:
    layer = batch_norm(Epsilon=0.01, MomentsRate=0.25)
    before = layer.Moments.copy()
    module = layer.to_torch(dtype="double").train()
    module(torch.from_numpy(X.transpose(3, 2, 0, 1).copy()))
    batch = np.stack([X.mean((0, 1, 3)), np.sqrt(X.var((0, 1, 3)) + 0.01)], axis=1)
    expected = 0.75 * before + 0.25 * batch
    np.testing.assert_allclose(layer.assign_from_torch(module).Moments, expected, rtol=1e-9)


def test_batch_normalization_merged_by_hand_is_the_same_as_apart() -> None:
    """As a published network was merged by its authors: W*g/sigma, (b - mean)*g/sigma + offset.

    Both are saved in single; run in double, the rounding of what was merged is all that is between.
    """
    W, b = (np.float32(RANDOM.uniform(-1, 1, size)) for size in ((3, 3, 4, 4), (4, 1)))
    norm = batch_norm()
    factor = norm.Scale[:, 0] / norm.Moments[:, 1]
    merged = (b[:, 0] - norm.Moments[:, 0]) * factor + norm.Offset[:, 0]
    sizes = {"FilterSize": (3, 3), "NumFilters": 4}
    apart = Convolution2DLayer(**sizes, Weights=W, Bias=b)
    whole = Convolution2DLayer(
        **sizes, Weights=np.float32(W * factor), Bias=np.float32(merged)[:, None]
    )
    one = norm.predict(apart.predict(X, dtype="double"), dtype="double")
    other = whole.predict(X, dtype="double")
    assert np.abs(one - other).max() < 1e-7 * np.abs(other).max()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Moments": numbers(2, 4)}, "Moments is 2×4, not 4×2"),
        ({"Offset": numbers(3, 1)}, "Offset is 3×1, not 4×1"),
        ({"Scale": numbers(2, 2)}, "Scale is 2×2"),
    ],
)
def test_batch_normalization_of_wrong_sizes(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PropertyError, match=said):
        batch_norm(**change)


def test_local_response_normalization_does_not_divide_alpha() -> None:
    values = {"WindowChannelSize": 3, "Beta": 0.75, "K": 1}
    own = MatConvNetLRNLayer(**values, Alpha=0.5).predict(X, dtype="double")
    matlab = CrossChannelNormalizationLayer(**values, Alpha=1.5).predict(X, dtype="double")
    np.testing.assert_allclose(own, matlab, rtol=1e-12)
    squares = np.pad(X**2, ((0, 0), (0, 0), (1, 1), (0, 0)))
    sums = squares[:, :, :-2] + squares[:, :, 1:-1] + squares[:, :, 2:]
    np.testing.assert_allclose(own, X / (1 + 0.5 * sums) ** 0.75, rtol=1e-12)


def test_a_transposed_convolution_in_groups_is_one_for_each_group() -> None:
    W, b = numbers(3, 2, 5, 4), numbers(10, 1)
    sizes = {"FilterSize": (3, 2), "NumFilters": 5, "Stride": (2, 1), "CroppingSize": (0, 1, 1, 0)}
    grouped = MatConvNetConvTransposeLayer(**sizes, NumGroups=2, Weights=W, Bias=b)
    parts = [
        TransposedConvolution2DLayer(
            **sizes, Weights=W[..., 2 * g : 2 * g + 2], Bias=b[5 * g : 5 * g + 5]
        ).predict(X[:, :, 2 * g : 2 * g + 2], dtype="double")
        for g in (0, 1)
    ]
    together = grouped.predict(X, dtype="double")
    np.testing.assert_allclose(together, np.concatenate(parts, axis=2), rtol=1e-9)


def test_groups_that_do_not_divide_the_channels() -> None:
    with pytest.raises(PropertyError, match="4 channels cannot be divided into 3 groups"):
        MatConvNetConvTransposeLayer(
            FilterSize=3, NumFilters=2, NumGroups=3, Weights=numbers(3, 3, 2, 4)
        )


def test_a_bias_of_a_wrong_size_names_what_its_size_follows_from() -> None:
    given: dict[str, Any] = {"NumFilters": 3, "NumGroups": 2, "Bias": np.zeros((1, 1, 5))}
    with pytest.raises(PropertyError, match="NumFilters 3 and NumGroups 2 need"):
        MatConvNetConvTransposeLayer(FilterSize=[2, 2], **given)


@pytest.mark.parametrize("size", [(1, 1, 4), (1, 1), (5, 6, 4), (5, 6)])
def test_scale(size: tuple[int, ...]) -> None:
    scale, offset = numbers(*size), numbers(1, 1, 4)
    layer = MatConvNetScaleLayer(Scale=scale, Offset=offset)
    whole = scale.reshape(*size, *[1] * (4 - len(size)))
    expected = X * whole + offset[..., None]
    np.testing.assert_allclose(layer.predict(X, dtype="double"), expected, rtol=1e-12)


def test_scale_comes_back_from_torch() -> None:
    layer = MatConvNetScaleLayer(Scale=numbers(5, 6, 4))
    back = MatConvNetScaleLayer(Scale=np.zeros((5, 6, 4))).assign_from_torch(
        layer.to_torch(dtype="double")
    )
    np.testing.assert_array_equal(back.Scale, layer.Scale)
    assert back.Offset.size == 1


def test_a_scale_of_four_dimensions() -> None:
    with pytest.raises(PropertyError, match="Scale is 1×1×4×2, not H×W×C"):
        MatConvNetScaleLayer(Scale=numbers(1, 1, 4, 2))


def test_regions_as_a_table_or_as_observations() -> None:
    layer = MatConvNetROIPoolingLayer(OutputSize=(2, 2))
    rois = np.array([[1, 2], [1, 2], [1, 1], [4, 6], [3, 5]], float)
    table = layer.predict((X, rois), dtype="double")
    observations = layer.predict((X, rois.reshape(1, 1, 5, 2)), dtype="double")
    np.testing.assert_array_equal(table, observations)
    assert table.shape == (1, 1, 16, 2)
    assert table[0, 0, 0, 0] == X[0:2, 0:2, 0, 0].max()
