"""MATLAB's functions of deep learning arrays, on numpy arrays, ``dlarray`` and torch tensors.

Arrays are in MATLAB's order of dimensions; labels come from a ``dlarray`` or ``DataFormat``. They
compute with the engine of the layers. A function with several outputs gives them as a tuple with
``nargout``. Torch tensors give torch tensors, through which gradients flow.
"""

from __future__ import annotations

from .activations import gelu, leakyrelu, relu, sigmoid, softmax
from .attention import attention
from .convolution import dlconv, dltranspconv
from .dimensions import dims, finddim, stripdims
from .encoding import onehotdecode, onehotencode
from .labelled import Labelled as Labelled
from .linear import embed, fullyconnect
from .losses import crossentropy, huber, l1loss, l2loss, mse
from .normalization import batchnorm, crosschannelnorm, groupnorm, instancenorm, layernorm
from .pooling import avgpool, maxpool, maxunpool
from .recurrent import gru, lstm
from .resampling import depthToSpace, dlresize, spaceToDepth

__all__ = [
    "attention",
    "avgpool",
    "batchnorm",
    "crosschannelnorm",
    "crossentropy",
    "depthToSpace",
    "dims",
    "dlconv",
    "dlresize",
    "dltranspconv",
    "embed",
    "finddim",
    "fullyconnect",
    "gelu",
    "groupnorm",
    "gru",
    "huber",
    "instancenorm",
    "l1loss",
    "l2loss",
    "layernorm",
    "leakyrelu",
    "lstm",
    "maxpool",
    "maxunpool",
    "mse",
    "onehotdecode",
    "onehotencode",
    "relu",
    "sigmoid",
    "softmax",
    "spaceToDepth",
    "stripdims",
]
