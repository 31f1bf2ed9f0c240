"""MATLAB's layers, one module per family, one class per layer, named as MATLAB names them."""

from .base import Layer
from .convolution import (
    Convolution1DLayer,
    Convolution2DLayer,
    Convolution3DLayer,
    GroupedConvolution2DLayer,
    convolution1dLayer,
    convolution2dLayer,
    convolution3dLayer,
    groupedConvolution2dLayer,
)
from .fully_connected import FullyConnectedLayer, fullyConnectedLayer
from .registry import layer_class, register, registered
from .transposed_convolution import (
    TransposedConvolution1DLayer,
    TransposedConvolution2DLayer,
    TransposedConvolution3DLayer,
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
)

__all__ = [
    "Convolution1DLayer",
    "Convolution2DLayer",
    "Convolution3DLayer",
    "FullyConnectedLayer",
    "GroupedConvolution2DLayer",
    "Layer",
    "TransposedConvolution1DLayer",
    "TransposedConvolution2DLayer",
    "TransposedConvolution3DLayer",
    "convolution1dLayer",
    "convolution2dLayer",
    "convolution3dLayer",
    "fullyConnectedLayer",
    "groupedConvolution2dLayer",
    "layer_class",
    "register",
    "registered",
    "transposedConv1dLayer",
    "transposedConv2dLayer",
    "transposedConv3dLayer",
]
