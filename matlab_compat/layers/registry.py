"""MATLAB class name -> layer class. Other people's layers enter here as well.

>>> import matlab_compat
>>> @matlab_compat.register("myLayer")
... class MyLayer(matlab_compat.Layer):
...     matlab_class = "myLayer"

A package can register its layers without being imported by the user: an entry point in the group
``matlab_compat.layers`` whose name is the MATLAB class name and whose object is the layer class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeVar

from ..errors import UsageError
from ..packages import added, entry_points
from ..plain_text import plain_text
from .base import Layer
from .declared import CLASSES, enter

LayerClass = TypeVar("LayerClass", bound=type[Layer])


def register(matlab_class: str) -> Callable[[LayerClass], LayerClass]:
    """Class decorator: the layer class for objects of ``matlab_class`` in MATLAB files.

    The class keyword ``saved_as`` does the same.

    Parameters
    ----------
    matlab_class:
        What ``class(layer)`` says in MATLAB, with its packages.

    Raises
    ------
    UsageError
        It is no name of a class, or another class is registered under it.

    Examples
    --------
    >>> import matlab_compat
    >>> from torch import nn
    >>> @matlab_compat.register("mine.SwishLayer")
    ... class SwishLayer(matlab_compat.Layer):
    ...     matlab_class = "mine.SwishLayer"
    ...
    ...     def _build(self, formats):  # the module that computes it, on N,C,H,W
    ...         return nn.SiLU()
    >>> SwishLayer(Name="swish").matlab_class
    'mine.SwishLayer'

    In a file ``swish.py``: ``matlab-compat verify net.mat --plugin swish.py``. Properties with
    MATLAB's names and learnables: docs/extending.md of the source package.
    """
    matlab_class = plain_text(matlab_class)
    if not isinstance(matlab_class, str) or not re.fullmatch(
        r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*", matlab_class
    ):
        raise UsageError(
            f"{matlab_class!r} is no name of a class in MATLAB.",
            remedy="give what class(layer) says there; an unsupported layer's matlab_class has it.",
        )

    def add(layer_class: LayerClass) -> LayerClass:
        enter(matlab_class, layer_class)
        return layer_class

    return add


def layer_class(matlab_class: str) -> type[Layer] | None:
    """The layer class for a MATLAB class name, or ``None`` if there is none.

    Parameters
    ----------
    matlab_class:
        The name with its package.

    Examples
    --------
    >>> layer_class("nnet.cnn.layer.ReLULayer").__name__
    'ReLULayer'
    """
    matlab_class = plain_text(matlab_class)
    return CLASSES.get(matlab_class) or _from_entry_points(matlab_class)


def short_name(kind: type[Layer]) -> str:
    """How :func:`class_named` and people call a class: ``transposedConv2d``."""
    return (kind.constructor or kind.matlab_class.rpartition(".")[2]).removesuffix("Layer")


def class_named(text: str) -> str:
    """The MATLAB class that a name means, without regard to case.

    Raises ``UsageError``: no class that is registered has such a name, or several have.

    Parameters
    ----------
    text:
        MATLAB's name of the class, with or without its package, the name of its constructor
        function, or that name without "Layer".

    Examples
    --------
    >>> class_named("transposedConv2d")
    'nnet.cnn.layer.TransposedConvolution2DLayer'
    """
    found = classes_called(text)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"'{text}' can mean {' or '.join(found)}.", remedy="give the whole name.")
    names = {name: _names(name, kind) for name, kind in registered().items()}
    every = sorted({name for own in names.values() for name in own})
    close = [
        short_name(CLASSES[n])
        for c in get_close_matches(text.lower(), every)
        for n, own in names.items()
        if c in own
    ]
    raise UsageError(
        f"There is no layer class '{text}'.",
        remedy=f"did you mean {' or '.join(dict.fromkeys(close))}?"
        if close
        else "matlab-compat layers lists the classes.",
    )


def classes_called(text: str) -> list[str]:
    """All classes that :func:`class_named` takes such a name for; none if there are none."""
    if layer_class(text) is not None:
        return [text]
    found = [name for name, kind in registered().items() if text.lower() in _names(name, kind)]
    # The importers' classes have names of MATLAB's own; those are meant before theirs.
    return [name for name in found if name.startswith("nnet.cnn.layer.")] or found


def _names(matlab_class: str, kind: type[Layer]) -> set[str]:
    last = matlab_class.rpartition(".")[2]
    return {name.lower() for name in (matlab_class, last, kind.constructor, short_name(kind))}


def registered() -> dict[str, type[Layer]]:
    """All registered classes by MATLAB class name, sorted.

    Examples
    --------
    >>> registered()["nnet.cnn.layer.ReLULayer"].__name__
    'ReLULayer'
    """
    return dict(sorted(CLASSES.items()))


def _from_entry_points(matlab_class: str) -> type[Layer] | None:
    found = entry_points(group="matlab_compat.layers", name=matlab_class)
    for point in found:
        loaded: type[Layer] = added(point, "layer", Layer)
        return loaded
    return None
