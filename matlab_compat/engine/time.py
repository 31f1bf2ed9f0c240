"""Layers that work on space applied to data that has time as well."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def per_time_step(function: Callable[[Tensor], Tensor], x: Tensor, spatial: int) -> Tensor:
    """Apply ``function`` of N,C,*space to every time step of N,C,*space,T, if there is a T.

    ``spatial`` is the number of spatial dimensions that ``function`` works on. Data without T
    goes straight through. Source: MATLAB distributes 2-D layers over the time steps of "SSCBT".
    """
    if x.ndim == spatial + 2:
        return function(x)
    folded = x.movedim(-1, 1)  # N,T,C,*space
    y = function(folded.flatten(0, 1))
    return y.reshape(*folded.shape[:2], *y.shape[1:]).movedim(1, -1)
