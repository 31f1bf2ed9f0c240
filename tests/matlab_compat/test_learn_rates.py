"""Learning rate schedules of R2024b.

Expected values: torch's own schedulers, which are defined alike, and the curves by hand.
"""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

import matlab_compat as mc
from matlab_compat import learn_rates
from matlab_compat.errors import PropertyError, UsageError
from matlab_compat.learn_rates import SCHEDULES, RateSchedule, factor_at, schedules_of

from .rates import rates

WARMUP = mc.warmupLearnRate(InitialFactor=0.1, FinalFactor=1, NumSteps=5)


def by_torch(make: Callable[[Any], Any], steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return rates(optimizer, make(optimizer), steps)


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (WARMUP, lambda o: lr_scheduler.LinearLR(o, 0.1, 1, 5)),
        (
            mc.polynomialLearnRate(InitialFactor=1, FinalFactor=1e-12, Power=2, NumSteps=6),
            lambda o: lr_scheduler.PolynomialLR(o, 6, 2),
        ),
        (
            mc.exponentialLearnRate(DropFactor=0.2, Period=4),
            lambda o: lr_scheduler.ExponentialLR(o, 0.2 ** (1 / 4)),
        ),
        (
            mc.piecewiseLearnRate(DropFactor=0.5, Period=3),
            lambda o: lr_scheduler.StepLR(o, 3, 0.5),
        ),
        (
            mc.cosineLearnRate(InitialFactor=1, FinalFactor=0.2, Period=3, PeriodGrowthFactor=2),
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2, 0.2),
        ),
        (
            mc.cyclicalLearnRate(MaxFactor=4, Period=8, StepRatio=0.25),
            lambda o: lr_scheduler.CyclicLR(o, 1.0, 4.0, 2, 6, cycle_momentum=False),
        ),
    ],
)
def test_a_schedule_is_that_of_torch(schedule: RateSchedule, make: Callable[[Any], Any]) -> None:
    found = [schedule.factor(step) for step in range(12)]
    assert found == pytest.approx(by_torch(make, 12), abs=1e-9)


def test_a_cosine_without_restarts_stays_at_its_end() -> None:
    one = mc.cosineLearnRate(
        InitialFactor=1, FinalFactor=0.1, Period=4, PeriodGrowthFactor=math.inf
    )
    assert one.factor(4) == one.factor(400) == pytest.approx(0.1)


def test_a_sequence_goes_on_with_its_next_part() -> None:
    parts = [WARMUP, mc.piecewiseLearnRate(DropFactor=0.5, Period=2)]
    found = [factor_at(parts, step, 1) for step in range(10)]
    assert found == pytest.approx([0.1, 0.28, 0.46, 0.64, 0.82, 1, 1, 0.5, 0.5, 0.25])


@pytest.mark.parametrize("name", SCHEDULES)
def test_saved_fields_are_the_properties(name: str) -> None:
    values = {
        "InitialFactor": 1.0, "FinalFactor": 0.5, "NumSteps": 3.0, "Period": 3.0, "Power": 2.0,
        "DropFactor": 0.5, "MaxFactor": 3.0, "StepRatio": 0.5, "PeriodGrowthFactor": 1.0,
    }  # fmt: skip
    saved = {"class": f"some.package.{name}", "FrequencyUnit": "iteration", **values}
    (found,) = schedules_of([saved])
    assert type(found) is getattr(mc, name)
    assert found.FrequencyUnit == "iteration"


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ({"class": "warmupLearnRate", "NumSteps": 3}, "needs InitialFactor, FinalFactor"),
        (
            {"class": "warmupLearnRate", "InitialFactor": -1, "FinalFactor": 1, "NumSteps": 3},
            "positive",
        ),
    ],
)
def test_saved_fields_that_do_not_do(saved: dict[str, object], message: str) -> None:
    with pytest.raises(PropertyError, match=message):
        schedules_of(saved)


@pytest.mark.parametrize("value", [{"class": "other"}, [], 3, None])
def test_what_is_no_schedule_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        schedules_of(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("StepRatio", 1.0), ("Period", 0), ("FrequencyUnit", "day"), ("MaxFactor", 0)],
)
def test_values_that_MATLAB_refuses(name: str, value: object) -> None:
    given: dict[str, Any] = {"MaxFactor": 2, "Period": 4, "StepRatio": 0.5, name: value}
    with pytest.raises(PropertyError, match=name):
        mc.cyclicalLearnRate(**given)


def test_the_examples_hold() -> None:
    assert doctest.testmod(learn_rates).failed == 0
