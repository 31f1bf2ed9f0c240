"""MATLAB neural networks in Python: their layers, what they mean, and torch modules for them.

This package opens no file; ``converters`` does. Importing it does not import torch.
"""

from importlib.metadata import PackageNotFoundError, version

from .data_format import dlarray
from .errors import MatlabCompatError, MatlabCompatWarning
from .functions import dlconv, dltranspconv
from .layers import (
    Convolution1DLayer,
    Convolution2DLayer,
    Convolution3DLayer,
    FullyConnectedLayer,
    GroupedConvolution2DLayer,
    Layer,
    TransposedConvolution1DLayer,
    TransposedConvolution2DLayer,
    TransposedConvolution3DLayer,
    convolution1dLayer,
    convolution2dLayer,
    convolution3dLayer,
    fullyConnectedLayer,
    groupedConvolution2dLayer,
    layer_class,
    register,
    registered,
    transposedConv1dLayer,
    transposedConv2dLayer,
    transposedConv3dLayer,
)
from .training import parameter_groups

try:
    __version__ = version("matlab-compat")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0+unknown"

__all__ = [
    "Convolution1DLayer",
    "Convolution2DLayer",
    "Convolution3DLayer",
    "FullyConnectedLayer",
    "GroupedConvolution2DLayer",
    "Layer",
    "MatlabCompatError",
    "MatlabCompatWarning",
    "TransposedConvolution1DLayer",
    "TransposedConvolution2DLayer",
    "TransposedConvolution3DLayer",
    "convolution1dLayer",
    "convolution2dLayer",
    "convolution3dLayer",
    "dlarray",
    "dlconv",
    "dltranspconv",
    "fullyConnectedLayer",
    "groupedConvolution2dLayer",
    "layer_class",
    "parameter_groups",
    "register",
    "registered",
    "transposedConv1dLayer",
    "transposedConv2dLayer",
    "transposedConv3dLayer",
]
