"""What MATLAB's constructor functions share: positional arguments, name-value pairs, expansion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from ..errors import PropertyError
from .base import Layer
from .name_value import name_value_pairs
from .properties import auto_or_positive_integer

L = TypeVar("L", bound=Layer)
#: An argument that sets properties of other names: ``Padding`` sets PaddingMode and PaddingSize.
Expansion = Callable[[object], dict[str, object]]


def construct(
    layer_class: type[L],
    positional: Sequence[object],
    pairs: Sequence[object],
    options: Mapping[str, object],
    expansions: Mapping[str, Expansion] | None = None,
    without: Sequence[str] = (),
) -> L:
    """The layer that a constructor function of MATLAB makes.

    Parameters
    ----------
    positional:
        Values of ``layer_class.arguments``.
    pairs, options:
        The name-value arguments, in MATLAB's old and new form.
    expansions:
        Arguments that are no properties themselves.
    without:
        Properties that the function does not take, since an argument above sets them.

    Raises
    ------
    PropertyError
        An unknown name, or a value that MATLAB would refuse.
    """
    expansions = expansions or {}
    names = {*layer_class.properties, *expansions} - {*layer_class.arguments, *without}
    values: dict[str, object] = {}
    for name, value in name_value_pairs(layer_class.constructor, names, pairs, options).items():
        values.update(expansions[name](value) if name in expansions else {name: value})
    _refuse_empty_sizes(layer_class, values)
    return layer_class(**dict(zip(layer_class.arguments, positional, strict=True)), **values)


def _refuse_empty_sizes(layer_class: type[Layer], values: Mapping[str, object]) -> None:
    """[] stands for 'auto' in files only: MATLAB's functions do not take it."""
    for name, value in values.items():
        declared = layer_class.properties.get(name)
        is_size = declared is not None and declared.convert is auto_or_positive_integer
        if is_size and np.size(np.asarray(value, dtype=object)) == 0:
            raise PropertyError(
                f"{name} must be 'auto' or a positive integer; got [].",
                where=(layer_class.__name__, name),
                remedy=f"leave {name} out, or give the number.",
            )
