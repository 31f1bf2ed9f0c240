"""Labels, and the functions of deep learning arrays: those of :mod:`matlab_compat.functions`.

Sources: the documentation pages of dlarray and of each function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import nullcontext
from itertools import chain, repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from ... import functions as library
from ...arrays import as_tuple
from ...data_format import DataFormat, torch_axes
from ...errors import CodeError, UnsupportedCodeError
from ...execution.module import build_graph
from ...functions.labelled import Labelled, is_array, places_of
from ..indexing import in_order
from ..numeric import Numeric, as_tensor, elements, from_torch, numeric, row, scalar
from ..operators import class_name, is_traced, known_values, numbers, text
from ..values import Chars, Net, Struct, Value, known_python
from .both import sibling, untraced
from .elementwise import mapped
from .registry import Call, Floating, known

# --- labels -----------------------------------------------------------------------------


@known("dlarray")
def _dlarray(call: Call, a: Numeric, labels: Value | None = None) -> Numeric:
    """MATLAB's documentation of dlarray: data is put into the order S, C, B, T, U.

    "If X is a formatted dlarray, then fmt replaces the existing format."
    """
    if labels is None or (isinstance(labels, Numeric) and elements(labels.shape) == 0):
        return Numeric(a.data, a.labels, True)
    said = text(labels, "the format")
    if not said:
        return numeric(a.data, "", True)
    return labelled(a, said)


def labelled(a: Numeric, said: str) -> Numeric:
    """Data with labels in the place of those that it has, its dimensions in MATLAB's own order.

    Raises ``CodeError``: too few labels.
    """
    data_format = DataFormat.parse(said)
    labels = data_format.labels
    if len(a.shape) > len(labels):
        kept = [n for n in a.shape[len(labels) :] if not (isinstance(n, int) and n == 1)]
        if kept:
            raise CodeError(f"The format '{labels}' has fewer labels than the data dimensions.")
    data = a.data
    size = [*a.shape, *(1,) * len(labels)][: len(labels)]
    data = data.reshape(size)
    return numeric(in_order(data, data_format.order), data_format.canonical, True)


@known("stripdims")
def _stripdims(call: Call, a: Numeric, labels: Value | None = None) -> Numeric:
    """MATLAB's documentation of stripdims: the order stays, or becomes that of the format."""
    if labels is None:
        return numeric(a.data, "", a.is_dlarray)
    said = DataFormat.parse(text(labels, "the format")).labels
    if sorted(said) != sorted(a.labels):
        raise UnsupportedCodeError(
            f"stripdims into the order '{said}' of an array labelled '{a.labels}' is not supported."
        )
    return numeric(in_order(a.data, places_of(said, a.labels)), "", a.is_dlarray)


@known("extractdata")
def _extractdata(call: Call, x: Numeric) -> Numeric:
    """MATLAB's documentation of extractdata; the gradient is kept here."""
    return numeric(x.data)


@known("dims")
def _dims(call: Call, x: Numeric) -> Value:
    """MATLAB's documentation of dims."""
    return Chars(x.labels)


@known("finddim")
def _finddim(call: Call, x: Numeric, label: Value) -> Numeric:
    """MATLAB's documentation of finddim: empty where there is none."""
    said = text(label, "the label").upper()
    found = [at + 1 for at, one in enumerate(x.labels) if one == said]
    return row(found)


# --- by element -------------------------------------------------------------------------


@known("relu", elementwise=True)
def _relu(call: Call, x: Floating) -> Numeric:
    """The documentation page of relu."""
    return _mapped(call, x, torch.relu)


_SCALE = scalar(0.01)


@known("leakyrelu", elementwise=True)
def _leakyrelu(call: Call, x: Floating, by: Numeric = _SCALE) -> Numeric:
    """The documentation page of leakyrelu: 0.01 by default."""
    if elements(by.shape) != 1:
        raise CodeError("The scale factor of leakyrelu is one number.")
    scale = by.data.reshape(()) if isinstance(by.data, Tensor) else float(by.data.reshape(-1)[0])
    return _mapped(call, x, lambda v: torch.where(v > 0, v, v * scale))


@known("gelu")
def _gelu(call: Call, x: Floating, name: Value | None = None, how: Value | None = None) -> Numeric:
    """The documentation page of gelu: Approximation "none" or "tanh"."""
    approximation = "none" if how is None else text(how, "Approximation").lower()
    if approximation not in ("none", "tanh"):
        raise CodeError("Approximation of gelu is 'none' or 'tanh'.")
    function = torch.nn.functional.gelu
    return _mapped(call, x, lambda v: function(v, approximate=approximation))


def _mapped(call: Call, x: Numeric, function: Callable[[Tensor], Tensor]) -> Numeric:
    if x.is_complex:
        raise CodeError(f"{call.name} is for real numbers.")
    return mapped(call, x, function)


# --- networks ---------------------------------------------------------------------------


@known("predict", "forward")
def _predict(call: Call, net: Value, *given: Numeric) -> Any:
    """The documentation pages of dlnetwork.predict and forward: outputs, and the state.

    ``forward`` computes as in training. The network's own state changes where it is assigned.
    """
    if not isinstance(net, Net):
        raise CodeError(f"{call.name} is for networks, not for a {class_name(net)}.")
    names = list(net.network.InputNames)
    if len(given) != len(names) or not all(one.labels for one in given):
        raise UnsupportedCodeError(
            f"A network within a layer takes {len(names)} labelled inputs.",
            remedy="make the layer Formattable, or label what it gives the network.",
        )
    plan = net.network.plan({name: x.labels for name, x in zip(names, given, strict=True)})
    tensors = [x.tensor.permute(torch_axes(x.labels)) for x in given]
    key = tuple(x.labels for x in given)
    if key not in net.modules:
        with untraced():
            module = build_graph(plan, tensors[0].device, tensors[0].dtype)
            net.modules[key] = module.requires_grad_(False)
    module = net.modules[key].train(call.name == "forward")
    first = next(iter(net.modules.values()))
    own = next(first.parameters(), tensors[0]).dtype
    tensors = [x.to(own) for x in tensors]
    state = dict(first.named_buffers()) | {
        name: numbers(value, "a state").tensor for name, value in net.state.items()
    }
    if module.training:
        state = {name: value.clone() for name, value in state.items()}
    held = state if module is first else {**dict(first.named_parameters()), **state}
    results = as_tuple(functional_call(module, held, tuple(tensors)) if held else module(*tensors))
    formats = [labels for _, labels in plan.outputs.values()]
    outputs = [from_torch(y, labels) for y, labels in zip(results, formats, strict=True)]
    return *outputs, Struct({name: Numeric(value) for name, value in state.items()})


# --- those that work along labels: with DataFormat, where arrays have none ----------------


#: Which of their arguments are arrays, and their options in lower case.
_ALONG_LABELS: dict[str, tuple[list[bool], set[str]]] = {}
for _name in library.__all__:
    _parameters = inspect.signature(getattr(library, _name)).parameters.values()
    _options = {p.name.lower() for p in _parameters if p.kind is p.KEYWORD_ONLY}
    if "dataformat" in _options:
        _positional = (p for p in _parameters if p.kind is not p.KEYWORD_ONLY)
        _ALONG_LABELS[_name] = ([is_array(p.annotation) for p in _positional], _options)


@known(*_ALONG_LABELS)
def _along_labels(call: Call, *given: Value) -> Any:
    """The documentation page of each; computed by the function of matlab_compat of that name."""
    arrays, options = _ALONG_LABELS[call.name]
    converted: list[Any] = []
    is_option = False
    for value, may_be_array in zip(given, chain(arrays, repeat(False)), strict=False):
        if isinstance(value, Numeric) and may_be_array and not is_option:
            converted.append(_as_labelled(value))
        else:
            converted.append(_option(value))
        is_option = not is_option and isinstance(value, Chars) and value.value.lower() in options
    is_known = not is_traced() and all(not isinstance(v, Numeric) or v.is_known for v in given)
    with untraced() if is_known else nullcontext():
        found = getattr(library, call.name)(*converted, nargout=max(call.outputs, 1))
    is_dlarray = any(isinstance(v, Numeric) and v.is_dlarray for v in given)
    return tuple(_back(one, is_dlarray, is_known) for one in as_tuple(found))


def _as_labelled(value: Numeric) -> Labelled:
    data = as_tensor(value.data)
    if not data.is_floating_point():
        if data.is_complex():
            raise CodeError("Complex numbers are not supported here.")
        data = data.to(torch.float64)
    return Labelled(data, value.labels)


def _option(value: Value) -> Any:
    """The value of an option, as Python's functions take it."""
    if isinstance(value, Numeric) and not value.is_known:
        if elements(value.shape) != 1 or is_traced():
            return _as_labelled(value)
        value = Numeric(known_values(value, "an option"))
    return known_python(value)


def _back(result: Any, is_dlarray: bool, is_known: bool) -> Value:
    labels = result.labels if isinstance(result, Labelled) else ""
    data = result.data if isinstance(result, Labelled) else result
    if isinstance(data, Tensor):
        return numeric(data.detach().numpy() if is_known else data, labels, is_dlarray)
    return numeric(np.asarray(data), labels, is_dlarray)


@known("dlmtimes")
def _dlmtimes(call: Call, a: Value, b: Value) -> Any:
    """The documentation page of dlmtimes: products of pages."""
    return sibling(call, "pagemtimes", a, b)
