"""What was done wrong with a layer that was verified on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...data_format import DataFormat
from ...errors import MatlabCompatError
from ...layers.base import Layer
from ..diagnosis_types import Diagnosis
from .layer import Variation, variations
from .measure import Candidate, Measure, explanations
from .output import ranked

Array = npt.NDArray[Any]


def diagnose_layer(
    layer: Layer,
    X: Array,
    actual: Array,
    expected: Array,
    measure: Measure,
    where: str,
    data_format: str,
    **options: Any,
) -> tuple[Diagnosis, ...]:
    """The mistakes with which ``layer`` gives ``expected`` for ``X``.

    Every array in MATLAB order; ``options`` as for :meth:`Layer.predict`.
    """
    form = DataFormat.parse(data_format)
    before = measure.distance(actual, expected)
    candidates = (
        candidate
        for variation in variations(layer, _spatial_size(form, X))
        for candidate in _tried(variation, X, form, expected, measure, options)
    )
    return ranked(list(explanations(candidates, measure, before, where)))


def _spatial_size(form: DataFormat, X: Array) -> tuple[int, ...]:
    """Of what filters move over: space, or time where there is no space."""
    moved = "S" if "S" in form.labels else "T"
    sizes = zip(form.expanded(X).shape, form.labels, strict=True)
    return tuple(n for n, label in sizes if label == moved)


def _tried(
    variation: Variation,
    X: Array,
    form: DataFormat,
    expected: Array,
    measure: Measure,
    options: dict[str, Any],
) -> Iterator[Candidate]:
    """The layer with the mistake, run on the first observation and, if that fits, on all."""
    for x, truth in _samples(variation, X, expected, form.labels):
        try:
            result = variation.layer.predict(x, form.labels, **options)
        except (MatlabCompatError, RuntimeError, ValueError):
            return  # it does not take this input
        rank = max(result.ndim, truth.ndim)
        result, truth = (
            y.reshape(y.shape + (1,) * (rank - y.ndim), order="F") for y in (result, truth)
        )
        own = measure.of_result(result, truth)
        if own.distance(result, truth) > own.bound:
            return
    yield Candidate(
        variation.name,
        f"the expected output is what the layer gives {variation.text}",
        variation.remedy,
        result,
        truth,
        rank=variation.rank,
        measure=own,
    )


def _samples(
    variation: Variation, X: Array, expected: Array, labels: str
) -> Sequence[tuple[Array, Array]]:
    axis = labels.find("B")
    several = 0 <= axis < min(X.ndim, expected.ndim) and X.shape[axis] > 1
    if variation.whole_batch or not several:
        return [(X, expected)]
    first = np.take(X, [0], axis), np.take(expected, [0], axis)
    return [first, (X, expected)]
