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

from converters import open_mat
from converters.saved import object_fields
from matlab_compat import TrainingOptions, load_training_options, preluLayer
from matlab_compat.errors import PropertyError, UnsupportedLayerError, UsageError

from ..real import REAL

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
    assert rates(given, 7) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_no_schedule_keeps_the_rate() -> None:
    empty = np.zeros((0, 0))  # as files leave them
    given = options(
        Momentum=0.9,
        InitialLearnRate=0.2,
        LearnRateSchedule="none",
        LearnRateDropFactor=empty,
        LearnRateDropPeriod=empty,
    )
    assert rates(given, 4) == [0.2] * 4


def rates(given: TrainingOptions, epochs: int) -> list[float]:
    optimizer = given.optimizer([torch.nn.Parameter(torch.zeros(1))])
    schedule = given.schedule(optimizer)
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_other_schedules_are_refused() -> None:
    given = options(Momentum=0.9, LearnRateSchedule="cosine")
    with pytest.raises(UnsupportedLayerError, match="'cosine' is not known"):
        given.schedule(given.optimizer([torch.nn.Parameter(torch.zeros(1))]))


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


@pytest.mark.parametrize("name", ["nnet.cnn.TrainingOptionsLBFGS", ""])
def test_other_solvers_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no options of sgdm, adam or rmsprop"):
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
