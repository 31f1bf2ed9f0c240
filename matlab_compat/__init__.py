"""MATLAB neural networks in Python: their layers, what they mean, and torch modules for them.

This package opens no file; ``converters`` does. Importing it does not import torch.
"""

from importlib.metadata import PackageNotFoundError, version

from .data_format import dlarray
from .errors import MatlabCompatError, MatlabCompatWarning
from .layers import (
    Layer,
    TransposedConvolution2DLayer,
    layer_class,
    register,
    registered,
    transposedConv2dLayer,
)
from .training import parameter_groups

try:
    __version__ = version("matlab-compat")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0+unknown"

__all__ = [
    "Layer",
    "MatlabCompatError",
    "MatlabCompatWarning",
    "TransposedConvolution2DLayer",
    "dlarray",
    "layer_class",
    "parameter_groups",
    "register",
    "registered",
    "transposedConv2dLayer",
]
