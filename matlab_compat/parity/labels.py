"""Labels saved in place of scores, compared with those of the largest scores.

A label is right if its score is the largest, or as large up to rounding: MATLAB's side may decide a
tie the other way. So each label is compared by the score of its class, in the figures of any other
comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, as_tuple
from ..data_format import dlarray
from ..display import size_text
from ..errors import UsageError
from .categories import Labels, are_labels
from .compare import LAYER_BOUND, Comparison, compare
from .report import Report
from .rule import Rounding, parameters
from .runner import Precision
from .tolerance import Tolerance

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike
    from ..network import Network


RULE = "largest score less that of MATLAB's class / (eps * max|scores|)"
#: Where single itself is off by more than this part of the largest score, no more is allowed.
_LARGEST_OWN_ERROR = 1e-3
_REMEDY = "save the scores instead, Y = predict(net, X), which say more than labels."


def verify_labels(
    network: Network,
    X: Sequence[object],
    expected: Mapping[str, object],
    *,
    activations: Mapping[str, object] | None = None,
    data_format: str | None = None,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    allow_tf32: bool = False,
    tolerance: Tolerance | None = None,
) -> Report:
    """Run a network on ``X`` and compare its classes with the labels that MATLAB saved.

    Parameters
    ----------
    expected:
        :class:`Labels` for each output, in order, under the names to report them by; lists for
        lists of sequences.
    activations, data_format, device, dtype, allow_tf32, tolerance:
        As for :func:`.network.verify_network`.

    Raises
    ------
    UsageError
        The classes are not known, a label is none of them, or their number is another.
    """
    from ..execution.network import network_inputs, result_labels
    from .network import verify_network

    if not all(map(are_labels, expected.values())):
        raise UsageError("Some of the expected outputs are labels, others are not.", remedy=_REMEDY)
    precision = Precision(device, dtype, allow_tf32)
    report = Report((), precision.environment())
    if activations:
        report = verify_network(
            network,
            X,
            {},
            activations=activations,
            data_format=data_format,
            device=device,
            dtype=dtype,
            allow_tf32=allow_tf32,
            tolerance=tolerance,
        )
    sides = [
        as_tuple(
            network.predict(
                *X,
                data_format=data_format,
                device=at.device,
                dtype=at.dtype,
                allow_tf32=at.allow_tf32,
            )
        )
        for at in (precision, Precision(dtype="double"))
    ]
    inputs, ports = network_inputs(network, X, data_format), network.plan().outputs.values()
    if len(ports) != len(expected):
        raise UsageError(
            f"The network has {len(ports)} outputs, but {len(expected)} are expected.",
            remedy="give one expected array for each output, in order.",
        )
    eps = Rounding.of(dtype, *parameters(network), tf32=precision.tf32).eps
    found: list[Comparison] = []
    for (name, truth), (port, label), ours, oracle in zip(
        expected.items(), ports, *sides, strict=True
    ):
        classes = network.layer(port[0]).classes() or network.Classes
        items = _items(truth), _items(ours), _items(oracle)
        axis = result_labels(inputs, label, items[1][0].ndim).index("C")
        if len(items[0]) != len(items[1]):
            raise UsageError(
                f"{name}: {len(items[1])} sequences computed, {len(items[0])} expected."
            )
        for i, (labels, a, o) in enumerate(zip(*items, strict=True), 1):
            called = f"{name}{{{i}}}" if isinstance(ours, list) else name
            found.append(_compared(called, labels, a, o, axis, classes, eps, tolerance))
    return replace(report, outputs=tuple(found))


def _items(value: Any) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    return [x.extractdata() if isinstance(x, dlarray) else x for x in items]


def _compared(
    name: str,
    labels: Labels,
    scores: Array,
    exact: Array,
    axis: int,
    known: Sequence[str] | None,
    eps: float,
    tolerance: Tolerance | None,
) -> Comparison:
    classes = _classes(name, labels, known, scores.shape[axis])
    best = scores.max(axis, keepdims=True)
    numbers = _numbers(name, labels, classes, best.shape)
    theirs = np.take_along_axis(scores, np.maximum(numbers, 0), axis).astype(np.float64)
    theirs[numbers < 0] = np.nan
    largest = float(np.abs(exact).max())
    own = min(float(np.abs(scores - exact).max()), _LARGEST_OWN_ERROR * largest)
    found = compare(
        best,
        theirs,
        name=name,
        eps=eps,
        magnitude=max(largest, own / eps),
        bound=LAYER_BOUND,
        tolerance=tolerance,
        oracle=exact.max(axis, keepdims=True),
        rule=RULE,
    )
    if found.verdict == "equal":
        return replace(found, reason="every label is that of the largest score")
    reason = f"{found.outside} of {found.elements} labels differ"
    if found.worst is not None:
        at = found.worst.index
        ours = classes[int(scores.argmax(axis, keepdims=True)[at])]
        said = classes[numbers[at]] if numbers[at] >= 0 else "<undefined>"
        reason += f"; {found.worst.matlab(name)} is '{said}' in MATLAB and '{ours}' here"
    return replace(found, reason=reason)


def _classes(name: str, labels: Labels, known: Sequence[str] | None, count: int) -> list[str]:
    """The classes in the order of the scores: the network's, else the labels' own."""
    classes = list(known if known is not None else labels.categories or ())
    if len(classes) != count:
        whose = f"The labels in {name} have" if known is None else "The network has"
        raise UsageError(
            f"{whose} {len(classes)} classes, but there are {count} scores to choose from.",
            remedy=_REMEDY,
        )
    unknown = [label for label in labels.names if label is not None and label not in classes]
    if unknown:
        raise UsageError(
            f"The label '{unknown[0]}' in {name} is none of the network's classes: "
            f"{', '.join(classes[:10])}{' ...' if len(classes) > 10 else ''}.",
            remedy="compare with labels of the same network; or " + _REMEDY,
        )
    return classes


def _numbers(name: str, labels: Labels, classes: list[str], shape: tuple[int, ...]) -> Array:
    """The 0-based number of each label's class in the shape of the scores; -1 if undefined."""
    have, want = ([n for n in size if n != 1] for size in (labels.shape, shape))
    if have != want:
        raise UsageError(
            f"There are {size_text(labels.shape)} labels in {name}, but scores for "
            f"{size_text(shape)}.",
            remedy="save the labels of all of X: Y = classify(net, X).",
        )
    number = {label: i for i, label in enumerate(classes)}
    flat = [-1 if label is None else number[label] for label in labels.names]
    return np.array(flat, dtype=np.int64).reshape(shape, order="F")
