"""Another function in the place of a layer's: another activation, other statistics, left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
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
from ...layers.normalization import (
    AnyDropoutLayer,
)
from ...layers.resampling import (
    DepthToSpace2DLayer,
    Resize2DLayer,
    Resize3DLayer,
    SpaceToDepthLayer,
)
from ...layers.structure import AdditionLayer, MultiplicationLayer
from .altered import (
    Change,
    inputs_changed,
    instead,
    left_out,
    of_module,
    outputs_changed,
    twice,
)
from .mistakes import Fitted, Size, Variation, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

Function = Callable[["Tensor"], "Tensor"]


def altered(
    layer: Layer,
    name: str,
    text: str,
    remedy: str,
    change: Change,
    rank: int = 1,
    *,
    diff: str = "",
    key: str = "",
    **more: Any,
) -> Variation:
    """A variation that no property expresses."""
    key, diff = key or f"{name} {text}", diff or text
    return Variation(
        name, text, remedy, layer, rank=rank, change=change, key=key, diff=diff, **more
    )


# --- any layer --------------------------------------------------------------------------


@mistakes_of(Layer)
def _presence(layer: Layer, _: Size) -> Iterator[Variation]:
    if layer.is_output or layer.input_format() is not None or isinstance(layer, AnyDropoutLayer):
        return
    what = layer.type_text or type(layer).__name__
    yield altered(
        layer,
        "layer left out",
        f"left out ({what})",
        "run it where the network has it.",
        left_out,
        1,
        diff="without this layer",
    )
    if layer.NumInputs == 1:
        yield altered(
            layer,
            "layer applied twice",
            "applied twice, one time after the other",
            "run it once.",
            twice,
            2,
            diff="this layer twice",
        )
        yield altered(
            layer,
            "skip connection too many",
            "with its input added to its output",
            "leave out the skip connection: the network has none around this layer.",
            of_module(_with_input),
            2,
        )
    if layer.NumInputs > 1 and not isinstance(layer, AdditionLayer | MultiplicationLayer):
        for i, name in enumerate(layer.InputNames):
            yield altered(
                layer,
                "input missing",
                f"with zeros for its input {name}",
                f"connect its input {name}.",
                of_module(partial(_zero_input, i)),
                1,
            )


def _with_input(module: Any, x: Tensor) -> Tensor:
    y: Tensor = module(x)
    if y.shape != x.shape:
        raise ValueError("of another size")
    return x + y


def _zero_input(which: int, module: Any, *inputs: Tensor) -> Tensor:
    result: Tensor = module(*(0 * x if i == which else x for i, x in enumerate(inputs)))
    return result


# --- activations ------------------------------------------------------------------------


def activations() -> dict[str, tuple[Function, str]]:
    """The functions that one may be taken for another, and what torch calls them."""
    import torch
    from torch.nn import functional as F

    def quick(x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)

    def hard(x: Tensor) -> Tensor:
        return (0.2 * x + 0.5).clamp(0, 1)

    found: dict[str, tuple[Function, str]] = {
        "ReLU": (torch.relu, "torch.relu"),
        **{
            f"leaky ReLU with slope {slope:g}": (
                partial(F.leaky_relu, negative_slope=slope),
                f"leaky_relu(x, {slope:g})",
            )
            for slope in (0.01, 0.1, 0.2, 0.3, 0.25, 0.05)
        },
        "ReLU clipped at 6": (F.relu6, "relu6"),
        "ReLU clipped at 1": (partial(torch.clamp, min=0, max=1), "clamp(0, 1)"),
        "ELU with alpha 1": (F.elu, "elu"),
        "SELU": (F.selu, "selu"),
        "CELU": (F.celu, "celu"),
        "GELU (erf)": (F.gelu, "gelu"),
        "GELU (tanh)": (partial(F.gelu, approximate="tanh"), "gelu(approximate='tanh')"),
        "GELU (sigmoid)": (quick, "x*sigmoid(1.702*x)"),
        "swish": (F.silu, "silu"),
        "hard swish": (F.hardswish, "hardswish"),
        "mish": (F.mish, "mish"),
        "softplus": (F.softplus, "softplus"),
        "softsign": (F.softsign, "softsign"),
        "tanh": (torch.tanh, "tanh"),
        "hard tanh": (F.hardtanh, "hardtanh"),
        "sigmoid": (torch.sigmoid, "sigmoid"),
        "hard sigmoid of torch (x/6 + 0.5)": (F.hardsigmoid, "hardsigmoid"),
        "hard sigmoid of Keras (0.2*x + 0.5)": (hard, "clamp(0.2*x + 0.5, 0, 1)"),
        "log sigmoid": (F.logsigmoid, "logsigmoid"),
        "absolute value": (torch.abs, "abs"),
        "arctangent": (torch.atan, "atan"),
        "CELU with alpha 0.5": (partial(F.celu, alpha=0.5), "celu(x, 0.5)"),
        "2*sigmoid(2*x) - 1": (lambda x: 2 * torch.sigmoid(2 * x) - 1, "tanh"),
        "1.7159*tanh(2*x/3)": (lambda x: 1.7159 * torch.tanh(2 * x / 3), "tanh"),
        "softmax over the channels": (partial(torch.softmax, dim=1), "softmax(x, 1)"),
        "log softmax over the channels": (partial(torch.log_softmax, dim=1), "log_softmax(x, 1)"),
        "the softmin (of the negative) over the channels": (
            partial(F.softmin, dim=1),
            "softmin(x, 1)",
        ),
        "one-hot of the largest channel": (
            lambda x: torch.zeros_like(x).scatter(1, x.argmax(1, keepdim=True), 1),
            "argmax(x, 1)",
        ),
        "division by the sum over the channels": (
            lambda x: x / x.sum(1, keepdim=True),
            "x / x.sum(1)",
        ),
        "softmax to the base of 2 over the channels": (
            lambda x: (x * math.log(2)).softmax(1),
            "2**x",
        ),
        "ReLU of the negative": (lambda x: torch.relu(-x), "relu(-x)"),
        "square": (torch.square, "square"),
        "sine": (torch.sin, "sin"),
        "exponential": (torch.exp, "exp"),
        "sign": (torch.sign, "sign"),
    }
    return found


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
    for name, (function, in_torch) in activations().items():
        yield altered(
            layer,
            "another activation",
            f"as {name} instead of {layer.description()}",
            f"use what this layer is, {layer.description()}, not torch's {in_torch}.",
            instead(function),
            key=f"activation {name}",
            diff=f"{name} instead of {layer.description()}",
        )


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
        return altered(layer, "input scaled", said, remedy, change, 2, key="activation scaled")

    for divided in (False, True):
        yield Fitted((1.0,), partial(make, divided), 0.05)


@mistakes_of(*_ACTIVATIONS)
def _mirrored(layer: Layer, _: Size) -> Iterator[Variation]:
    """For a ReLU with a slope: the slope on the positive side."""
    for said, sign in (
        ("of the negative input", 1),
        ("of the negative input, negated (the positive side for the negative one)", -1),
    ):
        change = of_module(lambda module, x, sign=sign: sign * module(-x))
        yield altered(layer, "another sign", said, "take its input as it is.", change, 2)


@mistakes_of(ClippedReLULayer)
def _clipped_both_ways(layer: ClippedReLULayer, _: Size) -> Iterator[Variation]:
    for text, low in (
        (f"clipped at -{layer.Ceiling:g}, too (a hard tanh)", -layer.Ceiling),
        ("clipped at its Ceiling alone", -math.inf),
    ):
        change = partial(_clipped, low, layer.Ceiling)
        yield altered(layer, "another activation", text, "clip at 0 and Ceiling.", instead(change))


def _clipped(low: float, high: float, x: Tensor) -> Tensor:
    return x.clamp(low, high)


@mistakes_of(SoftmaxLayer)
def _softmax_axes(layer: Layer, size: Size) -> Iterator[Variation]:
    import torch

    for factor in (0.5, 2.0, 0.1, 10.0):
        yield altered(
            layer,
            "softmax with a temperature",
            f"with a temperature of {1 / factor:g}: of its input times {factor:g}",
            "MATLAB's softmax is of its input as it is.",
            inputs_changed(partial(torch.mul, other=factor)),
        )
    functions: dict[str, Function] = {
        f"its {named}": partial(torch.softmax, dim=at + 1 if at else 0)
        for at, named in enumerate(("observations", *size.moved))
    }
    if len(size) > 1:
        functions |= {
            "all of space and the channels at once": lambda x: (
                x.flatten(1).softmax(1).reshape(x.shape)
            ),
            f"its {' and '.join(size.moved)} at once": lambda x: (
                x.flatten(2).softmax(2).reshape(x.shape)
            ),
        }
    for named, function in functions.items():
        yield altered(
            layer,
            "softmax over another dimension",
            f"over {named} instead of its channels",
            "MATLAB's softmax is over the channels: softmax(x, dim=1) in torch.",
            instead(function),
            whole_batch=named == "its observations",
        )


@mistakes_of(Layer)
def _appended(layer: Layer, _: Size) -> Iterator[Variation]:
    """An activation after a layer that has none."""
    if isinstance(layer, _ACTIVATIONS) or layer.is_output or layer.NumOutputs > 1:
        return
    functions = activations()
    likely = ("ReLU", "sigmoid", "tanh", "softmax over the channels", "leaky ReLU with slope 0.01")
    for name in (*likely, "leaky ReLU with slope 0.2", "ELU with alpha 1", "GELU (erf)", "swish"):
        function, in_torch = functions[name]
        yield altered(
            layer,
            "activation too many",
            f"followed by a {name}, which is not there",
            f"leave out torch's {in_torch} after it.",
            outputs_changed(function),
            1 if name == "ReLU" else 3,
            key=f"followed by {name}",
            diff=f"{name} after this layer",
        )
    if layer.NumInputs == 1 and layer.input_format() is None:
        yield altered(
            layer,
            "activation too many",
            "with a ReLU before it, which is not there",
            "leave out torch.relu before it.",
            inputs_changed(functions["ReLU"][0]),
            2,
            key="ReLU before",
            diff="ReLU before this layer",
        )


# --- resizing ---------------------------------------------------------------------------


@mistakes_of(Resize2DLayer, Resize3DLayer)
def _resizes(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch
    from torch.nn import functional as F

    dims, linear = layer.dims, ("bilinear", "trilinear")[layer.dims - 2]
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

    kinds: dict[str, dict[str, Any]] = {
        "with corners aligned (align_corners=True)": {"mode": linear, "align_corners": True},
        "by area averages": {"mode": "area"},
    }
    if dims == 2:
        kinds["bicubic"] = {"mode": "bicubic", "align_corners": False}
        kinds["bicubic with corners aligned"] = {"mode": "bicubic", "align_corners": True}
        kinds["bilinear with antialiasing"] = {
            "mode": "bilinear",
            "align_corners": False,
            "antialias": True,
        }
    for said, options in kinds.items():

        def run(x: Tensor, *_: Tensor, options: dict[str, Any] = options) -> Tensor:
            return F.interpolate(x, size=sized(x), **options)

        yield altered(
            layer,
            "resized otherwise",
            said,
            f"this layer is '{now['Method']}' with '{now['GeometricTransformMode']}': "
            "align_corners=False, no antialiasing.",
            instead(run),
        )

    def corners(x: Tensor, *_: Tensor) -> Tensor:
        for axis, out in enumerate(sized(x), 2):
            place = torch.linspace(0, x.shape[axis] - 1, out)
            x = x.index_select(axis, (place + 0.5).floor().long().clamp(max=x.shape[axis] - 1))
        return x

    yield altered(
        layer,
        "resized otherwise",
        "nearest with corners aligned",
        f"this layer is '{now['Method']}' with '{now['GeometricTransformMode']}'.",
        instead(corners),
        2,
    )


@mistakes_of(DepthToSpace2DLayer)
def _shuffled(layer: Layer, _: Size) -> Iterator[Variation]:
    yield altered(
        layer,
        "rows and columns of a block exchanged",
        "with the rows and columns of each block exchanged",
        "the channels go down a block first as rows, then columns.",
        of_module(_block_turned),
    )


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
        yield altered(
            layer,
            "channels in another order",
            "as torch's pixel_unshuffle, which orders the channels otherwise",
            "the channels of a block come first in MATLAB: permute after pixel_unshuffle.",
            instead(partial(torch.pixel_unshuffle, downscale_factor=rows)),
        )


# --- joining ----------------------------------------------------------------------------


@mistakes_of(AdditionLayer, MultiplicationLayer)
def _joins(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch

    count, names = layer.NumInputs, layer.InputNames
    sums = isinstance(layer, AdditionLayer)
    remedy = f"{'add' if sums else 'multiply'} {', '.join(names)}."
    if count == 2:
        kinds: dict[str, Callable[..., Tensor]] = {
            f"{names[1]} subtracted from {names[0]}": lambda a, b: a - b,
            f"{names[0]} subtracted from {names[1]}": lambda a, b: b - a,
            "the average of its inputs": lambda a, b: (a + b) / 2,
            "the larger of its inputs": torch.maximum,
            "the product of its inputs" if sums else "the sum of its inputs": (
                (lambda a, b: a * b) if sums else (lambda a, b: a + b)
            ),
        }
        for said, function in kinds.items():
            yield altered(layer, "inputs joined otherwise", f"as {said}", remedy, instead(function))
    for i, name in enumerate(names):
        yield altered(
            layer,
            "input left out",
            f"without its input {name} (a skip connection that is missing)",
            remedy,
            instead(lambda *x, i=i: _joined(sums, [*x[:i], *x[i + 1 :]])),
            0,
        )
        yield altered(
            layer,
            "input twice",
            f"with its input {name} twice",
            remedy,
            instead(lambda *x, i=i: _joined(sums, [*x, x[i]])),
            2,
        )
        for factor in (0.1, 0.5, 0.2, 0.3, 2.0):
            yield altered(
                layer,
                "input scaled",
                f"with its input {name} times {factor:g}",
                remedy,
                instead(
                    lambda *x, i=i, factor=factor: _joined(
                        sums, [factor * y if j == i else y for j, y in enumerate(x)]
                    )
                ),
                1,
            )


def _joined(sums: bool, inputs: list[Tensor]) -> Tensor:
    total = inputs[0]
    for one in inputs[1:]:
        total = total + one if sums else total * one
    return total


@fits_of(AdditionLayer)
def _weighted_sums(layer: Layer, _: Size) -> Iterator[Fitted]:
    def make(values: tuple[float, ...]) -> Variation:
        said = ", ".join(f"{v:.6g}" for v in values)
        return altered(
            layer,
            "input scaled",
            f"with its inputs times {said}",
            "add them as they are.",
            instead(lambda *x: _joined(True, [v * y for v, y in zip(values, x, strict=True)])),
            3,
            key="inputs scaled",
        )

    yield Fitted((1.0,) * layer.NumInputs, make, 0.1)
