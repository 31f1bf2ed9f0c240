"""Does a network compute what MATLAB saved? Three ways: MATLAB, float32 here, and a float64 oracle.

How far apart they may be is measured for each element, by running the network with rounding errors
made on purpose (:mod:`.sensitivity`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from ..data_format import dlarray
from ..engine.precision import tf32_in_use
from ..errors import NothingToCompareError, UsageError
from .compare import Comparison
from .diagnosis_types import Diagnosis
from .sensitivity import Result, Sensitivity, compare_each
from .sensitivity import Run as AnyRun
from .side_by_side import Distance, Run, distances, label_of, other_runs
from .tolerance import Tolerance
from .verify import Report, environment, rounding_unit, smallest_number
from .worth import refuse_unusable

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike
    from ..layers.base import Layer
    from ..network import Network


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
    saved = activations or {}
    names = list(saved)
    here = _computed(network, X, expected, names, {**form, **options})
    exact = _computed(network, X, expected, names, {**form, "dtype": "double"})
    tf32 = tf32_in_use(allow_tf32, device, dtype)
    values = parameters(network)
    eps = rounding_unit(dtype, *values, tf32=tf32)
    again = rerun(network, X, data_format, list(expected), names)
    sensitivity = Sensitivity(again, eps, smallest_number(dtype, *values))
    results = _results(here, exact, expected, saved)
    layers, outputs = _split(compare_each(results, sensitivity, tolerance), here)
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
        every = {label_of(**options): here.outputs, **others}
        shown = _side_by_side(expected, every, exact.outputs, sensitivity)
    return Report(tuple(outputs), environment(**options), tuple(layers), diagnoses, shown)


def _side_by_side(
    expected: Mapping[str, object],
    results: Mapping[str, dict[str, Any]],
    exact: Mapping[str, Any],
    sensitivity: Sensitivity,
) -> tuple[Distance, ...]:
    """Every pair of results of every output, sequences of a list one by one."""
    found: list[Distance] = []
    index = 0
    for output, truth in expected.items():
        several = isinstance(exact[output], list)
        for i in range(len(exact[output]) if several else 1):
            name = f"{output}{{{i + 1}}}" if several else output
            mine = {label: _item(result[output], i) for label, result in results.items()}
            oracle = _item(exact[output], i)
            found += distances(name, _item(truth, i), mine, oracle, sensitivity.unit(index, oracle))
            index += 1
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

    def each(self) -> Iterator[tuple[str, int | None, Array]]:
        """The arrays: of the outputs, then of the layers, with the number in a list."""
        for name, value in (*self.outputs.items(), *self.layers.items()):
            if isinstance(value, list):
                yield from ((name, i, _array(one)) for i, one in enumerate(value))
            else:
                yield name, None, _array(value)


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
        result = _layer_computed(network, X[0] if len(X) == 1 else tuple(X), **options)
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


def _layer_computed(
    layer: Layer,
    X: object,
    data_format: str | Sequence[str] | None = None,
    inside: AbstractContextManager[Any] | None = None,
    **options: Any,
) -> Any:
    if inside is None:
        return layer.predict(X, data_format, **options)
    from ..execution.layer import predict_layer

    formats = layer.default_formats if data_format is None else data_format
    return predict_layer(layer, X, formats, **options, inside=inside)


def rerun(
    model: Network | Layer,
    X: Sequence[object],
    data_format: str | Sequence[str] | None = None,
    outputs: Sequence[str] = (),
    layers: Sequence[str] = (),
) -> AnyRun:
    """The outputs and activations again, as often as their sensitivity needs them."""
    names = dict.fromkeys(outputs)

    def run(dtype: str, inside: AbstractContextManager[Any] | None) -> list[Array]:
        options = {"data_format": data_format, "dtype": dtype, "inside": inside}
        return [y for _, _, y in _computed(model, X, names, layers, options).each()]

    return run


def parameters(network: Network | Layer) -> list[Array]:
    """The values of all its learnables and states."""
    from ..layers.base import Layer

    layers = [network] if isinstance(network, Layer) else network.Layers
    arrays = [layer.values[name] for layer in layers for name in layer.parameters()]
    return [array for array in arrays if array.size]


def _results(
    here: _Results,
    exact: _Results,
    expected: Mapping[str, object],
    activations: Mapping[str, object],
) -> list[Result]:
    """What is to be compared, the sequences of a list one by one."""
    truths: list[Array] = []
    for part, wanted in ((here.outputs, expected), (here.layers, activations)):
        for name, actual in part.items():
            truth = wanted[name]
            items = truth if isinstance(truth, list) else [truth]
            if isinstance(actual, list) and len(items) != len(actual):
                raise UsageError(
                    f"{name}: {len(actual)} sequences computed, {len(items)} expected."
                )
            truths += map(_array, items if isinstance(actual, list) else [truth])
    return [
        Result(name if i is None else f"{name}{{{i + 1}}}", actual, oracle, truth)
        for (name, i, actual), (_, _, oracle), truth in zip(
            here.each(), exact.each(), truths, strict=True
        )
    ]


def _split(
    found: Sequence[Comparison | NothingToCompareError], here: _Results
) -> tuple[list[Comparison], list[Comparison]]:
    """The comparisons of the layers and of the outputs.

    A layer that is all zero on both sides proves nothing either way; an output must not be.
    """
    count = sum(len(y) if isinstance(y, list) else 1 for y in here.outputs.values())
    outputs = []
    for one in found[:count]:
        if isinstance(one, NothingToCompareError):
            raise one
        outputs.append(one)
    return [one for one in found[count:] if isinstance(one, Comparison)], outputs


def _array(value: object) -> Array:
    return value.extractdata() if isinstance(value, dlarray) else np.asarray(value)
