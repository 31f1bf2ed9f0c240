"""Which search explains a difference: in the model that was run, or in the one it should be."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import NamedTuple

from ...errors import MatlabCompatError
from ...layers.base import Layer
from ...network import Network
from ..axes import labels_of
from ..diagnosis_types import Diagnosis
from ..rule import Rule
from ..runner import Inputs, Precision, Runner, TorchRunner, as_array
from .difference import Difference, structure
from .output import diagnose_output
from .patience import Patience
from .run import LayerRun, Run, Target
from .search import Search, suspects_of


class Explained(NamedTuple):
    """The mistakes that explain a difference, or what is known of it where none does."""

    diagnoses: tuple[Diagnosis, ...]
    unexplained: str = ""


def diagnoses_of(
    difference: Difference, inputs: Inputs, candidate: Runner, rule: Rule, seconds: float
) -> Explained:
    """What was done wrong, looked for so long.

    The layer or network that was run is run again with mistakes. Where something else was run, the
    rule's model is, if the expected side is its own: a mistake in it that gives what is judged.
    """
    if isinstance(candidate, TorchRunner) and isinstance(candidate.model, Layer | Network):
        return _in_model(candidate.model, inputs, candidate.precision, difference, seconds)
    found, model = difference.comparison, rule.model
    labels = "" if model is None else labels_of(model, inputs, rank=len(found.shape))
    right = found.oracle_expected is not None and found.oracle_expected <= found.bound
    if model is not None and right:
        turned = replace(difference, turned=True)
        made = _in_model(model, inputs, Precision(), turned, seconds)
        if made.diagnoses:
            return made
    sides = difference.result.actual, difference.result.expected
    part = difference.part(labels)
    shown = diagnose_output(*sides, difference.measure(part), found.name, labels, part)
    return Explained(shown) if shown else Explained((), structure(difference, labels))


def _in_model(
    model: Layer | Network,
    inputs: Inputs,
    precision: Precision,
    difference: Difference,
    seconds: float,
) -> Explained:
    """Mistakes of the layers before the first difference; else those that it shows itself."""
    patience = Patience(seconds)
    with warnings.catch_warnings(action="ignore"):
        try:
            if isinstance(model, Layer):
                X = [as_array(x) for x in inputs.X]
                run: Run = LayerRun(model, X, inputs.data_formats(model), precision)
            else:
                run = Run(model, inputs, precision, difference.place.sequence)
        except (MatlabCompatError, RuntimeError):
            # Too large to keep every value, for example: the verdict stands without.
            return Explained(())
        return _searched(run, difference, patience)


def _searched(run: Run, difference: Difference, patience: Patience) -> Explained:
    source, where = difference.place.source, difference.comparison.name
    if isinstance(source, str):
        name, port = source, (source, 0)
    else:
        name, (port, _) = list(run.plan.outputs.items())[source]
    name = where if isinstance(run, LayerRun) else name
    is_activation = isinstance(source, str)
    target = Target(name, port, difference.expected, difference.measure(), is_activation)
    labels, actual, whole = run.labels(target), run.actual(target), difference.result
    part = difference.part(labels)
    target = replace(target, measure=difference.measure(part))
    if any(len(given.data) > 1 for given in run.inputs):
        # One sequence of several was run, and the output may have a row for each.
        actual = whole.expected if difference.turned else whole.actual

    def of_output(early: bool) -> tuple[Diagnosis, ...]:
        sides = actual, target.expected
        return diagnose_output(*sides, target.measure, where, labels, part, early=early)

    search = Search(run, target, suspects_of(run, target, difference.equal), patience)
    if made := search.diagnoses(of_output):
        return Explained(made)
    return Explained((), f"{structure(difference, labels)} {search.said()}")
