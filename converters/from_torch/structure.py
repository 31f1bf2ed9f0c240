"""Operations that join, reshape, pick or scale what flows through the graph.

Each function takes the walk, the node, and the module that it calls, if it calls one, and gives
the value that comes out. Torch's dimensions of size 1 that come and go (``squeeze``,
``view(n, c, 1, 1)``) are only noted: MATLAB's layers take features and 1×1 images side by side.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from matlab_compat import layers as matlab
from matlab_compat.layers import (
    Convolution1DLayer,
    Convolution2DLayer,
    Convolution3DLayer,
    FullyConnectedLayer,
    Layer,
)
from matlab_compat.layers.transposed_convolution import TransposedConvolutionLayer

from .arguments import named_arguments, operation_name
from .modules import edges, filled, global_pooling, in_matlab_order, scaling, shifted
from .values import SPACE, Refused, Value, Walk

Handler = Callable[[Walk, fx.Node, nn.Module | None], Value]
_EVERY = slice(None, None, None)
_NO_SHAPE = "the sizes are known only with an example_input"


# --- arithmetic ----------------------------------------------------------------------------


def _operands(node: fx.Node) -> tuple[Any, Any]:
    """Both sides; a product of ``other`` and ``alpha`` has no layer."""
    if node.kwargs.get("alpha", 1) != 1 or len(node.args) > 2 or "out" in node.kwargs:
        raise Refused("it is called with arguments that no layer has")
    first, *second = node.args
    return first, second[0] if second else node.kwargs["other"]


def _constant(walk: Walk, argument: Any, x: Value) -> Any:
    """A number, or an array in MATLAB's order."""
    value = walk.constant(argument)
    if walk.follows_from_sizes(argument):
        raise Refused("it calculates with the size of the data, which differs from call to call")
    if isinstance(value, Tensor):
        return in_matlab_order(value, x)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{value!r} is no number that layers calculate with")
    return value


def _scaled(walk: Walk, node: fx.Node, x: Value, scale: Any = 1, bias: Any = 0) -> Value:
    """``scale*x + bias``: a scaling layer, or the bias of the one before."""
    before = walk.layer(x.source) if x.source else None
    alone = len(node.all_input_nodes[0].users) == 1
    if np.ndim(scale) == 0 and scale == 1 and alone and shifted(before, bias):
        return walk.add(node, [], x)
    return walk.add(node, [scaling(scale, bias)], x)


def _joined(walk: Walk, node: fx.Node, layer: Layer) -> Value | None:
    """What a layer of two inputs gives, where both operands are data."""
    a, b = _operands(node)
    if walk.is_data(a) and walk.is_data(b):
        return walk.join(node, layer, [walk.given(a), walk.given(b)])
    return None


def _data_and_constant(walk: Walk, node: fx.Node) -> tuple[Value, Any]:
    """The operands, in whatever order they stand."""
    a, b = _operands(node)
    return (walk.given(a), b) if walk.is_data(a) else (walk.given(b), a)


def addition(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``x + y``, ``x + 1``, ``1 + x``."""
    if (joined := _joined(walk, node, matlab.additionLayer(2))) is not None:
        return joined
    x, constant = _data_and_constant(walk, node)
    if (positions := _positions(walk, constant, x)) is not None:
        count, channels = positions.shape
        layer = matlab.positionEmbeddingLayer(channels, count)
        layers = filled(layer, {"weight": positions}, channels)
        return walk.join(node, matlab.additionLayer(2), [x, walk.add(node, layers, x)])
    return _scaled(walk, node, x, bias=_constant(walk, constant, x))


def _positions(walk: Walk, argument: Any, x: Value) -> Tensor | None:
    """Position×channel, where a tensor has a vector for each position of a sequence.

    Of an embedding, and of a tensor that is cut to the length of the data, a shorter sequence
    takes the first vectors, as in MATLAB.
    """
    value = walk.constant(argument)
    where = x.axes.replace("N", "").replace("C", "")
    if not isinstance(value, Tensor) or len(where) != 1 or not x.agrees or value.ndim < 2:
        return None
    if walk.follows_from_sizes(argument) and not _is_cut(argument):
        return None
    full = value.reshape((1,) * (3 - value.ndim) + tuple(value.shape))
    size = dict(zip(x.axes, full.shape, strict=False))
    if full.ndim != 3 or size["N"] != 1 or (size[where], size["C"]) != (x.size[where], x.size["C"]):
        return None
    return full[0] if x.axes[-1] == "C" else full[0].T


def _is_cut(node: fx.Node) -> bool:
    """Whether what follows from sizes is a part of a table: ``table(arange(n))``, ``table[:n]``."""
    if node.op == "call_module" or operation_name(node) == "embedding":
        return True
    if operation_name(node) not in ("getitem", "slice"):
        return False
    parts = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
    return all(isinstance(part, slice) and not part.start for part in parts)


def subtraction(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``x - y``, ``x - 1``, ``1 - x``."""
    a, b = _operands(node)
    if node.target == torch.rsub or "rsub" in str(node.target):
        a, b = b, a
    if walk.is_data(a) and walk.is_data(b):
        negative = walk.add(node, [scaling(-1)], walk.given(b))
        return walk.join(node, matlab.additionLayer(2), [walk.given(a), negative])
    if walk.is_data(a):
        x = walk.given(a)
        return _scaled(walk, node, x, bias=-_constant(walk, b, x))
    x = walk.given(b)
    return walk.add(node, [scaling(-1, _constant(walk, a, x))], x)


def multiplication(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``x * y``, ``x * 2``, ``2 * x``."""
    if (joined := _joined(walk, node, matlab.multiplicationLayer(2))) is not None:
        return joined
    x, constant = _data_and_constant(walk, node)
    return _scaled(walk, node, x, scale=_constant(walk, constant, x))


def division(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``x / 2``."""
    a, b = _operands(node)
    if walk.is_data(b):
        raise Refused("no layer divides by data; functionLayer(@(x,y) x./y) is near")
    x = walk.given(a)
    divisor = _constant(walk, b, x)
    if not np.all(divisor):
        raise Refused("it divides by zero")
    return _scaled(walk, node, x, scale=1 / divisor)


def negation(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``-x``."""
    return walk.add(node, [scaling(-1)], walk.given(node.args[0]))


def power(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``x ** 2``."""
    exponent = walk.constant(node.args[1]) if len(node.args) > 1 else 2
    if exponent != 2:
        raise Refused(f"only squares are layers; functionLayer(@(x) x.^{exponent}) is near")
    x = walk.given(node.args[0])
    return walk.join(node, matlab.multiplicationLayer(2), [x, x])


def concatenation(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """Channels, rows or columns side by side."""
    given = named_arguments(node)
    values = [walk.given(tensor) for tensor in given["tensors"]]
    dim, first = given["dim"], values[0]
    if not first.axes:
        axis = "C" if dim == 1 else ""
    else:
        axis = first.axes[dim] if -len(first.axes) <= dim < len(first.axes) else ""
    if axis != "C" and axis not in tuple(first.space):
        raise Refused("only channels, rows and columns are concatenated")
    if any(v.flattened or not v.agrees for v in values):
        raise Refused("flattened images are concatenated only in torch's order")
    along = len(first.space) + 1 if axis == "C" else first.space.index(axis) + 1
    if len(values) == 1:
        return walk.add(node, [], first)
    return walk.join(node, matlab.concatenationLayer(along, len(values)), values)


# --- dimensions ----------------------------------------------------------------------------


def _with_axes(walk: Walk, node: fx.Node, x: Value, axes: str) -> Value:
    """``x`` with other dimensions of size 1; features that still have space or time lose it."""
    layers: list[Layer] = []
    if axes == "NC" and "T" in x.labels:
        layers = [matlab.indexing1dLayer("first")]
    elif axes == "NC" and "S" in x.labels:
        layers = [matlab.flattenLayer()]
    return walk.add(node, layers, x, axes=axes, flattened=x.flattened)


def _named(axes: str, inserted: str) -> str:
    """The names of dimensions of size 1 that were inserted, marked with "?"."""
    new = inserted.count("?")
    if not new:
        return inserted
    free = [] if "C" in axes else ["C"]
    spatial = "H" in inserted or new - len(free) > 1
    free += [axis for axis in SPACE if axis not in axes] if spatial else ["T"]
    if len(free) < new or (not spatial and "T" in axes and new > len(free) - 1):
        raise Refused("the new dimension is none of MATLAB's")
    names = iter(free)
    return "".join(next(names) if axis == "?" else axis for axis in inserted)


def reshaping(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``flatten``, ``view``, ``reshape``, ``unflatten``: what they do to the sizes says it all."""
    x, out = walk.given(node.args[0]), walk.shape(node)
    if not (x.shape and out):
        raise Refused("what is flattened is known only with an example_input")
    if out == x.shape:
        return walk.add(node, [], x, flattened=x.flattened)
    if out[0] != x.shape[0]:
        raise Refused("the batch must stay as it is")
    groups = _groups(x.shape, out)
    if groups is None:
        return _unflattened(walk, node, x, out)
    large = [[i for i in group if x.shape[i] != 1] for group in groups]
    if len(out) == 2 and (x.space or len(large[0]) > 1):
        return _flattened(walk, node, x, groups[0])
    if x.space and large == [[1], [*range(2, len(x.shape))]] and x.axes[1] == "C":
        return _row(walk, node, x)
    if any(len(group) > 1 for group in large):
        raise Refused("only all dimensions but the batch are flattened together")
    kept = [next(iter(big or group), None) for big, group in zip(large, groups, strict=True)]
    marks = "N" + "".join("?" if i is None else x.axes[i] for i in kept)
    return _with_axes(walk, node, x, _named(x.axes, marks))


def _groups(shape: Sequence[int], out: Sequence[int]) -> list[list[int]] | None:
    """Which dimensions each one of the result is made of; ``None`` if one is taken apart."""
    groups, i = [], 1
    for wanted in out[1:]:
        group: list[int] = []
        if wanted == 1 and i < len(shape) and shape[i] == 1:
            group, i = [i], i + 1
        while prod(shape[j] for j in group) < wanted and i < len(shape):
            group, i = [*group, i], i + 1
        if prod(shape[j] for j in group) != wanted:
            return None
        groups.append(group)
    if groups:
        groups[-1] += range(i, len(shape))
    return groups


def _flattened(walk: Walk, node: fx.Node, x: Value, held: Sequence[int]) -> Value:
    """Features of a whole image: in MATLAB's order where the next layers can do with it."""
    axes = [x.axes[i] for i in held if x.shape[i] != 1]
    if "T" in axes or not x.space:
        raise Refused("MATLAB does not flatten time into the channels")
    if not x.agrees:
        raise Refused("it has dimensions of size 1 that the features in MATLAB have not")
    flattened = tuple((axis, x.size[axis]) for axis in axes) if len(axes) > 1 else ()
    layers: list[Layer] = [matlab.flattenLayer()]
    if flattened and not walk.keeps_order(node):
        if "C" in axes and axes[0] != "C":
            raise Refused("channels that are flattened last need a layer behind that takes all")
        layers, flattened = [_rows_first(len(x.space)), *layers], ()
    return walk.add(node, layers, x, axes="NC", flattened=flattened)


def _rows_first(space: int) -> Layer:
    """The layer that turns the order of the dimensions of space around."""
    order = " ".join(map(str, [*range(space, 0, -1), space + 1, space + 2]))
    return matlab.functionLayer(f"@(x) permute(x,[{order}])")


def _reshaped(sizes: Sequence[int], labels: str) -> Layer:
    """The layer that gives the elements of every observation other sizes."""
    text = ",".join(map(str, sizes))
    return matlab.functionLayer(
        f"@(x) dlarray(reshape(stripdims(x),{text},[]),'{labels}')", Formattable=True
    )


def _row(walk: Walk, node: fx.Node, x: Value) -> Value:
    """The pixels of an image in one row, in torch's order: w fastest."""
    if not x.agrees:
        raise Refused("it has dimensions of size 1 that the features in MATLAB have not")
    sizes = [prod(x.size[axis] for axis in x.space), x.size["C"]]
    layers = [_rows_first(len(x.space)), _reshaped(sizes, "SCB")]
    return walk.add(node, layers, x, axes="NCH")


def _unflattened(walk: Walk, node: fx.Node, x: Value, out: Sequence[int]) -> Value:
    """Features made an image, in torch's order: w fastest, then h, then the channels."""
    if x.axes != "NC" or not x.agrees or x.flattened or len(out) not in (4, 5):
        raise Refused("only features are made images of; MATLAB has no layer for other reshapes")
    space = len(out) - 2
    layers = [_reshaped([*out[:1:-1], out[1]], "S" * space + "CB"), _rows_first(space)]
    return walk.add(node, layers, x, axes="NC" + SPACE[:space])


def _dims(given: Any, rank: int) -> list[int]:
    dims = given if isinstance(given, list | tuple) else [given]
    return [int(d) % rank for d in dims]


def squeezing(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """Dimensions of size 1 go."""
    x = walk.given(node.args[0])
    if not x.shape:
        raise Refused(_NO_SHAPE)
    named = [*node.args[1:], *node.kwargs.values()]
    if not named and x.shape[0] == 1:
        raise Refused("squeeze() takes a batch of one away too; name the dim")
    dims = _dims(walk.constant(named[0]), len(x.shape)) if named else range(len(x.shape))
    axes = "".join(a for i, a in enumerate(x.axes) if i not in dims or x.shape[i] != 1)
    return _with_axes(walk, node, x, axes)


def unsqueezing(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """A dimension of size 1 comes."""
    x = walk.given(node.args[0])
    if not x.axes:
        raise Refused(_NO_SHAPE)
    (dim,) = walk.constant([*node.args[1:], *node.kwargs.values()])
    at = dim % (len(x.axes) + 1)
    marks = x.axes[:at] + "?" + x.axes[at:]
    return _with_axes(walk, node, x, _named(x.axes, marks))


def turning(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``transpose``, ``permute``, ``.mT``: channels before or behind space and time."""
    x = walk.given(node.args[0])
    if not x.axes:
        raise Refused(_NO_SHAPE)
    rank = len(x.axes)
    whole = operation_name(node) in ("mT", "t")
    given = (-2, -1) if whole else walk.constant((*node.args[1:], *node.kwargs.values()))
    if len(given) == 1 and isinstance(given[0], tuple | list):
        given = tuple(given[0])
    order = [int(d) % rank for d in given]
    if len(order) == 2 and rank > 2:
        swapped = list(range(rank))
        swapped[order[0]], swapped[order[1]] = order[1], order[0]
        order = swapped
    axes = "".join(x.axes[i] for i in order)
    if axes[0] != "N" or replace(x, axes=axes).space != x.space:
        raise Refused(
            "only channels change places with time or space; functionLayer(@(x) permute(x,...)) "
            "is near"
        )
    return walk.add(node, [], x, axes=axes, flattened=x.flattened)


def passing(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """Nothing happens to the values: ``contiguous``, ``clone``, ``float``."""
    x = walk.given(node.args[0])
    return walk.add(node, [], x, flattened=x.flattened)


_MODES: dict[str, float | str] = {
    "constant": 0,
    "replicate": "replicate",
    "reflect": "symmetric-exclude-edge",
}


def padding(walk: Walk, node: fx.Node, module: Any) -> Value:
    """``F.pad`` before a convolution, whose Padding it becomes; nothing where nothing is added."""
    x = walk.given(node.args[0])
    if module is None:
        given = named_arguments(node)
        sides, mode, value = (walk.constant(given[n]) for n in ("pad", "mode", "value"))
    else:
        kind = type(module).__name__
        sides, value = module.padding, getattr(module, "value", 0)
        mode = {"Repli": "replicate", "Refle": "reflect"}.get(kind[:5], "constant")
    if not any(sides):
        return walk.add(node, [], x, flattened=x.flattened)
    pairs = [(int(a), int(b)) for a, b in zip(sides[::2], sides[1::2], strict=True)][::-1]
    before = len(x.axes) - len(pairs)
    if not x.axes or "C" in x.axes[before:] or "N" in x.axes[before:] or min(min(pairs)) < 0:
        raise Refused("only time and space are padded, by numbers of at least 0")
    if mode not in _MODES:
        raise Refused(f"padding mode '{mode}' is none of MATLAB's PaddingValue")
    pairs = [(0, 0)] * (len(x.axes) - 2 - len(pairs)) + pairs
    padded: float | str = _MODES[mode] or value or 0
    return replace(walk.add(node, [], x), padding=tuple(pairs), padding_value=padded)


# --- parts and means -----------------------------------------------------------------------


def pooling(walk: Walk, node: fx.Node, module: nn.Module | None, *, maximum: bool) -> Value:
    """``mean`` or ``amax`` over space or time."""
    given = named_arguments(node)
    x = walk.given(node.args[0])
    if not x.axes:
        raise Refused(_NO_SHAPE)
    dims = given.get("dim")
    if dims is None or dims == [] or given.get("dtype") is not None:
        raise Refused("only space or time is pooled; name the dim")
    over = {x.axes[i] for i in _dims(walk.constant(dims), len(x.axes))}
    if not x.agrees or x.flattened:
        raise Refused("it has dimensions of size 1 that the features in MATLAB have not")
    if not over or over not in ({"T"}, set(x.space)):
        near = "max(x,[],3)" if maximum else "mean(x,3)"
        raise Refused(f"only all of space, or time, is pooled; functionLayer(@(x) {near}) is near")
    axes = x.axes if given["keepdim"] else "".join(a for a in x.axes if a not in over)
    pooled = walk.add(node, [global_pooling(len(over), maximum)], x)
    return _with_axes(walk, node, pooled, axes)


def picking(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``x[...]``, ``x.select(dim, index)``."""
    x = walk.given(node.args[0])
    index = walk.constant(node.args[1:])
    if len(index) == 2:  # select
        return _picked(walk, node, x, {int(index[0]): int(index[1])})
    parts = list(index[0]) if isinstance(index[0], tuple) else [index[0]]
    if not all(part is None or isinstance(part, int | slice | type(...)) for part in parts):
        raise Refused("only numbers and ranges pick parts, no lists and tensors")
    rank = len(x.axes)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        missing = rank - sum(part is not None for part in parts) + 1
        parts[at : at + 1] = [_EVERY] * missing
    if None in parts:
        if any(part not in (None, _EVERY) for part in parts):
            raise Refused("only one thing at a time is done in brackets")
        dims = iter(x.axes)
        marks = "".join("?" if part is None else next(dims) for part in parts) + "".join(dims)
        return _with_axes(walk, node, x, _named(x.axes, marks))
    picked = {i: part for i, part in enumerate(parts) if isinstance(part, int)}
    if not picked:
        return _cropped(walk, node, x, parts)
    if any(part != _EVERY for i, part in enumerate(parts) if i not in picked):
        raise Refused("only one thing at a time is done in brackets")
    return _picked(walk, node, x, picked)


def _picked(walk: Walk, node: fx.Node, x: Value, index: dict[int, int]) -> Value:
    """A time step, or what is alone in its dimension."""
    if not x.shape:
        raise Refused(_NO_SHAPE)
    chosen = {d % len(x.axes): i for d, i in index.items()}
    axes = "".join(axis for d, axis in enumerate(x.axes) if d not in chosen)
    real = {x.axes[d]: i for d, i in chosen.items() if x.shape[d] != 1}
    if not real and 0 not in chosen:
        return _with_axes(walk, node, x, axes)
    ((axis, step), *more) = real.items() if real else [("N", 0)]
    if more or not x.agrees or (axis != "T" and axis not in x.space) or len(x.space) > 1:
        raise Refused("only a time step, or what is alone in its dimension, is picked")
    if step < -1:
        raise Refused("MATLAB's indexing1dLayer counts from the end only to 'last'")
    which = {0: "first", -1: "last"}.get(step, step + 1)
    value = walk.add(node, [matlab.indexing1dLayer(which)], x)
    return _with_axes(walk, node, value, axes)


def taking_apart(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``unbind`` into time steps; ``chunk`` and ``split`` of what a layer with filters gives.

    MATLAB has no layer that divides channels: the layer before is divided instead.
    """
    x, dim = walk.given(node.args[0]), walk.constant(named_arguments(node)["dim"])
    dim %= len(x.axes) or 1
    if not all(n.target is operator.getitem and isinstance(n.args[1], int) for n in node.users):
        raise Refused("its parts must be taken one by one")
    parts: dict[fx.Node, Any] = {n: n.args[1] for n in node.users if n.users}
    if operation_name(node) == "unbind":
        for part, index in parts.items():
            walk.settle(part, _picked(walk, part, x, {dim: index}))
        return x
    sizes = [one.shape[dim] for one in node.meta.get("val") or ()]
    if not x.axes or not sizes:
        raise Refused(_NO_SHAPE)
    before = walk.layer(x.source) if x.source else None
    if x.axes[dim] != "C" or x.flattened or not isinstance(before, _DIVIDED):
        raise Refused(
            "MATLAB has no layer for parts of channels; near are two convolutions instead of one"
        )
    ends = np.cumsum(sizes)
    for part, index in parts.items():
        i = range(len(sizes))[index]
        layer = _divided(before, slice(int(ends[i]) - sizes[i], int(ends[i])))
        walk.settle(part, walk.beside(part, layer, x))
    if len(node.all_input_nodes[0].users) == 1:
        walk.remove(x.source)
    return x


_DIVIDED = (FullyConnectedLayer, Convolution1DLayer, Convolution2DLayer, Convolution3DLayer)


def _divided(layer: Layer, part: slice) -> Layer:
    is_matrix = isinstance(layer, FullyConnectedLayer)
    count, where = ("OutputSize", (part,)) if is_matrix else ("NumFilters", (..., part))
    values = {name: layer.values[name][where] for name in ("Weights", "Bias")}
    divided = layer.renamed("")
    divided.assign({count: part.stop - part.start, **values})
    return divided


def slicing(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """``aten.slice``: one dimension, from start to end."""
    given, x = named_arguments(node), walk.given(node.args[0])
    if walk.shape(node) == x.shape:
        return walk.add(node, [], x, flattened=x.flattened)
    dim, size = given["dim"], x.shape[given["dim"]]
    start, end = given["start"] or 0, given["end"]
    stop = None if end is None or end >= size else end - size * (end > 0)
    parts = [_EVERY] * len(x.shape)
    parts[dim] = slice(start or None, stop, given["step"])
    return _cropped(walk, node, x, parts)


def _cropped(walk: Walk, node: fx.Node, x: Value, parts: Sequence[Any]) -> Value:
    """Rows and columns sliced off a transposed convolution: more Cropping."""
    if all(part == _EVERY for part in parts):
        return walk.add(node, [], x, flattened=x.flattened)
    layer = walk.layer(x.source) if x.source else None
    once = len(node.all_input_nodes[0].users) == 1
    if not (isinstance(layer, TransposedConvolutionLayer) and once):
        raise Refused("only the result of a transposed convolution is sliced, and only once")
    more = _sliced_off(parts, len(layer.crop))
    crop = [(b + c, a + d) for (b, a), (c, d) in zip(layer.crop, more, strict=True)]
    layer.assign({"CroppingSize": edges(crop)})
    return walk.add(node, [], x)


def _sliced_off(parts: Sequence[Any], dims: int) -> list[tuple[int, int]]:
    """``[:, :, 1:-2]`` as [(1, 2)]."""
    given = (*parts, *(_EVERY,) * (dims + 2 - len(parts)))
    if len(given) != dims + 2 or given[:2] != (_EVERY, _EVERY):
        raise Refused("only its space may be sliced")
    found = []
    for part in given[2:]:
        start, stop = (getattr(part, end, None) or 0 for end in ("start", "stop"))
        if not isinstance(part, slice) or part.step not in (None, 1) or start < 0 or stop > 0:
            raise Refused("only whole edges may be sliced off, as in [:, :, 1:-1, :-2]")
        found.append((start, -stop))
    return found
