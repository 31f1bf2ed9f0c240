"""How MATLAB writes what is added to or cut off the edges of data: PaddingSize and CroppingSize.

===== ======================= =====================================================
dims  property, as files hold argument of the constructor function
===== ======================= =====================================================
1     ``[l r]``               a scalar, ``[l r]``
2     ``[t b l r]``           a scalar, ``[a b]`` (vertical, horizontal), ``[t b l r]``
3     ``[t l f; b r k]``      a scalar, ``[a b c]``, ``[t l f; b r k]``
===== ======================= =====================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import PropertyError
from .properties import Converter, nonnegative_integers, optional, shown

#: A vector of integers; in three dimensions the two rows of a 2×3 matrix.
Edges = tuple[Any, ...]
#: (before, after) of one dimension.
Pair = tuple[int, int]


def edge_sizes(dims: int) -> Converter[Edges | None]:
    """The canonical form of a property for ``dims`` dimensions; ``[]`` for "not set"."""
    return optional(_matrix if dims == 3 else nonnegative_integers(2 * dims))


def _matrix(value: object) -> Edges:
    """``[t l f; b r k]`` as two tuples; a scalar is meant for all edges."""
    rule = "must be a 2×3 matrix of nonnegative integers [t l f; b r k], or a scalar for all"
    size = np.shape(np.asarray(value, dtype=object))
    if int(np.prod(size)) != 1 and size != (2, 3):
        raise ValueError(rule)
    try:
        numbers = nonnegative_integers(6)(np.reshape(np.asarray(value), -1))
    except ValueError:
        raise ValueError(rule) from None
    return numbers[:3], numbers[3:]


def edge_argument(value: object, dims: int) -> Edges:
    """The argument ``Padding`` or ``Cropping``, in any of its numeric forms, as the property.

    Raises
    ------
    ValueError
        It has none of the forms.
    """
    count = int(np.size(np.asarray(value, dtype=object)))
    if dims > 1 and count == dims:
        each = nonnegative_integers(dims)(value)
        return edges_of(tuple((n, n) for n in each))
    sizes = edge_sizes(dims)(value)
    if sizes is None:
        raise ValueError("must not be empty")
    return sizes


def edge_pairs(sizes: Edges | None, dims: int) -> tuple[Pair, ...]:
    """((before, after), ...) for every dimension; nothing for ``[]``."""
    if sizes is None:
        return ((0, 0),) * dims
    if dims == 3:
        return tuple(zip(*sizes, strict=True))
    return tuple(zip(sizes[::2], sizes[1::2], strict=True))


def edges_of(pairs: tuple[Pair, ...]) -> Edges:
    """The inverse of :func:`edge_pairs`."""
    if len(pairs) == 3:
        return tuple(zip(*pairs, strict=True))
    return tuple(n for pair in pairs for n in pair)


def edge_text(sizes: Edges | None) -> str:
    """In a layer's row: ``[1  1  0  0]``, ``[1  1  1; 0  0  0]``."""
    rows = sizes if sizes and isinstance(sizes[0], tuple) else (sizes or (),)
    return "[" + "; ".join("  ".join(str(n) for n in row) for row in rows) + "]"


#: The forms of the argument, for error messages.
ARGUMENT_FORMS = {
    1: "a scalar or [l r]",
    2: "a scalar, [a b] or [t b l r]",
    3: "a scalar, [a b c] or [t l f; b r k]",
}


def edge_properties(
    argument: str, dims: int, value: object, modes: tuple[str, ...] = ("same",)
) -> dict[str, object]:
    """The argument ``Padding`` or ``Cropping`` as the properties of its Mode and Size.

    Raises
    ------
    PropertyError
        It is neither one of the ``modes`` nor a legal number of nonnegative integers.
    """
    if isinstance(value, str) and value.lower() in modes:
        return {f"{argument}Mode": value.lower()}
    try:
        return {f"{argument}Mode": "manual", f"{argument}Size": edge_argument(value, dims)}
    except ValueError:
        names = ", ".join(f"'{mode}'" for mode in modes)
        raise PropertyError(
            f"{argument} must be {names} or nonnegative integers: {ARGUMENT_FORMS[dims]}; "
            f"got {shown(value)}.",
            where=(argument,),
        ) from None
