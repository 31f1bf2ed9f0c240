"""Labels that MATLAB saved in place of scores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Labels:
    """The class of each observation, pixel or time step, as ``classify`` gives them."""

    #: In MATLAB's column-major order; None where it is undefined.
    names: tuple[str | None, ...]
    shape: tuple[int, ...]
    #: All classes in order, where a categorical names them.
    categories: tuple[str, ...] | None = None


def are_labels(value: object) -> bool:
    """Labels, or a list of them for sequences."""
    if isinstance(value, list):
        return bool(value) and all(map(are_labels, value))
    return isinstance(value, Labels)
