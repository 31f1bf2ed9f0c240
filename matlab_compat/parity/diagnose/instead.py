"""Another function in the place of a layer's: another activation, other statistics, left out."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from functools import partial, reduce
from itertools import product
from typing import TYPE_CHECKING, Any

from ...layers.activations import (
    ClippedReLULayer,
    ELULayer,
    GELULayer,
    LeakyReLULayer,
    PReLULayer,
    ReLULayer,
    SigmoidLayer,
    SoftmaxLayer,
    SoftplusLayer,
    SwishLayer,
    TanhLayer,
)
from ...layers.base import Layer
from ...layers.normalization import AnyDropoutLayer
from ...layers.resampling import (
    DepthToSpace2DLayer,
    Resize2DLayer,
    Resize3DLayer,
    SpaceToDepthLayer,
)
from ...layers.structure import AdditionLayer, MultiplicationLayer
from .altered import Change, inputs_changed, instead, left_out, of_module, outputs_changed, twice
from .mistakes import Fitted, Size, Variation, altered, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

Function = Callable[["Tensor"], "Tensor"]


# --- any layer --------------------------------------------------------------------------


@mistakes_of(Layer)
def _presence(layer: Layer, _: Size) -> Iterator[Variation]:
    if layer.is_output or layer.input_format() is not None or isinstance(layer, AnyDropoutLayer):
        return
    out = {f"left out ({layer.type_text or type(layer).__name__})": left_out}
    yield from altered(layer, "layer left out", "run it where the network has it.", out)
    if layer.NumInputs == 1:
        applied = {"applied twice, one time after the other": twice}
        yield from altered(layer, "layer applied twice", "run it once.", applied, 2)
        remedy = "leave out the skip connection: the network has none around this layer."
        added = {"with its input added to its output": of_module(_with_input)}
        yield from altered(layer, "skip connection too many", remedy, added, 2)
    elif not isinstance(layer, AdditionLayer | MultiplicationLayer):
        for i, name in enumerate(layer.InputNames):
            text = f"with zeros for its input {name}"
            zero = {text: of_module(lambda m, *x, i=i: m(*x[:i], 0 * x[i], *x[i + 1 :]))}
            yield from altered(layer, "input missing", f"connect its input {name}.", zero)


def _with_input(module: Any, x: Tensor) -> Tensor:
    y: Tensor = module(x)
    if y.shape != x.shape:
        raise ValueError("of another size")
    return x + y


# --- activations ------------------------------------------------------------------------


def activations() -> dict[str, Function]:
    """The functions that one may be taken for another."""
    import torch
    from torch.nn import functional as F

    slopes = (0.01, 0.1, 0.2, 0.3, 0.25, 0.05)
    leaky = {
        f"leaky ReLU with slope {s:g}": partial(F.leaky_relu, negative_slope=s) for s in slopes
    }
    return {
        "ReLU": torch.relu,
        **leaky,
        "ReLU clipped at 6": F.relu6,
        "ReLU clipped at 1": partial(torch.clamp, min=0, max=1),
        "ELU with alpha 1": F.elu,
        "SELU": F.selu,
        "CELU": F.celu,
        "GELU (erf)": F.gelu,
        "GELU (tanh)": partial(F.gelu, approximate="tanh"),
        "GELU (sigmoid)": lambda x: x * torch.sigmoid(1.702 * x),
        "swish": F.silu,
        "hard swish": F.hardswish,
        "mish": F.mish,
        "softplus": F.softplus,
        "softsign": F.softsign,
        "tanh": torch.tanh,
        "hard tanh": F.hardtanh,
        "sigmoid": torch.sigmoid,
        "hard sigmoid of torch (x/6 + 0.5)": F.hardsigmoid,
        "hard sigmoid of Keras (0.2*x + 0.5)": lambda x: (0.2 * x + 0.5).clamp(0, 1),
        "log sigmoid": F.logsigmoid,
        "absolute value": torch.abs,
        "arctangent": torch.atan,
        "CELU with alpha 0.5": partial(F.celu, alpha=0.5),
        "2*sigmoid(2*x) - 1": lambda x: 2 * torch.sigmoid(2 * x) - 1,
        "1.7159*tanh(2*x/3)": lambda x: 1.7159 * torch.tanh(2 * x / 3),
        "softmax over the channels": partial(torch.softmax, dim=1),
        "log softmax over the channels": partial(torch.log_softmax, dim=1),
        "the softmin (of the negative) over the channels": partial(F.softmin, dim=1),
        "one-hot of the largest channel": lambda x: torch.zeros_like(x).scatter(
            1, x.argmax(1, keepdim=True), 1
        ),
        "division by the sum over the channels": lambda x: x / x.sum(1, keepdim=True),
        "softmax to the base of 2 over the channels": lambda x: (x * math.log(2)).softmax(1),
        "ReLU of the negative": lambda x: torch.relu(-x),
        "square": torch.square,
        "sine": torch.sin,
        "exponential": torch.exp,
        "sign": torch.sign,
    }


def _in_torch(function: Any) -> str:
    """What torch calls it: ``leaky_relu(negative_slope=0.1)``; "" if it has no name there."""
    if isinstance(function, partial):
        given = ", ".join(f"{name}={value!r}" for name, value in function.keywords.items())
        return f"{function.func.__name__}({given})"
    return "" if function.__name__ == "<lambda>" else str(function.__name__)


_ACTIVATIONS = (
    ReLULayer,
    LeakyReLULayer,
    ClippedReLULayer,
    ELULayer,
    PReLULayer,
    GELULayer,
    SwishLayer,
    TanhLayer,
    SigmoidLayer,
    SoftmaxLayer,
    SoftplusLayer,
)


@mistakes_of(*_ACTIVATIONS)
def _other_activations(layer: Layer, _: Size) -> Iterator[Variation]:
    this = layer.description()
    for name, function in activations().items():
        called = _in_torch(function)
        remedy = f"use what this layer is, {this}{called and f', not torch.{called}'}."
        change = {f"as {name} instead of {this}": instead(function)}
        yield from altered(layer, "another activation", remedy, change, key=f"activation {name}")


@fits_of(*_ACTIVATIONS)
def _scaled_input(layer: Layer, _: Size) -> Iterator[Fitted]:
    """The layer on its input times a factor: a temperature, or a slope within."""

    def make(divided: bool, values: tuple[float, ...]) -> Variation:
        (factor,) = values
        said = f"for its input times {factor:.6g}"
        if isinstance(layer, SoftmaxLayer) and factor:
            said += f" (a temperature of {1 / factor:.6g})"
        if divided:
            said += f", and its output divided by that (a beta of {factor:.6g})"
        change = of_module(lambda module, x: module(x * factor) / (factor if divided else 1))
        remedy = "give it its input as it is."
        return Variation("input scaled", said, remedy, layer, rank=2, change=change)

    for divided in (False, True):
        yield Fitted((1.0,), partial(make, divided), 0.05)


@mistakes_of(*_ACTIVATIONS)
def _mirrored(layer: Layer, _: Size) -> Iterator[Variation]:
    """For a ReLU with a slope: the slope on the positive side."""
    text = "of the negative input"
    changes = {
        text: of_module(lambda module, x: module(-x)),
        f"{text}, negated (the positive side for the negative one)": of_module(
            lambda module, x: -module(-x)
        ),
    }
    yield from altered(layer, "another sign", "take its input as it is.", changes, 2)


@mistakes_of(ClippedReLULayer)
def _clipped_both_ways(layer: ClippedReLULayer, _: Size) -> Iterator[Variation]:
    high = layer.Ceiling
    changes = {
        f"clipped at -{high:g}, too (a hard tanh)": instead(lambda x: x.clamp(-high, high)),
        "clipped at its Ceiling alone": instead(lambda x: x.clamp(max=high)),
    }
    yield from altered(layer, "another activation", "clip at 0 and Ceiling.", changes)


@mistakes_of(SoftmaxLayer)
def _softmax_axes(layer: Layer, size: Size) -> Iterator[Variation]:
    import torch

    scaled = {
        f"with a temperature of {1 / factor:g}: of its input times {factor:g}": inputs_changed(
            partial(torch.mul, other=factor)
        )
        for factor in (0.5, 2.0, 0.1, 10.0)
    }
    remedy = "MATLAB's softmax is of its input as it is."
    yield from altered(layer, "softmax with a temperature", remedy, scaled)
    functions: dict[str, Function] = {
        f"its {named}": partial(torch.softmax, dim=at + 1 if at else 0)
        for at, named in enumerate(("observations", *size.moved))
    }
    if len(size) > 1:
        functions["all of space and the channels at once"] = partial(_softmax_from, 1)
        functions[f"its {' and '.join(size.moved)} at once"] = partial(_softmax_from, 2)
    remedy = "MATLAB's softmax is over the channels: softmax(x, dim=1) in torch."
    for named, function in functions.items():
        change = {f"over {named} instead of its channels": instead(function)}
        whole = named == "its observations"
        name = "softmax over another dimension"
        yield from altered(layer, name, remedy, change, whole_batch=whole)


def _softmax_from(first: int, x: Tensor) -> Tensor:
    """Over this dimension and all after it at once."""
    return x.flatten(first).softmax(first).reshape(x.shape)


#: What is most often put after a layer that has no activation.
_APPENDED = (
    *("ReLU", "sigmoid", "tanh", "softmax over the channels", "leaky ReLU with slope 0.01"),
    *("leaky ReLU with slope 0.2", "ELU with alpha 1", "GELU (erf)", "swish"),
)


@mistakes_of(Layer)
def _appended(layer: Layer, _: Size) -> Iterator[Variation]:
    """An activation after a layer that has none."""
    if isinstance(layer, _ACTIVATIONS) or layer.is_output or layer.NumOutputs > 1:
        return
    functions, name = activations(), "activation too many"
    for called in _APPENDED:
        function = functions[called]
        change = {f"followed by a {called}, which is not there": outputs_changed(function)}
        remedy = f"leave out torch.{_in_torch(function)} after it."
        yield from altered(layer, name, remedy, change, 1 if called == "ReLU" else 3)
    if layer.NumInputs == 1 and layer.input_format() is None:
        before = {"with a ReLU before it, which is not there": inputs_changed(functions["ReLU"])}
        yield from altered(layer, name, "leave out torch.relu before it.", before, 2)


# --- resizing ---------------------------------------------------------------------------


@mistakes_of(Resize2DLayer, Resize3DLayer)
def _resizes(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch
    from torch.nn import functional as F

    linear = ("bilinear", "trilinear")[layer.dims - 2]
    now = {
        name: layer.values[name]
        for name in ("Method", "GeometricTransformMode", "NearestRoundingMode")
    }
    for method, mode, rounding in product(
        ("nearest", linear), ("half-pixel", "asymmetric"), ("round", "floor")
    ):
        values = dict(zip(now, (method, mode, rounding), strict=True))
        others = {name: value for name, value in values.items() if value != now[name]}
        if len(others) < 2:
            continue  # one alone is a property like any other
        whose = (
            " (torch's)" if (method, mode, rounding) == ("nearest", "asymmetric", "floor") else ""
        )
        said = ", ".join(f"{name} '{value}'" for name, value in others.items())
        yield from variation(
            layer,
            "resized otherwise",
            f"with {said}{whose}",
            f"resize with {', '.join(f'{name} {value!r}' for name, value in now.items())}.",
            1,
            **others,
        )

    def sized(x: Tensor) -> list[int]:
        if layer.values["OutputSize"] is not None:
            return list(layer.values["OutputSize"])
        scale = layer.values["Scale"]
        return [round(n * s) for n, s in zip(x.shape[2:], scale, strict=False)]

    def resized(**options: Any) -> Change:
        return instead(lambda x, *_: F.interpolate(x, size=sized(x), **options))

    def corners(x: Tensor, *_: Tensor) -> Tensor:
        for axis, out in enumerate(sized(x), 2):
            place = torch.linspace(0, x.shape[axis] - 1, out)
            x = x.index_select(axis, (place + 0.5).floor().long().clamp(max=x.shape[axis] - 1))
        return x

    kinds = {
        "with corners aligned (align_corners=True)": resized(mode=linear, align_corners=True),
        "by area averages": resized(mode="area"),
    }
    if layer.dims == 2:
        kinds |= {
            "bicubic": resized(mode="bicubic"),
            "bicubic with corners aligned": resized(mode="bicubic", align_corners=True),
            "bilinear with antialiasing": resized(mode="bilinear", antialias=True),
        }
    kinds["nearest with corners aligned"] = instead(corners)
    remedy = (
        f"this layer is '{now['Method']}' with '{now['GeometricTransformMode']}': "
        "align_corners=False, no antialiasing."
    )
    yield from altered(layer, "resized otherwise", remedy, kinds)


@mistakes_of(DepthToSpace2DLayer)
def _shuffled(layer: Layer, _: Size) -> Iterator[Variation]:
    remedy = "the channels go down a block first as rows, then columns."
    change = {"with the rows and columns of each block exchanged": of_module(_block_turned)}
    yield from altered(layer, "rows and columns of a block exchanged", remedy, change)


def _block_turned(module: Any, x: Tensor) -> Tensor:
    h, w = module.block_size
    n, channels = x.shape[:2]
    first = 1 if module.mode == "dcr" else 2
    sizes = (w, h, -1) if first == 1 else (-1, w, h)
    blocks = x.reshape(n, *sizes, *x.shape[2:])
    y: Tensor = module(blocks.transpose(first, first + 1).reshape(n, channels, *x.shape[2:]))
    return y


@mistakes_of(SpaceToDepthLayer)
def _unshuffled(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch

    rows, columns = layer.values["BlockSize"]
    if rows == columns:
        remedy = "the channels of a block come first in MATLAB: permute after pixel_unshuffle."
        text = "as torch's pixel_unshuffle, which orders the channels otherwise"
        change = {text: instead(partial(torch.pixel_unshuffle, downscale_factor=rows))}
        yield from altered(layer, "channels in another order", remedy, change)


# --- joining ----------------------------------------------------------------------------


@mistakes_of(AdditionLayer, MultiplicationLayer)
def _joins(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch

    names, sums = layer.InputNames, isinstance(layer, AdditionLayer)
    remedy = f"{'add' if sums else 'multiply'} {', '.join(names)}."
    if len(names) == 2:
        kinds = {
            f"as {names[1]} subtracted from {names[0]}": instead(lambda a, b: a - b),
            f"as {names[0]} subtracted from {names[1]}": instead(lambda a, b: b - a),
            "as the average of its inputs": instead(lambda a, b: (a + b) / 2),
            "as the larger of its inputs": instead(torch.maximum),
            f"as the {'product' if sums else 'sum'} of its inputs": instead(
                torch.mul if sums else torch.add
            ),
        }
        yield from altered(layer, "inputs joined otherwise", remedy, kinds)
    joined = partial(reduce, operator.add if sums else operator.mul)
    for i, name in enumerate(names):
        text = f"without its input {name} (a skip connection that is missing)"
        without = {text: instead(lambda *x, i=i: joined([*x[:i], *x[i + 1 :]]))}
        yield from altered(layer, "input left out", remedy, without, 0)
        more = {f"with its input {name} twice": instead(lambda *x, i=i: joined([*x, x[i]]))}
        yield from altered(layer, "input twice", remedy, more, 2)
        scaled = {
            f"with its input {name} times {by:g}": instead(
                lambda *x, i=i, by=by: joined([*x[:i], by * x[i], *x[i + 1 :]])
            )
            for by in (0.1, 0.5, 0.2, 0.3, 2.0)
        }
        yield from altered(layer, "input scaled", remedy, scaled)


@fits_of(AdditionLayer)
def _weighted_sums(layer: Layer, _: Size) -> Iterator[Fitted]:
    def make(values: tuple[float, ...]) -> Variation:
        said = f"with its inputs times {', '.join(f'{v:.6g}' for v in values)}"
        change = instead(lambda *x: sum(v * y for v, y in zip(values, x, strict=True)))
        remedy = "add them as they are."
        return Variation("input scaled", said, remedy, layer, rank=3, change=change)

    yield Fitted((1.0,) * layer.NumInputs, make, 0.1)
