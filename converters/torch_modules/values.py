"""What the translation of single modules and the walk through the graph share."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """Why MATLAB has no layer for something."""


@dataclass(frozen=True)
class Value:
    """What one value of the torch graph is in the network."""

    #: Layer (and port) that gives it.
    source: str
    #: Its size in torch, where an example input made it known.
    shape: tuple[int, ...] = ()
    #: N,T,C in torch, where MATLAB's side has N,C,T.
    channels_last: bool = False
    #: C,*space of the image that it is a row-major flattening of; MATLAB's is column-major.
    flattened: tuple[int, ...] = ()
