"""The sizes of a layer's outputs, from those of its inputs: arithmetic alone, nothing is run.

Knows nothing of torch. The rules are those of MATLAB's pages, as the docstrings of the layers have
them; of a layer that neither keeps the size nor has one here it is not known, which is no error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from ..data_format import torch_axes
from ..display import TIMES
from ..errors import DataFormatError
from ..layers import activations, embedding, pooling, resampling
from ..layers.attention import AttentionLayer, SelfAttentionLayer
from ..layers.base import Layer
from ..layers.convolution import ConvolutionLayer, GroupedConvolution2DLayer
from ..layers.edges import Pair, edge_pairs
from ..layers.fully_connected import FullyConnectedLayer
from ..layers.rearranging import ComplexToRealLayer, RealToComplexLayer
from ..layers.recurrent import RecurrentLayer
from ..layers.structure import (
    AdditionLayer,
    ConcatenationLayer,
    DepthConcatenationLayer,
    Flattening,
    MultiplicationLayer,
    SequenceFoldingLayer,
)
from ..layers.transposed_convolution import TransposedConvolutionLayer


@dataclass(frozen=True)
class Activation:
    """The size of one value in a network, in MATLAB's order, with its labels."""

    size: tuple[int, ...]
    labels: str

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.size)

    @classmethod
    def of_torch(cls, size: Sequence[int], labels: str) -> Activation:
        """From the size that it has in torch's order."""
        order = torch_axes(labels)
        return cls(tuple(size[order.index(axis)] for axis in range(len(size))), labels)

    def of(self, labels: str) -> int:
        """The product of the dimensions with these labels: 1 where there are none."""
        pairs = zip(self.size, self.labels, strict=True)
        return math.prod(n for n, label in pairs if label in labels)

    def with_(self, label: str, number: int) -> Activation:
        """The same with another size of the dimension of this label."""
        pairs = zip(self.size, self.labels, strict=True)
        return Activation(tuple(number if c == label else n for n, c in pairs), self.labels)

    def without(self, label: str) -> Activation:
        """The same without the dimensions of this label."""
        kept = [(n, c) for n, c in zip(self.size, self.labels, strict=True) if c != label]
        return Activation(tuple(n for n, _ in kept), "".join(c for _, c in kept))

    def __str__(self) -> str:
        """``28(S)×28(S)×20(C)×1(B)``, as the Network Analyzer writes it."""
        return TIMES.join(f"{n}({c})" for n, c in zip(self.size, self.labels, strict=True))


#: What is known of the outputs of a layer; ``None`` for one whose size is not.
Outputs = Sequence[Activation | None]


def output_sizes(layer: Layer, inputs: Sequence[Activation], formats: Sequence[str]) -> Outputs:
    """The sizes of the outputs of ``layer``, whose labels are ``formats``.

    Raises ``DataFormatError``: the inputs do not fit the layer or each other.
    """
    expected = layer.input_channels()
    if expected is not None and "C" in inputs[0].labels:
        found = layer.channels_of(inputs[0].size, inputs[0].labels)
        if found != expected and layer.input_format() is None:
            raise DataFormatError(f"It needs {expected} channels, and its input has {found}.")
    if layer.is_output or layer.input_format() is not None:
        return inputs[:1]
    made = dict(enumerate(_made(layer, inputs)))
    return [
        a if (a := made.get(port)) is not None and a.labels == labels else None
        for port, labels in enumerate(formats)
    ]


@singledispatch
def _made(layer: Layer, inputs: Sequence[Activation]) -> Outputs:
    return inputs[:1] if layer.keeps_size else []


@_made.register
def _(layer: activations.QuadraticLayer, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    n, *others = x.size
    return [Activation((n * (n + 1) // 2, *others), x.labels)]


# --- windows ----------------------------------------------------------------------------


def _moved(labels: str, dims: int) -> list[int]:
    """The dimensions that a window of ``dims`` moves over: space, then time where that is less."""
    found = [i for i, label in enumerate(labels) if label == "S"]
    return (found + [i for i, label in enumerate(labels) if label == "T"])[:dims]


def _windowed(
    x: Activation,
    window: Sequence[int],
    stride: Sequence[int],
    pads: Sequence[Pair] | None,
) -> Activation:
    """``floor((n + pads - window) / stride) + 1``; ``ceil(n / stride)`` for 'same' (``None``)."""
    size = list(x.size)
    for i, axis in enumerate(_moved(x.labels, len(window))):
        if pads is None:
            size[axis] = -(-size[axis] // stride[i])
            continue
        left = size[axis] + sum(pads[i]) - window[i]
        if left < 0:
            padded = f" and its padding {sum(pads[i])}" if sum(pads[i]) else ""
            raise DataFormatError(
                f"It looks at {window[i]} elements at once, and its input has {size[axis]}{padded}."
            )
        size[axis] = left // stride[i] + 1
    return Activation(tuple(size), x.labels)


@_made.register
def _(layer: ConvolutionLayer, inputs: Sequence[Activation]) -> Outputs:
    window = [(k - 1) * d + 1 for k, d in zip(layer.filter_size, layer.dilation, strict=True)]
    (x,) = inputs
    filters: int = layer.values.get("NumFilters", 0)
    if isinstance(layer, GroupedConvolution2DLayer):
        groups = layer.NumGroups if isinstance(layer.NumGroups, int) else x.of("C")
        filters = layer.NumFiltersPerGroup * groups
    return [_windowed(x, window, layer.stride, layer.padding).with_("C", filters)]


@_made.register
def _(layer: TransposedConvolutionLayer, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    size = list(x.size)
    for i, axis in enumerate(_moved(x.labels, layer.dims)):
        whole = (size[axis] - 1) * layer.stride[i] + layer.filter_size[i]
        size[axis] = whole - sum(layer.crop[i])
        if size[axis] < 1:
            raise DataFormatError(f"It crops {sum(layer.crop[i])} of {whole} elements.")
    return [Activation(tuple(size), x.labels).with_("C", layer.NumFilters)]


@_made.register
def _(layer: pooling.PoolingLayer, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    same = layer.PaddingMode == "same"
    pads = None if same else edge_pairs(layer.PaddingSize, layer.dims)
    y = _windowed(x, layer.window, layer.step, pads)
    # The indices have a place for every output; of the size only its shape counts.
    return [y, y, Activation(x.size[:2], "SS")]


@_made.register
def _(layer: pooling.MaxUnpooling2DLayer, inputs: Sequence[Activation]) -> Outputs:
    x, _, before = inputs
    return [Activation((*before.size[:2], *x.size[2:]), x.labels)]


@_made.register
def _(layer: pooling._GlobalPooling, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    return [x.without("T") if x.labels == "CBT" else x.with_("S", 1)]


@_made.register
def _(layer: pooling.AdaptiveAveragePooling2DLayer, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    return [Activation((*layer.OutputSize, *x.size[2:]), x.labels)]


@_made.register
def _(layer: resampling._Resize, inputs: Sequence[Activation]) -> Outputs:
    x, dims = inputs[0], layer.dims
    if layer.EnableReferenceInput:
        return [Activation((*inputs[1].size[:dims], *x.size[dims:]), x.labels)]
    if layer.OutputSize is not None:
        return [Activation((*layer.OutputSize, *x.size[dims:]), x.labels)]
    if any(scale != int(scale) for scale in layer.Scale):
        return []  # rounding is up to the layer
    scaled = (n * int(scale) for n, scale in zip(x.size, layer.Scale, strict=False))
    return [Activation((*scaled, *x.size[dims:]), x.labels)]


@_made.register
def _(layer: resampling._Crop, inputs: Sequence[Activation]) -> Outputs:
    x, reference = inputs
    return [Activation((*reference.size[: layer.dims], *x.size[layer.dims :]), x.labels)]


# --- vectors and sequences ----------------------------------------------------------------


@_made.register
def _(layer: FullyConnectedLayer, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    if isinstance(layer.OperationDimension, int):
        along = layer.OperationDimension - 1
        size = (*x.size[:along], layer.OutputSize, *x.size[along + 1 :])
        return [Activation(size, x.labels)]
    return [x.without("S").with_("C", layer.OutputSize)]


@_made.register
def _(layer: RecurrentLayer, inputs: Sequence[Activation]) -> Outputs:
    y = inputs[0].with_("C", layer.NumHiddenUnits * layer.directions)
    state = y.without("T")
    return [state if layer.OutputMode == "last" else y, *[state] * (len(layer.OutputNames) - 1)]


@_made.register
def _(layer: SelfAttentionLayer, inputs: Sequence[Activation]) -> Outputs:
    x = inputs[0]
    channels = layer.OutputSize if isinstance(layer.OutputSize, int) else x.of("C")
    return [x.with_("C", channels)]


@_made.register
def _(layer: AttentionLayer, inputs: Sequence[Activation]) -> Outputs:
    return [inputs[0].with_("C", inputs[2].of("C"))]


@_made.register
def _(layer: embedding.WordEmbeddingLayer, inputs: Sequence[Activation]) -> Outputs:
    return [inputs[0].with_("C", layer.Dimension)]


@_made.register
def _(layer: embedding.EmbeddingLayer, inputs: Sequence[Activation]) -> Outputs:
    return [inputs[0].with_("C", layer.OutputSize)]


@_made.register
def _(layer: Flattening, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    return [x.without("S").with_("C", x.of("SC"))]


@_made.register
def _(layer: SequenceFoldingLayer, inputs: Sequence[Activation]) -> Outputs:
    (x,) = inputs
    return [x.without("T").with_("B", x.of("BT")), Activation((x.of("B"),), "B")]


@_made.register
def _(layer: ComplexToRealLayer, inputs: Sequence[Activation]) -> Outputs:
    return [inputs[0].with_("C", 2 * inputs[0].of("C"))]


@_made.register
def _(layer: RealToComplexLayer, inputs: Sequence[Activation]) -> Outputs:
    return [inputs[0].with_("C", inputs[0].of("C") // 2)]


# --- several inputs -----------------------------------------------------------------------


@_made.register(AdditionLayer)
@_made.register(MultiplicationLayer)
def _(layer: Layer, inputs: Sequence[Activation]) -> Outputs:
    (labels,) = layer.output_formats([x.labels for x in inputs])
    size = tuple(max(sizes) for sizes in zip(*(_filled(x, labels) for x in inputs), strict=True))
    for x in inputs:
        if any(n not in (1, most) for n, most in zip(_filled(x, labels), size, strict=True)):
            raise DataFormatError(f"Its inputs do not go together: {_listed(inputs)}.")
    return [Activation(size, labels)]


@_made.register(ConcatenationLayer)
@_made.register(DepthConcatenationLayer)
def _(layer: Layer, inputs: Sequence[Activation]) -> Outputs:
    (labels,) = layer.output_formats([x.labels for x in inputs])
    if isinstance(layer, ConcatenationLayer):
        along = 0 if labels == "CB" else layer.Dim - 1
    else:
        along = labels.index("C")
    sizes = [_filled(x, labels) for x in inputs]
    if any(len({size[axis] for size in sizes}) > 1 for axis in range(len(labels)) if axis != along):
        raise DataFormatError(f"Its inputs do not go together: {_listed(inputs)}.")
    total = sum(size[along] for size in sizes)
    return [Activation((*sizes[0][:along], total, *sizes[0][along + 1 :]), labels)]


def _filled(x: Activation, labels: str) -> tuple[int, ...]:
    """Its size with 1 for the labels that it lacks."""
    have = list(zip(x.labels, x.size, strict=True))
    return tuple(have.pop(0)[1] if have and have[0][0] == label else 1 for label in labels)


def _listed(inputs: Sequence[Activation]) -> str:
    return " and ".join(map(str, inputs))
