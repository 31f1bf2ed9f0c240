"""What was done wrong with a layer that was verified on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ...arrays import Array, as_tuple
from ...data_format import DataFormat
from ...errors import MatlabCompatError
from ...layers.base import Layer
from ..axes import same_rank
from ..diagnosis_types import Diagnosis
from ..runner import Precision
from .layer import rounded_operands, variations
from .measure import Candidate, Measure, explanations
from .mistakes import Variation, reproduced
from .output import ranked
from .patience import Patience


def diagnose_layer(
    layer: Layer,
    X: Sequence[Array],
    actual: Array,
    expected: Array,
    measure: Measure,
    where: str,
    formats: Sequence[DataFormat],
    port: int,
    precision: Precision,
) -> tuple[Diagnosis, ...]:
    """The mistakes with which ``layer`` gives ``expected`` for ``X`` at its output ``port``.

    Every array in MATLAB order, one in ``X`` for each input.
    """
    patience = Patience()
    before = measure.distance(*same_rank(actual, expected))
    trial = Trial(X, formats, expected, measure, port, precision)
    candidates = (
        candidate
        for variation in chain(
            variations(layer, _spatial_size(formats[0], X[0])), rounded_operands(layer)
        )
        if not patience.is_over()
        for candidate in trial.candidates(variation)
    )
    return ranked(list(explanations(candidates, measure, before, where)))


def _spatial_size(data_format: DataFormat, X: Array) -> tuple[int, ...]:
    """The sizes of what filters move over: space, or time where there is no space."""
    moved = "S" if "S" in data_format.labels else "T"
    sizes = zip(data_format.expanded(X).shape, data_format.labels, strict=True)
    return tuple(n for n, label in sizes if label == moved)


@dataclass(frozen=True)
class Trial:
    """What a layer with a mistake is run on, and must give."""

    X: Sequence[Array]
    formats: Sequence[DataFormat]
    expected: Array
    measure: Measure
    port: int
    precision: Precision

    def candidates(self, variation: Variation) -> Iterator[Candidate]:
        """The layer's result for the first observation and, if that fits, for all."""
        results = ((self._tried(variation, X), truth) for X, truth in self._samples(variation))
        return reproduced(variation, "the layer gives", results, self.measure)

    def _tried(self, variation: Variation, X: Sequence[Array]) -> Array | None:
        try:
            return self.result(variation, X)
        except (MatlabCompatError, RuntimeError, ValueError, IndexError):
            return None  # it does not take this input

    def result(self, variation: Variation, X: Sequence[Array]) -> Array:
        """What the layer with a mistake gives at the output in question."""
        from ...execution.layer import predict_layer

        at = self.precision
        how = [one.labels for one in self.formats], at.device, at.dtype, at.allow_tf32
        results = predict_layer(variation.layer, tuple(X), *how, change=variation.change)
        found: Array = as_tuple(results)[self.port]
        return found

    def _samples(self, variation: Variation) -> Iterator[tuple[Sequence[Array], Array]]:
        arrays = (*self.X, self.expected)
        axis = self.formats[0].labels.find("B")
        alike = {one.labels.find("B") for one in self.formats} == {axis}
        several = alike and 0 <= axis < min(array.ndim for array in arrays)
        if several and not variation.whole_batch and self.X[0].shape[axis] > 1:
            *first, truth = (np.take(array, [0], axis) for array in arrays)
            yield first, truth
        yield self.X, self.expected
