"""Arrays of numpy, and MATLAB's habit of dropping trailing dimensions of size 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

#: An array of any class and size.
Array = npt.NDArray[Any]
#: Elements below which numpy's product takes less time than to look at each, and no threads.
FEW = 10_000
#: MATLAB's classes of numbers, as numpy has them.
NUMPY: dict[str, np.dtype[Any]] = {
    "double": np.dtype(np.float64),
    "single": np.dtype(np.float32),
    "logical": np.dtype(np.bool_),
    **{f"{u}int{bits}": np.dtype(f"{u}int{bits}") for u in ("", "u") for bits in (8, 16, 32, 64)},
}


def restored(array: Array, shape: tuple[int | None, ...]) -> Array | None:
    """``array`` with the trailing size-1 dimensions that MATLAB dropped put back.

    ``None`` in ``shape`` stands for any size. Returns ``None`` where the sizes contradict: only
    missing ones are added (and surplus ones removed), nothing is ever reshaped.
    """
    given = array.shape + (1,) * (len(shape) - array.ndim)
    if any(n != 1 for n in given[len(shape) :]):
        return None
    given = given[: len(shape)]
    if any(want not in (None, have) for want, have in zip(shape, given, strict=True)):
        return None
    return array.reshape(given, order="F")


def as_vector(array: Array, shape: tuple[int, ...]) -> Array | None:
    """A vector of any orientation as ``shape`` (a 1×1×F bias); ``None`` if it is no such vector."""
    if array.size != math.prod(shape) or max(array.shape, default=1) != array.size:
        return None
    return array.reshape(shape, order="F")


def cell_array(items: Iterable[Any], shape: Sequence[int] | None = None) -> Array:
    """A cell array: a row, or of another size with the items in MATLAB's order."""
    made = np.fromiter(items, object)
    return made.reshape((1, made.size) if shape is None else tuple(shape), order="F")


def as_tuple(results: Any) -> tuple[Any, ...]:
    """The results of whatever gives one, or a tuple of several."""
    return results if isinstance(results, tuple) else (results,)


def is_finite(x: Array) -> bool:
    """Whether all elements are, of an array of numbers; also false for some huge ones.

    In this thread: torch's go on spinning, beside those of an engine. And of numpy's products vdot
    warns of no overflow.
    """
    if x.size < FEW:
        return math.isfinite(np.vdot(x, x))
    return bool(np.isfinite(x).all())
