"""What can be done wrong with one layer: the layer as it would be then, to be run and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...display import matlab_text
from ...layers.base import Layer
from ...layers.convolution import ChannelGroupsLayer, ConvolutionLayer
from ...layers.edges import Pair, edge_pairs, edges_of
from ...layers.filters import FilterLayer
from ...layers.fully_connected import FullyConnectedLayer
from ...layers.pooling import (
    AveragePooling1DLayer,
    AveragePooling2DLayer,
    AveragePooling3DLayer,
    PoolingLayer,
)
from ...layers.structure import FlattenLayer
from ...layers.transposed_convolution import TransposedConvolutionLayer
from . import attention, definition, inputs, instead, norms, pools, recurrent  # noqa: F401
from .altered import (
    another_flattening,
    inputs_changed,
    inputs_reordered,
    of_module,
    operands_rounded,
    outputs_changed,
)
from .mistakes import Size, Variation, altered, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

Pairs = tuple[Pair, ...]

#: Inputs that are tried in every order.
_MOST_INPUTS = 4


# --- filters ----------------------------------------------------------------------------


@mistakes_of(TransposedConvolutionLayer)
def _crops(layer: TransposedConvolutionLayer, _: Size) -> Iterator[Variation]:
    same = layer.CroppingMode == "same"
    name = "'same' cropped on the wrong side" if same else "crop on the wrong side"
    pairs = edge_pairs(layer.CroppingSize, layer.dims)
    yield from _edge_orders(layer, "Cropping", pairs, name)
    remedy, none = _edge_remedy("Cropping", pairs), manual("Cropping", ((0, 0),) * len(pairs))
    yield from variation(layer, "cropping missing", "without its cropping", remedy, **none)


#: What it is to reverse the spatial dimensions of a filter, by their number.
_EXCHANGED = {
    2: ("height and width exchanged", "height and width of its filters exchanged"),
    3: ("axes reversed", "height, width and depth of its filters in reverse order"),
}


@mistakes_of(FilterLayer)
def _kernels(layer: FilterLayer, _: Size) -> Iterator[Variation]:
    weights = layer.Weights
    if weights.size == 0:
        return
    dims, flip = layer.dims, "with its filters flipped"
    space, channels = tuple(range(dims)), tuple(range(dims, weights.ndim))
    torch_name = "conv_transpose" if isinstance(layer, TransposedConvolutionLayer) else "conv"
    remedy = f"neither MATLAB nor torch's {torch_name} flips Weights: leave out the flip (rot90)."
    flipped = np.flip(weights, space)
    ways = [("kernel flipped", f"{flip} in every spatial dimension", remedy, 0, flipped)]
    if dims in _EXCHANGED:
        name, said = _EXCHANGED[dims]
        order = f"for torch use Weights.transpose{(*channels[::-1], *space)}"
        remedy = f"{order}: the spatial dimensions stay in order."
        turned = weights.transpose(*space[::-1], *channels)
        ways.append((f"kernel {name}", f"with {said}", remedy, 0, turned))
        text = f"{flip} in every spatial dimension and {said}"
        remedy = "neither flip Weights nor exchange their spatial dimensions."
        ways.append((f"kernel flipped, {name}", text, remedy, 1, np.flip(turned, space)))
    for axis, how in enumerate(("vertically", "horizontally") if dims == 2 else ()):
        way = f"kernel flipped {how}", f"{flip} {how}", "leave out the flip."
        ways.append((*way, 1, np.flip(weights, axis)))
    for name, text, remedy, rank, w in ways:
        values = {"FilterSize": w.shape[:dims], "Weights": w.copy(order="F")}
        yield from variation(layer, name, text, remedy, rank, **values)
    if weights.ndim == dims + 2:
        yield from _exchanged_channels(layer, weights)


def _exchanged_channels(layer: FilterLayer, weights: Array) -> Iterator[Variation]:
    names, other = "NumFilters x NumChannels", "NumChannels x NumFilters"
    if not isinstance(layer, TransposedConvolutionLayer):
        names, other = other, names
    *space, first, second = weights.shape
    read = weights.reshape((*space, second, first), order="F").swapaxes(-1, -2)
    text = "with filters and channels of Weights exchanged"
    remedy = f"Weights of this layer end in {names}; those of its counterpart in {other}."
    name = "filters and channels exchanged"
    yield from variation(layer, name, text, remedy, Weights=np.asfortranarray(read))


# --- edges ------------------------------------------------------------------------------


#: What the two ends of each dimension are called, and how MATLAB orders them in a property.
_SIDES = (("top", "bottom"), ("left", "right"), ("front", "back"))
_ORDERS = {1: "[l r]", 2: "[t b l r]", 3: "[t l f; b r k]"}


@mistakes_of(ConvolutionLayer, PoolingLayer)
def _paddings(layer: ConvolutionLayer | PoolingLayer, size: Size) -> Iterator[Variation]:
    pairs = padding_of(layer, size)
    if pairs:
        same = layer.values["PaddingMode"] == "same"
        name = "'same' padded on the wrong side" if same else "padding on the wrong side"
        yield from _edge_orders(layer, "Padding", pairs, name)


def padding_of(layer: ConvolutionLayer | PoolingLayer, size: Size) -> Pairs:
    """How much is added at the two ends of each dimension; () where that is not known."""
    dims, mode = layer.dims, layer.values["PaddingMode"]
    if mode == "manual":
        return tuple(edge_pairs(layer.values["PaddingSize"], dims))
    if mode == "same" and len(size) == dims:
        return _same_padding(layer, size)
    if mode == "causal" and isinstance(layer, ConvolutionLayer):
        return (((layer.filter_size[0] - 1) * layer.dilation[0], 0),)
    return ()


@mistakes_of(ConvolutionLayer)
def _dilations(layer: ConvolutionLayer, size: Size) -> Iterator[Variation]:
    """Another dilation with the padding that keeps the size then."""
    pairs = padding_of(layer, size)
    for dilation in (*((n,) * layer.dims for n in (1, 2, 3, 4)), layer.dilation[::-1]):
        steps = zip(layer.filter_size, dilation, layer.dilation, strict=True)
        padded = _keeping(pairs, [(k - 1) * (new - old) for k, new, old in steps])
        if not pairs or dilation == layer.dilation or min(map(min, padded)) < 0:
            continue
        now = matlab_text(layer.dilation)
        said = f"with DilationFactor {matlab_text(dilation)} instead of {now}"
        text = f"{said} and the padding that keeps the size, {_bracketed(padded)}"
        values: dict[str, Any] = {"DilationFactor": dilation, **manual("Padding", padded)}
        remedy = f"set dilation to {now}."
        yield from variation(layer, "another DilationFactor", text, remedy, 2, **values)


def manual(what: str, pairs: Pairs) -> dict[str, Any]:
    """The properties that say so much of padding or cropping."""
    return {f"{what}Mode": "manual", f"{what}Size": edges_of(pairs)}


def _keeping(pairs: Pairs, more: Sequence[int]) -> Pairs:
    """The edges that keep the size of the result where a window is so much larger."""
    grown = zip(pairs, more, strict=False)
    return tuple((before + n // 2, after + n - n // 2) for (before, after), n in grown)


@mistakes_of(PoolingLayer)
def _windows(layer: PoolingLayer, size: Size) -> Iterator[Variation]:
    """Another window with the padding that keeps the size, or with none."""
    pairs, now = padding_of(layer, size), matlab_text(layer.window)
    none, remedy = ((0, 0),) * layer.dims, f"set kernel_size to {now}."
    for n in range(1, max(layer.window) + 3) if pairs else ():
        window, keeping = (n,) * layer.dims, _keeping(pairs, [n - k for k in layer.window])
        for padded in dict.fromkeys((keeping, none, ((n // 2, n // 2),) * layer.dims)):
            if window == layer.window or padded == pairs or min(map(min, padded)) < 0:
                continue
            values = {"PoolSize": window, "Stride": layer.step, **manual("Padding", padded)}
            said = f"with PoolSize {matlab_text(window)} instead of {now}"
            said = f"{said} and a PaddingSize of {_bracketed(padded)}"
            for counted in ("mean", 0) if "PaddingValue" in layer.properties else (None,):
                more = {} if counted is None else {"PaddingValue": counted}
                not_counted = counted == "mean" and any(map(any, padded))
                text = f"{said}{', not counted' * not_counted}"
                yield from variation(layer, "another PoolSize", text, remedy, 2, **values, **more)


@mistakes_of(ConvolutionLayer, PoolingLayer)
def _padded_with_copies(layer: ConvolutionLayer | PoolingLayer, size: Size) -> Iterator[Variation]:
    """The edges copied, mirrored or of the other end, which no property says."""
    pairs = padding_of(layer, size)
    if not any(map(any, pairs)):
        return
    values = manual("Padding", ((0, 0),) * layer.dims)
    pooled = isinstance(layer, PoolingLayer)
    remedy = "padding is not counted, or zero: see PaddingValue."
    if not pooled:
        remedy = f"PaddingValue is {layer.values['PaddingValue']!r}: padding_mode='zeros' in torch."
    for mode in ("replicate", "reflect", "circular") if pooled else ("circular",):
        text = f"padded with copies of the data at its edges (mode {mode!r})"
        name = "padded circularly" if mode == "circular" else "padded with copies"
        change = {text: inputs_changed(partial(_with_copies, pairs, mode))}
        rank = 2 if pooled else 1
        yield from altered(
            layer, name, remedy, change, rank, values=values, diff=f"edges padded by {mode!r}"
        )


def _with_copies(pairs: Pairs, mode: str, x: Tensor) -> Tensor:
    from torch.nn import functional as F

    return F.pad(x, [n for pair in reversed(pairs) for n in pair], mode)


@mistakes_of(TransposedConvolutionLayer)
def _upsampled(layer: TransposedConvolutionLayer, _: Size) -> Iterator[Variation]:
    """Upsampling and a convolution are another thing; so are elements repeated."""
    ways = {
        "nearest upsampling and a convolution": ("nearest", False),
        "nearest upsampling and a convolution with its filters flipped": ("nearest", True),
    }
    if layer.dims == 2:
        ways["bilinear upsampling and a convolution"] = "bilinear", False
    changes = {
        f"as {said}": of_module(partial(_after_upsampling, layer, *way))
        for said, way in ways.items()
    }
    remedy = f"use conv_transpose{layer.dims}d, which spreads each element by the filter."
    yield from altered(layer, "upsampling and a convolution", remedy, changes)
    text = "with each element repeated by the stride instead of zeros put between them"
    repeated = {text: of_module(partial(_of_repeated, layer))}
    remedy = f"use conv_transpose{layer.dims}d with stride={layer.stride}."
    yield from altered(layer, "elements repeated", remedy, repeated, 3)


@mistakes_of(TransposedConvolutionLayer)
def _bilinear(layer: TransposedConvolutionLayer, _: Size) -> Iterator[Variation]:
    """Caffe's filler, left as it was: bilinear interpolation, channel by channel or of all."""
    *window, filters, channels = layer.Weights.shape
    if layer.Weights.size == 0 or len(window) != layer.dims:
        return
    tent = np.ones(())
    for k in window:
        half = (k + 1) // 2
        tent = np.multiply.outer(tent, 1 - np.abs(np.arange(k) - (k - 1) / 2) / half)
    for said, which in (
        ("channel by channel", np.eye(filters, channels)),
        ("from each channel to each filter", np.ones((filters, channels))),
    ):
        text = f"with Weights that interpolate bilinearly, {said} (initial ones, not loaded)"
        w = np.multiply.outer(tent, which).astype(layer.Weights.dtype, order="F")
        name, remedy = "left at its initial values", "copy Weights to the layer."
        yield from variation(layer, name, text, remedy, 2, Weights=w)


def _of_repeated(layer: TransposedConvolutionLayer, module: Any, x: Tensor) -> Tensor:
    from ...engine.transposed_convolution import TRANSPOSED_CONVOLUTION

    size = module(x).shape
    for axis, n in enumerate(layer.stride, 2):
        x = x.repeat_interleave(n, axis)
    y: Tensor = TRANSPOSED_CONVOLUTION[layer.dims](x, module.weight, module.bias)
    return y[tuple(slice(n) for n in size)]


def _after_upsampling(
    layer: TransposedConvolutionLayer, mode: str, flipped: bool, module: Any, x: Tensor
) -> Tensor:
    from torch.nn import functional as F

    from ...engine.convolution import CONVOLUTION
    from ...engine.padding import pad, same_padding

    larger = F.interpolate(x, scale_factor=tuple(map(float, layer.stride)), mode=mode)
    weight = module.weight.transpose(0, 1)
    weight = weight.flip(*range(2, weight.ndim)) if flipped else weight
    pairs = same_padding(larger.shape[2:], layer.filter_size, (1,) * layer.dims)
    return CONVOLUTION[layer.dims](pad(larger, pairs), weight, module.bias)


@mistakes_of(ChannelGroupsLayer)
def _groups(layer: ChannelGroupsLayer, _: Size) -> Iterator[Variation]:
    weights, bias = layer.values["Weights"], layer.values["Bias"]
    if weights.size == 0:
        return
    filters, groups = weights.shape[-2:]
    remedy = "the output's channels are all filters of the first group, then of the second ..."
    if filters > 1 and groups > 1:
        order = np.arange(filters * groups).reshape(groups, filters).T.ravel()

        def moved(value: Array, inverse: bool = False) -> Array:
            flat = value.swapaxes(-1, -2).reshape((*value.shape[:-2], -1))
            flat = flat[..., np.argsort(order) if inverse else order]
            shape = (*value.shape[:-2], groups, filters)
            return np.asfortranarray(flat.reshape(shape).swapaxes(-1, -2))

        name = "filters of groups interleaved"
        for inverse in (False, True):
            turn = partial(moved, inverse=inverse)
            values = {"Weights": turn, **({"Bias": turn} if bias.size else {})}
            for some, said in ((values, "its filters"), ({"Weights": turn}, "its Weights")):
                yield Variation(
                    name,
                    f"with {said} in another order: the groups interleaved",
                    f"{remedy} Permute to G, F, C, h, w before the reshape.",
                    layer,
                    some,
                    1,
                    diff="filters of the groups interleaved",
                )
        text = "with its output's channels in another order:"
        orders = {
            f"{text} filters before groups": outputs_changed(partial(_shuffled, groups=groups)),
            f"{text} groups before filters": outputs_changed(partial(_shuffled, groups=filters)),
        }
        yield from altered(layer, name, remedy, orders)
    if groups > 1:
        remedy = "a group of filters has channels of its own: groups in torch."
        text = "with the filters of each group on the sum of all groups"
        summed = {text: inputs_changed(partial(_summed_groups, groups=groups))}
        yield from altered(layer, "channels of groups added up", remedy, summed, 2)
    if weights.shape[-3] > 1 and groups > 1:
        remedy = "a group is of neighbouring channels."
        text = "with the channels of its groups interleaved in the input"
        for count in (groups, weights.shape[-3]):
            mixed = {text: inputs_changed(partial(_shuffled, groups=count))}
            yield from altered(layer, "channels of groups interleaved", remedy, mixed)


def _summed_groups(x: Tensor, groups: int) -> Tensor:
    parts = x.reshape(len(x), groups, -1, *x.shape[2:])
    return parts.sum(1, keepdim=True).expand_as(parts).reshape(x.shape)


def _shuffled(x: Tensor, groups: int) -> Tensor:
    n, channels = x.shape[:2]
    parts = x.reshape(n, groups, channels // groups, *x.shape[2:])
    return parts.transpose(1, 2).reshape(x.shape)


def _same_padding(layer: ConvolutionLayer | PoolingLayer, size: Size) -> Pairs:
    from ...engine.padding import same_padding

    if isinstance(layer, ConvolutionLayer):
        window = [(k - 1) * d + 1 for k, d in zip(layer.filter_size, layer.dilation, strict=True)]
        return same_padding(size, window, layer.stride)
    return same_padding(size, layer.window, layer.step)


def _edge_orders(layer: Layer, what: str, pairs: Pairs, wrong_side: str) -> Iterator[Variation]:
    known = chain(_wrong_sides(what, pairs, wrong_side), _wrong_orders(what, pairs))
    wrong = [(*one, one[0]) for one in known]
    window: Any = getattr(layer, "filter_size", None) or getattr(layer, "window", None)
    most = [max(2, k, *pair) for k, pair in zip(window, pairs, strict=True)]
    name, now, remedy = f"another {what}", _bracketed(pairs), _edge_remedy(what, pairs)
    for other, said, rank in _more_edges(pairs, most):
        text = f"with {what}Size {_bracketed(other)} instead of {now} ({said})"
        wrong.append((name, text, other, rank, f"{name} {said}"))
    for name, text, other, rank, key in wrong:
        for one in variation(layer, name, text, remedy, rank, **manual(what, other)):
            yield replace(one, diff=f"{what}Size {_bracketed(other)} instead of {now}", key=key)


def _more_edges(pairs: Pairs, most: Sequence[int]) -> Iterator[tuple[Pairs, str, int]]:
    """Any other edges that a port may have: none, even ones, all at one end, one further."""
    counted = [range(n + 1) for n in most]
    found: dict[Pairs, tuple[str, int]] = {}

    def add(said: str, rank: int, *other: Pair) -> None:
        fits = all(b in r and a in r for (b, a), r in zip(other, counted, strict=True))
        if fits and other != pairs:
            found.setdefault(tuple(other), (said, rank))

    totals = [before + after for before, after in pairs]
    add("none at all", 1, *((0, 0) for _ in pairs))
    add("half of it at each end", 1, *((n // 2, n - n // 2) for n in totals))
    add("half of it at each end, rounded up", 1, *((n - n // 2, n - n // 2) for n in totals))
    add("all of it at the beginning (causal)", 1, *((n, 0) for n in totals))
    add("all of it at the end", 1, *((0, n) for n in totals))
    for order in permutations(range(2 * len(pairs))) if len(pairs) < 3 else ():
        flat = [n for pair in pairs for n in pair]
        moved = [flat[i] for i in order]
        add("its numbers read in another order", 1, *zip(moved[::2], moved[1::2], strict=True))
    for n in range(max(most) + 1):
        add("the same at every edge", 1, *((n, n) for _ in pairs))
    for i, (before, after) in enumerate(pairs):
        add("none in one dimension", 1, *pairs[:i], (0, 0), *pairs[i + 1 :])
        for more, less in ((1, -1), (-1, 1), (2, -2), (-2, 2)):
            add("one further", 1, *pairs[:i], (before + more, after + less), *pairs[i + 1 :])
        for b in range(-1, 2):
            for a in range(-1, 2):
                add("more or less", 2, *pairs[:i], (before + b, after + a), *pairs[i + 1 :])
    for b, a in ((1, -1), (-1, 1), (1, 1), (-1, -1), (1, 0), (0, 1)):
        add("more or less", 2, *((before + b, after + a) for before, after in pairs))
    yield from ((other, said, rank) for other, (said, rank) in found.items())


def _wrong_sides(what: str, pairs: Pairs, name: str) -> Iterator[tuple[str, str, Pairs, int]]:
    """Before and after exchanged, in all dimensions or in one."""
    verb = "crop came off" if what == "Cropping" else "padding was added at"
    idiom = " (torch's output_padding idiom)" if what == "Cropping" else ""
    uneven = [i for i, (before, after) in enumerate(pairs) if before != after]
    sides = _SIDES[1:2] if len(pairs) == 1 else _SIDES
    chosen = [uneven, *([i] for i in uneven if len(uneven) > 1)] if uneven else []
    for rank, axes in enumerate(chosen):
        places = [sides[i] if pairs[i][0] < pairs[i][1] else sides[i][::-1] for i in axes]
        said = " and ".join(f"the {wrong} instead of the {right}" for wrong, right in places)
        turned = tuple(p[::-1] if i in axes else p for i, p in enumerate(pairs))
        yield name, f"if the {verb} {said}{idiom}", turned, min(rank, 1)


def _wrong_orders(what: str, pairs: Pairs) -> Iterator[tuple[str, str, Pairs, int]]:
    """The numbers read in another order than MATLAB writes them."""
    if len(pairs) == 2:
        (top, bottom), (left, right) = pairs
        said = f"with {what}Size [t b l r] read as [t l b r]"
        yield f"{what} order [t l b r]", said, ((top, left), (bottom, right)), 1
        said = f"with the {what.lower()} of height and width exchanged"
        yield f"{what} [a b] read as [b a]", said, pairs[::-1], 1
    if len(pairs) == 3:
        before, after = zip(*pairs, strict=True)
        said = f"with {what}Size [t l f; b r k] read as [t b l r f k]"
        flat = (*before, *after)
        yield f"{what} order [t b l r f k]", said, (flat[:2], flat[2:4], flat[4:]), 1
        said = f"with the {what.lower()} of height, width and depth in reverse order"
        yield f"{what} [a b c] read as [c b a]", said, pairs[::-1], 1


def _edge_remedy(what: str, pairs: Pairs) -> str:
    order = f"{_ORDERS[len(pairs)]} = {_bracketed(pairs)}"
    if what == "Padding":
        numbers = ", ".join(f"{before}, {after}" for before, after in reversed(pairs))
        return (
            f"pad by {order} before the layer: torch.nn.functional.pad(x, ({numbers}))"
            f"{'.' if len(pairs) == 1 else ', which begins with the last dimension.'}"
        )
    kept = ", ".join(f"{before or ''}:{-after or ''}" for before, after in pairs)
    return (
        f"crop the full result by {order}: in torch conv_transpose{len(pairs)}d without padding "
        f"and output_padding, then y[:, :, {kept}]."
    )


def _bracketed(pairs: Pairs) -> str:
    """The edges as a MATLAB matrix: ``[0 1 0 1]``, ``[0 0 0; 1 1 1]``."""
    edges = edges_of(pairs)
    rows = edges if len(pairs) == 3 else (edges,)
    return f"[{'; '.join(' '.join(map(str, row)) for row in rows)}]"


@mistakes_of(ConvolutionLayer)
def _pooled(layer: ConvolutionLayer, _: Size) -> Iterator[Variation]:
    """Every element computed, and the largest or the average taken instead of every second one."""
    from ...engine.pooling import AVERAGE, MAXIMUM

    if set(layer.stride) == {1}:
        return
    remedy, values = f"pass stride={layer.stride}, and do not pool.", {"Stride": (1,) * layer.dims}
    for said, pooled in (("largest", MAXIMUM), ("average", AVERAGE)):
        text = f"with a stride of 1 and the {said} of {matlab_text(layer.stride)} elements then"
        change = outputs_changed(partial(pooled[layer.dims], kernel_size=layer.stride))
        diff = f"pooling ({said}) instead of Stride {matlab_text(layer.stride)}"
        name = "pooled instead of strided"
        yield from altered(layer, name, remedy, {text: change}, 3, values=values, diff=diff)


@mistakes_of("Stride")
def _strides(layer: Layer, _: Size) -> Iterator[Variation]:
    stride = layer.values["Stride"]
    if not isinstance(stride, tuple) or len(set(stride)) == 1:
        return
    text = "with the strides of height, width and depth in reverse order"
    order = "[height width depth]"
    if len(stride) == 2:
        text, order = "with vertical and horizontal stride exchanged", "[vertical horizontal]"
    remedy = f"Stride is {order}: stride=({', '.join(map(str, stride))}) in torch as well."
    yield from variation(layer, "stride exchanged", text, remedy, Stride=stride[::-1])


# --- biases -----------------------------------------------------------------------------


@mistakes_of("Bias")
def _biases(layer: Layer, size: Size) -> Iterator[Variation]:
    bias = layer.values["Bias"]
    if not np.any(bias):
        return
    remedy = "pass bias=Bias.ravel() to the torch layer, once."
    none = np.zeros_like(bias)
    yield from variation(layer, "bias missing", "without its bias", remedy, Bias=none)
    yield from variation(layer, "bias doubled", "with its bias added twice", remedy, Bias=2 * bias)
    weights = layer.values.get("Weights")
    if weights is not None and weights.ndim == 2 and bias.shape == (len(weights), 1):
        right, left = np.hstack([bias, weights]), np.hstack([weights, bias])
        for said, which, w, b in (
            ("[Bias Weights]", "last", right[:, :-1], right[:, -1:]),
            ("[Weights Bias]", "first", left[:, 1:], left[:, :1]),
        ):
            text = f"with {said} read with its bias in the {which} column"
            name, remedy = "bias in a column of the weights", f"one matrix of both is {said}."
            yield from variation(layer, name, text, remedy, 2, Weights=w, Bias=b)
    remedy = "a number of Bias is for a channel: reshape it to (1, -1, 1, 1) for N,C,H,W."
    for axis, along in enumerate(size.moved, 2):
        text = f"with its bias added along its {along} instead of its channels"
        change = {text: outputs_changed(partial(_added_along, bias, axis))}
        name, values, diff = "bias along another dimension", {"Bias": none}, f"Bias along {along}"
        yield from altered(layer, name, remedy, change, 3, values=values, diff=diff)


def _added_along(bias: Array, axis: int, y: Tensor) -> Tensor:
    import torch

    values = torch.from_numpy(bias.ravel(order="F").copy()).to(y)
    if values.numel() != y.shape[axis]:
        raise ValueError("of another size")
    return y + values.reshape(-1, *(1,) * (y.ndim - axis - 1))


# --- normalization, pooling, flattening -------------------------------------------------


@mistakes_of("Epsilon")
def _epsilons(layer: Layer, _: Size) -> Iterator[Variation]:
    now = layer.values["Epsilon"]
    for epsilon in (1e-5, 1e-3, 1e-4, 1e-6, 1e-8, 1e-12, 2e-5, 0.0):  # of the usual frameworks
        said = f"with an epsilon of {epsilon:g} instead of {now:g}"
        remedy = f"set the layer's eps to Epsilon, {now:g}."
        yield from variation(layer, "another epsilon", said, remedy, rank=1, Epsilon=epsilon)


@mistakes_of(AveragePooling1DLayer, AveragePooling2DLayer, AveragePooling3DLayer)
def _averages(layer: PoolingLayer, _: Size) -> Iterator[Variation]:
    value = layer.values["PaddingValue"]
    counted, other = ("", 0) if value == "mean" else ("not ", "mean")
    name, text = f"padding {counted}counted", f"with the padding {counted}counted in the averages"
    remedy = f"PaddingValue is {value!r}: count_include_pad={bool(counted)} in torch."
    yield from variation(layer, name, text, remedy, PaddingValue=other)


@mistakes_of(PoolingLayer)
def _rounded_up(layer: PoolingLayer, size: Size) -> Iterator[Variation]:
    """One window more at the end where the last does not fit: it is padded, but not counted."""
    if layer.values["PaddingMode"] != "manual" or len(size) != layer.dims:
        return
    pairs = edge_pairs(layer.values["PaddingSize"], layer.dims)
    more = []
    for n, (before, after), k, step in zip(size, pairs, layer.window, layer.step, strict=True):
        windows = -(-(n + before + after - k) // step) + 1
        if (windows - 1) * step >= n + before:
            windows -= 1  # it would begin in the padding
        more.append((before, max(after, (windows - 1) * step + k - n - before)))
    values: dict[str, Any] = {"PaddingSize": edges_of(tuple(more))}
    if layer.values.get("PaddingValue") == 0:
        if np.any(pairs):
            return  # torch counts its padding and leaves out what is beyond: no property says that
        values["PaddingValue"] = "mean"
    said = "with its output size rounded up (torch's ceil_mode=True)"
    remedy = "MATLAB rounds the size down: ceil_mode=False, the default, in torch."
    yield from variation(layer, "output size rounded up", said, remedy, **values)


@mistakes_of(FullyConnectedLayer, FlattenLayer)
def _flattenings(layer: Layer, size: Size) -> Iterator[Variation]:
    if len(size) < 2:
        return
    letters = "CHW" if len(size) == 2 else "CHWD"
    matlab = (0, *reversed(range(1, len(letters))))
    known = {"CHW": " (torch's order)", "HWC": " (TensorFlow's order)"}
    remedy = "flatten x.permute(0, 1, 3, 2) (height fastest), or reorder the columns of Weights."
    for order in permutations(range(len(letters))):
        said = "".join(letters[axis] for axis in order)
        if order == matlab:
            continue
        text = (
            f"with the image flattened row by row as {said}{known.get(said, '')} instead of "
            "column by column as MATLAB does"
        )
        rank, change = 0 if said in known else 1, {text: another_flattening(order)}
        yield from altered(layer, "flattening order", remedy, change, rank)


# --- precision --------------------------------------------------------------------------


#: Formats that operands are rounded to.
COARSE = {"half": "half precision or TF32", "bfloat16": "bfloat16"}


def rounded_operands(layer: Layer) -> Iterator[Variation]:
    """Products of rounded numbers summed in single: TF32, casts. Of networks: :mod:`.rounded`."""
    if not any(name.endswith("Weights") for name in layer.learnables()):
        return
    remedy = (
        "switch it off for the comparison: torch.backends.cuda.matmul.allow_tf32 and "
        "torch.backends.cudnn.allow_tf32 = False, no torch.autocast."
    )
    for name, whose in COARSE.items():
        change = {f"with its weights and inputs rounded to {whose}": operands_rounded(name)}
        yield from altered(layer, f"operands in {name} precision", remedy, change, 2)


# --- several inputs ---------------------------------------------------------------------


@mistakes_of(Layer)
def _input_orders(layer: Layer, _: Size) -> Iterator[Variation]:
    if not 2 <= layer.NumInputs <= _MOST_INPUTS:
        return
    remedy = f"connect them as {', '.join(layer.InputNames)}: torch.cat takes them in order."
    orders = list(permutations(range(layer.NumInputs)))[1:]
    changes = {
        f"with its inputs in the order {', '.join(layer.InputNames[i] for i in order)}": (
            inputs_reordered(order)
        )
        for order in orders
    }
    yield from altered(layer, "inputs in another order", remedy, changes, 0)
