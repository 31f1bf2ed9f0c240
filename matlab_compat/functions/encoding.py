"""``onehotencode`` and ``onehotdecode``: class labels as vectors of zeros and ones, and back.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import NUMPY, Array
from ..data_format import dlarray
from ..display import counted, size_text
from ..engine.arrays import real_array
from ..errors import DataFormatError, PropertyError, locating
from ..layers.name_value import name_value_pairs
from ..layers.properties import one_of, positive_integer
from ..plain_text import plain_text, plain_texts
from .labelled import option

#: How MATLAB shows a categorical that has no value.
UNDEFINED = "<undefined>"


def onehotencode(
    A: object, featureDim: object, typename: object = "single", *pairs: object, **options: object
) -> Array:
    """Class labels as vectors of zeros and one 1.

    Parameters
    ----------
    A:
        Class labels: a categorical, texts, or with ``ClassNames`` numbers. A list is a vector along
        any dimension but ``featureDim``. ``None`` and NaN are undefined.
    featureDim:
        The dimension (from 1) of the result that runs over the classes; A has size 1 there.
    typename:
        The class of the result, default 'single'.
    ClassNames:
        The classes in order; default the categories, for texts the different ones sorted.

    Returns
    -------
    Of the size of A, with as many elements along ``featureDim`` as there are classes; undefined
    labels are NaN.

    Raises
    ------
    DataFormatError
        A is larger than 1 along featureDim.
    PropertyError
        Numbers without ClassNames, a label that is none of them, or undefined ones in a class
        that has no NaN.

    Examples
    --------
    >>> onehotencode(["cat", "dog", "cat"], 1)
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    with locating("onehotencode"):
        if isinstance(plain_text(typename), str) and str(typename).lower() == "classnames":
            typename, pairs = "single", (typename, *pairs)
        given = name_value_pairs("onehotencode", ("ClassNames",), pairs, options)
        kind = NUMPY[option("typename", one_of(*NUMPY), plain_text(typename))]
        axis = option("featureDim", positive_integer, featureDim) - 1
        codes, classes = _codes(A, given.get("ClassNames"))
        if codes.ndim == 1:
            codes = codes[np.newaxis] if axis == 0 else codes[:, np.newaxis]
        codes = codes.reshape(codes.shape + (1,) * (axis + 1 - codes.ndim))
        if codes.shape[axis] != 1:
            raise DataFormatError(
                f"A is {size_text(codes.shape)}, but must have size 1 along featureDim {axis + 1}."
            )
        if (codes < 0).any() and kind.kind != "f":
            raise PropertyError(f"Undefined labels are NaN, and {typename} has none.")
        shape = [1] * codes.ndim
        shape[axis] = len(classes)
        encoded = (codes == np.arange(len(classes)).reshape(shape)).astype(kind)
        return np.where(codes < 0, np.nan, encoded).astype(kind) if (codes < 0).any() else encoded


def _codes(A: Any, names: object) -> tuple[Array, list[Any]]:
    """The place of every label among the classes, -1 for undefined; and the classes."""
    if hasattr(A, "codes") and hasattr(A, "categories"):  # a categorical of a file
        labels = np.array([None, *A.categories], dtype=object)[np.asarray(A.codes, int)]
        classes = list(A.categories)
    else:
        texts = not isinstance(A, dlarray) and np.asarray(A, dtype=object).size > 0
        labels = np.asarray(A, dtype=object) if texts else np.asarray(A).astype(object)
        labels = np.vectorize(plain_text, otypes=[object])(labels)
        classes = sorted({one for one in labels.flat if isinstance(one, str)})
        if names is None and not all(isinstance(v, str) or _is_missing(v) for v in labels.flat):
            raise PropertyError(
                "Labels that are numbers need the names of the classes.",
                remedy="pass ClassNames=[1, 2, 3], all classes in order.",
            )
    if names is not None:
        classes = list(np.ravel(np.asarray(plain_texts(names), dtype=object), order="F"))
    places = {name: at for at, name in enumerate(classes)}
    codes = np.empty(labels.shape, int)
    for at in np.ndindex(labels.shape):
        label = labels[at]
        codes[at] = -1 if _is_missing(label) else places.get(label, -2)
        if codes[at] == -2:
            raise PropertyError(
                f"The label {label!r} is none of the classes.", where=("ClassNames",)
            )
    return codes, classes


def _is_missing(label: object) -> bool:
    return label is None or label != label or label in ("", UNDEFINED)


def onehotdecode(
    B: object, classes: Sequence[object] | object, featureDim: object, typename: object = ""
) -> Array:
    """The class with the largest number along a dimension.

    Parameters
    ----------
    B:
        Probabilities or one-hot vectors, an array or a ``dlarray``.
    classes:
        The names of the classes, or numbers, in order.
    featureDim:
        The dimension (from 1) of B that runs over the classes.
    typename:
        'categorical' (default) or 'string', texts in both cases, or the name of a numeric class for
        classes that are numbers.

    Returns
    -------
    Of the size of B, with size 1 along ``featureDim``. Where B is NaN, texts are "<undefined>".

    Raises
    ------
    DataFormatError
        B has not one element for each class along featureDim.
    PropertyError
        A typename that is none, or undefined labels in one that has no NaN.

    Examples
    --------
    >>> onehotdecode([[0.9, 0.2], [0.1, 0.8]], ["cat", "dog"], 1)
    array([['cat', 'dog']], dtype='<U3')
    """
    with locating("onehotdecode"):
        names = np.ravel(np.asarray(plain_texts(classes), dtype=object), order="F")
        array = real_array(B, "input")
        axis = option("featureDim", positive_integer, featureDim) - 1
        array = array.reshape(array.shape + (1,) * (max(2, axis + 1) - array.ndim))
        if array.shape[axis] != len(names):
            raise DataFormatError(
                f"B has {counted(array.shape[axis], 'element')} along featureDim {axis + 1} for "
                f"{counted(len(names), 'class')}."
            )
        chosen = names[array.argmax(axis)]
        missing = np.isnan(array.astype(float)).any(axis)
        kinds = ("categorical", "string", *NUMPY)
        kind = option("typename", one_of(*kinds), plain_text(typename) or "categorical")
        if kind in NUMPY:
            if missing.any() and NUMPY[kind].kind != "f":
                raise PropertyError(f"Undefined labels are NaN, and {kind} has none.")
            try:
                numbers = np.where(missing, np.nan, chosen.astype(float)).astype(NUMPY[kind])
            except ValueError:
                raise PropertyError(
                    f"The classes are no numbers, which {kind} labels would be.",
                    where=("typename",),
                ) from None
            return np.expand_dims(numbers, axis)
        texts = chosen.astype(str)
        return np.expand_dims(np.where(missing, UNDEFINED, texts) if missing.any() else texts, axis)
