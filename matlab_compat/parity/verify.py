"""Do the two agree? The one function behind every such question, whoever computes either side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..arrays import Array
from ..display import counted
from ..errors import NothingToCompareError, UsageError
from ..wording import argument
from .axes import matlab_size
from .categories import are_labels
from .compare import Comparison
from .diagnosis_types import SECONDS
from .labels import compare_labels
from .report import Report
from .rule import Judged, Rule
from .runner import Inputs, Precision, Results, Runner, TorchRunner, Value, Wanted, as_array, each
from .sensitivity import Result
from .side_by_side import Distance, distances
from .worth import unseen

if TYPE_CHECKING:
    from .diagnose.difference import Place


def verify(
    candidate: Runner,
    reference: Runner,
    inputs: Inputs,
    rule: Rule,
    *,
    others: Sequence[Runner] = (),
    explain: bool = True,
    diagnosis_seconds: float = SECONDS,
) -> Report:
    """Run two sides on the same inputs and compare what they give.

    Parameters
    ----------
    candidate:
        What is judged.
    reference:
        What it should agree with. Its outputs give the names in the report.
    inputs:
        In MATLAB's order, for both.
    rule:
        How far the two may be apart.
    others:
        Other ways to compute the same, to be shown side by side.
    explain:
        Say what was done wrong, where the two differ and that can be found; and where they agree,
        which mistakes these data could not show.
    diagnosis_seconds:
        How long to look for what was done wrong, at most (20); 0 for not at all. Results that are
        equal cost none.

    Raises
    ------
    NothingToCompareError
        The comparison would be vacuous, also of one saved activation.
    LayerNotFoundError
        There are activations of a layer that the candidate does not have.
    UsageError
        The two have another number of outputs, or of sequences in one; or labels are expected
        that no scores can be found for; or ``diagnosis_seconds`` is negative.

    Example
    -------
    >>> import numpy as np
    >>> from matlab_compat import reluLayer
    >>> from matlab_compat.parity.rule import ModelRule
    >>> from matlab_compat.parity.runner import Inputs, Precision, SavedRunner, TorchRunner
    >>> X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 3, 2)
    >>> layer, precision = reluLayer(), Precision(dtype="single")
    >>> saved = SavedRunner({"Y": np.maximum(X, 0)})
    >>> rule = ModelRule.of(layer, precision)
    >>> verify(TorchRunner(layer, precision), saved, Inputs([X]), rule).verdict
    'equal'
    """
    if not diagnosis_seconds >= 0:
        raise UsageError(
            f"A diagnosis cannot take {diagnosis_seconds:g} seconds.",
            where=(argument("diagnosis_seconds"),),
            remedy="give the most seconds that it may take; 0 for none.",
        )
    wanted = reference.offers()
    ours = candidate.run(inputs, wanted)
    theirs = reference.run(inputs, replace(wanted, like=tuple(ours.outputs.values())))
    exact = rule.exact(inputs, wanted)
    named = replace(ours, outputs=_outputs(ours, theirs))
    classes: list[Comparison] = []
    scores, truth = named, theirs
    if any(map(are_labels, theirs.outputs.values())):
        classes = compare_labels(named, theirs, exact, inputs, rule)
        wanted = replace(wanted, outputs=False)
        scores, truth = (replace(one, outputs={}) for one in (named, theirs))
        exact = exact and replace(exact, outputs={})
    results = list(_paired(scores, truth, exact))
    judged = rule.judge(results, inputs, wanted)
    count = sum(1 for _ in each(scores.outputs))
    outputs, layers = _split(judged, count)
    found = Report((*classes, *outputs), {**candidate.facts(), **reference.facts()}, tuple(layers))
    if others:
        runs = {candidate.label: ours, **{one.label: one.run(inputs, Wanted()) for one in others}}
        shown = _side_by_side(reference.label, runs, results[:count], judged)
        found = replace(found, side_by_side=tuple(shown))
    if not explain:
        return found
    if found.verdict == "equal":
        at = candidate.precision if isinstance(candidate, TorchRunner) else Precision()
        seen = unseen(rule.model, inputs, theirs, found.compared, at, rule.tolerance)
        return replace(found, warnings=seen)
    if not diagnosis_seconds:
        return found
    from .diagnose.difference import first_difference
    from .diagnose.explain import diagnoses_of

    difference = first_difference(results, _places(ours, count), judged, rule.tolerance)
    if difference is None:
        return found
    explained = diagnoses_of(difference, inputs, candidate, rule, diagnosis_seconds)
    return replace(found, diagnoses=explained.diagnoses, unexplained=explained.unexplained)


def _places(ours: Results, count: int) -> list[Place]:
    """Where each result comes from; the first ``count`` are outputs."""
    from .diagnose.difference import Place

    numbers = {name: number for number, name in enumerate(ours.outputs)}
    outputs = [Place(numbers[name], i or 0) for name, i, _ in each(ours.outputs)][:count]
    return [*outputs, *(Place(name, i or 0) for name, i, _ in each(ours.activations))]


def _outputs(ours: Results, theirs: Results) -> dict[str, Value]:
    """Our outputs by their names; another number of them is refused."""
    if theirs.outputs and len(ours.outputs) != len(theirs.outputs):
        raise UsageError(
            f"The network has {len(ours.outputs)} outputs, but {len(theirs.outputs)} are expected.",
            remedy="give one expected array for each output, in order.",
        )
    return dict(zip(theirs.outputs, ours.outputs.values(), strict=False))


def _paired(ours: Results, theirs: Results, exact: Results | None) -> Iterator[Result]:
    """Outputs, then activations, sequence by sequence; an oracle of no side's size is left out."""
    actual = [*each(ours.outputs), *each(ours.activations)]
    expected = [
        *_expected(ours.outputs, theirs.outputs),
        *_expected(ours.activations, theirs.activations),
    ]
    oracles: list[Array] = []
    if exact is not None:
        oracles = [y for part in (exact.outputs, exact.activations) for _, _, y in each(part)]
    for i, ((name, sequence, one), other) in enumerate(zip(actual, expected, strict=True)):
        oracle = oracles[i] if len(oracles) == len(actual) else None
        if oracle is not None and matlab_size(oracle) not in map(matlab_size, (one, other)):
            oracle = None
        yield Result(name if sequence is None else f"{name}{{{sequence + 1}}}", one, oracle, other)


def _expected(ours: Mapping[str, Value], theirs: Mapping[str, Value]) -> Iterator[Array]:
    for name, actual in ours.items():
        items = theirs[name] if isinstance(theirs[name], list) else [theirs[name]]
        count = len(actual) if isinstance(actual, list) else 1
        if len(items) != count:
            raise UsageError(
                f"{name}: {counted(count, 'array')} computed, {counted(len(items), 'array')} "
                "(of a cell array) expected.",
                remedy="save what predict gave for all of X, as one array or cell as it came.",
            )
        yield from map(as_array, items)


def _split(judged: Judged, count: int) -> tuple[list[Comparison], list[Comparison]]:
    """The comparisons of outputs and of layers.

    A layer that is zero on both sides proves nothing and is left out; an output raises for it.
    """
    outputs = []
    for one in judged.comparisons[:count]:
        if isinstance(one, NothingToCompareError):
            raise one
        outputs.append(one)
    return outputs, [one for one in judged.comparisons[count:] if isinstance(one, Comparison)]


def _side_by_side(
    reference: str, runs: Mapping[str, Results], results: Sequence[Result], judged: Judged
) -> Iterator[Distance]:
    arrays = {label: [y for _, _, y in each(run.outputs)] for label, run in runs.items()}
    for i, one in enumerate(results):
        if one.oracle is not None:
            mine = {label: outputs[i] for label, outputs in arrays.items()}
            sides = one.expected, mine, one.oracle
            yield from distances(one.name, *sides, judged.unit(i), expected_label=reference)
