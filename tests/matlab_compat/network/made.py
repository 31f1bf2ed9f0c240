"""Networks that several tests draw."""

from __future__ import annotations

from matlab_compat import (
    Network,
    additionLayer,
    convolution2dLayer,
    imageInputLayer,
    reluLayer,
)


def residual(kind: str = "dlnetwork") -> Network:
    """28×28×1, a convolution of 3×3×8, and the sum of it and its ReLU."""
    layers = [
        imageInputLayer([28, 28, 1], Name="in"),
        convolution2dLayer(3, 8, Name="conv"),
        reluLayer(Name="relu"),
        additionLayer(2, Name="add"),
    ]
    pairs = [("in", "conv"), ("conv", "relu"), ("relu", "add/in1"), ("conv", "add/in2")]
    return Network(layers, pairs, kind=kind)
