"""Small networks that have what makes conversions difficult."""

from __future__ import annotations

import numpy as np

import matlab_compat as m
from matlab_compat import Network

CLASSES = ["cat", "d\u00f6g", "it's"]


def segmentation() -> Network:
    """A normalized image, an uneven crop, a skip connection and classes."""
    mean = np.arange(2, dtype=np.float32).reshape(1, 1, 2) + 0.5
    layers = [
        m.imageInputLayer((9, 7, 2), Name="image/in", Mean=mean),
        m.convolution2dLayer(3, 4, Stride=2, Padding="same", Name="down"),
        m.leakyReluLayer(0.2, Name="leaky"),
        m.transposedConv2dLayer((3, 4), 3, Stride=2, Cropping=(0, 2, 1, 2), Name="up"),
        m.depthConcatenationLayer(2, Name="join"),
        m.convolution2dLayer(1, 3, Name="scores"),
        m.softmaxLayer(Name="softmax"),
        m.pixelClassificationLayer(Classes=CLASSES, Name="labels"),
    ]
    names = [layer.Name for layer in layers]
    chain = list(zip(names, [*names[1:4], "join/in1", *names[5:]], strict=False))
    connections = [*chain, ("image/in", "join/in2")]
    return Network(layers, connections, kind="DAGNetwork").initialize(seed=0)


def sequence() -> Network:
    """A recurrent network."""
    layers = [
        m.sequenceInputLayer(3, Name="sequence"),
        m.lstmLayer(5, Name="lstm"),
        m.gruLayer(4, Name="gru"),
        m.fullyConnectedLayer(2, Name="fc"),
    ]
    return Network(layers, kind="SeriesNetwork").initialize(seed=0)


def attention() -> Network:
    """A network on sequences that torch can trace at any length."""
    layers = [
        m.sequenceInputLayer(4, Name="sequence"),
        m.selfAttentionLayer(2, 4, Name="attention"),
        m.fullyConnectedLayer(2, Name="fc"),
    ]
    return Network(layers).initialize(seed=0)
