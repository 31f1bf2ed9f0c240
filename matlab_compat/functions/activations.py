"""``relu``, ``leakyrelu``, ``gelu``, ``sigmoid`` and ``softmax``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from ..layers.properties import one_of, real_scalar
from .labelled import Labelled, need_channels, on_arrays, option


@on_arrays
def relu(X: Labelled) -> Labelled:
    """``max(X, 0)``, element by element.

    Parameters
    ----------
    X:
        An array, or a ``dlarray``, whose labels the result has.

    Examples
    --------
    >>> relu([-1.0, 2.0])
    array([0., 2.])
    """
    return X.with_data(torch.relu(X.data))


@on_arrays
def leakyrelu(X: Labelled, scaleFactor: object = 0.01) -> Labelled:
    """``X`` where it is positive, else ``scaleFactor * X``.

    Parameters
    ----------
    X:
        An array, or a ``dlarray``, whose labels the result has.
    scaleFactor:
        A number, default 0.01.

    Examples
    --------
    >>> leakyrelu([-1.0, 2.0], 0.5)
    array([-0.5,  2. ])
    """
    scale = option("scaleFactor", real_scalar, scaleFactor)
    return X.with_data(functional.leaky_relu(X.data, scale))


@on_arrays
def gelu(X: Labelled, *, Approximation: object = "none") -> Labelled:
    """The Gaussian error linear unit, ``X/2 .* (1 + erf(X/sqrt(2)))``.

    Parameters
    ----------
    X:
        An array, or a ``dlarray``, whose labels the result has.
    Approximation:
        'none' (default), or 'tanh', ``X/2 .* (1 + tanh(sqrt(2/pi)*(X + 0.044715*X.^3)))``.

    Examples
    --------
    >>> gelu([0.0, 1.0]).round(4)
    array([0.    , 0.8413])
    """
    chosen = option("Approximation", one_of("none", "tanh"), Approximation)
    return X.with_data(functional.gelu(X.data, approximate=chosen))


@on_arrays
def sigmoid(X: Labelled) -> Labelled:
    """``1 ./ (1 + exp(-X))``, element by element.

    Parameters
    ----------
    X:
        An array, or a ``dlarray``, whose labels the result has.

    Examples
    --------
    >>> sigmoid([0.0])
    array([0.5])
    """
    return X.with_data(torch.sigmoid(X.data))


@on_arrays
def softmax(X: Labelled, *, DataFormat: object = None) -> Labelled:
    """``exp(X) ./ sum(exp(X))`` over the channels.

    Raises ``DataFormatError``: no labels, or no C among them.

    Parameters
    ----------
    X:
        A ``dlarray`` with C, or an array with ``DataFormat``.
    DataFormat:
        Labels of the dimensions of an array.

    Examples
    --------
    >>> softmax([[1.0], [1.0]], DataFormat="CB")
    array([[0.5],
           [0.5]])
    """
    need_channels(X)
    return X.with_data(torch.softmax(X.data, X.axis("C")))
