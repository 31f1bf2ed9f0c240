"""Saved training options as optimizer, schedule and clipping.

Expected values: the update rules of MATLAB's trainingOptions page, written out in numpy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import matlab_compat as mc
from converters import open_mat
from converters.saved import object_fields
from matlab_compat import TrainingOptions, load_training_options, preluLayer
from matlab_compat.errors import (
    MatlabCompatWarning,
    PropertyError,
    UnsupportedLayerError,
    UsageError,
)

from ..real import REAL
from .rates import rates

Array = NDArray[Any]
L2 = 0.01


def options(**fields: Any) -> TrainingOptions:
    return load_training_options({"Version": [[4.0]], "L2Regularization": L2, **fields})


def descend(given: TrainingOptions, steps: int, start: Array) -> Array:
    """``steps`` of the optimizer on E = sum(w**4)/4, whose gradient is w**3."""
    w = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = given.optimizer([w])
    for _ in range(steps):
        optimizer.zero_grad()
        (w**4 / 4).sum().backward()
        optimizer.step()
    return w.detach().numpy()


START = np.array([1.0, -0.5, 2.0])


def gradient(w: Array) -> Array:
    return w**3 + L2 * w


def test_sgdm_is_the_pages_rule_while_the_rate_stays() -> None:
    """``w(l+1) = w(l) - a*grad + g*(w(l) - w(l-1))``."""
    w = before = START
    for _ in range(6):
        w, before = w - 0.05 * gradient(w) + 0.8 * (w - before), w
    given = options(Momentum=0.8, InitialLearnRate=0.05)
    assert given.Solver == "sgdm"
    np.testing.assert_allclose(descend(given, 6, START), w, rtol=1e-12)


def test_rmsprop_is_the_pages_rule() -> None:
    """``v = b*v + (1-b)*grad**2``; ``w - a*grad/(sqrt(v) + e)``."""
    w, v = START, np.zeros(3)
    for _ in range(6):
        g = gradient(w)
        v = 0.95 * v + 0.05 * g**2
        w = w - 0.05 * g / (np.sqrt(v) + 1e-3)
    given = options(SquaredGradientDecayFactor=0.95, InitialLearnRate=0.05, Epsilon=1e-3)
    assert given.Solver == "rmsprop"
    np.testing.assert_allclose(descend(given, 6, START), w, rtol=1e-12)


def test_adam_has_the_factors_and_corrects_the_bias() -> None:
    w, m, v = START, np.zeros(3), np.zeros(3)
    for t in range(1, 7):
        g = gradient(w)
        m, v = 0.8 * m + 0.2 * g, 0.99 * v + 0.01 * g**2
        w = w - 0.05 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-4)
    given = options(
        GradientDecayFactor=0.8,
        SquaredGradientDecayFactor=0.99,
        InitialLearnRate=0.05,
        Epsilon=1e-4,
    )
    assert given.Solver == "adam"
    np.testing.assert_allclose(descend(given, 6, START), w, rtol=1e-12)


def test_a_module_brings_its_factors() -> None:
    module = preluLayer(Alpha=[1.0, 2.0], AlphaLearnRateFactor=3, AlphaL2Factor=0.5).to_torch()
    (group,) = options(Momentum=0.9, InitialLearnRate=0.1).optimizer(module).param_groups
    assert (group["lr"], group["weight_decay"], group["momentum"]) == (
        pytest.approx(0.3),
        pytest.approx(L2 / 2),
        0.9,
    )


def test_piecewise_drops_the_rate_every_period() -> None:
    given = options(
        Momentum=0.9,
        InitialLearnRate=1.0,
        LearnRateSchedule="piecewise",
        LearnRateDropFactor=[[0.5]],
        LearnRateDropPeriod=[[3.0]],
    )
    assert scheduled(given, 7) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_no_schedule_keeps_the_rate() -> None:
    empty = np.zeros((0, 0))  # as files leave them
    given = options(
        Momentum=0.9,
        InitialLearnRate=0.2,
        LearnRateSchedule="none",
        LearnRateDropFactor=empty,
        LearnRateDropPeriod=empty,
    )
    assert scheduled(given, 4) == [0.2] * 4


def scheduled(given: TrainingOptions, epochs: int) -> list[float]:
    optimizer = given.optimizer([torch.nn.Parameter(torch.zeros(1))])
    return rates(optimizer, given.schedule(optimizer), epochs)


@pytest.mark.parametrize(
    ("name", "message"),
    [("cosine", "leaves its numbers to MATLAB"), ("linear", "'linear' is not known")],
)
def test_schedules_without_their_numbers_are_refused(name: str, message: str) -> None:
    given = options(Momentum=0.9, LearnRateSchedule=name)
    with pytest.raises(UsageError, match=message) as caught:
        given.schedule(given.optimizer([torch.nn.Parameter(torch.zeros(1))]))
    assert "cosineLearnRate(InitialFactor=..., " in caught.value.remedy


# --- schedules of R2024b --------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
def test_a_saved_schedule_multiplies_the_rate() -> None:
    saved = {"class": "warmupLearnRate", "InitialFactor": 0.5, "FinalFactor": 1.0, "NumSteps": 2.0}
    given = options(Momentum=0.9, InitialLearnRate=0.1, LearnRateSchedule=saved)
    np.testing.assert_allclose(scheduled(given, 4), [0.05, 0.075, 0.1, 0.1])


@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
def test_schedules_follow_each_other_each_in_its_own_unit() -> None:
    given = options(Momentum=0.9, InitialLearnRate=1.0)
    optimizer = given.optimizer([torch.nn.Parameter(torch.zeros(1))])
    parts = [
        mc.warmupLearnRate(InitialFactor=0.5, FinalFactor=1, NumSteps=2),
        mc.piecewiseLearnRate(DropFactor=0.1, Period=2, FrequencyUnit="iteration"),
    ]
    schedule = given.schedule(optimizer, parts, iterations_per_epoch=3)
    found = []
    for _ in range(10):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    np.testing.assert_allclose(found, [0.5] * 3 + [0.75] * 3 + [1.0, 1.0, 0.1, 0.1])


def test_what_is_not_certain_of_a_schedule_is_said() -> None:
    given = options(Momentum=0.9)
    optimizer = given.optimizer([torch.nn.Parameter(torch.zeros(1))])
    with pytest.warns(MatlabCompatWarning, match="first step of a learning rate schedule"):
        given.schedule(optimizer, mc.exponentialLearnRate(DropFactor=0.1, Period=5))


def test_a_schedule_of_iterations_needs_their_number() -> None:
    given = options(Momentum=0.9)
    optimizer = given.optimizer([torch.nn.Parameter(torch.zeros(1))])
    one = mc.piecewiseLearnRate(DropFactor=0.1, Period=5, FrequencyUnit="iteration")
    with pytest.raises(UsageError, match="counts iterations") as caught:
        given.schedule(optimizer, one)
    assert "iterations_per_epoch" in caught.value.remedy


def test_piecewise_by_name_counts_epochs_in_iterations() -> None:
    given = options(
        Momentum=0.9, InitialLearnRate=1.0, LearnRateSchedule="piecewise", LearnRateDropPeriod=1
    )
    optimizer = given.optimizer([torch.nn.Parameter(torch.zeros(1))])
    schedule = given.schedule(optimizer, iterations_per_epoch=2)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == 1.0
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


# --- lbfgs ------------------------------------------------------------------------------------

LBFGS = {
    "MaxIterations": 50.0,
    "LineSearchMethod": "weak-wolfe",
    "MaxNumLineSearchIterations": 20.0,
    "GradientTolerance": 1e-9,
    "StepTolerance": 1e-12,
    "HistorySize": 7.0,
}


def test_lbfgs_reaches_the_minimum_of_loss_and_penalty() -> None:
    """``(w - 3)^2/2 + L2/2*w^2`` has its minimum at 3/(1 + L2)."""
    given = options(**LBFGS)
    assert given.Solver == "lbfgs"
    w = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    optimizer = given.optimizer([w])

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (w - 3).square().sum() / 2 + given.penalty([w])
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(w.detach(), [3 / (1 + L2)] * 2, rtol=1e-8)


def test_lbfgs_has_the_numbers_of_the_options() -> None:
    (group,) = options(**LBFGS).optimizer(torch.nn.Linear(2, 2)).param_groups
    assert (group["max_iter"], group["history_size"], group["tolerance_grad"]) == (50, 7, 1e-9)
    assert group["line_search_fn"] == "strong_wolfe"


def test_the_penalty_has_the_factors_of_a_module() -> None:
    module = preluLayer(Alpha=[1.0, 2.0], AlphaL2Factor=0.5).to_torch()
    assert options(**LBFGS).penalty(module).item() == pytest.approx(L2 * 0.5 / 2 * 5)


@pytest.mark.parametrize(
    "changed", [{"LineSearchMethod": "backtracking"}, {"InitialInverseHessianFactor": 2.0}]
)
def test_lbfgs_refuses_what_torch_has_not(changed: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedLayerError, match=r"torch.optim.LBFGS has no LineSearchMethod"):
        options(**{**LBFGS, **changed}).optimizer(torch.nn.Linear(2, 2))


def test_options_of_lbfgs_are_not_made_up() -> None:
    with pytest.raises(PropertyError, match="lack MaxNumLineSearchIterations, GradientTolerance"):
        options(MaxIterations=10, LineSearchMethod="weak-wolfe")


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("l2norm", [[3.0, 4.0], [0.5, 0.0]]),
        ("global-l2norm", [[5 * 6 / math.sqrt(100.25), 5 * 8 / math.sqrt(100.25)],
                           [5 * 0.5 / math.sqrt(100.25), 0.0]]),
        ("absolute-value", [[5.0, 5.0], [0.5, 0.0]]),
    ],
)  # fmt: skip
def test_trap_clipping_is_per_parameter_by_default(
    method: str, expected: list[list[float]]
) -> None:
    """The gradients (6, 8) and (0.5, 0) with a threshold of 5."""
    given = options(Momentum=0.9, GradientThresholdMethod=method, GradientThreshold=5)
    parameters = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    parameters[0].grad, parameters[1].grad = torch.tensor([6.0, 8.0]), torch.tensor([0.5, 0.0])
    given.clip(parameters)
    actual = [p.grad.tolist() for p in parameters if p.grad is not None]
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    assert "5" in given.clipping


def test_an_infinite_threshold_clips_nothing() -> None:
    given = options(Momentum=0.9, GradientThreshold=[[math.inf]])
    assert given.clipping == ""


def test_options_without_counterpart_are_listed() -> None:
    given = options(Momentum=0.9, Plots="training-progress", ExecutionEnvironment="multi-gpu")
    assert given.without_counterpart == {
        "Plots": "training-progress",
        "ExecutionEnvironment": "multi-gpu",
    }


def test_the_class_name_decides() -> None:
    fields = {"SquaredGradientDecayFactor": 0.9}
    assert load_training_options(fields, "nnet.cnn.TrainingOptionsADAM").Solver == "adam"


@pytest.mark.parametrize("name", ["nnet.cnn.TrainingOptionsLM", ""])
def test_other_solvers_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no options of sgdm, adam, rmsprop or lbfgs"):
        load_training_options({"MaxIterations": 10}, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [("InitialLearnRate", -1), ("Momentum", 2), ("LearnRateDropPeriod", 0.5), ("Epsilon", 0)],
)
def test_values_that_matlab_would_refuse(name: str, value: float) -> None:
    with pytest.raises(PropertyError, match=f"{name} must be"):
        load_training_options({"Momentum": 0.9, name: value})


@pytest.mark.real
@pytest.mark.parametrize(
    ("path", "variable", "solver", "rate"),
    [
        ("SrikarWritesCode__Anomaly-Detection/options.mat", "options", "adam", 0.001),
        ("yaotianhua0924__FENN/LSTM.mat", "options", "adam", 0.005),
        ("chunter18__CNN-Layers-HLS/matlab__net.mat", "options", "sgdm", 0.01),
        ("verivital__SemanticSegmentation/matlab__net.r8be21f6.mat", "opts", "sgdm", None),
    ],
)
def test_real_options(path: str, variable: str, solver: str, rate: float | None) -> None:
    """The rates stand in the files and were read there with another reader."""
    saved = open_mat(REAL / path)[variable]
    given = load_training_options(object_fields(saved), saved.class_name)
    assert given.Solver == solver
    assert rate in (None, given.InitialLearnRate)
    assert "Version" not in given.without_counterpart
    given.schedule(given.optimizer(torch.nn.Linear(2, 2)))
