"""``dims``, ``finddim`` and ``stripdims``: the labels of an array.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from typing import Any

from ..arrays import Array
from ..data_format import LABELS, DataFormat, dlarray
from ..engine.arrays import real_array
from ..errors import DataFormatError
from ..plain_text import plain_text
from .labelled import Labelled, places_of


def dims(X: object) -> str:
    """The labels of an array, empty for one that has none.

    Parameters
    ----------
    X:
        A ``dlarray``, or any other array, which has none.

    Examples
    --------
    >>> from matlab_compat import dlarray
    >>> dims(dlarray([[1.0, 2.0]], "TS"))
    'ST'
    """
    if isinstance(X, Labelled):
        return X.labels
    return X.dims() if isinstance(X, dlarray) else ""


def finddim(X: object, label: object) -> list[int]:
    """The dimensions with a label, counted from 1; none gives an empty list.

    Raises ``DataFormatError``: no such label.

    Parameters
    ----------
    X:
        A ``dlarray``; any other array has no labels.
    label:
        'S', 'C', 'B', 'T' or 'U'.

    Examples
    --------
    >>> import numpy as np
    >>> from matlab_compat import dlarray
    >>> X = dlarray(np.zeros((28, 28, 3, 8)), "SSCB")
    >>> finddim(X, "S"), finddim(X, "C"), finddim(X, "T")
    ([1, 2], [3], [])
    """
    label = plain_text(label)
    if not isinstance(label, str) or label.upper() not in tuple(LABELS):
        raise DataFormatError(
            f"finddim: {label!r} is no label.", remedy="use one of S, C, B, T and U."
        )
    return [axis for axis, have in enumerate(dims(X), 1) if have == label.upper()]


def stripdims(X: object, fmt: object = None) -> Any:
    """The array without its labels, in MATLAB's order of them or in that of ``fmt``.

    Raises ``DataFormatError``: ``fmt`` does not have the labels of X.

    Parameters
    ----------
    X:
        A ``dlarray``; an array without labels comes back as it is.
    fmt:
        The labels of X in the order wanted, such as "BC".

    Examples
    --------
    >>> from matlab_compat import dlarray
    >>> X = dlarray([[1.0, 2.0]], "BC")
    >>> stripdims(X).shape, stripdims(X, "BC").shape
    ((2, 1), (1, 2))
    """
    labels = dims(X)
    if fmt is not None:
        wanted = DataFormat.parse(fmt).labels
        if sorted(wanted) != sorted(labels):
            raise DataFormatError(f"stripdims: X is labelled '{labels}', which is not '{wanted}'.")
        order = places_of(wanted, labels)
    else:
        order = list(range(len(labels)))
    if isinstance(X, Labelled):
        return Labelled(X.data.permute(order) if labels else X.data)
    if isinstance(X, dlarray):
        stripped: Array = X.extractdata().transpose(order)
        return stripped
    return X if hasattr(X, "detach") else real_array(X, "input", kinds="biufc")
