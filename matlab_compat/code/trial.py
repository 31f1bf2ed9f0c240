"""Code that is run on small arrays, whose sizes it takes, for the labels of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod

import numpy as np
import torch

from ..arrays import Array
from ..errors import CodeError, DataFormatError, UnsupportedLayerError
from ..language import syntax
from .definitions import FunctionDefinition
from .finding import nodes_of
from .numeric import Numeric, numeric
from .values import Value

#: Combinations of sizes that are tried, at most, for the labels of outputs.
_TRIALS = 200
#: Numbers of observations that it is tried with: some code takes one alone.
_OBSERVATIONS = (2, 1)
#: Elements of an input that is tried, at most.
_LARGEST = 2**22


def by_trial(
    run: Callable[[Sequence[Numeric]], tuple[Value, ...]],
    formats: Sequence[str],
    properties: Sequence[object],
    function: FunctionDefinition,
    labelled: Sequence[bool],
) -> tuple[tuple[Value, ...], tuple[tuple[int, ...], ...]]:
    """The outputs for zeros of the first sizes that the code takes, and these sizes.

    Raises ``DataFormatError``: it takes none of them; ``UnsupportedLayerError``: it uses what is
    not known here.

    Parameters
    ----------
    properties:
        Values whose sizes and numbers are among those that are tried.
    function:
        The code; so are the numbers that it says.
    labelled:
        Whether each input is given its labels.
    """
    first: Exception | None = None
    every = list(_sizes(properties, said_numbers(function), formats))
    for count, (channels, space) in product(_OBSERVATIONS, every):
        given = zip(formats, channels, strict=True)
        sizes = tuple(trial_size(labels, n, space, count) for labels, n in given)
        if max(map(prod, sizes)) > _LARGEST:
            continue
        inputs = [
            numeric(torch.zeros(size), labels if with_labels else "", True)
            for size, labels, with_labels in zip(sizes, formats, labelled, strict=True)
        ]
        try:
            with torch.no_grad():
                return run(inputs), sizes
        except UnsupportedLayerError:
            raise
        except (CodeError, DataFormatError, RuntimeError, ValueError, IndexError) as error:
            first = first or error
    raise DataFormatError(
        f"The code does not run on '{formats[0]}' data of any of the sizes that were tried, so "
        f"that the labels of its outputs are not known; of the first: {first}",
        where=(function.where,),
    )


def said_numbers(function: FunctionDefinition) -> list[Array]:
    """The numbers that a function says within each of its calls and indices."""
    found = {
        tuple(one.value for one in node.walk() if isinstance(one, syntax.Number)): None
        for node in nodes_of(function.said)
        if isinstance(node, syntax.Index)
    }
    return [np.array(numbers) for numbers in found]


def trial_size(
    labels: str, channels: int, space: Sequence[int], observations: int = _OBSERVATIONS[0]
) -> tuple[int, ...]:
    """A small size in MATLAB's order, of so many channels and such an image."""
    sides = iter((*space, *[space[-1]] * len(labels)))
    return tuple(
        {"C": channels, "B": observations, "T": 5}.get(label) or next(sides) for label in labels
    )


def _sizes(
    properties: Sequence[object], said: Sequence[Array], formats: Sequence[str]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The numbers of channels of each input, and sizes of images, that the code may want.

    First those of its properties, then small ones, then the numbers that it says; as many channels
    for all inputs, then each its own.
    """
    arrays = [
        np.asarray(value)
        for value in properties
        if isinstance(value, np.ndarray | int | float) and not isinstance(value, bool)
    ]
    arrays = [array for array in arrays if array.dtype.kind in "fiu" and array.size]
    numbers = [int(n) for array in arrays for n in reversed(array.shape) if n > 1]
    numbers += _wanted(arrays)
    channels = [*numbers, 3, 1, 2, 4, 8, *_wanted(said)]
    space: list[tuple[int, ...]] = [(8, 6)]
    space += [tuple(array.shape[:3]) for array in arrays]
    space += [(n, n) for n in (*numbers, 1, 4, 16, 28, 32, 64, *_wanted(said))]
    if not any("S" in labels for labels in formats):
        space = space[:1]
    same = ((n,) * len(formats) for n in dict.fromkeys(channels))
    own = product(dict.fromkeys(channels), repeat=len(formats)) if len(formats) > 1 else ()
    for every in (same, own):
        for _, (side, counts) in zip(
            range(_TRIALS), product(dict.fromkeys(space), every), strict=False
        ):
            yield counts, side


def _wanted(arrays: Sequence[Array]) -> list[int]:
    """The numbers in small arrays, and their products: what is reshaped has so many elements."""
    few = [array.ravel(order="F") for array in arrays if array.size <= 8]
    numbers = [n for array in few for n in (*array, *np.cumprod(array)[1:])]
    return [int(n) for n in numbers if np.isfinite(n) and n == int(n) and 1 <= n <= 65536]
