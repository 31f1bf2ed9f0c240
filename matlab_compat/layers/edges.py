"""How MATLAB writes what is added to or cut off the edges of data: PaddingSize and CroppingSize.

===== ======================= =====================================================
dims  property, as files hold argument of the constructor function
===== ======================= =====================================================
1     ``[l r]``               a scalar, ``[l r]``
2     ``[t b l r]``           a scalar, ``[a b]`` (vertical, horizontal), ``[t b l r]``
3     ``[t l f; b r k]``      a scalar, ``[a b c]``, ``[t l f; b r k]``
===== ======================= =====================================================

Files of 3-D layers hold six numbers in a row. Whether they are [t b l r f k], as in two dimensions,
or [t l f b r k] no real file has settled, so only those are read that mean the same either way or
make sense one way: opposite edges alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..display import matlab_text
from ..errors import MatlabCompatWarning, PropertyError
from .base import Layer
from .properties import Converter, PerDimension, Property, nonnegative_integers, optional, shown
from .saved_fields import used

#: A vector of integers; in three dimensions the two rows of a 2×3 matrix.
Edges = tuple[Any, ...]
#: (before, after) of one dimension.
Pair = tuple[int, int]


def edge_sizes(dims: int) -> Converter[Edges | None]:
    """The canonical form of a property for ``dims`` dimensions; ``[]`` for "not set"."""
    return optional(_matrix_or_row if dims == 3 else nonnegative_integers(2 * dims))


def edge_property(argument: str) -> Property[Any]:
    """PaddingSize or CroppingSize, which the ``argument`` sets."""
    docs = ("[l r].", "[t b l r].", "[t l f; b r k].")
    return PerDimension(edge_sizes, None, docs, read_only=True, argument=argument)


def _matrix_or_row(value: object) -> Edges:
    """As :func:`_matrix`, or the six numbers in a row that a file holds."""
    size = np.shape(np.asarray(value, dtype=object))
    if max(size, default=1) != 6 or int(np.prod(size)) != 6:
        return _matrix(value)
    p = nonnegative_integers(6)(value)
    if p[::2] == p[1::2]:  # [t b l r f k]
        return p[::2], p[1::2]
    if p[:3] == p[3:]:  # [t l f b r k]
        return p[:3], p[3:]
    raise ValueError(
        "must be a 2×3 matrix [t l f; b r k]: of six numbers in a row it is not known which edge "
        "each is for, unless opposite edges are alike"
    )


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


def _edge_argument(value: object, dims: int) -> Edges:
    count = int(np.size(np.asarray(value, dtype=object)))
    if dims > 1 and count == dims:
        return edges_of(tuple((n, n) for n in nonnegative_integers(dims)(value)))
    if count == 0:
        raise ValueError("must not be empty")
    return (_matrix if dims == 3 else nonnegative_integers(2 * dims))(value)


def merge_legacy_edges(
    argument: str, dims: int, extra: Mapping[str, object], values: dict[str, object]
) -> None:
    """Put a file's field ``Padding`` or ``Cropping`` into the ``values`` of the properties.

    Releases before R2018a (before R2019a for Cropping) have it in the place of Mode and Size.
    Where a file has both they must agree.

    Raises ``PropertyError``: it is none, or contradicts the Size.
    """
    legacy = next((v for name, v in extra.items() if name.lower() == argument.lower()), None)
    if legacy is None:
        return
    said = edge_properties(argument, dims, legacy)
    if f"{argument}Size" not in values:
        values.update(said)
        return
    try:
        size = edge_sizes(dims)(values[f"{argument}Size"])
    except ValueError:  # refused where all properties are checked
        return
    mode = str(values.get(f"{argument}Mode", "manual")).lower()
    if mode == "manual" and size is not None and size != said.get(f"{argument}Size"):
        raise PropertyError(
            f"{argument} {matlab_text(legacy)} and {argument}Size {matlab_text(size)} contradict "
            "each other.",
            where=(f"{argument}Size",),
            remedy=f"save {argument}Size alone: it is the property that MATLAB uses.",
        )


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


def is_same(sizes: object, pairs: tuple[Pair, ...]) -> bool:
    """Whether what a file holds in 'same' mode can mean these edges, in whatever order of six."""
    saved = np.asarray(sizes).ravel().tolist()
    return saved in (np.ravel(edges_of(pairs)).tolist(), np.ravel(pairs).tolist())


def edge_text(sizes: Edges | None) -> str:
    """In a layer's row: ``[1  1  0  0]``, ``[1  1  1; 0  0  0]``."""
    rows = sizes if sizes and isinstance(sizes[0], tuple) else (sizes or (),)
    return "[" + "; ".join("  ".join(str(n) for n in row) for row in rows) + "]"


def without_same_size(kind: str, values: Mapping[str, object]) -> dict[str, object]:
    """Saved fields without the size that 'same' mode had in training. ``kind``: "Padding", say."""
    mode = values.get(f"{kind}Mode")
    same = isinstance(mode, str) and mode.lower() == "same"
    return {k: v for k, v in values.items() if not same or k != f"{kind}Size"}


#: The forms of the argument, for error messages.
ARGUMENT_FORMS = {
    1: "a scalar or [l r]",
    2: "a scalar, [a b] or [t b l r]",
    3: "a scalar, [a b c] or [t l f; b r k]",
}


def edge_properties(
    argument: str, dims: int, value: object, modes: tuple[str, ...] = ("same",)
) -> dict[str, object]:
    """``Padding`` or ``Cropping`` as the properties of its Mode and Size, or ``PropertyError``."""
    if isinstance(value, str) and value.lower() in modes:
        return {f"{argument}Mode": value.lower()}
    try:
        return {f"{argument}Mode": "manual", f"{argument}Size": _edge_argument(value, dims)}
    except ValueError:
        names = ", ".join(f"'{mode}'" for mode in modes)
        raise PropertyError(
            f"{argument} must be {names} or nonnegative integers: {ARGUMENT_FORMS[dims]}; "
            f"got {shown(value)}.",
            where=(argument,),
        ) from None


class EdgesLayer(Layer):
    """What the layers share that add edges to data or cut them off: Padding or Cropping."""

    #: The argument, "Padding" or "Cropping", that sets the properties of its Mode and Size.
    edges: ClassVar[str] = "Padding"
    #: Values of Mode that the argument takes as text.
    edge_modes: ClassVar[tuple[str, ...]] = ("same",)

    @classmethod
    def expansions(cls) -> dict[str, Callable[[object], dict[str, object]]]:
        """Padding says PaddingMode and PaddingSize; Cropping likewise."""
        return {cls.edges: partial(edge_properties, cls.edges, cls.dims, modes=cls.edge_modes)}

    @classmethod
    def _from_file(
        cls, values: dict[str, object], extra: Mapping[str, object]
    ) -> dict[str, object]:
        """Saved values, with those of older releases, without the size that 'same' mode had."""
        merge_legacy_edges(cls.edges, cls.dims, extra, values)
        return without_same_size(cls.edges, values)

    def constructor_options(self) -> dict[str, object]:
        """Padding in the place of PaddingSize and PaddingMode; Cropping likewise."""
        options = super().constructor_options()
        mode, size = options.pop(f"{self.edges}Mode"), options.pop(f"{self.edges}Size")
        options[self.edges] = size if mode == "manual" else mode
        return options

    def constructor_defaults(self) -> dict[str, object]:
        """Padding or Cropping is zero."""
        return {**super().constructor_defaults(), self.edges: edges_of(((0, 0),) * self.dims)}

    def _same_edges(self) -> tuple[Pair, ...] | None:
        """What 'same' comes to; ``None`` where that depends on the input."""
        return None

    def _warn_if_same_disagrees(self, saved_size: object) -> None:
        """Where the rule does not depend on the input a file can be checked."""
        saved = np.asarray(saved_size if saved_size is not None else ())
        rule = self._same_edges() if self.values[f"{self.edges}Mode"] == "same" else None
        if rule is not None and saved.size and not is_same(saved, rule):
            warnings.warn(
                f"{self.label}: {self.edges}Mode is 'same' but the saved {self.edges}Size "
                f"{shown(saved.ravel())} is not the rule's {edge_text(edges_of(rule))}; "
                "the rule is used. Please report this file.",
                MatlabCompatWarning,
                stacklevel=3,
            )


class PaddedLayer(
    EdgesLayer,
    saved_fields={"Padding": used("[a b] of releases before R2018a, in the place of PaddingSize")},
):
    """What convolutions and pooling share: their data gets edges."""

    PaddingMode: Property[Any]
    PaddingSize: Property[Any]

    @property
    def padding(self) -> tuple[Pair, ...] | None:
        """((top, bottom), (left, right)): PaddingSize by dimension; ``None`` in 'same' mode."""
        return None if self.PaddingMode == "same" else edge_pairs(self.PaddingSize, self.dims)

    def _validate(self) -> None:
        self._values["PaddingSize"] = self._padding_size()
        super()._validate()

    def _padding_size(self) -> Edges | None:
        if self.PaddingMode == "same":
            return None  # a file's is that of the input it was trained with
        return self.PaddingSize or edges_of(((0, 0),) * self.dims)
