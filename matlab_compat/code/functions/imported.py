"""Helpers of layers that MATLAB's importers generate (``+package/+ops``), by their names.

The classes call them; what they compute is written here from the specifications of ONNX's and
PyTorch's operators. Their arrays are in the reverse of the order that ONNX or PyTorch has, and
carry their rank: ``struct('value', X, 'rank', n)`` for PyTorch and TensorFlow, as two values for
ONNX. Labelled arrays are in MATLAB's own order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch

from ...data_format import DataFormat
from ...errors import CodeError, UnsupportedCodeError
from ..joining import concatenated
from ..numeric import EMPTY, Numeric, elements, logical, numeric, row, scalar
from ..operators import binary, expanded_size, known_values, numbers, text, transposed, whole
from ..values import Cell, Chars, Struct, Value
from .both import in_torch
from .registry import Call, Known, known
from .shape import reshape_to

#: By name, apart from MATLAB's own functions: they count in packages called "ops" alone.
IMPORTED: dict[str, Known] = {}
_OPERATORS = {"plus": "+", "minus": "-", "times": ".*", "rdivide": "./", "power": ".^"}
_TENSORFLOW = {"tfAdd": "+", "tfSub": "-", "tfMul": ".*", "tfDiv": "./"}


def _helper(*names: str) -> Callable[[Any], Any]:
    return known(*names, table=IMPORTED)


def _parts(x: Value, what: str) -> tuple[Numeric, int]:
    """The array and the rank of such a struct; a plain array has its own rank."""
    if isinstance(x, Struct) and "value" in x.fields:
        rank = x.fields.get("rank")
        value = numbers(x.fields["value"], what)
        return value, len(value.shape) if rank is None else _rank(rank)
    value = numbers(x, what)
    return value, len(value.shape)


def _struct(value: Numeric, rank: int) -> Struct:
    return Struct({"value": value, "rank": scalar(rank)})


def _padded(size: Sequence[Any], rank: int) -> list[Any]:
    """A size with so many dimensions at least; those beyond its own are of size 1."""
    return [*size, *(1,) * (rank - len(size))]


def _rank(rank: Value) -> int:
    return int(whole(rank, "the number of dimensions"))


def _moved(x: Numeric, order: Sequence[int], labels: str = "") -> Numeric:
    """Dimensions in another order; those beyond its own are of size 1."""
    size = _padded(x.shape, len(order))
    found = in_torch(lambda v: v.reshape(size).permute(list(order)), x.data)
    return numeric(found, labels, x.is_dlarray)


def _space_turned(labels: str) -> list[int]:
    """From MATLAB's order S...CB to the reverse of B,C,S..., and back: the space turns round."""
    if "T" in labels or "U" in labels or labels.count("C") != 1 or labels.count("B") != 1:
        raise UnsupportedCodeError(f"The order of '{labels}' data in PyTorch is not certain.")
    space = labels.count("S")
    return [*reversed(range(space)), *range(space, len(labels))]


def _reversed(x: Numeric) -> Numeric:
    """An array in the reverse of PyTorch's order, without labels."""
    if not x.labels.strip("U"):
        return numeric(x.data, "", x.is_dlarray)
    return _moved(x, _space_turned(x.labels))


def _unlabelled(x: Numeric, rank: int) -> Numeric:
    """A result in the reverse order, whose labels are U."""
    size = _padded(x.shape, max(rank, 2))
    return Numeric(in_torch(lambda v: v.reshape(size), x.data), "U" * len(size), True)


def _like(result: Numeric, rank: int, given: Sequence[tuple[Numeric, int]]) -> Struct:
    """A result in the order and with the labels of the labelled input of its rank."""
    for x, own in given:
        if x.labels.strip("U") and own == rank:
            return _struct(_moved(result, _space_turned(x.labels), x.labels), rank)
    return _struct(_unlabelled(result, rank), rank)


# --- PyTorch and TensorFlow -------------------------------------------------------------


@_helper("makeStructForConstant")
def _constant(call: Call, value: Value, rank: Value, how: Value | None = None) -> Struct:
    """A constant of PyTorch with its rank."""
    return Struct({"value": value, "rank": rank})


@_helper("permuteToReversePyTorch")
def _to_reverse(call: Call, x: Value, *rest: Value) -> Numeric:
    """The array in the reverse of PyTorch's order."""
    if call.outputs > 1:
        raise UnsupportedCodeError("permuteToReversePyTorch with its order is not supported.")
    return _reversed(numbers(x, call.name))


@_helper("labelWithPropagatedFormats")
def _label(call: Call, x: Value, said: Value) -> Struct:
    """Labels in PyTorch's order, ``*CSS``, where * is B; what has labels keeps them."""
    value, rank = _parts(x, call.name)
    wanted = text(said, "the format").replace("*", "B")
    if value.labels.strip("U") or not wanted:
        return _struct(value, rank)
    labels = DataFormat.parse(wanted).canonical
    if wanted != "BC" + "S" * (len(wanted) - 2):
        raise UnsupportedCodeError(f"The format '{wanted}' is not supported.")
    return _struct(_moved(value, _space_turned(labels), labels), rank)


@_helper("pyElementwiseBinary")
def _elementwise(call: Call, a: Value, b: Value, name: Value) -> Struct:
    """PyTorch's broadcasting aligns the last dimensions, which are the first ones here."""
    sign = _OPERATORS.get(text(name, "the operation"))
    if sign is None:
        raise UnsupportedCodeError(f"'{text(name, 'the operation')}' of PyTorch is not supported.")
    given = [_parts(one, call.name) for one in (a, b)]
    left, right = (_reversed(x) for x, _ in given)
    result = binary(sign, left, right, call.budget)
    return _like(numbers(result, call.name), max(rank for _, rank in given), given)


@_helper("pyLinear")
def _linear(call: Call, x: Value, weights: Value, bias: Value) -> Struct:
    """PyTorch's linear: x times the transpose of the weights (out, in), plus the bias."""
    (value, rank), (w, _), (b, _) = (_parts(one, call.name) for one in (x, weights, bias))
    data = _reversed(value)
    features = data.shape[0]
    if w.shape[0] == w.shape[1] or features not in w.shape:
        raise UnsupportedCodeError(
            f"Which dimension of weights of {w.shape[0]}×{w.shape[1]} is the input is not certain."
        )
    matrix = w if w.shape[1] == features else transposed(w)
    flat = reshape_to(data, [features, elements(data.shape) // features])
    product = numbers(binary("*", matrix, flat, call.budget), call.name)
    if elements(b.shape):
        column = reshape_to(b, [elements(b.shape), 1])
        product = numbers(binary("+", product, column, call.budget), call.name)
    result = reshape_to(product, [product.shape[0], *data.shape[1:]])
    return _like(result, rank, [(value, rank)])


@_helper("pyMean")
def _mean(call: Call, x: Value, dims: Value, keep: Value) -> Struct:
    """PyTorch's mean over dimensions that count from 0; without ``keepdim`` they go."""
    (value, rank), (at, _), (kept, _) = (_parts(one, call.name) for one in (x, dims, keep))
    along = [int(n) % rank for n in known_values(at, "the dimensions").reshape(-1)]
    axes = [rank - 1 - n for n in along or range(rank)]
    stays = bool(elements(kept.shape)) and bool(known_values(kept, "keepdim").reshape(-1)[0])
    data = _reversed(value)
    size = _padded(data.shape, rank)
    found = in_torch(lambda v: v.reshape(size).mean(axes, keepdim=True), data.data)
    result = numeric(found, "", True)
    if stays:
        return _like(result, rank, [(value, rank)])
    left = [n for axis, n in enumerate(size) if axis not in axes]
    result = reshape_to(result, _padded(left, 2))
    return _struct(_unlabelled(result, len(left)), len(left))


@_helper("pyDropout")
def _dropout(call: Call, x: Value, share: Value, training: Value) -> Struct:
    """PyTorch's dropout: in training alone, what stays is scaled."""
    value, rank = _parts(x, call.name)
    if not bool(known_values(_parts(training, call.name)[0], "training").reshape(-1)[0]):
        return _struct(value, rank)
    p = float(known_values(_parts(share, call.name)[0], "the share").reshape(-1)[0])
    return _struct(value.with_data(torch.nn.functional.dropout(value.tensor, p)), rank)


@_helper(*_TENSORFLOW)
def _tensorflow(call: Call, a: Value, b: Value) -> Struct:
    """TensorFlow's arithmetic; a constant beside labelled data has the one order that fits."""
    given = [_parts(one, call.name) for one in (a, b)]
    labelled = [x for x, _ in given if x.labels.strip("U")]
    sign, rank = _TENSORFLOW[call.name], max(one for _, one in given)
    if len(labelled) != 1:
        return _struct(numbers(binary(sign, given[0][0], given[1][0], call.budget), "it"), rank)
    data = labelled[0]
    values = [x if x is data else _fitting(data, x, own) for x, own in given]
    return _struct(numbers(binary(sign, values[0], values[1], call.budget), call.name), rank)


def _fitting(data: Numeric, constant: Numeric, rank: int) -> Numeric:
    """A constant of height, width and channels beside data, whichever way round it is stored."""
    if elements(constant.shape) == 1:
        return numeric(constant.data, "", True)
    ways = [constant, _moved(constant, tuple(reversed(range(max(rank, len(constant.shape))))))]
    found = [one for one in ways if _expands(data, one)]
    if len(found) != 1:
        raise UnsupportedCodeError(
            "In which order a constant of TensorFlow is stored is not certain here."
        )
    return numeric(found[0].data, "", True)


def _expands(data: Numeric, other: Numeric) -> bool:
    if len(other.shape) > len(data.shape):
        return False
    try:
        return expanded_size([data.shape, other.shape], "it") == tuple(data.shape)
    except CodeError:
        return False


# --- ONNX -------------------------------------------------------------------------------


@_helper("permuteInputVar", "permuteOutputVar")
def _permuted(call: Call, x: Value, order: Value, rank: Value) -> Numeric:
    """From MATLAB's order of dimensions to the reverse of ONNX's by a permutation, and back."""
    a, n = numbers(x, call.name), _rank(rank)
    if isinstance(order, Chars):
        if order.value not in ("as-is", "none"):
            raise UnsupportedCodeError(f"The permutation '{order.value}' is not supported.")
        return a if order.value == "as-is" or n < 2 else _moved(a, range(n)[::-1])
    at = [int(one) - 1 for one in known_values(order, "the permutation").reshape(-1)]
    if sorted(at) != list(range(len(at))) or len(at) < len(a.shape):
        raise CodeError("The permutation does not name each dimension once.")
    return _moved(a, at[::-1] if call.name == "permuteInputVar" else [len(at) - 1 - k for k in at])


def _axes(axes: Value, rank: int, what: str) -> list[int]:
    """ONNX's axes (from 0, or from the end) as dimensions of the reverse order, from 0."""
    found = [int(one) for one in known_values(axes, what).reshape(-1)]
    if any(not -rank <= one < rank for one in found):
        raise CodeError(f"ONNX has an axis in {what} that the data has not.")
    return [rank - 1 - one % rank for one in found]


@_helper("prepareReduceArgs")
def _reduce(call: Call, axes: Value, rank: Value) -> Numeric:
    """The dimensions of ONNX's ReduceMean and its like: all where none is named."""
    n = _rank(rank)
    return row([one + 1 for one in _axes(axes, n, "the axes") or range(n)])


@_helper("prepareTransposeArgs")
def _transpose(call: Call, order: Value, rank: Value) -> tuple[Value, Value]:
    """The permutation of ONNX's Transpose, which reverses all where none is named."""
    n = _rank(rank)
    said = [int(one) for one in known_values(order, "the permutation").reshape(-1)]
    said = said or list(range(n))[::-1]
    return row([n - said[n - 1 - k] for k in range(n)]), scalar(n)


@_helper("prepareReshapeArgs")
def _reshape(
    call: Call, x: Value, shape: Value, rank: Value, zero: Value | None = None
) -> tuple[Value, Value]:
    """The sizes of ONNX's Reshape, as arguments of reshape: 0 is the old size, -1 is worked out."""
    a, n = numbers(x, call.name), _rank(rank)
    old = _padded(a.shape, n)[::-1][-n:] if n else []
    allows = zero is not None and bool(known_values(zero, "allowzero").reshape(-1)[0])
    new: list[Any] = []
    for at, one in enumerate(known_values(shape, "the shape").reshape(-1)):
        new.append(old[at] if one == 0 and not allows else int(one))
    if new.count(-1) > 1:
        raise CodeError("ONNX's Reshape can work out one size alone.")
    items: list[Value] = [EMPTY if one == -1 else scalar(one) for one in reversed(new)]
    items += [scalar(1)] * (2 - len(items))
    return Cell((1, len(items)), tuple(items)), scalar(len(new))


@_helper("onnxSqueeze", "onnxUnsqueeze")
def _squeeze(call: Call, x: Value, axes: Value, rank: Value) -> tuple[Value, Value]:
    """ONNX's Squeeze and Unsqueeze; without axes all of size 1 go."""
    a, n = numbers(x, call.name), _rank(rank)
    size = _padded(a.shape, n)
    if call.name == "onnxSqueeze":
        gone = _axes(axes, n, "the axes") or [at for at, one in enumerate(size) if one == 1]
        size = [one for at, one in enumerate(size[:n]) if at not in gone]
    else:
        total = n + elements(axes.shape)
        new, old = _axes(axes, total, "the axes"), iter(size)
        size = [1 if at in new else next(old) for at in range(total)]
    return reshape_to(a, _padded(size, 2)), scalar(len(size))


@_helper("onnxConcat")
def _concat(call: Call, axis: Value, parts: Value, ranks: Value) -> tuple[Value, Value]:
    """ONNX's Concat."""
    n = int(known_values(ranks, "the numbers of dimensions").reshape(-1)[0])
    (at,) = _axes(axis, n, "the axis")
    if not isinstance(parts, Cell):
        raise CodeError("onnxConcat takes a cell of arrays.")
    values = [numbers(one, call.name) for one in parts.items]
    return concatenated(values, at, call.budget), scalar(n)


@_helper("prepareFlattenArgs")
def _flatten(call: Call, x: Value, axis: Value, rank: Value) -> tuple[Value, ...]:
    """The two sizes of ONNX's Flatten: what is behind the axis, and what is before it."""
    a, n = numbers(x, call.name), _rank(rank)
    at = int(whole(axis, "the axis"))
    at = at + n if at < 0 else at
    before = prod(_padded(a.shape, n)[n - at :])
    return scalar(elements(a.shape) // before), scalar(before), scalar(2)


# --- what generated code asks besides ---------------------------------------------------


@known("message")
def _message(call: Call, name: Value, *values: Value) -> Chars:
    """MATLAB's documentation of message: its name with its values, for an error."""
    said = [text(name, "the name of a message")]
    return Chars(" ".join([*said, *(one.value for one in values if isinstance(one, Chars))]))


@known("target", table=IMPORTED)
def _target(call: Call, name: Value) -> Numeric:
    """MATLAB's documentation of coder.target: the code runs as in MATLAB."""
    return logical([[text(name, "the target").upper() == "MATLAB"]])
