"""How far rounding can move each element: the unit of comparisons.

Expected values: sums of absolute products written out, and results that torch's functions compute
in single, with an order of summation of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from matlab_compat.arrays import Array
from matlab_compat.errors import NothingToCompareError
from matlab_compat.parity.compare import EPS, SMALLEST
from matlab_compat.parity.sensitivity import (
    LARGEST,
    PAIRS,
    Result,
    Sensitivity,
    compare_each,
)
from matlab_compat.parity.tolerance import Tolerance

SINGLE = EPS["single"]


class Model:
    """Torch functions as a model, which counts its runs."""

    def __init__(self, function: Any, x: Array) -> None:
        self.function, self.x = function, x
        self.runs: list[str] = []

    def __call__(
        self, dtype: str, inside: AbstractContextManager[Any] | None = None
    ) -> Sequence[Array]:
        self.runs.append(dtype)
        kind = {"single": torch.float32, "double": torch.float64}[dtype]
        x = torch.from_numpy(self.x).to(kind)
        with torch.inference_mode(), inside or nullcontext():
            return [self.function(x).numpy()]

    def unit(self, pairs: int = PAIRS, eps: float = SINGLE) -> Array:
        """After so many pairs of runs."""
        sensitivity = Sensitivity(self, eps)
        for _ in range(pairs):
            sensitivity.more()
        (exact,) = self("double")
        return sensitivity.unit(0, exact)

    def compared(self, expected: Array, **options: Any) -> Any:
        """With what somebody else computed."""
        (actual,), (exact,) = self("single"), self("double")
        result = Result("Y", actual, exact, expected)
        (found,) = compare_each([result], Sensitivity(self, SINGLE), **options)
        return found


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(size)


W = normal(50, 300, seed=1)


def product(x: torch.Tensor) -> torch.Tensor:
    return functional.linear(x, torch.from_numpy(W).to(x))


def test_one_rounding_of_a_matrix_product_is_that_of_its_absolute_sum() -> None:
    x = normal(4, 300)
    times = Model(product, x).unit() / (SINGLE * (np.abs(x) @ np.abs(W).T))
    assert 0.5 < times.min() < times.max() < 2


def test_it_is_never_below_eps_of_the_element_nor_below_the_smallest_number() -> None:
    x = np.array([3.0, -2.0, 0.0, 1e-45])
    unit = Model(torch.relu, x).unit()
    assert (unit >= SINGLE * np.maximum(x, 0)).all()
    assert unit[2] == unit[3] == SMALLEST["single"]


def test_it_does_not_depend_on_what_is_compared() -> None:
    x = normal(4, 300)
    model = Model(product, x)
    (exact,) = model("double")
    units = []
    for noise in (1.0, 10.0, 1e3):
        result = Result("Y", exact + noise, exact, exact - noise)
        sensitivity = Sensitivity(model, SINGLE)
        compare_each([result], sensitivity)
        units.append(sensitivity.unit(0, exact))
    assert (units[0] == units[1]).all()
    assert (units[1] == units[2]).all()


def test_rows_columns_and_observations_that_are_small_have_small_units() -> None:
    x = normal(4, 300)
    x[2] *= 1e-6
    weights = torch.from_numpy(W * np.where(np.arange(50) == 7, 1e-6, 1.0)[:, None] / 20)
    unit = Model(lambda x: torch.tanh(functional.linear(x, weights.to(x))), x).unit()
    usual = np.median(unit)
    assert unit[2].max() < 1e-4 * usual
    assert unit[:, 7].max() < 1e-4 * usual
    assert unit[2, 7] < 1e-10 * usual


def test_more_pairs_allow_more_and_none_is_left_near_zero_by_chance() -> None:
    def deep(x: torch.Tensor) -> torch.Tensor:
        return product(torch.tanh(product(x).repeat(1, 6) / 20))

    model = Model(deep, normal(400, 300))
    few, many = model.unit(1), model.unit(PAIRS)
    assert (many >= few).all()
    assert few.min() < np.median(few) / 50  # of 20,000, one is
    assert many.min() > np.median(many) / 5


def test_both_sides_of_a_kink_are_seen() -> None:
    """A rectified value of exactly zero, where rounding decides whether it is."""
    w = np.array([[1.0, 1.0, 1.0]])
    x = np.tile([[1.0, 0.3, -1.3 - 2e-8]], (300, 1))
    x[0] = 1

    def rectified(x: torch.Tensor) -> torch.Tensor:
        return torch.relu(functional.linear(x, torch.from_numpy(w).to(x)))

    model = Model(rectified, x)
    assert not model("double")[0][1:].any()
    assert model.unit(PAIRS).min() > 0.1 * SINGLE


def test_a_model_that_is_uncertain_does_not_excuse_everything_and_is_named() -> None:
    """x -> frac(1e5 x) is mostly rounding in single."""
    x = normal(100) ** 2 + 1
    model = Model(lambda x: torch.frac(1e5 * x) + 1, x)
    assert model.unit().max() <= LARGEST * 2
    assert model.compared(model("double")[0] + 1).verdict == "different"
    said = model.compared(model("double")[0]).reason
    assert "rounding alone can move" in said
    assert "of them by 1.6% of the largest or more" in said
    assert "alone" not in Model(product, normal(4, 300)).compared(np.ones((4, 50))).reason


def test_single_that_is_wrong_does_not_widen_it() -> None:
    """What single gets wrong is in both runs of a difference, so that it cancels."""

    def broken(x: torch.Tensor) -> torch.Tensor:
        return product(x) + (0.5 if x.dtype == torch.float32 else 0.0)

    x = normal(4, 300)
    right, wrong = Model(product, x), Model(broken, x)
    assert wrong.unit().max() < 1.1 * right.unit().max()
    assert wrong.compared(right("double")[0]).verdict == "different"


def test_another_order_of_summation_is_equal_and_a_small_error_is_not() -> None:
    x = normal(400, 300).astype(np.float32)
    model = Model(product, x)
    expected = np.zeros((400, 50), np.float32)
    for i in np.random.default_rng(2).permutation(300):  # one by one, rounded each time
        expected += x[:, [i]] * W[:, i].astype(np.float32)
    found = model.compared(expected)
    assert found.verdict == "equal"
    assert found.scaled_error < 8
    expected[3, 4] += 1e-3
    assert model.compared(expected).outside == 1


def test_what_is_within_roundings_of_itself_costs_no_run() -> None:
    model = Model(torch.tanh, normal(50))
    found = model.compared(np.tanh(normal(50)).astype(np.float32))
    assert (found.verdict, found.rule) == ("equal", "difference / (eps * |Y|)")
    assert model.runs == ["single", "double"]


def test_what_is_far_off_costs_few_runs_and_what_is_near_all() -> None:
    model = Model(product, normal(40, 300))
    (exact,) = model("double")
    model.runs.clear()
    assert model.compared(exact + 1).verdict == "different"
    assert len(model.runs) == 2 + 1 + 2 * 3
    found = model.compared(exact + 2e-3)
    assert (found.verdict, found.rule[-7:]) == ("different", "16 runs")


def test_a_tolerance_decides_alone() -> None:
    model = Model(product, normal(40, 300))
    (exact,) = model("double")
    found = model.compared(exact + 1, tolerance=Tolerance(atol=2))
    assert found.verdict == "equal"
    assert found.scaled_error > found.bound


def test_double_is_measured_in_double() -> None:
    model = Model(product, normal(40, 300))
    times = model.unit(2, EPS["double"]) / model.unit(2)
    assert 0.1 * 2.0**-29 < np.median(times) < 10 * 2.0**-29
    assert model.runs.count("double") == 5 + 2


def test_half_is_spaced_widely_around_zero() -> None:
    x = -np.linspace(8, 12, 100)
    sensitivity = Sensitivity(Model(torch.exp, x), EPS["half"], SMALLEST["half"])
    sensitivity.more()
    (exact,) = Model(torch.exp, x)("double")
    assert (sensitivity.unit(0, exact) >= SMALLEST["half"]).all()


def test_what_cannot_be_compared_is_said_in_its_place() -> None:
    model = Model(torch.relu, -np.ones(3))
    zero = np.zeros(3)
    results = [Result("Y", zero, zero, zero)]
    (found,) = compare_each(results, Sensitivity(model, SINGLE))
    assert isinstance(found, NothingToCompareError)
