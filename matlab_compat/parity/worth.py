"""How much a comparison was worth: which mistakes its data cannot show.

Two sides that are equal prove little where the input is all zero, does not change along a dimension
or has a single time step, or where the output is saturated or dead. Each such thing is found by its
definition: in the arrays, and (:mod:`.visible`) by what the compared results depend on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array
from ..display import enumerated
from ..errors import MatlabCompatError
from .axes import Axes, labels_of, to_rank
from .categories import are_labels
from .compare import EPS, Comparison
from .diagnosis_types import Unseen
from .runner import Inputs, Precision, Results, as_array
from .tolerance import Tolerance

if TYPE_CHECKING:
    from ..layers.base import Layer
    from ..network import Network


#: Warnings on outputs that are not needed where activations before the output show everything.
_MADE_UP = ("output saturated", "output constant along a dimension", "dead channels")
_OTHER_INPUT = (
    "save another input with its output: a real one, or random numbers of its range, such as "
    "X = rand(size(X), 'single')."
)


def unseen(
    model: Layer | Network | None,
    inputs: Inputs,
    saved: Results,
    compared: Iterable[Comparison],
    precision: Precision,
    tolerance: Tolerance | None = None,
) -> tuple[Unseen, ...]:
    """What a comparison cannot show in which everything is equal.

    Parameters
    ----------
    model:
        What both sides are of, if that is known.
    inputs, saved:
        What was run, and what it was compared with: outputs and activations.
    compared:
        The comparisons that were made of these.
    precision:
        Where to look for what the results depend on.
    tolerance:
        The rule of the comparison, where it was explicit.
    """
    from .visible import invisible

    every, X = list(compared), inputs.X
    names = ["X"] if len(X) == 1 else [f"X{i + 1}" for i in range(len(X))]
    found: list[Unseen] = []
    for name, x, labels in zip(names, X, input_labels(model, inputs), strict=True):
        found += of_input(name, _arrays(x), labels)
    done = {one.name.partition("{")[0] for one in every}
    seen = [name for name in saved.activations if name in done]
    hidden = model and invisible(model, inputs, bool(saved.outputs), seen, precision)
    for port, (name, y) in enumerate(saved.outputs.items()):
        if are_labels(y):
            said = f"{name} holds labels: scores may be wrong as long as the largest is the same"
            remedy = "save the scores as well: Y = predict(net, X)."
            found.append(Unseen("labels only", said, remedy, name))
            continue
        arrays = _arrays(y)
        labels = labels_of(model, inputs, port, arrays[0].ndim) if model else ""
        shown = of_output(name, arrays, labels, tolerance)
        # Not needed where the layers before the output are compared and show everything.
        found += [one for one in shown if not seen or hidden != [] or one.name not in _MADE_UP]
    if tolerance is None:
        found += [_undecided(one) for one in every if one.undecided]
    left_out = [name for name in saved.activations if name not in seen]
    if left_out:
        quoted = enumerated([f"'{name}'" for name in left_out])
        said = f"the activations of {quoted} are all zero on both sides: nothing was compared there"
        found.append(Unseen("activations not compared", said, _OTHER_INPUT, left_out[0]))
    return (*found, *(hidden or ()))


def _undecided(one: Comparison) -> Unseen:
    """Elements that are allowed to be far apart, as rounding may move them so far."""
    return Unseen(
        "decided by rounding",
        f"rounding decides {one.undecided} of {one.elements} elements of {one.name}, such as those "
        "after a tie of maxima or at a threshold: mistakes there may pass for rounding",
        "save an input with fewer ties (a photograph, not a drawing), or the activations of the "
        "layers before it as well.",
        one.name,
    )


def _arrays(value: object) -> list[Array]:
    """The array, or those in a list or cell."""
    is_cell = isinstance(value, np.ndarray) and value.dtype == object
    items = list(value.flat) if is_cell else value if isinstance(value, list) else [value]  # type: ignore[attr-defined]
    return [as_array(x) for x in items]


def input_labels(model: Layer | Network | None, inputs: Inputs) -> list[str]:
    """What the dimensions of the inputs are; "" where that is not known."""
    from ..execution.network import network_inputs
    from ..layers.base import Layer

    if isinstance(model, Layer):
        return [one.labels for one in inputs.data_formats(model)]
    try:
        given = network_inputs(model, inputs.X, inputs.data_format) if model else ()
    except MatlabCompatError:
        given = ()
    return [one.data_format.labels for one in given] or [""] * len(inputs.X)


# --- inputs -----------------------------------------------------------------------------


def of_input(name: str, items: Sequence[Array], labels: str) -> Iterator[Unseen]:
    """What an input (one array, or the sequences of a list) leaves unseen."""
    if not items:  # a network without inputs
        return
    if not any(x.any() for x in items):
        said = f"{name} is all zero: weights that it is multiplied by may be anything"
        yield Unseen("input all zero", said, _OTHER_INPUT, name)
        return
    if sum(x.size for x in items) > 1 and _constant(items):
        said = (
            f"{name} is {items[0].flat[0].item():.7g} everywhere: the order of its dimensions and "
            "elements, and filters flipped or exchanged, cannot be seen"
        )
        yield Unseen("input constant", said, _OTHER_INPUT, name)
        return
    if not labels:
        return
    axes = Axes.of(max(len(labels), *(x.ndim for x in items)), labels)
    full = [to_rank(x, len(axes.labels)) for x in items]
    if "T" in labels and all(x.shape[labels.index("T")] == 1 for x in full):
        said = (
            f"{name} has a single time step: what is carried on from step to step, and the "
            "direction of time, cannot be seen"
        )
        yield Unseen("one time step", said, "save a longer sequence with its output.", name)
    still = _still(full)
    if still:
        said = (
            f"{name} does not change along {enumerated([axes.names[i] for i in still])}: mistakes "
            "in the order there, such as a flip, cannot be seen"
        )
        yield Unseen("input constant along a dimension", said, _OTHER_INPUT, name)
    turned = [
        i
        for i in axes.moving
        if i not in still
        and any(x.shape[i] > 1 for x in full)
        and all(np.array_equal(x, np.flip(x, i)) for x in full)
    ]
    if turned:
        said = (
            f"{name} is the same when flipped along {enumerated([axes.names[i] for i in turned])}: "
            "a flip there cannot be seen"
        )
        yield Unseen("input symmetric", said, _OTHER_INPUT, name)
    first, *others = [i for i, label in enumerate(labels) if label == "S"] or [0]
    exchanged = [x.swapaxes(first, others[0]) for x in full] if len(others) == 1 else []
    varied = any(x.shape[first] > 1 for x in exchanged) and first not in still
    if varied and all(map(np.array_equal, full, exchanged)):
        said = f"{name} is the same with height and width exchanged: such a mistake cannot be seen"
        yield Unseen("input symmetric", said, _OTHER_INPUT, name)


def _constant(items: Sequence[Array]) -> bool:
    having = [x for x in items if x.size]
    return all(bool((x == having[0].flat[0]).all()) for x in having)


def _still(items: Sequence[Array]) -> list[int]:
    """The dimensions along which nothing changes, of those with more than one element."""
    rank = min(x.ndim for x in items)
    return [
        axis
        for axis in range(rank)
        if any(x.shape[axis] > 1 for x in items)
        and all(bool((x == x.take([0], axis)).all()) for x in items)
    ]


# --- outputs ----------------------------------------------------------------------------


def of_output(
    name: str, items: Sequence[Array], labels: str, tolerance: Tolerance | None = None
) -> Iterator[Unseen]:
    """What an expected output leaves unseen."""
    every = sum(x.size for x in items)
    lost = sum(int(np.count_nonzero(~np.isfinite(x))) for x in items)
    if lost:
        yield Unseen(
            "no numbers",
            f"{lost} of {every} elements of {name} are NaN or Inf on both sides: nothing is "
            "compared there",
            "look for the layer that they begin in, and save an output without them.",
            name,
        )
        return
    if all(_saturated(x, tolerance) for x in items):
        yield Unseen(
            "output saturated",
            f"{name} is 0 or 1 everywhere, but for rounding: what came before is lost, and most "
            "mistakes do not change which is which",
            "save the activations before the last layer as well (activations.<layer> = "
            "activations(net, X, '<layer>')), or an input that the network is less sure of.",
            name,
        )
        return
    axes = Axes.of(max(x.ndim for x in items), labels)
    full = [to_rank(x, len(axes.labels)) for x in items]
    if still := _still(full):
        yield Unseen(
            "output constant along a dimension",
            f"{name} does not change along {enumerated([axes.names[i] for i in still])}: it may "
            "not depend on its input, and mistakes in the order there cannot be seen",
            "save the activations of the layers before it as well, or another input.",
            name,
        )
        return
    channel = axes.labels.find("C")
    if channel < 0 or any(x.shape[channel] != full[0].shape[channel] for x in full):
        return
    others = tuple(i for i in range(full[0].ndim) if i != channel)
    alive = np.any([np.any(x != 0, axis=others) for x in full], axis=0)
    elements = every // alive.size
    if elements > 1 and not alive.all():
        dead = int(np.count_nonzero(~alive))
        yield Unseen(
            "dead channels",
            f"{dead} of {alive.size} {axes.names[channel]} of {name} are zero throughout: what "
            "leads to them is not seen",
            "save an input that makes them active, or the activations before the last layer.",
            name,
        )


def _saturated(values: Array, tolerance: Tolerance | None) -> bool:
    """Whether nothing is left of it but zeros and ones, of which there are some."""
    if np.iscomplexobj(values) or not values.size:
        return False
    zero = 0.0 if tolerance is None else tolerance.atol
    one = EPS["single"] if tolerance is None else tolerance.atol + tolerance.rtol
    ones = np.abs(values - 1) <= one
    return bool(ones.any() and (ones | (np.abs(values) <= zero)).all())
