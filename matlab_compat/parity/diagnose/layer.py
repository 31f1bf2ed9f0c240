"""What can be done wrong with one layer: the layer as it would be then, to be run and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import permutations
from operator import mul
from typing import Any

import numpy as np

from ...arrays import Array
from ...layers.base import Layer
from ...layers.convolution import ConvolutionLayer
from ...layers.edges import Pair, edge_pairs, edges_of
from ...layers.filters import FilterLayer
from ...layers.fully_connected import FullyConnectedLayer
from ...layers.normalization import BatchNormalizationLayer
from ...layers.pooling import (
    AveragePooling1DLayer,
    AveragePooling2DLayer,
    AveragePooling3DLayer,
    PoolingLayer,
)
from ...layers.recurrent import GRULayer, LSTMLayer, RecurrentLayer
from ...layers.structure import FlattenLayer
from ...layers.transposed_convolution import TransposedConvolutionLayer
from .altered import (
    another_flattening,
    in_training,
    inputs_changed,
    inputs_reordered,
    operands_rounded,
    twice,
)
from .mistakes import Size, Variation, every_mistake, mistakes_of, variation

Pairs = tuple[Pair, ...]

#: Inputs that are tried in every order.
_MOST_INPUTS = 4
#: The epsilons of the usual frameworks.
EPSILONS = (1e-5, 1e-3, 1e-4, 1e-6, 1e-8, 1e-12, 2e-5, 0.0)


def variations(layer: Layer, size: Sequence[int] = ()) -> Iterator[Variation]:
    """The layer with each mistake, the likely ones first, for an input of spatial ``size``."""
    return every_mistake(layer, tuple(size))


# --- filters ----------------------------------------------------------------------------


@mistakes_of(TransposedConvolutionLayer)
def _crops(layer: TransposedConvolutionLayer, _: Size) -> Iterator[Variation]:
    same = layer.CroppingMode == "same"
    name = "'same' cropped on the wrong side" if same else "crop on the wrong side"
    pairs = edge_pairs(layer.CroppingSize, layer.dims)
    yield from _edge_orders(layer, "Cropping", pairs, name)
    none: dict[str, Any] = {
        "CroppingMode": "manual",
        "CroppingSize": edges_of(((0, 0),) * len(pairs)),
    }
    remedy = _edge_remedy("Cropping", pairs)
    yield from variation(layer, "cropping missing", "without its cropping", remedy, **none)


#: What it is to reverse the spatial dimensions of a filter, by their number.
_EXCHANGED = {
    2: ("height and width exchanged", "height and width of its filters exchanged"),
    3: ("axes reversed", "height, width and depth of its filters in reverse order"),
}


@mistakes_of(FilterLayer)
def _kernels(layer: FilterLayer, _: Size) -> Iterator[Variation]:
    weights = layer.Weights
    if weights.size == 0 or weights.ndim != layer.dims + 2:
        return
    space = tuple(range(layer.dims))
    transposed = isinstance(layer, TransposedConvolutionLayer)
    torch_name = "conv_transpose" if transposed else "conv"
    yield from variation(
        layer,
        "kernel flipped",
        "with its filters flipped in every spatial dimension",
        f"neither MATLAB nor torch's {torch_name} flips Weights: leave out the flip (rot90).",
        Weights=np.flip(weights, space).copy(order="F"),
    )
    if layer.dims in _EXCHANGED:
        name, said = _EXCHANGED[layer.dims]
        channels = (layer.dims, layer.dims + 1)
        yield from variation(
            layer,
            f"kernel {name}",
            f"with {said}",
            f"for torch use Weights.transpose{(*channels[::-1], *space)}: the spatial dimensions "
            "stay in order.",
            FilterSize=layer.filter_size[::-1],
            Weights=np.asfortranarray(weights.transpose(*space[::-1], *channels)),
        )
    if layer.dims == 2:
        for axis, name in enumerate(("vertically", "horizontally")):
            yield from variation(
                layer,
                f"kernel flipped {name}",
                f"with its filters flipped {name}",
                "leave out the flip.",
                rank=1,
                Weights=np.flip(weights, axis).copy(order="F"),
            )
    yield from _exchanged_channels(layer, weights)


def _exchanged_channels(layer: FilterLayer, weights: Array) -> Iterator[Variation]:
    """The last two dimensions exchanged, or read so where their sizes differ."""
    names = "NumFilters x NumChannels"
    other = "NumChannels x NumFilters"
    if not isinstance(layer, TransposedConvolutionLayer):
        names, other = other, names
    *space, first, second = weights.shape
    read = weights.reshape((*space, second, first), order="F").swapaxes(-1, -2)
    yield from variation(
        layer,
        "filters and channels exchanged",
        "with filters and channels of Weights exchanged",
        f"Weights of this layer end in {names}; those of its counterpart in {other}.",
        Weights=np.asfortranarray(read),
    )


# --- edges ------------------------------------------------------------------------------


#: What the two ends of each dimension are called, and how MATLAB orders them in a property.
_SIDES = (("top", "bottom"), ("left", "right"), ("front", "back"))
_ORDERS = {1: "[l r]", 2: "[t b l r]", 3: "[t l f; b r k]"}


@mistakes_of(ConvolutionLayer, PoolingLayer)
def _paddings(layer: ConvolutionLayer | PoolingLayer, size: Size) -> Iterator[Variation]:
    dims, values = layer.dims, layer.values
    if values["PaddingMode"] == "manual":
        pairs = edge_pairs(values["PaddingSize"], dims)
        yield from _edge_orders(layer, "Padding", pairs, "padding on the wrong side")
    elif values["PaddingMode"] == "same" and len(size) == dims:
        pairs = _same_padding(layer, size)
        yield from _edge_orders(layer, "Padding", pairs, "'same' padded on the wrong side")
    elif values["PaddingMode"] == "causal" and isinstance(layer, ConvolutionLayer):
        past = (layer.filter_size[0] - 1) * layer.dilation[0]
        yield from _edge_orders(layer, "Padding", ((past, 0),), "padding on the wrong side")


def _same_padding(layer: ConvolutionLayer | PoolingLayer, size: Size) -> Pairs:
    from ...engine.padding import same_padding

    if isinstance(layer, ConvolutionLayer):
        window = [(k - 1) * d + 1 for k, d in zip(layer.filter_size, layer.dilation, strict=True)]
        return same_padding(size, window, layer.stride)
    return same_padding(size, layer.window, layer.step)


def _edge_orders(layer: Layer, what: str, pairs: Pairs, wrong_side: str) -> Iterator[Variation]:
    wrong = [*_wrong_sides(what, pairs, wrong_side), *_wrong_orders(what, pairs)]
    for name, text, changed_pairs, rank in wrong:
        sizes = {f"{what}Mode": "manual", f"{what}Size": edges_of(changed_pairs)}
        yield from variation(layer, name, text, _edge_remedy(what, pairs), rank, **sizes)


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


@mistakes_of("Stride")
def _strides(layer: Layer, _: Size) -> Iterator[Variation]:
    stride = layer.values["Stride"]
    if not isinstance(stride, tuple) or len(set(stride)) == 1:
        return
    two = len(stride) == 2
    yield from variation(
        layer,
        "stride exchanged",
        "with vertical and horizontal stride exchanged"
        if two
        else "with the strides of height, width and depth in reverse order",
        f"Stride is {'[vertical horizontal]' if two else '[height width depth]'}: "
        f"stride=({', '.join(map(str, stride))}) in torch as well.",
        Stride=stride[::-1],
    )


# --- biases -----------------------------------------------------------------------------


@mistakes_of("Bias")
def _biases(layer: Layer, _: Size) -> Iterator[Variation]:
    bias = layer.values["Bias"]
    if not np.any(bias):
        return
    remedy = "pass bias=Bias.ravel() to the torch layer, once."
    yield from variation(
        layer, "bias missing", "without its bias", remedy, Bias=np.zeros_like(bias)
    )
    yield from variation(layer, "bias doubled", "with its bias added twice", remedy, Bias=2 * bias)


# --- normalization, pooling, flattening -------------------------------------------------


@mistakes_of(BatchNormalizationLayer)
def _batch_statistics(layer: BatchNormalizationLayer, _: Size) -> Iterator[Variation]:
    said = "with the statistics of the batch instead of TrainedMean and TrainedVariance"
    remedy = "call model.eval() before comparing; in MATLAB use predict, not forward."
    yield Variation("batch statistics", said, remedy, layer, change=in_training, whole_batch=True)


@mistakes_of("Epsilon")
def _epsilons(layer: Layer, _: Size) -> Iterator[Variation]:
    for epsilon in EPSILONS:
        said = f"with an epsilon of {epsilon:g} instead of {layer.values['Epsilon']:g}"
        remedy = f"set the layer's eps to Epsilon, {layer.values['Epsilon']:g}."
        yield from variation(layer, "another epsilon", said, remedy, rank=1, Epsilon=epsilon)


@mistakes_of(AveragePooling1DLayer, AveragePooling2DLayer, AveragePooling3DLayer)
def _averages(layer: PoolingLayer, _: Size) -> Iterator[Variation]:
    value = layer.values["PaddingValue"]
    counted = value == "mean"
    yield from variation(
        layer,
        "padding counted" if counted else "padding not counted",
        f"with the padding {'counted' if counted else 'not counted'} in the averages",
        f"PaddingValue is {value!r}: count_include_pad={not counted} in torch.",
        PaddingValue=0 if counted else "mean",
    )


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
    for order in permutations(range(len(letters))):
        said = "".join(letters[axis] for axis in order)
        if order == matlab:
            continue
        yield Variation(
            "flattening order",
            f"with the image flattened row by row as {said}{known.get(said, '')} instead of "
            "column by column as MATLAB does",
            "flatten x.permute(0, 1, 3, 2) (height fastest), or reorder the columns of Weights.",
            layer,
            change=another_flattening(order),
            rank=0 if said in known else 1,
        )


# --- recurrent layers -------------------------------------------------------------------

_GATES = {LSTMLayer: "ifgo", GRULayer: "rzn"}
_KNOWN_GATES = {
    "iofg": "ONNX's",
    "ifog": "Caffe's",
    "igfo": "TensorFlow 1's",
    "zrn": "ONNX's and Keras'",
}


@mistakes_of(*_GATES)
def _gate_orders(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    for kind, gates in _GATES.items():
        if isinstance(layer, kind):
            for order in permutations(range(len(gates))):
                yield from _other_gates(layer, gates, order)


@mistakes_of("ResetGateMode")
def _reset_gates(layer: Layer, _: Size) -> Iterator[Variation]:
    mode = layer.values["ResetGateMode"]
    for other in ("after-multiplication", "before-multiplication"):
        if mode in ("after-multiplication", "before-multiplication"):
            yield from variation(
                layer,
                "reset gate applied elsewhere",
                f"with ResetGateMode '{other}'",
                f"the layer's ResetGateMode is '{mode}' (torch's and cuDNN's GRU is "
                "'recurrent-bias-after-multiplication').",
                ResetGateMode=other,
            )
    if mode == "after-multiplication" and np.any(layer.values["Bias"]):
        bias = layer.values["Bias"]
        yield from variation(
            layer,
            "reset gate acts on the bias",
            "with the bias inside of what the reset gate multiplies",
            "torch's GRU has two biases: this one is bias_ih_l0, and bias_hh_l0 is zero.",
            ResetGateMode="recurrent-bias-after-multiplication",
            Bias=np.concatenate([np.zeros_like(bias), bias]),
        )


def _other_gates(layer: RecurrentLayer, gates: str, order: tuple[int, ...]) -> Iterator[Variation]:
    # The block in place ``order[g]`` is run as gate ``g``.
    said = "".join(gates[order.index(place)] for place in range(len(gates)))
    whose = f" ({_KNOWN_GATES[said]} order)" if said in _KNOWN_GATES else ""
    values = {}
    for name in ("InputWeights", "RecurrentWeights", "Bias"):
        value = layer.values[name]
        blocks = value.reshape(-1, len(gates), layer.NumHiddenUnits, value.shape[1])
        values[name] = np.asfortranarray(blocks[:, list(order)].reshape(value.shape))
    yield from variation(
        layer,
        "gates in another order",
        f"with the rows of its weights taken as the gates {' '.join(said)}{whose}",
        f"the rows of MATLAB's weights are in the order {' '.join(gates)} (torch's too): reorder.",
        rank=0 if whose else 1,
        **values,
    )


# --- precision --------------------------------------------------------------------------


#: Formats that operands are rounded to.
COARSE = {"half": "half precision or TF32", "bfloat16": "bfloat16"}


def rounded_operands(layer: Layer) -> Iterator[Variation]:
    """Products of rounded numbers summed in single: TF32, casts. Of networks: :mod:`.rounded`."""
    if not any(name.endswith("Weights") for name in layer.learnables()):
        return
    for name, whose in COARSE.items():
        yield Variation(
            f"operands in {name} precision",
            f"with its weights and inputs rounded to {whose}",
            "switch it off for the comparison: torch.backends.cuda.matmul.allow_tf32 and "
            "torch.backends.cudnn.allow_tf32 = False, no torch.autocast.",
            layer,
            change=operands_rounded(name),
            rank=2,
        )


# --- the network's input ----------------------------------------------------------------


@mistakes_of("Normalization")
def _inputs(layer: Layer, _: Size) -> Iterator[Variation]:
    mode = layer.values["Normalization"]
    if mode != "none":
        yield from variation(
            layer,
            "input normalization missing",
            "without the normalization of the input",
            f"the input layer's '{mode}' is part of the network: apply it to X on the other side.",
            Normalization="none",
        )
        said = "with the normalization of the input applied twice"
        remedy = "the network normalizes its input itself: do not normalize X beforehand."
        yield Variation("input normalization twice", said, remedy, layer, change=twice)
    for factor, text in ((1 / 255, "divided by 255 (0..1)"), (255.0, "times 255 (0..255)")):
        yield Variation(
            "input scaled",
            f"for an input {text}",
            "give both sides the same range: the training data's.",
            layer,
            change=inputs_changed(partial(mul, factor)),
            rank=1,
        )
    if layer.input_format() == "SSCB":
        yield from _image_inputs(layer)


def _image_inputs(layer: Layer) -> Iterator[Variation]:
    *_, channels = layer.values["InputSize"]
    if channels == 3:
        yield Variation(
            "input BGR for RGB",
            "for an input with its channels reversed: BGR for RGB",
            "OpenCV reads images as BGR: x = x[:, [2, 1, 0]] in torch.",
            layer,
            change=inputs_changed(lambda x: x.flip(1)),
            rank=1,
        )
    yield Variation(
        "input height and width exchanged",
        "for an input with height and width exchanged",
        "H×W×C×N goes to torch as X.transpose(3, 2, 0, 1).",
        layer,
        change=inputs_changed(lambda x: x.transpose(2, 3)),
        rank=1,
    )


# --- several inputs ---------------------------------------------------------------------


@mistakes_of(Layer)
def _input_orders(layer: Layer, _: Size) -> Iterator[Variation]:
    if not 2 <= layer.NumInputs <= _MOST_INPUTS:
        return
    for order in permutations(range(layer.NumInputs)):
        if order != tuple(sorted(order)):
            said = ", ".join(layer.InputNames[i] for i in order)
            yield Variation(
                "inputs in another order",
                f"with its inputs in the order {said}",
                f"connect them as {', '.join(layer.InputNames)}: torch.cat takes them in order.",
                layer,
                change=inputs_reordered(order),
                rank=1,
            )
