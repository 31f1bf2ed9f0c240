"""Labels saved in place of scores, compared with those of the largest scores.

A label is right if its score is the largest, or as large up to rounding: MATLAB's side may decide a
tie the other way. So each label is compared by the score of its class, in the figures of any other
comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import Array
from ..display import counted, size_text
from ..errors import UsageError
from ..layers.base import Layer
from .axes import labels_of
from .categories import Labels, are_labels
from .compare import LAYER_BOUND, Comparison, compare
from .rule import ModelRule, Rule
from .runner import Inputs, Results, as_array
from .tolerance import Tolerance

RULE = "largest score less that of MATLAB's class / (eps * max|scores|)"
#: The error of single is allowed for up to this part of the largest score.
_LARGEST_OWN_ERROR = 1e-3
_REMEDY = "save the scores instead, Y = predict(net, X), which say more than labels."


def compare_labels(
    ours: Results, theirs: Results, exact: Results | None, inputs: Inputs, rule: Rule
) -> list[Comparison]:
    """The classes with the largest scores, compared with the labels that MATLAB saved.

    Raises ``UsageError``: no model, unknown classes, or labels that do not go with them.

    Parameters
    ----------
    ours, exact, inputs:
        The scores, the same in float64, and what they are computed from.
    theirs:
        :class:`Labels` for each output, or lists of them for lists of sequences.
    rule:
        With the model, which says which dimension the classes are in, and maybe their names.
    """
    if not all(map(are_labels, theirs.outputs.values())):
        raise UsageError("Some of the expected outputs are labels, others are not.", remedy=_REMEDY)
    model = rule.model
    if model is None or exact is None or not isinstance(rule, ModelRule):
        what = "There are labels, but no model of the scores that they come from."
        raise UsageError(what, remedy="save the layer or network beside them; or " + _REMEDY)
    found: list[Comparison] = []
    sides = (one.outputs.values() for one in (ours, exact))
    for port, (name, scores, oracle) in enumerate(zip(theirs.outputs, *sides, strict=True)):
        truths, heres, exacts = map(_items, (theirs.outputs[name], scores, oracle))
        axis = labels_of(model, inputs, port, heres[0].ndim).index("C")
        if len(truths) != len(heres):
            raise UsageError(
                f"{name}: {counted(len(heres), 'array')} computed, "
                f"{counted(len(truths), 'array')} of labels expected."
            )
        known, eps = _known_classes(model, port), rule.rounding.eps
        for i, (labels, a, o) in enumerate(zip(truths, heres, exacts, strict=True), 1):
            called = f"{name}{{{i}}}" if isinstance(scores, list) else name
            found.append(_compared(called, labels, a, o, axis, known, eps, rule.tolerance))
    return found


def _known_classes(model: Any, port: int) -> list[str] | None:
    if isinstance(model, Layer):
        return model.classes()
    (name, _), _ = list(model.plan().outputs.values())[port]
    classes: list[str] | None = model.layer(name).classes() or model.Classes
    return classes


def _items(value: Any) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    return [x if isinstance(x, Labels) else as_array(x) for x in items]


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
    if not classes:
        raise UsageError(
            f"{name} holds texts, and neither they nor the network say which class each of the "
            f"{count} scores is of.",
            remedy=f"in MATLAB, {name} = categorical({name}, classes), with the names of the "
            "classes in the order of the scores; or " + _REMEDY,
        )
    if len(classes) != count:
        whose = f"The labels in {name} have" if known is None else "The network has"
        what = f"{whose} {len(classes)} classes, but there are {count} scores to choose from."
        raise UsageError(what, remedy=_REMEDY)
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
