"""What surrounds every run of a model out of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

from matlab_compat.errors import enough_memory, locating

from .matfile import Limits


@contextmanager
def running(path: str | PathLike[str], limits: Limits) -> Iterator[None]:
    """Errors name the file; lack of memory is one of them; a bound on what layers may ask for.

    Raises ``LimitExceededError``: a layer would make an array of more elements than
    ``LARGEST_ACTIVATION``, or than ``limits.max_elements`` if that is more; ``UsageError``: there
    is not enough memory.
    """
    from matlab_compat.execution.sizes import LARGEST_ACTIVATION, bounded_activations

    elements = max(LARGEST_ACTIVATION, limits.max_elements)
    with locating(str(path)), enough_memory(), bounded_activations(elements):
        yield
