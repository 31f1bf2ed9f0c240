"""``crossentropy``, ``mse``, ``huber``, ``l1loss`` and ``l2loss``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..data_format import DataFormat as Format
from ..display import size_text
from ..errors import DataFormatError, PropertyError
from ..layers.properties import one_of, positive_scalar
from .labelled import (
    Exact,
    Labelled,
    need_channels,
    on_arrays,
    option,
    places_of,
    with_options,
)

_NORMALIZATIONS = ("batch-size", "all-elements", "mask-included", "target-included", "none")


def _on_arrays(losses: Callable[..., Tensor]) -> Callable[..., Any]:
    """MATLAB's function from the losses of the elements: weighted, masked, summed and divided.

    ``losses`` takes Y, the targets in the order and of the size of Y, and options of its own.
    """

    def core(
        Y: Labelled,
        targets: Labelled,
        weights: Labelled | None = None,
        *,
        DataFormat: object = None,
        Mask: Exact | None = None,
        Reduction: object = "sum",
        NormalizationFactor: object = "batch-size",
        WeightsFormat: object = None,
        **own: object,
    ) -> Labelled:
        loss = losses(Y, _alike(Y, "targets", targets), **own)
        factor = option("NormalizationFactor", one_of(*_NORMALIZATIONS), NormalizationFactor)
        counted = None
        if weights is not None:
            loss = loss * _weights(Y, weights, WeightsFormat)
        if Mask is not None:
            counted = _aligned(Y, "Mask", Mask).to(loss.dtype).expand(loss.shape)
            loss = torch.where(counted != 0, loss * counted, 0)
        if option("Reduction", one_of("sum", "none"), Reduction) == "none":
            return Y.with_data(loss)
        return Labelled(loss.sum() / _divisor(Y, factor, counted))

    return on_arrays(with_options(core, losses))


@_on_arrays
def crossentropy(
    Y: Labelled,
    targets: Tensor,
    *,
    ClassificationMode: object = "single-label",
    TargetCategories: object = None,
) -> Tensor:
    """``-sum(targets .* log(Y)) / N`` of probabilities and one-hot targets.

    Parameters
    ----------
    Y:
        Probabilities: a ``dlarray``, or an array with ``DataFormat``.
    targets:
        Of the size of Y; a ``dlarray`` may have its labels in another order.
    weights:
        Numbers that the losses are multiplied by. A vector for the classes or the observations of
        data with several dimensions is labelled: a ``dlarray``, or ``WeightsFormat="UC"``.
    ClassificationMode:
        'single-label' (default), or 'multilabel', whose losses are
        ``-targets.*log(Y) - (1 - targets).*log(1 - Y)``.
    TargetCategories:
        The same in older releases: 'exclusive' or 'independent'.
    Mask:
        1 for losses that count and 0 for others; sizes of 1 expand.
    Reduction:
        'sum' (default), or 'none', which gives the loss of every element.
    NormalizationFactor:
        What a sum is divided by: 'batch-size' (default), 'all-elements', 'none', or
        'mask-included', the observations times the elements of the mask in each.
    DataFormat, WeightsFormat:
        Labels of the dimensions of arrays.

    Returns
    -------
    A number; with Reduction 'none' an array like Y.

    Raises
    ------
    DataFormatError
        Sizes or labels do not fit each other.
    PropertyError
        A value that MATLAB would refuse, or whose meaning is not certain ('target-included'; a mask
        with a different number of elements in each observation).

    Notes
    -----
    Where a probability is 0 the loss is 0 if the target is too, and else infinite.

    Examples
    --------
    >>> float(crossentropy([[0.5], [0.5]], [[1], [0]], DataFormat="CB").round(4))
    0.6931
    """
    need_channels(Y)
    mode = option("ClassificationMode", one_of("single-label", "multilabel"), ClassificationMode)
    if TargetCategories is not None:
        kind = option("TargetCategories", one_of("exclusive", "independent"), TargetCategories)
        mode = "multilabel" if kind == "independent" else "single-label"
    loss = -torch.xlogy(targets, Y.data)
    if mode == "multilabel":
        loss = loss - torch.xlogy(1 - targets, 1 - Y.data)
    return loss


@on_arrays
def mse(Y: Labelled, targets: Labelled, *, DataFormat: object = None) -> Labelled:
    """**Half** the mean squared error, ``sum((Y - targets).^2) / (2*N)``, N observations.

    Raises ``DataFormatError``: sizes or labels do not fit each other.

    Parameters
    ----------
    Y:
        A ``dlarray``, or an array with ``DataFormat``.
    targets:
        Of the size of Y.
    DataFormat:
        Labels of the dimensions of arrays.

    Examples
    --------
    >>> float(mse([[1.0, 3.0]], [[0.0, 0.0]], DataFormat="CB"))
    2.5
    """
    losses = (Y.data - _alike(Y, "targets", targets)).square() / 2
    return Labelled(losses.sum() / Y.size("B"))


@_on_arrays
def huber(Y: Labelled, targets: Tensor, *, TransitionPoint: object = 1) -> Tensor:
    """Squares near the target and distances far from it.

    ``(Y - T).^2 / 2`` up to the transition point d, beyond it ``d*abs(Y - T) - d^2/2``.

    Raises ``DataFormatError`` and ``PropertyError``: as for :func:`crossentropy`.

    Parameters
    ----------
    TransitionPoint:
        A positive number, default 1.
    Y, targets, weights, Mask, Reduction, NormalizationFactor, DataFormat, WeightsFormat:
        As for :func:`crossentropy`.

    Examples
    --------
    >>> float(huber([[3.0]], [[0.0]], DataFormat="CB"))
    2.5
    """
    delta = option("TransitionPoint", positive_scalar, TransitionPoint)
    return functional.huber_loss(Y.data, targets, reduction="none", delta=delta)


@_on_arrays
def l1loss(Y: Labelled, targets: Tensor) -> Tensor:
    """``sum(abs(Y - targets)) / N``.

    Raises ``DataFormatError`` and ``PropertyError``: as for :func:`crossentropy`.

    Parameters
    ----------
    Y, targets, weights, Mask, Reduction, NormalizationFactor, DataFormat, WeightsFormat:
        As for :func:`crossentropy`.

    Examples
    --------
    >>> float(l1loss([[3.0, -1.0]], [[0.0, 0.0]], DataFormat="CB"))
    2.0
    """
    return (Y.data - targets).abs()


@_on_arrays
def l2loss(Y: Labelled, targets: Tensor) -> Tensor:
    """``sum((Y - targets).^2) / N``, twice :func:`mse`.

    Raises ``DataFormatError`` and ``PropertyError``: as for :func:`crossentropy`.

    Parameters
    ----------
    Y, targets, weights, Mask, Reduction, NormalizationFactor, DataFormat, WeightsFormat:
        As for :func:`crossentropy`.

    Examples
    --------
    >>> float(l2loss([[3.0, -1.0]], [[0.0, 0.0]], DataFormat="CB"))
    5.0
    """
    return (Y.data - targets).square()


def _alike(Y: Labelled, name: str, value: Labelled) -> Tensor:
    """Another array in the order of Y's labels and of its size."""
    data = _aligned(Y, name, value)
    if data.shape != Y.data.shape:
        shapes = (size_text(tuple(t.shape)) for t in (data, Y.data))
        raise DataFormatError("{} is {}, but Y is {}.".format(name, *shapes))
    return data


def _aligned(Y: Labelled, name: str, value: Labelled) -> Tensor:
    """Another array with its dimensions where Y has those with their labels; 1 where it has none.

    One without labels has them by position, as Y.

    Raises ``DataFormatError``: a label that Y has not, or sizes that do not expand to Y's.
    """
    if value.labels:
        return _by_label(Y, name, value)
    return _expanding(Y, name, Labelled.of(value.data, Y.labels).data)


def _weights(Y: Labelled, weights: Labelled, labels: object) -> Tensor:
    """Weights for the losses of Y, labelled by themselves or by WeightsFormat.

    Raises ``DataFormatError``: as :func:`_aligned`, or a vector without labels that could belong to
    several dimensions.
    """
    if labels is not None and not weights.labels:
        weights = Labelled.of(weights.data, Format.parse(labels).labels)
    shape, wanted = tuple(weights.data.shape), tuple(Y.data.shape)
    is_vector = max(shape, default=1) == weights.data.numel() > 1
    if not weights.labels and is_vector and sum(n > 1 for n in wanted) > 1:
        raise DataFormatError(
            f"weights is a vector of {weights.data.numel()}, but Y is {size_text(wanted)} "
            f"'{Y.labels}': for which dimension is it?",
            remedy='label it: a dlarray, or WeightsFormat="UC" for the classes.',
        )
    return _aligned(Y, "weights", weights)


def _by_label(Y: Labelled, name: str, value: Labelled) -> Tensor:
    data, labels = value.data, value.labels
    for axis in reversed([a for a, label in enumerate(labels) if label == "U"]):
        if "U" in Y.labels or data.shape[axis] != 1:
            continue
        data, labels = data.squeeze(axis), labels[:axis] + labels[axis + 1 :]
    if any(labels.count(label) > Y.labels.count(label) for label in labels):
        raise DataFormatError(f"{name} is labelled '{value.labels}', but Y '{Y.labels}'.")
    places = sorted(places_of(labels, Y.labels))
    arranged = Labelled(data, labels).in_order("".join(Y.labels[at] for at in places))
    shape = [1] * len(Y.labels)
    for axis, size in zip(places, arranged.shape, strict=True):
        shape[axis] = size
    return _expanding(Y, name, arranged.reshape(shape))


def _expanding(Y: Labelled, name: str, data: Tensor) -> Tensor:
    if any(n not in (1, m) for n, m in zip(data.shape, Y.data.shape, strict=True)):
        raise DataFormatError(
            f"{name}, {size_text(tuple(data.shape))} in the order of Y, does not expand to Y, "
            f"{size_text(tuple(Y.data.shape))} '{Y.labels}'."
        )
    return data


def _divisor(Y: Labelled, factor: str, counted: Tensor | None) -> float:
    n = Y.size("B")
    if factor in ("batch-size", "none", "all-elements"):
        return {"batch-size": n, "none": 1, "all-elements": Y.data.numel()}[factor]
    if factor == "target-included" or counted is None:
        why = "needs a Mask" if counted is None and factor == "mask-included" else "is not certain"
        raise PropertyError(
            f"NormalizationFactor '{factor}' {why}.",
            where=("NormalizationFactor",),
            remedy="use 'none' and divide the loss yourself.",
        )
    each = counted if "B" not in Y.labels else counted.movedim(Y.axis("B"), 0).flatten(1)
    elements = (each != 0).reshape(n, -1).sum(1)
    if bool((elements != elements[0]).any()):
        raise PropertyError(
            "NormalizationFactor 'mask-included' is not certain for a mask with "
            f"{int(elements.min())} to {int(elements.max())} elements in an observation.",
            where=("NormalizationFactor",),
            remedy="use 'none' and divide the loss yourself.",
        )
    return n * int(elements[0])
