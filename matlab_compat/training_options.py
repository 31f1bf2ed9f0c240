"""MATLAB's saved training options as a torch optimizer, a schedule and what is left over.

Semantics: the pages of ``trainingOptions`` and of ``TrainingOptionsSGDM`` and its siblings, and the
fields of options that users saved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .display import number_text
from .errors import PropertyError, UnsupportedLayerError, UsageError
from .layers.properties import (
    anything,
    nonnegative_scalar,
    numeric,
    one_of,
    positive_integer,
    positive_scalar,
    text,
    unit_interval,
)
from .training import parameter_groups

if TYPE_CHECKING:
    import torch
    from torch import nn

Solver = Literal["sgdm", "adam", "rmsprop"]


def _threshold(value: object) -> float:
    rule = "must be a positive number, or Inf"
    array = numeric(value, rule)
    if array.size != 1 or not array.item() > 0:
        raise ValueError(rule)
    return float(array.item())


#: Options that are used, and their rules. Those that a file leaves empty get MATLAB's defaults.
_RULES: dict[str, Callable[[object], Any]] = {
    "InitialLearnRate": positive_scalar,
    "Momentum": unit_interval,
    "GradientDecayFactor": unit_interval,
    "SquaredGradientDecayFactor": unit_interval,
    "Epsilon": positive_scalar,
    "LearnRateSchedule": anything,
    "LearnRateDropFactor": unit_interval,
    "LearnRateDropPeriod": positive_integer,
    "L2Regularization": nonnegative_scalar,
    "GradientThresholdMethod": one_of("l2norm", "global-l2norm", "absolute-value"),
    "GradientThreshold": _threshold,
    "MaxEpochs": positive_integer,
    "MiniBatchSize": positive_integer,
    "Shuffle": text,
}
_DEFAULTS: dict[Solver, dict[str, float]] = {
    "sgdm": {"InitialLearnRate": 0.01, "SquaredGradientDecayFactor": 0.9},
    "adam": {"InitialLearnRate": 0.001, "SquaredGradientDecayFactor": 0.999},
    "rmsprop": {"InitialLearnRate": 0.001, "SquaredGradientDecayFactor": 0.9},
}


@dataclass(frozen=True)
class TrainingOptions:
    """What ``trainingOptions`` chose, under MATLAB's names."""

    Solver: Solver
    InitialLearnRate: float
    SquaredGradientDecayFactor: float
    Momentum: float = 0.9
    GradientDecayFactor: float = 0.9
    Epsilon: float = 1e-8
    LearnRateSchedule: object = "none"
    LearnRateDropFactor: float = 0.1
    LearnRateDropPeriod: int = 10
    L2Regularization: float = 1e-4
    GradientThresholdMethod: str = "l2norm"
    GradientThreshold: float = math.inf
    MaxEpochs: int = 30
    MiniBatchSize: int = 128
    Shuffle: str = "once"
    #: Options that have no counterpart in an optimizer or schedule: validation, display,
    #: hardware, sequence padding ... by name.
    without_counterpart: dict[str, Any] = field(default_factory=dict)

    def optimizer(
        self, parameters: nn.Module | Iterable[nn.Parameter] | list[dict[str, Any]]
    ) -> torch.optim.Optimizer:
        """The torch optimizer for a module, parameters, or groups of them.

        A module's parameters are grouped by their learning-rate and L2 factors (see
        :func:`matlab_compat.parameter_groups`). L2 regularization is added to the gradient, as
        torch's ``weight_decay`` of these optimizers does.

        Notes
        -----
        sgdm: MATLAB moves by ``-a*grad + Momentum*(last move)``, torch by ``-a*velocity``. While
        the rate ``a`` stays the same the two are the same; in the steps after a drop of the rate
        MATLAB's moves still carry the old rate.
        rmsprop: ``grad / (sqrt(v) + Epsilon)`` with ``v`` decaying by SquaredGradientDecayFactor,
        the same in both.
        adam: torch corrects the bias of both averages; MATLAB's page leaves the correction out of
        its formulas, so where Epsilon enters may differ.
        """
        import torch

        groups = self._groups(parameters)
        rate, l2 = self.InitialLearnRate, self.L2Regularization
        if self.Solver == "sgdm":
            return torch.optim.SGD(groups, lr=rate, momentum=self.Momentum, weight_decay=l2)
        if self.Solver == "adam":
            betas = (self.GradientDecayFactor, self.SquaredGradientDecayFactor)
            return torch.optim.Adam(groups, rate, betas, self.Epsilon, weight_decay=l2)
        decay = self.SquaredGradientDecayFactor
        return torch.optim.RMSprop(groups, rate, decay, self.Epsilon, weight_decay=l2)

    def _groups(self, parameters: Any) -> Any:
        from torch import nn

        if isinstance(parameters, nn.Module):
            return parameter_groups(parameters, self.InitialLearnRate, self.L2Regularization)
        return parameters

    def schedule(self, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
        """The schedule of the learning rate; call its ``step()`` after every **epoch**.

        'piecewise' multiplies the rate by LearnRateDropFactor every LearnRateDropPeriod epochs,
        'none' keeps it.

        Raises
        ------
        UnsupportedLayerError
            Another schedule (they came with R2024b).
        """
        from torch.optim.lr_scheduler import LambdaLR, StepLR

        if self.LearnRateSchedule == "piecewise":
            return StepLR(optimizer, self.LearnRateDropPeriod, self.LearnRateDropFactor)
        if self.LearnRateSchedule == "none":
            return LambdaLR(optimizer, lambda epoch: 1.0)
        raise UnsupportedLayerError(
            f"LearnRateSchedule {self.LearnRateSchedule!r} is not known.",
            where=("LearnRateSchedule",),
            remedy="use one of torch.optim.lr_scheduler.",
        )

    @property
    def clipping(self) -> str:
        """What is done to gradients, in words; '' for nothing."""
        if math.isinf(self.GradientThreshold):
            return ""
        limit = number_text(self.GradientThreshold)
        return {
            "l2norm": f"the gradient of each parameter is scaled to an L2 norm of at most {limit}",
            "global-l2norm": f"all gradients are scaled to a common L2 norm of at most {limit}",
            "absolute-value": f"every element of a gradient is clipped to ±{limit}",
        }[self.GradientThresholdMethod]

    def clip(self, parameters: Iterable[nn.Parameter]) -> None:
        """Clip the gradients in place; call it between ``backward()`` and ``step()``.

        Note that 'l2norm', the default, is **per parameter**; torch's ``clip_grad_norm_`` is the
        'global-l2norm'.
        """
        from torch.nn import utils

        if math.isinf(self.GradientThreshold):
            return
        if self.GradientThresholdMethod == "absolute-value":
            utils.clip_grad_value_(parameters, self.GradientThreshold)
        elif self.GradientThresholdMethod == "global-l2norm":
            utils.clip_grad_norm_(parameters, self.GradientThreshold)
        else:
            for parameter in parameters:
                utils.clip_grad_norm_([parameter], self.GradientThreshold)


def load_training_options(fields: Mapping[str, Any], class_name: str = "") -> TrainingOptions:
    """Saved training options (the struct of TrainingOptionsSGDM, ADAM or RMSProp).

    Parameters
    ----------
    fields:
        Field name to value, as ``converters`` reads them.
    class_name:
        ``nnet.cnn.TrainingOptionsADAM`` ...; without it the fields tell the solver.

    Raises
    ------
    UsageError
        Another solver, or no training options at all.
    PropertyError
        A value that MATLAB would refuse.
    """
    solver = _solver(fields, class_name)
    given: dict[str, Any] = dict(_DEFAULTS[solver])
    rest = {}
    for name, value in fields.items():
        if name not in _RULES:
            rest[name] = value
        elif getattr(value, "size", 1) != 0:
            try:
                given[name] = _RULES[name](value)
            except (ValueError, TypeError) as error:
                raise PropertyError(f"{name} {error}; got {value!r}.", where=(name,)) from None
    rest.pop("Version", None)
    return TrainingOptions(Solver=solver, **given, without_counterpart=rest)


def _solver(fields: Mapping[str, Any], class_name: str) -> Solver:
    ending = class_name.rpartition("TrainingOptions")[2].lower()
    telling: dict[str, Solver] = {
        "Momentum": "sgdm",
        "GradientDecayFactor": "adam",
        "SquaredGradientDecayFactor": "rmsprop",
    }
    found = [s for name, s in telling.items() if (s == ending if ending else name in fields)]
    if not found:
        raise UsageError(
            f"These are no options of sgdm, adam or rmsprop ({class_name or 'fields: '}"
            f"{'' if class_name else ', '.join(fields)}).",
            remedy="choose a torch optimizer yourself.",
        )
    return found[0]
