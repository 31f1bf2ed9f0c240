"""Does a network compute what MATLAB saved? Three ways: MATLAB, float32 here, and a float64 oracle.

Rounding errors of a network cannot be bounded layer by layer in a useful way, but they can be
measured: the same network in float64 says how far float32 is off here, and MATLAB, which rounds as
often, may be off by a small multiple of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..data_format import dlarray
from ..errors import NothingToCompareError, UsageError
from .compare import Comparison, Tolerance, compare
from .diagnosis_types import Diagnosis
from .verify import Report, environment, rounding_unit

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
    tolerance: Tolerance | None = None,
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

    Raises
    ------
    NothingToCompareError
        The comparison would be vacuous.
    UsageError
        The number of expected outputs is not the network's.
    """
    options: dict[str, Any] = {"data_format": data_format, "device": device}
    here = _outputs(network, X, expected, {**options, "dtype": dtype})
    exact = _outputs(network, X, expected, {**options, "device": None, "dtype": "double"})
    eps = rounding_unit(dtype, *_parameters(network))
    outputs = [
        comparison
        for name, truth in expected.items()
        for comparison in _three_way(name, here[name], exact[name], truth, eps, tolerance)
    ]
    layers = _layers(network, X, activations or {}, options, dtype, eps, tolerance)
    first = next((c for c in (*layers, *outputs) if c.verdict == "different"), None)
    diagnoses: tuple[Diagnosis, ...] = ()
    if first is not None:
        truths = activations or {} if first in layers else expected
        truth = truths.get(first.name, truths.get(first.name.partition("{")[0]))
        equal = [layer.name for layer in layers if layer.verdict == "equal"]
        rule = first, truth, eps, tolerance
        diagnoses = _diagnosed(network, X, *rule, first in layers, equal, options, dtype)
    return Report(tuple(outputs), environment(device, dtype), tuple(layers), diagnoses)


def _diagnosed(
    network: Network | Layer,
    X: Sequence[object],
    first: Comparison,
    truth: object,
    eps: float,
    tolerance: Tolerance | None,
    is_activation: bool,
    equal: Sequence[str],
    options: dict[str, Any],
    dtype: DTypeLike | None,
) -> tuple[Diagnosis, ...]:
    """What explains the first difference."""
    from ..layers.base import Layer
    from . import diagnose

    if isinstance(network, Layer):
        if len(X) > 1 or network.NumOutputs > 1:
            return ()
        data, expected = _array(X[0]), _array(truth)
        measure = diagnose.measure_of(first, expected, eps, tolerance)
        return diagnose.of_layer(
            network,
            data,
            expected,
            measure,
            first.name,
            options["data_format"],
            device=options["device"],
            dtype=dtype,
        )
    return diagnose.of_network(
        network,
        X,
        first,
        truth,
        eps,
        tolerance,
        is_activation=is_activation,
        equal=equal,
        dtype=dtype,
        **options,
    )


def _outputs(
    network: Network | Layer, X: Sequence[object], names: Mapping[str, object], options: Any
) -> dict[str, Any]:
    from ..layers.base import Layer

    if not names:
        return {}
    if isinstance(network, Layer):
        result = network.predict(X[0] if len(X) == 1 else tuple(X), **options)
    else:
        result = network.predict(*X, **options)
    results = result if isinstance(result, tuple) else (result,)
    if len(results) != len(names):
        raise UsageError(
            f"The network has {len(results)} outputs, but {len(names)} are expected.",
            remedy="give one expected array for each output, in order.",
        )
    return dict(zip(names, results, strict=True))


def _parameters(network: Network | Layer) -> list[Array]:
    from ..layers.base import Layer

    layers = [network] if isinstance(network, Layer) else network.Layers
    arrays = [layer._values[name] for layer in layers for name in layer.parameters()]
    return [array for array in arrays if array.size]


def _layers(
    network: Network | Layer,
    X: Sequence[object],
    activations: Mapping[str, object],
    options: dict[str, Any],
    dtype: DTypeLike | None,
    eps: float,
    tolerance: Tolerance | None,
) -> list[Comparison]:
    """The comparison of each saved activation, in the order of computation."""
    if not activations:
        return []
    from ..engine.predict import activations as run

    names = [step.name for step in network.plan().steps if step.name in activations]  # type: ignore[union-attr]
    form = options["data_format"]
    here = run(network, X, names, form, options["device"], dtype)  # type: ignore[arg-type]
    exact = run(network, X, names, form, None, "double")  # type: ignore[arg-type]
    found = []
    for name in names:
        try:
            found += _three_way(name, here[name], exact[name], activations[name], eps, tolerance)
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
    finite = o[np.isfinite(o)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    own = float(np.nanmax(np.abs(a - o))) if a.size and np.isfinite(a - o).any() else 0.0
    scale = max(largest, min(own, _LARGEST_OWN_ERROR * largest) / eps)
    return compare(
        a,
        e,
        name=name,
        eps=eps,
        magnitude=np.full(a.shape, scale),
        bound=NETWORK_BOUND,
        tolerance=tolerance,
        oracle=o,
        rule=NETWORK_RULE,
    )


def _array(value: object) -> Array:
    return value.extractdata() if isinstance(value, dlarray) else np.asarray(value)
