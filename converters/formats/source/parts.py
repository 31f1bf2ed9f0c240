"""How a layer is written: torch's own module where it means the same, else a copy of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from matlab_compat.code import function_layers, models, running
from matlab_compat.engine import (
    convolution,
    fully_connected,
    imported,
    inputs,
    pooling,
    recurrent,
    structure,
    transposed_convolution,
)
from matlab_compat.engine.module import made_with

from . import helpers
from .functions import function_text
from .traced import CannotWriteError, file_of, traced


@dataclass(frozen=True)
class Part:
    """A layer in the written source."""

    #: The expression that makes the module; '' where the call needs none.
    create: str
    #: The expression of the output: ``{m}`` is the module, ``{x}`` the input, ``{all}`` all.
    call: str = "{m}({all})"
    #: Classes and functions of ours that it uses.
    needs: tuple[object, ...] = ()
    #: Its part of the weights; ``None`` for the module's own ``state_dict``.
    state: Mapping[str, Tensor] | None = None
    #: Arrays that the network's class keeps itself, by the names that ``call`` has for them.
    buffers: Mapping[str, Tensor] = field(default_factory=dict)
    #: The text of a class of its own, given the class's name; ``create`` is then its call.
    define: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Place:
    """Where a module stands: the formats of its inputs, in MATLAB's labels, and examples."""

    formats: tuple[str, ...] = field(default=("SSCB",))
    #: Inputs that it had in a run of the model; of modules that have to be traced.
    inputs: tuple[Tensor, ...] = ()

    def has_time(self, dims: int) -> bool:
        """Whether there is time beside the ``dims`` dimensions that the layer works over."""
        return len(self.formats[0]) != dims + 2


@singledispatch
def part(module: nn.Module, place: Place) -> Part:
    """How ``module`` is written.

    Raises ``CannotWriteError``: it is of a class that is neither torch's nor ours.
    """
    home = type(module).__module__
    if home.startswith("torch.nn.modules."):
        # Torch shows the arguments of its own modules as one would write them.
        return Part(f"nn.{type(module).__name__}({module.extra_repr()})")
    if home.startswith("matlab_compat.engine."):
        return copied(module)
    raise CannotWriteError(
        f"its torch module {type(module).__name__} comes from {home}, which the package would need"
    )


def copied(module: nn.Module) -> Part:
    """A module of ours with a copy of its class."""
    kind = type(module)
    return Part(f"{kind.__name__}({arguments(made_with(module))})", needs=(kind,))


def arguments(given: Mapping[str, Any]) -> str:
    """Keyword arguments as source."""
    return ", ".join(f"{name}={_plain(value)!r}" for name, value in given.items())


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, range | torch.Size):
        return tuple(value)
    if type(value) in (tuple, list):
        return type(value)(_plain(item) for item in value)
    return value


# --- where torch's own module means the same -----------------------------------------------


@part.register(running.CodeModule)
@part.register(models.FunctionModule)
def _(module: running.CodeModule | models.FunctionModule, place: Place) -> Part:
    found = traced(module, place.inputs, f"What {file_of(module.where)} computes.")
    return Part("", state=found.state, define=found.text)


@part.register
def _(module: function_layers.Expression, place: Place) -> Part:
    return Part("", function_text(module), buffers=module.state_dict())


@part.register
def _(module: inputs.Normalization, place: Place) -> Part:
    if module.mode == "zerocenter":
        return Part("", "{x} - {mean}", buffers={"mean": module.mean})
    if module.mode == "zscore":
        spread = inputs.divisor(module.standard_deviation)
        call = "({x} - {mean}) / {standard_deviation}"
        return Part("", call, buffers={"mean": module.mean, "standard_deviation": spread})
    call = "({x} - {min}) / {range}"
    if module.mode == "rescale-symmetric":
        call = f"2 * ({call}) - 1"
    extent = inputs.divisor(module.max - module.min)
    return Part("", call, buffers={"min": module.min, "range": extent})


@part.register
def _(module: convolution.PaddedConvolution, place: Place) -> Part:
    dims, padding = len(module.stride), module.padding
    if place.has_time(dims) or isinstance(padding.value, str):
        return copied(module)
    filters, channels, *window = module.weight.shape
    given = _changed(module.stride, module.dilation, module.groups)
    call = "{m}({x})"
    needs: tuple[object, ...] = ()
    inside: tuple[int, ...] = ()
    spread = tuple((k - 1) * d + 1 for k, d in zip(window, module.dilation, strict=True))
    pairs = padding.pairs
    if pairs is None and all(n == 1 for n in module.stride):  # 'same' whatever the size of x
        pairs = tuple(((n - 1) // 2, n // 2) for n in spread)
    if pairs is None:
        value = f", {padding.value}" if padding.value else ""
        call = f"{{m}}(pad_same({{x}}, {spread}, {tuple(module.stride)}{value}))"
        needs = (helpers.pad_same,)
    elif padding.value == 0 and all(a == b for a, b in pairs):
        inside = tuple(a for a, _ in pairs)
    else:
        call = f"{{m}}({_pad(pairs, padding.value)})"
    if any(inside):
        given["padding"] = _brief(inside)
    sizes = f"{channels * module.groups}, {filters}, kernel_size={_brief(window)}"
    return Part(_with(f"nn.Conv{dims}d({sizes}", given), call, needs)


def _changed(stride: Sequence[int], dilation: Sequence[int], groups: int) -> dict[str, Any]:
    given = {"stride": _brief(stride), "dilation": _brief(dilation), "groups": groups}
    return {name: value for name, value in given.items() if value != 1}


def _brief(sizes: Sequence[int]) -> int | tuple[int, ...]:
    """One number where all are the same, as torch takes them."""
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def _with(start: str, given: Mapping[str, Any]) -> str:
    return f"{start}, {arguments(given)})" if given else f"{start})"


def _pad(pairs: Sequence[tuple[int, int]], value: float = 0.0) -> str:
    """Padding of ``{x}``: torch lists the last dimension first."""
    edges = tuple(n for pair in reversed(pairs) for n in pair)
    text = repr(value) if abs(value) != float("inf") else f'float("{value}")'
    return f"F.pad({{x}}, {edges}" + (f", value={text})" if value else ")")


@part.register
def _(module: transposed_convolution.CroppedConvTranspose, place: Place) -> Part:
    dims = len(module.stride)
    if place.has_time(dims):
        return copied(module)
    channels, filters, *window = module.weight.shape
    # torch crops both sides alike (its padding); what is left to crop on one side is sliced off.
    inside = tuple(
        min(before, after, k - 1) for (before, after), k in zip(module.crop, window, strict=True)
    )
    given = _changed(module.stride, (1,) * dims, 1) | (
        {"padding": _brief(inside)} if any(inside) else {}
    )
    create = f"nn.ConvTranspose{dims}d({channels}, {filters}, kernel_size={_brief(window)}"
    return Part(_with(create, given), "{m}({x})" + _slices(module.crop, inside))


def _slices(crop: Sequence[tuple[int, int]], inside: Sequence[int]) -> str:
    rest = [(before - p, after - p) for (before, after), p in zip(crop, inside, strict=True)]
    if not any(before or after for before, after in rest):
        return ""
    return "[:, :, " + ", ".join(f"{b or ''}:{-a or ''}" for b, a in rest) + "]"


@part.register
def _(module: fully_connected.FullyConnected, place: Place) -> Part:
    create = f"nn.Linear({module.weight.shape[1]}, {module.weight.shape[0]})"
    if not module.spatial:
        return Part(create, "{m}({x}.mT).mT" if module.time else "{m}({x})")
    if module.time:
        return copied(module)
    return Part(create, "{m}(flatten_column_major({x}))", (helpers.flatten_column_major,))


@part.register
def _(module: structure.Flatten, place: Place) -> Part:
    if module.time:
        return copied(module)
    if module.order == "row-major CHW" or len(module.axes) == 2:
        return Part("", "{x}.flatten(1)")
    if module.order == "column-major":
        needs = (helpers.flatten_column_major,)
        return Part("", "flatten_column_major({x})", needs)
    return copied(module)


@part.register(pooling.MaxPooling)
@part.register(pooling.AveragePooling)
def _(module: pooling.Pooling, place: Place) -> Part:
    dims, pairs = len(module.pool_size), module.padding
    name, given = "MaxPool", dict[str, Any]()
    value: float | None = float("-inf")  # what padding may be filled with
    if isinstance(module, pooling.AveragePooling):
        name, value = "AvgPool", 0.0
        if not module.count_padding:
            given, value = {"count_include_pad": False}, None
    even = pairs is not None and all(
        a == b <= k // 2 for (a, b), k in zip(pairs, module.pool_size, strict=True)
    )
    if place.has_time(dims) or not (even or (pairs is not None and value is not None)):
        return copied(module)
    assert pairs is not None
    inside = tuple(a for a, _ in pairs)
    if even and any(inside):
        given = {"padding": _brief(inside), **given}
    if tuple(module.stride) != tuple(module.pool_size):
        given = {"stride": _brief(module.stride), **given}
    create = _with(f"nn.{name}{dims}d({_brief(module.pool_size)}", given)
    return Part(create, "{m}({x})" if even else f"{{m}}({_pad(pairs, value or 0.0)})")


@part.register
def _(module: pooling.GlobalPooling, place: Place) -> Part:
    kept = ", keepdim=True" if module.keep else ""
    return Part("", f"{{x}}.{'amax' if module.maximum else 'mean'}({module.dims}{kept})")


@part.register(structure.Addition)
@part.register(structure.Multiplication)
@part.register(structure.Concatenation)
def _(module: structure.Join, place: Place) -> Part:
    if any(module.missing):
        return copied(module)
    each = [f"{{{i}}}" for i in range(len(module.missing))]
    if isinstance(module, structure.Concatenation):
        return Part("", f"torch.cat([{', '.join(each)}], {module.axis})")
    return Part("", (" + " if isinstance(module, structure.Addition) else " * ").join(each))


@part.register
def _(module: imported.ElementwiseAffine, place: Place) -> Part:
    buffers = {"scale": module.scale, "offset": module.offset}
    return Part("", "{x} * {scale} + {offset}", buffers=buffers)


@part.register(recurrent.LSTM)
@part.register(recurrent.GRU)
def _(module: Any, place: Place) -> Part:
    """The module of torch, if the layer starts from zeros and hands no states on."""
    states = module.state_names
    name, final = ("LSTM", "[1][0]") if isinstance(module, recurrent.LSTM) else ("GRU", "[1]")
    settings = module.settings
    ported = settings.state_outputs or len(place.formats) > 1
    if ported or any(getattr(module, state).any() for state in states):
        return copied(module)
    both = settings.directions == 2
    create = f"nn.{name}({settings.inputs}, {settings.hidden}, batch_first=True"
    hidden = final + (".transpose(0, 1).flatten(1)" if both else "[-1]")
    call = f"{{m}}({{x}}.mT){hidden}" if settings.last else "{m}({x}.mT)[0].mT"
    kept = {key: value for key, value in module.state_dict().items() if key not in states}
    return Part(f"{create}{', bidirectional=True' * both})", call, state=kept)
