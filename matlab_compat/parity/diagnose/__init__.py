"""What was done wrong when two results differ.

Mistakes of an output are undone on the arrays themselves (:mod:`.output`); mistakes of a layer are
made on purpose and the layer is run again (:mod:`.layer`), on its own (:mod:`.single`) or in its
network (:mod:`.network`). Either must explain the difference down to the rounding bound.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...data_format import DataFormat, dlarray
from ...errors import MatlabCompatError
from ...execution.described import Port
from ...layers.base import Layer
from ..compare import Comparison
from ..diagnosis_types import Diagnosis
from ..tolerance import Tolerance
from .measure import Measure
from .output import diagnose_output
from .single import diagnose_layer

if TYPE_CHECKING:
    from ...engine.precision import DeviceLike, DTypeLike
    from ...network import Network


__all__ = [
    "Measure",
    "diagnose_layer",
    "diagnose_output",
    "labels_of",
    "measure_of",
    "of_layer",
    "of_network",
]


def measure_of(
    comparison: Comparison,
    expected: Array,
    eps: float,
    tolerance: Tolerance | None = None,
    *,
    turned: bool = False,
) -> Measure:
    """The rule of a comparison with one scale for all elements, the largest that one has.

    ``turned`` if what is tested stands as the expected side.
    """
    finite = expected[np.isfinite(expected)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    scale = comparison.scale
    if tolerance is not None:
        scale = (tolerance.atol + tolerance.rtol * largest) / (eps * comparison.bound)
    return Measure(eps, scale if np.isfinite(scale) else largest, comparison.bound, turned)


def of_layer(
    layer: Layer,
    X: Sequence[object],
    expected: Array,
    measure: Measure,
    where: str,
    data_format: str | Sequence[str] | None = None,
    port: int = 0,
    **options: Any,
) -> tuple[Diagnosis, ...]:
    """Mistakes of a layer on its own, at its output ``port``; else those that this output shows."""
    labels = layer.default_formats if data_format is None else data_format
    each = [labels] * len(X) if isinstance(labels, str) else labels
    forms = [x.dims() if isinstance(x, dlarray) else f for x, f in zip(X, each, strict=True)]
    data = [as_array(x) for x in X]
    with warnings.catch_warnings(action="ignore"):
        results = layer.predict(data[0] if len(X) == 1 else tuple(data), forms, **options)
        actual = results[port] if isinstance(results, tuple) else results
        rule = actual, expected, measure, where
        found = diagnose_layer(layer, data, *rule, forms, port, **options)
        return found or diagnose_output(*rule, labels_of(layer, X, data_format, port))


def of_network(
    network: Network,
    X: Sequence[object],
    first: Comparison,
    expected: object,
    eps: float,
    tolerance: Tolerance | None,
    *,
    is_activation: bool,
    turned: bool = False,
    equal: Sequence[str],
    data_format: str | Sequence[str] | None,
    device: DeviceLike | None,
    dtype: DTypeLike | None,
    allow_tf32: bool = False,
) -> tuple[Diagnosis, ...]:
    """Mistakes of the layers before the first difference; else those that it shows itself.

    ``first`` is the comparison that differs and ``expected`` its other side. ``equal`` are the
    layers whose activations agree.
    """
    from .network import diagnose_network
    from .patience import Patience
    from .run import Run, Target

    patience = Patience()
    name, sequence = _sequence(first.name)
    if isinstance(expected, list):
        expected = expected[sequence]
    truth = as_array(expected)
    measure = measure_of(first, truth, eps, tolerance, turned=turned)
    with warnings.catch_warnings(action="ignore"):
        try:
            run = Run(network, X, data_format, device, dtype, sequence, allow_tf32=allow_tf32)
        except (MatlabCompatError, RuntimeError):
            return ()  # too large to keep every value, for example: the verdict stands without
        port = (name, 0) if is_activation else _port(run.plan.outputs, name)
        target = Target(name, port, truth, measure, is_activation)
        found = diagnose_network(run, target, equal, patience)
        actual = run.actual(target)
        return found or diagnose_output(actual, truth, measure, first.name, run.labels(target))


def labels_of(
    model: Layer | Network,
    X: Sequence[object],
    data_format: str | Sequence[str] | None = None,
    port: int = 0,
    rank: int = 0,
) -> str:
    """What the dimensions of an output are, as ``predict`` gives it; "" where that is not known.

    ``rank`` is how many a network's output has.
    """
    from ...execution.network import network_inputs, result_labels

    try:
        if not isinstance(model, Layer):
            inputs = network_inputs(model, X, data_format)
            return result_labels(inputs, list(model.plan().outputs.values())[port][1], rank)
        given = model.default_formats if data_format is None else data_format
        each = [given] * len(X) if isinstance(given, str) else given
        labels = [x.dims() if isinstance(x, dlarray) else f for x, f in zip(X, each, strict=True)]
        forms = [DataFormat.parse(label) for label in labels]
        return forms[0].of_output(model.output_formats([f.batched for f in forms])[port])
    except (MatlabCompatError, ValueError, IndexError):
        return ""


def _sequence(name: str) -> tuple[str, int]:
    """``Y{3}``, the third of a list, as ("Y", 2)."""
    found = re.fullmatch(r"(.*)\{(\d+)\}", name)
    return (found.group(1), int(found.group(2)) - 1) if found else (name, 0)


def _port(outputs: Mapping[str, tuple[Port, str]], name: str) -> Port:
    """Where an output comes from; a single one may be reported by any name."""
    return (outputs[name] if name in outputs else next(iter(outputs.values())))[0]


def as_array(value: object) -> Array:
    """The data of a labelled array, or the array."""
    return value.extractdata() if isinstance(value, dlarray) else np.asarray(value)
