"""What the dimensions of a MATLAB function's values mean, worked out before anything runs.

Functions see arrays in MATLAB's order of dimensions. Those that move or merge dimensions, or work
along one, are translated only where it is certain that observations stay apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..data_format import DataFormat
from ..errors import DataFormatError, UnsupportedLayerError
from .expression import ELEMENTWISE, Call, Function, Input, Node, Number, Text, Vector


@dataclass(frozen=True)
class Labels:
    """The labels of one value: what each dimension holds, and the format that it carries."""

    #: One label per dimension, in the order of the dimensions; ``None`` after a reshape.
    layout: str | None
    #: The format of a formatted dlarray; ``None`` for a plain array.
    format: str | None


def result_format(function: Function, formats: Sequence[str], formattable: bool) -> str:
    """The format of a function's result, in MATLAB's order.

    A plain result takes the labels of the first input by position, as in MATLAB.

    Raises ``UnsupportedLayerError``: the dimensions of the result, or where the observations are,
    are not certain.
    """
    inputs = [Labels(labels, labels if formattable else None) for labels in formats]
    try:
        found = labels_of(function.body, inputs)
        result = (found and found.format) or formats[0]
        if found and found.layout is not None:
            _same_batch(found.layout, result)
    except _Uncertain as why:
        raise UnsupportedLayerError(
            f"The function {function.text} cannot be translated for '{formats[0]}' data: {why}."
        ) from None
    return result


class _Uncertain(Exception):
    """Why the dimensions of a value are not known."""


def labels_of(node: Node, inputs: Sequence[Labels]) -> Labels | None:
    """The labels of a value; ``None`` for numbers and captured arrays."""
    if isinstance(node, Input):
        return inputs[node.index]
    if not isinstance(node, Call) or node.function == "size":
        return None
    of_arguments = [labels_of(argument, inputs) for argument in node.arguments]
    known = [labels for labels in of_arguments if labels is not None]
    if not known:
        return None
    if node.function in ELEMENTWISE or (node.function in ("max", "min") and len(of_arguments) == 2):
        return _combined(known)
    return _RULES[node.function](node, known)


def _combined(known: Sequence[Labels]) -> Labels:
    formats = {labels.format for labels in known if labels.format is not None}
    layouts = {labels.layout for labels in known}
    if len(formats) > 1:
        raise _Uncertain("values of different formats meet")
    return Labels(layouts.pop() if len(layouts) == 1 else None, next(iter(formats), None))


def _along(node: Call, known: Sequence[Labels]) -> Labels:
    """Sums and the like along dimensions that are not the batch."""
    layout = known[0].layout
    dimensions = dimensions_of(node.arguments[-1])
    if layout is None or max(dimensions) > len(layout):
        raise _Uncertain(f"'{node.function}' goes along a dimension that is not certain")
    if any(layout[d - 1] == "B" for d in dimensions):
        raise _Uncertain(f"'{node.function}' goes along the batch")
    return known[0]


def dimensions_of(node: Node) -> tuple[int, ...]:
    """Positive integers from a number or a row of numbers."""
    values: tuple[float, ...] = (node.value,) if isinstance(node, Number) else ()
    values = node.value if isinstance(node, Vector) else values
    if not values or any(v != int(v) or v < 1 for v in values):
        raise _Uncertain("a dimension is not a number")
    return tuple(int(v) for v in values)


def _permuted(node: Call, known: Sequence[Labels]) -> Labels:
    layout, order = _plain(node, known).layout, dimensions_of(node.arguments[1])
    if layout is None or sorted(order) != list(range(1, len(layout) + 1)):
        raise _Uncertain("the permutation does not fit the data")
    return Labels("".join(layout[d - 1] for d in order), None)


def _plain(node: Call, known: Sequence[Labels]) -> Labels:
    if any(labels.format is not None for labels in known):
        raise _Uncertain(f"'{node.function}' is applied to a formatted dlarray")
    return known[0]


def _reshaped(node: Call, known: Sequence[Labels]) -> Labels:
    return replace(_plain(node, known), layout=None)


def _squeezed(node: Call, known: Sequence[Labels]) -> Labels:
    layout = _plain(node, known).layout
    if layout is None or not layout.endswith("B"):
        raise _Uncertain("'squeeze' may remove the batch")
    return Labels(layout if len(layout) == 2 else None, None)


def _stacked(node: Call, known: Sequence[Labels]) -> Labels:
    _plain(node, known)
    layout = _combined(known).layout
    if layout is None or layout[0] == "B" or len(known) != len(node.arguments):
        raise _Uncertain("what '[;]' puts together is not certain")
    return Labels(layout, None)


def _product(node: Call, known: Sequence[Labels]) -> Labels:
    layout = _plain(node, known).layout
    if layout is None or len(layout) != 2 or layout[1] != "B":
        raise _Uncertain("a matrix product needs two dimensions, the second the batch")
    return known[0]


def _labelled(node: Call, known: Sequence[Labels]) -> Labels:
    if len(node.arguments) == 1:
        return known[0]
    labels = _data_format(node.arguments[1]).labels
    if "B" not in labels or "U" in labels:
        raise _Uncertain(f"the format '{labels}' does not say where the observations are")
    if known[0].layout is not None:
        _same_batch(known[0].layout, labels)
    canonical = DataFormat(labels).canonical
    return Labels(canonical, canonical)


def _data_format(node: Node) -> DataFormat:
    try:
        return DataFormat.parse(node.value if isinstance(node, Text) else "")
    except DataFormatError as error:
        raise _Uncertain(error.what) from None


def _distribution(node: Call, known: Sequence[Labels]) -> Labels:
    """A softmax, which has to know where the channels are."""
    label = known[0].format
    if len(node.arguments) == 3:
        name = node.arguments[1]
        if not isinstance(name, Text) or name.value.lower() != "dataformat":
            raise _Uncertain("'softmax' has options that are not known")
        label = _data_format(node.arguments[2]).labels
    if label is None or "C" not in label:
        raise _Uncertain("'softmax' does not know where the channels are")
    return known[0]


def _same_batch(layout: str, labels: str) -> None:
    if len(layout) != len(labels) or layout.index("B") != labels.index("B"):
        raise _Uncertain(f"dimensions that hold '{layout}' are labelled '{labels}'")


_RULES: dict[str, Callable[[Call, Sequence[Labels]], Labels]] = {
    **dict.fromkeys(("sum", "mean", "max", "min"), _along),
    "reshape": _reshaped,
    "squeeze": _squeezed,
    "stripdims": lambda node, known: replace(known[0], format=None),
    "extractdata": lambda node, known: replace(known[0], format=None),
    "permute": _permuted,
    "vertcat": _stacked,
    "mtimes": _product,
    "dlarray": _labelled,
    "softmax": _distribution,
}
