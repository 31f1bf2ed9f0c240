"""``maxpool``, ``avgpool`` and ``maxunpool``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ..display import size_text
from ..engine.pooling import AveragePooling, GlobalPooling, MaxPooling, MaxPoolingWithIndices
from ..errors import DataFormatError, PropertyError
from ..layers.pooling import padding_value
from ..layers.properties import positive_integers
from .labelled import (
    Exact,
    Folding,
    Labelled,
    column_major,
    folded,
    from_column_major,
    on_arrays,
    on_arrays_with_outputs,
    option,
    with_options,
)
from .windows import edges_or_same, steps, worked_labels

#: Size, stride and padding of a window; ``None`` for global pooling.
_Window: TypeAlias = tuple[Any, Any, Any] | None


def _on_arrays(outputs: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """MATLAB's function from what it does with data, the labels pooled over, and the window."""

    def function(pooled: Callable[..., Any]) -> Callable[..., Any]:
        def core(
            X: Labelled,
            poolsize: object,
            *,
            DataFormat: object = None,
            PoolFormat: object = None,
            Stride: object = 1,
            Padding: object = 0,
            **own: object,
        ) -> Any:
            worked = worked_labels(X.labels, PoolFormat)
            dims = len(worked)
            if isinstance(poolsize, str) and poolsize.lower() == "global":
                return pooled(X, worked, None, **own)
            window = (
                option("poolsize", positive_integers(dims), poolsize),
                steps("Stride", Stride, dims),
                edges_or_same("Padding", Padding, dims),
            )
            return pooled(X, worked, window, **own)

        return on_arrays_with_outputs(outputs)(with_options(core, pooled))

    return function


@_on_arrays(3)
def maxpool(
    X: Labelled, worked: str, window: _Window, *, nargout: int = 1
) -> tuple[Labelled | list[int], ...]:
    """The largest element of every window, ``[Y, indx, inputSize] = maxpool(...)`` by ``nargout``.

    Parameters
    ----------
    X:
        A ``dlarray``, or an array with ``DataFormat``.
    poolsize:
        A number, one for every dimension that the window moves over, or 'global'.
    PoolFormat:
        Labels of these dimensions; default all S of X. To pool over time, "T".
    Stride:
        A number, or one for every dimension; **default 1**.
    Padding:
        'same', a number, one for every dimension, or a matrix of the rows before and after; for two
        dimensions also [t b l r]. Default 0. Padding never wins.
    DataFormat:
        Labels of the dimensions of an array.

    Returns
    -------
    The pooled array in the order of X; with ``nargout`` 2 or 3 also the linear index in X, counted
    from 1 in MATLAB's order, of each of its elements, and the size of X: what :func:`maxunpool`
    needs.

    Raises
    ------
    DataFormatError
        Sizes or labels do not fit each other.
    PropertyError
        A value that MATLAB would refuse; indices of global pooling.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.arange(16.0).reshape(4, 4, 1, order="F")
    >>> Y, indx, inputSize = maxpool(X, 2, Stride=2, DataFormat="SSC", nargout=3)
    >>> Y[..., 0], indx[..., 0], inputSize
    (array([[ 5., 13.],
           [ 7., 15.]]), array([[ 6., 14.],
           [ 8., 16.]]), [4, 4, 1])
    """
    if window is None:
        if nargout > 1:
            raise PropertyError("maxpool gives no indices with 'global'.", where=("poolsize",))
        return (_global(X, worked, maximum=True),)
    if nargout == 1:
        return (folded(X, worked, MaxPooling(*window)),)
    folding = Folding(X, worked)
    pooled, flat, _ = MaxPoolingWithIndices(*window)(folding.fold(X.data))
    places = torch.arange(1, X.data.numel() + 1, device=X.data.device, dtype=torch.float64)
    linear = folding.fold(from_column_major(places, X.data.shape))
    found = linear.flatten(2).gather(2, flat.flatten(2)).view_as(flat)
    return folding.unfold(pooled), folding.unfold(found), list(X.data.shape)


@_on_arrays(1)
def avgpool(X: Labelled, worked: str, window: _Window, *, PaddingValue: object = 0) -> Labelled:
    """The mean of every window.

    Raises ``DataFormatError`` and ``PropertyError``: as for :func:`maxpool`.

    Parameters
    ----------
    X, poolsize, PoolFormat, Stride, Padding, DataFormat:
        As for :func:`maxpool`.
    PaddingValue:
        0 (default): padding counts as zeros; 'mean': it is left out of the mean.

    Examples
    --------
    >>> avgpool([[1.0], [3.0], [5.0]], 2, DataFormat="SC")
    array([[2.],
           [4.]])
    """
    value = option("PaddingValue", padding_value, PaddingValue)
    if window is None:
        return _global(X, worked, maximum=False)
    return folded(X, worked, AveragePooling(*window, value == 0))


def _global(X: Labelled, worked: str, maximum: bool) -> Labelled:
    """Pooled over whole dimensions, which keep size 1."""
    return folded(X, worked, GlobalPooling(maximum, range(2, 2 + len(worked)), keep=True))


@on_arrays
def maxunpool(
    X: Labelled, indx: Exact, outputSize: object, *, DataFormat: object = None
) -> Labelled:
    """The elements of X where ``indx`` says, zeros elsewhere: the way back from :func:`maxpool`.

    Raises ``DataFormatError``: sizes do not fit each other, or indices lie outside the result.

    Parameters
    ----------
    X:
        A ``dlarray``, or an array with ``DataFormat``.
    indx:
        Of the size of X: linear indices in the result, counted from 1 in MATLAB's order.
    outputSize:
        The size of the result, one number for each dimension of X, as maxpool gives it.
    DataFormat:
        Labels of the dimensions of an array.

    Examples
    --------
    >>> maxunpool([[7.0]], [[2]], [3, 1], DataFormat="SC")
    array([[0.],
           [7.],
           [0.]])
    """
    size = _output_size(outputSize, len(X.labels))
    at = Labelled.of(indx.data, X.labels).data
    if at.shape != X.data.shape:
        shapes = (size_text(tuple(t.shape)) for t in (X.data, at))
        raise DataFormatError("X is {}, but indx is {}.".format(*shapes))
    index = column_major(at).long()
    _check_places(index, prod(size))
    empty = X.data.new_zeros(prod(size))
    filled = empty.scatter(0, index - 1, column_major(X.data))
    return X.with_data(from_column_major(filled, size))


def _output_size(value: object, dims: int) -> Sequence[int]:
    """Positive integers; symbols where a graph is traced that leaves sizes free."""
    if isinstance(value, list | tuple) and any(isinstance(n, torch.SymInt) for n in value):
        return value
    found: Sequence[int] = option("outputSize", positive_integers(dims), value)
    return found


def _check_places(index: Tensor, elements: int) -> None:
    if index.is_meta or torch.compiler.is_compiling():  # there are no values to look at
        return
    if int(index.min()) < 1 or int(index.max()) > elements:
        raise DataFormatError(
            f"indx has places outside 1 to {elements}, the elements of the result.",
            remedy="take indx and outputSize from the same call of maxpool.",
        )
