"""MATLAB's learning rate schedules of R2024b: what the rate is multiplied by at each step.

Properties: the documentation pages. Their formulas were not at hand; the curves here are torch's
and the field's own, and begin with the first step. Where MATLAB has its first step on the curve is
therefore not certain: between neighbouring steps the factors may be shifted by one. A step is an
epoch; with ``FrequencyUnit="iteration"``, which each of them takes, an iteration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields

from .errors import PropertyError, UsageError
from .layers.properties import number, one_of, positive_integer, positive_scalar
from .plain_text import plain_text


@dataclass(frozen=True, kw_only=True)
class RateSchedule:
    """One schedule. A step is an epoch, or with ``FrequencyUnit="iteration"`` an iteration."""

    FrequencyUnit: str = "epoch"

    def __post_init__(self) -> None:
        kind = type(self).__name__
        rules = {"FrequencyUnit": one_of("epoch", "iteration"), "Period": positive_integer}
        rules |= {"NumSteps": positive_integer, "StepRatio": _ratio, "PeriodGrowthFactor": _growth}
        for name, value in vars(self).copy().items():
            try:
                checked = rules.get(name, positive_scalar)(plain_text(value))
            except (ValueError, TypeError) as error:
                raise PropertyError(f"{name} {error}; got {value!r}.", where=(kind, name)) from None
            object.__setattr__(self, name, checked)

    @property
    def steps(self) -> float:
        """How many steps it takes; the next schedule of a sequence then begins."""
        return float(getattr(self, "NumSteps", math.inf))

    def factor(self, step: int) -> float:
        """What the initial rate is multiplied by, ``step`` counted from 0."""
        raise NotImplementedError


_ratio = number("a number between 0 and 1", lambda n: 0 < n < 1)
_growth = number("a number not less than 1, or Inf", lambda n: n >= 1, finite=False)


@dataclass(frozen=True, kw_only=True)
class _Falling(RateSchedule):
    """By DropFactor in Period steps."""

    DropFactor: float
    Period: int


@dataclass(frozen=True, kw_only=True)
class _Between(RateSchedule):
    """From InitialFactor to FinalFactor."""

    InitialFactor: float
    FinalFactor: float

    def factor(self, step: int) -> float:
        """See the class."""
        return self.FinalFactor + (self.InitialFactor - self.FinalFactor) * self._left(step)

    def _left(self, step: int) -> float:
        """The part of the way that is left, from 1 to 0."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class piecewiseLearnRate(_Falling):  # MATLAB's name, as those below
    """``DropFactor^floor(step/Period)``.

    Parameters
    ----------
    DropFactor, Period:
        The factor, and the number of steps between drops.

    Examples
    --------
    >>> [piecewiseLearnRate(DropFactor=0.5, Period=2).factor(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def factor(self, step: int) -> float:
        """See the class."""
        return math.pow(self.DropFactor, step // self.Period)


@dataclass(frozen=True, kw_only=True)
class exponentialLearnRate(_Falling):
    """``DropFactor^(step/Period)``.

    Parameters
    ----------
    DropFactor, Period:
        The factor, and the number of steps in which the rate falls by it.

    Examples
    --------
    >>> [exponentialLearnRate(DropFactor=0.25, Period=2).factor(step) for step in range(3)]
    [1.0, 0.5, 0.25]
    """

    def factor(self, step: int) -> float:
        """See the class."""
        return math.pow(self.DropFactor, step / self.Period)


@dataclass(frozen=True, kw_only=True)
class polynomialLearnRate(_Between):
    """From InitialFactor to FinalFactor in NumSteps, ``(1 - step/NumSteps)^Power`` of the way left.

    Parameters
    ----------
    InitialFactor, FinalFactor, Power, NumSteps:
        Positive numbers.

    Examples
    --------
    >>> schedule = polynomialLearnRate(InitialFactor=1, FinalFactor=0.5, Power=2, NumSteps=2)
    >>> [schedule.factor(step) for step in range(4)]
    [1.0, 0.625, 0.5, 0.5]
    """

    Power: float
    NumSteps: int

    def _left(self, step: int) -> float:
        return math.pow(max(0.0, 1 - step / self.NumSteps), self.Power)


@dataclass(frozen=True, kw_only=True)
class warmupLearnRate(_Between):
    """From InitialFactor to FinalFactor in NumSteps, in a straight line.

    Parameters
    ----------
    InitialFactor, FinalFactor, NumSteps:
        Positive numbers.

    Examples
    --------
    >>> schedule = warmupLearnRate(InitialFactor=0.5, FinalFactor=1, NumSteps=2)
    >>> [schedule.factor(step) for step in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    NumSteps: int

    def _left(self, step: int) -> float:
        return max(0.0, 1 - step / self.NumSteps)


@dataclass(frozen=True, kw_only=True)
class cosineLearnRate(_Between):
    """From InitialFactor to FinalFactor along half a cosine, with warm restarts.

    Parameters
    ----------
    InitialFactor, FinalFactor:
        Positive numbers.
    Period:
        Steps to the first restart.
    PeriodGrowthFactor:
        What each period is longer by than the one before; Inf never restarts.

    Examples
    --------
    >>> schedule = cosineLearnRate(
    ...     InitialFactor=1, FinalFactor=0.5, Period=2, PeriodGrowthFactor=1)
    >>> [round(schedule.factor(step), 4) for step in range(4)]
    [1.0, 0.75, 1.0, 0.75]
    """

    Period: int
    PeriodGrowthFactor: float

    def _left(self, step: int) -> float:
        at, period = float(step), float(self.Period)
        if math.isinf(self.PeriodGrowthFactor):
            at = min(at, period)
        while at >= period and not math.isinf(self.PeriodGrowthFactor):
            at -= period
            period *= self.PeriodGrowthFactor
        return (1 + math.cos(math.pi * at / period)) / 2


@dataclass(frozen=True, kw_only=True)
class cyclicalLearnRate(RateSchedule):
    """Up from 1 to MaxFactor and down again, in straight lines.

    Parameters
    ----------
    MaxFactor:
        A positive number.
    Period:
        Steps of one cycle.
    StepRatio:
        The part of them in which the rate rises.

    Examples
    --------
    >>> schedule = cyclicalLearnRate(MaxFactor=3, Period=4, StepRatio=0.5)
    >>> [schedule.factor(step) for step in range(5)]
    [1.0, 2.0, 3.0, 2.0, 1.0]
    """

    MaxFactor: float
    Period: int
    StepRatio: float

    def factor(self, step: int) -> float:
        """See the class."""
        part = step % self.Period / self.Period
        rising = part <= self.StepRatio
        height = part / self.StepRatio if rising else (1 - part) / (1 - self.StepRatio)
        return 1 + (self.MaxFactor - 1) * height


SCHEDULES: dict[str, type[RateSchedule]] = {
    kind.__name__: kind
    for kind in (
        piecewiseLearnRate,
        exponentialLearnRate,
        polynomialLearnRate,
        warmupLearnRate,
        cosineLearnRate,
        cyclicalLearnRate,
    )
}


def schedules_of(value: object, name: str = "LearnRateSchedule") -> list[RateSchedule]:
    """The schedules that follow each other: one, several, or as fields of saved objects.

    Parameters
    ----------
    value:
        A schedule, a list of them, or mappings of their properties with ``class``.

    Raises
    ------
    UsageError
        A text, whose properties MATLAB fills in, or something else.
    PropertyError
        Properties that are missing, or that MATLAB would refuse.
    """
    if isinstance(value, RateSchedule):
        return [value]
    if isinstance(value, Mapping):
        return [_from_fields(value)]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return [one for item in value for one in schedules_of(item, name)]
    known = isinstance(value, str) and f"{value.lower()}LearnRate" in SCHEDULES
    example = f"{str(value).lower()}LearnRate" if known else "cosineLearnRate"
    needed = ", ".join(f"{one}=..." for one in required(SCHEDULES[example]))
    raise UsageError(
        f"{name} {value!r} leaves its numbers to MATLAB, whose defaults are not known here."
        if known
        else f"{name} {value!r} is not known.",
        where=(name,),
        remedy=f"pass them: options.schedule(optimizer, {example}({needed})).",
    )


def required(kind: type) -> list[str]:
    """The fields of a dataclass without a default."""
    return [one.name for one in fields(kind) if one.default is MISSING]


def _from_fields(saved: Mapping[str, object]) -> RateSchedule:
    class_name = str(saved.get("class", "")).rpartition(".")[2]
    kind = {name.lower(): kind for name, kind in SCHEDULES.items()}.get(class_name.lower())
    if kind is None:
        raise UsageError(
            f"{class_name or 'This struct'} is no learning rate schedule.",
            remedy=f"the known ones are {', '.join(SCHEDULES)}.",
        )
    own = {one.name: saved[one.name] for one in fields(kind) if one.name in saved}
    if missing := [name for name in required(kind) if name not in own]:
        raise PropertyError(f"{kind.__name__} needs {', '.join(missing)}.", where=(kind.__name__,))
    return kind(**own)  # type: ignore[arg-type]  # each is checked


def factor_at(
    schedules: Sequence[RateSchedule], iteration: int, iterations_per_epoch: int
) -> float:
    """The factor at an iteration (from 0): schedules follow each other, the last one stays."""
    began, factor = 0, 1.0
    for at, schedule in enumerate(schedules):
        unit = iterations_per_epoch if schedule.FrequencyUnit == "epoch" else 1
        step = (iteration - began) // unit
        factor = schedule.factor(step)
        if step < schedule.steps or at == len(schedules) - 1:
            return factor
        began += int(schedule.steps) * unit
    return factor
