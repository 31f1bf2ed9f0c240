"""What windows and filters that move over labelled data share: which dimensions, steps, edges."""

from __future__ import annotations

import numpy as np

from ..data_format import DataFormat
from ..display import counted
from ..errors import DataFormatError, PropertyError
from ..layers.edges import Pair
from ..layers.properties import nonnegative_integers, positive_integers
from .labelled import option


def worked_labels(labels: str, wanted: object = None) -> str:
    """The labels of the dimensions that a window moves over: all S, or those of its own format.

    Raises
    ------
    DataFormatError
        None, more than three, or not as many as the data has.
    """
    worked = "S" * labels.count("S")
    if wanted is not None:
        worked = "".join(label for label in DataFormat.parse(wanted).labels if label in "ST")
    check_worked(labels, worked, "window", 'PoolFormat="T"')
    return worked


def check_worked(labels: str, worked: str, what: str, over_time: str) -> None:
    """Refuse data that does not have the dimensions for a filter or window.

    ``over_time`` is what labels it to move over time.

    Raises ``DataFormatError``: as :func:`worked_labels`.
    """
    if not 1 <= len(worked) <= 3:
        raise DataFormatError(
            f"The data '{labels}' has {counted(len(worked), 'dimension')} to filter, not one to "
            "three.",
            remedy=f"to filter over time, label the {what}: {over_time}.",
        )
    if any(labels.count(label) != worked.count(label) for label in set(worked)):
        raise DataFormatError(
            f"The {what} filter '{worked}', but the data is '{labels}'.",
            remedy=f"give the {what} a dimension for every S of the data.",
        )


def steps(name: str, value: object, dims: int) -> tuple[int, ...]:
    """A scalar, or a positive integer for every dimension moved over."""
    found: tuple[int, ...] = option(name, positive_integers(dims), value)
    return found


def edges(name: str, value: object, dims: int) -> tuple[Pair, ...]:
    """``Padding`` or ``Cropping``: a scalar, one per dimension, or a row before and a row after.

    Raises ``PropertyError``: none of these.
    """
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


def edges_or_same(name: str, value: object, dims: int) -> tuple[Pair, ...] | None:
    """As :func:`edges`; ``None`` for 'same'."""
    if isinstance(value, str) and value.lower() == "same":
        return None
    return edges(name, value, dims)
