"""What MATLAB's constructor functions share: positional arguments, name-value pairs, expansion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from .base import Layer
from .name_value import name_value_pairs

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
    return layer_class(**dict(zip(layer_class.arguments, positional, strict=True)), **values)
