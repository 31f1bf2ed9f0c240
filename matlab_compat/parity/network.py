"""Does a network compute what MATLAB saved? Three ways: MATLAB, float32 here, and a float64 oracle.

Rounding errors of a network cannot be bounded layer by layer in a useful way, but they can be
measured: the same network in float64 says how far float32 is off here, and MATLAB, which rounds as
often, may be off by a small multiple of that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..data_format import dlarray
from ..engine.precision import tf32_in_use
from ..errors import NothingToCompareError, UsageError
from .compare import Comparison, Tolerance, compare
from .diagnosis_types import Diagnosis
from .side_by_side import Distance, Run, distances, label_of, other_runs
from .tally import Totals, totals_of
from .verify import Report, environment, rounding_unit
from .worth import refuse_unusable

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike
    from ..layers.base import Layer
    from ..network import Network

Array = npt.NDArray[Any]

#: How many times float32's own distance to the oracle the two sides may be apart. On the real
#: networks with numeric truth the figure is below 4.
NETWORK_BOUND = 16.0
NETWORK_RULE = "difference / larger of float32's own distance to float64 and eps * max|Y|"
#: Where float32 itself is off by more than this part of the largest output, no more is allowed.
_LARGEST_OWN_ERROR = 1e-3


def verify_network(
    network: Network | Layer,
    X: Sequence[object],
    expected: Mapping[str, object],
    *,
    activations: Mapping[str, object] | None = None,
    data_format: str | Sequence[str] | None = None,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    allow_tf32: bool = False,
    tolerance: Tolerance | None = None,
    runs: Sequence[Run] | None = None,
) -> Report:
    """Run a network (or any layer) on ``X`` and compare with what MATLAB computed.

    Parameters
    ----------
    X:
        One for each input, as for :meth:`Network.predict <matlab_compat.network.Network.predict>`.
    expected:
        MATLAB's ``predict`` for each output, in order, under the names to report them by; lists
        for lists of sequences.
    activations:
        MATLAB's activations by layer name; the first layer that differs is named in the report.
    runs:
        Other ways to compute the same, to be shown side by side; by default the GPU where the
        CPU was asked for, and the CPU where the GPU was, if there is a GPU.

    Raises
    ------
    NothingToCompareError
        The comparison would be vacuous, also of one saved activation.
    LayerNotFoundError
        There is no layer of a name in ``activations``.
    UsageError
        The number of expected outputs is not the network's.
    """
    refuse_unusable(activations or {})
    form: dict[str, Any] = {"data_format": data_format}
    options: dict[str, Any] = {"device": device, "dtype": dtype, "allow_tf32": allow_tf32}
    names = list(activations or {})
    here = _computed(network, X, expected, names, {**form, **options})
    exact = _computed(network, X, expected, names, {**form, "dtype": "double"})
    tf32 = tf32_in_use(allow_tf32, device, dtype)
    eps = rounding_unit(dtype, *_parameters(network), tf32=tf32)
    outputs = [
        comparison
        for name, truth in expected.items()
        for comparison in _three_way(
            name, here.outputs[name], exact.outputs[name], truth, eps, tolerance
        )
    ]
    layers = _layers(here.layers, exact.layers, activations or {}, eps, tolerance)
    first = next((c for c in (*layers, *outputs) if c.verdict == "different"), None)
    diagnoses: tuple[Diagnosis, ...] = ()
    if first is not None:
        truths = activations or {} if first in layers else expected
        truth = truths.get(first.name, truths.get(first.name.partition("{")[0]))
        equal = [layer.name for layer in layers if layer.verdict == "equal"]
        rule = first, truth, eps, tolerance
        port = 0 if first in layers else outputs.index(first)
        found_in = first in layers, equal, port
        diagnoses = _diagnosed(network, X, *rule, *found_in, {**form, **options})
    others = {
        run.label: _computed(network, X, expected, (), {**form, **run.options()}).outputs
        for run in (other_runs(**options) if runs is None else runs)
    }
    shown: tuple[Distance, ...] = ()
    if others:
        results = {label_of(**options): here.outputs, **others}
        shown = _side_by_side(expected, results, exact.outputs, eps)
    return Report(tuple(outputs), environment(**options), tuple(layers), diagnoses, shown)


def _side_by_side(
    expected: Mapping[str, object], results: Mapping[str, dict[str, Any]], exact: Any, eps: float
) -> tuple[Distance, ...]:
    """Every pair of results of every output, sequences of a list one by one."""
    found: list[Distance] = []
    for output, truth in expected.items():
        several = isinstance(exact[output], list)
        for i in range(len(exact[output]) if several else 1):
            name = f"{output}{{{i + 1}}}" if several else output
            mine = {label: _item(result[output], i) for label, result in results.items()}
            oracle = _item(exact[output], i)
            unit = eps * _scale(totals_of(next(iter(mine.values())), oracle, oracle), eps)
            found += distances(name, _item(truth, i), mine, oracle, unit)
    return tuple(found)


def _item(value: object, index: int) -> Array:
    return _array(value[index] if isinstance(value, list) else value)


def _diagnosed(
    network: Network | Layer,
    X: Sequence[object],
    first: Comparison,
    truth: object,
    eps: float,
    tolerance: Tolerance | None,
    is_activation: bool,
    equal: Sequence[str],
    port: int,
    options: dict[str, Any],
) -> tuple[Diagnosis, ...]:
    """What explains the first difference."""
    from ..layers.base import Layer
    from . import diagnose

    if isinstance(network, Layer):
        expected = _array(truth)
        measure = diagnose.measure_of(first, expected, eps, tolerance)
        rule = expected, measure, first.name
        return diagnose.of_layer(network, X, *rule, port=port, **options)
    return diagnose.of_network(
        network,
        X,
        first,
        truth,
        eps,
        tolerance,
        is_activation=is_activation,
        equal=equal,
        **options,
    )


@dataclass(frozen=True)
class _Results:
    """What one run computed: its outputs by the names to report them by, and layers by name."""

    outputs: dict[str, Any]
    layers: dict[str, Any]


def _computed(
    network: Network | Layer,
    X: Sequence[object],
    names: Mapping[str, object],
    layers: Sequence[str],
    options: dict[str, Any],
) -> _Results:
    """One run, of a network with the layers of these names that it has."""
    from ..execution.network import computed
    from ..layers.base import Layer

    seen: dict[str, Any] = {}
    if isinstance(network, Layer):
        result = network.predict(X[0] if len(X) == 1 else tuple(X), **options)
        results = result if isinstance(result, tuple) else (result,)
    else:
        for name in layers:
            network.layer(name)
        having = [step.name for step in network.plan().steps if step.name in layers]
        run = computed(network, X, having, **options, outputs=bool(names))
        results, seen = run.outputs, run.activations
    if names and len(results) != len(names):
        raise UsageError(
            f"The network has {len(results)} outputs, but {len(names)} are expected.",
            remedy="give one expected array for each output, in order.",
        )
    return _Results(dict(zip(names, results, strict=False)), seen)


def _parameters(network: Network | Layer) -> list[Array]:
    from ..layers.base import Layer

    layers = [network] if isinstance(network, Layer) else network.Layers
    arrays = [layer._values[name] for layer in layers for name in layer.parameters()]
    return [array for array in arrays if array.size]


def _layers(
    here: Mapping[str, Any],
    exact: Mapping[str, Any],
    activations: Mapping[str, object],
    eps: float,
    tolerance: Tolerance | None,
) -> list[Comparison]:
    """The comparison of each saved activation, in the order of computation."""
    found = []
    for name, actual in here.items():
        try:
            found += _three_way(name, actual, exact[name], activations[name], eps, tolerance)
        except NothingToCompareError:
            continue  # a layer that is all zero on both sides proves nothing either way
    return found


def _three_way(
    name: str, actual: Any, exact: Any, truth: Any, eps: float, tolerance: Tolerance | None
) -> list[Comparison]:
    """One comparison, or one for each sequence of a list."""
    if isinstance(actual, list):
        items = truth if isinstance(truth, list) else [truth]
        if len(items) != len(actual):
            raise UsageError(f"{name}: {len(actual)} sequences computed, {len(items)} expected.")
        return [
            three_way(f"{name}{{{i}}}", a, o, t, eps, tolerance)
            for i, (a, o, t) in enumerate(zip(actual, exact, items, strict=True), 1)
        ]
    return [three_way(name, actual, exact, truth, eps, tolerance)]


def three_way(
    name: str,
    actual: object,
    oracle: object,
    expected: object,
    eps: float,
    tolerance: Tolerance | None = None,
) -> Comparison:
    """Compare one output with ``expected``, by the distance of ``actual`` to the ``oracle``."""
    a, o, e = (_array(value) for value in (actual, oracle, expected))
    return compare(
        a,
        e,
        name=name,
        eps=eps,
        magnitude=lambda totals: _scale(totals, eps),
        bound=NETWORK_BOUND,
        tolerance=tolerance,
        oracle=o,
        rule=NETWORK_RULE,
    )


def _scale(totals: Totals, eps: float) -> float:
    """One number whose roundings stand for those of the network."""
    largest, own = totals.largest_oracle, totals.oracle_actual
    own = 0.0 if math.isnan(own) else own
    return max(largest, min(own, _LARGEST_OWN_ERROR * largest) / eps)


def _array(value: object) -> Array:
    return value.extractdata() if isinstance(value, dlarray) else np.asarray(value)
