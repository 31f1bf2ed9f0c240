"""Which layer of a network, and what was done wrong with it: the network is run with each mistake.

Only what comes after a changed layer is computed again, of one observation first, and not longer
than :data:`.patience.SECONDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...arrays import Array
from ...errors import MatlabCompatError
from ...layers.normalization import BatchNormalizationLayer
from ...network.graph import Step
from ..axes import same_rank
from ..diagnosis_types import Diagnosis
from .dropout import dropouts
from .layer import variations
from .measure import Candidate, explanations
from .mistakes import Variation, reproduced
from .output import ranked
from .patience import Patience
from .rounded import rounded_networks
from .run import Run, Target, ancestors


@dataclass(frozen=True)
class Suspicion:
    """Layers with a mistake in them."""

    variation: Variation
    changes: Mapping[str, Variation]
    where: str


def diagnose_network(
    run: Run, target: Target, equal: Sequence[str], patience: Patience
) -> tuple[Diagnosis, ...]:
    """The mistakes that explain the difference at ``target``, none before ``equal`` layers."""
    cleared: set[str] = set().union(*(ancestors(run.plan, name) for name in equal))
    suspects = [
        step
        for step in run.plan.steps
        if step.name in ancestors(run.plan, target.port[0]) and step.name not in cleared
    ]
    before = target.measure.distance(*same_rank(run.actual(target), target.expected))
    dropped = dropouts(run, target, suspects, patience)
    found = list(explanations(dropped, target.measure, before, target.name))
    singles = [_single(run, s, likely) for likely in (True, False) for s in reversed(suspects)]
    for group in (_common(suspects), *singles):
        for suspicion in group:
            if patience.is_over():
                return ranked(found)
            candidates = _tried(run, suspicion, target)
            found += explanations(candidates, target.measure, before, suspicion.where)
        if found:
            return ranked(found)
    rounded = rounded_networks(run, target, suspects, patience)
    found += explanations(rounded, target.measure, before, target.name)
    return ranked(found)


def _single(run: Run, step: Step, likely: bool) -> Iterator[Suspicion]:
    """The likely mistakes of one layer, or the others: time may not suffice for all."""
    if step.layer.is_output:
        return
    for variation in variations(step.layer, run.spatial_size(step)):
        if (variation.rank == 0) == likely:
            yield Suspicion(variation, {step.name: variation}, step.name)


def _common(suspects: Sequence[Step]) -> Iterator[Suspicion]:
    """The same mistake in all batch normalizations."""
    layers = {s.name: s.layer for s in suspects if isinstance(s.layer, BatchNormalizationLayer)}
    if len(layers) < 2:
        return
    every = [list(variations(layer)) for layer in layers.values()]
    for alternatives in zip(*every, strict=False):
        if len({a.text for a in alternatives}) == 1:
            changes = {n: a for n, a in zip(layers, alternatives, strict=True)}
            yield Suspicion(alternatives[0], changes, f"{len(layers)} batch normalization layers")


def _tried(run: Run, suspicion: Suspicion, target: Target) -> Iterator[Candidate]:
    """The result with the mistake; nothing if it cannot be computed or the first image differs."""
    variation = suspicion.variation
    samples = run.samples(target, whole_batch=variation.whole_batch)
    results = ((_result(run, suspicion, target, number), truth) for number, truth in samples)
    return reproduced(variation, _said(suspicion), results, target.measure)


def _said(suspicion: Suspicion) -> str:
    several = len(suspicion.changes) > 1
    name = suspicion.where if several else f"layer '{suspicion.where}'"
    return f"the network gives with its {name}," if several else f"{name} gives"


def _result(
    run: Run, suspicion: Suspicion, target: Target, observations: int | None
) -> Array | None:
    try:
        value = run.with_changes(suspicion.changes, target.port, observations)
    except (MatlabCompatError, RuntimeError, ValueError, IndexError):
        return None  # sizes do not go together any more
    return run.as_matlab(value, target)
