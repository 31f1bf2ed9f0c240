"""Rounding errors made on purpose.

Expected values: sums of absolute products written out in numpy, and the sizes that the errors are
declared to have: between half and one and a half of what the operation adds up.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from matlab_compat.engine.resampling import Resize
from matlab_compat.execution.rounding import RoundingErrors

SIZE = 1e-6
RANDOM = torch.Generator().manual_seed(0)


def normal(*size: int) -> Tensor:
    return torch.randn(size, generator=RANDOM, dtype=torch.float64)


def run(function: Callable[..., Tensor], *x: Tensor, seed: int = 0, sign: int = 1) -> Tensor:
    with torch.inference_mode(), RoundingErrors(SIZE, seed, sign):
        return function(*x)


def moved(function: Callable[..., Tensor], *x: Tensor, seed: int = 0) -> Tensor:
    """How far, in units of ``SIZE``."""
    return (run(function, *x, seed=seed) - function(*x)).abs() / SIZE


def assert_errors_of(found: Tensor, magnitude: Tensor) -> None:
    times = (found / magnitude).numpy()
    assert times.min() > 0.49
    assert times.max() < 1.51
    assert np.ptp(times) > 0.5  # they are random


def test_a_convolution_is_off_by_the_sum_of_its_absolute_products() -> None:
    x, w, b = normal(2, 3, 6, 5), normal(4, 3, 2, 2), normal(4)
    magnitude = b.abs()[:, None, None].expand(2, 4, 5, 4).clone()
    for i in range(2):
        for j in range(2):
            part = x[:, :, i : i + 5, j : j + 4].abs()
            magnitude += torch.einsum("nchw,fc->nfhw", part, w[:, :, i, j].abs())
    assert_errors_of(moved(functional.conv2d, x, w, b), magnitude)


def test_a_matrix_product_too() -> None:
    x, w, b = normal(50, 7), normal(9, 7), normal(9)
    assert_errors_of(moved(functional.linear, x, w, b), x.abs() @ w.abs().T + b.abs())


def test_an_operation_element_by_element_is_off_by_a_part_of_its_result() -> None:
    x = normal(400)
    # Its argument, which is data, has an error as well.
    found = moved(torch.tanh, x) / x.tanh().abs()
    assert found.max() < 3.01
    assert found.min() < 1


@pytest.mark.parametrize(
    ("function", "magnitude"),
    [(torch.sigmoid, 1.0), (functional.elu, 1.0), (functional.softplus, 1.0)],
)
def test_functions_that_are_defined_through_one_are_off_by_a_part_of_it(
    function: Callable[[Tensor], Tensor], magnitude: float
) -> None:
    """exp(x) - 1 in single is 0 or 6e-8 for x = 1e-8, whoever computes it."""
    x = -torch.linspace(1e-8, 1e-7, 300, dtype=torch.float64)
    assert 0.4 * magnitude < moved(function, x).median() < 2 * magnitude


def test_the_same_seed_gives_the_same_errors_and_the_other_sign_their_negatives() -> None:
    x, w = normal(40, 7), normal(9, 7)
    there, again, back = (run(functional.linear, x, w, sign=sign) for sign in (1, 1, -1))
    exact = functional.linear(x, w)
    assert torch.equal(there, again)
    torch.testing.assert_close((there + back) / 2, exact, rtol=0, atol=1e-14)
    assert not torch.equal(there, run(functional.linear, x, w, seed=1))


def test_whole_numbers_that_nothing_adds_up_stay() -> None:
    words = torch.tensor([[3.0, 1.0, 2.0]])
    table = normal(3, 5)

    def embed(x: Tensor) -> Tensor:
        assert bool((x == x.round()).all())
        return functional.embedding((x - 1.0).long(), table)

    assert 0 < moved(embed, words).max() < 3 * table.abs().max()


def test_values_that_depend_on_sizes_only_are_exact() -> None:
    """A place that moved over a whole number would take another neighbour: an error of O(1)."""
    x = normal(1, 1, 4, 5)
    resize = Resize(2, (12, 15), None, linear=True, half_pixel=True, floor=False)
    assert moved(resize, x).max() < 20 * x.abs().max()


def test_infinity_is_moved_nowhere() -> None:
    x = normal(4, 4)
    mask = torch.ones(4, 4, dtype=torch.bool).tril()

    def masked(x: Tensor) -> Tensor:
        return x.masked_fill(~mask, -torch.inf).softmax(1)

    found = run(masked, x)
    assert bool(found.isfinite().all())
    assert bool((found[~mask] == 0).all())


def test_attention_and_recurrences_have_errors_inside() -> None:
    """Not only in their results, which torch has an operation of its own for."""
    q = normal(1, 2, 5, 3)
    x = normal(1, 30, 3)
    lstm = nn.LSTM(3, 4, batch_first=True).double()
    for function, given in (
        (lambda x: functional.scaled_dot_product_attention(x, x, x), q),
        (lambda x: lstm(x)[0], x),
    ):
        with torch.no_grad():
            ratio = moved(function, given) / function(given).abs()
        assert ratio.max() > 4


def test_onednn_is_on_afterwards_as_before() -> None:
    before = torch._C._get_mkldnn_enabled()
    run(lambda x: nn.LSTM(3, 4)(x)[0], torch.ones(2, 1, 3))
    assert torch._C._get_mkldnn_enabled() is before


def test_writing_into_a_part_reaches_the_whole() -> None:
    x = normal(3, 4) + 10

    def put(x: Tensor) -> Tensor:
        y = torch.zeros(3, 8, dtype=x.dtype)
        y[:, 2:6] = x
        y[:, 2:6].mul_(2)
        return y

    found = run(put, x)
    assert bool((found[:, :2] == 0).all())
    torch.testing.assert_close(found[:, 2:6], 2 * x, rtol=1e-5, atol=0)
    assert not torch.equal(found[:, 2:6], 2 * x)


def test_the_spacing_around_zero_is_the_least_error() -> None:
    x = torch.full((300,), 1e-12, dtype=torch.float64)
    with torch.inference_mode(), RoundingErrors(SIZE, smallest=1e-9):
        off = (torch.exp(x * 1.5) - 1).abs()
    assert 1e-10 < off.median() < 1e-5


def test_large_arrays_in_any_order_of_memory() -> None:
    """Longer than the pool of errors, channels last, and with gaps."""
    x = torch.ones(1, 3, 1000, 1000) * 1.5
    for given in (x, x.contiguous(memory_format=torch.channels_last), x[..., ::2]):
        off = (run(lambda x: x * 1.25, given) / (given * 1.25) - 1).abs() / SIZE
        assert 0.5 < off.median() < 2
        assert off.max() < 3.5
