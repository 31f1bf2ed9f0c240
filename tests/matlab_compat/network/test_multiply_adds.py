"""Multiplications with an addition, for one observation.

Expected values: the formulas of each layer written out with its numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.network import Network

IMAGE = mc.imageInputLayer([12, 10, 6], Normalization="none")
STEPS = 7
SEQUENCE = mc.sequenceInputLayer(3, MinLength=STEPS)


def test_of_layers_with_weights() -> None:
    """Of the layer between an input and what follows."""
    expected: list[tuple[mc.Layer, mc.Layer, int]] = [
        # h * w * C * F * Hout * Wout
        (IMAGE, mc.convolution2dLayer([3, 2], 4, Stride=[3, 2]), 3 * 2 * 6 * 4 * 4 * 5),
        # each filter sees the channels of its group: 6 / 3
        (IMAGE, mc.groupedConvolution2dLayer(3, 4, 3), 3 * 3 * 2 * (4 * 3) * 10 * 8),
        (IMAGE, mc.groupedConvolution2dLayer(3, 1, "channel-wise"), 3 * 3 * 6 * 10 * 8),
        # each element of the input is multiplied with every filter
        (IMAGE, mc.transposedConv2dLayer([4, 3], 5, Stride=2), 4 * 3 * 6 * 5 * 12 * 10),
        (IMAGE, mc.fullyConnectedLayer(9), 12 * 10 * 6 * 9),
        (IMAGE, mc.batchNormalizationLayer(), 12 * 10 * 6),
        (IMAGE, mc.leakyReluLayer(), 12 * 10 * 6),
        (SEQUENCE, mc.fullyConnectedLayer(9), 3 * 9 * STEPS),
        (SEQUENCE, mc.convolution1dLayer(3, 8), 3 * 3 * 8 * (STEPS - 2)),
        # four gates, each of the input and of the state before
        (SEQUENCE, mc.lstmLayer(5), 4 * 5 * (3 + 5) * STEPS),
        (SEQUENCE, mc.lstmLayer(5, OutputMode="last"), 4 * 5 * (3 + 5) * STEPS),
        (SEQUENCE, mc.bilstmLayer(5), 2 * 4 * 5 * (3 + 5) * STEPS),
        (SEQUENCE, mc.gruLayer(5), 3 * 5 * (3 + 5) * STEPS),
        # queries, keys, values; all queries with all keys, the scores with all values; the output
        (
            SEQUENCE,
            mc.selfAttentionLayer(2, 8),
            3 * (3 * 8) * STEPS + STEPS * STEPS * (8 + 8) + 8 * 3 * STEPS,
        ),
    ]
    for start, layer, count in expected:
        found = Network([start, layer]).analysis().layers[1].multiply_adds
        assert found == count, layer


def test_what_only_moves_or_compares_has_none() -> None:
    layers = [IMAGE, mc.reluLayer(), mc.maxPooling2dLayer(2), mc.dropoutLayer(), mc.flattenLayer()]
    assert [row.multiply_adds for row in Network(layers).analysis().layers] == [0] * 5


@pytest.mark.parametrize("layer", [mc.softmaxLayer(), mc.tanhLayer(), mc.averagePooling2dLayer(2)])
def test_what_is_not_known_is_not_zero(layer: mc.Layer) -> None:
    found = Network([IMAGE, layer, mc.fullyConnectedLayer(2, Name="fc")]).analysis()
    assert found.layers[1].multiply_adds is None
    assert found.uncounted == (found.layers[1].name,)
    assert found.multiply_adds == found.layers[2].multiply_adds


@pytest.mark.parametrize("normalization", ["rescale-zero-one", np.ones((2, 2))])
def test_of_an_input_that_does_more_than_subtract_they_are_not_known(normalization: Any) -> None:
    """An array, which is no mode that MATLAB has, stands in damaged files."""
    layer = mc.imageInputLayer([12, 10, 6], Normalization=normalization, Min=0, Max=1)
    assert Network([layer]).analysis().layers[0].multiply_adds is None


def test_without_the_size_of_the_input_it_is_not_known() -> None:
    found = Network([mc.convolution2dLayer(3, 4, Name="conv")]).analysis()
    assert (found.parameters, found.multiply_adds) == (None, None)
    given = Network([mc.convolution2dLayer(3, 4, Name="conv")]).analysis([9, 8, 2])
    assert (given.parameters, given.multiply_adds) == (3 * 3 * 2 * 4 + 4, 3 * 3 * 2 * 4 * 7 * 6)
