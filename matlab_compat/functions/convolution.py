"""MATLAB's functions ``dlconv`` and ``dltranspconv`` on arrays in MATLAB order.

They compute with the same engine as the layers. Source: the documentation pages of the functions,
and code by users that calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor

from ..data_format import DataFormat as Format
from ..display import counted, size_text
from ..engine.convolution import Padding as Added
from ..engine.convolution import convolution
from ..engine.transposed_convolution import transposed_convolution
from ..errors import DataFormatError, PropertyError, locating
from ..layers.convolution import padding_value
from ..layers.edges import Pair
from ..layers.transposed_convolution import same_crop
from .labelled import Labelled, column_major, folded, need_channels, on_arrays, with_options
from .windows import check_worked, edges_or_same, steps


@dataclass(frozen=True)
class _Call:
    """One call, understood: all in the order of the dimensions that the filters move over."""

    #: Labels of the dimensions that the filters move over.
    worked: str
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    #: Filter size×(two channel numbers)×groups, as both functions have it.
    weights: Tensor
    bias: Tensor

    @property
    def dims(self) -> int:
        """Number of dimensions that the filters move over."""
        return len(self.worked)

    @property
    def groups(self) -> int:
        """Number of groups of channels."""
        return int(self.weights.shape[-1])

    @property
    def window(self) -> tuple[int, ...]:
        """What a dilated filter covers."""
        sizes = zip(self.weights.shape[: self.dims], self.dilation, strict=True)
        return tuple((k - 1) * d + 1 for k, d in sizes)


#: x, weight and bias in torch's order to y.
Engine: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]


def _on_arrays(filtered: Callable[..., Labelled]) -> Callable[..., Any]:
    """MATLAB's function from what it does with data and an understood call, and its own options."""

    def core(
        X: Labelled,
        weights: Labelled,
        bias: Labelled,
        *,
        DataFormat: object = None,
        Stride: object = 1,
        DilationFactor: object = 1,
        WeightsFormat: object = None,
        BiasFormat: object = None,
        **own: object,
    ) -> Labelled:
        worked = "S" * X.labels.count("S")
        data = weights.data
        labels = weights.labels or WeightsFormat
        if labels:
            with locating("weights"):
                data, worked = _arranged(data, Format.parse(labels))
        if BiasFormat is not None:
            Format.parse(BiasFormat)  # its only dimension longer than 1 says all that labels could
        need_channels(X)
        check_worked(X.labels, worked, "weights", 'WeightsFormat="TCU"')
        call = _Call(
            worked,
            steps("Stride", Stride, len(worked)),
            steps("DilationFactor", DilationFactor, len(worked)),
            _complete(data, len(worked)),
            column_major(bias.data),
        )
        return filtered(X, call, **own)

    return on_arrays(with_options(core, filtered))


@_on_arrays
def dlconv(X: Labelled, call: _Call, *, Padding: object = 0, PaddingValue: object = 0) -> Labelled:
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

    Examples
    --------
    >>> dlconv([[1.0], [2.0], [4.0]], [1.0, -1.0], 0, DataFormat="SC")
    array([[-1.],
           [-2.]])
    """
    try:
        added = Added(_padding(Padding, call), padding_value(PaddingValue))
    except ValueError as error:
        if isinstance(error, PropertyError):
            raise
        raise PropertyError(f"PaddingValue {error}; got {PaddingValue!r}.") from None

    def engine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return convolution(x, weight, bias, call.stride, added, call.dilation, call.groups)

    return _run(X, call, call.dims, engine)


@_on_arrays
def dltranspconv(X: Labelled, call: _Call, *, Cropping: object = 0) -> Labelled:
    """Transposed convolution of labelled data, as MATLAB's function of that name.

    As :func:`dlconv`, but ``weights`` is filter size×NumFilters×NumChannels, or with groups
    filter size×NumFiltersPerGroup×NumChannelsPerGroup×NumGroups (labelled: C the filters, the
    first U the channels), and ``Cropping``, in the forms of Padding but 'causal', is cut off the
    result. With 'same' the output is the input times the stride.

    Parameters
    ----------
    X, bias, DataFormat, Stride, DilationFactor, WeightsFormat, BiasFormat:
        As for :func:`dlconv`.
    weights, Cropping:
        As above; by default nothing is cut off.

    Examples
    --------
    >>> dltranspconv([[1.0], [2.0]], [1.0, 10.0], 0, DataFormat="SC", Stride=2)
    array([[ 1.],
           [10.],
           [ 2.],
           [20.]])
    """
    crop = edges_or_same("Cropping", Cropping, call.dims)
    if crop is None:
        crop = tuple(map(same_crop, call.window, call.stride))

    def engine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return transposed_convolution(
            x, weight, bias, call.stride, crop, call.dilation, call.groups
        )

    return _run(X, call, call.dims + 1, engine)


def _run(X: Labelled, call: _Call, channels: int, engine: Engine) -> Labelled:
    """The engine on X; ``channels`` is the dimension of the weights that X's channels are."""
    _check_channels(call, channels, X.size("C"))
    weight = _torch_weights(call)
    filters = weight.shape[0] if channels == call.dims else weight.shape[1] * call.groups
    bias = _one_for_each(call.bias, filters)
    return folded(X, call.worked, lambda x: engine(x, weight, bias))


def _complete(weights: Tensor, dims: int) -> Tensor:
    """Weights with the two channel numbers and the groups, where MATLAB dropped sizes of 1."""
    full = (*weights.shape, *(1,) * (dims + 3 - weights.ndim))
    if len(full) != dims + 3:
        raise DataFormatError(
            f"weights is {size_text(tuple(weights.shape))}, too many dimensions for {dims} that "
            "are filtered, two of channels and one of groups."
        )
    return weights.reshape(full)


def _arranged(data: Tensor, data_format: Format) -> tuple[Tensor, str]:
    """Labelled weights in the order of unlabelled ones, and the labels of the filter."""
    labels = data_format.labels
    worked = "S" * labels.count("S") + "T" * labels.count("T")
    if "C" not in labels or "B" in labels or labels.count("U") > 2:
        raise DataFormatError(
            f"The weights cannot be labelled '{labels}'.",
            remedy="use S (or T) for the filter, one C and up to two U, for example 'SSCU'.",
        )
    order = sorted(range(len(labels)), key=lambda axis: ("STCU".index(labels[axis]), axis))
    return Labelled.of(data, labels).data.permute(order), worked


def _one_for_each(bias: Tensor, filters: int) -> Tensor:
    if bias.numel() not in (1, filters):
        raise DataFormatError(
            f"bias has {counted(bias.numel(), 'element')} for {counted(filters, 'filter')}."
        )
    return bias.expand(filters)


def _torch_weights(call: _Call) -> Tensor:
    """The two channel numbers reversed and the groups in front, as both functions of torch want."""
    n, W = call.dims, call.weights
    apart = W.permute(n + 2, n + 1, n, *range(n))
    return apart.reshape(-1, W.shape[n], *W.shape[:n])


def _check_channels(call: _Call, axis: int, have: int) -> None:
    want = call.weights.shape[axis] * call.groups
    if have != want:
        raise DataFormatError(
            f"The weights have {counted(want, 'channel')}, but the data has {have}.",
            remedy="check the order of the weights' dimensions and the labels of the data.",
        )


def _padding(padding: object, call: _Call) -> Sequence[Pair] | None:
    if isinstance(padding, str) and padding.lower() == "causal" and call.dims == 1:
        return ((call.window[0] - 1, 0),)
    return edges_or_same("Padding", padding, call.dims)
