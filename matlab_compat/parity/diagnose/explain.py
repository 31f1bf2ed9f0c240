"""Which search explains a difference: in the model that was run, or in the one it should be."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ...arrays import Array
from ...errors import MatlabCompatError
from ...layers.base import Layer
from ...network import Network
from ...network.graph import Step
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
    search = _in_layer if isinstance(model, Layer) else _in_network
    patience = Patience(seconds)
    with warnings.catch_warnings(action="ignore"):
        return search(model, inputs, precision, difference, patience)  # type: ignore[arg-type]


def _in_layer(
    layer: Layer,
    inputs: Inputs,
    precision: Precision,
    difference: Difference,
    patience: Patience,
) -> Explained:
    """Mistakes of a layer on its own; else those that its output shows."""
    formats, X = inputs.data_formats(layer), [as_array(x) for x in inputs.X]
    port = difference.place.source
    assert isinstance(port, int)  # a layer on its own has no activations
    name = difference.comparison.name
    try:
        run = LayerRun(layer, X, formats, precision)
    except (MatlabCompatError, RuntimeError):
        return Explained(())
    at = run.plan.steps[0].name, port
    target = Target(name, at, difference.expected, difference.measure(), False)
    return _searched(run, target, run.plan.steps, run.actual(target), difference, patience)


def _in_network(
    network: Network,
    inputs: Inputs,
    precision: Precision,
    difference: Difference,
    patience: Patience,
) -> Explained:
    """Mistakes of the layers before the first difference; else those that it shows itself."""
    source, sequence = difference.place
    try:
        run = Run(network, inputs, precision, sequence)
    except (MatlabCompatError, RuntimeError):
        return Explained(
            ()
        )  # too large to keep every value, for example: the verdict stands without
    if isinstance(source, str):
        name, port = source, (source, 0)
    else:
        name, (port, _) = list(run.plan.outputs.items())[source]
    is_activation = isinstance(source, str)
    target = Target(name, port, difference.expected, difference.measure(), is_activation)
    actual = run.actual(target)
    if any(len(given.data) > 1 for given in run.inputs):
        # One sequence of several was run, and the output may have a row for each.
        whole = difference.result
        actual = whole.expected if difference.turned else whole.actual
    suspects = suspects_of(run, target, difference.equal)
    return _searched(run, target, suspects, actual, difference, patience)


def _searched(
    run: Run,
    target: Target,
    suspects: Sequence[Step],
    actual: Array,
    difference: Difference,
    patience: Patience,
) -> Explained:
    labels, where = run.labels(target), difference.comparison.name
    part = difference.part(labels)
    target = replace(target, measure=difference.measure(part))

    def of_output(early: bool) -> tuple[Diagnosis, ...]:
        sides = actual, target.expected
        return diagnose_output(*sides, target.measure, where, labels, part, early=early)

    search = Search(run, target, suspects, patience)
    if made := search.diagnoses(of_output):
        return Explained(made)
    return Explained((), f"{structure(difference, labels)} {search.said()}")
