"""The search for the mistake: the model is run again with each that its description allows.

Likely mistakes come first (their rank), of the last layers first; then the same mistake in all
layers that can have it; then numbers that are fitted; then two mistakes at once. Only what comes
after a changed layer is computed again, of one observation first, and not longer than patience has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, combinations, groupby, islice, product
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Array
from ...errors import MatlabCompatError
from ...network.graph import Step
from ..axes import same_rank
from ..diagnosis_types import Diagnosis
from .altered import after
from .dropout import dropouts
from .given import other_inputs
from .graph import Suspicion, connected_otherwise
from .inputs import given_otherwise, scaled_input
from .layer import rounded_operands
from .measure import Candidate, Side, explanations, in_words, sample
from .mistakes import Fitted, Variation, every_fit, every_mistake, reproduced
from .output import diagnose_output, ranked
from .patience import Patience
from .rounded import rounded_networks
from .run import LayerRun, Run, Target, ancestors
from .solved import solved
from .values import LINEAR

if TYPE_CHECKING:
    from torch import Tensor

_ERRORS = (
    MatlabCompatError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
#: Up to this rank a mistake is looked for in the model before its output is looked at.
_LIKELY = 1
_RANKS = (0, 1, 2, 3)
#: A mistake that leaves more than this of the difference is none of two.
_SHRUNK = 0.9
_FIRST_OF_TWO, _SECOND_OF_TWO = 2, 300
#: How many mistakes are combined in pairs: those that come nearest alone.
_ADDED = 1500
#: Pairs that are run because they should add up, and elements that this is told by.
_PAIRS, _EFFECT = 300, 512
#: Between two mistakes that were made together.
_AT_ONCE = ", and with another mistake at once: "
#: How many sets of layers are run with the same mistake in each layer.
_SEVERAL = 60
#: A guess leaves no more than this part of the difference, and everything else so many times more.
_GUESSED, _APART, _ENOUGH_TO_GUESS = 0.03, 3.0, 64
#: How many other mistakes that fit as well are named.
_ALTERNATIVES = 4
#: The most mistakes that are run as one batch, and the most elements of such a batch.
_TOGETHER, _MOST_ELEMENTS = 32, 4_000_000
#: A fit needs so many numbers for each that is fitted, and steps.
_NUMBERS_EACH, _STEPS = 8, 12
#: How far a correlation is from 1 where values lie on a line.
_ON_A_LINE = 1e-9


@dataclass(frozen=True)
class Attempt:
    """A mistake that was tried, and what was left of the difference (root mean square)."""

    suspicion: Suspicion
    left: float
    #: What it changes, in some elements of the first observation; None if not comparable.
    effect: Array | None = field(default=None, repr=False)


@dataclass
class _Alike:
    """Mistakes with the same effect on the first observations."""

    suspicions: list[Suspicion]
    #: Whether that effect explains the difference there; None until it is tried.
    fits: bool | None = None


@dataclass
class Search:
    """What was tried, and found."""

    run: Run
    target: Target
    suspects: Sequence[Step]
    patience: Patience

    def __post_init__(self) -> None:
        self.actual = self.run.actual(self.target)
        actual, expected = same_rank(self.actual, self.target.expected)
        if actual.shape != expected.shape:
            # How far rounding moves results of another size is not known: as far as the values
            # on their way are large.
            names = {step.name for step in self.suspects}
            ways = [v for (name, _), v in self.run.values.items() if name in names and v.numel()]
            largest = max((float(v.abs().max()) for v in ways), default=0.0)
            measure = self.target.measure.at_least(min(largest, 1e30))
            self.target = replace(self.target, measure=measure)
        self.before = self.target.measure.distance(actual, expected)
        self.attempts: list[Attempt] = []
        self.found: list[tuple[int, Diagnosis]] = []
        self._actuals: dict[int | None, Array] = {}
        self.tried = 0
        number, truth = next(self.run.samples(self.target))
        # The first observations do not suffice where they agree.
        self._needs_all = number is not None and self._fits(self._actual(number), truth)
        self._first_sample = next(self._samples())
        number, truth = self._first_sample
        self._some_actual = self._some(self._actual(number))
        self._wanted = _less(self._some(truth), self._some_actual)

    def _samples(self, *, whole_batch: bool = False) -> Iterator[tuple[int | None, Array]]:
        """What is expected of the first observations, then of all: see :meth:`Run.samples`."""
        return self.run.samples(self.target, whole_batch=whole_batch or self._needs_all)

    # --- the way ------------------------------------------------------------------------

    def diagnoses(
        self, of_output: Callable[[bool], tuple[Diagnosis, ...]]
    ) -> tuple[Diagnosis, ...]:
        """The mistakes that explain the difference, the simplest first."""
        self._collect(dropouts(self.run, self.target, self.suspects, self.patience))
        for rank in _RANKS:
            if self.found:
                return self._ranked()
            if rank == _LIKELY + 1:
                self._try_fits(likely=True)
                if self.found:
                    break
                if shown := of_output(True):
                    return shown
                parts = self.run, self.target, self.suspects, self.patience
                self._collect(rounded_networks(*parts))
                if self.found:
                    break
            self._try_rank(rank)
        stages = (
            self._try_several,
            partial(self._try_fits, likely=False),
            self._try_solved,
            self._try_inputs,
            self._try_pairs,
        )
        for stage in stages:
            if self.found:
                break
            stage()
        return self._ranked() or of_output(False) or self._with_output() or self._guess()

    def said(self) -> str:
        """What was tried, where nothing explains the difference."""
        ended = "; there was no time for more" if self.patience.is_over() else ""
        layers = [step.name for step in self.suspects if not step.layer.is_output]
        between = f"'{layers[0]}' to '{layers[-1]}'" if len(layers) > 1 else "this layer"
        return f"{self.tried} mistakes were tried in {between}{ended}."

    def _guess(self) -> tuple[Diagnosis, ...]:
        """What leaves little of the difference, and far less than anything else."""
        best = _distinct(sorted(self.attempts, key=lambda attempt: attempt.left))
        if not best or self.target.expected.size < _ENOUGH_TO_GUESS:
            return ()
        first, *others = best
        next_best = min((a.left for a in others if a.left > first.left), default=1.0)
        if first.left > _GUESSED or next_best < _APART * first.left:
            return ()
        left = first.left * self.before if np.isfinite(self.before) else first.left
        found = self._diagnosis(first.suspicion, left, "nearly ")
        line = first.suspicion.variation.line
        return (replace(found, repair=line, explains=1 - first.left, certain=False),)

    def _diagnosis(self, suspicion: Suspicion, residual: float, how: str = "") -> Diagnosis:
        """Of a suspicion that does not explain everything alone."""
        one = suspicion.variation
        text = f"{Side.EXPECTED} is {how}what {self._who(suspicion)} {one.text}"
        text = in_words(text, self.target.measure.turned)
        return Diagnosis(one.name, text, residual, one.remedy, suspicion.where, one.said)

    def _who(self, suspicion: Suspicion) -> str:
        return "the layer gives" if isinstance(self.run, LayerRun) else suspicion.said

    def _try_rank(self, rank: int) -> None:
        chosen = self._in_order([s for s in self.every if s.variation.rank == rank])
        one_output = {s.name for s in self.suspects if len(s.output_formats) == 1}
        for step_name, group in groupby(chosen, key=_alone_in):
            if step_name not in one_output:
                for suspicion in group:
                    if self.patience.is_over():
                        return
                    if suspicion.is_common and self.found:
                        return  # those of its layers that it shows in are found already
                    self._try(suspicion)
            elif not self._try_alike(step_name, list(group)):
                return

    def _in_order(self, suspicions: Sequence[Suspicion]) -> Iterator[Suspicion]:
        """As they come, but pairs of layers last: those first whose single effects add up best."""
        yield from (s for s in suspicions if not s.is_pair)
        effects = {id(a.suspicion.variation): a.effect for a in self.attempts}

        def left(suspicion: Suspicion) -> float:
            parts = [effects.get(id(variation)) for variation in suspicion.changes.values()]
            known = [effect for effect in parts if effect is not None]
            if len(known) < len(parts) or self._wanted is None:
                return np.inf
            return float(np.linalg.norm(self._wanted - np.sum(known, 0)))

        yield from sorted((s for s in suspicions if s.is_pair), key=left)

    def _try_alike(self, name: str, suspicions: Sequence[Suspicion]) -> bool:
        """Mistakes of one layer; what comes after it is run for several of them at once.

        Those without effect on these data are left out, and each effect is tried once. Where it
        fits, all that have it are tried on all observations. Gives whether there was time for all.
        """
        step = next(s for s in self.run.plan.steps if s.name == name)
        number, _ = self._first_sample
        now = self.run.values[name, 0][:number]
        waiting: list[tuple[_Alike, Tensor]] = []
        known = {_print(now): _Alike([], fits=False)}
        widest = max(v[:number].numel() for v in self.run.values.values())
        most = max(1, min(_TOGETHER, _MOST_ELEMENTS // max(1, widest)))
        for suspicion in suspicions:
            if self.patience.is_over():
                return False
            try:
                output = self.run.own_output(step, suspicion.variation, number)
            except _ERRORS:
                continue
            alike = known.setdefault(_print(output), _Alike([]))
            if alike.fits:
                self._try(suspicion)
            if alike.fits is None:
                alike.suspicions.append(suspicion)
            if alike.fits is not None or len(alike.suspicions) > 1:
                continue
            if waiting and (output.shape != waiting[0][1].shape or len(waiting) >= most):
                self._try_waiting(step, waiting)
                waiting.clear()
            waiting.append((alike, output))
        self._try_waiting(step, waiting)
        return True

    def _try_waiting(self, step: Step, waiting: Sequence[tuple[_Alike, Tensor]]) -> None:
        if not waiting:
            return
        n = waiting[0][1].shape[0]
        try:
            values = self.run.after(step, [o for _, o in waiting], self.target.port)
            parts = (values[i * n : (i + 1) * n] for i in range(len(waiting)))
            results = [self.run.as_matlab(part, self.target) for part in parts]
        except _ERRORS:
            if len(waiting) > 1:  # not all of them go on
                for one in waiting:
                    self._try_waiting(step, [one])
            return
        for (alike, _), result in zip(waiting, results, strict=True):
            first, *others = alike.suspicions
            alike.fits = self._try(first, result)
            for suspicion in others if alike.fits else ():
                self._try(suspicion)

    def _ranked(self) -> tuple[Diagnosis, ...]:
        """The likeliest first, which says what of the same rank fits as well."""
        if not self.found:
            return ()
        first, *others = ranked(self.found)
        least = min(rank for rank, _ in self.found)
        alike = (d for rank, d in self.found if rank == least)
        names = dict.fromkeys(f"{d.where}: {d.change or d.name}" for d in alike)
        names.pop(f"{first.where}: {first.change or first.name}", None)
        if _AT_ONCE in first.text:
            names = {}  # the other one of the two stands for the same
        return (replace(first, alternatives=tuple(names)[:_ALTERNATIVES]), *others)

    def _collect(self, candidates: Iterable[Candidate], where: str = "") -> None:
        name = where or self.target.name
        self.found += explanations(candidates, self.target.measure, self.before, name)

    # --- what is suspected --------------------------------------------------------------

    @cached_property
    def every(self) -> list[Suspicion]:
        """Every suspicion: of single layers, the last ones first, of several, of connections."""
        singles = chain.from_iterable(map(self._single, reversed(self.suspects)))
        alone = [*singles, *connected_otherwise(self.run, self.suspects)]
        return [*alone, *_common(alone)]

    def _single(self, step: Step) -> Iterator[Suspicion]:
        if step.layer.is_output:
            return
        size = self.run.size(step)
        every = [*every_mistake(step.layer, size)]
        if self._is_given(step):
            every += given_otherwise(step.layer, size)
        if isinstance(self.run, LayerRun):
            every += rounded_operands(step.layer)
        # The same effect is named as a property where one has it.
        for variation in sorted(every, key=lambda one: one.change is not None):
            yield Suspicion.of(variation, step.name, self._where(step))

    def _where(self, step: Step) -> str:
        return self.target.name if isinstance(self.run, LayerRun) else step.name

    # --- one ----------------------------------------------------------------------------

    def _try(self, suspicion: Suspicion, first: Array | None = None) -> bool:
        """Run it, unless the ``first`` result is known; if it fits, all observations.

        Gives whether it fitted the first ones.
        """
        self.tried += 1
        variation, who = suspicion.variation, self._who(suspicion)
        samples = self._samples(whole_batch=variation.whole_batch)
        for fitted, (number, truth) in enumerate(samples):
            computed, first = first if first is not None else self._result(suspicion, number), None
            if computed is None:
                return fitted > 0
            if not self._fits(computed, truth):
                left, effect = self._left(computed, truth, number), None
                if number == self._first_sample[0]:
                    effect = self._effect(computed)
                self.attempts.append(Attempt(suspicion, left, effect))
                return fitted > 0
            last = reproduced(variation, who, computed, truth, self.target.measure)
        self._collect([last], suspicion.where)
        return True

    def _fits(self, computed: Array, truth: Array) -> bool:
        result, expected = same_rank(computed, truth)
        own = self.target.measure.of_result(result, expected)
        return own.distance(result, expected) <= own.bound

    def _result(self, suspicion: Suspicion, observations: int | None) -> Array | None:
        try:
            value = self.run.with_changes(
                suspicion.changes, self.target.port, observations, suspicion.sources
            )
            return self.run.as_matlab(value, self.target)
        except _ERRORS:
            return None  # sizes do not go together any more

    def _left(self, computed: Array, truth: Array, observations: int | None) -> float:
        """How much of the difference is left (root mean square); infinite if not comparable."""
        result, expected = same_rank(computed, truth)
        if result.shape != expected.shape:
            return np.inf
        actual = self._actual(observations)
        base = same_rank(actual, expected)[0]
        start = expected if base.shape != expected.shape else base - expected
        whole = float(np.linalg.norm(start))
        left = float(np.linalg.norm(result - expected)) / whole if whole else np.inf
        return left if np.isfinite(left) else np.inf

    def _effect(self, computed: Array) -> Array | None:
        """How it differs from what was computed without a mistake."""
        return _less(self._some(computed), self._some_actual)

    def _some(self, computed: Array) -> Array | None:
        truth = self._first_sample[1]
        result, expected = same_rank(computed, truth)
        if result.shape != expected.shape or not np.isfinite(result).all():
            return None
        flat = result.ravel().astype(np.float64)
        if flat.size > _EFFECT:
            flat = flat[sample(flat.shape, _EFFECT)]
        return flat

    def _actual(self, observations: int | None) -> Array:
        if observations not in self._actuals:
            value = self.run.values[self.target.port][:observations]
            self._actuals[observations] = self.run.as_matlab(value, self.target)
        return self._actuals[observations]

    # --- numbers ------------------------------------------------------------------------

    def _try_fits(self, *, likely: bool) -> None:
        for step in reversed(self.suspects):
            if step.layer.is_output:
                continue
            size = self.run.size(step)
            fits = every_fit(step.layer, size)
            if self._is_given(step):
                fits = chain(fits, scaled_input(step.layer, size))
            for fitted in fits:
                if (fitted.rank <= _LIKELY) is not likely:
                    continue
                if self.patience.is_over():
                    return
                self._fit(step, fitted)

    def _is_given(self, step: Step) -> bool:
        """Whether it is a layer on its own, whose input nothing else changes."""
        return isinstance(self.run, LayerRun) and "Normalization" not in step.layer.properties

    def _fit(self, step: Step, fitted: Fitted) -> None:
        """Gauss's and Newton's method, given up where the first step explains too little."""
        enough = _NUMBERS_EACH * len(fitted.start)
        samples = [(n, y) for n, y in self._samples() if y.size >= enough]
        if not samples:
            return
        number, truth = samples[0]

        def result(values: tuple[float, ...]) -> Array | None:
            return self._result(Suspicion.of(fitted.make(values), step.name), number)

        values, steps = np.array(fitted.start), np.full(len(fitted.start), fitted.step)
        current = result(tuple(values))
        if current is None:
            return
        given, wanted = same_rank(current, truth)
        if given.shape != wanted.shape:
            return
        rest = (wanted - given).ravel().astype(float)
        for attempt in range(_STEPS):
            columns = []
            for i in range(len(values)):
                moved = values.copy()
                moved[i] += steps[i]
                there = result(tuple(moved))
                if there is None or there.shape != current.shape:
                    return
                columns.append((there - current).ravel().astype(float) / steps[i])
            slopes = np.stack(columns, 1)
            if not (np.isfinite(slopes).all() and np.isfinite(rest).all()) or not slopes.any():
                return
            move = np.linalg.lstsq(slopes, rest, rcond=None)[0]
            whole = float(rest @ rest)
            explained = 1 - float(np.sum((rest - slopes @ move) ** 2)) / whole if whole else 1.0
            if attempt == 0 and explained < 0.5:
                return
            for _ in range(3):
                there = result(tuple(values + move))
                if there is not None and there.shape == current.shape:
                    left = (same_rank(truth, there)[0] - same_rank(there, truth)[0]).ravel()
                    if float(left.astype(float) @ left) < whole:
                        break
                move = move / 2
            else:
                return
            values, current, rest = values + move, there, left.astype(float)
            if self._fits(current, truth):
                variation = fitted.make(tuple(float(v) for v in values))
                self._try(Suspicion.of(variation, step.name, self._where(step)))
                return
            smaller = np.maximum(np.abs(move), 1e-4 * np.maximum(np.abs(values), 1e-3))
            steps = np.minimum(np.abs(steps), smaller)

    # --- several at once ----------------------------------------------------------------

    def _try_several(self) -> None:
        """The same mistake in some layers: in those whose effects come near the difference."""
        found: set[str] = set()
        for members in self._alike_in_some():
            changes = {a.suspicion.where: a.suspicion.variation for a in members}
            if self.patience.is_over():
                break
            if found and found != set(changes):
                continue  # what else explains as much is in the same layers
            self._try(_all_of(changes, "layers"))
            found = set(changes) if self.found else found
        self.found.sort(key=lambda pair: (pair[0], pair[1].residual))

    def _alike_in_some(self) -> list[list[Attempt]]:
        """Neighbouring layers, and those chosen one by one, the nearest to the difference first."""
        groups: dict[str, list[Attempt]] = {}
        for attempt in self.attempts:
            if attempt.effect is not None and len(attempt.suspicion.changes) == 1:
                groups.setdefault(attempt.suspicion.variation.common, []).append(attempt)
        found: list[tuple[float, list[Attempt]]] = []
        for members in groups.values():
            if len(members) < 3 or self._wanted is None:
                continue
            effects = np.stack([a.effect for a in members if a.effect is not None])
            for chosen in _subsets(effects, self._wanted):
                left = float(np.linalg.norm(self._wanted - effects[chosen].sum(0)))
                found.append((left, [members[i] for i in chosen]))
        return [chosen for _, chosen in sorted(found, key=lambda one: one[0])[:_SEVERAL]]

    def _try_solved(self) -> None:
        """Other numbers in the parameters of the layer that the target is the output of."""
        step = next((s for s in self.suspects if s.name == self.target.port[0]), None)
        wanted = self.run.wanted(self.target)
        if step is None or step.layer.is_output or wanted is None:
            return
        tried = len(self.attempts)
        try:
            for variation in solved(self.run, step, wanted, self.patience):
                self._try(Suspicion.of(variation, step.name, self._where(step)))
        except _ERRORS:
            return  # a layer that cannot be run so
        del self.attempts[tried:]  # what is solved for is no guess

    def _try_inputs(self) -> None:
        """Another input, where the target shows all of it."""
        if self.patience.is_over():
            return
        try:
            self._collect(other_inputs(self.run, self.target))
        except _ERRORS:
            return

    def _with_output(self) -> tuple[Diagnosis, ...]:
        """A mistake of a layer whose result is what is expected times a number, plus another."""
        known = [a for a in _distinct(self.attempts) if a.effect is not None]
        if self._some_actual is None or self._wanted is None or self.target.measure.part:
            return ()
        truth = self._some_actual + self._wanted
        for attempt in known:
            result = self._some_actual + attempt.effect
            if self.patience.is_over() or not _is_line(result, truth):
                continue
            if _is_line(result, self._some_actual):
                continue  # what undoes it is nothing
            suspicion = attempt.suspicion
            whole = self._result(suspicion, None)
            if whole is None:
                continue
            sides, measure = (whole, self.target.expected), self.target.measure
            shown = diagnose_output(*sides, measure, suspicion.where, early=True)
            for found in (one for one in shown if one.name in LINEAR):
                one = self._diagnosis(suspicion, found.residual)
                text = f"{one.text}, and of that one: {found.text}"
                return (replace(one, text=text, remedy=f"{one.remedy} {found.remedy}"),)
        return ()

    # --- two at once --------------------------------------------------------------------

    def _try_pairs(self) -> None:
        """Two mistakes whose effects add up to the difference, or the best with every other.

        Effects add up nearly where the layers after them are nearly linear: those pairs are run
        that come nearest.
        """
        for first, second in chain(self._adding_up(), self._likeliest(), self._best_with_others()):
            if self.patience.is_over():
                return
            both = _together(first.suspicion, second.suspicion)
            if both is not None:
                self._try_both(first.suspicion, second.suspicion, both)
            if self.found:
                return

    def _adding_up(self) -> Iterator[tuple[Attempt, Attempt]]:
        known = _distinct([a for a in self.attempts if a.effect is not None])
        if len(known) < 2 or self._wanted is None:
            return
        effects = np.stack([a.effect for a in known if a.effect is not None])
        alone = (effects**2).sum(1) - 2 * effects @ self._wanted
        nearest = np.argsort(alone, kind="stable")[:_ADDED]
        known, effects, alone = [known[i] for i in nearest], effects[nearest], alone[nearest]
        left = alone[:, np.newaxis] + alone + 2 * effects @ effects.T
        left[np.tril_indices(len(known))] = np.inf
        left[left > (_SHRUNK**2 - 1) * float(self._wanted @ self._wanted)] = np.inf
        count = min(_PAIRS, left.size - 1)
        nearest = np.argpartition(left, count, axis=None)[:count]
        for at in nearest[np.argsort(left.flat[nearest])]:
            if np.isfinite(left.flat[at]):
                one, other = np.unravel_index(at, left.shape)
                yield known[one], known[other]

    def _likeliest(self) -> Iterator[tuple[Attempt, Attempt]]:
        """Two of those that people make most, however much of the difference either leaves."""
        first = [a for a in self.attempts if a.suspicion.variation.rank == 0]
        yield from islice(combinations(_distinct(first), 2), _PAIRS)

    def _best_with_others(self) -> Iterator[tuple[Attempt, Attempt]]:
        best = sorted((a for a in self.attempts if a.left < _SHRUNK), key=lambda a: a.left)
        likely = sorted(self.attempts, key=lambda a: (a.suspicion.variation.rank, a.left))
        yield from product(_distinct(best)[:_FIRST_OF_TWO], likely[:_SECOND_OF_TWO])

    def _try_both(self, one: Suspicion, other: Suspicion, both: Suspicion) -> None:
        batch = one.variation.whole_batch or other.variation.whole_batch
        for number, truth in self._samples(whole_batch=batch):
            computed = self._result(both, number)
            if computed is None or not self._fits(computed, truth):
                return
            whole = computed
        likelier, rarer = sorted((one, other), key=lambda suspicion: suspicion.variation.rank)
        for first, second in ((likelier, rarer), (rarer, likelier)):
            variation = replace(
                first.variation,
                rank=likelier.variation.rank,
                text=f"{first.variation.text}{_AT_ONCE}'{second.where}' {second.variation.text}",
                repair=_both_lines(one, other),
            )
            who, measure = self._who(first), self.target.measure
            self._collect([reproduced(variation, who, whole, truth, measure)], first.where)


def _less(one: Array | None, other: Array | None) -> Array | None:
    """The difference; None where either is not known."""
    return None if one is None or other is None else one - other


def _is_line(result: Array, truth: Array) -> bool:
    """Whether all values lie on one straight line."""
    if result.size < _NUMBERS_EACH or np.ptp(result) == 0 or np.ptp(truth) == 0:
        return False
    return bool(1 - abs(np.corrcoef(result, truth)[0, 1]) < _ON_A_LINE)


def _subsets(effects: Array, wanted: Array) -> Iterator[list[int]]:
    """Two or more of them but not all: neighbours, and the best one after the other."""
    count = len(effects)
    for first, last in combinations(range(count + 1), 2):
        if 1 < last - first < count and (first == 0 or last == count):
            yield list(range(first, last))
    chosen: list[int] = []
    while len(chosen) < count - 1:
        rest = wanted - effects[chosen].sum(0)
        others = [i for i in range(count) if i not in chosen]
        chosen.append(min(others, key=lambda i: float(np.linalg.norm(rest - effects[i]))))
        if len(chosen) > 1:
            yield sorted(chosen)


def _both_lines(one: Suspicion, other: Suspicion) -> str:
    """What repairs two mistakes of one layer; of two layers, no line can say it."""
    lines = one.variation.line, other.variation.line
    return "; ".join(lines) if all(lines) and one.touched == other.touched else ""


def _alone_in(suspicion: Suspicion) -> str:
    """The layer, if it is the only one with a mistake that one observation shows."""
    one = len(suspicion.changes) == 1 and not suspicion.sources
    return next(iter(suspicion.changes)) if one and not suspicion.variation.whole_batch else ""


def _print(value: Tensor) -> tuple[object, ...]:
    return tuple(value.shape), hash(value.detach().cpu().contiguous().numpy().tobytes())


def _distinct(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Each effect once: what leaves the same is the same."""
    found: dict[float, Attempt] = {}
    for attempt in attempts:
        found.setdefault(round(attempt.left, 6), attempt)
    return list(found.values())


def _together(one: Suspicion, other: Suspicion) -> Suspicion | None:
    """Both mistakes at once; None if they are of the same property or input."""
    if set(one.sources) & set(other.sources):
        return None
    changes = dict(one.changes)
    for name, second in other.changes.items():
        first = changes.get(name)
        if first is None:
            changes[name] = second
            continue
        if set(first.values) & set(second.values) or first.original is not second.original:
            return None
        values, change = {**first.values, **second.values}, after(first.change, second.change)
        changes[name] = replace(first, values=values, change=change)
    return Suspicion(one.variation, changes, one.where, {**one.sources, **other.sources})


def _common(singles: Sequence[Suspicion]) -> Iterator[Suspicion]:
    """The same mistake in all layers of a kind, and in all layers that can have it."""
    groups: dict[str, dict[str, Variation]] = {}
    for suspicion in singles:
        if len(suspicion.changes) == 1 and not suspicion.sources:
            (name,) = suspicion.changes
            groups.setdefault(suspicion.variation.common, {}).setdefault(name, suspicion.variation)
    by_property = sorted(groups.values(), key=lambda g: next(iter(g.values())).change is not None)
    for members in by_property:
        kinds: dict[type, dict[str, Variation]] = {}
        for name, variation in members.items():
            kinds.setdefault(type(variation.original), {})[name] = variation
        if len(kinds) > 1:
            yield _all_of(members, "layers")
        for kind in (*kinds.values(), *_of_equals(kinds.values())):
            if len(kind) > 1:
                (first, *_) = kind.values()
                what = first.original.type_text or type(first.original).__name__
                yield _all_of(kind, f"{_lower(what)} layers")


def _of_equals(kinds: Iterable[Mapping[str, Variation]]) -> Iterator[Mapping[str, Variation]]:
    """Those of a kind whose property was the same before, where they are some of the kind."""
    for kind in kinds:
        before: dict[str, dict[str, Variation]] = {}
        for name, variation in kind.items():
            before.setdefault(variation.said, {})[name] = variation
        yield from (alike for alike in before.values() if len(alike) < len(kind))


def _lower(text: str) -> str:
    """Without capitals, except those of LSTM or ReLU."""
    kept = [sum(map(str.isupper, word)) > 1 or word[0].isdigit() for word in text.split()]
    return " ".join(w if k else w.lower() for w, k in zip(text.split(), kept, strict=True))


def _all_of(members: Mapping[str, Variation], what: str) -> Suspicion:
    """``what`` they are: "ReLU layers"."""
    where = f"{len(members)} {what}"
    return Suspicion(next(iter(members.values())), members, where, is_common=True)


def suspects_of(run: Run, target: Target, equal: Sequence[str]) -> list[Step]:
    """The layers that the target depends on and that no activations clear.

    What agrees after the target in spite of it (a dead ReLU, say) clears nothing.
    """
    name = target.port[0]
    before = [found for found in (ancestors(run.plan, one) for one in equal) if name not in found]
    cleared: set[str] = set().union(*before)
    upstream = ancestors(run.plan, name)
    return [s for s in run.plan.steps if s.name in upstream and s.name not in cleared]
