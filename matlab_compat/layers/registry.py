"""MATLAB class name -> layer class. Other people's layers enter here as well.

>>> import matlab_compat
>>> @matlab_compat.register("myLayer")
... class MyLayer(matlab_compat.Layer):
...     matlab_class = "myLayer"

A package can register its layers without being imported by the user: an entry point in the group
``matlab_compat.layers`` whose name is the MATLAB class name and whose object is the layer class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import TypeVar

from ..errors import UsageError
from ..plain_text import plain_text
from .base import Layer

LayerClass = TypeVar("LayerClass", bound=type[Layer])

_CLASSES: dict[str, type[Layer]] = {}


def register(matlab_class: str) -> Callable[[LayerClass], LayerClass]:
    """Class decorator: the layer class for objects of ``matlab_class`` in MATLAB files.

    Raises
    ------
    UsageError
        Another class is registered under that name.
    """
    matlab_class = plain_text(matlab_class)

    def add(layer_class: LayerClass) -> LayerClass:
        if _CLASSES.setdefault(matlab_class, layer_class) is not layer_class:
            raise UsageError(f"'{matlab_class}' is registered already.")
        return layer_class

    return add


def layer_class(matlab_class: str) -> type[Layer] | None:
    """The layer class for a MATLAB class name, or ``None`` if there is none."""
    matlab_class = plain_text(matlab_class)
    return _CLASSES.get(matlab_class) or _from_entry_points(matlab_class)


def registered() -> dict[str, type[Layer]]:
    """All registered classes by MATLAB class name, sorted."""
    return dict(sorted(_CLASSES.items()))


@cache
def _from_entry_points(matlab_class: str) -> type[Layer] | None:
    found = entry_points(group="matlab_compat.layers", name=matlab_class)
    for point in found:
        loaded: type[Layer] = point.load()
        return loaded
    return None
