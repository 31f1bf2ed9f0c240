"""Learning-rate and L2 factors in a torch optimizer.

Expected values: MATLAB's rule, from the pages of the layer and of trainingOptions, written out in
numpy: a parameter w with factors a and b moves by ``-r*a*(dE/dw + c*b*w)``.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from matlab_compat import TransposedConvolution2DLayer, parameter_groups, transposedConv2dLayer
from matlab_compat.errors import UsageError

from .reference import to_nchw

Array = NDArray[Any]
RATE, L2 = 0.1, 0.01
STRIDE, CROP = (2, 1), (0, 1, 1, 0)


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(size)


def layer(**factors: float) -> TransposedConvolution2DLayer:
    return transposedConv2dLayer(
        [3, 2],
        4,
        Stride=STRIDE,
        Cropping=CROP,
        Weights=normal(3, 2, 4, 3),
        Bias=normal(1, 1, 4, seed=1),
        **factors,
    )


def gradients(X: Array, G: Array) -> tuple[Array, Array]:
    """dE/dW and dE/db of E = sum(G .* Y), from Y(i*s+p-top, j*s+q-left, f) += W*X."""
    full = np.zeros((G.shape[0] + CROP[0] + CROP[1], G.shape[1] + CROP[2] + CROP[3], *G.shape[2:]))
    full[CROP[0] : CROP[0] + G.shape[0], CROP[2] : CROP[2] + G.shape[1]] = G
    dW = np.zeros((3, 2, 4, 3))
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            window = full[i * STRIDE[0] :, j * STRIDE[1] :][:3, :2]
            dW += np.einsum("pqfn,cn->pqfc", window, X[i, j])
    return dW, G.sum(axis=(0, 1, 3)).reshape(1, 1, 4)


@pytest.mark.parametrize(
    ("a_weight", "a_bias", "b_weight", "b_bias"),
    [(1, 1, 1, 0), (2, 3, 4, 5), (0, 1, 1, 1), (1, 0, 0.5, 0)],
)
def test_one_step_is_the_rule_of_matlab(
    a_weight: float, a_bias: float, b_weight: float, b_bias: float
) -> None:
    made = layer(
        WeightLearnRateFactor=a_weight,
        BiasLearnRateFactor=a_bias,
        WeightL2Factor=b_weight,
        BiasL2Factor=b_bias,
    )
    X, G = normal(4, 5, 3, 2, seed=2), normal(8, 5, 4, 2, seed=3)
    module = made.to_torch(dtype="double")
    optimizer = torch.optim.SGD(parameter_groups(module, RATE, L2), lr=RATE, momentum=0)
    (module(torch.from_numpy(to_nchw(X))) * torch.from_numpy(to_nchw(G))).sum().backward()
    optimizer.step()

    dW, db = gradients(X, G)
    W, b = made.Weights, made.Bias
    after = layer().assign_from_torch(module)
    np.testing.assert_allclose(
        after.Weights, W - RATE * a_weight * (dW + L2 * b_weight * W), rtol=1e-12, atol=1e-13
    )
    np.testing.assert_allclose(
        after.Bias, b - RATE * a_bias * (db + L2 * b_bias * b), rtol=1e-12, atol=1e-13
    )


def test_a_factor_of_0_freezes() -> None:
    module = layer(WeightLearnRateFactor=0, BiasLearnRateFactor=0).to_torch()
    before = {name: t.clone() for name, t in module.state_dict().items()}
    optimizer = torch.optim.SGD(parameter_groups(module, RATE, L2), lr=RATE)
    module(torch.ones(1, 3, 4, 5)).sum().backward()
    optimizer.step()
    assert all(torch.equal(t, before[name]) for name, t in module.state_dict().items())


def by_parameter(groups: list[dict[str, Any]]) -> dict[int, tuple[float, float]]:
    return {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }


def test_groups_of_a_sequential_that_contains_such_a_module() -> None:
    ours = layer(WeightLearnRateFactor=10, BiasL2Factor=2).to_torch()
    theirs = torch.nn.Conv2d(4, 2, 3)
    model = torch.nn.Sequential(ours, torch.nn.ReLU(), torch.nn.Sequential(theirs))
    found = by_parameter(parameter_groups(model, RATE, L2))
    assert found == {
        id(ours.weight): pytest.approx((RATE * 10, L2)),
        id(ours.bias): pytest.approx((RATE, L2 * 2)),
        id(theirs.weight): pytest.approx((RATE, L2)),
        id(theirs.bias): pytest.approx((RATE, L2)),
    }


def test_a_module_used_twice_is_trained_once() -> None:
    ours = layer().to_torch()
    groups = parameter_groups(torch.nn.ModuleList([ours, ours]), RATE)
    assert sum(len(group["params"]) for group in groups) == 2


def test_a_parameter_that_two_modules_share_is_trained_once() -> None:
    first, second = layer().to_torch(), layer().to_torch()
    second.weight = first.weight
    groups = parameter_groups(torch.nn.Sequential(first, second), RATE)
    assert sum(len(group["params"]) for group in groups) == 3


def test_groups_of_a_layer() -> None:
    groups = parameter_groups(layer(BiasLearnRateFactor=2), RATE, L2)
    assert sorted((g["lr"], g["weight_decay"]) for g in groups) == [(RATE, L2), (2 * RATE, 0)]


def test_no_regularization_by_default() -> None:
    assert {g["weight_decay"] for g in parameter_groups(layer(), RATE)} == {0}


def test_copies_of_a_module_keep_the_factors() -> None:
    module = copy.deepcopy(layer(WeightLearnRateFactor=7).to_torch())
    assert by_parameter(parameter_groups(module, 1))[id(module.weight)] == (7, 0)


@pytest.mark.parametrize(("rate", "l2"), [(-1, 0), (1, -1), (float("nan"), 0), (1, float("nan"))])
def test_negative_rates_are_refused(rate: float, l2: float) -> None:
    with pytest.raises(UsageError, match="must not be negative"):
        parameter_groups(layer(), rate, l2)
