"""Dimension labels ("SSCB") and the way between MATLAB's order and torch's.

MATLAB stores arrays column-major with the batch last (H×W×C×N); torch row-major with the batch
first (N,C,H,W). The two meet in one fact: **a column-major H×W×C×N array is, byte for byte, a
row-major N×C×W×H array**, so reversing the axes moves no element.

Labels, from the specification: S spatial, C channel, B batch, T time, U unspecified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .arrays import Array
from .display import size_text
from .errors import DataFormatError
from .plain_text import plain_text
from .wording import argument

LABELS = "SCBTU"

#: Arrays of up to so many elements are shown with them.
_SHOWN = 12


@dataclass(frozen=True)
class DataFormat:
    """A checked format string; iterate :attr:`labels` for the label of each dimension."""

    labels: str

    @classmethod
    def parse(cls, text: object) -> DataFormat:
        """Check a format such as ``"SSCB"``; case does not matter.

        Raises ``DataFormatError``: not text, empty, an unknown label, or C, B or T more than once.
        """
        text = plain_text(text)
        if not isinstance(text, str) or not text:
            raise DataFormatError(
                f"The data format must be text such as 'SSCB', not {text!r}.",
                remedy="label each dimension: S spatial, C channel, B batch, T time.",
            )
        labels = text.upper()
        counts = Counter(labels)
        if unknown := sorted(set(labels) - set(LABELS)):
            raise DataFormatError(
                f"The data format '{text}' has the unknown label '{unknown[0]}'.",
                remedy="use S spatial, C channel, B batch, T time, U unspecified.",
            )
        if repeated := [label for label in "CBT" if counts[label] > 1]:
            raise DataFormatError(
                f"The data format '{text}' has '{repeated[0]}' more than once.",
                remedy="only S and U can repeat; label other dimensions U.",
            )
        return cls(labels)

    @property
    def canonical(self) -> str:
        """The labels in MATLAB's own order: S, C, B, T, U."""
        return "".join(label * self.labels.count(label) for label in LABELS)

    @property
    def order(self) -> tuple[int, ...]:
        """The axes of the data in canonical order (the first S stays the first)."""
        axes = range(len(self.labels))
        return tuple(sorted(axes, key=lambda axis: (LABELS.index(self.labels[axis]), axis)))

    def expanded(self, array: Array) -> Array:
        """``array`` with the trailing size-1 dimensions that MATLAB drops put back.

        Raises ``DataFormatError``: the array has more dimensions than the format has labels.
        """
        n = len(self.labels)
        if any(size != 1 for size in array.shape[n:]):
            raise DataFormatError(
                f"The data is {size_text(array.shape)} but the format '{self.labels}' labels "
                f"{n} dimension{'s' * (n > 1)}.",
                remedy="label every dimension, for example "
                f"{argument('data_format', 'SSCB')} for images.",
            )
        kept = (slice(None),) * min(n, array.ndim) + (0,) * (array.ndim - n)
        return array[kept + (np.newaxis,) * (n - array.ndim)]

    @property
    def batched(self) -> str:
        """The canonical labels with a batch dimension, which all torch data has."""
        with_batch = self if "B" in self.labels else DataFormat(self.labels + "B")
        return with_batch.canonical

    def to_torch(self, array: Array) -> Array:
        """A view in torch's order: batch (added if missing), channel, space, time."""
        canonical = self.to_canonical(array)
        if "B" not in self.labels:
            canonical = np.expand_dims(canonical, self.batched.index("B"))
        return canonical.transpose(torch_axes(self.batched))

    def from_torch(self, array: Array, labels: str) -> tuple[Array, str]:
        """An output in torch's order, and its ``labels``, as data in MATLAB's order.

        The batch goes if the input, which this format describes, had none; the dimensions come in
        the input's order where they have the same labels, else in MATLAB's.
        """
        result = array.transpose(matlab_axes(labels))
        if "B" not in self.labels and "B" in labels:
            result = np.squeeze(result, axis=labels.index("B"))
        as_input = self.of_output(labels)
        return (self.from_canonical(result) if as_input == self.labels else result), as_input

    def of_output(self, labels: str) -> str:
        """The labels of an output in MATLAB's order, where the batched ones are ``labels``."""
        if "B" not in self.labels:
            labels = labels.replace("B", "")
        return self.labels if sorted(labels) == sorted(self.labels) else labels

    def to_canonical(self, array: Array) -> Array:
        """A view of ``array`` with its dimensions in canonical order."""
        return self.expanded(array).transpose(self.order)

    def from_canonical(self, array: Array) -> Array:
        """The inverse of :meth:`to_canonical`: back to the order of this format."""
        return array.transpose(np.argsort(self.order))


@lru_cache(maxsize=256)
def torch_axes(labels: str) -> tuple[int, ...]:
    """The axes of data labelled in MATLAB's order, put in torch's: batch, channel, space, time."""
    return tuple(sorted(range(len(labels)), key=lambda axis: ("BCSTU".index(labels[axis]), axis)))


@lru_cache(maxsize=256)
def matlab_axes(labels: str) -> tuple[int, ...]:
    """The inverse of :func:`torch_axes`: the axes of data in torch's order, put in MATLAB's."""
    axes = torch_axes(labels)
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


class dlarray:  # MATLAB's name
    """An array with dimension labels, like MATLAB's ``dlarray(X, "SSCB")``.

    The data is kept in MATLAB's order of labels (S, C, B, T, U), as MATLAB does.

    Parameters
    ----------
    data:
        The array; its dimensions are those that ``labels`` names.

    Raises
    ------
    DataFormatError
        The labels are no format, or too few for the data.
    """

    def __init__(self, data: object, labels: str) -> None:
        data_format = DataFormat.parse(labels)
        self._data = data_format.to_canonical(np.asarray(data))
        self._labels = data_format.canonical

    def dims(self) -> str:
        """The labels, for example "SSCB"."""
        return self._labels

    def extractdata(self) -> Array:
        """The array without labels."""
        return self._data

    @property
    def shape(self) -> tuple[int, ...]:
        """The size, in the order of :meth:`dims`."""
        return self._data.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self._data, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        if self._data.size <= _SHOWN:
            return f"dlarray({self._data!r}, {self._labels!r})"
        return f"<{size_text(self._data.shape)} {self._data.dtype} dlarray {self._labels!r}>"

    def __str__(self) -> str:
        return f"dlarray({self._data!r}, {self._labels!r})"

    def _repr_html_(self) -> str:
        from .pages.markup import preformatted
        from .pages.notebook import fragment
        from .pages.weights import weights_table

        heading = f"{size_text(self.shape)} {self._data.dtype} dlarray '{self._labels}'"
        if self._data.size <= _SHOWN:
            return fragment(heading, preformatted(str(self._data)))
        return fragment(heading, weights_table([(self._labels, self._data)]))


def require_format(given: str, allowed: Collection[str], remedy: str = "") -> None:
    """Refuse a format that a layer does not take.

    Raises ``DataFormatError``: naming the formats that it takes, or with the ``remedy`` of the
    layer.
    """
    if given not in allowed:
        names = " or ".join(f"'{name}'" for name in allowed)
        raise DataFormatError(
            f"The layer takes data labelled {names}, not '{given}'.",
            remedy=remedy or f"label or reshape the data as {names}.",
        )
