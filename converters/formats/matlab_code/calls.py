"""Layers as calls of MATLAB's documented constructor functions.

Source: the documentation pages of the functions. Arguments with MATLAB's default are left out, as
a person would; arrays, and texts that are not plain ASCII, are taken from the saved struct of the
layer, so that nothing in a file can become code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.layers import Layer
from matlab_compat.layers.function import FunctionLayer, MatlabFunction
from matlab_compat.layers.nested import NetworkLayer
from matlab_compat.layers.value import same_value
from matlab_compat.network import Network

#: Properties that are no arguments: they follow from the sizes of the weights.
_DERIVED = {"InputSize", "NumChannels", "NumChannelsPerGroup"}
#: Functions that do take one of these, by name or position.
_TAKE = {
    "InputSize": re.compile(r".*[iI]nputLayer"),
    "NumChannels": re.compile(r"(convolution\d|transposedConv\d).*"),
}
#: Functions that need more than the files of their layers say.
_REFUSED = {"yolov2OutputLayer": "yolov2OutputLayer needs the anchor boxes, which are not kept"}
#: One line of plain text that can stand between quotes.
_PLAIN = re.compile(r"[ -~]*")
_WIDTH = 96


def called(function: str, arguments: Sequence[str], indent: int = 0) -> str:
    """A call in MATLAB, on several lines if it is long.

    Each argument is an expression, or a name and an expression.
    """
    line = f"{function}({', '.join(arguments)})"
    if indent + len(line) <= _WIDTH:
        return line
    pad = " " * (indent + 4)
    lines = [f"{function}("]
    for i, argument in enumerate(arguments, 1):
        piece = argument + (")" if i == len(arguments) else ", ")
        if i > 1 and len(pad) + len(lines[-1]) + len(piece) > _WIDTH:
            lines.append("")
        lines[-1] += piece
    return f"...\n{pad}".join(lines)


def refusal(layer: Layer) -> str:
    """Why there is no constructor call for the layer; '' if there is."""
    function = layer.constructor
    if not function or not function[0].islower():
        return f"{layer.matlab_class or type(layer).__name__} has no documented constructor"
    if function in _REFUSED:
        return _REFUSED[function]
    values = layer.values
    if values.get("Vocabulary") is not None:
        return "the Vocabulary of a word embedding is no argument of wordEmbeddingLayer"
    if not isinstance(values.get("Normalization", ""), str):
        return "Normalization is a function, which is not kept"
    for name, value in values.items():
        filled = values.get(name.removesuffix("Initializer"))  # then an initializer has no effect
        is_filled = isinstance(filled, np.ndarray) and filled.size > 0
        if callable(value) and not isinstance(value, MatlabFunction) and not is_filled:
            return f"{name} is a function of Python's"
    if isinstance(layer, FunctionLayer) and not _PLAIN.fullmatch(layer.PredictFcn.text):
        return "the text of its function is not one line of ASCII"
    return ""


def call(layer: Layer, source: str, function: str, indent: int) -> str:
    """The call that makes ``layer``.

    ``source`` is the MATLAB expression of its saved struct (``s{3}``), ``function`` that of a
    function handle or nested network that is an argument, '' without any.

    Raises ``UnsupportedLayerError``: :func:`refusal` says why.
    """
    if why := refusal(layer):
        raise UnsupportedLayerError(f"{layer.label}: {why}.")
    values = {name: layer.values[name] for name in layer.positional_arguments()}
    if layer.constructor in ("crop2dLayer", "crop3dLayer"):
        centred = layer.values["Mode"] == "centercrop"
        values = {"Location": "centercrop" if centred else layer.values["Location"]}
    given = [_expression(value, source, name, function) for name, value in values.items()]
    for name, value in _options(layer).items():
        given.append(f"'{name}', {_expression(value, source, name, function)}")
    return called(layer.constructor, given, indent)


def _options(layer: Layer) -> dict[str, Any]:
    """The name-value arguments: Name first, then what is not MATLAB's default."""
    defaults = layer.constructor_defaults()
    left_out = {"Mode", "Location"} if layer.constructor.startswith("crop") else set()
    left_out |= {
        name
        for name in _DERIVED
        if name not in _TAKE or not _TAKE[name].fullmatch(layer.constructor)
    }
    options = {
        name: value
        for name, value in layer.constructor_options().items()
        if name not in left_out and not same_value(value, defaults.get(name, value))
    }
    options = {name: value for name, value in options.items() if not callable(value)}
    if isinstance(layer, FunctionLayer):
        options |= _ports(layer)
    name = options.pop("Name", "")
    return {"Name": name, **options} if name else options


def _ports(layer: FunctionLayer) -> dict[str, Any]:
    """Names that are not those a function layer gets by itself."""
    own = FunctionLayer(**layer.values)
    return {
        name: getattr(layer, name)
        for name in ("InputNames", "OutputNames")
        if getattr(layer, name) != getattr(own, name)
    }


# --- expressions ---------------------------------------------------------------------------


def plain(text: str) -> bool:
    """Whether a text can stand in the code."""
    return _PLAIN.fullmatch(text) is not None


def quoted(text: str) -> str:
    """A plain text as a character vector."""
    return "'" + text.replace("'", "''") + "'"


def _expression(value: Any, source: str, name: str, function: str) -> str:
    if isinstance(value, MatlabFunction | Network):
        return function
    if isinstance(value, np.ndarray):
        return f"{source}.{name}" if value.size else "[]"
    if isinstance(value, str):
        return quoted(value) if plain(value) else f"{source}.{name}"
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        texts = "{" + ", ".join(map(quoted, value)) + "}"
        return texts if all(map(plain, value)) else f"{source}.{name}"
    return _numbers(value)


def _numbers(value: Any) -> str:
    """``3``, ``[3 3]``, ``[1 1 1; 0 0 0]``, ``true``, ``[]``."""
    if value is None:
        return "[]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        rows = any(isinstance(item, tuple) for item in value)
        return "[" + ("; " if rows else " ").join(_numbers(v).strip("[]") for v in value) + "]"
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Inf" if number > 0 else "-Inf"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def helper(layer: Layer, number: str) -> str:
    """The name of the local function that makes what no expression can hold; '' if none does."""
    if isinstance(layer, FunctionLayer):
        return f"function_{number}"
    return f"network_{number}" if isinstance(layer, NetworkLayer) else ""
