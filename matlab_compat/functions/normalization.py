"""``batchnorm``, ``groupnorm``, ``layernorm``, ``instancenorm`` and ``crosschannelnorm``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..display import counted
from ..engine.normalization import ChannelGroupNorm, CrossChannelNorm
from ..errors import DataFormatError, PropertyError
from ..layers.normalization import SHARED, CrossChannelNormalizationLayer, group_count
from ..layers.properties import one_of, positive_integer, positive_scalar, unit_interval
from .labelled import (
    Folding,
    Labelled,
    folded,
    need_channels,
    on_arrays,
    on_arrays_with_outputs,
    option,
    run,
    vector,
    with_options,
)


@on_arrays_with_outputs(3)
def batchnorm(
    X: Labelled,
    offset: Labelled,
    scaleFactor: Labelled,
    mu: Labelled | None = None,
    sigmaSq: Labelled | None = None,
    *,
    DataFormat: object = None,
    Epsilon: object = 1e-5,
    MeanDecay: object = 0.1,
    VarianceDecay: object = 0.1,
    nargout: int = 1,
) -> tuple[Labelled, ...]:
    """``scaleFactor .* (X - mu) ./ sqrt(sigmaSq + Epsilon) + offset``, per channel.

    As in MATLAB, what it does depends on the number of outputs:

    - ``batchnorm(X, offset, scaleFactor)`` takes mean and population variance of X, over all
      dimensions but C; with ``nargout=3`` it gives them too, ``[Y, mu, sigmaSq]``.
    - ``batchnorm(X, offset, scaleFactor, mu, sigmaSq)`` takes the ones given: prediction.
    - the same with ``nargout=3`` takes those of X, and gives ``mu`` and ``sigmaSq`` moved towards
      them, ``decay*new + (1 - decay)*old``: training.

    Parameters
    ----------
    X:
        A ``dlarray`` with C, or an array with ``DataFormat``.
    offset, scaleFactor, mu, sigmaSq:
        One number for each channel.
    Epsilon:
        A positive number, default 1e-5.
    MeanDecay, VarianceDecay:
        From 0 to 1, default 0.1.
    DataFormat:
        Labels of the dimensions of an array.

    Raises
    ------
    DataFormatError
        Sizes or labels do not fit each other.
    PropertyError
        Only one of mu and sigmaSq, or a value that MATLAB would refuse.

    Examples
    --------
    >>> Y, mu, sigmaSq = batchnorm([[1.0, 3.0]], 0.0, 1.0, DataFormat="CB", nargout=3)
    >>> mu, sigmaSq
    (array([2.]), array([1.]))
    """
    need_channels(X)
    if (mu is None) != (sigmaSq is None):
        raise PropertyError("batchnorm takes mu and sigmaSq together.", where=("sigmaSq",))
    n, eps = X.size("C"), option("Epsilon", positive_scalar, Epsilon)
    folding = Folding(X, "")
    x = folding.fold(X.data)
    affine = vector("scaleFactor", scaleFactor, n), vector("offset", offset, n)
    if nargout == 1 and mu is not None and sigmaSq is not None:
        saved = vector("mu", mu, n), vector("sigmaSq", sigmaSq, n)
        return (folding.unfold(torch.batch_norm(x, *affine, *saved, False, 0.0, eps, False)),)
    y = folding.unfold(torch.batch_norm(x, *affine, None, None, True, 0.0, eps, False))
    variance, mean = torch.var_mean(x, 0, correction=0)
    if mu is not None and sigmaSq is not None:
        mean = _moved(vector("mu", mu, n), mean, option("MeanDecay", unit_interval, MeanDecay))
        decay = option("VarianceDecay", unit_interval, VarianceDecay)
        variance = _moved(vector("sigmaSq", sigmaSq, n), variance, decay)
    return y, Labelled(mean), Labelled(variance)


def _moved(old: Tensor, new: Tensor, decay: float) -> Tensor:
    return decay * new + (1 - decay) * old


def _grouped(
    X: Labelled, groups: int, shared: str, affine: tuple[Labelled, Labelled], Epsilon: object
) -> Labelled:
    """Normalized over groups of channels and the dimensions with the labels ``shared``."""
    n, eps = X.size("C"), option("Epsilon", positive_scalar, Epsilon)
    worked = "".join(label for label in X.labels if label in shared)
    parameters = {
        "bias": vector("offset", affine[0], n),
        "weight": vector("scaleFactor", affine[1], n),
    }
    module = lambda: ChannelGroupNorm(groups, n, eps)  # noqa: E731
    return folded(X, worked, lambda x: run(module, parameters, x))


def _shared(X: Labelled, dimension: object) -> str:
    """The labels that share statistics besides C, by OperationDimension."""
    chosen = option("OperationDimension", one_of("auto", *SHARED), dimension)
    if chosen != "auto":
        return SHARED[chosen]
    if X.labels.count("S") == 1 or {"S", "T"} <= set(X.labels):
        raise DataFormatError(
            f"No page of MATLAB's says in full what OperationDimension 'auto' is for '{X.labels}'.",
            remedy="pass OperationDimension='channel-only', 'spatial-channel' or 'batch-excluded'.",
        )
    return "S"


@on_arrays
def groupnorm(
    X: Labelled,
    numGroups: object,
    offset: Labelled,
    scaleFactor: Labelled,
    *,
    DataFormat: object = None,
    Epsilon: object = 1e-5,
    OperationDimension: object = "auto",
) -> Labelled:
    """Every observation normalized over groups of neighbouring channels.

    Raises ``DataFormatError``: sizes or labels do not fit each other; 'auto' for data with one S,
    or with S and T, which no page of MATLAB's settles.

    Parameters
    ----------
    X:
        A ``dlarray`` with C, or an array with ``DataFormat``.
    numGroups:
        A number that divides the channels, 'all-channels' (one group) or 'channel-wise'.
    offset, scaleFactor:
        One number for each channel.
    Epsilon:
        A positive number, default 1e-5.
    OperationDimension:
        What is normalized over besides the channels of a group: 'channel-only' nothing,
        'spatial-channel' S, 'batch-excluded' S and T. 'auto' (default) is S for images and nothing
        for sequences and features.
    DataFormat:
        Labels of the dimensions of an array.

    Examples
    --------
    >>> groupnorm([[1.0], [3.0]], 1, [0, 0], [1, 1], DataFormat="CB").round(3)
    array([[-1.],
           [ 1.]])
    """
    need_channels(X)
    n, groups = X.size("C"), option("numGroups", group_count, numGroups)
    count = {"all-channels": 1, "channel-wise": n}.get(groups, groups)
    if n % count:
        raise PropertyError(f"numGroups {count} does not divide {counted(n, 'channel')}.")
    return _grouped(X, count, _shared(X, OperationDimension), (offset, scaleFactor), Epsilon)


def _on_arrays(groups: Callable[..., tuple[int, str]]) -> Callable[..., Any]:
    """MATLAB's function from the number of groups and what shares statistics besides channels."""

    def core(
        X: Labelled,
        offset: Labelled,
        scaleFactor: Labelled,
        *,
        DataFormat: object = None,
        Epsilon: object = 1e-5,
        **own: object,
    ) -> Labelled:
        need_channels(X)
        return _grouped(X, *groups(X, **own), (offset, scaleFactor), Epsilon)

    return on_arrays(with_options(core, groups))


@_on_arrays
def layernorm(X: Labelled, *, OperationDimension: object = "auto") -> tuple[int, str]:
    """Every observation normalized over all channels; scaled and shifted per channel.

    Raises ``DataFormatError``: as for :func:`groupnorm`.

    Parameters
    ----------
    X:
        A ``dlarray`` with C, or an array with ``DataFormat``.
    offset, scaleFactor:
        One number for each channel.
    Epsilon, OperationDimension, DataFormat:
        As for :func:`groupnorm`. Releases before R2023a are 'batch-excluded'.

    Examples
    --------
    >>> layernorm([[1.0], [3.0]], [0, 0], [1, 1], DataFormat="CB").round(3)
    array([[-1.],
           [ 1.]])
    """
    return 1, _shared(X, OperationDimension)


@_on_arrays
def instancenorm(X: Labelled) -> tuple[int, str]:
    """Every channel of every observation normalized by itself, over S and T.

    Raises ``DataFormatError``: sizes or labels do not fit each other; neither S nor T, or both
    (whether time is shared then is not certain).

    Parameters
    ----------
    X:
        A ``dlarray`` with C and one of S and T, or an array with ``DataFormat``.
    offset, scaleFactor:
        One number for each channel.
    Epsilon:
        A positive number, default 1e-5.
    DataFormat:
        Labels of the dimensions of an array.

    Examples
    --------
    >>> instancenorm([[[1.0, 3.0]]], 0, 1, DataFormat="CBT").round(3)
    array([[[-1.,  1.]]])
    """
    over = set("ST") & set(X.labels)
    if len(over) != 1:
        why = "whether MATLAB shares time then is not certain" if over else "nothing to share"
        raise DataFormatError(
            f"instancenorm cannot take '{X.labels}': {why}.",
            remedy="use batchnorm, or groupnorm with 'channel-wise' and OperationDimension.",
        )
    return X.size("C"), "ST"


@on_arrays
def crosschannelnorm(
    X: Labelled,
    windowSize: object,
    *,
    DataFormat: object = None,
    Alpha: object = 1e-4,
    Beta: object = 0.75,
    K: object = 2,
) -> Labelled:
    """``X ./ (K + Alpha*ss/windowSize).^Beta``, ss the sum of squares over neighbouring channels.

    Parameters
    ----------
    X:
        A ``dlarray`` with C, or an array with ``DataFormat``.
    windowSize:
        The number of channels: the channel itself, ``floor((w-1)/2)`` before and ``floor(w/2)``
        after it.
    Alpha, Beta, K:
        Numbers; defaults 1e-4, 0.75 and 2.
    DataFormat:
        Labels of the dimensions of an array.

    Examples
    --------
    >>> crosschannelnorm([[2.0]], 1, Alpha=1, Beta=1, K=1, DataFormat="CB")
    array([[0.4]])
    """
    need_channels(X)
    window = option("windowSize", positive_integer, windowSize)
    rules = CrossChannelNormalizationLayer.properties
    given = {"Alpha": Alpha, "Beta": Beta, "K": K}
    numbers = (option(name, rules[name].convert, value) for name, value in given.items())
    return folded(X, "", CrossChannelNorm(window, *numbers))
