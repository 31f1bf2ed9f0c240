"""How many multiplications, each with an addition, a layer computes for one observation.

Products of weights with data and of data with data count; batch normalization, scales and
slopes are one for each element, as their classes say. Functions such as tanh, divisions and means
are not counted: of layers that have them, and of all that say nothing, the number is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..layers.attention import AttentionLayer, SelfAttentionLayer
from ..layers.base import Layer
from ..layers.convolution import ConvolutionLayer
from ..layers.fully_connected import FullyConnectedLayer
from ..layers.recurrent import RecurrentLayer
from ..layers.structure import MultiplicationLayer
from ..layers.transposed_convolution import TransposedConvolutionLayer
from .sizes import Activation


def multiply_adds(
    layer: Layer,
    learnables: Mapping[str, Sequence[int]],
    inputs: Sequence[Activation],
    outputs: Sequence[Activation],
) -> int | None:
    """The number for inputs and outputs of these sizes; ``None`` where it is not known.

    ``learnables`` are the sizes of the layer's learnables by name.
    """
    if layer.is_output:
        return 0
    if layer.input_format() is not None:
        # 'zerocenter' subtracts; the others divide.
        mode = layer.values.get("Normalization", "none")
        return 0 if isinstance(mode, str) and mode in ("none", "zerocenter") else None
    x, y = inputs[0], outputs[0]
    matrices = {
        name: math.prod(size) for name, size in learnables.items() if not name.endswith("Bias")
    }
    if isinstance(layer, ConvolutionLayer | TransposedConvolutionLayer | FullyConnectedLayer):
        if "Weights" not in matrices:
            return None
        if isinstance(layer, FullyConnectedLayer):
            return matrices["Weights"] * (y.elements // layer.OutputSize)
        # A convolution uses its weights at each place of the output, a transposed one of the input.
        place = y if isinstance(layer, ConvolutionLayer) else x
        return matrices["Weights"] * place.of("SBT")
    if isinstance(layer, RecurrentLayer):
        return sum(matrices.values()) * x.of("BT") if "RecurrentWeights" in matrices else None
    if isinstance(layer, SelfAttentionLayer):
        if "QueryWeights" not in matrices:
            return None
        steps, channels = x.of("ST"), learnables["QueryWeights"][0] + learnables["ValueWeights"][0]
        return x.of("B") * (sum(matrices.values()) * steps + steps**2 * channels)
    if isinstance(layer, AttentionLayer):
        query, key, value = inputs[:3]
        return x.of("B") * query.of("ST") * key.of("ST") * (key.of("C") + value.of("C"))
    if isinstance(layer, MultiplicationLayer):
        return (len(inputs) - 1) * y.elements
    return None if layer.multiply_adds is None else layer.multiply_adds * y.elements
