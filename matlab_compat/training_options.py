"""MATLAB's saved training options as a torch optimizer, a schedule and what is left over.

Semantics: the pages of ``trainingOptions`` and of ``TrainingOptionsSGDM`` and its siblings, and the
fields of options that users saved.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .display import number_text
from .errors import PropertyError, UnsupportedLayerError, UsageError, warn
from .layers.properties import (
    anything,
    nonnegative_scalar,
    number,
    one_of,
    positive_integer,
    positive_scalar,
    text,
    unit_interval,
)
from .learn_rates import RateSchedule, factor_at, required, schedules_of
from .training import parameter_groups

if TYPE_CHECKING:
    import torch
    from torch import nn

Solver = Literal["sgdm", "adam", "rmsprop", "lbfgs"]


_threshold = number("a positive number, or Inf", lambda n: n > 0, finite=False)
_DEFAULTS: dict[Solver, dict[str, float]] = {
    "sgdm": {"InitialLearnRate": 0.01, "SquaredGradientDecayFactor": 0.9},
    "adam": {"InitialLearnRate": 0.001, "SquaredGradientDecayFactor": 0.999},
    "rmsprop": {"InitialLearnRate": 0.001, "SquaredGradientDecayFactor": 0.9},
    "lbfgs": {"InitialLearnRate": 1.0, "SquaredGradientDecayFactor": 0.9},
}


def _option(rule: Callable[[object], Any], default: Any = MISSING) -> Any:
    """A field of options: its rule, and MATLAB's default, which a file may leave empty."""
    return field(default=default, metadata={"rule": rule})


def _rules(options: type) -> dict[str, Callable[[object], Any]]:
    return {
        one.name: one.metadata["rule"]
        for one in dataclasses.fields(options)
        if "rule" in one.metadata
    }


@dataclass(frozen=True)
class LBFGSOptions:
    """What TrainingOptionsLBFGS has besides, under MATLAB's names."""

    MaxIterations: int = _option(positive_integer)
    LineSearchMethod: str = _option(one_of("weak-wolfe", "strong-wolfe", "backtracking"))
    MaxNumLineSearchIterations: int = _option(positive_integer)
    GradientTolerance: float = _option(nonnegative_scalar)
    StepTolerance: float = _option(nonnegative_scalar)
    HistorySize: int = _option(positive_integer, 10)
    InitialInverseHessianFactor: float = _option(positive_scalar, 1.0)


@dataclass(frozen=True)
class TrainingOptions:
    """What ``trainingOptions`` chose, under MATLAB's names."""

    Solver: Solver
    InitialLearnRate: float = _option(positive_scalar)
    SquaredGradientDecayFactor: float = _option(unit_interval)
    Momentum: float = _option(unit_interval, 0.9)
    GradientDecayFactor: float = _option(unit_interval, 0.9)
    Epsilon: float = _option(positive_scalar, 1e-8)
    LearnRateSchedule: object = _option(anything, "none")
    LearnRateDropFactor: float = _option(unit_interval, 0.1)
    LearnRateDropPeriod: int = _option(positive_integer, 10)
    L2Regularization: float = _option(nonnegative_scalar, 1e-4)
    GradientThresholdMethod: str = _option(
        one_of("l2norm", "global-l2norm", "absolute-value"), "l2norm"
    )
    GradientThreshold: float = _option(_threshold, math.inf)
    MaxEpochs: int = _option(positive_integer, 30)
    MiniBatchSize: int = _option(positive_integer, 128)
    Shuffle: str = _option(text, "once")
    #: The options of lbfgs; ``None`` for the other solvers.
    lbfgs: LBFGSOptions | None = None
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
        lbfgs: see :meth:`_of_lbfgs`; call ``optimizer.step(closure)`` once, on all of the data.

        Raises
        ------
        UnsupportedLayerError
            lbfgs with a line search or a first Hessian that torch has not.
        """
        import torch

        if self.lbfgs is not None:
            return self._of_lbfgs(self.lbfgs, parameters)
        groups = self._groups(parameters)
        rate, l2 = self.InitialLearnRate, self.L2Regularization
        if self.Solver == "sgdm":
            return torch.optim.SGD(groups, lr=rate, momentum=self.Momentum, weight_decay=l2)
        if self.Solver == "adam":
            betas = (self.GradientDecayFactor, self.SquaredGradientDecayFactor)
            return torch.optim.Adam(groups, rate, betas, self.Epsilon, weight_decay=l2)
        decay = self.SquaredGradientDecayFactor
        return torch.optim.RMSprop(groups, rate, decay, self.Epsilon, weight_decay=l2)

    def _of_lbfgs(self, own: LBFGSOptions, parameters: Any) -> torch.optim.Optimizer:
        """``torch.optim.LBFGS``, whose one ``step(closure)`` is the whole training.

        torch searches for the strong Wolfe conditions, which fulfil MATLAB's weak ones (its
        default) as well, but may take other steps. It has neither L2 regularization nor factors:
        add :meth:`penalty` to the loss in the closure.
        """
        import torch
        from torch import nn

        if own.LineSearchMethod == "backtracking" or own.InitialInverseHessianFactor != 1:
            raise UnsupportedLayerError(
                f"torch.optim.LBFGS has no LineSearchMethod '{own.LineSearchMethod}' with "
                f"InitialInverseHessianFactor {number_text(own.InitialInverseHessianFactor)}.",
                where=("LineSearchMethod",),
                remedy="choose a torch optimizer yourself.",
            )
        given = parameters.parameters() if isinstance(parameters, nn.Module) else parameters
        return torch.optim.LBFGS(
            [p for p in given if p.requires_grad],
            lr=1.0,
            max_iter=own.MaxIterations,
            max_eval=own.MaxIterations * own.MaxNumLineSearchIterations,
            tolerance_grad=own.GradientTolerance,
            tolerance_change=own.StepTolerance,
            history_size=own.HistorySize,
            line_search_fn="strong_wolfe",
        )

    def penalty(
        self, parameters: nn.Module | Iterable[nn.Parameter] | list[dict[str, Any]]
    ) -> torch.Tensor:
        """L2 regularization as a summand of the loss, ``L2/2 * sum(w.^2)``, with the L2 factors.

        For solvers that cannot add it to the gradient, as lbfgs; those of :meth:`optimizer` do.
        """
        import torch
        from torch import nn

        groups = self._groups(parameters)
        if not isinstance(parameters, nn.Module):
            groups = [g if isinstance(g, dict) else {"params": [g]} for g in groups]
        parts = [
            group.get("weight_decay", self.L2Regularization) / 2 * p.square().sum()
            for group in groups
            for p in group["params"]
        ]
        return torch.stack(parts).sum()

    def _groups(self, parameters: Any) -> Any:
        from torch import nn

        if isinstance(parameters, nn.Module):
            return parameter_groups(parameters, self.InitialLearnRate, self.L2Regularization)
        return parameters

    def schedule(
        self,
        optimizer: torch.optim.Optimizer,
        schedule: RateSchedule | Sequence[RateSchedule] | None = None,
        *,
        iterations_per_epoch: int | None = None,
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """The schedule of the learning rate; call its ``step()`` after every **epoch**.

        'piecewise' multiplies the rate by LearnRateDropFactor every LearnRateDropPeriod epochs,
        'none' keeps it. Schedules of R2024b (``cosineLearnRate`` and its like, one or several that
        follow each other) multiply it by a factor of their own.

        Parameters
        ----------
        schedule:
            One or several to use in the place of LearnRateSchedule; needed where that is a text
            whose numbers MATLAB fills in ('cosine').
        iterations_per_epoch:
            With it, call ``step()`` after every **iteration**; needed by schedules whose
            FrequencyUnit is 'iteration'.

        Raises
        ------
        UsageError
            Another schedule, one without its numbers, or one that counts iterations without
            ``iterations_per_epoch``.
        """
        from torch.optim.lr_scheduler import LambdaLR, StepLR

        each = iterations_per_epoch or 1
        chosen = self.LearnRateSchedule if schedule is None else schedule
        if chosen == "piecewise":
            return StepLR(optimizer, self.LearnRateDropPeriod * each, self.LearnRateDropFactor)
        if chosen == "none":
            return LambdaLR(optimizer, lambda step: 1.0)
        sequence = schedules_of(chosen)
        if iterations_per_epoch is None and any(s.FrequencyUnit == "iteration" for s in sequence):
            raise UsageError(
                "The schedule counts iterations.",
                where=("LearnRateSchedule",),
                remedy="options.schedule(optimizer, iterations_per_epoch=len(loader)), and step() "
                "after every iteration.",
            )
        warn(
            "Where on its curve MATLAB has the first step of a learning rate schedule is not "
            "certain; here the curve begins with it.",
            where=("LearnRateSchedule",),
        )
        return LambdaLR(optimizer, lambda step: factor_at(sequence, step, each))

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
    """Saved training options (the struct of TrainingOptionsSGDM, ADAM, RMSProp or LBFGS).

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

    Examples
    --------
    >>> load_training_options({"Momentum": 0.9, "InitialLearnRate": 0.01}).Solver
    'sgdm'
    """
    solver = _solver(fields, class_name)
    given: dict[str, Any] = dict(_DEFAULTS[solver])
    own: dict[str, Any] = {}
    rest = {}
    rules, own_rules = _rules(TrainingOptions), _rules(LBFGSOptions) if solver == "lbfgs" else {}
    for name, value in fields.items():
        rule = rules.get(name) or own_rules.get(name)
        if rule is None:
            rest[name] = value
        elif getattr(value, "size", 1) != 0:
            try:
                (given if name in rules else own)[name] = rule(value)
            except (ValueError, TypeError) as error:
                raise PropertyError(f"{name} {error}; got {value!r}.", where=(name,)) from None
    rest.pop("Version", None)
    if own_rules and (missing := [name for name in required(LBFGSOptions) if name not in own]):
        raise PropertyError(
            f"The options of lbfgs lack {', '.join(missing)}, whose defaults are not known here.",
            where=(missing[0],),
        )
    lbfgs = LBFGSOptions(**own) if own_rules else None
    return TrainingOptions(Solver=solver, **given, lbfgs=lbfgs, without_counterpart=rest)


def _solver(fields: Mapping[str, Any], class_name: str) -> Solver:
    ending = class_name.rpartition("TrainingOptions")[2].lower()
    telling: dict[str, Solver] = {
        "Momentum": "sgdm",
        "GradientDecayFactor": "adam",
        "SquaredGradientDecayFactor": "rmsprop",
        "LineSearchMethod": "lbfgs",
    }
    found = [s for name, s in telling.items() if (s == ending if ending else name in fields)]
    if not found:
        raise UsageError(
            f"These are no options of sgdm, adam, rmsprop or lbfgs ({class_name or 'fields: '}"
            f"{'' if class_name else ', '.join(fields)}).",
            remedy="choose a torch optimizer yourself.",
        )
    return found[0]
