"""MATLAB's layers, one module per family, one class per layer, named as MATLAB names them."""

from .base import Layer
from .registry import layer_class, register, registered
from .transposed_convolution import TransposedConvolution2DLayer, transposedConv2dLayer

__all__ = [
    "Layer",
    "TransposedConvolution2DLayer",
    "layer_class",
    "register",
    "registered",
    "transposedConv2dLayer",
]
