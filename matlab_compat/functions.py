"""MATLAB's functions ``dlconv`` and ``dltranspconv`` on arrays in MATLAB order.

They compute with the same engine as the layers. Source: the documentation pages of the functions,
and code by users that calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Array
from .data_format import DataFormat, dlarray
from .display import size_text
from .errors import DataFormatError, PropertyError, locating
from .layers.convolution import padding_value
from .layers.edges import Pair
from .layers.name_value import name_value_pairs
from .layers.properties import nonnegative_integers, positive_integers
from .layers.transposed_convolution import same_crop

if TYPE_CHECKING:
    from torch import Tensor

Engine = Callable[["Tensor", "Tensor", "Tensor", "_Call"], "Tensor"]

_NAMES = ("DataFormat", "Stride", "DilationFactor", "WeightsFormat", "BiasFormat")


@dataclass(frozen=True)
class _Call:
    """One call, understood: all in the order of the dimensions that the filters move over."""

    #: Filter size×(two channel numbers)×groups, as both functions have it.
    weights: Array
    #: Labels of the dimensions that the filters move over.
    worked: str
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    options: Mapping[str, object]

    @property
    def dims(self) -> int:
        return len(self.worked)

    @property
    def groups(self) -> int:
        return int(self.weights.shape[-1])

    @property
    def window(self) -> tuple[int, ...]:
        """What a dilated filter covers."""
        sizes = zip(self.weights.shape[: self.dims], self.dilation, strict=True)
        return tuple((k - 1) * d + 1 for k, d in sizes)


def dlconv(X: object, weights: object, bias: object, *pairs: object, **options: object) -> Any:
    """Convolve labelled data, as MATLAB's function of that name.

    ``dlconv(X, W, b, DataFormat="SSCB", Padding="same")`` or with ``"Padding", "same"``.

    Parameters
    ----------
    X:
        An array in MATLAB order with ``DataFormat``, or a ``dlarray``. Labels other than C and
        those that are filtered are passed one by one.
    weights:
        filter size×NumChannels×NumFilters, or with groups filter size×NumChannelsPerGroup×\
NumFiltersPerGroup×NumGroups. A ``dlarray`` or ``WeightsFormat`` labels them: C the channels, the
        first U the filters, the second U the groups. By default all S of X are filtered; to filter
        over time, label a dimension of the weights T.
    bias:
        A scalar, or one number for every filter.
    Stride, DilationFactor:
        A scalar, or one for every filtered dimension; default 1.
    Padding:
        'same', 'causal' (one dimension only), a scalar, one for every dimension, or a matrix of
        the rows before and after; for two dimensions also ``[t b l r]``. Default 0.
    PaddingValue:
        A number (default 0), 'replicate', 'symmetric-include-edge' or 'symmetric-exclude-edge'.
    DataFormat, WeightsFormat, BiasFormat:
        Labels of the dimensions.

    Returns
    -------
    An array in the order of X, single unless all inputs are double; a ``dlarray`` for one.

    Raises
    ------
    PropertyError
        An unknown option, or a value that MATLAB would refuse.
    DataFormatError
        Data, weights and labels do not fit each other.
    """
    return _call("dlconv", ("Padding", "PaddingValue"), _convolve, X, weights, bias, pairs, options)


def dltranspconv(
    X: object, weights: object, bias: object, *pairs: object, **options: object
) -> Any:
    """Transposed convolution of labelled data, as MATLAB's function of that name.

    As :func:`dlconv`, but ``weights`` is filter size×NumFilters×NumChannels, or with groups
    filter size×NumFiltersPerGroup×NumChannelsPerGroup×NumGroups (labelled: C the filters, the
    first U the channels), and ``Cropping``, in the forms of Padding but 'causal', is cut off the
    result. With 'same' the output is the input times the stride.
    """
    return _call("dltranspconv", ("Cropping",), _transposed, X, weights, bias, pairs, options)


def _call(
    function: str,
    names: Sequence[str],
    engine: Engine,
    X: object,
    weights: object,
    bias: object,
    pairs: Sequence[object],
    options: Mapping[str, object],
) -> Any:
    from .engine.arrays import as_data, map_spatial

    with locating(function):
        given = name_value_pairs(function, (*_NAMES, *names), pairs, options)
        data_format = DataFormat.parse(_labels(X, given.get("DataFormat")))
        call = _understood(data_format, weights, given)
        if given.get("BiasFormat") is not None:
            DataFormat.parse(given["BiasFormat"])  # the only dimension longer than 1 says it all
        biases = _parameter("bias", bias).ravel(order="F")
        Y = map_spatial(
            as_data(X), data_format, call.worked, lambda x: _run(engine, x, call, biases)
        )
    return dlarray(Y, data_format.labels) if isinstance(X, dlarray) else Y


def _run(engine: Engine, X: Array, call: _Call, biases: Array) -> Array:
    """The engine on data with its filtered dimensions, C and N, in that order."""
    import torch

    from .engine.arrays import array, tensor
    from .engine.precision import full_precision

    _check_channels(call, engine, X.shape[-2])
    single = np.float32 in (X.dtype, call.weights.dtype, biases.dtype)  # wins, as in MATLAB
    precision = "single" if single else "double"
    weight = tensor(_torch_weights(call), None, precision)
    filters = weight.shape[0] if engine is _convolve else weight.shape[1] * call.groups
    b = tensor(_one_for_each(biases, filters), None, precision)
    x = tensor(np.moveaxis(X, (-1, -2), (0, 1)), None, precision)
    with torch.inference_mode(), full_precision():
        return np.moveaxis(array(engine(x, weight, b, call)), (0, 1), (-1, -2))


def _labels(X: object, given: object) -> object:
    if isinstance(X, dlarray):
        if given is not None:
            raise PropertyError("X is a labelled dlarray: DataFormat cannot be given as well.")
        return X.dims()
    if given is None:
        raise DataFormatError("X has no labels.", remedy='pass DataFormat="SSCB", or a dlarray.')
    return given


def _understood(data_format: DataFormat, weights: object, given: Mapping[str, object]) -> _Call:
    labels = weights.dims() if isinstance(weights, dlarray) else given.get("WeightsFormat")
    worked = "S" * data_format.labels.count("S")
    array = _parameter("weights", weights)
    if labels is not None:
        with locating("weights"):
            array, worked = _arranged(array, DataFormat.parse(labels))
    _check_labels(data_format.labels, worked)
    stride = _vector("Stride", given.get("Stride", 1), len(worked))
    dilation = _vector("DilationFactor", given.get("DilationFactor", 1), len(worked))
    return _Call(_complete(array, len(worked)), worked, stride, dilation, given)


def _check_labels(labels: str, worked: str) -> None:
    """Refuse data without what the weights, which filter ``worked``, need."""
    if "C" not in labels:
        what = f"The data format '{labels}' has no channel dimension."
        raise DataFormatError(what, remedy="label it C; a channel of size 1 can be added.")
    if not 1 <= len(worked) <= 3:
        raise DataFormatError(
            f"The data '{labels}' has {len(worked)} dimensions to filter, not one to three.",
            remedy='to filter over time, label the weights: WeightsFormat="TCU".',
        )
    if any(labels.count(label) != worked.count(label) for label in set(worked)):
        what = f"The weights filter '{worked}', but the data is '{labels}'."
        raise DataFormatError(what, remedy="give the weights a dimension for every S of the data.")


def _complete(weights: Array, dims: int) -> Array:
    """Weights with the two channel numbers and the groups, where MATLAB dropped sizes of 1."""
    full = weights.shape + (1,) * (dims + 3 - weights.ndim)
    if len(full) != dims + 3:
        raise DataFormatError(
            f"weights is {size_text(weights.shape)}, too many dimensions for {dims} that "
            "are filtered, two of channels and one of groups."
        )
    return weights.reshape(full, order="F")


def _arranged(array: Array, data_format: DataFormat) -> tuple[Array, str]:
    """Labelled weights in the order of unlabelled ones, and the labels of the filter."""
    labels = data_format.labels
    worked = "S" * labels.count("S") + "T" * labels.count("T")
    if "C" not in labels or "B" in labels or labels.count("U") > 2:
        raise DataFormatError(
            f"The weights cannot be labelled '{labels}'.",
            remedy="use S (or T) for the filter, one C and up to two U, for example 'SSCU'.",
        )
    order = sorted(range(len(labels)), key=lambda axis: ("STCU".index(labels[axis]), axis))
    return data_format.expanded(array).transpose(order), worked


def _parameter(name: str, value: object) -> Array:
    from .engine.arrays import as_data

    with locating(name):
        return as_data(value)


def _one_for_each(bias: Array, filters: int) -> Array:
    if bias.size not in (1, filters):
        raise DataFormatError(f"bias has {bias.size} elements, but there are {filters} filters.")
    return np.array(np.broadcast_to(bias, filters))


def _vector(name: str, value: object, dims: int) -> tuple[int, ...]:
    try:
        return positive_integers(dims)(value)
    except ValueError as error:
        raise PropertyError(f"{name} {error}; got {value!r}.", where=(name,)) from None


def _edges(name: str, value: object, dims: int) -> tuple[Pair, ...]:
    """``Padding`` or ``Cropping``: a scalar, one per dimension, or a row before and a row after."""
    count, shape = np.size(np.asarray(value)), np.shape(np.asarray(value))
    try:
        if shape == (2, dims):
            before, after = (nonnegative_integers(dims)(row) for row in np.asarray(value))
            return tuple(zip(before, after, strict=True))
        if dims == 2 and count == 4:  # [t b l r], as for layers
            t, b, left, right = nonnegative_integers(4)(value)
            return (t, b), (left, right)
        return tuple((n, n) for n in nonnegative_integers(dims)(value))
    except ValueError:
        raise PropertyError(
            f"{name} must be 'same', a nonnegative integer, one for each of the {dims} filtered "
            f"dimensions, or a 2×{dims} matrix; got {value!r}.",
            where=(name,),
        ) from None


def _torch_weights(call: _Call) -> Array:
    """The two channel numbers reversed and the groups in front, as both functions of torch want."""
    n, W = call.dims, call.weights
    apart = W.transpose(n + 2, n + 1, n, *range(n))
    return np.ascontiguousarray(apart).reshape(-1, W.shape[n], *W.shape[:n])


def _check_channels(call: _Call, engine: Engine, have: int) -> None:
    axis = call.dims if engine is _convolve else call.dims + 1
    want = call.weights.shape[axis] * call.groups
    if have != want:
        raise DataFormatError(
            f"The weights have {want} channels, but the data has {have}.",
            remedy="check the order of the weights' dimensions and the labels of the data.",
        )


def _convolve(x: Tensor, weight: Tensor, bias: Tensor, call: _Call) -> Tensor:
    from .engine.convolution import Padding, convolution

    value = call.options.get("PaddingValue", 0)
    try:
        padding = Padding(_padding(call), padding_value(value))
    except ValueError as error:
        raise PropertyError(f"PaddingValue {error}; got {value!r}.") from None
    return convolution(x, weight, bias, call.stride, padding, call.dilation, call.groups)


def _padding(call: _Call) -> tuple[Pair, ...] | None:
    padding = call.options.get("Padding", 0)
    mode = padding.lower() if isinstance(padding, str) else ""
    if mode == "same":
        return None
    if mode == "causal" and call.dims == 1:
        return ((call.window[0] - 1, 0),)
    return _edges("Padding", padding, call.dims)


def _transposed(x: Tensor, weight: Tensor, bias: Tensor, call: _Call) -> Tensor:
    from .engine.transposed_convolution import transposed_convolution

    cropping = call.options.get("Cropping", 0)
    if isinstance(cropping, str) and cropping.lower() == "same":
        crop = tuple(map(same_crop, call.window, call.stride))
    else:
        crop = _edges("Cropping", cropping, call.dims)
    return transposed_convolution(x, weight, bias, call.stride, crop, call.dilation, call.groups)
